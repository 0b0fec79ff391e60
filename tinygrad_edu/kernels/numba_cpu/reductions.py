"""Sums, means and variances over the last dimensions. (Over the first ones NumPy's loops are the faster.)

A row is added up in blocks of single precision, which are added up in double: no less exact than NumPy's sum of pairs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cpu.compiler import compiled
from tinygrad_edu.kernels.numba_cpu.layout import folded, reduced_shape, suits
from tinygrad_edu.kernels.threads import on_blocks

__all__ = ["mean", "sum", "var"]

Array = Any
BLOCK = 2048  # elements of a row added up in their own precision


@compiled
def row_total(row: Array) -> float:
    # for kernels: of a contiguous row
    whole = 0.0
    for start in range(0, row.size, BLOCK):
        part = row[start : start + BLOCK]
        total = row.dtype.type(0)
        for i in range(part.size):
            total += part[i]
        whole += total
    return whole


@compiled
def _sum_rows(x: Array, out: Array, count: float) -> None:
    for r in range(x.shape[0]):
        out[r] = row_total(x[r]) / count


@compiled
def _var_rows(x: Array, out: Array, free: float) -> None:
    for r in range(x.shape[0]):
        row = x[r]
        middle = x.dtype.type(row_total(row) / row.size)
        whole = 0.0
        for start in range(0, row.size, BLOCK):
            part = row[start : start + BLOCK]
            total = x.dtype.type(0)
            for i in range(part.size):
                total += (part[i] - middle) * (part[i] - middle)
            whole += total
        out[r] = whole / free


def _reduced(a: Array, axes: tuple[int, ...], keepdim: bool, rows: Any, divisor: float) -> Array:
    x = folded(a, axes) if suits(a) else None
    if x is None:
        return NotImplemented
    out = np.empty(len(x), x.dtype)
    on_blocks(rows, x.size, x, out, extra=(divisor,))
    return out.reshape(reduced_shape(a, axes, keepdim))[()]


def _count(a: Array, axes: tuple[int, ...]) -> float:
    count = 1.0
    for axis in axes:
        count *= a.shape[axis]
    return count


def sum(a: Array, axes: tuple[int, ...], keepdim: bool, out: Array | None = None) -> Array:
    return NotImplemented if out is not None else _reduced(a, axes, keepdim, _sum_rows, 1.0)


def mean(a: Array, axes: tuple[int, ...], keepdim: bool, out: Array | None = None) -> Array:
    return NotImplemented if out is not None else _reduced(a, axes, keepdim, _sum_rows, _count(a, axes))


def var(a: Array, axes: tuple[int, ...], correction: float, keepdim: bool) -> Array:
    free = max(_count(a, axes) - correction, 0.0)
    return _reduced(a, axes, keepdim, _var_rows, free)
