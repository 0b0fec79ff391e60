"""Bringing arrays into the layout of the kernels: contiguous, a row for what is reduced.

A reduction over any dimensions is brought into four of them, (kept, reduced, kept, reduced), any of which may be of
size 1: neighbours in memory that are both kept, or both reduced, count as one. Where the last is 1, elements that are
kept lie side by side, and a kernel goes over columns; elsewhere over rows.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.kernels.threads import get_threads

__all__ = ["Grid", "arranged", "columns_at_a_time", "folded", "ready", "reduced_shape", "suits"]

Array = Any


def suits(*arrays: Array) -> bool:
    """Whether the kernels take these: arrays of float32, or of float64, and of nothing else."""
    kind = arrays[0].dtype
    return kind.char in "fd" and all(a.__class__ is np.ndarray and a.dtype == kind and a.dtype.isnative for a in arrays)


def ready(a: Array) -> Array:
    """The array itself if its elements lie row by row and may be written to, else a copy: kernels take one kind."""
    return a if a.flags.c_contiguous and a.flags.writeable else np.array(a, order="C")


def folded(a: Array, axes: tuple[int, ...]) -> Array | None:
    """(rows, n): a row runs over the axes. None if these are not the last dimensions."""
    kept = a.ndim - len(axes)
    if not axes or axes != tuple(range(kept, a.ndim)):
        return None
    return ready(a).reshape(math.prod(a.shape[:kept]), math.prod(a.shape[kept:]))


def reduced_shape(a: Array, axes: tuple[int, ...], keepdim: bool) -> tuple[int, ...]:
    """The shape of a reduction over these axes."""
    if keepdim:
        return tuple([1 if i in axes else size for i, size in enumerate(a.shape)])
    return tuple([size for i, size in enumerate(a.shape) if i not in axes])


class Grid(NamedTuple):
    """An array as (kept, reduced, kept, reduced), contiguous."""

    x: Array
    order: tuple[int, ...] | None  # the dimensions as they lie in memory; None: as they are
    axes: tuple[int, ...]
    shape: tuple[int, ...]  # of the array

    @property
    def by_columns(self) -> bool:
        """Whether what lies side by side is kept, not reduced."""
        return self.x.shape[3] == 1 and self.x.shape[2] > 1

    @property
    def results(self) -> int:
        return int(self.x.shape[0] * self.x.shape[2])

    def groups(self, a: Array) -> Array:
        """A reduced array, one element for each result, in the order of the results."""
        a = np.reshape(a, [1 if d in self.axes else size for d, size in enumerate(self.shape)])
        return ready(a if self.order is None else a.transpose(self.order)).reshape(-1)

    def alike(self) -> Array:
        """An array as large as the grid's, for :meth:`restored`."""
        return np.empty([self.shape[d] for d in self.order or range(len(self.shape))], self.x.dtype)

    def restored(self, a: Array) -> Array:
        """That array with the dimensions in their places."""
        return a if self.order is None else np.ascontiguousarray(a.transpose(np.argsort(self.order)))

    def empty(self, keepdim: bool, dtype: Any = None) -> tuple[Array, Array]:
        """An array for the results, and the flat one that the kernel writes to."""
        sizes = [1 if d in self.axes else size for d, size in enumerate(self.shape)]
        flat_dtype = dtype or self.x.dtype
        if self.order is None:
            out = np.empty([size for d, size in enumerate(sizes) if keepdim or d not in self.axes], flat_dtype)
            return out, out.reshape(-1)
        flat = np.empty(self.results, flat_dtype)
        back = np.argsort(self.order)
        out = flat.reshape([sizes[d] for d in self.order]).transpose(back)
        return (out if keepdim else out.squeeze(self.axes)), flat


def arranged(a: Array, axes: tuple[int, ...]) -> Grid | None:
    """The array for a reduction over the axes; None if there is nothing to reduce."""
    if not axes or not a.size:
        return None
    order, x = None, a
    if not a.flags.c_contiguous:
        found = tuple(sorted(range(a.ndim), key=lambda d: (-abs(a.strides[d]), d)))
        if a.transpose(found).flags.c_contiguous:
            order, x = found, a.transpose(found)
    groups: list[list[int]] = []  # [whether reduced, size]
    for d in order or range(a.ndim):
        reduced, size = int(d in axes), a.shape[d]
        if size == 1:
            continue
        if groups and groups[-1][0] == reduced:
            groups[-1][1] *= size
        else:
            groups.append([reduced, size])
    sizes, at = [1, 1, 1, 1], 0
    for reduced, size in groups:
        while at < 4 and at % 2 != reduced:
            at += 1
        if at == 4:  # more alternations than that: laid out anew, with what is reduced last
            order = (*(d for d in range(a.ndim) if d not in axes), *axes)
            count = math.prod(a.shape[d] for d in axes)
            return Grid(ready(a.transpose(order)).reshape(-1, 1, 1, count), order, axes, a.shape)
        sizes[at] = size
        at += 1
    if sizes[1] > 1 and sizes[2] == 1 and sizes[3] == 1:  # rows
        sizes[1], sizes[3] = 1, sizes[1]
    return Grid(ready(x).reshape(sizes), order, axes, a.shape)


def columns_at_a_time(x: Array) -> int:
    """How many columns of (kept, reduced, kept) a kernel takes together; for the results it makes no difference.

    Many: memory is read in long pieces, which is faster, also when it is read twice, than to take as few as stay in the
    cache (rows often are a power of two apart, and then few places of the cache are theirs).
    """
    shared = get_threads() if x.shape[0] < get_threads() else 1
    return int(min(max(-(-x.shape[2] // shared), 64), 1024, x.shape[2]))
