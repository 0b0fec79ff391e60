"""Exponentials and logarithms in other bases and in other places: near 0, of sums, times a number."""

from __future__ import annotations

import math
from typing import Any

from tinygrad_edu.ops.elementwise import sigmoid
from tinygrad_edu.ops.ieee import guarded
from tinygrad_edu.ops.registry import elementwise

_exp, _expm1, _exp2 = guarded(math.exp), guarded(math.expm1), guarded(lambda x: 2.0**x)
_log, _log1p = guarded(math.log, at_pole=-math.inf), guarded(math.log1p)
_log2, _log10 = guarded(math.log2, at_pole=-math.inf), guarded(math.log10, at_pole=-math.inf)
_LN2, _LN10 = math.log(2), math.log(10)


@elementwise(array="exp2", promote="float")
def exp2(input: Any, /) -> Any:
    """2 to the power of the input."""
    return _exp2(input)


@exp2.partials
def _(out: Any, _a: Any) -> Any:
    return out * _LN2


@elementwise(array="expm1", promote="float")
def expm1(input: Any, /) -> Any:
    """``exp(x) - 1``, exact to the last digits near 0 too."""
    return _expm1(input)


@expm1.partials
def _(out: Any, _a: Any) -> Any:
    return out + 1


@elementwise(array="log1p", promote="float", domain=(-0.5, 2), grad_name="Log1PBackward0")
def log1p(input: Any, /) -> Any:
    """``log(1 + x)``, exact to the last digits near 0 too; -inf at -1, nan below."""
    return -math.inf if input == -1 else _log1p(input)


@log1p.partials
def _(_out: Any, a: Any) -> Any:
    return 1 / (a + 1)


@elementwise(array="log2", promote="float", domain=(0.5, 3))
def log2(input: Any, /) -> Any:
    """Logarithm to base 2: -inf at 0, nan below."""
    return _log2(input)


@log2.partials
def _(_out: Any, a: Any) -> Any:
    return 1 / (a * _LN2)


@elementwise(array="log10", promote="float", domain=(0.5, 3))
def log10(input: Any, /) -> Any:
    """Logarithm to base 10: -inf at 0, nan below."""
    return _log10(input)


@log10.partials
def _(_out: Any, a: Any) -> Any:
    return 1 / (a * _LN10)


def _added(a: float, b: float, grown: Any, logarithm: Any) -> float:
    """The logarithm of a sum of powers: the larger exponent, and what the smaller one adds to it."""
    if a == b:
        return a + logarithm(2.0)
    low, high = (a, b) if a < b else (b, a)
    return float(high + logarithm(1 + grown(low - high)))


@elementwise(array="logaddexp", promote="floating")
def logaddexp(input: Any, other: Any, /) -> Any:
    """``log(exp(x) + exp(y))``, without overflow."""
    return _added(input, other, _exp, _log)


@logaddexp.partials
def _(_out: Any, a: Any, b: Any) -> Any:
    return lambda: sigmoid(a - b), lambda: sigmoid(b - a)


@elementwise(array="logaddexp2", promote="floating")
def logaddexp2(input: Any, other: Any, /) -> Any:
    """``log2(2**x + 2**y)``, without overflow."""
    return _added(input, other, _exp2, _log2)


@logaddexp2.partials
def _(_out: Any, a: Any, b: Any) -> Any:
    return lambda: sigmoid((a - b) * _LN2), lambda: sigmoid((b - a) * _LN2)


@elementwise(array="xlogy", promote="float", domain=(0.5, 3))
def xlogy(input: Any, other: Any, /) -> Any:
    """``x * log(y)``, and 0 where x is 0 (unless y is nan)."""
    return 0.0 if input == 0 and other == other else input * _log(other)


@xlogy.partials
def _(_out: Any, a: Any, b: Any) -> Any:
    # log(y), and 0 where that is infinite but x * log(y) is 0 all the same
    return lambda: xlogy((a != 0) | (b > 0), b), lambda: a / b
