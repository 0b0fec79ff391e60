"""Logarithm, sine and cosine that give the same bits on every machine: built from +, -, *, / and sqrt alone.

IEEE 754 prescribes the last bit of those five, but not of log, sin and cos: libraries differ, and so would
random numbers made with them. These series are accurate to a few units in the last place, for float64 arrays.
"""

from __future__ import annotations

from math import factorial, sqrt
from typing import Any

import numpy as np

__all__ = ["cos_sin_turn", "natural_log"]

# log(m) = 2 atanh(s) = 2 (s + s^3/3 + s^5/5 + ...) with s = (m - 1) / (m + 1); |s| < 0.172 for sqrt(1/2) <= m
# < sqrt 2.
_LOG = [2.0 / (2 * k + 1) for k in range(12)]
# Taylor series in the square of the angle, for angles up to pi/4.
_COS = [(-1.0) ** k / factorial(2 * k) for k in range(10)]
_SIN = [(-1.0) ** k / factorial(2 * k + 1) for k in range(9)]
_SQRT_HALF, _LN_2, _QUARTER_TURN = sqrt(0.5), 0.6931471805599453, 1.5707963267948966


def _polynomial(coefficients: list[float], x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    result = np.full_like(x, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        result *= x
        result += coefficient
    return result


def natural_log(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """log(x) for finite x > 0, in float64.

    >>> natural_log(np.array([1.0, 0.5])).tolist()
    [0.0, -0.6931471805599453]
    """
    mantissa, exponent = np.frexp(x)  # x = mantissa * 2**exponent, exactly, with the mantissa in [0.5, 1)
    low = mantissa < _SQRT_HALF
    mantissa = np.where(low, mantissa + mantissa, mantissa)
    s = (mantissa - 1.0) / (mantissa + 1.0)
    result = _polynomial(_LOG, s * s)
    result *= s
    result += (exponent - low) * _LN_2
    return result


def cos_sin_turn(turn: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Cosine and sine of the angle ``2 pi turn``, for turns in [0, 1], in float64.

    >>> cos, sin = cos_sin_turn(np.array([0.0, 0.125]))
    >>> cos.round(4).tolist(), sin.round(4).tolist()
    ([1.0, 0.7071], [0.0, 0.7071])
    """
    quarters = turn * 4.0
    nearest = np.rint(quarters)
    angle = (quarters - nearest) * _QUARTER_TURN  # the difference is exact
    square = angle * angle
    cos, sin = _polynomial(_COS, square), _polynomial(_SIN, square)
    sin *= angle
    quadrant = nearest.astype(np.int64)
    odd = (quadrant & 1).astype(bool)
    sign = 1.0 - (quadrant & 2)
    return np.where(odd, -sin, cos) * sign, np.where(odd, cos, sin) * sign
