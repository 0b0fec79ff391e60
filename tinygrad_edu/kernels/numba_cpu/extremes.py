"""The largest and the smallest elements over any dimensions, and where they stand along one; a nan wins, as in NumPy.

A kernel looks for the largest of the elements times `sign`, which is 1 or -1: that loses no bit. Comparisons are joined
with | and &, not with `or` and `and`: those would be branches, and not vectors.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cpu.compiler import compiled, compiled_exactly
from tinygrad_edu.kernels.numba_cpu.largest import top_of
from tinygrad_edu.kernels.numba_cpu.layout import arranged, suits
from tinygrad_edu.kernels.numba_cpu.reductions import on_grid, reduced

__all__ = ["amax", "amin", "extreme_along"]

Array = Any
_BLOCK = 256  # elements of a row that are searched together


@compiled
def _nans(row: Array) -> bool:
    count = row.dtype.type(0)
    for i in range(row.size):
        count += row.dtype.type(1) if row[i] != row[i] else row.dtype.type(0)
    return count > 0


@compiled
def _holds(row: Array, value: Any) -> bool:
    count = row.dtype.type(0)
    for i in range(row.size):
        count += row.dtype.type(1) if row[i] == value else row.dtype.type(0)
    return count > 0


@compiled_exactly
def _top(row: Array, sign: Any) -> Any:
    return row.dtype.type(np.nan) if _nans(row) else top_of(row, sign) * sign


@compiled_exactly
def _place(row: Array, top: Any) -> int:
    """The first that is as large, or nan if that is; rows are searched in blocks, each without a branch."""
    missing = top != top
    for start in range(0, row.size, _BLOCK):
        part = row[start : start + _BLOCK]
        if _nans(part) if missing else _holds(part, top):
            for i in range(part.size):
                if part[i] != part[i] if missing else part[i] == top:
                    return start + i
    return 0


@compiled_exactly
def _values_rows(units: Array, x: Array, out: Array, sign: Any) -> None:
    for unit in units:
        i, k = unit // x.shape[2], unit % x.shape[2]
        top = _top(x[i, 0, k], sign)
        for r in range(1, x.shape[1]):
            value = _top(x[i, r, k], sign)
            top = top if (top * sign >= value * sign) | (top != top) else value
        out[unit] = top


@compiled_exactly
def _values_columns(units: Array, x: Array, out: Array, width: int, sign: Any) -> None:
    pieces = (x.shape[2] + width - 1) // width
    for unit in units:
        i, first = unit // pieces, unit % pieces * width
        last = min(first + width, x.shape[2])
        tops = out[i, first:last]
        tops[:] = -np.inf
        for r in range(x.shape[1]):
            row = x[i, r, first:last]
            for j in range(row.size):
                value, top = row[j] * sign, tops[j]
                tops[j] = top if (top >= value) | (top != top) else value
        for j in range(tops.size):
            tops[j] *= sign


@compiled_exactly
def _places_rows(units: Array, x: Array, out: Array, where: Array, sign: Any) -> None:
    for unit in units:
        row = x[unit // x.shape[2], 0, unit % x.shape[2]]
        at = _place(row, _top(row, sign))
        out[unit], where[unit] = row[at], at


@compiled_exactly
def _places_columns(units: Array, x: Array, out: Array, where: Array, width: int, sign: Any) -> None:
    # numbers of rows as floats: of the elements' width, so that both are vectors of as many; exact up to 2**24
    found = np.empty(width, x.dtype)
    pieces = (x.shape[2] + width - 1) // width
    for unit in units:
        i, first = unit // pieces, unit % pieces * width
        size = min(width, x.shape[2] - first)
        tops, at, into = out[i, first : first + size], found[:size], where[i, first : first + size]
        row = x[i, 0, first : first + size]
        for j in range(size):
            tops[j], at[j] = row[j] * sign, 0
        for r in range(1, x.shape[1]):
            row, number = x[i, r, first : first + size], x.dtype.type(r)
            for j in range(size):
                value, top = row[j] * sign, tops[j]
                kept = (top >= value) | (top != top)
                tops[j] = top if kept else value
                at[j] = at[j] if kept else number
        for j in range(size):
            tops[j], into[j] = tops[j] * sign, int(at[j])


def _sign(a: Array, largest: bool) -> Any:
    return a.dtype.type(1 if largest else -1)


def amax(a: Array, axes: tuple[int, ...], keepdim: bool, out: Array | None = None) -> Array:
    if out is not None or not suits(a):
        return NotImplemented
    return reduced(a, axes, keepdim, _values_rows, _values_columns, _sign(a, True))


def amin(a: Array, axes: tuple[int, ...], keepdim: bool, out: Array | None = None) -> Array:
    if out is not None or not suits(a):
        return NotImplemented
    return reduced(a, axes, keepdim, _values_rows, _values_columns, _sign(a, False))


def extreme_along(a: Array, axis: int, keepdim: bool, largest: bool) -> Any:
    grid = arranged(a, (axis % max(a.ndim, 1),)) if suits(a) else None
    if grid is None or a.shape[axis] > 1 << 24:
        return NotImplemented
    (out, flat), (where, places) = grid.empty(keepdim), grid.empty(keepdim, np.int64)
    on_grid(grid, _places_rows, _places_columns, (flat, places), extra=(_sign(a, largest),))
    return out[()], where[()]
