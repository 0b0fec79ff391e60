"""The error function and the gamma function with their kin, and the inverse of the sigmoid."""

from __future__ import annotations

import math
from typing import Any

from tinygrad_edu.kernels import kernels
from tinygrad_edu.kernels import special as numbers
from tinygrad_edu.ops.elementwise import choose, exp
from tinygrad_edu.ops.ieee import divide, guarded
from tinygrad_edu.ops.registry import cases, elementwise

_log = guarded(math.log, at_pole=-math.inf)
_SLOPE = 2 / math.sqrt(math.pi)  # of erf at 0


@elementwise(array="erf", promote="float")
def erf(input: Any, /) -> Any:
    """The error function: the share of a normal distribution within x√2 standard deviations of its mean."""
    return math.erf(input)


@erf.partials
def _(_out: Any, a: Any) -> Any:
    return _SLOPE * exp(-a * a)


@elementwise(array="erfc", promote="float")
def erfc(input: Any, /) -> Any:
    """``1 - erf(x)``, exact for large x too."""
    return math.erfc(input)


@erfc.partials
def _(_out: Any, a: Any) -> Any:
    return -_SLOPE * exp(-a * a)


@elementwise(array="erfinv", promote="float", domain=(-0.9, 0.9))
def erfinv(input: Any, /) -> Any:
    """The inverse of :func:`erf`; infinite at -1 and 1, nan beyond."""
    return numbers.inverse_erf(input)


@erfinv.partials
def _(out: Any, _a: Any) -> Any:
    return exp(out * out) / _SLOPE


@elementwise(array="lgamma", promote="float", domain=(0.5, 3))
def lgamma(input: Any, /) -> Any:
    """The logarithm of the absolute value of the gamma function."""
    return numbers.log_gamma(input)


@lgamma.partials
def _(_out: Any, a: Any) -> Any:
    return digamma(a)


@elementwise(array="digamma", promote="float", domain=(0.5, 3))
def digamma(input: Any, /) -> Any:
    """The derivative of :func:`lgamma`."""
    return numbers.psi(input)


@digamma.partials
def _(_out: Any, a: Any) -> Any:
    return polygamma(a, 1)


def _check_order(n: int) -> None:
    if n < 0:
        raise RuntimeError(f"polygamma(n, x) does not support negative n, got {n}")


def _polygamma(array: Any, n: int) -> Any:
    _check_order(n)
    return kernels.each(numbers.polygamma, array, n)


@elementwise(
    array=_polygamma, promote="float", domain=(0.5, 3), oracle="", samples=cases(([(2, 3)], (1,)), ([(2, 3)], (2,)))
)
def polygamma(input: Any, /, n: int) -> Any:
    """The n-th derivative of :func:`digamma`."""
    _check_order(n)
    return numbers.polygamma(input, n)


@polygamma.partials
def _(_out: Any, a: Any, n: int) -> Any:
    return polygamma(a, n + 1)


@elementwise(array="logit", promote="float", domain=(0.1, 0.9), samples=cases(([(2, 3)], (None,)), ([(2, 3)], (0.25,))))
def logit(input: Any, /, eps: Any = None) -> Any:
    """The inverse of the sigmoid, ``log(p / (1 - p))``; `eps` first holds p between eps and 1 - eps."""
    if eps is not None:
        input = eps if input < eps else 1 - eps if input > 1 - eps else input
    return _log(divide(input, 1 - input))


@logit.partials
def _(_out: Any, a: Any, eps: Any) -> Any:
    low, beyond = (0.0, math.nan) if eps is None else (eps, 0.0)
    return choose(beyond, 1 / (a * (1 - a)), (a < low) | (a > 1 - low))
