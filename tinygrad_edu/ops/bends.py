"""Functions made of straight pieces: leaky ReLU and its kin. Their slope is a number on each side of a bend.

The slope is an operation itself, :func:`above` or :func:`between`, whose own derivative is 0. So the graph stays
connected when a gradient is differentiated again, and gives zeros, as in PyTorch.
"""

from __future__ import annotations

import math
from typing import Any

from tinygrad_edu.ops.elementwise import clamp
from tinygrad_edu.ops.registry import cases, elementwise

__all__ = ["above", "between", "hardshrink", "hardtanh", "leaky_relu", "prelu", "softshrink", "threshold"]


@elementwise(
    array="above", gate=True, method=False, promote="floating", oracle="",
    samples=cases(([(2, 3)], (0.1, 2.0, 3.0))),
)  # fmt: skip
def above(input: Any, /, bound: float, yes: float, no: float) -> Any:
    """One number where the input is greater than the bound, another where it is not, and for nan."""
    return float(yes if input > bound else no)


@above.partials
def _(_out: Any, _a: Any, _bound: Any, _yes: Any, _no: Any) -> Any:
    return 0.0


@elementwise(
    array="between", gate=True, method=False, promote="floating", oracle="",
    samples=cases(([(2, 3)], (-1.0, 0.5, True, 2.0, 3.0)), ([(2, 3)], (-1.0, 0.5, False, 2.0, 3.0))),
)  # fmt: skip
def between(input: Any, /, low: float, high: float, closed: bool, yes: float, no: float) -> Any:
    """One number between two bounds (`closed`: and at them, else also for nan), another elsewhere."""
    return float(yes if (low <= input <= high if closed else not (input <= low or input >= high)) else no)


@between.partials
def _(_out: Any, _a: Any, _low: Any, _high: Any, _closed: Any, _yes: Any, _no: Any) -> Any:
    return 0.0


@elementwise(
    array="leaky_relu", method=False, promote="floating", grad_name="LeakyReluBackward0",
    oracle="nn.functional.leaky_relu", samples=cases(([(2, 3)], (0.01,)), ([(3,)], (-0.5,))),
)  # fmt: skip
def leaky_relu(input: Any, /, negative_slope: float = 0.01) -> Any:
    """The input where positive, else `negative_slope` times it."""
    return input if input > 0 else input * negative_slope


@leaky_relu.partials
def _(_out: Any, a: Any, negative_slope: float) -> Any:
    return above(a, 0.0, 1.0, negative_slope)


@elementwise(
    array="prelu", method=False, promote="floating", oracle="", grad_name="PreluKernelBackward0",
    samples=cases(([(2, 3), (3,)], ())),
)  # fmt: skip
def prelu(input: Any, weight: Any, /) -> Any:
    """The input where positive, else `weight` times it; the two broadcast, and both have a gradient."""
    return input if input > 0 else input * weight


@prelu.partials
def _(_out: Any, a: Any, b: Any) -> Any:
    positive = above(a, 0.0, 1.0, 0.0)
    return lambda: positive + (1 - positive) * b, lambda: clamp(a, None, 0.0)


@elementwise(
    array="hardtanh", gate=True, method=False, promote="numeric", oracle="nn.functional.hardtanh",
    grad_name="HardtanhBackward0", samples=cases(([(2, 3)], (-1.0, 1.0)), ([(3,)], (0.0, 0.7))),
)  # fmt: skip
def hardtanh(input: Any, /, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """The input held between two numbers; at these and beyond, the derivative is 0."""
    return float(min_val if input < min_val else max_val if input > max_val else input)


@hardtanh.partials
def _(_out: Any, a: Any, min_val: float, max_val: float) -> Any:
    return between(a, min_val, max_val, False, 1.0, 0.0)


@elementwise(
    array="threshold", gate=True, method=False, promote="numeric", oracle="nn.functional.threshold",
    grad_name="ThresholdBackward0", samples=cases(([(2, 3)], (0.1, 20.0)), ([(3,)], (0.7, 0.0))),
)  # fmt: skip
def threshold(input: Any, /, threshold: float, value: float) -> Any:
    """The input where it is greater than the threshold, else `value`."""
    return float(value if input <= threshold else input)


@threshold.partials
def _(_out: Any, a: Any, threshold: float, _value: float) -> Any:
    return between(a, threshold, math.nan, False, 1.0, 0.0)  # nothing reaches nan: there is no upper end


@elementwise(
    array="hardshrink", gate=True, promote="floating", grad_name="HardshrinkBackward0",
    oracle="nn.functional.hardshrink", samples=cases(([(2, 3)], (0.5,)), ([(3,)], (1.0,))),
)  # fmt: skip
def hardshrink(input: Any, /, lambd: float = 0.5) -> Any:
    """The input beyond ±`lambd`, and 0 in between."""
    return float(0.0 if -lambd <= input <= lambd else input)


@hardshrink.partials
def _(_out: Any, a: Any, lambd: float) -> Any:
    return between(a, -lambd, lambd, True, 0.0, 1.0)


@elementwise(
    array="softshrink", gate=True, method=False, promote="floating", grad_name="SoftshrinkBackward0",
    oracle="nn.functional.softshrink", samples=cases(([(2, 3)], (0.5,)), ([(3,)], (1.0,))),
)  # fmt: skip
def softshrink(input: Any, /, lambd: float = 0.5) -> Any:
    """The input moved by `lambd` towards 0, and 0 where it is nearer than that."""
    return float(input - lambd if input > lambd else input + lambd if input < -lambd else input * 0)


@softshrink.partials
def _(_out: Any, a: Any, lambd: float) -> Any:
    return between(a, -lambd, lambd, True, 0.0, 1.0)
