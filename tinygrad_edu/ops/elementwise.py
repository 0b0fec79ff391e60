"""Arithmetic and the everyday functions, element by element: scalar meaning first, local derivatives under it.

The function body is what the operation means for one Python number; ``array`` names what computes the same on
arrays. Every operation broadcasts its inputs; that is done once, elsewhere.
"""

from __future__ import annotations

import math
import operator
from typing import Any

from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.ieee import divide, guarded, power
from tinygrad_edu.ops.registry import cases, elementwise

# Payloads are numbers, arrays or recorded nodes alike, so rules are typed by Any.
_exp, _log, _sqrt = guarded(math.exp), guarded(math.log, at_pole=-math.inf), guarded(math.sqrt)
_sin, _cos, _tan = guarded(math.sin), guarded(math.cos), guarded(math.tan)


@elementwise(label="+", array=operator.add)
def add(input: Any, other: Any, /) -> Any:
    """Sum of two tensors, with broadcasting."""
    return input + other


@add.partials
def _(_out: Any, _a: Any, _b: Any) -> Any:
    return 1, 1


@elementwise(label="−", text="-", array=operator.sub, promote="difference")
def sub(input: Any, other: Any, /) -> Any:
    """Difference of two tensors, with broadcasting."""
    return input - other


@sub.partials
def _(_out: Any, _a: Any, _b: Any) -> Any:
    return 1, -1


@elementwise(label="−", text="-", array="rsub", promote="difference", grad_name="RsubBackward1")
def rsub(input: Any, other: Any, /) -> Any:
    """The second argument less the first: what ``2 - x`` records."""
    return other - input


@rsub.partials
def _(_out: Any, _a: Any, _b: Any) -> Any:
    return -1, 1


@elementwise(label="×", text="*", array=operator.mul)
def mul(input: Any, other: Any, /) -> Any:
    """Product of two tensors, with broadcasting."""
    return input * other


@mul.partials(uses=("b", "a"))
def _(_out: Any, a: Any, b: Any) -> Any:
    return b, a


@elementwise(label="÷", text="/", array=operator.truediv, promote="float", domain=(0.5, 2))
def div(input: Any, other: Any, /) -> Any:
    """Quotient of two tensors, with broadcasting; integers give the default float type."""
    return divide(input, other)


@div.partials(uses=("b", "out b"))
def _(out: Any, _a: Any, b: Any) -> Any:
    return lambda: divide(1, b), lambda: -out / b  # b may be a plain 0.0


@elementwise(label="**", array="power", promote="numeric", grad_name="PowBackward1", domain=(0.5, 2))
def pow(input: Any, other: Any, /) -> Any:
    """Power with a tensor as exponent, with broadcasting. A constant exponent is :func:`pow_scalar`."""
    return power(input, other)


@pow.partials(uses=("a b", "out a b"))
def _(out: Any, a: Any, b: Any) -> Any:
    def to_exponent() -> Any:
        # 0 ** b has derivative 0 with respect to b >= 0, though log 0 is infinite (as in PyTorch).
        at_zero = (a == 0) & (b >= 0)
        return choose(0.0, out * log(choose(1.0, a, at_zero)), at_zero)

    return lambda: choose(0.0, b * pow(a, b - 1), b == 0), to_exponent


@elementwise(
    label="**{0}",
    array="power",
    promote="bounds",
    grad_name="PowBackward0",
    method=False,
    domain=(0.5, 2),
    oracle="pow",
    samples=cases(*(([(2,)], (exponent,)) for exponent in (-2, -0.5, 0, 1, 2, 2.5, 3))),
)
def pow_scalar(input: Any, /, exponent: Any = 2) -> Any:
    """Power with a constant exponent: the exponent is a parameter and gets no gradient."""
    return power(input, exponent)


@pow_scalar.partials
def _(_out: Any, a: Any, exponent: Any) -> Any:
    if exponent == 2 and not hasattr(a, "_record"):
        return 2 * a  # quicker; but derivatives of every order have to depend on a
    return 0.0 if exponent == 0 else exponent * pow_scalar(a, exponent - 1)


@elementwise(label="−", text="-", array=operator.neg, promote="numeric")
def neg(input: Any, /) -> Any:
    """The negative."""
    return -input


@neg.partials
def _(_out: Any, _a: Any) -> Any:
    return -1


@elementwise(label="|x|", text="abs", array="abs", promote="numeric")
def abs(input: Any, /) -> Any:
    """Absolute value; the derivative at 0 is 0."""
    return -input if input < 0 else input + 0.0


@abs.partials
def _(_out: Any, a: Any) -> Any:
    return sign(a)


@elementwise(array="sign", gate=True)
def sign(input: Any, /) -> Any:
    """-1, 0 or 1, and 0 for nan, as in PyTorch. The derivative is 0 everywhere."""
    return float((input > 0) - (input < 0))


@sign.partials
def _(_out: Any, _a: Any) -> Any:
    return 0.0


@elementwise(array="exp", promote="float")
def exp(input: Any, /) -> Any:
    """e to the power of the input."""
    return _exp(input)


@exp.partials
def _(out: Any, _a: Any) -> Any:
    return out


@elementwise(array="log", promote="float", domain=(0.5, 3))
def log(input: Any, /) -> Any:
    """Natural logarithm: -inf at 0, nan below."""
    return _log(input)


@log.partials
def _(_out: Any, a: Any) -> Any:
    return 1 / a


@elementwise(array="sqrt", promote="float", domain=(0.5, 3))
def sqrt(input: Any, /) -> Any:
    """Square root; nan below 0."""
    return _sqrt(input)


@sqrt.partials
def _(out: Any, _a: Any) -> Any:
    return 0.5 / out


@elementwise(array="sin", promote="float")
def sin(input: Any, /) -> Any:
    """Sine of an angle in radians."""
    return _sin(input)


@sin.partials
def _(_out: Any, a: Any) -> Any:
    return cos(a)


@elementwise(array="cos", promote="float")
def cos(input: Any, /) -> Any:
    """Cosine of an angle in radians."""
    return _cos(input)


@cos.partials
def _(_out: Any, a: Any) -> Any:
    return -sin(a)


@elementwise(array="tan", promote="float", domain=(-1, 1))
def tan(input: Any, /) -> Any:
    """Tangent of an angle in radians."""
    return _tan(input)


@tan.partials
def _(out: Any, _a: Any) -> Any:
    return 1 + out * out


@elementwise(array="tanh", promote="float")
def tanh(input: Any, /) -> Any:
    """Hyperbolic tangent."""
    return math.tanh(input)


@tanh.partials
def _(out: Any, _a: Any) -> Any:
    return 1 - out * out


@elementwise(label="σ", text="sigmoid", array="sigmoid", promote="float")
def sigmoid(input: Any, /) -> Any:
    """The logistic function 1 / (1 + exp(-x)), computed without overflow."""
    if input >= 0:
        return 1 / (1 + _exp(-input))
    grown = _exp(input)
    return grown / (1 + grown)


@sigmoid.partials
def _(out: Any, _a: Any) -> Any:
    return out * (1 - out)


@elementwise(label="ReLU", array="relu", back="relu_back", gate=True, promote="numeric")
def relu(input: Any, /) -> Any:
    """The input where positive, else 0; nan stays nan. The derivative at 0 is 0."""
    return 0.0 if input <= 0 else input


@relu.partials
def _(out: Any, _a: Any) -> Any:
    # Both are 1 where the input was positive. The second has a derivative, 0, and so keeps the graph connected; the
    # first is quicker. (For nan it is true, so that nan spreads.)
    return choose(1.0, sign(out), out != out) if hasattr(out, "_record") else out != 0


@elementwise(array="reciprocal", promote="float", domain=(0.5, 2))
def reciprocal(input: Any, /) -> Any:
    """One over the input."""
    return divide(1.0, input)


@reciprocal.partials
def _(out: Any, _a: Any) -> Any:
    return -out * out


@elementwise(array="rsqrt", promote="float", domain=(0.5, 2))
def rsqrt(input: Any, /) -> Any:
    """One over the square root."""
    return divide(1.0, _sqrt(input))


@rsqrt.partials
def _(out: Any, _a: Any) -> Any:
    return -0.5 * out * out * out


@elementwise(array="maximum", gate=True)
def maximum(input: Any, other: Any, /) -> Any:
    """The larger of two; nan if either is. Where they are equal each gets half of the gradient, as in PyTorch."""
    return input if input != input or input > other else other


@maximum.partials
def _(_out: Any, a: Any, b: Any) -> Any:
    return choose(0.5, (a < b) == 0, a == b), choose(0.5, (b < a) == 0, a == b)  # nan is not smaller


@elementwise(array="minimum", gate=True)
def minimum(input: Any, other: Any, /) -> Any:
    """The smaller of two; nan if either is. Where they are equal each gets half of the gradient, as in PyTorch."""
    return input if input != input or input < other else other


@minimum.partials
def _(_out: Any, a: Any, b: Any) -> Any:
    return choose(0.5, (a > b) == 0, a == b), choose(0.5, (b > a) == 0, a == b)  # nan is not larger


def _choices(make: Any) -> Any:
    yield (make(2, 3), make(2, 3)), (kernels.asarray([[True, False, True], [False, False, True]]),)
    yield (make(3), make()), (kernels.asarray([[True], [False]]),)
    yield (make(2), make(2)), (False,)


@elementwise(
    name="where",
    array="choose",
    promote="arithmetic",
    method=False,
    grad_name="WhereBackward0",
    samples=_choices,
    oracle="",
)
def choose(input: Any, other: Any, /, condition: Any = True) -> Any:
    """`input` where the condition holds, else `other`; all three broadcast. The condition gets no gradient.

    This is PyTorch's ``where`` with the condition last, because it is a parameter and not an input.
    """
    return input if condition else other


@choose.partials
def _(_out: Any, _a: Any, _b: Any, condition: Any) -> Any:
    return condition, condition == 0


def _bounded(low: Any, high: Any) -> None:
    if low is None and high is None:
        raise RuntimeError("clamp: at least one of 'min' or 'max' must not be None: say which bound to hold")


def _clamp(array: Any, low: Any, high: Any) -> Any:
    _bounded(low, high)
    return kernels.clamp(array, low, high)


@elementwise(
    array=_clamp,
    promote="bounds",
    grad_name="ClampBackward1",
    samples=cases(([(2, 3)], (-1, 0.5)), ([(3,)], (None, 0.5)), ([(3,)], (-0.5, None))),
)
def clamp(input: Any, /, min: Any = None, max: Any = None) -> Any:
    """The input held between two numbers; one of them may be left out. Outside them the derivative is 0."""
    _bounded(min, max)
    if min is not None and input < min:
        input = min
    return float(max if max is not None and input > max else input)


@clamp.partials
def _(_out: Any, a: Any, min: Any, max: Any) -> Any:
    if min is None:
        return a <= max
    if max is None:
        return a >= min
    return (a >= min) & (a <= max)


@elementwise(array="floor", gate=True, promote="numeric")
def floor(input: Any, /) -> Any:
    """The largest integer not above the input; its derivative is 0."""
    return float(math.floor(input)) if math.isfinite(input) else input


@floor.partials
def _(_out: Any, _a: Any) -> Any:
    return 0.0
