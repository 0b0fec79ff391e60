"""Group norm and RMS norm: rows that are standardised, or scaled, and multiplied with weights; forwards and back.

What the weights get is summed over rows; each thread does so for its own rows, and these sums are added in their order.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cpu.compiler import compiled
from tinygrad_edu.kernels.numba_cpu.layout import folded, ready, reduced_shape, suits
from tinygrad_edu.kernels.numba_cpu.reductions import row_squares, row_total
from tinygrad_edu.kernels.threads import on_blocks

__all__ = ["group_norm", "group_norm_back", "rms_norm", "rms_norm_back"]

Array = Any


# Arrays are (samples, groups, channels of a group, places), and flat for one number to each group.
@compiled
def _group_rows(x: Array, out: Array, mean: Array, variance: Array, weight: Array, bias: Array, eps: float) -> None:
    count = x.shape[2] * x.shape[3]
    for n in range(x.shape[0]):
        for k in range(x.shape[1]):
            row = x[n, k].reshape(count)
            middle = x.dtype.type(row_total(row) / count)
            spread = row_squares(row, middle) / count
            mean[n, k], variance[n, k] = middle, spread
            inverse = 1 / math.sqrt(spread + eps)
            for c in range(x.shape[2]):
                channel, into = x[n, k, c], out[n, k, c]
                scale, shift = x.dtype.type(weight[k, c] * inverse), bias[k, c]
                for j in range(channel.size):
                    into[j] = (channel[j] - middle) * scale + shift


@compiled
def _group_back(x: Array, g: Array, mean: Array, variance: Array, share: Array, weight: Array, eps: float) -> Any:
    to_weight, to_bias = np.zeros(weight.shape, np.float64), np.zeros(weight.shape, np.float64)
    count = x.shape[2] * x.shape[3]
    for n in range(x.shape[0]):
        for k in range(x.shape[1]):
            middle, inverse = mean[n, k], x.dtype.type(1 / math.sqrt(variance[n, k] + eps))
            whole, along = 0.0, 0.0
            for c in range(x.shape[2]):
                channel, up = x[n, k, c], g[n, k, c]
                part, product = x.dtype.type(0), x.dtype.type(0)
                for j in range(channel.size):
                    part += up[j]
                    product += up[j] * (channel[j] - middle)
                to_bias[k, c] += part
                to_weight[k, c] += product * inverse
                whole += part * weight[k, c]
                along += product * inverse * weight[k, c]
            even, slope = x.dtype.type(whole / count * inverse), x.dtype.type(along / count * inverse * inverse)
            for c in range(x.shape[2]):
                channel, up, into = x[n, k, c], g[n, k, c], share[n, k, c]
                scale = weight[k, c] * inverse
                for j in range(channel.size):
                    into[j] = up[j] * scale - even - (channel[j] - middle) * slope
    return to_weight, to_bias


@compiled
def _rms_rows(x: Array, out: Array, scales: Array, weight: Array, eps: float) -> None:
    for r in range(x.shape[0]):
        row, into = x[r], out[r]
        scale = x.dtype.type(1 / math.sqrt(row_squares(row, x.dtype.type(0)) / row.size + eps))
        scales[r] = scale
        for j in range(row.size):
            into[j] = row[j] * scale * weight[j]


@compiled
def _rms_back(x: Array, g: Array, scales: Array, share: Array, weight: Array) -> Array:
    to_weight = np.zeros(weight.size, x.dtype)
    for r in range(x.shape[0]):
        row, up, into, scale = x[r], g[r], share[r], scales[r]
        along = x.dtype.type(0)
        for j in range(row.size):
            whole = row[j] * scale
            to_weight[j] += up[j] * whole
            along += up[j] * weight[j] * whole
        slope = along / x.dtype.type(row.size) * scale
        for j in range(row.size):
            into[j] = (up[j] * weight[j] - row[j] * slope) * scale
    return to_weight


def _split(a: Array, groups: int) -> Array:
    return ready(a).reshape(len(a), groups, a.shape[1] // groups, -1)


def group_norm(a: Array, weight: Array, bias: Array, groups: int, eps: float) -> Any:
    if not suits(a, weight, bias) or not a.size or not weight.shape == bias.shape == a.shape[1:2]:
        return NotImplemented
    x, out = _split(a, groups), np.empty(a.shape, a.dtype)
    mean, variance = np.empty((len(a), groups), a.dtype), np.empty((len(a), groups), a.dtype)
    extra = (ready(weight).reshape(groups, -1), ready(bias).reshape(groups, -1), eps)
    on_blocks(_group_rows, a.size, x, out.reshape(x.shape), mean, variance, extra=extra)
    return out, mean, variance


def group_norm_back(a: Array, g: Array, middle: Array, variance: Array, weight: Array, eps: float) -> Any:
    if not suits(a, g, middle, variance, weight) or not a.size or g.shape != a.shape or weight.shape != a.shape[1:2]:
        return NotImplemented
    groups = middle.shape[1]
    x, share = _split(a, groups), np.empty(a.shape, a.dtype)
    arrays = (x, _split(g, groups), ready(middle), ready(variance), share.reshape(x.shape))
    parts = on_blocks(_group_back, a.size, *arrays, extra=(ready(weight).reshape(groups, -1), eps))
    to_weight, to_bias = (np.add.reduce([p[i] for p in parts]).reshape(-1).astype(a.dtype) for i in (0, 1))
    return share, to_weight, to_bias


def rms_norm(a: Array, weight: Array, eps: float) -> Any:
    axes = tuple(range(a.ndim - weight.ndim, a.ndim))
    x = folded(a, axes) if suits(a, weight) and weight.shape == a.shape[a.ndim - weight.ndim :] else None
    if x is None or not a.size:
        return NotImplemented
    out, scales = np.empty(a.shape, a.dtype), np.empty(len(x), a.dtype)
    on_blocks(_rms_rows, a.size, x, out.reshape(x.shape), scales, extra=(ready(weight).reshape(-1), eps))
    return out, scales.reshape(reduced_shape(a, axes, True))


def rms_norm_back(a: Array, g: Array, scale: Array, weight: Array) -> Any:
    axes = tuple(range(a.ndim - weight.ndim, a.ndim))
    fits = suits(a, g, scale, weight) and g.shape == a.shape and weight.shape == a.shape[a.ndim - weight.ndim :]
    x = folded(a, axes) if fits else None
    if x is None or not a.size:
        return NotImplemented
    share = np.empty(a.shape, a.dtype)
    arrays = (x, ready(g).reshape(x.shape), ready(scale).reshape(len(x)), share.reshape(x.shape))
    parts = on_blocks(_rms_back, a.size, *arrays, extra=(ready(weight).reshape(-1),))
    return share, np.add.reduce(parts).reshape(weight.shape)
