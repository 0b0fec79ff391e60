"""Special functions for one number, from the standard library and a few series; `each` takes them through an array.

NumPy has none of them. A call per element is slow next to NumPy, but it is exact and short: this is what faster
kernels are compared with. Formulas: Abramowitz and Stegun, Handbook of Mathematical Functions, chapters 6, 7 and 26.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

__all__ = ["BERNOULLI", "digamma", "each", "erfc", "erfinv", "inverse_erf", "lgamma", "log_gamma", "polygamma", "psi"]

_inf, _nan = math.inf, math.nan
# Bernoulli numbers B2, B4, ... B18
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798)


def inverse_erf(x: float) -> float:
    """The number whose erf is x: Newton's method from a first guess that is right to 0.5%.

    >>> round(inverse_erf(math.erf(0.5)), 15), inverse_erf(1.0)
    (0.5, inf)
    """
    if not -1 < x < 1:
        return math.copysign(_inf, x) if x in (-1, 1) else _nan
    if x == 0:
        return x
    logarithm = math.log1p(-x * x)
    half = 2 / (math.pi * 0.147) + logarithm / 2
    y = math.sqrt(math.sqrt(half * half - logarithm / 0.147) - half)
    size = abs(x)
    for _ in range(4):
        # erfc keeps the digits where erf is nearly 1; dividing by 1 + y * step is Halley's correction
        error = (1 - size) - math.erfc(y) if size > 0.5 else math.erf(y) - size
        step = error / (2 / math.sqrt(math.pi) * math.exp(-y * y))
        y -= step / (1 + y * step)
    return math.copysign(y, x)


def log_gamma(x: float) -> float:
    """The logarithm of the absolute value of the gamma function; infinite at 0 and the negative integers."""
    try:
        return math.lgamma(x)
    except (ValueError, OverflowError):
        return _inf


def psi(x: float) -> float:
    """The derivative of :func:`log_gamma`: moved up by its recurrence to where the asymptotic series holds.

    >>> round(-psi(1.0), 12)  # Euler's constant
    0.577215664902
    """
    if x == 0:
        return math.copysign(_inf, -x)
    if math.isinf(x):
        return x if x > 0 else _nan
    if x < 0:
        if x == math.floor(x):
            return _nan
        return psi(1 - x) - math.pi / math.tan(math.pi * math.fmod(x, 1))
    total = 0.0
    while x < 12:
        total -= 1 / x
        x += 1
    square, power, series = 1 / (x * x), 1.0, 0.0
    for k, bernoulli in enumerate(BERNOULLI, 1):
        power *= square
        series += bernoulli / (2 * k) * power
    return total + math.log(x) - 0.5 / x - series


def _inverse_power(x: float, n: int) -> float:
    try:
        return x**-n
    except (OverflowError, ZeroDivisionError):
        return -_inf if x < 0 and n % 2 else _inf


def polygamma(x: float, n: int) -> float:
    """The n-th derivative of :func:`psi`.

    >>> round(polygamma(1.0, 1) - math.pi**2 / 6, 12)
    0.0
    """
    if n == 0:
        return psi(x)
    sign = 1.0 if n % 2 else -1.0
    if not x == x or x == -_inf:
        return _nan
    if x <= 0 and x == math.floor(x):
        return _inf if n % 2 else _nan
    if n == 1 and x < 0:
        return -polygamma(1 - x, 1) + (math.pi / math.sin(math.pi * math.fmod(x, 1))) ** 2
    total = 0.0
    while x < 12 + n:
        total += _inverse_power(x, n + 1)
        x += 1
    if x == _inf:
        return 0.0
    total *= math.factorial(n)
    series = math.factorial(n - 1) * x**-n + math.factorial(n) * x ** -(n + 1) / 2
    for k, bernoulli in enumerate(BERNOULLI, 1):
        series += bernoulli * math.factorial(2 * k + n - 1) / math.factorial(2 * k) * x ** -(2 * k + n)
    return sign * (total + series)


def each(function: Callable[..., float], a: Any, *rest: Any) -> Any:
    """A function of one number, and constants, applied to every element; the type of the elements stays."""
    import numpy as np

    values = np.frompyfunc(lambda x: function(x, *rest), 1, 1)(a)
    result = np.array(values, a.dtype)
    return result if result.ndim else result[()]


def erfc(a: Any) -> Any:
    return each(math.erfc, a)


def erfinv(a: Any) -> Any:
    return each(inverse_erf, a)


def lgamma(a: Any) -> Any:
    return each(log_gamma, a)


def digamma(a: Any) -> Any:
    return each(psi, a)
