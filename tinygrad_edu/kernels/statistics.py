"""Kernels that reduce: variance, sums without nan, softmax. `axes` is a tuple of dimensions counted from 0."""

# mypy: disable-error-code="call-overload"
from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = [
    "deviation", "layer_norm", "layer_norm_back", "log_softmax", "log_softmax_back", "logsumexp", "logsumexp_back",
    "nansum", "softmax", "softmax_back", "standardised", "standardised_back", "var",
]  # fmt: skip

Array = Any


def var(a: Array, axes: tuple[int, ...], correction: float, keepdim: bool) -> Array:
    count = math.prod(a.shape[axis] for axis in axes)
    middle = np.add.reduce(a, axis=axes, keepdims=True) / a.dtype.type(count)
    total = np.add.reduce(np.square(a - middle), axis=axes, keepdims=keepdim)
    return total / a.dtype.type(max(count - correction, 0))


def deviation(a: Array, scale: Array, axes: tuple[int, ...]) -> Array:
    """The array less its mean over the axes, times the scale, which has one element for each mean."""
    kept = [1 if d in axes else size for d, size in enumerate(a.shape)]
    count = math.prod(a.shape[axis] for axis in axes)
    middle = np.add.reduce(a, axis=axes, keepdims=True) / a.dtype.type(count)
    return np.reshape(scale, kept) * (a - middle)


def nansum(a: Array, axes: tuple[int, ...], keepdim: bool) -> Array:
    return np.add.reduce(np.where(a == a, a, a.dtype.type(0)), axis=axes, keepdims=keepdim)


def _largest(a: Array, axes: tuple[int, ...]) -> Array:
    """What may be taken off every exponent, so that the largest is 0; infinities stay where they are."""
    if math.prod(a.shape[axis] for axis in axes) == 0:
        return a.dtype.type(0)
    largest = np.maximum.reduce(a, axis=axes, keepdims=True)
    return np.where(np.isinf(largest), a.dtype.type(0), largest)


def softmax(a: Array, axis: int) -> Array:
    if not np.ndim(a):
        return a * 0 + 1
    if not a.size:
        return np.array(a)
    a = np.ascontiguousarray(a)  # so that the result lies row by row, as PyTorch's
    grown = np.exp(a - np.maximum.reduce(a, axis=axis, keepdims=True))
    return grown / np.add.reduce(grown, axis=axis, keepdims=True)


def log_softmax(a: Array, axis: int) -> Array:
    if not np.ndim(a):
        return a * 0
    if not a.size:
        return np.array(a)
    a = np.ascontiguousarray(a)
    lowered = a - np.maximum.reduce(a, axis=axis, keepdims=True)
    return lowered - np.log(np.add.reduce(np.exp(lowered), axis=axis, keepdims=True))


def softmax_back(g: Array, out: Array, axis: int) -> Array:
    """The gradient of softmax's input."""
    if not np.ndim(out):
        return g * 0
    return out * (g - np.add.reduce(g * out, axis=axis, keepdims=True))


def log_softmax_back(g: Array, out: Array, axis: int) -> Array:
    """The gradient of log_softmax's input."""
    if not np.ndim(out):
        return g * 0
    return g - np.exp(out) * np.add.reduce(g, axis=axis, keepdims=True)


def standardised(a: Array, axes: tuple[int, ...], eps: float) -> tuple[Array, Array, Array]:
    """The array less its mean and divided by its deviation over the axes; and the mean and the variance, as sizes 1."""
    a = np.ascontiguousarray(a)
    middle = np.add.reduce(a, axis=axes, keepdims=True) / _size(a, axes)
    apart = a - middle
    variance = np.add.reduce(apart * apart, axis=axes, keepdims=True) / _size(a, axes)
    return apart * (1 / np.sqrt(variance + eps)), middle, variance


def standardised_back(g: Array, out: Array, variance: Array, axes: tuple[int, ...], eps: float) -> Array:
    """The gradient of its input: g without its mean and without its part along `out`, divided by the deviation."""
    mean = np.add.reduce(g, axis=axes, keepdims=True) / _size(g, axes)
    along = np.add.reduce(g * out, axis=axes, keepdims=True) / _size(g, axes)
    return (g - mean - out * along) * (1 / np.sqrt(variance + eps))


def layer_norm(a: Array, weight: Array, bias: Array, eps: float) -> tuple[Array, Array, Array]:
    """The array standardised over the last dimensions, those of the weight, times it, plus the bias."""
    out, middle, variance = standardised(a, tuple(range(a.ndim - weight.ndim, a.ndim)), eps)
    return out * weight + bias, middle, variance


def layer_norm_back(
    g: Array, a: Array, middle: Array, variance: Array, weight: Array, eps: float
) -> tuple[Array, Array, Array]:
    """The gradients of the array, the weight and the bias."""
    kept = a.ndim - weight.ndim
    leading, last = tuple(range(kept)), tuple(range(kept, a.ndim))
    out = (a - middle) * (1 / np.sqrt(variance + eps))
    share = standardised_back(g * weight, out, variance, last, eps)
    return share, np.add.reduce(g * out, axis=leading), np.add.reduce(g, axis=leading)


def _size(a: Array, axes: tuple[int, ...]) -> Any:
    return a.dtype.type(math.prod(a.shape[axis] for axis in axes))


def logsumexp(a: Array, axes: tuple[int, ...], keepdim: bool) -> Array:
    largest = _largest(a, axes)
    total = np.log(np.add.reduce(np.exp(a - largest), axis=axes, keepdims=keepdim))
    if not keepdim and np.ndim(largest) and axes:
        largest = np.squeeze(largest, axes)
    return total + largest


def logsumexp_back(a: Array, g: Array, out: Array, axes: tuple[int, ...]) -> Array:
    """The gradient of logsumexp's input; 0 at -inf, even where everything is -inf."""
    kept = [1 if d in axes else size for d, size in enumerate(np.shape(a))]
    weight = np.exp(a - np.reshape(out, kept))
    return np.reshape(g, kept) * np.where(a == -math.inf, a.dtype.type(0), weight)
