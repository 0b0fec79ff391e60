"""Views that look at part of a Tensor, or at its memory in another way. Nothing is copied."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.errors import DimError, ShapeError
from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.index import getitem, index_back
from tinygrad_edu.ops.registry import cases, structured
from tinygrad_edu.ops.shape import narrow_back, wrap_dim


def wrap_index(index: int, size: int, dim: int, operation: str) -> int:
    """A position counted from 0; negative ones count from the end."""
    if not -size <= index < size:
        raise DimError(f"{operation}: index {index} is out of range for dimension {dim} of size {size}")
    return index % size


def _row(shape: tuple[int, ...], dim: int, index: int) -> tuple[Any, ...]:
    return (*(slice(None),) * (dim % len(shape)), index, Ellipsis)


@structured(view=True, samples=cases(([(3, 4)], (0, 1)), ([(2, 3, 4)], (-1, -2)), ([(3,)], (0, 2))))
def select(input: Any, /, dim: int, index: int) -> Any:
    """A view of one position of a dimension, without that dimension."""
    shape = input.shape
    if not shape:
        raise DimError("select: a 0-d tensor has no dimension to select from")
    dim = wrap_dim(dim, len(shape), "select")
    return kernels.select(input, dim, wrap_index(index, shape[dim], dim, "select"))


@select.vjp
def _(g: Any, _out: Any, input_shape: Any, dim: int, index: int) -> Any:
    return index_back(g, input_shape, _row(input_shape, dim, index))


def _name(node: Any) -> str:
    return str(node.params[-1])


@structured(
    label="split", view=True, several="Split", method=False, oracle="", grad_name=_name,
    samples=cases(([(4, 3)], (0, 1, 2, "Split"))),
)  # fmt: skip
def piece(input: Any, /, dim: int, start: int, length: int, name: str) -> Any:
    """One piece of a split tensor: what :func:`narrow` gives, under the name that PyTorch prints."""
    return kernels.narrow(input, dim, start, length)


@piece.vjp
def _(g: Any, _out: Any, input_shape: Any, dim: int, start: int, _length: int, _name: str) -> Any:
    return narrow_back(g, input_shape, dim, start)


@structured(
    label="unbind", view=True, several="Unbind", method=False, oracle="", grad_name="UnbindBackward0",
    samples=cases(([(4, 3)], (0, 1))),
)  # fmt: skip
def slot(input: Any, /, dim: int, index: int) -> Any:
    """One of the tensors that unbind gives."""
    return kernels.select(input, dim, index)


@slot.vjp
def _(g: Any, _out: Any, input_shape: Any, dim: int, index: int) -> Any:
    return index_back(g, input_shape, _row(input_shape, dim, index))


def diagonal_dims(shape: tuple[int, ...], dim1: int, dim2: int, operation: str) -> tuple[int, int]:
    """The two dimensions of the matrices whose diagonals are meant, counted from 0."""
    if len(shape) < 2:
        raise DimError(f"{operation}: needs at least 2 dimensions, got shape {tuple(shape)}")
    first, second = wrap_dim(dim1, len(shape), operation), wrap_dim(dim2, len(shape), operation)
    if first == second:
        raise ShapeError(f"{operation}: the two dimensions cannot be the same, got {dim1} and {dim2}")
    return first, second


@structured(
    view=True,
    samples=cases(
        ([(3, 3)], ()), ([(2, 4)], (1,)), ([(4, 2)], (-1, 0, 1)), ([(2, 3, 4)], (0, 0, 2)), ([(2, 3)], (5,))
    ),
)
def diagonal(input: Any, /, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """A view of the diagonals of the matrices in two dimensions, as the last dimension; `offset` above the main one."""
    return kernels.diagonal(input, offset, *diagonal_dims(input.shape, dim1, dim2, "diagonal"))


@diagonal.vjp
def _(g: Any, _out: Any, input_shape: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    return diagonal_back(g, input_shape, offset, dim1, dim2)


@structured(method=False, oracle="", samples=cases(([(2, 3)], ((3, 2, 4), 1, 0, 2)), ([(2,)], ((2, 3), 0, 0, 1))))
def diagonal_back(input: Any, /, shape: Any, offset: int, dim1: int, dim2: int) -> Any:
    """Zeros of `shape` with the input on their diagonals: the transpose of :func:`diagonal`."""
    return kernels.diagonal_back(input, tuple(shape), offset, dim1, dim2)


@diagonal_back.vjp
def _(g: Any, _out: Any, _input: Any, _shape: Any, offset: int, dim1: int, dim2: int) -> Any:
    return diagonal(g, offset, dim1, dim2)


@structured(
    view=True,
    samples=cases(([(5,)], (0, 2, 1)), ([(3, 7)], (1, 3, 2)), ([(4, 2)], (-2, 2, 2)), ([()], (0, 1, 1))),
)
def unfold(input: Any, /, dimension: int, size: int, step: int) -> Any:
    """A view of all windows of `size` elements along a dimension, `step` apart; each is the last dimension."""
    dim = wrap_dim(dimension, len(input.shape), "unfold")
    length = input.shape[dim] if input.shape else 1
    if size < 0 or size > length:
        raise ShapeError(f"unfold: maximum size for tensor at dimension {dim} is {length} but size is {size}")
    if step <= 0:
        raise ShapeError(f"unfold: step is {step} but must be > 0")
    return kernels.unfold(input, dim, size, step)


@unfold.vjp
def _(g: Any, _out: Any, input_shape: Any, dimension: int, size: int, step: int) -> Any:
    return unfold_back(g, input_shape, dimension % max(len(input_shape), 1), size, step)


@structured(method=False, oracle="", samples=cases(([(3, 3)], ((7,), 0, 3, 2)), ([(4, 2, 2)], ((5, 2), 0, 2, 1))))
def unfold_back(input: Any, /, shape: Any, dimension: int, size: int, step: int) -> Any:
    """Windows added up where they came from: the transpose of :func:`unfold`."""
    return kernels.unfold_back(input, tuple(shape), dimension, size, step)


@unfold_back.vjp
def _(g: Any, _out: Any, _input: Any, _shape: Any, dimension: int, size: int, step: int) -> Any:
    return unfold(g, dimension, size, step)


@structured(
    view=True,
    method=False,
    samples=cases(([(3, 4)], ((2, 2), (4, 1))), ([(6,)], ((4, 3), (1, 1))), ([(3, 3)], ((2,), (2,), 1))),
)
def as_strided(input: Any, /, size: Any, stride: Any, storage_offset: int | None = None) -> Any:
    """A view of the memory under a Tensor: element (i, j) lies at ``offset + i * stride[0] + j * stride[1]``."""
    size, stride = tuple(size), tuple(stride)
    if len(size) != len(stride):
        raise ShapeError(f"as_strided: mismatch in length of strides and shape: size {size}, stride {stride}")
    if any(s < 0 for s in size + stride):
        raise ShapeError(f"as_strided: negative sizes and strides are not supported: size {size}, stride {stride}")
    return kernels.as_strided(input, size, stride, storage_offset)


@as_strided.vjp
def _(g: Any, _out: Any, input_layout: Any, size: Any, stride: Any, offset: int | None) -> Any:
    shape, strides, start = lies(memory_of(input_layout))
    places = kernels.flat_places(shape, strides, size, stride, 0 if offset is None else offset - start)
    return spread_places(g, input_layout.shape, places)


def lies(a: Any) -> tuple[Any, ...]:
    """How an array lies in its memory: the parameters of :func:`as_strided` that give it again."""
    size = a.itemsize
    if any(s < 0 for s in a.strides):  # only arrays from outside have such; as_strided copies them
        a = kernels.ascontiguousarray(a)
    return a.shape, tuple([s // size for s in a.strides]), kernels.storage(a)[1]


def beside(constant: Any, like: Any) -> Any:
    """An array that a rule has made, on the device of one of its arguments."""
    return kernels.beside(constant, getattr(like, "_data", like))


def memory_of(a: Any) -> Any:
    """The array in a Tensor or a Value, or the array itself."""
    return a if hasattr(a, "strides") else a._data if hasattr(a, "_data") else a.data


def _places(make: Any) -> Any:
    yield (make(2, 2),), ((2, 3), kernels.asarray([[0, 3], [3, -1]]))


@structured(method=False, oracle="", samples=_places)
def spread_places(input: Any, /, shape: Any, places: Any) -> Any:
    """Zeros of `shape` with the input added at places counted row by row; at -1 it is dropped."""
    flat = index_back(input[places >= 0], (_count(shape),), (places[places >= 0],))
    return kernels.reshape(flat, tuple(shape))


def _count(shape: Any) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


@spread_places.vjp
def _(g: Any, _out: Any, _input: Any, shape: Any, places: Any) -> Any:
    taken = getitem(g.reshape(_count(shape)), (places,))
    return taken * (places >= 0)


__all__ = [
    "as_strided", "diagonal", "diagonal_back", "diagonal_dims", "lies", "memory_of", "piece", "select", "slot",
    "unfold", "wrap_index",
]  # fmt: skip
