"""Hyperbolic and inverse trigonometric functions, angles of points, and degrees."""

from __future__ import annotations

import math
from typing import Any

from tinygrad_edu.ops.elementwise import rsqrt
from tinygrad_edu.ops.ieee import guarded
from tinygrad_edu.ops.registry import elementwise

_cosh, _asin, _acos, _acosh = guarded(math.cosh), guarded(math.asin), guarded(math.acos), guarded(math.acosh)
_sinh, _atanh = guarded(math.sinh), guarded(math.atanh)


@elementwise(array="sinh", promote="float")
def sinh(input: Any, /) -> Any:
    """Hyperbolic sine."""
    return math.copysign(_sinh(abs(input)), input)


@sinh.partials
def _(_out: Any, a: Any) -> Any:
    return cosh(a)


@elementwise(array="cosh", promote="float")
def cosh(input: Any, /) -> Any:
    """Hyperbolic cosine."""
    return _cosh(input)


@cosh.partials
def _(_out: Any, a: Any) -> Any:
    return sinh(a)


@elementwise(array="arcsin", promote="float", domain=(-0.9, 0.9))
def asin(input: Any, /) -> Any:
    """The angle between -π/2 and π/2 whose sine the input is; nan outside [-1, 1]."""
    return _asin(input)


@asin.partials
def _(_out: Any, a: Any) -> Any:
    return rsqrt(1 - a * a)


@elementwise(array="arccos", promote="float", domain=(-0.9, 0.9))
def acos(input: Any, /) -> Any:
    """The angle between 0 and π whose cosine the input is; nan outside [-1, 1]."""
    return _acos(input)


@acos.partials
def _(_out: Any, a: Any) -> Any:
    return -rsqrt(1 - a * a)


@elementwise(array="arctan", promote="float")
def atan(input: Any, /) -> Any:
    """The angle between -π/2 and π/2 whose tangent the input is."""
    return math.atan(input)


@atan.partials
def _(_out: Any, a: Any) -> Any:
    return 1 / (a * a + 1)


@elementwise(array="arcsinh", promote="float")
def asinh(input: Any, /) -> Any:
    """The inverse of the hyperbolic sine."""
    return math.asinh(input)


@asinh.partials
def _(_out: Any, a: Any) -> Any:
    return rsqrt(a * a + 1)


@elementwise(array="arccosh", promote="float", domain=(1.5, 3))
def acosh(input: Any, /) -> Any:
    """The inverse of the hyperbolic cosine; nan below 1."""
    return _acosh(input)


@acosh.partials
def _(_out: Any, a: Any) -> Any:
    return rsqrt(a * a - 1)


@elementwise(array="arctanh", promote="float", domain=(-0.9, 0.9))
def atanh(input: Any, /) -> Any:
    """The inverse of the hyperbolic tangent; infinite at -1 and 1, nan beyond."""
    return math.copysign(math.inf, input) if abs(input) == 1 else _atanh(input)


@atanh.partials
def _(_out: Any, a: Any) -> Any:
    return 1 / (1 - a * a)


@elementwise(array="arctan2", promote="float", domain=(0.5, 2))
def atan2(input: Any, other: Any, /) -> Any:
    """The angle of the point (x, y), between -π and π: the y comes first."""
    return math.atan2(input, other)


@atan2.partials
def _(_out: Any, a: Any, b: Any) -> Any:
    return lambda: b / (a * a + b * b), lambda: -a / (a * a + b * b)


@elementwise(array="hypot", promote="floating", domain=(0.5, 2))
def hypot(input: Any, other: Any, /) -> Any:
    """The hypotenuse ``sqrt(x**2 + y**2)``, without overflow."""
    return math.hypot(input, other)


@hypot.partials(uses=("out a", "out b"))
def _(out: Any, a: Any, b: Any) -> Any:
    return lambda: a / out, lambda: b / out


@elementwise(array="deg2rad", promote="float", grad_name="Deg2RadBackward0")
def deg2rad(input: Any, /) -> Any:
    """Degrees as radians."""
    return input * (math.pi / 180)


@deg2rad.partials
def _(_out: Any, _a: Any) -> Any:
    return math.pi / 180


@elementwise(array="rad2deg", promote="float", grad_name="Rad2DegBackward0")
def rad2deg(input: Any, /) -> Any:
    """Radians as degrees."""
    return input * (180 / math.pi)


@rad2deg.partials
def _(_out: Any, _a: Any) -> Any:
    return 180 / math.pi
