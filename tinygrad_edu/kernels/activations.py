"""Activations that are made of several functions, and the ways back through them: here in the plainest NumPy.

The `*_back` kernels multiply a gradient by the slope at `a`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.kernels.error_function import erf
from tinygrad_edu.kernels.numpy import kept_where, sigmoid

__all__ = ["gelu", "gelu_back", "relu_back", "silu", "silu_back"]

Array = Any
_ROOT, _CUBE = math.sqrt(2 / math.pi), 0.044715  # of the approximation of gelu by tanh


def silu(a: Array) -> Array:
    return a * sigmoid(a)


def silu_back(g: Array, a: Array) -> Array:
    share = sigmoid(a)
    return g * (share * (1 + a * (1 - share)))


def relu_back(g: Array, out: Array) -> Array:
    return kept_where(g, out.astype(bool))  # where the output is not 0; nan is true, so that it spreads


def gelu(a: Array, approximate: str) -> Array:
    if approximate == "tanh":
        return 0.5 * a * (1 + np.tanh(_ROOT * (a + _CUBE * a * a * a)))
    return 0.5 * a * (1 + erf(a * math.sqrt(0.5)))


def gelu_back(g: Array, a: Array, approximate: str) -> Array:
    if approximate == "tanh":
        bend = np.tanh(_ROOT * (a + _CUBE * a * a * a))
        return g * (0.5 * (1 + bend) + 0.5 * a * (1 - bend * bend) * (_ROOT * (1 + 3 * _CUBE * a * a)))
    return g * (0.5 * (1 + erf(a * math.sqrt(0.5))) + a * np.exp(-0.5 * a * a) / math.sqrt(2 * math.pi))
