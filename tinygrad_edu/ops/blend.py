"""Element by element, two or three tensors into one: products added, ways between, bounds, stand-ins for nan."""

from __future__ import annotations

import math
import operator
import sys
from typing import Any

from tinygrad_edu.errors import DTypeError
from tinygrad_edu.ops.compare import isfinite
from tinygrad_edu.ops.elementwise import choose
from tinygrad_edu.ops.ieee import divide
from tinygrad_edu.ops.registry import cases, elementwise

_three = cases(([(2, 3), (3,), (2, 1)], (1,)), ([(3,), (3,), (3,)], (0.5,)))


@elementwise(promote="numeric", samples=cases(([(2, 3), (3,), (2, 1)], (1,)), ([(3,), (3,), (3,)], (2,))))
def addcmul(input: Any, tensor1: Any, tensor2: Any, /, value: Any = 1) -> Any:
    """``input + value * tensor1 * tensor2``."""
    return input + value * tensor1 * tensor2


@addcmul.partials(uses=("", "c", "b"))
def _(_out: Any, _a: Any, b: Any, c: Any, value: Any) -> Any:
    return 1, lambda: c * value, lambda: b * value


@elementwise(promote="floating", domain=(0.5, 2), samples=_three)
def addcdiv(input: Any, tensor1: Any, tensor2: Any, /, value: Any = 1) -> Any:
    """``input + value * tensor1 / tensor2``."""
    return input + value * divide(tensor1, tensor2)


@addcdiv.partials(uses=("", "c", "b c"))
def _(_out: Any, _a: Any, b: Any, c: Any, value: Any) -> Any:
    return 1, lambda: value / c, lambda: -value * b / (c * c)


def _between(start: Any, end: Any, weight: Any) -> Any:
    """The way from start to end, counted from the nearer end: a weight of 1 gives exactly the end."""
    if getattr(getattr(start, "dtype", None), "kind", "f") != "f":
        raise DTypeError(f"lerp: needs floats, got {start.dtype}: convert with .float() first")
    near = (weight < 0.5) & (weight > -0.5)
    return choose(start + weight * (end - start), end - (end - start) * (1 - weight), near)


@elementwise(promote="same", samples=cases(([(2, 3), (3,)], (0.25,)), ([(2, 3), (2, 1)], (2.0,))))
def lerp(input: Any, end: Any, /, weight: Any) -> Any:
    """The point between two: the input for a weight of 0, `end` for 1, and on beyond them."""
    return _between(input, end, weight)


@lerp.partials
def _(_out: Any, _a: Any, _b: Any, weight: Any) -> Any:
    return 1 - weight, weight


@elementwise(
    method=False, promote="same", oracle="lerp", grad_name="LerpBackward1", samples=cases(([(2, 3), (2, 3), (3,)], ()))
)
def lerp_by(input: Any, end: Any, weight: Any, /) -> Any:
    """:func:`lerp` with a weight of its own for each element, which gets a gradient too."""
    return _between(input, end, weight)


@lerp_by.partials(uses=("c", "c", "a b"))
def _(_out: Any, a: Any, b: Any, c: Any) -> Any:
    return lambda: 1 - c, lambda: c, lambda: b - a


def _numbered(name: str) -> Any:
    """PyTorch counts operations with a plain number apart from those of two tensors."""
    return lambda node: f"{name}Backward{0 if node.input_shapes[1] is None else 1}"


@elementwise(array="maximum", promote="numeric", grad_name=_numbered("ClampMin"))
def clamp_min(input: Any, min: Any, /) -> Any:
    """The input, but at least `min`, which gets the gradient of what it replaces."""
    return min if input < min or min != min else input


@clamp_min.partials
def _(_out: Any, a: Any, b: Any) -> Any:
    return a >= b, a < b


@elementwise(array="minimum", promote="numeric", grad_name=_numbered("ClampMax"))
def clamp_max(input: Any, max: Any, /) -> Any:
    """The input, but at most `max`, which gets the gradient of what it replaces."""
    return max if input > max or max != max else input


@clamp_max.partials
def _(_out: Any, a: Any, b: Any) -> Any:
    return a <= b, a > b


@elementwise(
    array="clamp",
    method=False,
    promote="numeric",
    oracle="clamp",
    grad_name="ClampBackward0",
    samples=cases(([(2, 3), (3,), (2, 1)], ()), ([(2,), (2,), ()], ())),
)
def clamp_between(input: Any, min: Any, max: Any, /) -> Any:
    """The input held between two tensors; where they are the wrong way round, `max` wins."""
    return clamp_max(clamp_min(input, min), max)


@clamp_between.partials
def _(_out: Any, a: Any, b: Any, c: Any) -> Any:
    return (a >= b) & (a <= c), (b < c) & (a < b), (c < b) | (a > c)


@elementwise(
    label="×{0}", text="*", array=operator.mul, method=False, promote="floating", oracle="", grad_name="MulBackward0",
    samples=cases(([(2, 3)], (2.5,)), ([()], (-1.0,))),
)  # fmt: skip
def scaled_by(input: Any, /, alpha: float) -> Any:
    """The input times a number, the `alpha` of add and sub: nothing is saved, so that backward can run twice."""
    return input * alpha


@scaled_by.partials
def _(_out: Any, _a: Any, alpha: float) -> Any:
    return alpha


@elementwise(array="fmax")
def fmax(input: Any, other: Any, /) -> Any:
    """The larger of two, and the number where one of them is nan. Equal ones: the first gets the gradient."""
    return input if input >= other or other != other else other


@fmax.partials
def _(_out: Any, a: Any, b: Any) -> Any:
    first = (a >= b) | (b != b)
    return first, first == 0


@elementwise(array="fmin")
def fmin(input: Any, other: Any, /) -> Any:
    """The smaller of two, and the number where one of them is nan. Equal ones: the first gets the gradient."""
    return input if input <= other or other != other else other


@fmin.partials
def _(_out: Any, a: Any, b: Any) -> Any:
    first = (a <= b) | (b != b)
    return first, first == 0


@elementwise(array="copysign", promote="float")
def copysign(input: Any, other: Any, /) -> Any:
    """The size of the input with the sign of the other."""
    return math.copysign(input, other)


@copysign.partials(uses=("out a", ""))
def _(out: Any, a: Any, _b: Any) -> Any:
    return lambda: choose(0.0, out / a, a == 0), 0.0


@elementwise(array="heaviside", promote="keep")
def heaviside(input: Any, values: Any, /) -> Any:
    """0 below 0, 1 above it, and at 0 what `values` says. It has no gradient (PyTorch has not implemented one)."""
    return values if input == 0 else float(input > 0)


@elementwise(array="nan_to_num", samples=cases(([(2, 3)], (0.0, None, None)), ([(2, 3)], (1.0, 5.0, -5.0))))
def nan_to_num(input: Any, /, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """Stand-ins for nan and the infinities: by default 0 and the largest numbers that the type has."""
    if input != input:
        return 0.0 if nan is None else float(nan)
    if math.isinf(input):
        bound, largest = (posinf, sys.float_info.max) if input > 0 else (neginf, -sys.float_info.max)
        return float(largest if bound is None else bound)
    return input


@nan_to_num.partials
def _(_out: Any, a: Any, _nan: Any, _posinf: Any, _neginf: Any) -> Any:
    return isfinite(a)
