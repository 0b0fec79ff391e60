"""Reductions of statistics: variance, sums without nan, and softmax with its logarithms."""

from __future__ import annotations

import math
from typing import Any

from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.elementwise import choose, exp
from tinygrad_edu.ops.reduce import axes, mean, spread, sum
from tinygrad_edu.ops.registry import cases, structured
from tinygrad_edu.ops.shape import wrap_dim

_spreads = cases(
    ([(2, 3)], (None, 1, False)),
    ([(2, 3)], (0, 0, False)),
    ([(2, 3, 4)], ((0, -1), 1, True)),
    ([(3,)], (-1, 2, True)),
    ([()], (None, 0, False)),
)


def _count(shape: tuple[int, ...], dim: Any, operation: str) -> int:
    return math.prod(shape[d] for d in axes(dim, len(shape), operation))


def _deviation(input: Any, dim: Any) -> Any:
    return input - mean(input, dim, True)


@structured(samples=_spreads, promote="floating", grad_name="VarBackward0")
def var(input: Any, /, dim: Any = None, correction: Any = 1, keepdim: bool = False) -> Any:
    """The mean square distance from the mean, over all elements or over the dimensions `dim`.

    The sum of squares is divided by the count less the correction: 1 estimates the variance of what the elements were
    drawn from (Bessel's correction), 0 gives that of the elements themselves.
    """
    return kernels.var(input, axes(dim, input.ndim, "var"), correction, keepdim)


@var.vjp
def _(g: Any, _out: Any, input: Any, dim: Any, correction: Any, keepdim: bool) -> Any:
    shape = tuple(input.shape)
    free = max(_count(shape, dim, "var") - correction, 0)
    if not hasattr(g, "_record"):
        return kernels.deviation(input, g * (2 / free if free else math.inf), axes(dim, len(shape), "var"))
    return spread(g, shape, dim, keepdim, "var") * _deviation(input, dim) * (2 / free if free else math.inf)


@structured(samples=_spreads, promote="floating")
def std(input: Any, /, dim: Any = None, correction: Any = 1, keepdim: bool = False) -> Any:
    """The square root of :func:`var`. Where it is 0 so is its gradient, as in PyTorch."""
    return kernels.var(input, axes(dim, input.ndim, "std"), correction, keepdim) ** 0.5


@std.vjp
def _(g: Any, out: Any, input: Any, dim: Any, correction: Any, keepdim: bool) -> Any:
    shape = tuple(input.shape)
    free = max(_count(shape, dim, "std") - correction, 0)
    share = choose(0.0, g / out, out == 0)
    if not hasattr(g, "_record"):
        return kernels.deviation(input, share * (1 / free if free else math.inf), axes(dim, len(shape), "std"))
    return spread(share, shape, dim, keepdim, "std") * _deviation(input, dim) * (1 / free if free else math.inf)


_reductions = cases(([(2, 3)], (None, False)), ([(2, 3, 2)], ((0, -1), True)), ([()], (None, False)))


@structured(casts=True, samples=_reductions, promote="sum")
def nansum(input: Any, /, dim: Any = None, keepdim: bool = False) -> Any:
    """The sum of the elements that are not nan."""
    return kernels.nansum(input, axes(dim, input.ndim, "nansum"), keepdim)


@nansum.vjp
def _(g: Any, _out: Any, input: Any, dim: Any, keepdim: bool) -> Any:
    return spread(g, tuple(input.shape), dim, keepdim, "nansum") * (input == input)


_dims = cases(([(2, 3)], (0,)), ([(2, 3)], (-1,)), ([(3,)], (0,)), ([()], (0,)))


@structured(casts=True, samples=_dims, promote="floating")
def softmax(input: Any, /, dim: int) -> Any:
    """``exp(x)`` divided by its sum along `dim`: positive numbers that add up to 1."""
    return kernels.softmax(input, wrap_dim(dim, input.ndim, "softmax"))


@softmax.vjp
def _(g: Any, out: Any, _input: Any, dim: int) -> Any:
    if not hasattr(g, "_record"):
        return kernels.softmax_back(g, out, dim)
    return out * (g - sum(g * out, dim, True))


@structured(casts=True, samples=_dims, promote="floating")
def log_softmax(input: Any, /, dim: int) -> Any:
    """The logarithm of :func:`softmax`, exact where that is nearly 0."""
    return kernels.log_softmax(input, wrap_dim(dim, input.ndim, "log_softmax"))


@log_softmax.vjp
def _(g: Any, out: Any, _input: Any, dim: int) -> Any:
    if not hasattr(g, "_record"):
        return kernels.log_softmax_back(g, out, dim)
    return g - exp(out) * sum(g, dim, True)


@structured(promote="float", samples=cases(([(2, 3)], (0, False)), ([(2, 3, 2)], ((0, -1), True)), ([()], (0, False))))
def logsumexp(input: Any, /, dim: Any, keepdim: bool = False) -> Any:
    """The logarithm of the sum of exponentials over the dimensions `dim`, without overflow."""
    return kernels.logsumexp(input, axes(dim, input.ndim, "logsumexp"), keepdim)


@logsumexp.vjp
def _(g: Any, out: Any, input: Any, dim: Any, keepdim: bool) -> Any:
    shape = tuple(input.shape)
    if not hasattr(g, "_record"):
        return kernels.logsumexp_back(input, g, out, axes(dim, len(shape), "logsumexp"))
    weight = exp(input - spread(out, shape, dim, keepdim, "logsumexp"))
    return spread(g, shape, dim, keepdim, "logsumexp") * choose(0.0, weight, input == -math.inf)
