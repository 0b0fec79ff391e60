"""Cross-entropy by class indices: the softmax, the choice of the class and the way back, in one pass each.

Scores are (samples, classes, places). Where there is one place for each sample, the classes lie side by side and a
kernel goes over rows; elsewhere the places do, and it goes over columns.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cpu.compiler import compiled
from tinygrad_edu.kernels.numba_cpu.elementary import exp
from tinygrad_edu.kernels.numba_cpu.exponentials import largest_of_columns
from tinygrad_edu.kernels.numba_cpu.largest import top_of
from tinygrad_edu.kernels.numba_cpu.layout import ready, suits
from tinygrad_edu.kernels.threads import on_blocks

__all__ = ["cross_entropy", "cross_entropy_back"]

Array = Any
_PLACES = 256  # columns at a time
NONE = -1  # what no target is


@compiled
def _rows(x: Array, target: Array, cost: Array, tops: Array, lows: Array, weight: Array, ignored: int, s: Any) -> None:
    one = x.dtype.type(1)
    for r in range(x.shape[0]):
        row, y = x[r], target[r]
        top = top_of(row, one)
        total = x.dtype.type(0)
        for j in range(row.size):
            total += exp(row[j] - top)
        low = x.dtype.type(math.log(total))
        tops[r], lows[r] = top, low
        if y == ignored:
            cost[r] = 0
            continue
        exact = (low - (row[y] - top)) * weight[y]
        if s:
            even = x.dtype.type(0)
            for j in range(row.size):
                even += weight[j] * (low - (row[j] - top))
            exact = exact * (one - s) + even * (s / x.dtype.type(row.size))
        cost[r] = exact


@compiled
def _back_rows(
    x: Array, g: Array, target: Array, tops: Array, lows: Array, share: Array, weight: Array, ignored: int, s: Any
) -> None:
    one, each = x.dtype.type(1), weight.sum()
    for r in range(x.shape[0]):
        row, into, y, top, low = x[r], share[r], target[r], tops[r], lows[r]
        if y == ignored:
            into[:] = 0
            continue
        exact, even = g[r] * (one - s) * weight[y], g[r] * (s / x.dtype.type(row.size))
        total = exact + even * each
        if total == 0:
            into[:] = 0
        else:
            for j in range(row.size):
                into[j] = exp((row[j] - top) - low) * total
        if s:
            for j in range(row.size):
                into[j] -= even * weight[j]
        into[y] -= exact


@compiled
def _columns(
    x: Array, target: Array, cost: Array, tops: Array, lows: Array, weight: Array, ignored: int, s: Any
) -> None:
    one, part = x.dtype.type(1), x.dtype.type(s / x.shape[1])
    for i in range(x.shape[0]):
        for first in range(0, x.shape[2], _PLACES):
            last = min(first + _PLACES, x.shape[2])
            top, low, into, classes = (
                tops[i, first:last],
                lows[i, first:last],
                cost[i, first:last],
                target[i, first:last],
            )
            largest_of_columns(x, i, first, top)
            low[:] = 0
            for c in range(x.shape[1]):
                row = x[i, c, first:last]
                for j in range(row.size):
                    low[j] += exp(row[j] - top[j])
            for j in range(low.size):
                low[j] = math.log(low[j])
                into[j] = 0
            if s:
                for c in range(x.shape[1]):
                    row, counted = x[i, c, first:last], weight[c] * part
                    for j in range(row.size):
                        into[j] += counted * (low[j] - (row[j] - top[j]))
            for j in range(low.size):
                y = classes[j]
                if y == ignored:
                    into[j] = 0
                else:
                    into[j] += (one - s) * weight[y] * (low[j] - (x[i, y, first + j] - top[j]))


@compiled
def _back_columns(
    x: Array, g: Array, target: Array, tops: Array, lows: Array, share: Array, weight: Array, ignored: int, s: Any
) -> None:
    one, part, each, zero = x.dtype.type(1), x.dtype.type(s / x.shape[1]), weight.sum(), x.dtype.type(0)
    exacts, evens = np.empty(_PLACES, x.dtype), np.empty(_PLACES, x.dtype)
    for i in range(x.shape[0]):
        for first in range(0, x.shape[2], _PLACES):
            last = min(first + _PLACES, x.shape[2])
            top, low, up, classes = tops[i, first:last], lows[i, first:last], g[i, first:last], target[i, first:last]
            exact, even = exacts[: last - first], evens[: last - first]
            for j in range(up.size):
                kept = classes[j] != ignored
                even[j] = up[j] * part if kept else zero
                exact[j] = up[j] * (one - s) * weight[classes[j]] if kept else zero
            for c in range(x.shape[1]):
                row, into, counted = x[i, c, first:last], share[i, c, first:last], weight[c]
                for j in range(row.size):
                    total = exact[j] + even[j] * each
                    value = exp((row[j] - top[j]) - low[j]) * total
                    into[j] = (zero if total == zero else value) - even[j] * counted
            for j in range(up.size):
                if classes[j] != ignored:
                    share[i, classes[j], first + j] -= exact[j]


def _arguments(a: Array, target: Array, weight: Array | None, ignored: int) -> Any:
    """Scores, classes and weights as the kernels take them; None where they do not."""
    if not suits(a) or not a.size or a.ndim < 2 or target.dtype != np.int64:
        return None
    if target.size and ((target != ignored) & ((target < 0) | (target >= a.shape[1]))).any():
        return None  # NumPy says what is wrong
    if weight is None:
        weight = np.ones(a.shape[1], a.dtype)
    if not suits(a, weight) or weight.shape != (a.shape[1],) or target.shape != (a.shape[0], *a.shape[2:]):
        return None
    x = ready(a).reshape(a.shape[0], a.shape[1], -1)
    return (x[:, :, 0] if x.shape[2] == 1 else x), ready(target).reshape(len(x), -1), ready(weight)


def cross_entropy(a: Array, target: Array, weight: Array | None, ignore_index: int | None, smoothing: float) -> Any:
    ignored = NONE if ignore_index is None else ignore_index
    found = _arguments(a, target, weight, ignored)
    if found is None:
        return NotImplemented
    x, classes, counts = found
    results = tuple(np.empty(target.shape, a.dtype) for _ in range(3))
    extra = (counts, ignored, a.dtype.type(smoothing))
    if x.ndim == 2:
        on_blocks(_rows, a.size, ready(x), classes[:, 0], *(r.reshape(-1) for r in results), extra=extra)
    else:
        on_blocks(_columns, a.size, x, classes, *(r.reshape(classes.shape) for r in results), extra=extra)
    return results


def cross_entropy_back(
    a: Array, g: Array, target: Array, top: Array, low: Array, weight: Array | None, ignore_index: int | None,
    smoothing: float,
) -> Any:  # fmt: skip
    ignored = NONE if ignore_index is None else ignore_index
    found = _arguments(a, target, weight, ignored)
    if found is None or not suits(a, g, top, low) or not g.shape == top.shape == low.shape == target.shape:
        return NotImplemented
    x, classes, counts = found
    share = np.empty(a.shape, a.dtype)
    extra = (counts, ignored, a.dtype.type(smoothing))
    g, top, low = (ready(b).reshape(classes.shape) for b in (g, top, low))
    if x.ndim == 2:
        flat = (g[:, 0], classes[:, 0], top[:, 0], low[:, 0])
        on_blocks(_back_rows, a.size, ready(x), *map(ready, flat), share.reshape(x.shape), extra=extra)
    else:
        on_blocks(_back_columns, a.size, x, g, classes, top, low, share.reshape(x.shape), extra=extra)
    return share
