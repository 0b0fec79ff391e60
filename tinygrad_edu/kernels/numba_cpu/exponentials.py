"""The logarithm of a sum of exponentials over any dimensions, forwards and back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cpu.compiler import compiled, inlined
from tinygrad_edu.kernels.numba_cpu.elementary import exp
from tinygrad_edu.kernels.numba_cpu.largest import top_of
from tinygrad_edu.kernels.numba_cpu.layout import arranged, suits
from tinygrad_edu.kernels.numba_cpu.reductions import LINES, on_grid, reduced

__all__ = ["logsumexp", "logsumexp_back"]

Array = Any
RUN = 4096  # exponentials that are added up in their own precision: a long row would lose digits


@compiled
def largest_of_columns(x: Array, i: int, first: int, tops: Array) -> None:
    # for kernels: of each column from `first` on, the largest element but nan
    last = first + tops.size
    tops[:] = -np.inf
    for r in range(x.shape[1]):
        row = x[i, r, first:last]
        for j in range(row.size):
            tops[j] = row[j] if row[j] > tops[j] else tops[j]


@inlined
def exponentials_of(run: Array, top: Any) -> float:
    # for kernels: the sum of exp(x - top) over a run
    total = run.dtype.type(0)
    for i in range(run.size):
        total += exp(run[i] - top)
    return np.float64(total)


@compiled
def _rows(units: Array, x: Array, out: Array) -> None:
    for unit in units:
        i, k = unit // x.shape[2], unit % x.shape[2]
        top = top_of(x[i, 0, k], x.dtype.type(1))
        for r in range(1, x.shape[1]):
            top = max(top, top_of(x[i, r, k], x.dtype.type(1)))
        if not math.isfinite(top):
            top = x.dtype.type(0)
        whole = 0.0
        for r in range(x.shape[1]):
            row = x[i, r, k]
            for start in range(0, row.size, RUN):
                whole += exponentials_of(row[start : start + RUN], top)
        out[unit] = math.log(whole) + top


@compiled
def _columns(units: Array, x: Array, out: Array, width: int) -> None:
    parts, wholes, tops = np.empty(width, x.dtype), np.empty(width, np.float64), np.empty(width, x.dtype)
    pieces = (x.shape[2] + width - 1) // width
    for unit in units:
        i, first = unit // pieces, unit % pieces * width
        size = min(width, x.shape[2] - first)
        part, sums, top, into = parts[:size], wholes[:size], tops[:size], out[i, first : first + size]
        largest_of_columns(x, i, first, top)
        for j in range(size):
            if not math.isfinite(top[j]):
                top[j] = 0
        sums[:] = 0.0
        for start in range(0, x.shape[1], LINES):
            part[:] = 0
            for r in range(start, min(start + LINES, x.shape[1])):
                row = x[i, r, first : first + size]
                for j in range(size):
                    part[j] += exp(row[j] - top[j])
            for j in range(size):
                sums[j] += part[j]
        for j in range(size):
            into[j] = math.log(sums[j]) + top[j]


@compiled
def _back_rows(units: Array, x: Array, g: Array, out: Array, share: Array) -> None:
    zero, low = x.dtype.type(0), x.dtype.type(-np.inf)
    for unit in units:
        i, k = unit // x.shape[2], unit % x.shape[2]
        up, whole = g[unit], out[unit]
        for r in range(x.shape[1]):
            row, into = x[i, r, k], share[i, r, k]
            for j in range(row.size):
                into[j] = up * (zero if row[j] == low else exp(row[j] - whole))


@compiled
def _back_columns(units: Array, x: Array, g: Array, out: Array, share: Array, width: int) -> None:
    zero, low = x.dtype.type(0), x.dtype.type(-np.inf)
    pieces = (x.shape[2] + width - 1) // width
    for unit in units:
        i, first = unit // pieces, unit % pieces * width
        last = min(first + width, x.shape[2])
        up, whole = g[i, first:last], out[i, first:last]
        for r in range(x.shape[1]):
            row, into = x[i, r, first:last], share[i, r, first:last]
            for j in range(row.size):
                into[j] = up[j] * (zero if row[j] == low else exp(row[j] - whole[j]))


def logsumexp(a: Array, axes: tuple[int, ...], keepdim: bool) -> Array:
    return reduced(a, axes, keepdim, _rows, _columns, quick=1)


def logsumexp_back(a: Array, g: Array, out: Array, axes: tuple[int, ...]) -> Array:
    grid = arranged(a, axes) if suits(a, np.asarray(g), np.asarray(out)) else None
    if grid is None:
        return NotImplemented
    share = grid.alike()
    on_grid(grid, _back_rows, _back_columns, (grid.groups(g), grid.groups(out)), (share,))
    return grid.restored(share)
