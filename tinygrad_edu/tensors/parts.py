"""Taking Tensors apart and putting them in other shapes: split, chunk, unbind, flatten, movedim, stacks and their kin.

All but the stacks are views: nothing is copied.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from tinygrad_edu.errors import DimError, ShapeError, broadcast_error
from tinygrad_edu.ops import shape, views
from tinygrad_edu.ops.shape import wrap_dim, wrap_dims
from tinygrad_edu.tensors.composed import apply, composed, tensors_of
from tinygrad_edu.tensors.tensor import Tensor

__all__: list[str] = []


@composed()
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The dimensions from `start_dim` to `end_dim` (included) as one."""
    sizes = tuple(input.shape)
    first, last = (wrap_dim(d, len(sizes), "flatten") for d in (start_dim, end_dim))
    if first > last:
        raise ShapeError(f"flatten() has invalid args: start_dim {start_dim} cannot come after end_dim {end_dim}")
    if not sizes:
        return input.reshape(1)
    if first == last:
        return input
    return input.reshape(*sizes[:first], math.prod(sizes[first : last + 1]), *sizes[last + 1 :])


@composed()
def ravel(input: Tensor) -> Tensor:
    """All elements as a vector."""
    return input.reshape(-1)


@composed()
def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """One dimension as several, whose sizes multiply to its own; one may be -1."""
    if not input.ndim:
        raise RuntimeError("unflatten: the Tensor has no dimensions that could be made several")
    dim = wrap_dim(dim, input.ndim, "unflatten")
    if not tuple(sizes):
        raise ShapeError("unflatten: sizes must be non-empty")
    inner = shape.resolve_shape((input.shape[dim],), tuple(sizes), "unflatten")
    return input.reshape(*input.shape[:dim], *inner, *input.shape[dim + 1 :])


def _pieces(input: Tensor, sizes: Sequence[int], dim: int, name: str) -> tuple[Tensor, ...]:
    found, start = [], 0
    for size in sizes:
        found.append(apply(views.piece, input, params=(dim, start, size, f"{name}Backward0")))
        start += size
    return tuple(found)


def _split_dim(input: Tensor, dim: int, name: str) -> int:
    if not input.ndim:
        raise ShapeError(f"{name} expects at least a 1-dimensional tensor, got a 0-d one")
    return wrap_dim(dim, input.ndim, name)


@composed()
def split(tensor: Tensor, split_size: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of `split_size` positions each along a dimension (the last may be smaller), or of the sizes in a list."""
    dim = _split_dim(tensor, dim, "split")
    size = tensor.shape[dim]
    if not isinstance(split_size, int):
        sizes = [int(s) for s in split_size]
        if sum(sizes) != size or any(s < 0 for s in sizes):
            raise ShapeError(
                f"split_with_sizes expects split_sizes to sum exactly to {size} (input tensor's size at dimension "
                f"{dim}), but got split_sizes={sizes}"
            )
        return _pieces(tensor, sizes, dim, "SplitWithSizes")
    if split_size < 0 or (split_size == 0 and size):
        raise ShapeError(f"split expects split_size be non-negative (and 0 only for an empty dim), got {split_size}")
    count = max(-(-size // split_size), 1) if split_size else 1
    return _pieces(tensor, [min(split_size, size - i * split_size) for i in range(count)], dim, "Split")


@composed(method=True)
def split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Views of the given sizes along a dimension."""
    return split(input, list(split_sizes), dim)


@composed()
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most `chunks` views of equal size along a dimension; the last may be smaller, and there may be fewer."""
    dim = _split_dim(input, dim, "chunk")
    if chunks <= 0:
        raise ShapeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    size = -(-input.shape[dim] // chunks)
    return split(input, size, dim) if size else _pieces(input, [0] * chunks, dim, "Split")


@composed()
def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views along a dimension: that many, as equal as can be, or cut before the given positions."""
    dim = _split_dim(input, dim, "tensor_split")
    size = input.shape[dim]
    cuts = indices_or_sections.tolist() if isinstance(indices_or_sections, Tensor) else indices_or_sections
    if isinstance(cuts, int):
        if cuts <= 0:
            raise ShapeError(f"tensor_split: number of sections must be larger than 0, got {cuts}")
        least, more = divmod(size, cuts)
        cuts = [i * least + min(i, more) for i in range(1, cuts)]
    ends = [slice(None, c).indices(size)[1] for c in cuts] + [size]
    starts = [0, *ends[:-1]]
    return tuple(
        input.narrow(dim, start, max(end - start, 0))  # one by one, so that each may be changed in place
        for start, end in zip(starts, ends, strict=True)
    )


def _equal_split(name: str, least: int, doc: str) -> None:
    def function(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
        if input.ndim < least:
            raise ShapeError(f"{name} requires a tensor with at least {least} dimension(s), got {input.ndim}")
        dim = 0 if name == "vsplit" else 2 if name == "dsplit" else min(input.ndim - 1, 1)
        if isinstance(indices_or_sections, int):
            if indices_or_sections <= 0 or input.shape[dim] % indices_or_sections:
                raise ShapeError(
                    f"{name} attempted to split along dimension {dim}, but the size of the dimension "
                    f"{input.shape[dim]} is not divisible by the split_size {indices_or_sections}!"
                )
        return tensor_split(input, indices_or_sections, dim)

    function.__name__, function.__doc__ = name, doc
    composed()(function)


_equal_split("hsplit", 1, "Views side by side: along dimension 1, or 0 of a vector; equal ones, or cut at positions.")
_equal_split("vsplit", 2, "Views one above the other: along dimension 0; equal ones, or cut at positions.")
_equal_split("dsplit", 3, "Views one behind the other: along dimension 2; equal ones, or cut at positions.")


@composed()
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """A view for each position of a dimension, without that dimension."""
    if not input.ndim:
        raise DimError("unbind: Dimension specified as 0 but tensor has no dimensions")
    dim = wrap_dim(dim, input.ndim, "unbind")
    return tuple(apply(views.slot, input, params=(dim, i)) for i in range(input.shape[dim]))


@composed("moveaxis")
def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """A view with dimensions moved to other places; the others keep their order."""
    sources = (source,) if isinstance(source, int) else tuple(source)
    targets = (destination,) if isinstance(destination, int) else tuple(destination)
    if len(sources) != len(targets):
        raise ShapeError(
            f"movedim: Invalid source or destination dims: {len(sources)} sources and {len(targets)} destinations"
        )
    moved = wrap_dims(sources, input.ndim, "movedim")
    order = [d for d in range(input.ndim) if d not in moved]
    for target, origin in sorted(zip(wrap_dims(targets, input.ndim, "movedim"), moved, strict=True)):
        order.insert(target, origin)
    return input.permute(*order) if order else input


@composed("swapdims")
def swapaxes(input: Tensor, axis0: int, axis1: int) -> Tensor:
    """A view with two dimensions swapped."""
    return input.transpose(axis0, axis1)


@composed()
def adjoint(input: Tensor) -> Tensor:
    """The matrices in the last two dimensions transposed, as a view."""
    return _transposed(input, "adjoint")


def _transposed(input: Tensor, name: str, exactly: bool = False) -> Tensor:
    if input.ndim == 1 or (exactly and input.ndim > 2):
        raise ShapeError(
            f"tensor.{name} is only supported on {'matrices' if exactly else 'matrices or batches of matrices'}. "
            f"Got {input.ndim}-D tensor."
        )
    return input.transpose(-2, -1) if input.ndim else input


def _properties() -> None:
    for name, exactly in (("mT", False), ("mH", False), ("H", True)):
        setattr(Tensor, name, property(partial(_transposed, name=name, exactly=exactly)))


_properties()


@composed()
def as_strided(input: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None) -> Tensor:
    """A view of the memory under a Tensor: element (i, j) lies at ``offset + i * stride[0] + j * stride[1]``.

    Raises:
        RuntimeError: the view would reach beyond that memory.
    """
    base = input._base
    if base is not None and base._requires and input._requires:  # the memory that is seen may lie outside of the input
        storage_offset = input.storage_offset() if storage_offset is None else storage_offset
        input = base
    return apply(views.as_strided, input, params=(tuple(size), tuple(stride), storage_offset))


@composed()
def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """A view expanded to another Tensor's shape."""
    return input.expand(tuple(other.shape))


@composed()
def broadcast_to(input: Tensor, size: Sequence[int]) -> Tensor:
    """A view expanded to a shape."""
    return input.expand(*size)


@composed(many=True)
def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """Views of several Tensors, all expanded to the shape they have in common."""
    given = tensors_of("broadcast_tensors", tensors)
    return tuple(t.expand(*common_shape("broadcast_tensors", given)) for t in given)


def common_shape(name: str, tensors: Sequence[Tensor]) -> tuple[int, ...]:
    """The shape that Tensors broadcast to."""
    shapes = [tuple(t.shape) for t in tensors]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise broadcast_error(name, *shapes) from None


def _at_least(ndim: int) -> Any:
    def one(x: Tensor) -> Tensor:
        if x.ndim == 0:
            return x.reshape((1,) * ndim)
        if x.ndim == 1 and ndim > 1:
            x = x.unsqueeze(0)
        return x.unsqueeze(-1) if x.ndim == 2 and ndim == 3 else x

    def function(*tensors: Any) -> Any:
        given = tensors_of(f"atleast_{ndim}d", tensors)
        if len(tensors) == 1 and isinstance(tensors[0], Tensor):
            return one(given[0])
        return tuple(one(x) for x in given)

    function.__name__ = f"atleast_{ndim}d"
    function.__doc__ = f"The Tensor, or each of several, with dimensions of size 1 added until it has {ndim}."
    return composed(many=True)(function)


atleast_1d, atleast_2d, atleast_3d = _at_least(1), _at_least(2), _at_least(3)


def _stacked(name: str, doc: str, prepare: Any, *aliases: str) -> None:
    def function(tensors: Any) -> Tensor:
        given = tensors_of(name, (tensors,))
        if not given:
            raise ShapeError(f"{name} expects a non-empty TensorList")
        made = [prepare(t) for t in given]
        joined: Tensor = shape.cat(made, 0 if name == "vstack" or made[0].ndim == 1 else 2 if name == "dstack" else 1)
        return joined

    function.__name__, function.__doc__ = name, doc
    composed(*aliases, many=True)(function)


def _column(x: Tensor) -> Tensor:
    return x.reshape(-1, 1) if x.ndim < 2 else x


_stacked("hstack", "Tensors side by side: joined along dimension 1, vectors along 0.", atleast_1d)
_stacked("vstack", "Tensors one above the other: joined along dimension 0, vectors as rows.", atleast_2d, "row_stack")
_stacked("dstack", "Tensors one behind the other: joined along dimension 2.", atleast_3d)
_stacked("column_stack", "Tensors side by side, vectors as columns.", _column)
