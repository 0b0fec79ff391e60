"""Kernels that look at memory in another way, and those that write into copies of it at given places."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided as strided

from tinygrad_edu.kernels.indexing import index_along
from tinygrad_edu.kernels.numpy import copied

Array = Any

__all__ = [
    "add_at", "address", "as_strided", "copy_at", "diagonal", "diagonal_back", "fill_where", "flat_places", "flip",
    "masked", "pad_constant", "put_flat", "scatter", "scatter_add", "scatter_where", "select", "storage", "unfold",
    "unfold_back",
]  # fmt: skip


def _at(axis: int, index: Any) -> tuple[Any, ...]:
    return (*(slice(None),) * axis, index, Ellipsis)


# Views.


def select(a: Array, axis: int, index: int) -> Array:
    return a[_at(axis, index)]


def diagonal(a: Array, offset: int, axis1: int, axis2: int) -> Array:
    view = np.diagonal(a, offset, axis1, axis2)
    if a.flags.writeable:
        view.flags.writeable = True  # NumPy makes it read-only; ours may be written to, as PyTorch's
    return view


def diagonal_back(a: Array, shape: tuple[int, ...], offset: int, axis1: int, axis2: int) -> Array:
    whole = np.zeros(shape, a.dtype)
    diagonal(whole, offset, axis1, axis2)[...] = a
    return whole


def unfold(a: Array, axis: int, size: int, step: int) -> Array:
    if not a.ndim:  # a number counts as one element
        return strided(a, (size,), a.strides + (a.itemsize,))
    count = (a.shape[axis] - size) // step + 1
    shape = (*a.shape[:axis], count, *a.shape[axis + 1 :], size)
    strides = (*a.strides[:axis], a.strides[axis] * step, *a.strides[axis + 1 :], a.strides[axis])
    return strided(a, shape, strides)


def unfold_back(a: Array, shape: tuple[int, ...], axis: int, size: int, step: int) -> Array:
    if not shape:
        return a.sum()
    whole = np.zeros(shape, a.dtype)
    for k in range(size):  # windows overlap; their k-th elements do not
        whole[_at(axis, slice(k, k + step * (a.shape[axis] - 1) + 1, step))] += a[..., k]
    return whole


def address(a: Array) -> int:
    """Where in the machine's memory the first element lies."""
    where: int = a.__array_interface__["data"][0]
    return where


def storage(a: Array) -> tuple[Array, int]:
    """The array that owns the memory which `a` looks at, and where in it, counted in elements, `a` begins."""
    owner: Any = a
    while True:
        base = owner.base
        if not isinstance(base, np.ndarray):
            base = getattr(base, "base", None)  # what NumPy's as_strided puts between a view and its source
        if not isinstance(base, np.ndarray) or base.dtype != a.dtype:
            break
        owner = base
    return owner, (address(a) - address(owner)) // a.itemsize


def as_strided(a: Array, size: tuple[int, ...], stride: tuple[int, ...], offset: int | None) -> Array:
    """Memory read at ``offset + sum(index * stride)``; `offset` counts from where the memory begins."""
    a = np.asarray(a)
    if any(s < 0 for s in a.strides):  # only arrays from outside have such
        a = np.ascontiguousarray(a)
    owner, start = storage(a)
    begin = start if offset is None else offset
    reach = begin + sum((n - 1) * s for n, s in zip(size, stride, strict=True)) + 1
    if 0 not in size and reach > owner.size:
        raise ValueError(f"size {size}, stride {stride}, offset {begin} need {reach} elements, memory has {owner.size}")
    first = strided(owner, (owner.size,), (a.itemsize,))[begin:]
    return strided(first, size, tuple(s * a.itemsize for s in stride))


def flat_places(
    shape: tuple[int, ...], strides: tuple[int, ...], size: tuple[int, ...], stride: tuple[int, ...], offset: int
) -> Array:
    """Which element of an array with this geometry, counted row by row, each element of a strided view is.

    `offset` counts from where the array begins. -1: none of the array's elements.
    """
    if 0 in shape or 0 in size:
        return np.full(size, -1)
    mine, theirs = _offsets(shape, strides), _offsets(size, stride) + offset
    where = np.full(mine.max() + 1, -1)
    where[mine.reshape(-1)] = np.arange(mine.size)
    outside = (theirs < 0) | (theirs >= where.size)
    if outside.any():
        return np.where(outside, -1, where[np.where(outside, 0, theirs)])
    found: Array = where[theirs]
    return found


def _offsets(shape: tuple[int, ...], strides: tuple[int, ...]) -> Array:
    """How far from its beginning each element of a strided array lies."""
    offsets = np.zeros((), np.int64)
    for n, stride in zip(shape, strides, strict=True):
        offsets = offsets[..., None] + np.arange(n) * stride
    return offsets


# Copies.


def flip(a: Array, axes: tuple[int, ...]) -> Array:
    return copied(np.flip(a, axes))


def pad_constant(a: Array, widths: tuple[tuple[int, int], ...], value: Any) -> Array:
    """Elements put around an array; a negative width takes away."""
    kept = tuple(slice(max(-low, 0), n - max(-high, 0)) for n, (low, high) in zip(a.shape, widths, strict=True))
    shape = tuple(n + low + high for n, (low, high) in zip(a.shape, widths, strict=True))
    whole = np.full(shape, value, a.dtype)
    inside = tuple(slice(max(low, 0), n - max(high, 0)) for n, (low, high) in zip(shape, widths, strict=True))
    whole[inside] = a[kept]
    return whole


def add_at(a: Array, axis: int, index: Array, source: Array) -> Array:
    changed = np.array(a, order="C")
    np.add.at(changed, _at(axis, index), source)
    return changed


def copy_at(a: Array, axis: int, index: Array, source: Any) -> Array:
    changed = np.array(a, order="C")
    changed[_at(axis, index)] = source
    return changed


def _along(indices: Array, axis: int, ndim: int = 1) -> Any:
    """Where `indices` along an axis point to: an index of arrays; of a number all there is."""
    if not ndim:
        return ...
    return index_along(indices, axis)


def _part(source: Array, indices: Array) -> Array:
    """As much of the source as there are indices."""
    return source[tuple(slice(n) for n in indices.shape)]


def scatter(a: Array, axis: int, indices: Array, source: Array) -> Array:
    changed = np.array(a, order="C")
    if indices.size:
        changed[_along(indices, axis, a.ndim)] = _part(source, indices)
    return changed


def scatter_add(a: Array, axis: int, indices: Array, source: Array) -> Array:
    changed = np.array(a, order="C")
    if indices.size:
        np.add.at(changed, _along(indices, axis, a.ndim), _part(source, indices))
    return changed


def scatter_where(a: Array, axis: int, indices: Array, source: Array, how: str) -> Array:
    """Elements combined in place, one after the other: how is multiply, maximum or minimum."""
    changed = np.array(a, order="C")
    if indices.size:
        getattr(np, how).at(changed, _along(indices, axis, a.ndim), _part(source, indices))
    return changed


def fill_where(a: Array, mask: Array, value: Any) -> Array:
    changed = np.array(np.broadcast_to(a, np.broadcast_shapes(a.shape, mask.shape)), order="C")
    changed[np.broadcast_to(mask, changed.shape)] = value
    return changed


def masked(a: Array, mask: Array) -> Array:
    shape = np.broadcast_shapes(a.shape, mask.shape)
    return np.broadcast_to(a, shape)[np.broadcast_to(mask, shape)]


def put_flat(a: Array, index: Array, source: Any, accumulate: bool) -> Array:
    changed = np.array(a, order="C")
    if accumulate:
        np.add.at(changed.reshape(-1), index, source)
    else:
        changed.reshape(-1)[index] = source
    return changed
