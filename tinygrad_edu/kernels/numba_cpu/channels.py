"""Batch norm: each channel over samples and places, (N, C, ...); with its weight and bias, forwards and back.

The array is laid out for a reduction (see layout.py): where there are places they lie side by side, and a kernel goes
over rows; without places the channels do, and it goes over columns.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cpu.compiler import compiled
from tinygrad_edu.kernels.numba_cpu.layout import arranged, ready, suits
from tinygrad_edu.kernels.numba_cpu.reductions import add_columns, add_squares, mean_of, on_grid, row_squares

__all__ = ["batch_norm", "batch_norm_back"]

Array = Any


@compiled
def _rows(
    units: Array, x: Array, mean: Array, variance: Array, weight: Array, bias: Array, out: Array, eps: float
) -> None:
    for unit in units:
        i, k = unit // x.shape[2], unit % x.shape[2]
        middle = mean_of(x, i, k)
        total = 0.0
        for r in range(x.shape[1]):
            total += row_squares(x[i, r, k], middle)
        spread = total / (x.shape[1] * x.shape[3])
        mean[unit], variance[unit] = middle, spread
        scale, shift = x.dtype.type(weight[unit] / math.sqrt(spread + eps)), bias[unit]
        for r in range(x.shape[1]):
            row, into = x[i, r, k], out[i, r, k]
            for j in range(row.size):
                into[j] = (row[j] - middle) * scale + shift


@compiled
def _back_rows(
    units: Array, x: Array, mean: Array, variance: Array, weight: Array, to_weight: Array, to_bias: Array,
    g: Array, share: Array, eps: float,
) -> None:  # fmt: skip
    for unit in units:
        i, k = unit // x.shape[2], unit % x.shape[2]
        middle, inverse = mean[unit], x.dtype.type(1 / math.sqrt(variance[unit] + eps))
        whole, along = 0.0, 0.0
        for r in range(x.shape[1]):
            row, up = x[i, r, k], g[i, r, k]
            part, product = x.dtype.type(0), x.dtype.type(0)
            for j in range(row.size):
                part += up[j]
                product += up[j] * (row[j] - middle)
            whole += part
            along += product
        along *= inverse
        to_weight[unit], to_bias[unit] = along, whole
        count = x.shape[1] * x.shape[3]
        even, slope = x.dtype.type(whole / count), x.dtype.type(along / count * inverse)
        scale = weight[unit] * inverse
        for r in range(x.shape[1]):
            row, up, into = x[i, r, k], g[i, r, k], share[i, r, k]
            for j in range(row.size):
                into[j] = (up[j] - even - (row[j] - middle) * slope) * scale


@compiled
def _columns(
    units: Array, x: Array, mean: Array, variance: Array, weight: Array, bias: Array, out: Array, width: int, eps: float
) -> None:
    parts, wholes, scales = np.empty(width, x.dtype), np.empty(width, np.float64), np.empty(width, x.dtype)
    pieces = (x.shape[2] + width - 1) // width
    for unit in units:
        i, first = unit // pieces, unit % pieces * width
        last = min(first + width, x.shape[2])
        size = last - first
        part, sums, scale = parts[:size], wholes[:size], scales[:size]
        middle, spread, shift, factor = (
            mean[i, first:last],
            variance[i, first:last],
            bias[i, first:last],
            weight[i, first:last],
        )
        add_columns(x, i, first, part, sums)
        for j in range(size):
            middle[j] = sums[j] / x.shape[1]
        add_squares(x, i, first, middle, part, sums)
        for j in range(size):
            spread[j] = sums[j] / x.shape[1]
            scale[j] = factor[j] / math.sqrt(spread[j] + eps)
        for r in range(x.shape[1]):
            row, into = x[i, r, first:last], out[i, r, first:last]
            for j in range(size):
                into[j] = (row[j] - middle[j]) * scale[j] + shift[j]


@compiled
def _back_columns(
    units: Array, x: Array, mean: Array, variance: Array, weight: Array, to_weight: Array, to_bias: Array,
    g: Array, share: Array, width: int, eps: float,
) -> None:  # fmt: skip
    evens, slopes, scales = np.empty(width, x.dtype), np.empty(width, x.dtype), np.empty(width, x.dtype)
    pieces = (x.shape[2] + width - 1) // width
    for unit in units:
        i, first = unit // pieces, unit % pieces * width
        last = min(first + width, x.shape[2])
        size = last - first
        even, slope, scale = evens[:size], slopes[:size], scales[:size]
        middle, spread, factor = mean[i, first:last], variance[i, first:last], weight[i, first:last]
        along, whole = to_weight[i, first:last], to_bias[i, first:last]
        along[:] = 0
        whole[:] = 0
        for r in range(x.shape[1]):
            row, up = x[i, r, first:last], g[i, r, first:last]
            for j in range(size):
                whole[j] += up[j]
                along[j] += up[j] * (row[j] - middle[j])
        for j in range(size):
            inverse = x.dtype.type(1 / math.sqrt(spread[j] + eps))
            along[j] *= inverse
            even[j], slope[j] = whole[j] / x.shape[1], along[j] / x.shape[1] * inverse
            scale[j] = factor[j] * inverse
        for r in range(x.shape[1]):
            row, up, into = x[i, r, first:last], g[i, r, first:last], share[i, r, first:last]
            for j in range(size):
                into[j] = (up[j] - even[j] - (row[j] - middle[j]) * slope[j]) * scale[j]


def _grid(a: Array, *others: Array) -> Any:
    """The array for a reduction over all but the channels; None if that is not for these kernels."""
    if a.ndim < 2 or not suits(a, *others) or any(b.shape not in (a.shape, a.shape[1:2]) for b in others):
        return None
    return arranged(ready(a), (0, *range(2, a.ndim)))


def batch_norm(a: Array, weight: Array, bias: Array, eps: float) -> Any:
    grid = _grid(a, weight, bias)
    if grid is None:
        return NotImplemented
    out, mean, variance = np.empty(a.shape, a.dtype), np.empty(weight.shape, a.dtype), np.empty(weight.shape, a.dtype)
    on_grid(grid, _rows, _columns, (mean, variance, ready(weight), ready(bias)), (out,), (eps,))
    return out, mean, variance


def batch_norm_back(a: Array, g: Array, middle: Array, variance: Array, weight: Array, eps: float) -> Any:
    grid = _grid(a, g, middle, variance, weight)
    if grid is None or g.shape != a.shape:
        return NotImplemented
    share, to_weight, to_bias = np.empty(a.shape, a.dtype), *(np.empty(weight.shape, a.dtype) for _ in range(2))
    each = (ready(middle), ready(variance), ready(weight), to_weight, to_bias)
    on_grid(grid, _back_rows, _back_columns, each, (ready(g), share), (eps,))
    return share, to_weight, to_bias
