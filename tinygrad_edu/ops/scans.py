"""Running totals along one dimension: sums, products, extremes, and logarithms of sums of exponentials.

What runs forwards has a gradient that runs backwards. For products and logarithms it is a recurrence in which each
step multiplies what it has: nothing is divided by, so that zeros and large numbers do no harm.
"""

from __future__ import annotations

from typing import Any

from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.elementwise import choose, exp
from tinygrad_edu.ops.index import put_along
from tinygrad_edu.ops.registry import cases, structured
from tinygrad_edu.ops.shape import narrow, narrow_back, wrap_dim
from tinygrad_edu.ops.views import beside

_lines = cases(([(2, 3)], (0,)), ([(2, 4)], (-1,)), ([(4,)], (0,)), ([()], (0,)), ([(0, 2)], (0,)))


@structured(casts=True, samples=_lines, promote="sum")
def cumsum(input: Any, /, dim: int) -> Any:
    """The sums of all elements up to each, along `dim`. Integers and bools are summed as int64."""
    return kernels.cumsum(input, wrap_dim(dim, input.ndim, "cumsum"))


@cumsum.vjp
def _(g: Any, _out: Any, _input: Any, dim: int) -> Any:
    return cumsum_back(g, dim)


@structured(samples=_lines, method=False, oracle="")
def cumsum_back(input: Any, /, dim: int) -> Any:
    """The sums of all elements from each on: the transpose of :func:`cumsum`."""
    return kernels.cumsum_back(input, wrap_dim(dim, input.ndim, "cumsum"))


@cumsum_back.vjp
def _(g: Any, _out: Any, _input: Any, dim: int) -> Any:
    return cumsum(g, dim)


def previous(x: Any, dim: int) -> Any:
    """Everything one place further along `dim`, with a 0 in front."""
    shape = tuple(x.shape)
    if not shape or 0 in shape:
        return x * 0
    return narrow_back(narrow(x, dim, 0, shape[dim] - 1), shape, dim % len(shape), 1)


@structured(
    method=False,
    oracle="",
    samples=cases(([(2, 3), (2, 3)], (0, False)), ([(2, 4), (2, 4)], (-1, True)), ([(4,), (4,)], (0, True))),
)
def recurrence(input: Any, other: Any, /, dim: int, backwards: bool = False) -> Any:
    """``s[i] = b[i] + a[i] * s[i-1]`` along `dim`; backwards ``s[i] = b[i] + a[i+1] * s[i+1]``."""
    return kernels.recurrence(input, other, wrap_dim(dim, input.ndim, "recurrence"), backwards)


@recurrence.vjp
def _(g: Any, out: Any, a: Any, _b: Any, dim: int, backwards: bool) -> Any:
    carried = recurrence(a, g, dim, not backwards)  # the gradient of b
    forwards, back = (carried, out) if backwards else (out, carried)
    return lambda: previous(forwards, dim) * back, carried


@structured(casts=True, samples=_lines, promote="sum")
def cumprod(input: Any, /, dim: int) -> Any:
    """The products of all elements up to each, along `dim`. Integers and bools are multiplied as int64."""
    return kernels.cumprod(input, wrap_dim(dim, input.ndim, "cumprod"))


@cumprod.vjp
def _(g: Any, out: Any, input: Any, dim: int) -> Any:
    return recurrence(input, g, dim, True) * _before(out, dim)


def _before(out: Any, dim: int) -> Any:
    """The products of what stands before each element; 1 for the first."""
    if not out.shape:
        return 1
    axis = dim % len(out.shape)
    return choose(1.0, previous(out, axis), beside(kernels.one_hot_along(tuple(out.shape), axis, 0), out))


@structured(samples=_lines, promote="floating")
def logcumsumexp(input: Any, /, dim: int) -> Any:
    """The logarithms of the sums of all exponentials up to each, along `dim`, without overflow."""
    return kernels.log_cumsum_exp(input, wrap_dim(dim, input.ndim, "logcumsumexp"))


@logcumsumexp.vjp
def _(g: Any, out: Any, input: Any, dim: int) -> Any:
    if not out.shape:
        return g
    # All exponents are at most 0. Where everything so far is -inf, nothing weighs anything.
    nothing = out == float("-inf")
    weight = choose(0.0, exp(input - out), nothing)
    fade = choose(0.0, exp(previous(out, dim) - out), nothing)
    return weight * recurrence(fade, g, dim, True)


def _extreme(g: Any, out: Any, input_shape: Any, dim: int) -> Any:
    indices = getattr(out[1], "_data", out[1])
    return put_along(g, indices, dim, input_shape) if input_shape else g


@structured(samples=_lines)
def cummax(input: Any, /, dim: int) -> Any:
    """The largest elements so far along `dim`, and their indices; of equals the last, which gets the gradient."""
    return kernels.cummax(input, wrap_dim(dim, input.ndim, "cummax"), True)


@structured(samples=_lines)
def cummin(input: Any, /, dim: int) -> Any:
    """The smallest elements so far along `dim`, and their indices; of equals the last, which gets the gradient."""
    return kernels.cummax(input, wrap_dim(dim, input.ndim, "cummin"), False)


@cummax.vjp
def _(g: Any, out: Any, input_shape: Any, dim: int) -> Any:
    return _extreme(g, out, input_shape, dim)


@cummin.vjp
def _(g: Any, out: Any, input_shape: Any, dim: int) -> Any:
    return _extreme(g, out, input_shape, dim)
