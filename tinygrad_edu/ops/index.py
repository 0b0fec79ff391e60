"""Indexing: taking elements out by position, and its transpose, adding them back into zeros."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.registry import cases, structured

_index = cases(
    ([(3, 4)], ((1,),)),
    ([(3, 4)], ((slice(None), slice(0, 4, 2)),)),
    ([(3, 4)], ((None, Ellipsis, 2),)),
    ([(3, 4)], (([0, 0, 2],),)),
    ([(3, 4)], (([0, 2], [1, 1]),)),
    ([(3, 4)], ((slice(None), [1, 1, 0]),)),
)


def _index_name(node: Any) -> str:
    """PyTorch records a chain of simple steps; the last one's name is what it prints."""
    index = node.params[0]
    last = next((i for i in reversed(index) if i is not Ellipsis), slice(None))
    if any(hasattr(i, "dtype") or isinstance(i, list) for i in index):
        return "IndexBackward0"
    if isinstance(last, slice):
        return "SliceBackward0" if last != slice(None) else "AliasBackward0"
    return "UnsqueezeBackward0" if last is None else "SelectBackward0"


@structured(view=True, method=False, samples=_index, grad_name=_index_name, oracle="")
def getitem(input: Any, /, index: tuple[Any, ...]) -> Any:
    """``input[index]``: integers, slices, None, Ellipsis (views); lists, integer and bool arrays (copies)."""
    return kernels.getitem(input, index)


@getitem.vjp
def _(g: Any, _out: Any, input_shape: Any, index: tuple[Any, ...]) -> Any:
    return index_back(g, input_shape, index)


@structured(
    method=False, oracle="", samples=cases(([(2, 4)], ((3, 4), ([0, 0],))), ([(3,)], ((3, 4), (slice(None), 1))))
)
def index_back(input: Any, /, shape: Any, index: tuple[Any, ...]) -> Any:
    """Zeros of `shape` with the input added at `index`: the transpose of :func:`getitem`. Repeated places add up."""
    return kernels.index_back(input, tuple(shape), index)


@index_back.vjp
def _(g: Any, _out: Any, _input: Any, _shape: Any, index: tuple[Any, ...]) -> Any:
    return getitem(g, index)


def _along(make: Any) -> Any:
    yield (make(3, 2),), (kernels.asarray([[0, 2], [0, 0]]), 0)
    yield (make(3, 4),), (kernels.asarray([[3], [1], [1]]), -1)


@structured(method=False, samples=_along, grad_name="GatherBackward0", oracle="")
def take_along(input: Any, /, indices: Any, dim: int) -> Any:
    """``out[i][j] = input[indices[i][j]][j]`` for dim 0, and so on: PyTorch's gather (indices last but one)."""
    return kernels.take_along(input, indices, dim)


@take_along.vjp
def _(g: Any, _out: Any, input_shape: Any, indices: Any, dim: int) -> Any:
    return put_along(g, indices, dim, input_shape)


def _put(make: Any) -> Any:
    yield (make(2, 2),), (kernels.asarray([[0, 2], [0, 0]]), 0, (3, 2))


@structured(method=False, samples=_put, oracle="")
def put_along(input: Any, /, indices: Any, dim: int, shape: Any) -> Any:
    """Zeros of `shape` with the input added at `indices` along `dim`: the transpose of :func:`take_along`."""
    return kernels.put_along(input, indices, dim, tuple(shape))


@put_along.vjp
def _(g: Any, _out: Any, _input: Any, indices: Any, dim: int, _shape: Any) -> Any:
    return take_along(g, indices, dim)
