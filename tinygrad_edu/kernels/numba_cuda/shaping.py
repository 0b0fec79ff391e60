"""NumPy's functions that look at an array in another shape, or put arrays together, for arrays of the device."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda import indexing, layout, reductions
from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, from_host, one_device
from tinygrad_edu.kernels.numba_cuda.array import empty as _uninitialised
from tinygrad_edu.kernels.numba_cuda.making import FUNCTIONS, arange, array, named, sizes_of

__all__ = ["concatenate", "diagonal", "expand_dims", "flip", "moveaxis", "stack"]


@named
def shape(a: Any) -> tuple[int, ...]:
    result: tuple[int, ...] = a.shape
    return result


@named
def ndim(a: Any) -> int:
    return int(a.ndim)


@named
def size(a: Any, axis: Any = None) -> int:
    return int(a.size if axis is None else a.shape[axis])


@named
def reshape(a: DeviceArray, shape: Any = None, **options: Any) -> DeviceArray:
    return a.reshape(options.get("newshape", shape))


@named
def ravel(a: DeviceArray, order: str = "C") -> DeviceArray:
    return a.reshape(-1)


@named
def transpose(a: DeviceArray, axes: Any = None) -> DeviceArray:
    return a.transpose() if axes is None else a.transpose(axes)


@named
def swapaxes(a: DeviceArray, axis1: int, axis2: int) -> DeviceArray:
    return a.swapaxes(axis1, axis2)


@named
def moveaxis(a: DeviceArray, source: Any, destination: Any) -> DeviceArray:
    froms = [layout.checked_axis(i, a.ndim) for i in ((source,) if hasattr(source, "__index__") else source)]
    to = [
        layout.checked_axis(i, a.ndim) for i in ((destination,) if hasattr(destination, "__index__") else destination)
    ]
    order = [i for i in range(a.ndim) if i not in froms]
    for place, axis in sorted(zip(to, froms, strict=True)):
        order.insert(place, axis)
    return a.transpose(order)


@named
def expand_dims(a: DeviceArray, axis: Any) -> DeviceArray:
    axes = (axis,) if hasattr(axis, "__index__") else tuple(axis)
    total = a.ndim + len(axes)
    at = {layout.checked_axis(i, total) for i in axes}
    sizes = iter(a.shape)
    return a.reshape(tuple([1 if i in at else next(sizes) for i in range(total)]))


@named
def squeeze(a: DeviceArray, axis: Any = None) -> DeviceArray:
    return a.squeeze(axis)


@named
def broadcast_to(a: Any, shape: Any, subok: bool = False) -> Any:
    if a.__class__ is not DeviceArray:
        return np.broadcast_to(a, shape)
    return a.broadcast_to(sizes_of(shape))


@named
def broadcast_arrays(*arrays: Any, subok: bool = False) -> Any:
    wanted = layout.broadcast([x.shape for x in arrays])
    return tuple([x.broadcast_to(wanted) for x in arrays])


@named
def atleast_1d(a: Any) -> Any:
    return a.reshape(1) if not a.ndim else a


@named
def atleast_2d(a: Any) -> Any:
    return a.reshape((1,) * (2 - a.ndim) + a.shape) if a.ndim < 2 else a


@named
def flip(a: DeviceArray, axis: Any = None) -> DeviceArray:
    axes = reductions.axes_of(axis, a.ndim)
    return a[tuple([slice(None, None, -1) if i in axes else slice(None) for i in range(a.ndim)])]


@named
def roll(a: DeviceArray, shift: Any, axis: Any = None) -> DeviceArray:
    if axis is None:
        return roll(a.reshape(-1), shift, 0).reshape(a.shape)
    pairs = zip(*np.broadcast_arrays(shift, axis), strict=True) if np.ndim(shift) or np.ndim(axis) else [(shift, axis)]
    for by, along in pairs:
        at = layout.checked_axis(along, a.ndim)
        n = a.shape[at]
        cut = (n - int(by)) % n if n else 0
        before = (slice(None),) * at
        a = concatenate([a[(*before, slice(cut, None))], a[(*before, slice(None, cut))]], at)
    return a


@named
def diagonal(a: DeviceArray, offset: int = 0, axis1: int = 0, axis2: int = 1) -> DeviceArray:
    i, j = layout.checked_axis(axis1, a.ndim), layout.checked_axis(axis2, a.ndim)
    rows, columns = a.shape[i], a.shape[j]
    length = max(builtins.min(rows, columns - offset) if offset >= 0 else builtins.min(rows + offset, columns), 0)
    start = a.offset + (max(offset, 0) * a.strides[j] + max(-offset, 0) * a.strides[i] if length else 0)
    rest = [d for d in range(a.ndim) if d not in (i, j)]
    return a.on(
        (*(a.shape[d] for d in rest), length), (*(a.strides[d] for d in rest), a.strides[i] + a.strides[j]), start
    )


def _triangle(lower: bool) -> Callable[..., Any]:
    def cut(a: DeviceArray, k: int = 0) -> DeviceArray:
        rows, columns = arange(a.shape[-2]).reshape(-1, 1), arange(a.shape[-1])
        kept = columns <= rows + k if lower else columns >= rows + k
        result: DeviceArray = FUNCTIONS["where"](kept, a, a.dtype.type(0))
        return result

    return cut


FUNCTIONS["tril"], FUNCTIONS["triu"] = _triangle(True), _triangle(False)


@named
def concatenate(arrays: Any, axis: Any = 0, out: Any = None, dtype: Any = None, **_: Any) -> DeviceArray:
    parts = list(arrays)
    parts = [p if p.__class__ is DeviceArray else from_host(np.asarray(p)) if isinstance(p, list) else p for p in parts]
    one_device(*parts)
    if axis is None:
        parts, axis = [p.reshape(-1) for p in parts], 0
    at = layout.checked_axis(axis, parts[0].ndim)
    for p in parts:
        if p.ndim != parts[0].ndim or any(
            n != m for d, (n, m) in enumerate(zip(p.shape, parts[0].shape, strict=True)) if d != at
        ):
            raise ValueError(
                "all the input array dimensions except for the concatenation axis must match exactly, but got "
                f"{[q.shape for q in parts]} along axis {at}"
            )
    sizes = list(parts[0].shape)
    sizes[at] = builtins.sum(p.shape[at] for p in parts)
    kind = np.dtype(dtype) if dtype is not None else np.result_type(*[p.dtype for p in parts])
    made = out if out is not None else _uninitialised(tuple(sizes), kind)
    start = 0
    for p in parts:
        stop = start + p.shape[at]
        made[(slice(None),) * at + (slice(start, stop),)] = p
        start = stop
    return made


@named
def stack(arrays: Any, axis: int = 0, out: Any = None, **_: Any) -> DeviceArray:
    parts = list(arrays)
    one_device(*parts)
    if any(p.shape != parts[0].shape for p in parts):
        raise ValueError("all input arrays must have the same shape")
    return concatenate([expand_dims(p, axis) for p in parts], axis, out)


@named
def repeat(a: DeviceArray, repeats: Any, axis: Any = None) -> DeviceArray:
    if axis is None:
        a, axis = a.reshape(-1), 0
    at = layout.checked_axis(axis, a.ndim)
    counts = repeats.tolist() if hasattr(repeats, "tolist") else repeats
    places = np.repeat(np.arange(a.shape[at]), counts)
    return indexing.getitem(a, (slice(None),) * at + (places,))


@named
def tile(a: DeviceArray, reps: Any) -> DeviceArray:
    times = sizes_of(reps)
    total = max(len(times), a.ndim)
    times, sizes = (1,) * (total - len(times)) + times, (1,) * (total - a.ndim) + a.shape
    spread = tuple([n for pair in zip(times, sizes, strict=True) for n in pair])
    one = a.reshape(tuple([n for size in sizes for n in (1, size)]))
    return array(one.broadcast_to(spread), order="C").reshape(tuple([t * n for t, n in zip(times, sizes, strict=True)]))
