"""Reading and writing at chosen places: gather, scatter, index_add, masked_fill and their kin, as PyTorch calls them.

Each has an in-place form. The indices are int64 Tensors, counted from 0; only take and put know negative ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.errors import DimError, DTypeError, ShapeError
from tinygrad_edu.ops import elementwise
from tinygrad_edu.ops import scatter as ops
from tinygrad_edu.ops.index import index_back, take_along
from tinygrad_edu.ops.shape import wrap_dim
from tinygrad_edu.tensors import inplace
from tinygrad_edu.tensors.composed import apply, composed, in_place, positions
from tinygrad_edu.tensors.data import fits
from tinygrad_edu.tensors.device import device_of, moved, one_device
from tinygrad_edu.tensors.indexing import as_index, check_types
from tinygrad_edu.tensors.parts import common_shape
from tinygrad_edu.tensors.record import record
from tinygrad_edu.tensors.tensor import Tensor

__all__: list[str] = []


def _range(name: str, where: Any, size: int, dim: int, least: int = 0) -> None:
    if where.size and not (least <= where.min() and where.max() < size):
        worst = where.max() if where.max() >= size else where.min()
        kind = RuntimeError if name in ("gather", "take_along_dim") or name.startswith("scatter") else DimError
        raise kind(f"{name}: index {worst} is out of bounds for dimension {dim} with size {size}")


def _along(name: str, input: Tensor, dim: int, where: Any, source: Tensor | None = None) -> int:
    """Check the index of gather and scatter: as many dimensions as the input, and nowhere larger."""
    dim = wrap_dim(dim, input.ndim, name)
    if max(where.ndim, 1) != max(input.ndim, 1) and where.size:
        raise ShapeError(
            f"{name}: Index tensor must have the same number of dimensions as input tensor, got shapes "
            f"{tuple(where.shape)} and {tuple(input.shape)}"
        )
    for d, n in enumerate(where.shape if input.ndim else ()):
        limits = [input.shape[d]] if d != dim else []
        if source is not None:
            limits.append(source.shape[d] if source.ndim else 1)
        if where.size and any(n > limit for limit in limits):
            of = "" if source is None else f" and source {tuple(source.shape)}"
            raise ShapeError(
                f"{name}: Expected index {tuple(where.shape)} to be no larger than self {tuple(input.shape)} apart "
                f"from dimension {dim}{of}"
            )
    _range(name, where, input.shape[dim] if input.ndim else 1, dim)
    return dim


def _same_type(name: str, input: Tensor, source: Any) -> None:
    if not isinstance(source, Tensor):
        raise TypeError(f"{name}(): the source must be a Tensor, not {type(source).__name__}")
    if source.dtype is not input.dtype:
        raise DTypeError(f"{name}: self and source expected to have the same dtype, but got {input.dtype} and "
                         f"{source.dtype}: convert one with .to()")  # fmt: skip


@composed()
def gather(input: Tensor, dim: int, index: Any, *, sparse_grad: bool = False) -> Tensor:
    """``out[i][j] = input[index[i][j]][j]`` for dim 0, ``input[i][index[i][j]]`` for dim 1; in the index's shape."""
    where = positions("gather", index)
    dim = _along("gather", input, dim, where)
    if not (input.ndim and where.ndim):  # numbers count as vectors of one element
        found = record(take_along, (input.reshape(-1),), (where.reshape(-1), 0))
        return found.reshape(where.shape)
    return record(take_along, (input,), (where, dim))


@composed()
def take_along_dim(input: Tensor, indices: Any, dim: int | None = None) -> Tensor:
    """As gather, but the other dimensions broadcast; without `dim` both count as vectors."""
    positions("take_along_dim", indices)
    if dim is None:
        return gather(input.reshape(-1), 0, indices.reshape(-1))
    if input.ndim != indices.ndim:
        raise ShapeError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, but got "
            f"{input.ndim} dimensions for input, and {indices.ndim} dimensions for indices"
        )
    dim = wrap_dim(dim, input.ndim, "take_along_dim")
    pairs = list(zip(input.shape, indices.shape, strict=True))
    shared = [1 if d == dim else s for d, pair in enumerate(pairs) for s in [_either(*pair)]]
    first = [n if d == dim else s for d, (s, (n, _)) in enumerate(zip(shared, pairs, strict=True))]
    second = [n if d == dim else s for d, (s, (_, n)) in enumerate(zip(shared, pairs, strict=True))]
    return gather(input.expand(*first), dim, indices.expand(*second))


def _either(a: int, b: int) -> int:
    return b if a == 1 else a


@composed()
def scatter(input: Tensor, dim: int, index: Any, src: Any = None, *, reduce: Any = None, value: Any = None) -> Tensor:
    """A copy with ``out[index[i][j]][j] = src[i][j]`` (for dim 0); `src` may be one number.

    `reduce` "add" or "multiply" combines with what is there.
    """
    src = value if src is None else src
    where = positions("scatter", index)
    number = not isinstance(src, Tensor)
    if not number:
        _same_type("scatter", input, src)
    dim = _along("scatter", input, dim, where, None if number else src)
    if reduce is not None:
        if reduce not in ("add", "multiply"):
            raise RuntimeError(f"scatter: reduce argument must be either add or multiply, got {reduce!r}")
        source = Tensor._wrap(np.full_like(where, src, dtype=input._data.dtype)) if number else src
        return scatter_reduce(input, dim, index, source, "sum" if reduce == "add" else "prod")
    if number:
        return apply(ops.scatter_with, input, params=(dim, where, fits(src, input._data.dtype, "scatter")))
    return apply(ops.scatter_into, input, src, params=(dim, where))


@composed()
def scatter_add(input: Tensor, dim: int, index: Any, src: Any) -> Tensor:
    """A copy with ``out[index[i][j]][j] += src[i][j]`` (for dim 0); places that repeat add up."""
    where = positions("scatter_add", index)
    _same_type("scatter_add", input, src)
    return apply(ops.scatter_add_into, input, src, params=(_along("scatter_add", input, dim, where, src), where))


_IDENTITY = {"sum": 0, "mean": 0, "prod": 1}


@composed()
def scatter_reduce(input: Tensor, dim: int, index: Any, src: Any, reduce: str, *, include_self: bool = True) -> Tensor:
    """As scatter_add, with "sum", "prod", "mean", "amax" or "amin" of all that comes to one place.

    Args:
        include_self: what is already there counts too, where something comes.
    """
    where = positions("scatter_reduce", index)
    _same_type("scatter_reduce", input, src)
    dim = _along("scatter_reduce", input, dim, where, src)
    if reduce not in ("sum", "prod", "mean", "amax", "amin"):
        raise RuntimeError(f"scatter_reduce: reduce argument must be sum, prod, mean, amax or amin, got {reduce!r}")
    if not where.size:
        return input.clone()
    if reduce in ("sum", "mean"):
        start = input if include_self else scatter(input, dim, index, _IDENTITY[reduce])
        total = scatter_add(start, dim, index, src)
        if reduce == "sum":
            return total
        counted = np.full_like(input._data, int(include_self), dtype=np.int64)
        ones = np.ones_like(where, dtype=np.int64)
        count = Tensor._wrap(ops.scatter_add_into.compute((counted, ones), (dim, where))).clamp(min=1)
        if input.is_floating_point():
            return total / count
        return total.div(count, rounding_mode="floor")._cast(input._data.dtype)
    if reduce == "prod":
        return _products(input, dim, where, src, include_self)
    return apply(ops.scatter_extreme, input, src, params=(dim, where, reduce == "amax", include_self))


def _products(input: Tensor, dim: int, where: Any, src: Tensor, include_self: bool) -> Tensor:
    """One source position at a time, so that each step is an ordinary product, whose derivative holds at 0 too."""
    out = input
    fresh = np.full(tuple(input.shape), not include_self)  # places that nothing has come to yet
    for place in np.ndindex(where.shape):
        at = list(place) if input.ndim else []
        if input.ndim:
            at[dim] = int(where[place])
        target = tuple(at)
        here = np.zeros(tuple(input.shape), bool)
        here[target] = True
        product = src[place] if fresh[target] else out[target] * src[place]
        fresh[target] = False
        out = record(elementwise.choose, (product, out), (moved(here, device_of(out._data)),))
    return out


# A whole row (column, ...) for each index.


def _vector(name: str, input: Tensor, dim: int, index: Any, from_end: bool = False) -> tuple[int, Any]:
    where = positions(name, index)
    if isinstance(index, Tensor):
        one_device(name, input._data, where)
    if where.ndim > 1:
        raise DimError(f"{name}(): Index is supposed to be a vector, got shape {tuple(where.shape)}")
    dim = wrap_dim(dim, input.ndim, name)
    size = input.shape[dim] if input.ndim else 1
    if from_end:  # only index_fill counts so
        where = where + size * (where < 0)
    _range(name, where, size, dim)
    return dim, where.reshape(-1)


def _rows(name: str, input: Tensor, dim: int, index: Any, source: Any) -> tuple[int, Any, Tensor]:
    dim, where = _vector(name, input, dim, index)
    _same_type(name, input, source)
    wanted = [where.size if d == dim else n for d, n in enumerate(input.shape)]
    given = list(source.shape) if source.ndim or not input.ndim else [1]
    if given != wanted and input.ndim:
        kind = DimError if name == "index_copy" else ShapeError
        raise kind(
            f"{name}(): the source of shape {tuple(source.shape)} must have shape {tuple(wanted)}: a position for each "
            f"of the {where.size} indices along dimension {dim}, and the input's other sizes"
        )
    return dim, where, source.reshape(tuple(wanted) if input.ndim else ())


@composed()
def index_select(input: Tensor, dim: int, index: Any) -> Tensor:
    """A copy of the positions `index`, a vector, along one dimension."""
    return apply(ops.index_select, input, params=_vector("index_select", input, dim, index))


@composed()
def index_add(input: Tensor, dim: int, index: Any, source: Any, *, alpha: Any = 1) -> Tensor:
    """A copy with `alpha` times the source added to the positions `index`; repeated ones add up."""
    dim, where, source = _rows("index_add", input, dim, index, source)
    if not input.ndim:
        return input + source * alpha
    return apply(ops.index_add_into, input, source if alpha == 1 else source * alpha, params=(dim, where))


@composed()
def index_copy(input: Tensor, dim: int, index: Any, source: Any) -> Tensor:
    """A copy with the positions `index` replaced by the source."""
    if not input.ndim and isinstance(source, Tensor):  # one element counts as a row of one
        return index_copy(input.reshape(1), dim, index, source.reshape(1)).reshape(())
    dim, where, source = _rows("index_copy", input, dim, index, source)
    return apply(ops.index_copy_into, input, source, params=(dim, where))


@composed()
def index_fill(input: Tensor, dim: int, index: Any, value: Any) -> Tensor:
    """A copy with the positions `index` replaced by one number."""
    if not input.ndim:  # one element counts as a row of one
        return index_fill(input.reshape(1), dim, index, value).reshape(())
    if isinstance(index, Tensor) and index._data.dtype.kind not in "i":
        raise DimError(f"index_fill(): Expected dtype int64 for index, got {index.dtype}: convert with .long()")
    dim, where = _vector("index_fill", input, dim, index, from_end=True)
    if isinstance(value, Tensor):
        shape = [where.size if d == dim else n for d, n in enumerate(input.shape)]
        rows = _number("index_fill", input, value).expand(*shape)
        return apply(ops.index_copy_into, input, rows, params=(dim, where))
    return apply(ops.index_fill_with, input, params=(dim, where, value))


def _number(name: str, input: Tensor, value: Tensor) -> Tensor:
    if value.ndim:
        raise ShapeError(f"{name} only supports a 0-dimensional value tensor, but got one of {value.ndim} dimensions")
    return value._cast(input._data.dtype)


# Masks.


def _mask(name: str, mask: Any) -> Any:
    if not isinstance(mask, Tensor):
        raise TypeError(f"{name}(): argument 'mask' must be Tensor, not {type(mask).__name__}")
    if mask._data.dtype.kind != "b":
        raise RuntimeError(f"{name} only supports boolean masks, but got mask with dtype {mask.dtype}: use .bool()")
    return mask._array()


@composed()
def masked_fill(input: Tensor, mask: Any, value: Any) -> Tensor:
    """A copy with one number wherever the mask, broadcast, is true."""
    chosen = _mask("masked_fill", mask)
    _fits("masked_fill", input, chosen)
    if isinstance(value, Tensor):
        return record(elementwise.choose, (_number("masked_fill", input, value), input), (chosen,))
    return apply(ops.masked_fill_with, input, params=(chosen, fits(value, input._data.dtype, "masked_fill")))


def _fits(name: str, input: Tensor, mask: Any) -> None:
    common_shape(name, [input, Tensor._wrap(mask)])


@composed()
def masked_select(input: Tensor, mask: Any) -> Tensor:
    """The elements where the mask, broadcast, is true, as a vector."""
    chosen = _mask("masked_select", mask)
    _fits("masked_select", input, chosen)
    return apply(ops.masked_select, input, params=(chosen,))


@composed()
def masked_scatter(input: Tensor, mask: Any, source: Any) -> Tensor:
    """A copy with the source's elements, one after the other, wherever the mask, broadcast, is true."""
    chosen = _mask("masked_scatter", mask)
    _same_type("masked_scatter", input, source)
    _fits("masked_scatter", input, chosen)
    return apply(ops.masked_scatter_into, input, source, params=(chosen,))


# As if flat.


@composed()
def take(input: Tensor, index: Any) -> Tensor:
    """The elements at `index`, counted row by row, in the index's shape."""
    where = positions("take", index)
    _range("take", where, input.numel(), 0, -input.numel())
    return apply(ops.take, input, params=(where,))


@composed()
def put(input: Tensor, index: Any, source: Any, accumulate: bool = False) -> Tensor:
    """A copy with the elements at `index`, counted row by row, replaced by the source's, or these added."""
    where = positions("put", index)
    _same_type("put", input, source)
    _range("put", where, input.numel(), 0, -input.numel())
    if source.numel() != where.size:
        raise DimError(
            f"put: source and index must have the same number of elements, got {source.numel()} and {where.size}"
        )
    return apply(ops.put_into, input, source, params=(where, accumulate))


@composed()
def index_put(input: Tensor, indices: Any, values: Any, accumulate: bool = False) -> Tensor:
    """A copy with ``out[indices] = values`` for a tuple of index Tensors, or with the values added there."""
    if not isinstance(values, Tensor):
        raise TypeError(f"index_put(): argument 'values' must be Tensor, not {type(values).__name__}")
    where = as_index(tuple(indices), input)
    if accumulate or not any(hasattr(item, "dtype") for item in where):
        _same_type("index_put", input, values)
    check_types("index_put", input, values, where)
    if not accumulate:
        return record(inplace.index_put, (input, values._cast(input._data.dtype)), (where,))
    spread = values.expand(*input._array()[where].shape)
    return input + record(index_back, (spread,), (tuple(input.shape), where))


@composed()
def select_scatter(input: Tensor, src: Any, dim: int, index: int) -> Tensor:
    """A copy with one position of a dimension replaced."""
    _same_type("select_scatter", input, src)
    dim = wrap_dim(dim, input.ndim, "select_scatter")
    return _replaced("select_scatter", input, src, (*(slice(None),) * dim, index))


@composed()
def slice_scatter(
    input: Tensor, src: Any, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Tensor:
    """A copy with a slice of a dimension replaced."""
    _same_type("slice_scatter", input, src)
    dim = wrap_dim(dim, input.ndim, "slice_scatter")
    return _replaced("slice_scatter", input, src, (*(slice(None),) * dim, slice(start, end, step)))


def _replaced(name: str, input: Tensor, src: Tensor, index: tuple[Any, ...]) -> Tensor:
    where = as_index(index, input)
    wanted = input._array()[where].shape
    if src._data.shape != wanted:
        raise ShapeError(
            f"{name}: the source must have the shape of what it replaces, {wanted}, not {tuple(src.shape)}"
        )
    return record(inplace.index_put, (input, src), (where,))


# Where elements are not zero.


@composed()
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """The positions of all elements that are not zero, one per row; `as_tuple`: a vector for each dimension."""
    array = input._array()
    if as_tuple:
        found = np.nonzero(array if array.ndim else array.reshape(1))
        return tuple(Tensor._wrap(np.copy(i, order="C")) for i in found)
    return Tensor._wrap(np.argwhere(array))


@composed()
def argwhere(input: Tensor) -> Tensor:
    """The positions of all elements that are not zero, one per row."""
    return Tensor._wrap(np.argwhere(input._array()))


in_place(
    "scatter", "scatter_add", "scatter_reduce", "index_add", "index_copy", "index_fill", "masked_fill",
    "masked_scatter", "put", "index_put",
)  # fmt: skip
