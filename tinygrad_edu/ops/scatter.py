"""Copies in which elements at chosen places are read, replaced or added to: gather's and scatter's families.

Here the tensors come first and then dim and index; the methods take them in PyTorch's order.
"""

from __future__ import annotations

from typing import Any

from tinygrad_edu.errors import ShapeError
from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.elementwise import choose
from tinygrad_edu.ops.index import index_back, take_along
from tinygrad_edu.ops.registry import structured
from tinygrad_edu.ops.shape import reshape, wrap_dim
from tinygrad_edu.ops.views import memory_of


def _line(make: Any) -> Any:
    yield (make(3, 4),), (1, kernels.asarray([0, 2, 2]))
    yield (make(3, 4),), (-2, kernels.asarray([1]))
    yield (make(3),), (0, kernels.asarray([2, 0]))


def _rows(shape: Any, dim: int, index: Any) -> tuple[Any, ...]:
    return (slice(None),) * (dim % max(len(shape), 1)) + (index,)


@structured(samples=_line)
def index_select(input: Any, /, dim: int, index: Any) -> Any:
    """A copy of the positions `index`, a vector of integers, along one dimension."""
    dim = wrap_dim(dim, len(input.shape), "index_select")
    return kernels.take(input, index, dim) if input.shape else kernels.array(input)


@index_select.vjp
def _(g: Any, _out: Any, input_shape: Any, dim: int, index: Any) -> Any:
    return index_back(g, input_shape, _rows(input_shape, dim, index)) if input_shape else reshape(g, ())


def _lines(make: Any) -> Any:
    yield (make(3, 4), make(3, 2)), (1, kernels.asarray([0, 2]))
    yield (make(3, 4), make(1, 4)), (-2, kernels.asarray([1]))


@structured(method=False, promote="alike", oracle="", grad_name="IndexAddBackward0", samples=_lines)
def index_add_into(input: Any, source: Any, /, dim: int, index: Any) -> Any:
    """A copy with the source added to the positions `index` of one dimension; repeated ones add up."""
    return kernels.add_at(input, dim % max(input.ndim, 1), index, source)


@index_add_into.vjp
def _(g: Any, _out: Any, _input: Any, _source: Any, dim: int, index: Any) -> Any:
    return lambda: g, lambda: index_select(g, dim, index)


@structured(method=False, promote="alike", oracle="", grad_name="IndexCopyBackward0", samples=_lines)
def index_copy_into(input: Any, source: Any, /, dim: int, index: Any) -> Any:
    """A copy with the positions `index` of one dimension replaced by the source."""
    return kernels.copy_at(input, dim % max(input.ndim, 1), index, source)


@index_copy_into.vjp
def _(g: Any, _out: Any, _input: Any, _source: Any, dim: int, index: Any) -> Any:
    return lambda: index_fill_with(g, dim, index, 0), lambda: index_select(g, dim, index)


def _filled(make: Any) -> Any:
    yield (make(3, 4),), (1, kernels.asarray([0, 2]), 1.5)


@structured(method=False, oracle="", grad_name="IndexFillBackward0", samples=_filled)
def index_fill_with(input: Any, /, dim: int, index: Any, value: Any) -> Any:
    """A copy with the positions `index` of one dimension replaced by a number."""
    return kernels.copy_at(input, dim % max(input.ndim, 1), index, value)


@index_fill_with.vjp
def _(g: Any, _out: Any, _input: Any, dim: int, index: Any, _value: Any) -> Any:
    return index_fill_with(g, dim, index, 0)


def _scattered(make: Any) -> Any:
    yield (make(3, 4), make(2, 4)), (0, kernels.asarray([[0, 2, 1, 0], [1, 0, 0, 2]]))
    yield (make(3, 4), make(2, 4)), (-1, kernels.asarray([[3, 1]]))
    yield (make(5), make(3)), (0, kernels.asarray([4, 0, 1]))


def _into_part(g: Any, shape: Any, dim: int, index: Any) -> Any:
    """What was read at `index` for as much of a source as there are indices; zeros for the rest of it."""
    share = take_along(g, index, dim) if g.shape else reshape(g, index.shape)
    for d, size in enumerate(shape):
        if share.shape[d] != size:
            whole = (*share.shape[:d], size, *share.shape[d + 1 :])
            share = index_back(share, whole, (*(slice(None),) * d, slice(0, share.shape[d])))
    return share


@structured(method=False, promote="alike", oracle="", grad_name="ScatterBackward0", samples=_scattered)
def scatter_into(input: Any, src: Any, /, dim: int, index: Any) -> Any:
    """A copy with ``out[index[i][j]][j] = src[i][j]`` (for dim 0)."""
    return kernels.scatter(input, dim % max(input.ndim, 1), index, src)


@scatter_into.vjp
def _(g: Any, _out: Any, _input: Any, src_shape: Any, dim: int, index: Any) -> Any:
    return lambda: scatter_with(g, dim, index, 0), lambda: _into_part(g, src_shape, dim, index)


def _scattered_number(make: Any) -> Any:
    yield (make(3, 4),), (0, kernels.asarray([[0, 2, 1, 0], [0, 0, 0, 2]]), 1.5)


@structured(method=False, oracle="", grad_name="ScatterBackward1", samples=_scattered_number)
def scatter_with(input: Any, /, dim: int, index: Any, value: Any) -> Any:
    """A copy with ``out[index[i][j]][j] = value`` (for dim 0)."""
    return kernels.scatter(input, dim % max(input.ndim, 1), index, kernels.full_like(index, value, dtype=input.dtype))


@scatter_with.vjp
def _(g: Any, _out: Any, _input: Any, dim: int, index: Any, _value: Any) -> Any:
    return scatter_with(g, dim, index, 0)


def _added(make: Any) -> Any:
    yield from _scattered(make)
    yield (make(3, 4), make(2, 4)), (0, kernels.asarray([[0, 0, 1, 0], [0, 0, 0, 2]]))


@structured(method=False, promote="alike", oracle="", grad_name="ScatterAddBackward0", samples=_added)
def scatter_add_into(input: Any, src: Any, /, dim: int, index: Any) -> Any:
    """A copy with ``out[index[i][j]][j] += src[i][j]`` (for dim 0); repeated places add up."""
    return kernels.scatter_add(input, dim % max(input.ndim, 1), index, src)


@scatter_add_into.vjp
def _(g: Any, _out: Any, _input: Any, src_shape: Any, dim: int, index: Any) -> Any:
    return lambda: g, lambda: _into_part(g, src_shape, dim, index)


def _reduced(make: Any) -> Any:
    for arrays, params in _added(make):
        yield arrays, (*params, True, True)
        yield arrays, (*params, False, False)


@structured(method=False, promote="alike", oracle="", grad_name="ScatterReduceBackward0", samples=_reduced)
def scatter_extreme(input: Any, src: Any, /, dim: int, index: Any, largest: bool, include_self: bool) -> Any:
    """A copy with the largest (smallest) of all that comes to a place; equal ones share the gradient."""
    dim = dim % max(input.ndim, 1)
    start = input if include_self else kernels.scatter(input, dim, index, src)  # any of those that come will do
    return kernels.scatter_where(start, dim, index, src, "maximum" if largest else "minimum")


@scatter_extreme.vjp
def _(g: Any, out: Any, input: Any, src: Any, dim: int, index: Any, _largest: bool, include_self: bool) -> Any:
    old, new, won = (memory_of(x) for x in (input, src, out))
    dim = dim % max(won.ndim, 1)
    part = tuple(slice(0, n) for n in index.shape)
    stayed = kernels.asarray(old == won)
    if not include_self:
        stayed = kernels.scatter(stayed, dim, index, kernels.full_like(index, False, dtype=bool))
    came = kernels.full_like(new, False, dtype=bool)
    came[part] = new[part] == (take_along(won, index, dim) if won.ndim else won)
    count = kernels.scatter_add(stayed.astype(won.dtype), dim, index, came.astype(won.dtype))
    share = g * (1 / kernels.maximum(count, 1))  # (nan equals nothing)
    return choose(share, 0.0, stayed), choose(_into_part(share, new.shape, dim, index), 0.0, came)


# Masks.


def masked_error(operation: str, mask: Any) -> ShapeError:
    """For masks that are not bools."""
    return ShapeError(f"{operation}: only supports boolean masks, but got dtype {mask.dtype}: compare, or use .bool()")


def _masks(*more: Any) -> Any:
    def samples(make: Any) -> Any:
        yield (make(2, 3),), (kernels.asarray([[True, False, True], [False, False, True]]), *more)
        yield (make(2, 3),), (kernels.asarray([True, False, True]), *more)
        yield (make(3),), (kernels.asarray([[True], [False]]), *more)

    return samples


@structured(method=False, oracle="", grad_name="MaskedFillBackward0", samples=_masks(1.5))
def masked_fill_with(input: Any, /, mask: Any, value: Any) -> Any:
    """A copy with a number wherever the mask, broadcast, is true."""
    return kernels.fill_where(kernels.asarray(input), mask, value)


@masked_fill_with.vjp
def _(g: Any, _out: Any, _input: Any, mask: Any, _value: Any) -> Any:
    return masked_fill_with(g, mask, 0)  # (un-broadcast by whoever asked)


@structured(samples=_masks())
def masked_select(input: Any, /, mask: Any) -> Any:
    """The elements where the mask, broadcast, is true, as a vector."""
    if mask.dtype.kind != "b":
        raise masked_error("masked_select", mask)
    return kernels.masked(kernels.asarray(input), mask)


@masked_select.vjp
def _(g: Any, _out: Any, input_shape: Any, mask: Any) -> Any:
    shape = kernels.broadcast_shapes(tuple(input_shape), mask.shape)
    return index_back(g, shape, (kernels.broadcast_to(mask, shape),))


def _filled_by(make: Any) -> Any:
    mask = kernels.asarray([[True, False, True], [False, False, True]])
    yield (make(2, 3), make(3)), (mask,)
    yield (make(2, 3), make(2, 2)), (mask,)


@structured(method=False, promote="alike", oracle="", grad_name="MaskedScatterBackward0", samples=_filled_by)
def masked_scatter_into(input: Any, source: Any, /, mask: Any) -> Any:
    """A copy with the source's elements, one after the other, wherever the mask is true."""
    if mask.dtype.kind != "b":
        raise masked_error("masked_scatter", mask)
    whole = kernels.broadcast_to(mask, kernels.broadcast_shapes(input.shape, mask.shape))
    count = int(whole.sum())
    if source.size < count:
        raise ShapeError(f"masked_scatter: the mask has {count} places, the source only {source.size} elements")
    return kernels.fill_where(kernels.asarray(input), mask, source.reshape(-1)[:count])


@masked_scatter_into.vjp
def _(g: Any, _out: Any, _input: Any, source_shape: Any, mask: Any) -> Any:
    def to_source() -> Any:
        count = 1
        for size in source_shape:
            count *= size
        share = masked_select(g, mask)
        return reshape(index_back(share, (count,), (slice(0, share.shape[0]),)), source_shape)

    return lambda: masked_fill_with(g, mask, 0), to_source


# As if flat.


def _taken(make: Any) -> Any:
    yield (make(2, 3),), (kernels.asarray([[0, 5], [-1, 2]]),)
    yield (make(2, 3),), (kernels.asarray(4),)


@structured(samples=_taken)
def take(input: Any, /, index: Any) -> Any:
    """The elements at `index`, counted row by row, in the index's shape."""
    return kernels.asarray(input).reshape(-1)[index]


@take.vjp
def _(g: Any, _out: Any, input_shape: Any, index: Any) -> Any:
    count = 1
    for size in input_shape:
        count *= size
    return reshape(index_back(g, (count,), (index,)), input_shape)


def _put(make: Any) -> Any:
    yield (make(2, 3), make(2)), (kernels.asarray([1, 5]), False)
    yield (make(2, 3), make(3)), (kernels.asarray([1, 5, 1]), True)


@structured(method=False, promote="alike", oracle="", grad_name="PutBackward0", samples=_put)
def put_into(input: Any, source: Any, /, index: Any, accumulate: bool = False) -> Any:
    """A copy with elements, counted row by row, replaced by the source's (or these added)."""
    return kernels.put_flat(input, index, source.reshape(index.shape), accumulate)


@put_into.vjp
def _(g: Any, _out: Any, _input: Any, source_shape: Any, index: Any, accumulate: bool) -> Any:
    def to_input() -> Any:
        if accumulate:
            return g
        kept = kernels.full_like(memory_of(g), True, dtype=bool)
        return choose(g, 0.0, kernels.put_flat(kept, index, False, False))

    return to_input, lambda: reshape(take(g, index), source_shape)


__all__ = [
    "index_add_into", "index_copy_into", "index_fill_with", "index_select", "masked_fill_with", "masked_scatter_into",
    "masked_select", "put_into", "scatter_add_into", "scatter_extreme", "scatter_into", "scatter_with", "take",
]  # fmt: skip
