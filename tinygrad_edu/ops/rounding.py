"""Whole numbers out of broken ones: rounding in its directions, and division with what is left over.

The derivative of rounding is 0; that of a remainder sees the whole quotient as a constant.
"""

from __future__ import annotations

import math
from typing import Any

from tinygrad_edu.ops.elementwise import floor
from tinygrad_edu.ops.ieee import divide
from tinygrad_edu.ops.registry import cases, elementwise


@elementwise(array="ceil", gate=True, promote="numeric")
def ceil(input: Any, /) -> Any:
    """The smallest integer not below the input; its derivative is 0."""
    return float(math.ceil(input)) if math.isfinite(input) else input


@ceil.partials
def _(_out: Any, _a: Any) -> Any:
    return 0.0


@elementwise(array="trunc", gate=True, promote="numeric")
def trunc(input: Any, /) -> Any:
    """The integer part: rounding towards 0. Its derivative is 0."""
    return float(math.trunc(input)) if math.isfinite(input) else input


@trunc.partials
def _(_out: Any, _a: Any) -> Any:
    return 0.0


def _round_name(node: Any) -> str:
    return "RoundBackward1" if node.params[0] else "RoundBackward0"


def _half_even(x: float) -> float:
    """The nearest integer; of two the even one."""
    whole = math.floor(x)
    part = x - whole
    return float(whole + (part > 0.5 or (part == 0.5 and whole % 2 == 1)))


@elementwise(
    array="rounded", gate=True, promote="numeric", grad_name=_round_name,
    samples=cases(([(2, 3)], (2,)), ([(2, 3)], (1,))),
)  # fmt: skip
def round(input: Any, /, decimals: int = 0) -> Any:
    """The nearest integer, of two the even one; or rounded to `decimals` digits behind the point."""
    if not math.isfinite(input):
        return input
    scale = 10.0 ** abs(decimals)
    return _half_even(input * scale) / scale if decimals >= 0 else _half_even(input / scale) * scale


@round.partials
def _(_out: Any, _a: Any, _decimals: int) -> Any:
    return 0.0


@elementwise(array="frac", promote="floating")
def frac(input: Any, /) -> Any:
    """What stands behind the point, with the sign of the input."""
    return input - trunc(input)


@frac.partials
def _(_out: Any, _a: Any) -> Any:
    return 1


def _fmod(a: float, b: float) -> float:
    try:
        return math.fmod(a, b)
    except ValueError:  # a is infinite, or b is 0
        return math.nan


def _numbered(name: str) -> Any:
    """PyTorch counts operations with a plain number apart from those of two tensors."""
    return lambda node: f"{name}Backward{0 if node.input_shapes[1] is None else 1}"


@elementwise(array="fmod", promote="numeric", domain=(0.5, 2), grad_name=_numbered("Fmod"))
def fmod(input: Any, other: Any, /) -> Any:
    """What a division with a quotient rounded towards 0 leaves over: it has the sign of the input."""
    return _fmod(input, other)


@fmod.partials(uses=("", "a b"))
def _(_out: Any, a: Any, b: Any) -> Any:
    return 1, lambda: -trunc(a / b)


@elementwise(label="%", array="remainder", promote="numeric", domain=(0.5, 2), grad_name=_numbered("Remainder"))
def remainder(input: Any, other: Any, /) -> Any:
    """What a division with a quotient rounded down leaves over: it has the sign of `other`, as Python's ``%``."""
    rest = _fmod(input, other)
    return rest + other if rest != 0 and (rest < 0) != (other < 0) else rest


@remainder.partials(uses=("", "a b"))
def _(_out: Any, a: Any, b: Any) -> Any:
    return 1, lambda: -floor(a / b)


@elementwise(label="//", array="floor_divide", promote="numeric", domain=(0.5, 2))
def floor_divide(input: Any, other: Any, /) -> Any:
    """The quotient rounded down, as Python's ``//``; it has no gradient (PyTorch has not implemented one)."""
    return input // other if other != 0 else divide(input, other)


@elementwise(
    label="÷", text="/", method=False, array="floor_divide", gate=True, promote="numeric", domain=(0.5, 2), oracle="",
    grad_name="DivBackward2",
)  # fmt: skip
def div_floor(input: Any, other: Any, /) -> Any:
    """``div(..., rounding_mode="floor")``: the quotient rounded down, with derivative 0."""
    return floor_divide(input, other)


@div_floor.partials
def _(_out: Any, _a: Any, _b: Any) -> Any:
    return 0.0, 0.0


@elementwise(
    label="÷", text="/", method=False, array="trunc_divide", gate=True, promote="numeric", domain=(0.5, 2), oracle="",
    grad_name="DivBackward2",
)  # fmt: skip
def div_trunc(input: Any, other: Any, /) -> Any:
    """``div(..., rounding_mode="trunc")``: the quotient rounded towards 0, with derivative 0."""
    return trunc(divide(input, other))


@div_trunc.partials
def _(_out: Any, _a: Any, _b: Any) -> Any:
    return 0.0, 0.0
