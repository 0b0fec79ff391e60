"""The error function on arrays: a call per element for few of them, a series for many.

erf(x) / x is an even function without corners, so that a short Chebyshev series in x² gives it to 14 digits where erf
is not yet 1, and takes a twentieth of the time of a call per element. Its coefficients are computed when first needed.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from tinygrad_edu.kernels.special import each

__all__ = ["erf"]

Array = Any
_END = 36.0  # x² from which erf is 1 in every digit
_FEW, _BLOCK = 64, 8192  # blocks that stay in the processor's cache


@cache
def _coefficients(terms: int = 44) -> list[float]:
    angles = np.pi * (np.arange(terms) + 0.5) / terms
    x = np.sqrt(_END / 2 * (1 + np.cos(angles)))
    values = np.array([math.erf(v) / v for v in x])
    series = 2 / terms * np.cos(np.outer(np.arange(terms), angles)) @ values
    series[0] /= 2
    found: list[float] = series.tolist()
    return found


def _block(x: Array) -> Array:
    """Clenshaw's recurrence for the series, times x; beyond the end that is more than 1 and cut off."""
    first, *rest = _coefficients()
    place = np.minimum(x * x, _END) * (4 / _END) - 2
    last, before = np.zeros_like(x), np.zeros_like(x)
    for coefficient in reversed(rest):
        last, before = place * last - before + coefficient, last
    return np.clip(x * (place / 2 * last - before + first), -1, 1)


def erf(a: Array) -> Array:
    if np.size(a) <= _FEW:
        return each(math.erf, a)
    flat = a.reshape(-1)
    out = np.empty(flat.shape, a.dtype)
    for start in range(0, flat.size, _BLOCK):
        out[start : start + _BLOCK] = _block(flat[start : start + _BLOCK].astype(np.float64))
    return out.reshape(a.shape)
