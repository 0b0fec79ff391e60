"""Layer and RMS normalisation and their ways back: a block for each row, which reads it twice and keeps nothing.

Mean and variance are found in two readings, as numbers that differ little would otherwise cancel; sums of float32 are
in float32, 32 to 256 partial sums a row. One writer per cell: element j of a row is written by the one thread of the
row's one block with j % WIDTH = t; what is known of a row (mean, variance, scale) by its thread 0. The gradients of
weights are sums over rows, of which a thread takes every so manyth for one column: cell e of the parts is written by
the thread that counts e.
"""

from __future__ import annotations

import functools
import math
from typing import Any

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty
from tinygrad_edu.kernels.numba_cuda.blocks import blocks_for, from_text, gathered_in, places, suit, width_for
from tinygrad_edu.kernels.numba_cuda.reductions import reduce
from tinygrad_edu.kernels.numba_cuda.runtime import grid_for, launch, multiprocessors
from tinygrad_edu.kernels.presence import simulated

__all__ = ["layer_norm", "layer_norm_back", "rms_norm", "rms_norm_back"]

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
def kernel(rows, length, eps, G, at_g, A, at_a, W, at_w, M, at_m, V, at_v, OUT, SCALE):
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
            x = (TYPE(A[at_a + start + j]) - middle) * scale
            OUT[start + j] = STORE((TYPE(G[at_g + start + j]) * TYPE(W[at_w + j]) - mean - x * along) * scale)
        if t == 0:
            SCALE[k] = scale
"""
_RMS = """
def kernel(rows, length, eps, A, at_a, W, at_w, OUT, SCALE):
    t = cuda.threadIdx.x
    cells = cuda.shared.array(WIDTH, TYPE)
    for k in range(cuda.blockIdx.x, rows, cuda.gridDim.x):
        start = k * length
        s = ZERO
        for j in range(t, length, WIDTH):
            x = TYPE(A[at_a + start + j])
            s += x * x
        scale = ONE / TYPE(sqrt(block_add(s, cells) / TYPE(length) + TYPE(eps)))
        for j in range(t, length, WIDTH):
            OUT[start + j] = STORE(TYPE(A[at_a + start + j]) * scale * TYPE(W[at_w + j]))
        if t == 0:
            SCALE[k] = STORE(scale)
"""
_RMS_BACK = """
def kernel(rows, length, eps, G, at_g, A, at_a, W, at_w, V, at_v, OUT):
    t = cuda.threadIdx.x
    cells = cuda.shared.array(WIDTH, TYPE)
    for k in range(cuda.blockIdx.x, rows, cuda.gridDim.x):
        start = k * length
        scale = TYPE(V[at_v + k])
        u = ZERO
        for j in range(t, length, WIDTH):
            u += TYPE(G[at_g + start + j]) * TYPE(W[at_w + j]) * TYPE(A[at_a + start + j]) * scale
        along = block_add(u, cells) / TYPE(length)
        for j in range(t, length, WIDTH):
            x = TYPE(A[at_a + start + j]) * scale
            OUT[start + j] = STORE((TYPE(G[at_g + start + j]) * TYPE(W[at_w + j]) - x * along) * scale)
"""
_COLUMNS = """
def kernel(rows, length, parts, G, at_g, A, at_a, M, at_m, S, at_s, PART):
    for e in range(cuda.grid(1), length * parts, cuda.gridsize(1)):
        j = e % length
        s = ZERO
        u = ZERO
        for k in range(e // length, rows, parts):
            g = TYPE(G[at_g + k * length + j])
            s += g
            u += g * (TYPE(A[at_a + k * length + j]) - {middle}) * TYPE(S[at_s + k])
        PART[e] = u
        PART[length * parts + e] = s
"""


@functools.cache
def _kernel(text: str, gathered: Any, stored: Any, width: int) -> Any:
    return from_text(text, "layer_norm", gathered, width, STORE=stored.type)


def _launch(text: str, rows: int, length: int, eps: float, arrays: tuple[Any, ...], *results: DeviceArray) -> None:
    kind, width = arrays[0].dtype, width_for(length)
    launch(
        _kernel(text, gathered_in(kind), kind, width), blocks_for(rows), width, rows, length, float(eps),
        *places(*arrays), *[r.block.typed(r.dtype) for r in results],
    )  # fmt: skip


def _columns(g: Any, a: Any, middle: Any, scale: DeviceArray, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Of each column the sum of the gradient times what was standardised, and of the gradient: (*shape) each."""
    length, rows = math.prod(shape), scale.size
    gathered = gathered_in(a.dtype)
    parts = max(1, min(-(-1024 * multiprocessors() // length), rows // (2 if simulated() else 16), 1024))
    part = empty((2, parts, *shape), gathered)
    text = _COLUMNS.format(middle="ZERO" if middle is None else "TYPE(M[at_m + k])")
    launch(
        _kernel(text, gathered, a.dtype, 2), *grid_for(length * parts), rows, length, parts,
        *places(g, a, scale if middle is None else middle, scale), part.block.typed(gathered),
    )  # fmt: skip
    sums = reduce("add", part, 1, a.dtype)
    return sums[0], sums[1]


def layer_norm(a: Any, weight: Any, bias: Any, eps: float) -> Any:
    """The array standardised over the last dimensions, those of the weight, times it, plus the bias."""
    if not suit(a, weight, bias) or bias.shape != weight.shape:
        return NotImplemented
    kept = a.ndim - weight.ndim
    out, middle = empty(a.shape, a.dtype), empty((*a.shape[:kept], *(1,) * weight.ndim), a.dtype)
    variance = empty(middle.shape, a.dtype)
    _launch(_FORWARD, middle.size, math.prod(a.shape[kept:]), eps, (a, weight, bias), out, middle, variance)
    return out, middle, variance


def layer_norm_back(g: Any, a: Any, middle: Any, variance: Any, weight: Any, eps: float) -> Any:
    """The gradients of the array, the weight and the bias."""
    if not suit(g, a, middle, variance, weight):
        return NotImplemented
    out, rows = empty(a.shape, a.dtype), middle.size
    scale = empty((rows,), gathered_in(a.dtype))
    _launch(_BACK, rows, a.size // rows, eps, (g, a, weight, middle, variance), out, scale)
    return out, *_columns(g, a, middle, scale, weight.shape)


def rms_norm(a: Any, weight: Any, eps: float) -> Any:
    """The array divided by its root mean square over the weight's dimensions, times it; and 1 over that."""
    if not suit(a, weight):
        return NotImplemented
    kept = a.ndim - weight.ndim
    out, scale = empty(a.shape, a.dtype), empty((*a.shape[:kept], *(1,) * weight.ndim), a.dtype)
    _launch(_RMS, scale.size, math.prod(a.shape[kept:]), eps, (a, weight), out, scale)
    return out, scale


def rms_norm_back(a: Any, g: Any, scale: Any, weight: Any) -> Any:
    """The gradients of the array and the weight."""
    if not suit(a, g, scale, weight):
        return NotImplemented
    out = empty(a.shape, a.dtype)
    _launch(_RMS_BACK, scale.size, a.size // scale.size, 0.0, (g, a, weight, scale), out)
    return out, _columns(g, a, None, scale, weight.shape)[0]
