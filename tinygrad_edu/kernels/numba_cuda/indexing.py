"""Indexing: views for slices and integers; for arrays of places and for masks gathering, scattering and adding.

The places that index arrays name are first turned into one array of offsets; a single kernel then walks the result,
with the strides of the dimensions that were not indexed (see `gathering`). Where two places are the same, adding uses
atomics, so that every value counts, in an order (and so, for floats, with a last bit) that varies from run to run.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda import layout
from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty, from_host, one_device
from tinygrad_edu.kernels.numba_cuda.elementwise import apply, mapped
from tinygrad_edu.kernels.numba_cuda.gathering import act
from tinygrad_edu.kernels.numba_cuda.reductions import accumulate
from tinygrad_edu.kernels.numba_cuda.runtime import compiled, functions, grid_for, launch

__all__ = ["combine_at", "getitem", "nonzero", "setitem"]

_INT = np.dtype(np.int64)
_BOOL = np.dtype(bool)


def _is_array(item: Any) -> bool:
    return item.__class__ is DeviceArray or isinstance(item, (np.ndarray, list)) or (isinstance(item, (bool, np.bool_)))


def _expanded(index: Any, ndim: int) -> list[Any]:
    """An index as a list with one item for each dimension (and None), Ellipsis written out."""
    items = list(index) if isinstance(index, tuple) else [index]
    items = [np.asarray(i) if isinstance(i, (list, bool, np.bool_)) else i for i in items]
    items = [i.item() if isinstance(i, np.ndarray) and not i.ndim and i.dtype.kind in "iu" else i for i in items]
    used = 0
    for item in items:
        if _is_array(item):
            used += item.ndim if item.dtype == _BOOL else 1
        elif item is not None and item is not Ellipsis:
            used += 1
    if used > ndim:
        raise IndexError(f"too many indices for array: array is {ndim}-dimensional, but {used} were indexed")
    fill = [slice(None)] * (ndim - used)
    for i, item in enumerate(items):
        if item is Ellipsis:
            return items[:i] + fill + [x for x in items[i + 1 :] if x is not Ellipsis]
    return items + fill


def _basic(a: DeviceArray, items: list[Any]) -> tuple[DeviceArray, list[Any]]:
    """The view that integers, slices and None give, and for each of its dimensions the index array, if there is one."""
    shape: list[int] = []
    strides: list[int] = []
    arrays: list[Any] = []
    offset, at = a.offset, 0
    for item in items:
        if item is None:
            shape.append(1)
            strides.append(a.itemsize)
            arrays.append(None)
        elif isinstance(item, slice):
            start, stop, step = item.indices(a.shape[at])
            length = len(range(start, stop, step))
            offset += start * a.strides[at] if length else 0
            shape.append(length)
            strides.append(a.strides[at] * step)
            arrays.append(None)
            at += 1
        elif _is_array(item):
            if item.dtype == _BOOL:
                if item.shape != a.shape[at : at + item.ndim]:
                    raise IndexError(
                        f"boolean index did not match indexed array along axis {at}; the mask has shape {item.shape}, "
                        f"the array {a.shape}"
                    )
                if not item.ndim:  # True or False: a dimension of one or none
                    shape.append(1)
                    strides.append(a.itemsize)
                    arrays.append(nonzero(_here(item).reshape(1))[0])
                for place in nonzero(_here(item)) if item.ndim else ():
                    shape.append(a.shape[at])
                    strides.append(a.strides[at])
                    arrays.append(place)
                    at += 1
            else:
                if item.dtype.kind not in "iu":
                    raise IndexError("arrays used as indices must be of integer (or boolean) type")
                shape.append(a.shape[at])
                strides.append(a.strides[at])
                arrays.append(_here(item))
                at += 1
        else:
            number = item.__index__()
            if not -a.shape[at] <= number < a.shape[at]:
                raise IndexError(f"index {number} is out of bounds for axis {at} with size {a.shape[at]}")
            offset += (number % a.shape[at]) * a.strides[at]
            at += 1
    return a.on(tuple(shape), tuple(strides), offset), arrays


def _here(item: Any) -> DeviceArray:
    """An index array on the device: those of the CPU are copied, as PyTorch does it."""
    return item if item.__class__ is DeviceArray else from_host(item)


def _places(
    view: DeviceArray, arrays: list[Any]
) -> tuple[DeviceArray, tuple[int, ...], tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Offsets of the indexed places; shape of the result, the strides over it of the view and of the offsets, and those
    of the indexed dimensions.

    Raises:
        IndexError: an index out of range.
    """
    indexed = [i for i, item in enumerate(arrays) if item is not None]
    total: Any = 0
    for i in indexed:
        _in_range(arrays[i], i, view.shape[i])
        step = view.strides[i] // view.itemsize
        size = view.shape[i]
        total = mapped("(a if a >= 0 else a + b) * c + d", (arrays[i], size, step, total), (_INT,) * 4, _INT)
    if not total.flags.c_contiguous:
        total = mapped("a", (total,), (_INT,), _INT, empty(total.shape, _INT))
    together = indexed[-1] - indexed[0] + 1 == len(indexed)
    front = indexed[0] if together else 0
    rest = [i for i in range(view.ndim) if i not in indexed]
    before, after = [i for i in rest if i < front] if together else [], rest
    after = [i for i in rest if i not in before]
    shape = (*(view.shape[i] for i in before), *total.shape, *(view.shape[i] for i in after))
    item = view.itemsize
    steps = (*(view.strides[i] // item for i in before), *(0,) * total.ndim, *(view.strides[i] // item for i in after))
    spread = (*(0,) * len(before), *(s // 8 for s in total.strides), *(0,) * len(after))
    return total, shape, steps, spread, tuple([view.strides[i] // item for i in indexed])


def _in_range(index: DeviceArray, axis: int, size: int) -> None:
    if not index.size:
        return
    outside = mapped("a < -b or a >= b", (index, size), (_INT, _INT), _BOOL)
    if not outside.any():
        return
    low, high = int(index.min()), int(index.max())
    raise IndexError(f"index {high if high >= size else low} is out of bounds for dimension {axis} with size {size}")


def getitem(a: DeviceArray, index: Any) -> DeviceArray:
    """``a[index]``: a view for slices, integers, None and Ellipsis; a copy where there are arrays."""
    view, arrays = _basic(a, _expanded(index, a.ndim))
    if all(item is None for item in arrays):
        return view
    places, shape, steps, spread, units = _places(view, arrays)
    out = empty(shape, a.dtype)
    if out.size:
        act("gather", view, steps, out, places, spread, units)
    return out


def _values(value: Any, a: DeviceArray, shape: tuple[int, ...]) -> DeviceArray:
    """What is to be written, in the type of `a` and the shape of the places."""
    if value.__class__ is DeviceArray:
        if value.block is a.block or value.dtype != a.dtype:
            value = mapped("a", (value,), (a.dtype,), a.dtype, empty(value.shape, a.dtype))
    else:
        one_device(value)
        value = from_host(np.asarray(value).astype(a.dtype))
    while value.ndim > len(shape) and value.shape[0] == 1:
        value = value.reshape(value.shape[1:])
    return value.broadcast_to(shape)


def setitem(a: DeviceArray, index: Any, value: Any) -> None:
    """``a[index] = value``, with the value converted and broadcast."""
    if not a._writeable:
        raise ValueError("assignment destination is read-only")
    view, arrays = _basic(a, _expanded(index, a.ndim))
    if all(item is None for item in arrays):
        if value.__class__ is DeviceArray:
            while value.ndim > view.ndim and value.shape[0] == 1:
                value = value.reshape(value.shape[1:])
        else:
            if isinstance(value, (list, tuple)):
                value = np.asarray(value)
            one_device(value)
            if hasattr(value, "dtype") or a.dtype.kind != "f":
                value = np.asarray(value).astype(a.dtype).reshape(())
        if value.__class__ is DeviceArray and layout.broadcast((value.shape, view.shape)) != view.shape:
            raise ValueError(f"could not broadcast input array from shape {value.shape} into shape {view.shape}")
        mapped("a", (value,), (a.dtype,), a.dtype, view)
        return
    places, shape, steps, spread, units = _places(view, arrays)
    values = _values(value, a, shape)
    if values.size:
        act("put", view, steps, values, places, spread, units)


def combine_at(name: str, a: DeviceArray, index: Any, value: Any) -> None:
    """What the ``at`` of NumPy's ufuncs add, maximum and minimum does: places that repeat count each time.

    Raises:
        NotImplementedError: another ufunc.
    """
    if name not in ("add", "maximum", "minimum"):
        raise NotImplementedError(f"{name}.at: there is no kernel for this on cuda. Move the tensor with .cpu() first")
    if a.itemsize < 4:  # no atomics for those: added up in a wider type
        wide = mapped("a", (a,), (np.float32 if a.dtype.kind == "f" else np.int32,) * 1, _wide(a.dtype))
        combine_at(name, wide, index, value)
        mapped("a", (wide,), (a.dtype,), a.dtype, a)
        return
    view, arrays = _basic(a, _expanded(index, a.ndim))
    if all(item is None for item in arrays):
        apply(name, view, value, out=view)
        return
    places, shape, steps, spread, units = _places(view, arrays)
    values = _values(value, a, shape)
    if values.size:
        act(name, view, steps, values, places, spread, units)


def _wide(kind: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(np.float32 if kind.kind == "f" else np.int32)


def nonzero(mask: DeviceArray) -> tuple[DeviceArray, ...]:
    """The places where an array is not 0, one array of indices for each dimension. Waits for the device."""
    flat = mapped("a", (mask.reshape(-1),), (_BOOL,), _BOOL)
    shape = mask.shape or (1,)
    if not flat.size:
        return tuple([empty((0,), _INT) for _ in shape])
    running = accumulate("add", flat, 0)
    total = int(running[-1:].item())
    found = empty((total,), _INT)
    if total:
        launch(_compact(), *grid_for(flat.size), flat.size, flat.block.typed(_BOOL), running.block.typed(_INT),
               found.block.typed(_INT))  # fmt: skip
    indices = []
    step = flat.size
    for size in shape:
        step //= size
        indices.append(mapped("a // b % c", (found, step, size), (_INT,) * 3, _INT))
    return tuple(indices)


@functools.cache
def _compact() -> Any:
    text = """
def kernel(count, mask, running, found):
    for k in range(cuda.grid(1), count, cuda.gridsize(1)):
        if mask[k]:
            found[running[k] - 1] = k
"""  # (each running total of a hit is there once: one writer per cell)
    names = {**functions()}
    exec(compile(text, "<cuda kernel: compact>", "exec"), names)
    return compiled(names["kernel"])
