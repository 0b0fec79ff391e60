"""silu and gelu, and the ways back through them and relu, in one pass over memory.

The normal distribution's share below x is, for single precision, a rational formula of Hastings (Abramowitz, Stegun,
Handbook of Mathematical Functions, 7.1.26), whose exponential is the density too; it is off by 1e-7 at most, as much
as the last digit of a number near 1. Double precision is left to NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cpu.compiler import compiled
from tinygrad_edu.kernels.numba_cpu.elementary import exp, exp_beside_one
from tinygrad_edu.kernels.numba_cpu.layout import ready, suits
from tinygrad_edu.kernels.threads import on_blocks

__all__ = ["gelu", "gelu_back", "relu_back", "silu", "silu_back"]

Array = Any
_f = np.float32
_ZERO, _HALF, _ONE, _TWO = _f(0), _f(0.5), _f(1), _f(2)
_P, _A1, _A2, _A3, _A4, _A5 = map(_f, (0.3275911, 0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429))
_INVERSE_ROOT_2, _DENSITY = _f(0.7071067811865476), _f(0.3989422804014327)
_ROOT, _CUBE, _CUBE3 = _f(0.7978845608028654), _f(0.044715), _f(3 * 0.044715)


@compiled
def _silu(x: Array, out: Array) -> None:
    one = x.dtype.type(1)
    for i in range(x.size):
        out[i] = x[i] / (one + exp_beside_one(-x[i]))


@compiled
def _silu_back(g: Array, x: Array, out: Array) -> None:
    one = x.dtype.type(1)
    for i in range(x.size):
        share = one / (one + exp_beside_one(-x[i]))
        out[i] = g[i] * (share * (one + x[i] * (one - share)))


@compiled
def _relu_back(g: Array, x: Array, out: Array) -> None:
    zero = x.dtype.type(0)
    for i in range(x.size):
        out[i] = zero if x[i] == zero else g[i]


@compiled
def _gelu(x: Array, out: Array) -> None:
    for i in range(x.size):
        size = abs(x[i]) * _INVERSE_ROOT_2
        t = _ONE / (_ONE + _P * size)
        tail = _HALF * ((((_A5 * t + _A4) * t + _A3) * t + _A2) * t + _A1) * t * exp_beside_one(-size * size)
        out[i] = x[i] * (tail if x[i] < _ZERO else _ONE - tail)


@compiled
def _gelu_back(g: Array, x: Array, out: Array) -> None:
    for i in range(x.size):
        size = abs(x[i]) * _INVERSE_ROOT_2
        t = _ONE / (_ONE + _P * size)
        bell = exp(-size * size)  # 0 for inf, so that inf gives nan, as in PyTorch
        tail = _HALF * ((((_A5 * t + _A4) * t + _A3) * t + _A2) * t + _A1) * t * bell
        out[i] = g[i] * ((tail if x[i] < _ZERO else _ONE - tail) + x[i] * _DENSITY * bell)


@compiled
def _gelu_tanh(x: Array, out: Array) -> None:
    for i in range(x.size):
        inner = _ROOT * (x[i] + _CUBE * x[i] * x[i] * x[i])
        out[i] = x[i] / (_ONE + exp_beside_one(-_TWO * inner))  # (1 + tanh(u)) / 2 = 1 / (1 + exp(-2u))


@compiled
def _gelu_tanh_back(g: Array, x: Array, out: Array) -> None:
    for i in range(x.size):
        inner = _ROOT * (x[i] + _CUBE * x[i] * x[i] * x[i])
        share = _ONE / (_ONE + exp_beside_one(-_TWO * inner))
        bend = x[i] * share * (_ONE - share) * (_TWO * _ROOT * (_ONE + _CUBE3 * x[i] * x[i]))
        out[i] = g[i] * (share + bend)


def _each(function: Any, *arrays: Array) -> Array:
    rows = [ready(a).reshape(-1) for a in arrays]
    out = np.empty(arrays[0].shape, rows[0].dtype)
    on_blocks(function, out.size, *rows, out.reshape(-1))
    return out


def silu(a: Array) -> Array:
    return _each(_silu, a) if suits(a) else NotImplemented


def silu_back(g: Array, a: Array) -> Array:
    return _each(_silu_back, g, a) if suits(g, a) and g.shape == a.shape else NotImplemented


def relu_back(g: Array, out: Array) -> Array:
    return _each(_relu_back, g, out) if suits(g, out) and g.shape == out.shape else NotImplemented


def gelu(a: Array, approximate: str) -> Array:
    if not suits(a) or a.dtype != np.float32:
        return NotImplemented
    return _each(_gelu_tanh if approximate == "tanh" else _gelu, a)


def gelu_back(g: Array, a: Array, approximate: str) -> Array:
    if not suits(g, a) or a.dtype != np.float32 or g.shape != a.shape:
        return NotImplemented
    return _each(_gelu_tanh_back if approximate == "tanh" else _gelu_back, g, a)
