"""Reductions: many elements become one, over all dimensions or over those named by ``dim``."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.errors import DimError, ShapeError
from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.elementwise import choose
from tinygrad_edu.ops.index import put_along
from tinygrad_edu.ops.registry import cases, structured
from tinygrad_edu.ops.shape import expand, reshape, wrap_dim, wrap_dims
from tinygrad_edu.ops.views import beside

_whole = cases(([(2, 3)], ()), ([()], ()), ([(1,)], ()))
_usual = cases(
    ([(2, 3)], (None, False)),
    ([(2, 3)], (0, False)),
    ([(2, 3, 4)], ((0, -1), True)),
    ([(3,)], (-1, True)),
    ([()], (None, False)),
)


_all = [tuple(range(ndim)) for ndim in range(9)]


def axes(dim: Any, ndim: int, operation: str) -> tuple[int, ...]:
    """The dimensions to reduce, counted from 0; None, () and [] mean all of them."""
    if isinstance(dim, int):
        if 0 <= dim < ndim:
            return (dim,)
        dim = (dim,)
    elif dim is None or len(dim) == 0:
        return _all[ndim] if ndim < len(_all) else tuple(range(ndim))
    return tuple(d for d in wrap_dims(dim, ndim, operation) if d < ndim)


def spread(g: Any, shape: tuple[int, ...], dim: Any, keepdim: bool, operation: str) -> Any:
    """Put a reduced result back over the dimensions that it came from."""
    if not hasattr(g, "_record"):
        return kernels.spread(g, shape, axes(dim, len(shape), operation), keepdim)
    if not keepdim and shape:
        reduced = axes(dim, len(shape), operation)
        g = reshape(g, tuple(1 if i in reduced else size for i, size in enumerate(shape)))
    return expand(g, shape)


def _numbered(full: str, partial: str) -> Any:
    """PyTorch numbers the grad_fn of a full reduction apart from that over dimensions."""
    return lambda node: full if node.params[0] is None else partial


@structured(casts=True, samples=_usual, promote="sum", grad_name=_numbered("SumBackward0", "SumBackward1"))
def sum(input: Any, /, dim: Any = None, keepdim: bool = False) -> Any:
    """Sum over all elements, or over the dimensions `dim`. Integers and bools are summed as int64."""
    return kernels.sum(input, axes(dim, input.ndim, "sum"), keepdim)


@sum.vjp
def _(g: Any, _out: Any, input_shape: Any, dim: Any, keepdim: bool) -> Any:
    return spread(g, input_shape, dim, keepdim, "sum")


@structured(casts=True, samples=_usual, promote="floating", grad_name=_numbered("MeanBackward0", "MeanBackward1"))
def mean(input: Any, /, dim: Any = None, keepdim: bool = False) -> Any:
    """Arithmetic mean over all elements, or over the dimensions `dim`; nan where there are none."""
    return kernels.mean(input, axes(dim, input.ndim, "mean"), keepdim)


@mean.vjp
def _(g: Any, _out: Any, input_shape: Any, dim: Any, keepdim: bool) -> Any:
    count = 1
    for d in axes(dim, len(input_shape), "mean"):
        count *= input_shape[d]
    return spread(g * (1 / count if count else 0.0), input_shape, dim, keepdim, "mean")


@structured(samples=_usual)
def all(input: Any, /, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether all elements, or all along the dimensions `dim`, are nonzero; true where there are none."""
    return kernels.every(input, axes(dim, input.ndim, "all"), keepdim)


@structured(samples=_usual)
def any(input: Any, /, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether an element, or one along the dimensions `dim`, is nonzero; false where there are none."""
    return kernels.some(input, axes(dim, input.ndim, "any"), keepdim)


def _extreme(largest: bool) -> Any:
    """The rule of max and min over dimensions: places that tie share the gradient evenly, as in PyTorch's amax."""

    def rule(g: Any, out: Any, input: Any, dim: Any, keepdim: bool) -> Any:
        name = "amax" if largest else "amin"
        shape = input.shape
        hit = input == spread(out, shape, dim, keepdim, name)
        count = kernels.sum(_plain(hit), axes(dim, len(shape), name), True)
        return spread(g, shape, dim, keepdim, name) * _mask(hit, count)

    return rule


def _plain(hit: Any) -> Any:
    """A comparison's result as a plain array, whether it was made from arrays or from recorded nodes."""
    return getattr(hit, "_data", hit)


def _mask(hit: Any, count: Any) -> Any:
    return kernels.share(_plain(hit), count)


def _not_empty(input: Any, dims: tuple[int, ...], operation: str, whole: bool = False) -> None:
    if whole and 0 in input.shape:
        raise ShapeError(f"{operation}: shape {input.shape} has no elements to choose from: name another dim")
    if 0 in [input.shape[d] for d in dims]:
        raise DimError(f"{operation}: cannot reduce shape {input.shape} over an empty dimension: it has no identity")


@structured(samples=_usual)
def amax(input: Any, /, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest element over dimensions; equal ones share the gradient. nan if there is one."""
    dims = axes(dim, input.ndim, "amax")
    _not_empty(input, dims, "amax", dim is None)
    return kernels.amax(input, dims, keepdim)


@structured(label="max", grad_name="MaxBackward1", samples=_whole, method=False, oracle="max")
def max_of_all(input: Any, /) -> Any:
    """The largest element; equal ones share the gradient, and so do those that are nan if there are any."""
    _not_empty(input, (), "max", True)
    return kernels.amax(input, tuple(range(input.ndim)), False)


@structured(label="min", grad_name="MinBackward1", samples=_whole, method=False, oracle="min")
def min_of_all(input: Any, /) -> Any:
    """The smallest element; equal ones share the gradient, and so do those that are nan if there are any."""
    _not_empty(input, (), "min", True)
    return kernels.amin(input, tuple(range(input.ndim)), False)


def share_of_all(g: Any, out: Any, input: Any) -> Any:
    nan = _plain(input != input) & _plain(out != out)
    hit = kernels.asarray(_plain(input == out) | nan)
    return choose(expand(g, input.shape) * kernels.share(hit, hit.sum()), 0.0, hit)  # not even inf reaches the others


@max_of_all.vjp
def _(g: Any, out: Any, input: Any) -> Any:
    return share_of_all(g, out, input)


@min_of_all.vjp
def _(g: Any, out: Any, input: Any) -> Any:
    return share_of_all(g, out, input)


@structured(samples=_usual)
def amin(input: Any, /, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest element over dimensions; equal ones share the gradient. nan if there is one."""
    dims = axes(dim, input.ndim, "amin")
    _not_empty(input, dims, "amin", dim is None)
    return kernels.amin(input, dims, keepdim)


@amax.vjp
def _(g: Any, out: Any, input: Any, dim: Any, keepdim: bool) -> Any:
    return _extreme(True)(g, out, input, dim, keepdim)


@amin.vjp
def _(g: Any, out: Any, input: Any, dim: Any, keepdim: bool) -> Any:
    return _extreme(False)(g, out, input, dim, keepdim)


_one = cases(([(2, 3)], (0, False)), ([(2, 3)], (-1, True)), ([(3,)], (0, False)))


@structured(samples=_one, method=False, grad_name="MaxBackward0", oracle="max")
def max_along(input: Any, /, dim: int, keepdim: bool = False) -> Any:
    """The largest element along one dimension, and its index: of equal ones the first, which gets the gradient."""
    dim = wrap_dim(dim, input.ndim, "max")
    _not_empty(input, (dim,) if input.ndim else (), "max")
    return kernels.extreme_along(input, dim, keepdim, True)


@structured(samples=_one, method=False, grad_name="MinBackward0", oracle="min")
def min_along(input: Any, /, dim: int, keepdim: bool = False) -> Any:
    """The smallest element along one dimension, and its index: of equal ones the first, which gets the gradient."""
    dim = wrap_dim(dim, input.ndim, "min")
    _not_empty(input, (dim,) if input.ndim else (), "min")
    return kernels.extreme_along(input, dim, keepdim, False)


def _to_winner(g: Any, out: Any, input_shape: Any, dim: int, keepdim: bool) -> Any:
    indices = _plain(out[1])
    if not input_shape:
        return g
    if not keepdim:
        dim = dim % len(input_shape)
        at = (*indices.shape[:dim], 1, *indices.shape[dim:])
        g, indices = reshape(g, at), indices.reshape(at)
    return put_along(g, indices, dim, input_shape)


@max_along.vjp
def _(g: Any, out: Any, input_shape: Any, dim: int, keepdim: bool) -> Any:
    return _to_winner(g, out, input_shape, dim, keepdim)


@min_along.vjp
def _(g: Any, out: Any, input_shape: Any, dim: int, keepdim: bool) -> Any:
    return _to_winner(g, out, input_shape, dim, keepdim)


@structured(casts=True, samples=_usual, promote="sum", grad_name=_numbered("ProdBackward0", "ProdBackward1"))
def prod(input: Any, /, dim: Any = None, keepdim: bool = False) -> Any:
    """Product over all elements, or over one dimension. Integers and bools are multiplied as int64."""
    return kernels.prod(input, axes(dim, input.ndim, "prod"), keepdim)


@prod.vjp
def _(g: Any, _out: Any, input: Any, dim: Any, keepdim: bool) -> Any:
    # The product of all the others, not out / input: that would be nan where an element is 0.
    return spread(g, input.shape, dim, keepdim, "prod") * _others(input, axes(dim, len(input.shape), "prod"))


def _others(input: Any, dims: tuple[int, ...]) -> Any:
    """For each element the product of the other elements along `dims`, from products before it and after it."""
    if not dims:
        return 1
    if len(dims) == 1:
        return exclusive_prod(input, dims[0])
    # Several dimensions: its others along all but the first, times what the first multiplies these lines by.
    lines = prod(input, dims[1:], True)
    return _others(input, dims[1:]) * expand(exclusive_prod(lines, dims[0]), input.shape)


@structured(samples=cases(([(4,)], (0,)), ([(2, 3)], (1,)), ([(3, 2)], (0,))), method=False, oracle="")
def exclusive_prod(input: Any, /, dim: int) -> Any:
    """For each element the product of all the others along `dim`; exact where elements are 0."""
    return kernels.exclusive_prod(input, dim)


@exclusive_prod.vjp
def _(g: Any, _out: Any, input: Any, dim: int) -> Any:
    # d out_i / d x_j is the product of all but i and j: leave j out, then let i range over the others.
    total = g * 0
    for j in range(input.shape[dim]):
        here = beside(kernels.one_hot_along(input.shape, dim, j), input)
        others = choose(0.0, g * exclusive_prod(choose(1.0, input, here), dim), here)
        total = total + choose(sum(others, dim, True), 0.0, here)
    return total
