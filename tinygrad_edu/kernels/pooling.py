"""Pooling: what the windows of an input have in common, their largest element or their sum, and the way back.

`windows` says where they lie: for each spatial dimension a sequence of one pair for each element of a window, in order,
of which windows have that element and where in the input it stands; slices, or arrays of positions. Windows may
overlap, have different sizes and reach over the border: what is not in a pair does not exist, so nothing is padded.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

Array = Any
Sizes = tuple[int, ...]
NEAR = 1 << 17  # elements: what a processor keeps near it

__all__ = [
    "adaptive_windows", "col2im", "im2col", "max_pool", "max_pool_back", "max_pool_picked", "max_unpool",
    "strided_windows", "window_counts", "window_spread", "window_sum",
]  # fmt: skip


class Windows(tuple[Sequence[tuple[Any, Any]], ...]):
    """Where windows lie, and `how` that was asked for, which says the same in fewer numbers."""

    how: Any


def _made(found: Any, *how: Any) -> Windows:
    windows = Windows(found)
    windows.how = how
    return windows


def strided_windows(
    size: Sizes, places: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes
) -> Windows:
    """Windows of equal size at equal steps."""
    return _strided(*map(tuple, (size, places, kernel, stride, padding, dilation)))


@functools.lru_cache(maxsize=256)
def _strided(size: Sizes, places: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes) -> Windows:
    """The same, remembered: a network asks for the same windows in every step."""
    found = []
    for n, o, k, s, p, d in zip(size, places, kernel, stride, padding, dilation, strict=True):
        pairs = []
        for tap in range(k):
            shift = tap * d - p  # window i has its element at i * s + shift
            first = max(-(shift // s), 0)
            stop = max(min((n - 1 - shift) // s + 1, o), first)
            begin = first * s + shift
            pairs.append(
                (slice(first, stop), slice(begin, begin + (stop - first - 1) * s + 1 if stop > first else begin, s))
            )
        found.append(tuple(pairs))
    return _made(found, "strided", size, places, kernel, stride, padding, dilation)


def adaptive_windows(size: Sizes, places: Sizes) -> Windows:
    """Windows that share the input out evenly: window i goes from floor(i n / o) to before ceil((i + 1) n / o)."""
    found = []
    for n, o in zip(size, places, strict=True):
        at = np.arange(o)
        starts, stops = at * n // o, -(-(at + 1) * n // o)
        pairs = []
        for tap in range(int((stops - starts).max(initial=0))):
            has = starts + tap < stops
            pairs.append((at[has], starts[has] + tap))
        found.append(pairs)
    return _made(found, "adaptive", tuple(size), tuple(places))


def _taps(windows: Windows) -> Iterator[tuple[Any, Any]]:
    """For each element of a window: the windows that have it and its places, as indices of (N, C, *spatial)."""
    for pairs in itertools.product(*windows):
        outs, ins = zip(*pairs, strict=True)
        if isinstance(outs[0], slice):
            yield (..., *outs), (..., *ins)
        else:
            yield (..., *np.ix_(*outs)), (..., *np.ix_(*ins))


def window_sum(a: Array, windows: Windows, places: Sizes) -> Array:
    """The sum of each window: (N, C, *size) gives (N, C, *places)."""
    total = np.zeros((*a.shape[: -len(places)], *places), a.dtype)
    for out, at in _taps(windows):
        total[out] += a[at]
    return total


def window_spread(g: Array, windows: Windows, size: Sizes) -> Array:
    """The transpose of :func:`window_sum`: each window's value is added to all of its elements."""
    whole = np.zeros((*g.shape[: -len(size)], *size), g.dtype)
    for out, at in _taps(windows):
        if isinstance(out[-1], slice):
            whole[at] += g[out]
        else:
            np.add.at(whole, at, g[out])  # where windows are many their first elements may be the same
    return whole


def window_counts(windows: Windows, places: Sizes, kind: Any) -> Array:
    """How many elements each window has: (*places)."""
    count = np.ones(places, kind)
    for i, (pairs, o) in enumerate(zip(windows, places, strict=True)):
        along = np.zeros(o, kind)
        for out, _ in pairs:
            along[out] += 1
        count *= along.reshape(-1, *(1,) * (len(places) - 1 - i))
    return count


def max_pool(a: Array, windows: Windows, places: Sizes) -> tuple[Array, Array]:
    """The largest element of each window, and where it stands in its image, counted row by row.

    Of equals the first; a nan is larger than all numbers, and of several the last counts, as in PyTorch.
    """
    spatial = len(places)
    lead, size = a.shape[:-spatial], a.shape[-spatial:]
    number = np.arange(math.prod(size), dtype=np.int64).reshape(size)
    least = -np.inf if a.dtype.kind == "f" else np.iinfo(a.dtype).min
    best = np.full((math.prod(lead), *places), least, a.dtype)
    where = np.zeros(best.shape, np.int64)
    taps = list(_taps(windows))
    images = a.reshape(math.prod(lead), *size)
    for part in _parts(len(images), math.prod(size)):
        x, top, index = images[part], best[part], where[part]
        for out, at in taps:
            top[out] = np.maximum(top[out], x[at])
        for out, at in reversed(taps):  # what is equal to the largest: the first of them is written last
            index[out] = np.where(x[at] == top[out], number[at], index[out])
        if a.dtype.kind == "f" and np.isnan(top).any():
            for out, at in taps:
                index[out] = np.where(np.isnan(x[at]), number[at], index[out])
    return best.reshape(*lead, *places), where.reshape(*lead, *places)


def _parts(images: int, area: int) -> Iterator[slice]:
    """Images in parts that a processor keeps near it."""
    step = max(NEAR // max(area, 1), 1)
    return (slice(first, first + step) for first in range(0, images, step))


def max_pool_back(g: Array, where: Array, size: Sizes, apart: bool, windows: Windows | None = None) -> Array:
    """Each window's gradient added to the element that was its largest; `apart`: no element is in two windows.

    `windows`, where known, tell kernels that start from an element which windows can have chosen it.
    """
    lead, area = g.shape[: -len(size)], math.prod(size)
    images = math.prod(lead)
    whole = np.zeros(images * area, g.dtype)
    values, places = (_flat(x, len(size)).reshape(images, math.prod(x.shape[-len(size) :])) for x in (g, where))
    for part in _parts(images, area):
        at = places[part] + np.arange(part.start, part.start + len(places[part]))[:, None] * area
        if apart:
            whole[at] = values[part]
        else:
            np.add.at(whole, at.reshape(-1), values[part].reshape(-1))
    return whole.reshape(*lead, *size)


def max_pool_picked(a: Array, where: Array, spatial: int) -> Array:
    """The elements at `where`: the transpose of :func:`max_pool_back`."""
    return np.take_along_axis(_flat(a, spatial), _flat(where, spatial), -1).reshape(where.shape)


def max_unpool(a: Array, where: Array, size: Sizes) -> Array:
    """Zeros with the elements put at `where`; of several at one place the last stays."""
    lead = a.shape[: -len(size)]
    whole = np.zeros((*lead, math.prod(size)), a.dtype)
    np.put_along_axis(whole, _flat(where, len(size)), _flat(a, len(size)), -1)
    return whole.reshape(*lead, *size)


def _flat(a: Array, spatial: int) -> Array:
    return a.reshape(*a.shape[:-spatial], math.prod(a.shape[-spatial:]))


def im2col(a: Array, windows: Windows, places: Sizes) -> Array:
    """All windows as columns: (N, C, *size) gives (N, C * elements, number of windows); zeros beyond the border."""
    taps = list(_taps(windows))
    columns = np.zeros((*a.shape[:2], len(taps), *places), a.dtype)
    for i, (out, at) in enumerate(taps):
        columns[:, :, i][out] = a[at]
    return columns.reshape(len(a), a.shape[1] * len(taps), math.prod(places))


def col2im(columns: Array, windows: Windows, places: Sizes, size: Sizes) -> Array:
    """The transpose of :func:`im2col`: columns are added up where their windows lie."""
    taps = list(_taps(windows))
    parts = columns.reshape(len(columns), columns.shape[1] // len(taps), len(taps), *places)
    whole = np.zeros((*parts.shape[:2], *size), columns.dtype)
    for i, (out, at) in enumerate(taps):
        whole[at] += parts[:, :, i][out]
    return whole
