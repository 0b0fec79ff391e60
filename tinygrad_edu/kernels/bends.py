"""Functions made of straight pieces, such as leaky ReLU: one comparison, two formulas."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any

__all__ = ["above", "between", "hardshrink", "hardtanh", "leaky_relu", "prelu", "softshrink", "threshold"]


def above(a: Array, bound: float, yes: float, no: float) -> Array:
    kind = a.dtype.type
    return np.where(a > bound, kind(yes), kind(no))[()]


def between(a: Array, low: float, high: float, closed: bool, yes: float, no: float) -> Array:
    kind = a.dtype.type
    if closed:
        return np.where((a >= low) & (a <= high), kind(yes), kind(no))[()]
    return np.where((a <= low) | (a >= high), kind(no), kind(yes))[()]


def leaky_relu(a: Array, negative_slope: float) -> Array:
    return np.where(a > 0, a, a * a.dtype.type(negative_slope))[()]


def prelu(a: Array, weight: Array) -> Array:
    return np.where(a > 0, a, a * weight)[()]


def hardtanh(a: Array, min_val: float, max_val: float) -> Array:
    return np.minimum(np.maximum(a, a.dtype.type(min_val)), a.dtype.type(max_val))


def threshold(a: Array, threshold: float, value: float) -> Array:
    return np.where(a <= threshold, a.dtype.type(value), a)[()]


def hardshrink(a: Array, lambd: float) -> Array:
    return np.where((a >= -lambd) & (a <= lambd), a.dtype.type(0), a)[()]


def softshrink(a: Array, lambd: float) -> Array:
    limit = a.dtype.type(lambd)
    return np.where(a > limit, a - limit, np.where(a < -limit, a + limit, a * a.dtype.type(0)))[()]
