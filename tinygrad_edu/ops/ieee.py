"""Scalar arithmetic by IEEE 754: infinities and nan where Python would raise or turn complex.

Plain Python floats are used first, because they are fast; these helpers are the slow path that an operation takes
when Python has raised, so that a scalar program behaves like one on arrays, without NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable

__all__ = ["Float", "divide", "guarded", "power"]

_inf, _nan = math.inf, math.nan


def divide(a: float, b: float) -> float:
    """a / b with the IEEE results for b = 0.

    >>> divide(1.0, 0.0), divide(1.0, -0.0), divide(0.0, 0.0)
    (inf, -inf, nan)
    """
    try:
        return a / b
    except ZeroDivisionError:
        if a == 0 or a != a:
            return _nan
        return math.copysign(_inf, a) * math.copysign(1.0, b)


def power(a: float, b: float) -> float:
    """a ** b: overflow gives an infinity, 0 to a negative power an infinity, a negative root nan.

    >>> power(1e200, 2.0), power(0.0, -0.5), power(-1.0, 0.5), power(0.0, 0.0)
    (inf, inf, nan, 1.0)
    """
    try:
        result = a**b
    except ZeroDivisionError:
        # 0 ** negative: the sign of the zero counts only for odd powers.
        return math.copysign(_inf, a) if b % 2 == 1 else _inf
    except OverflowError:
        if a < 0 and b % 1:
            return _nan
        return -_inf if a < 0 and b % 2 == 1 else _inf
    return _nan if result.__class__ is complex else result


def guarded(function: Callable[[float], float], *, at_pole: float = _nan) -> Callable[[float], float]:
    """A math function that returns inf on overflow, and outside its domain nan (at 0: `at_pole`).

    >>> guarded(math.exp)(1000.0), guarded(math.log, at_pole=-math.inf)(0.0), guarded(math.sqrt)(-1.0)
    (inf, -inf, nan)
    """

    def call(x: float) -> float:
        try:
            return function(x)
        except OverflowError:
            return _inf
        except ValueError:
            return at_pole if x == 0 else _nan

    return call


class Float(float):
    """A float whose division and powers follow IEEE 754: derivative rules are run on it when Python has raised."""

    __slots__ = ()

    def __add__(self, other: float) -> Float:
        return Float(float(self) + float(other))

    def __sub__(self, other: float) -> Float:
        return Float(float(self) - float(other))

    def __rsub__(self, other: float) -> Float:
        return Float(float(other) - float(self))

    def __mul__(self, other: float) -> Float:
        return Float(float(self) * float(other))

    def __truediv__(self, other: float) -> Float:
        return Float(divide(float(self), float(other)))

    def __rtruediv__(self, other: float) -> Float:
        return Float(divide(float(other), float(self)))

    def __pow__(self, other: float) -> Float:  # type: ignore[override]
        return Float(power(float(self), float(other)))

    def __rpow__(self, other: float) -> Float:  # type: ignore[override]
        return Float(power(float(other), float(self)))

    def __neg__(self) -> Float:
        return Float(-float(self))

    __radd__ = __add__
    __rmul__ = __mul__
