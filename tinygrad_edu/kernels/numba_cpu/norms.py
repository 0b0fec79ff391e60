"""Standardising rows: less their mean, divided by their deviation; forwards and back, while a row is in the cache."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cpu.compiler import compiled
from tinygrad_edu.kernels.numba_cpu.layout import folded, ready, reduced_shape, suits
from tinygrad_edu.kernels.numba_cpu.reductions import row_total
from tinygrad_edu.kernels.threads import on_blocks

__all__ = ["layer_norm", "layer_norm_back", "standardised", "standardised_back"]

Array = Any


@compiled
def _forward(x: Array, out: Array, mean: Array, variance: Array, eps: float) -> None:
    for r in range(x.shape[0]):
        row, into = x[r], out[r]
        middle = x.dtype.type(row_total(row) / row.size)
        for i in range(row.size):
            into[i] = row[i] - middle
        total = x.dtype.type(0)
        for i in range(row.size):
            total += into[i] * into[i]
        spread = total / x.dtype.type(row.size)
        scale = x.dtype.type(1 / math.sqrt(spread + eps))
        for i in range(row.size):
            into[i] *= scale
        mean[r], variance[r] = middle, spread


@compiled
def _backward(g: Array, out: Array, variance: Array, share: Array, eps: float) -> None:
    for r in range(g.shape[0]):
        up, row, into = g[r], out[r], share[r]
        mean, along = g.dtype.type(0), g.dtype.type(0)
        for i in range(row.size):
            mean += up[i]
            along += up[i] * row[i]
        count = g.dtype.type(row.size)
        mean, along = mean / count, along / count
        scale = g.dtype.type(1 / math.sqrt(variance[r] + eps))
        for i in range(row.size):
            into[i] = (up[i] - mean - row[i] * along) * scale


@compiled
def _scaled_forward(x: Array, out: Array, mean: Array, variance: Array, weight: Array, bias: Array, eps: float) -> None:
    _forward(x, out, mean, variance, eps)
    for r in range(x.shape[0]):
        into = out[r]
        for i in range(into.size):
            into[i] = into[i] * weight[i] + bias[i]


@compiled
def _scaled_backward(g: Array, x: Array, mean: Array, variance: Array, share: Array, weight: Array, eps: float) -> Any:
    to_weight, to_bias = np.zeros(weight.size, x.dtype), np.zeros(weight.size, x.dtype)
    for r in range(g.shape[0]):
        up, row, into = g[r], x[r], share[r]
        middle, scale = mean[r], g.dtype.type(1 / math.sqrt(variance[r] + eps))
        total, along = g.dtype.type(0), g.dtype.type(0)
        for i in range(row.size):
            standard = (row[i] - middle) * scale
            to_weight[i] += up[i] * standard
            to_bias[i] += up[i]
            scaled = up[i] * weight[i]
            total += scaled
            along += scaled * standard
        count = g.dtype.type(row.size)
        total, along = total / count, along / count
        for i in range(row.size):
            into[i] = (up[i] * weight[i] - total - (row[i] - middle) * scale * along) * scale
    return to_weight, to_bias


def layer_norm(a: Array, weight: Array, bias: Array, eps: float) -> Any:
    axes = tuple(range(a.ndim - weight.ndim, a.ndim))
    x = folded(a, axes) if suits(a, weight, bias) else None
    if x is None:
        return NotImplemented
    out, mean, variance = np.empty(a.shape, x.dtype), np.empty(len(x), x.dtype), np.empty(len(x), x.dtype)
    extra = (ready(weight).reshape(-1), ready(bias).reshape(-1), eps)
    on_blocks(_scaled_forward, x.size, x, out.reshape(x.shape), mean, variance, extra=extra)
    shape = reduced_shape(a, axes, True)
    return out, mean.reshape(shape), variance.reshape(shape)


def layer_norm_back(g: Array, a: Array, mean: Array, variance: Array, weight: Array, eps: float) -> Any:
    axes = tuple(range(a.ndim - weight.ndim, a.ndim))
    up = folded(g, axes) if suits(g, a, mean, variance, weight) and g.shape == a.shape else None
    if up is None:
        return NotImplemented
    share, rows = np.empty(g.shape, up.dtype), len(up)
    arrays = (
        up,
        ready(a).reshape(up.shape),
        ready(mean).reshape(rows),
        ready(variance).reshape(rows),
        share.reshape(up.shape),
    )
    parts = on_blocks(_scaled_backward, up.size, *arrays, extra=(ready(weight).reshape(-1), eps))
    to_weight, to_bias = (np.add.reduce([part[i] for part in parts]).reshape(weight.shape) for i in (0, 1))
    return share, to_weight, to_bias


def standardised(a: Array, axes: tuple[int, ...], eps: float) -> Any:
    x = folded(a, axes) if suits(a) else None
    if x is None:
        return NotImplemented
    out, mean, variance = np.empty(a.shape, x.dtype), np.empty(len(x), x.dtype), np.empty(len(x), x.dtype)
    on_blocks(_forward, x.size, x, out.reshape(x.shape), mean, variance, extra=(eps,))
    shape = reduced_shape(a, axes, True)
    return out, mean.reshape(shape), variance.reshape(shape)


def standardised_back(g: Array, out: Array, variance: Array, axes: tuple[int, ...], eps: float) -> Array:
    up = folded(g, axes) if suits(g, out, variance) and g.shape == out.shape else None
    if up is None:
        return NotImplemented
    share = np.empty(g.shape, up.dtype)
    arrays = (up, ready(out).reshape(up.shape), ready(variance).reshape(len(up)), share.reshape(up.shape))
    on_blocks(_backward, up.size, *arrays, extra=(eps,))
    return share
