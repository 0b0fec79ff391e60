"""Pooling over one or two dimensions, a window or a row of windows at a time.

The windows come as the slices of `kernels.pooling`; where they are lists of positions, or of three dimensions, NumPy
computes. Sums are taken in NumPy's order, so they have its bits.
"""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cpu.compiler import compiled_exactly
from tinygrad_edu.kernels.numba_cpu.convolution import every
from tinygrad_edu.kernels.numba_cpu.largest import SLACK, larger
from tinygrad_edu.kernels.numba_cpu.layout import ready, suits
from tinygrad_edu.kernels.threads import on_blocks

__all__ = ["max_pool", "max_pool_back", "window_spread", "window_sum"]

Array = Any
Sizes = tuple[int, ...]


@compiled_exactly
def _max(x: Array, best: Array, where: Array, high: Array, wide: Array) -> None:
    columns = best.shape[2]
    line, top, index = (
        np.zeros(columns + SLACK, x.dtype), np.zeros(columns + SLACK, x.dtype), np.zeros(columns + SLACK, np.int64)
    )  # fmt: skip
    for n in range(len(x)):
        image = x[n]
        for i in range(best.shape[1]):
            top[:] = -np.inf
            index[:] = -1  # nothing yet: the first element counts even if it is -inf
            for a in range(len(high)):
                if high[a, 0] <= i < high[a, 1]:
                    h = high[a, 2] + (i - high[a, 0]) * high[a, 3]
                    for b in range(len(wide)):
                        start, step, at = wide[b, 0], wide[b, 3], h * image.shape[1] + wide[b, 2]
                        count = wide[b, 1] - start
                        every(line[:count], image[h, wide[b, 2] :], step)
                        larger(line, top, index, start, count, at, step)
            best[n, i] = top[:columns]
            for j in range(columns):
                where[n, i, j] = max(index[j], 0)


@compiled_exactly
def _max_back(g: Array, where: Array, whole: Array) -> bool:
    """Whether all places are in the image."""
    for n in range(len(g)):
        image = whole[n]
        image[:] = 0
        for i in range(g.shape[1]):
            at = where[n, i]
            if at < 0 or at >= image.size:
                return False
            image[at] += g[n, i]
    return True


@compiled_exactly
def _sum(x: Array, out: Array, high: Array, wide: Array) -> None:
    for n in range(len(x)):
        for i in range(out.shape[1]):
            row = out[n, i]
            row[:] = 0
            for a in range(len(high)):
                if high[a, 0] <= i < high[a, 1]:
                    line = x[n, high[a, 2] + (i - high[a, 0]) * high[a, 3]]
                    for b in range(len(wide)):
                        sums, elements, step = row[wide[b, 0] : wide[b, 1]], line[wide[b, 2] :], wide[b, 3]
                        for j in range(sums.size):
                            sums[j] += elements[j * step]


@compiled_exactly
def _spread(g: Array, whole: Array, high: Array, wide: Array) -> None:
    for n in range(len(g)):
        whole[n] = 0
        for a in range(len(high)):
            for b in range(len(wide)):
                step = wide[b, 3]
                for i in range(high[a, 0], high[a, 1]):
                    shares = g[n, i, wide[b, 0] : wide[b, 1]]
                    elements = whole[n, high[a, 2] + (i - high[a, 0]) * high[a, 3], wide[b, 2] :]
                    for j in range(shares.size):
                        elements[j * step] += shares[j]


def _tables(windows: Any) -> list[Array] | None:
    """Of each element of a window: the first window that has it and the one behind the last, where, how far apart."""
    if len(windows) > 2 or any(not isinstance(pair[0], slice) for pairs in windows for pair in pairs):
        return None
    found = [
        np.array([[o.start, o.stop, i.start, i.step] for o, i in pairs], np.int64).reshape(len(pairs), 4)
        for pairs in windows
    ]
    return found if len(found) == 2 else [np.array([[0, 1, 0, 1]], np.int64), *found]


def _images(a: Array, spatial: int) -> Array:
    """(N, C, ..., length) or (..., height, width) as (images, height, width)."""
    size = a.shape[a.ndim - spatial :]
    return ready(a).reshape(math.prod(a.shape[: a.ndim - spatial]), *(1,) * (2 - spatial), *size)


def _windowed(kernel: Any, a: Array, windows: Any, size: Sizes, made: int) -> Any:
    """`made` arrays of images of `size`, the second of indices."""
    tables = _tables(windows) if suits(a) and a.size else None
    if tables is None:
        return NotImplemented
    x = _images(a, len(size))
    shape = (len(x), *(1,) * (2 - len(size)), *size)
    results = [np.empty(shape, kind) for kind in (x.dtype, np.int64)[:made]]
    on_blocks(kernel, max(x.size, results[0].size), x, *results, extra=tables)
    return [result.reshape(*a.shape[: a.ndim - len(size)], *size) for result in results]


def max_pool(a: Array, windows: Any, places: Sizes) -> Any:
    found = _windowed(_max, a, windows, places, 2)
    return found if found is NotImplemented else tuple(found)


def window_sum(a: Array, windows: Any, places: Sizes) -> Any:
    found = _windowed(_sum, a, windows, places, 1)
    return found if found is NotImplemented else found[0]


def window_spread(g: Array, windows: Any, size: Sizes) -> Any:
    found = _windowed(_spread, g, windows, size, 1)
    return found if found is NotImplemented else found[0]


def max_pool_back(g: Array, where: Array, size: Sizes, apart: bool, windows: Any = None) -> Any:
    if not suits(g) or not g.size or where.dtype != np.int64 or where.shape != g.shape or not 0 < len(size) < g.ndim:
        return NotImplemented
    lead, inner = g.shape[: g.ndim - len(size)], math.prod(g.shape[g.ndim - len(size) :])
    images = math.prod(lead)
    whole = np.empty((images, math.prod(size)), g.dtype)
    inside = on_blocks(
        _max_back, max(g.size, whole.size), ready(g).reshape(images, inner), ready(where).reshape(images, inner), whole
    )
    return whole.reshape(*lead, *size) if all(inside) else NotImplemented  # NumPy says which place it is
