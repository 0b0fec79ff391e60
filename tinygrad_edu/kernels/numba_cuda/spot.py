"""Kernels that are one formula, or only another look at memory, where the specification takes several steps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, from_host
from tinygrad_edu.kernels.numba_cuda.elementwise import mapped
from tinygrad_edu.kernels.numba_cuda.functions import where
from tinygrad_edu.kernels.numba_cuda.indexing import combine_at
from tinygrad_edu.kernels.numba_cuda.making import copied as _copied
from tinygrad_edu.kernels.numba_cuda.making import zeros

__all__ = [
    "address", "as_strided", "beside", "choose", "copied", "erf", "erfc",
    "gelu", "gelu_back", "index_back", "kept_where", "relu", "relu_back", "rsqrt", "share", "sigmoid",
    "sign", "silu", "silu_back", "storage",
]  # fmt: skip

Array = Any


def copied(a: Array) -> Array:
    return _copied(a)


def address(a: Array) -> int:
    return int(a.address)


def storage(a: Array) -> tuple[Array, int]:
    owner = DeviceArray(a.block, 0, (a.block.nbytes // a.itemsize,), (a.itemsize,), a.dtype)
    return owner, a.offset // a.itemsize


def as_strided(a: Array, size: tuple[int, ...], stride: tuple[int, ...], offset: int | None) -> Array:
    owner, start = storage(a)
    begin = start if offset is None else offset
    reach = begin + sum((n - 1) * s for n, s in zip(size, stride, strict=True)) + 1
    if 0 not in size and reach > owner.size:
        raise ValueError(f"size {size}, stride {stride}, offset {begin} need {reach} elements, memory has {owner.size}")
    return a.on(tuple(size), tuple([s * a.itemsize for s in stride]), begin * a.itemsize)


def beside(constant: Any, like: Any) -> Any:
    return from_host(constant) if isinstance(constant, np.ndarray) else constant


def index_back(a: Array, shape: tuple[int, ...], index: tuple[Any, ...]) -> Array:
    """Repeated places are added with atomics: the order, and so the last bit, varies from run to run."""
    whole = zeros(shape, a.dtype)
    if whole.size:
        combine_at("add", whole, index, a)
    return whole


def choose(a: Array, b: Array, condition: Array, out: Any = None) -> Array:
    result = where(condition, a, b)
    return result if out is None else mapped("a", (result,), (out.dtype,), out.dtype, out)


def kept_where(g: Array, condition: Array) -> Array:
    return mapped("a if b else ZERO", (g, condition), (g.dtype, np.dtype(bool)), g.dtype, None, g.dtype)


def share(hit: Array, count: Array) -> Array:
    return mapped("a / b", (hit, count), (np.dtype(np.float64),) * 2, np.float64)


def relu(a: Array, out: Any = None) -> Array:
    return mapped("ZERO if a <= ZERO else a", (a,), (a.dtype,), a.dtype, out)


def sigmoid(a: Array, out: Any = None) -> Array:
    formula = "ONE / (ONE + exp(-a)) if a >= ZERO else exp(a) / (ONE + exp(a))"
    return mapped(formula, (a,), (a.dtype,), a.dtype, out)


def rsqrt(a: Array, out: Any = None) -> Array:
    return mapped("ONE / sqrt(a)", (a,), (a.dtype,), a.dtype, out)


def sign(a: Array) -> Array:
    if a.dtype.kind == "b":
        return a
    # the difference of two comparisons, so that nan has the sign 0, as in PyTorch
    return mapped("(a > 0) * 1 - (a < 0) * 1", (a,), (a.dtype,), a.dtype)


def erf(a: Array) -> Array:
    return mapped("TYPE(erf(a))", (a,), (a.dtype,), a.dtype)


def erfc(a: Array) -> Array:
    return mapped("TYPE(erfc(a))", (a,), (a.dtype,), a.dtype)


def silu(a: Array) -> Array:
    return mapped("a / (ONE + exp(-a))", (a,), (a.dtype,), a.dtype)


def silu_back(g: Array, a: Array) -> Array:
    # with s = sigmoid(x): g s (1 + x (1 - s)), s written out
    formula = "a / (ONE + exp(-b)) * (ONE + b * (ONE - ONE / (ONE + exp(-b))))"
    return mapped(formula, (g, a), (a.dtype,) * 2, a.dtype)


def relu_back(g: Array, out: Array) -> Array:
    return mapped("a if b != ZERO else ZERO", (g, out), (g.dtype, out.dtype), g.dtype)


_ROOT, _CUBE, _HALF_ROOT = math.sqrt(2 / math.pi), 0.044715, math.sqrt(0.5)


def gelu(a: Array, approximate: str) -> Array:
    bend = f"tanh(TYPE({_ROOT!r}) * (a + TYPE({_CUBE!r}) * a * a * a))"
    curve = bend if approximate == "tanh" else f"TYPE(erf(a * TYPE({_HALF_ROOT!r})))"
    return mapped(f"TYPE(0.5) * a * (ONE + {curve})", (a,), (a.dtype,), a.dtype)


def gelu_back(g: Array, a: Array, approximate: str) -> Array:
    if approximate == "tanh":
        bend = f"tanh(TYPE({_ROOT!r}) * (b + TYPE({_CUBE!r}) * b * b * b))"
        slope = (
            f"TYPE(0.5) * (ONE + {bend}) + TYPE(0.5) * b * (ONE - {bend} * {bend}) * TYPE({_ROOT!r}) * "
            f"(ONE + TYPE({3 * _CUBE!r}) * b * b)"
        )
    else:
        slope = (
            f"TYPE(0.5) * (ONE + TYPE(erf(b * TYPE({_HALF_ROOT!r})))) + b * exp(TYPE(-0.5) * b * b) * "
            f"TYPE({1 / math.sqrt(2 * math.pi)!r})"
        )
    return mapped(f"a * ({slope})", (g, a), (a.dtype,) * 2, a.dtype)
