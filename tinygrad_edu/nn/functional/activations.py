"""Activations as functions: each is put together from operations of the table, and is a row of the table here.

The modules (`nn.ReLU`, ...) are made from these rows: a row's arguments are its module's. Branches that are not taken
are kept finite, since a gradient of 0 times an infinite derivative would be nan.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, TypeVar

import numpy as np

from tinygrad_edu.errors import DTypeError
from tinygrad_edu.ops import activations as smooth
from tinygrad_edu.ops import bends
from tinygrad_edu.tensors import sampling
from tinygrad_edu.tensors.device import device_of
from tinygrad_edu.tensors.functions import functional, where
from tinygrad_edu.tensors.inplace import write
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["ACTIVATIONS", "gumbel_softmax"]

ACTIVATIONS: dict[str, Callable[..., Any]] = {}  # the module's name: the function
Function = TypeVar("Function", bound=Callable[..., Any])
_FOR_FLOATS = set(
    "CELU ELU GELU GLU Hardsigmoid Hardswish LeakyReLU LogSigmoid Mish PReLU RReLU SELU SiLU Softplus".split()
)

_WIDE = np.dtype(np.float64)  # in which random numbers are drawn

logaddexp: Any = functional("logaddexp")


def activation(module: str, one_step: bool = False) -> Callable[[Function], Function]:
    """Decorator: a row of the table. With ``inplace=True`` the result is written into the input.

    Args:
        one_step: no derivative needs the input, which may then be overwritten; else the derivatives get a copy.
    """

    def decorate(body: Function) -> Function:
        at = list(signature(body).parameters).index("inplace") if "inplace" in signature(body).parameters else None

        @wraps(body)
        def call(input: Tensor, *args: Any, **kwargs: Any) -> Any:
            if not isinstance(input, Tensor):
                raise TypeError(f"{body.__name__}(): argument 'input' must be Tensor, not {type(input).__name__}")
            if input._data.dtype.kind != "f" and module in _FOR_FLOATS:
                raise DTypeError(f"{body.__name__}: not implemented for {input.dtype}: convert with .float()")
            if at is not None and (args[at - 1] if len(args) >= at else kwargs.get("inplace")):
                source = input if one_step or not input.requires_grad else input.clone()
                return write(input, body(source, *args, **kwargs), f"{body.__name__}_")
            return body(input, *args, **kwargs)

        ACTIVATIONS[module] = call
        __all__.append(body.__name__)
        return call  # type: ignore[return-value]

    return decorate


@activation("ReLU", one_step=True)
def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """The input where it is positive, else 0."""
    return input.relu()


@activation("Hardtanh")
def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """The input held between two bounds; on and outside them the derivative is 0."""
    if min_val > max_val:
        raise ValueError(f"hardtanh: min_val cannot be greater than max_val, got {min_val} and {max_val}")
    if input._data.dtype.kind == "b":
        raise RuntimeError("Bool inputs not supported for hardtanh: convert with .float()")
    held: Tensor = bends.hardtanh(input, min_val, max_val)
    return held


@activation("ReLU6")
def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """ReLU that ends at 6."""
    return hardtanh(input, 0.0, 6.0)


@activation("Threshold")
def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """The input where it is above the threshold, else the value."""
    kept: Tensor = bends.threshold(input, threshold, value)
    return kept


@activation("LeakyReLU")
def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """The input where it is positive, else a small part of it."""
    bent: Tensor = bends.leaky_relu(input, negative_slope)
    return bent


@activation("RReLU")
def rrelu(
    input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """Leaky ReLU whose slopes are drawn from [lower, upper) in training, and are their mean otherwise."""
    if lower > upper:
        raise ValueError(f"rrelu: the lower bound {lower} is greater than the upper bound {upper}")
    slope: Any = (lower + upper) / 2
    if training:
        drawn = sampling.uniform(None, input._data.shape, _WIDE, lower, upper, device_of(input._data))
        bent: Tensor = bends.prelu(input, Tensor._wrap(drawn.astype(input._data.dtype)))
        return bent
    return leaky_relu(input, slope)


@activation("PReLU")
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """Leaky ReLU with a slope that is learned: one, or one for each channel (dimension 1).

    Raises:
        RuntimeError: the number of slopes is neither 1 nor that of the channels.
    """
    if weight.ndim > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got ndim = {weight.ndim}")
    channels = input.shape[1] if input.ndim > 1 else 1
    if weight.numel() != 1:
        if weight.numel() != channels:
            raise RuntimeError(
                "Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{weight.numel()} and channel size = {channels}"
            )
        weight = weight.reshape((1, channels) + (1,) * (input.ndim - 2))
    bent: Tensor = bends.prelu(input, weight)
    return bent


def _elu(input: Tensor, alpha: float, scale: float, inner: float) -> Tensor:
    below = (input.clamp(max=0.0) * inner).expm1() * (alpha * scale)
    return where(input > 0, input if scale == 1 else input * scale, below)


@activation("ELU")
def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """The input where it is positive, else ``alpha * (exp(x) - 1)`` (Clevert et al., 2015)."""
    return _elu(input, alpha, 1, 1)


@activation("CELU")
def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """ELU whose derivative is continuous for every alpha: ``alpha * (exp(x / alpha) - 1)`` below 0 (Barron, 2017)."""
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")  # (PyTorch's type and words)
    return _elu(input, alpha, 1, 1 / alpha)


@activation("SELU")
def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """ELU with the two constants for which activations keep mean 0 and variance 1 (Klambauer et al., 2017)."""
    return _elu(input, 1.6732632423543772848170429916717, 1.0507009873554804934193349852946, 1)


@activation("GELU")
def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """The input times the normal distribution's share below it; "tanh" is an approximation (Hendrycks, Gimpel, 2016).

    Raises:
        RuntimeError: `approximate` is neither "none" nor "tanh".
    """
    if approximate in ("none", "tanh"):
        bent: Tensor = smooth.gelu(input, approximate)
        return bent
    raise RuntimeError(f"approximate argument must be either none or tanh, got {approximate!r}")


@activation("SiLU")
def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """The input times its sigmoid, also called swish."""
    bent: Tensor = smooth.silu(input)
    return bent


@activation("Softplus")
def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """``log(1 + exp(beta * x)) / beta``, a smooth ReLU; the input itself where ``beta * x`` is above the threshold."""
    scaled = input if beta == 1 else input * beta
    smooth = logaddexp(scaled, 0.0)
    return where(scaled > threshold, input, smooth if beta == 1 else smooth / beta)


@activation("Mish")
def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """``x * tanh(softplus(x))`` (Misra, 2019)."""
    return input * softplus(input).tanh()


@activation("Hardsigmoid")
def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """0 below -3, 1 above 3, and a straight line between."""
    return relu6(input + 3) / 6


@activation("Hardswish")
def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """The input times its hardsigmoid (Howard et al., 2019)."""
    return input * hardsigmoid(input)


@activation("Sigmoid")
def sigmoid(input: Tensor) -> Tensor:
    """``1 / (1 + exp(-x))``."""
    return input.sigmoid()


@activation("LogSigmoid")
def logsigmoid(input: Tensor) -> Tensor:
    """The logarithm of the sigmoid, exact where that is nearly 0."""
    return -logaddexp(-input, 0.0)


@activation("Tanh")
def tanh(input: Tensor) -> Tensor:
    """Hyperbolic tangent."""
    return input.tanh()


@activation("Tanhshrink")
def tanhshrink(input: Tensor) -> Tensor:
    """``x - tanh(x)``."""
    return input - input.tanh()


@activation("Softsign")
def softsign(input: Tensor) -> Tensor:
    """``x / (1 + |x|)``."""
    return input / (input.abs() + 1)


@activation("Hardshrink")
def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """0 between -lambd and lambd, elsewhere the input."""
    shrunk: Tensor = bends.hardshrink(input, lambd)
    return shrunk


@activation("Softshrink")
def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """0 between -lambd and lambd, elsewhere the distance to these."""
    if lambd < 0:
        raise RuntimeError(f"lambda must be greater or equal to 0, but found to be {lambd}")
    shrunk: Tensor = bends.softshrink(input, lambd)
    return shrunk


@activation("GLU")
def glu(input: Tensor, dim: int = -1) -> Tensor:
    """The first half along `dim` times the sigmoid of the second (Dauphin et al., 2016)."""
    if input.ndim == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    size = input.size(dim)
    if size % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {dim} is size {size}")
    return input.narrow(dim, 0, size // 2) * input.narrow(dim, size // 2, size // 2).sigmoid()


def _chosen_dim(name: str, ndim: int, dim: int | None) -> int:
    """PyTorch's guess where no dimension is given, with its warning."""
    if dim is not None:
        return dim
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=4,
    )
    return 0 if ndim in (0, 1, 3) else 1


@activation("Softmax")
def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """Positive numbers that add up to 1 along `dim`: ``exp(x) / sum(exp(x))``."""
    dim = _chosen_dim("softmax", input.ndim, dim)
    return (input if dtype is None else input.to(dtype)).softmax(dim)


@activation("Softmin")
def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """The softmax of ``-x``."""
    dim = _chosen_dim("softmin", input.ndim, dim)
    return (-input if dtype is None else (-input).to(dtype)).softmax(dim)


@activation("LogSoftmax")
def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """The logarithm of the softmax."""
    dim = _chosen_dim("log_softmax", input.ndim, dim)
    return (input if dtype is None else input.to(dtype)).log_softmax(dim)


def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    """A draw from the categories, softened by the temperature `tau` so that it can be differentiated (Jang, 2016).

    Args:
        hard: the draw is one-hot; its gradient is that of the soft one.
    """
    draws = sampling.uniform(None, logits._data.shape, _WIDE, place=device_of(logits._data))
    gumbel = -np.log(-np.log(np.clip(draws, 1e-300, 1 - 1e-16)))
    soft = ((logits + Tensor._wrap(gumbel.astype(logits._data.dtype))) / tau).softmax(dim)
    if not hard:
        return soft
    winner = np.argmax(soft._data, axis=dim, keepdims=True)
    one_hot = np.zeros_like(soft._data)
    np.put_along_axis(one_hot, winner, 1, axis=dim)
    return Tensor._wrap(one_hot) - soft.detach() + soft


def _in_place(function: Callable[..., Any]) -> Callable[..., Any]:
    def apply(input: Tensor, *args: Any, **kwargs: Any) -> Any:
        return function(input, *args, **kwargs, inplace=True)

    apply.__name__ = apply.__qualname__ = f"{function.__name__}_"
    apply.__doc__ = f"{function.__doc__}\n\nThis form writes the result into the input."
    __all__.append(apply.__name__)
    return apply


relu_, threshold_, hardtanh_ = _in_place(relu), _in_place(threshold), _in_place(hardtanh)
leaky_relu_, rrelu_ = _in_place(leaky_relu), _in_place(rrelu)
elu_, celu_, selu_ = _in_place(elu), _in_place(celu), _in_place(selu)
