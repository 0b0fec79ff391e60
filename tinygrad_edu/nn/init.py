"""How parameters begin: each function fills a Tensor in place, by PyTorch's rules and with its names.

Layers keep the spread of what flows through them if a weight's standard deviation falls with the square root of its
fan: the number of inputs or outputs of one unit. Glorot and Bengio (2010) take the mean of the two, He et al. (2015)
one of them and the gain of the activation.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.tensors import sampling
from tinygrad_edu.tensors.device import device_of
from tinygrad_edu.tensors.tensor import Tensor

__all__ = [
    "calculate_gain", "constant_", "dirac_", "eye_", "kaiming_normal_", "kaiming_uniform_", "normal_", "ones_",
    "orthogonal_", "sparse_", "trunc_normal_", "uniform_", "xavier_normal_", "xavier_uniform_", "zeros_",
]  # fmt: skip

_GAINS = {
    "linear": 1, "conv1d": 1, "conv2d": 1, "conv3d": 1, "conv_transpose1d": 1, "conv_transpose2d": 1,
    "conv_transpose3d": 1, "sigmoid": 1, "tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4,
}  # fmt: skip


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor by which a weight's spread makes up for what the activation after it takes away.

    Args:
        nonlinearity: "linear", "relu", "tanh", "leaky_relu", ...
        param: the negative slope of "leaky_relu", 0.01 if left out.

    Raises:
        ValueError: another name.

    >>> calculate_gain("tanh")
    1.6666666666666667
    """
    if nonlinearity == "leaky_relu":
        if param is None:
            slope = 0.01
        elif isinstance(param, (int, float)) and not isinstance(param, bool):
            slope = param
        else:
            raise ValueError(f"negative_slope {param} not a valid number")
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity not in _GAINS:
        known = ", ".join([*_GAINS, "leaky_relu"])
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}: its gain is not known; those of {known} are")
    return _GAINS[nonlinearity]


def _fill(tensor: Tensor, values: Any) -> Tensor:
    """Write an array into a Tensor, unrecorded."""
    with no_grad():
        tensor.copy_(Tensor._wrap(values.astype(tensor._data.dtype)))
    return tensor


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Tensor:
    """Draws from [a, b), all equally likely."""
    with no_grad():
        return tensor.uniform_(a, b, generator=generator)


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    """Draws from the normal distribution."""
    with no_grad():
        return tensor.normal_(mean, std, generator=generator)


def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Any = None
) -> Tensor:
    """Draws from the normal distribution, drawn again where they fall outside [a, b]."""
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of values may be "
            "incorrect.",
            stacklevel=2,
        )
    erf = [math.erf((x - mean) / std / math.sqrt(2)) for x in (a, b)]
    if erf[1] - erf[0] < 1e-6:  # nearly nothing lies there: drawing again would not end
        raise ValueError(f"trunc_normal_: the normal distribution ({mean}, {std}) has no values in [{a}, {b}]")
    place = device_of(tensor._data)
    values = sampling.normal(generator, tensor._data.shape, np.dtype(np.float64), mean, std, place).reshape(-1)
    while (redo := np.flatnonzero((values < a) | (values > b))).size:
        values[redo] = sampling.normal(generator, (redo.size,), np.dtype(np.float64), mean, std, place)
    return _fill(tensor, values.reshape(tensor._data.shape))


def constant_(tensor: Tensor, val: float) -> Tensor:
    """One number everywhere."""
    with no_grad():
        return tensor.fill_(val)


def ones_(tensor: Tensor) -> Tensor:
    """1 everywhere."""
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """0 everywhere."""
    return constant_(tensor, 0.0)


def eye_(tensor: Tensor) -> Tensor:
    """The identity matrix: a linear layer passes on what it gets."""
    if tensor.ndim != 2:
        raise ValueError(f"Only tensors with 2 dimensions are supported, got shape {tuple(tensor.shape)}")
    return _fill(tensor, np.eye(*tensor.shape))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """The identity for a convolution's kernel: as many channels as possible pass unchanged.

    Raises:
        ValueError: not 3 to 5 dimensions, or the first is not divisible by `groups`.
    """
    if tensor.ndim not in (3, 4, 5):
        raise ValueError(f"Only tensors with 3, 4, or 5 dimensions are supported, got shape {tuple(tensor.shape)}")
    channels = tensor.shape[0]
    if channels % groups:
        raise ValueError(f"dim 0 must be divisible by groups, got {channels} and {groups}")
    values = np.zeros(tensor.shape)
    each = channels // groups
    middle = tuple(size // 2 for size in tensor.shape[2:])
    for group in range(groups):
        for i in range(min(each, tensor.shape[1])):
            values[(group * each + i, i, *middle)] = 1
    return _fill(tensor, values)


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """How many inputs one unit has, and how many units take one input: weights are (out, in, *kernel)."""
    if tensor.ndim < 2:
        raise ValueError(
            f"Fan in and fan out can not be computed for tensor with fewer than 2 dimensions: shape "
            f"{tuple(tensor.shape)} is no weight"
        )
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


def _calculate_correct_fan(tensor: Tensor, mode: str) -> int:
    modes = ("fan_in", "fan_out")
    if mode.lower() not in modes:
        raise ValueError(f"Mode {mode} not supported, please use one of {list(modes)}")
    return _calculate_fan_in_and_fan_out(tensor)[modes.index(mode.lower())]


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Uniform draws of standard deviation ``gain * sqrt(2 / (fan_in + fan_out))`` (Glorot and Bengio, 2010, 16)."""
    bound = gain * math.sqrt(6.0 / sum(_calculate_fan_in_and_fan_out(tensor)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Normal draws of standard deviation ``gain * sqrt(2 / (fan_in + fan_out))`` (Glorot and Bengio, 2010)."""
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / sum(_calculate_fan_in_and_fan_out(tensor))), generator)


def _kaiming(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float | None:
    """The standard deviation of He et al. (2015); None for a Tensor without elements."""
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
        return None
    return calculate_gain(nonlinearity, a) / math.sqrt(_calculate_correct_fan(tensor, mode))


def kaiming_uniform_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> Tensor:
    """Uniform draws of standard deviation ``gain / sqrt(fan)`` (He et al., 2015).

    Args:
        a: the negative slope of the leaky ReLU that follows.
        mode: "fan_in" keeps the spread forward, "fan_out" that of the gradients.
    """
    std = _kaiming(tensor, a, mode, nonlinearity)
    return tensor if std is None else uniform_(tensor, -math.sqrt(3.0) * std, math.sqrt(3.0) * std, generator)


def kaiming_normal_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> Tensor:
    """Normal draws of standard deviation ``gain / sqrt(fan)`` (He et al., 2015); arguments as kaiming_uniform_."""
    std = _kaiming(tensor, a, mode, nonlinearity)
    return tensor if std is None else normal_(tensor, 0.0, std, generator)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Any = None) -> Tensor:
    """Rows (or, if there are more of them, columns) that are orthogonal and of length `gain` (Saxe et al., 2013)."""
    if tensor.ndim < 2:
        raise ValueError(f"Only tensors with 2 or more dimensions are supported, got shape {tuple(tensor.shape)}")
    if tensor.numel() == 0:
        return tensor
    rows = tensor.shape[0]
    columns = tensor.numel() // rows
    draws = sampling.normal(generator, (rows, columns), np.dtype(np.float64), place=device_of(tensor._data))
    q, r = np.linalg.qr(draws.T if rows < columns else draws)
    q = q * np.where(np.diagonal(r) < 0, -1.0, 1.0)  # makes all such matrices equally likely
    return _fill(tensor, gain * (q.T if rows < columns else q).reshape(tensor.shape))


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Any = None) -> Tensor:
    """Normal draws, of which a share `sparsity` of each column, rounded up, is 0 (Martens, 2010)."""
    if tensor.ndim != 2:
        raise ValueError(f"Only tensors with 2 dimensions are supported, got shape {tuple(tensor.shape)}")
    rows, columns = tensor.shape
    place = device_of(tensor._data)
    values = sampling.normal(generator, (rows, columns), np.dtype(np.float64), 0.0, std, place)
    for column in range(columns):
        values[sampling.permutation(generator, rows, place=place)[: math.ceil(sparsity * rows)], column] = 0
    return _fill(tensor, values)


def _former(fill: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The name without the underscore that PyTorch used before, which warns."""

    def deprecated(*args: Any, **kwargs: Any) -> Tensor:
        warnings.warn(
            f"`nn.init.{old}` is now deprecated in favor of `nn.init.{fill.__name__}`.", FutureWarning, stacklevel=2
        )
        return fill(*args, **kwargs)

    old = fill.__name__[:-1]
    deprecated.__name__ = deprecated.__qualname__ = old
    deprecated.__doc__ = f"The former name of :func:`{fill.__name__}`."
    return deprecated


uniform, normal, constant = _former(uniform_), _former(normal_), _former(constant_)
eye, dirac, sparse, orthogonal = _former(eye_), _former(dirac_), _former(sparse_), _former(orthogonal_)
xavier_uniform, xavier_normal = _former(xavier_uniform_), _former(xavier_normal_)
kaiming_uniform, kaiming_normal = _former(kaiming_uniform_), _former(kaiming_normal_)
