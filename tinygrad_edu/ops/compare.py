"""Comparisons and logic, element by element: their results are bools and have no derivative."""

from __future__ import annotations

import math
import operator
from typing import Any

from tinygrad_edu.errors import DTypeError
from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.registry import elementwise


@elementwise(label="=", text="==", array=operator.eq, promote="compare")
def eq(input: Any, other: Any, /) -> Any:
    """Whether elements are equal."""
    return input == other


@elementwise(label="≠", text="!=", array=operator.ne, promote="compare")
def ne(input: Any, other: Any, /) -> Any:
    """Whether elements differ."""
    return input != other


@elementwise(label="<", array=operator.lt, promote="compare")
def lt(input: Any, other: Any, /) -> Any:
    """Whether elements are smaller than the others."""
    return input < other


@elementwise(label="≤", text="<=", array=operator.le, promote="compare")
def le(input: Any, other: Any, /) -> Any:
    """Whether elements are smaller than the others or equal to them."""
    return input <= other


@elementwise(label=">", array=operator.gt, promote="compare")
def gt(input: Any, other: Any, /) -> Any:
    """Whether elements are larger than the others."""
    return input > other


@elementwise(label="≥", text=">=", array=operator.ge, promote="compare")
def ge(input: Any, other: Any, /) -> Any:
    """Whether elements are larger than the others or equal to them."""
    return input >= other


@elementwise(array="isnan", promote="keep")
def isnan(input: Any, /) -> Any:
    """Whether elements are nan."""
    return input != input


@elementwise(array="isinf", promote="keep")
def isinf(input: Any, /) -> Any:
    """Whether elements are infinite."""
    return input in (float("inf"), float("-inf"))


@elementwise(array="isposinf", promote="keep")
def isposinf(input: Any, /) -> Any:
    """Whether elements are inf."""
    return input == float("inf")


@elementwise(array="isneginf", promote="keep")
def isneginf(input: Any, /) -> Any:
    """Whether elements are -inf."""
    return input == float("-inf")


@elementwise(array="signbit", promote="keep")
def signbit(input: Any, /) -> Any:
    """Whether elements carry a minus sign; -0.0 does."""
    return math.copysign(1.0, input) < 0


@elementwise(array="isfinite", promote="keep")
def isfinite(input: Any, /) -> Any:
    """Whether elements are neither infinite nor nan."""
    return input - input == 0


@elementwise(array="logical_not", promote="keep")
def logical_not(input: Any, /) -> Any:
    """Whether elements are zero."""
    return not input


@elementwise(label="&", array="logical_and", promote="keep")
def logical_and(input: Any, other: Any, /) -> Any:
    """Whether both elements are nonzero."""
    return bool(input and other)


@elementwise(label="|", array="logical_or", promote="keep")
def logical_or(input: Any, other: Any, /) -> Any:
    """Whether one of the elements is nonzero."""
    return bool(input or other)


@elementwise(array="logical_xor", promote="keep")
def logical_xor(input: Any, other: Any, /) -> Any:
    """Whether exactly one of the elements is nonzero."""
    return (not input) != (not other)


@elementwise(label="&", array=operator.and_, promote="arithmetic")
def bitwise_and(input: Any, other: Any, /) -> Any:
    """Bitwise and of integers; logical and of bools."""
    return input & other


@elementwise(label="|", array=operator.or_, promote="arithmetic")
def bitwise_or(input: Any, other: Any, /) -> Any:
    """Bitwise or of integers; logical or of bools."""
    return input | other


@elementwise(label="^", array=operator.xor, promote="arithmetic")
def bitwise_xor(input: Any, other: Any, /) -> Any:
    """Bitwise exclusive or of integers; of bools whether they differ."""
    return input ^ other


@elementwise(label="~", array=operator.invert, promote="keep")
def bitwise_not(input: Any, /) -> Any:
    """Every bit flipped; of bools the opposite."""
    return ~input


@elementwise(label="<<", array=operator.lshift, promote="numeric")
def bitwise_left_shift(input: Any, other: Any, /) -> Any:
    """Integers with their bits moved up: times 2 ** other."""
    return input << other


@elementwise(label=">>", array=operator.rshift, promote="numeric")
def bitwise_right_shift(input: Any, other: Any, /) -> Any:
    """Integers with their bits moved down: divided by 2 ** other, rounded down."""
    return input >> other


def _close(a: Any, b: Any, rtol: float, atol: float, equal_nan: bool) -> Any:
    if getattr(a, "dtype", None) != getattr(b, "dtype", None):
        raise DTypeError(f"isclose: {a.dtype} did not match {b.dtype}: convert one of them")
    if rtol < 0 or atol < 0:
        raise RuntimeError(f"isclose: rtol and atol are at least 0, got {rtol} and {atol}")
    return kernels.isclose(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan)


@elementwise(array=_close, promote="keep")
def isclose(input: Any, other: Any, /, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Any:
    """Whether elements differ by at most ``atol + rtol * |other|``."""
    if input != input or other != other:
        return equal_nan and input != input and other != other
    return input == other or (isfinite(input) and isfinite(other) and abs(input - other) <= atol + rtol * abs(other))
