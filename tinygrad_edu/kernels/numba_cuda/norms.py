"""Layer normalisation and its way back: a block for each row, which reads it twice and keeps nothing.

Mean and variance are found in two readings, as numbers that differ little would otherwise cancel; sums of float32 are
in float32, 32 to 256 partial sums a row. One writer per cell: element j of a row is written by the one thread of the
row's one block with j % WIDTH = t; the mean and the variance by its thread 0.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty
from tinygrad_edu.kernels.numba_cuda.blocks import blocks_for, by_rows, from_text, width_for
from tinygrad_edu.kernels.numba_cuda.reductions import reduce
from tinygrad_edu.kernels.numba_cuda.runtime import launch

__all__ = ["layer_norm", "layer_norm_back"]

_FORWARD = """
def kernel(rows, length, eps, A, at_a, W, at_w, B, at_b, OUT, MIDDLE, VARIANCE):
    t = cuda.threadIdx.x
    cells = cuda.shared.array(WIDTH, TYPE)
    for k in range(cuda.blockIdx.x, rows, cuda.gridDim.x):
        start = k * length
        s = ZERO
        for j in range(t, length, WIDTH):
            s += TYPE(A[at_a + start + j])
        middle = block_add(s, cells) / TYPE(length)
        s = ZERO
        for j in range(t, length, WIDTH):
            x = TYPE(A[at_a + start + j]) - middle
            s += x * x
        variance = block_add(s, cells) / TYPE(length)
        scale = ONE / TYPE(sqrt(variance + TYPE(eps)))
        for j in range(t, length, WIDTH):
            x = (TYPE(A[at_a + start + j]) - middle) * scale
            OUT[start + j] = STORE(x * TYPE(W[at_w + j]) + TYPE(B[at_b + j]))
        if t == 0:
            MIDDLE[k] = STORE(middle)
            VARIANCE[k] = STORE(variance)
"""
_BACK = """
def kernel(rows, length, eps, G, at_g, A, at_a, W, at_w, M, at_m, V, at_v, OUT, SHARE):
    t = cuda.threadIdx.x
    cells = cuda.shared.array(WIDTH, TYPE)
    for k in range(cuda.blockIdx.x, rows, cuda.gridDim.x):
        start = k * length
        middle = TYPE(M[at_m + k])
        scale = ONE / TYPE(sqrt(TYPE(V[at_v + k]) + TYPE(eps)))
        s = ZERO
        u = ZERO
        for j in range(t, length, WIDTH):
            g = TYPE(G[at_g + start + j]) * TYPE(W[at_w + j])
            s += g
            u += g * (TYPE(A[at_a + start + j]) - middle) * scale
        mean = block_add(s, cells) / TYPE(length)
        along = block_add(u, cells) / TYPE(length)
        for j in range(t, length, WIDTH):
            whole = TYPE(G[at_g + start + j])
            x = (TYPE(A[at_a + start + j]) - middle) * scale
            OUT[start + j] = STORE((whole * TYPE(W[at_w + j]) - mean - x * along) * scale)
            SHARE[start + j] = STORE(whole * x)
"""


@functools.cache
def _kernel(text: str, gathered: Any, stored: Any, width: int) -> Any:
    return from_text(text, "layer_norm", gathered, width, STORE=stored.type)


def _suits(*arrays: Any) -> bool:
    first = arrays[0]
    return first.dtype.kind == "f" and first.size > 0 and all(
        a.__class__ is DeviceArray and a.dtype == first.dtype for a in arrays
    )  # fmt: skip


def _launch(text: str, rows: int, length: int, eps: float, arrays: tuple[Any, ...], *results: DeviceArray) -> None:
    kind = arrays[0].dtype
    gathered = np.dtype(np.float32) if kind == np.float16 else kind
    places: list[Any] = []
    for a in map(by_rows, arrays):
        places += [a.block.typed(a.dtype), a.offset // a.itemsize]
    width = width_for(length)
    launch(
        _kernel(text, gathered, kind, width), blocks_for(rows), width, rows, length, float(eps), *places,
        *[r.block.typed(r.dtype) for r in results],
    )  # fmt: skip


def layer_norm(a: Any, weight: Any, bias: Any, eps: float) -> Any:
    """The array standardised over the last dimensions, those of the weight, times it, plus the bias."""
    if not _suits(a, weight, bias) or bias.shape != weight.shape:
        return NotImplemented
    kept = a.ndim - weight.ndim
    out, middle = empty(a.shape, a.dtype), empty((*a.shape[:kept], *(1,) * weight.ndim), a.dtype)
    variance = empty(middle.shape, a.dtype)
    _launch(_FORWARD, middle.size, math.prod(a.shape[kept:]), eps, (a, weight, bias), out, middle, variance)
    return out, middle, variance


def layer_norm_back(g: Any, a: Any, middle: Any, variance: Any, weight: Any, eps: float) -> Any:
    """The gradients of the array, the weight and the bias."""
    if not _suits(g, a, middle, variance, weight):
        return NotImplemented
    kept = a.ndim - weight.ndim
    out, share = empty(a.shape, a.dtype), empty(a.shape, a.dtype)
    _launch(_BACK, middle.size, math.prod(a.shape[kept:]), eps, (g, a, weight, middle, variance), out, share)
    leading = tuple(range(kept))
    return out, reduce("add", share, leading, a.dtype), reduce("add", g, leading, a.dtype)
