"""Normalisations with their weights, in the plainest NumPy: over the batch, over groups, by the root mean square.

Channels are dimension 1: (N, C, ...). Each gives what its way back needs besides: means and variances, without bias.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.kernels.statistics import standardised, standardised_back

__all__ = [
    "batch_norm", "batch_norm_back", "group_norm", "group_norm_back", "rms_norm", "rms_norm_back"
]  # fmt: skip

Array = Any


def _per_channel(values: Array, ndim: int) -> Array:
    return values.reshape((1, -1) + (1,) * (ndim - 2))


def _others(ndim: int) -> tuple[int, ...]:
    """All dimensions but that of the channels."""
    return (0, *range(2, ndim))


def batch_norm(a: Array, weight: Array, bias: Array, eps: float) -> tuple[Array, Array, Array]:
    """Each channel standardised over samples and places, times its weight, plus its bias; means and variances (C,)."""
    out, middle, variance = standardised(a, _others(a.ndim), eps)
    return (
        out * _per_channel(weight, a.ndim) + _per_channel(bias, a.ndim), middle.reshape(-1), variance.reshape(-1)
    )  # fmt: skip


def batch_norm_back(
    a: Array, g: Array, middle: Array, variance: Array, weight: Array, eps: float
) -> tuple[Array, Array, Array]:
    """The gradients of the array, the weight and the bias."""
    axes, variance = _others(a.ndim), _per_channel(variance, a.ndim)
    out = (a - _per_channel(middle, a.ndim)) * (1 / np.sqrt(variance + eps))
    share = standardised_back(g * _per_channel(weight, a.ndim), out, variance, axes, eps)
    return share, np.add.reduce(g * out, axis=axes), np.add.reduce(g, axis=axes)


def group_norm(a: Array, weight: Array, bias: Array, groups: int, eps: float) -> tuple[Array, Array, Array]:
    """The channels of a sample standardised in groups, times their weights, plus their biases; (N, groups) of each."""
    out, middle, variance = standardised(a.reshape(_grouped(a, groups)), (2,), eps)
    out = out.reshape(a.shape) * _per_channel(weight, a.ndim) + _per_channel(bias, a.ndim)
    return out, middle.reshape(len(a), groups), variance.reshape(len(a), groups)


def group_norm_back(
    a: Array, g: Array, middle: Array, variance: Array, weight: Array, eps: float
) -> tuple[Array, Array, Array]:
    """The gradients of the array, the weight and the bias."""
    grouped, axes = _grouped(a, middle.shape[1]), _others(a.ndim)
    variance = variance[:, :, None]
    out = (a.reshape(grouped) - middle[:, :, None]) * (1 / np.sqrt(variance + eps))
    share = standardised_back((g * _per_channel(weight, a.ndim)).reshape(grouped), out, variance, (2,), eps)
    to_weight = np.add.reduce(g * out.reshape(a.shape), axis=axes)
    return share.reshape(a.shape), to_weight, np.add.reduce(g, axis=axes)


def _grouped(a: Array, groups: int) -> tuple[int, int, int]:
    return len(a), groups, math.prod(a.shape[1:]) // groups


def rms_norm(a: Array, weight: Array, eps: float) -> tuple[Array, Array]:
    """The array divided by its root mean square over the weight's dimensions, times it; and 1 over that."""
    axes = tuple(range(a.ndim - weight.ndim, a.ndim))
    scale = 1 / np.sqrt(np.add.reduce(a * a, axis=axes, keepdims=True) / _size(a, axes) + eps)
    return a * scale * weight, scale


def rms_norm_back(a: Array, g: Array, scale: Array, weight: Array) -> tuple[Array, Array]:
    """The gradients of the array and the weight."""
    axes = tuple(range(a.ndim - weight.ndim, a.ndim))
    whole, scaled = a * scale, g * weight
    along = np.add.reduce(scaled * whole, axis=axes, keepdims=True) / _size(a, axes)
    return (scaled - whole * along) * scale, np.add.reduce(g * whole, axis=tuple(range(axes[0])))


def _size(a: Array, axes: tuple[int, ...]) -> Any:
    return a.dtype.type(math.prod(a.shape[axis] for axis in axes))
