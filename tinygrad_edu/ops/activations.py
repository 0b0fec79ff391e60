"""Activations that everybody uses and that are made of several functions: one operation each, as in PyTorch."""

from __future__ import annotations

import math
from typing import Any

from tinygrad_edu.ops.elementwise import exp, sigmoid, tanh
from tinygrad_edu.ops.registry import cases, elementwise
from tinygrad_edu.ops.special import erf

_ROOT, _CUBE = math.sqrt(2 / math.pi), 0.044715


@elementwise(array="silu", back="silu_back", promote="float", method=False, oracle="")
def silu(input: Any, /) -> Any:
    """The input times its sigmoid."""
    return input * sigmoid(input)


@silu.partials
def _(_out: Any, a: Any) -> Any:
    share = sigmoid(a)
    return share * (1 + a * (1 - share))


@elementwise(
    array="gelu",
    back="gelu_back",
    promote="float",
    method=False,
    oracle="",
    samples=cases(([(2, 3)], ("none",)), ([(2, 3)], ("tanh",))),
)
def gelu(input: Any, /, approximate: str = "none") -> Any:
    """The input times the normal distribution's share below it, or ("tanh") an approximation of that."""
    if approximate == "tanh":
        return 0.5 * input * (1 + math.tanh(_ROOT * (input + _CUBE * input * input * input)))
    return 0.5 * input * (1 + math.erf(input * math.sqrt(0.5)))


@gelu.partials
def _(_out: Any, a: Any, approximate: str) -> Any:
    if approximate == "tanh":
        bend = tanh(_ROOT * (a + _CUBE * a * a * a))
        return 0.5 * (1 + bend) + 0.5 * a * (1 - bend * bend) * (_ROOT * (1 + 3 * _CUBE * a * a))
    return 0.5 * (1 + erf(a * math.sqrt(0.5))) + a * exp(-0.5 * a * a) * (1 / math.sqrt(2 * math.pi))
