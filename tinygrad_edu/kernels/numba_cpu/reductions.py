"""Sums, means and variances over any dimensions, and the way back through a variance.

Numbers are added up in their own precision, a short run of a row or some rows of a column at a time, and these sums in
double: twice as many numbers fit into a vector, and the result is no less exact than NumPy's. A kernel is told which
of the results it computes: its `units`, which threads share.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cpu.compiler import compiled, inlined
from tinygrad_edu.kernels.numba_cpu.layout import Grid, arranged, columns_at_a_time, suits
from tinygrad_edu.kernels.threads import on_blocks

__all__ = ["deviation", "mean", "sum", "var"]

Array = Any
LINES = 64  # rows added up in their own precision, where the columns are summed
ADDED = 4  # numbers that are added or compared take as long as one of which an exponential is computed
RUN = 256  # and numbers, where rows are: four to sixteen for each place of the vectors that LLVM adds to


@inlined
def run_total(run: Array) -> Any:
    # for kernels: in the run's own precision
    total = run.dtype.type(0)
    for i in range(run.size):
        total += run[i]
    return total


@inlined
def row_total(row: Array) -> float:
    # for kernels: of a contiguous row
    total = 0.0
    for start in range(0, row.size, RUN):
        total += np.float64(run_total(row[start : start + RUN]))
    return total


@inlined
def row_squares(row: Array, middle: Any) -> float:
    # for kernels: of the differences from the middle
    total = 0.0
    for i in range(row.size):
        apart = row[i] - middle
        total += np.float64(apart * apart)
    return total


@compiled
def mean_of(x: Array, i: int, k: int) -> Any:
    total = 0.0
    for r in range(x.shape[1]):
        total += row_total(x[i, r, k])
    return x.dtype.type(total / (x.shape[1] * x.shape[3]))


@compiled
def _sum_rows(units: Array, x: Array, out: Array, count: float) -> None:
    for unit in units:
        i, k = unit // x.shape[2], unit % x.shape[2]
        total = 0.0
        for r in range(x.shape[1]):
            total += row_total(x[i, r, k])
        out[unit] = total / count


@compiled
def _var_rows(units: Array, x: Array, out: Array, free: float) -> None:
    for unit in units:
        i, k = unit // x.shape[2], unit % x.shape[2]
        middle = mean_of(x, i, k)
        total = 0.0
        for r in range(x.shape[1]):
            total += row_squares(x[i, r, k], middle)
        out[unit] = total / free


@compiled
def _deviation_rows(units: Array, x: Array, scale: Array, out: Array) -> None:
    for unit in units:
        i, k = unit // x.shape[2], unit % x.shape[2]
        middle, factor = mean_of(x, i, k), scale[unit]
        for r in range(x.shape[1]):
            row, into = x[i, r, k], out[i, r, k]
            for j in range(row.size):
                into[j] = factor * (row[j] - middle)


@compiled
def add_columns(x: Array, i: int, first: int, part: Array, sums: Array) -> None:
    # for kernels: sums = the sums of the columns from `first` on
    sums[:] = 0.0
    last = first + sums.size
    for start in range(0, x.shape[1], LINES):
        part[:] = 0
        for r in range(start, min(start + LINES, x.shape[1])):
            row = x[i, r, first:last]
            for j in range(row.size):
                part[j] += row[j]
        for j in range(sums.size):
            sums[j] += part[j]


@compiled
def add_squares(x: Array, i: int, first: int, middle: Array, part: Array, sums: Array) -> None:
    sums[:] = 0.0
    last = first + sums.size
    for start in range(0, x.shape[1], LINES):
        part[:] = 0
        for r in range(start, min(start + LINES, x.shape[1])):
            row = x[i, r, first:last]
            for j in range(row.size):
                apart = row[j] - middle[j]
                part[j] += apart * apart
        for j in range(sums.size):
            sums[j] += part[j]


@compiled
def _sum_columns(units: Array, x: Array, out: Array, width: int, count: float) -> None:
    parts, wholes = np.empty(width, x.dtype), np.empty(width, np.float64)
    pieces = (x.shape[2] + width - 1) // width
    for unit in units:
        i, first = unit // pieces, unit % pieces * width
        size = min(width, x.shape[2] - first)
        sums, into = wholes[:size], out[i, first : first + size]
        add_columns(x, i, first, parts[:size], sums)
        for j in range(size):
            into[j] = sums[j] / count


@compiled
def _var_columns(units: Array, x: Array, out: Array, width: int, free: float) -> None:
    parts, wholes, middles = np.empty(width, x.dtype), np.empty(width, np.float64), np.empty(width, x.dtype)
    pieces = (x.shape[2] + width - 1) // width
    for unit in units:
        i, first = unit // pieces, unit % pieces * width
        size = min(width, x.shape[2] - first)
        part, sums, middle, into = parts[:size], wholes[:size], middles[:size], out[i, first : first + size]
        add_columns(x, i, first, part, sums)
        for j in range(size):
            middle[j] = sums[j] / x.shape[1]
        add_squares(x, i, first, middle, part, sums)
        for j in range(size):
            into[j] = sums[j] / free


@compiled
def _deviation_columns(units: Array, x: Array, scale: Array, out: Array, width: int) -> None:
    parts, wholes, middles = np.empty(width, x.dtype), np.empty(width, np.float64), np.empty(width, x.dtype)
    pieces = (x.shape[2] + width - 1) // width
    for unit in units:
        i, first = unit // pieces, unit % pieces * width
        size = min(width, x.shape[2] - first)
        sums, middle, factor = wholes[:size], middles[:size], scale[i, first : first + size]
        add_columns(x, i, first, parts[:size], sums)
        for j in range(size):
            middle[j] = sums[j] / x.shape[1]
        for r in range(x.shape[1]):
            row, into = x[i, r, first : first + size], out[i, r, first : first + size]
            for j in range(size):
                into[j] = factor[j] * (row[j] - middle[j])


def on_grid(
    grid: Grid,
    rows: Any,
    columns: Any,
    each: Sequence[Array],
    wholes: Sequence[Array] = (),
    extra: Sequence[Any] = (),
    quick: int = 1,
) -> None:
    """Run the kernel for the grid's rows, or that for its columns, on all results.

    Args:
        rows: ``rows(units, x, *each, *wholes, *extra)``; columns: ``columns(units, x, *each, *wholes, width, *extra)``.
        each: flat arrays, an element for each result.
        wholes: arrays as large as the grid's.
        quick: how many elements take as long as one of which an exponential is computed; for threads.
    """
    x, work = grid.x, grid.x.size // quick
    if not grid.by_columns:
        given = (*each, *[a.reshape(x.shape) for a in wholes], *extra)
        on_blocks(rows, work, np.arange(grid.results), extra=(x, *given))
        return
    x = x.reshape(x.shape[:3])
    width = columns_at_a_time(x)
    flat = [a.reshape(x.shape[0], x.shape[2]) for a in each]
    given = (*flat, *[a.reshape(x.shape) for a in wholes], width, *extra)
    on_blocks(columns, work, np.arange(x.shape[0] * -(-x.shape[2] // width)), extra=(x, *given))


def reduced(
    a: Array, axes: tuple[int, ...], keepdim: bool, rows: Any, columns: Any, *extra: Any, quick: int = ADDED
) -> Array:
    """A result for each group of elements, or NotImplemented."""
    grid = arranged(a, axes) if suits(a) else None
    if grid is None:
        return NotImplemented
    out, flat = grid.empty(keepdim)
    on_grid(grid, rows, columns, (flat,), extra=extra, quick=quick)
    return out[()]


def _count(a: Array, axes: tuple[int, ...]) -> float:
    return float(math.prod(a.shape[axis] for axis in axes))


def sum(a: Array, axes: tuple[int, ...], keepdim: bool, out: Array | None = None) -> Array:
    return NotImplemented if out is not None else reduced(a, axes, keepdim, _sum_rows, _sum_columns, 1.0)


def mean(a: Array, axes: tuple[int, ...], keepdim: bool, out: Array | None = None) -> Array:
    return NotImplemented if out is not None else reduced(a, axes, keepdim, _sum_rows, _sum_columns, _count(a, axes))


def var(a: Array, axes: tuple[int, ...], correction: float, keepdim: bool) -> Array:
    free = float(max(_count(a, axes) - correction, 0.0))
    return reduced(a, axes, keepdim, _var_rows, _var_columns, free)


def deviation(a: Array, scale: Array, axes: tuple[int, ...]) -> Array:
    grid = arranged(a, axes) if suits(a, scale) else None
    if grid is None:
        return NotImplemented
    out = grid.alike()
    on_grid(grid, _deviation_rows, _deviation_columns, (grid.groups(scale),), (out,))
    return grid.restored(out)
