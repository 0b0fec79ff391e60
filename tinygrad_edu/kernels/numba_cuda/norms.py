"""Layer and RMS normalisation and their ways back: lines by `held`, which reads each once.

Mean and variance are found one after the other, as numbers that differ little would otherwise cancel; float32 is added
up in float32. The gradients of weights are sums over lines: where lines are held, each group of threads adds up its
own on the way, and their sums are reduced; else another kernel reads everything once more, a thread every so manyth
line for one place, and its cell e of the parts is written by the thread that counts e.
"""

from __future__ import annotations

import functools
import math
from typing import Any

from tinygrad_edu.kernels.numba_cuda import held
from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty
from tinygrad_edu.kernels.numba_cuda.blocks import from_text, gathered_in, places, suit
from tinygrad_edu.kernels.numba_cuda.recipes import Recipe
from tinygrad_edu.kernels.numba_cuda.reductions import reduce
from tinygrad_edu.kernels.numba_cuda.runtime import grid_for, launch, multiprocessors
from tinygrad_edu.kernels.presence import simulated

__all__ = ["layer_norm", "layer_norm_back", "rms_norm", "rms_norm_back"]

_FORWARD = """
add s: a
middle = s / TYPE(length)
become a: a - middle
add v: a * a
variance = v / TYPE(length)
scale = ONE / TYPE(sqrt(variance + TYPE(eps)))
out: a * scale * w + b
if leader:
    MIDDLE[uint64(k)] = STORE(middle)
    VARIANCE[uint64(k)] = STORE(variance)
"""
_BACK = """
middle = TYPE(M[uint64(at_m + k)])
scale = ONE / TYPE(sqrt(TYPE(V[uint64(at_v + k)]) + TYPE(eps)))
become a: (a - middle) * scale
column p: g * a
column q: g
become g: g * w
add s, u: g; g * a
mean = s / TYPE(length)
along = u / TYPE(length)
out: (g - mean - a * along) * scale
if leader:
    SCALE[uint64(k)] = scale
"""
_RMS = """
add s: a * a
scale = ONE / TYPE(sqrt(s / TYPE(length) + TYPE(eps)))
out: a * scale * w
if leader:
    SCALE[uint64(k)] = STORE(scale)
"""
_RMS_BACK = """
scale = TYPE(V[uint64(at_v + k)])
become a: a * scale
column p: g * a
become g: g * w
add u: g * a
along = u / TYPE(length)
out: (g - a * along) * scale
"""
LAYER = Recipe("layer_norm", _FORWARD, "a", "wb", "eps", "MIDDLE, VARIANCE")
LAYER_BACK = Recipe("layer_norm_back", _BACK, "ga", "w", "eps, M, at_m, V, at_v", "SCALE", columns="pq")
RMS = Recipe("rms_norm", _RMS, "a", "w", "eps", "SCALE")
RMS_BACK = Recipe("rms_norm_back", _RMS_BACK, "ga", "w", "V, at_v", columns="p")

_COLUMNS = """
def kernel(rows, length, parts, G, at_g, A, at_a, M, at_m, S, at_s, PART):
    for e in range(cuda.grid(1), length * parts, cuda.gridsize(1)):
        j = e % length
        s = ZERO
        u = ZERO
        for k in range(e // length, rows, parts):
            g = TYPE(G[uint64(at_g + k * length + j)])
            s += g
            u += g * (TYPE(A[uint64(at_a + k * length + j)]) - {middle}) * TYPE(S[uint64(at_s + k)])
        PART[uint64(e)] = u
        PART[uint64(length * parts + e)] = s
"""


@functools.cache
def _columns_kernel(middle: bool, gathered: Any, stored: Any) -> Any:
    text = _COLUMNS.format(middle="TYPE(M[uint64(at_m + k)])" if middle else "ZERO")
    return from_text(text, "sums over lines", gathered, 2, STORE=stored.type)


def _columns(g: Any, a: Any, middle: Any, scale: DeviceArray, length: int) -> DeviceArray:
    """Of each place the sum of the gradient times what was standardised, and of the gradient: (2, parts, length)."""
    rows = scale.size
    gathered = gathered_in(a.dtype)
    parts = max(1, min(-(-1024 * multiprocessors() // length), rows // (2 if simulated() else 16), 1024))
    part = empty((2, parts, length), gathered)
    launch(
        _columns_kernel(middle is not None, gathered, a.dtype), *grid_for(length * parts), rows, length, parts,
        *places(g, a, scale if middle is None else middle, scale), part.block.typed(gathered),
    )  # fmt: skip
    return part


def _run(recipe: Recipe, weight: Any, more: tuple[Any, ...], arrays: list[Any], *results: DeviceArray) -> Any:
    a, length = arrays[0], math.prod(weight.shape)
    kinds = (gathered_in(a.dtype), a.dtype)
    return held.run(recipe, (a.size // length, length), kinds, more, arrays, results[0], *results[1:])


def layer_norm(a: Any, weight: Any, bias: Any, eps: float) -> Any:
    """The array standardised over the last dimensions, those of the weight, times it, plus the bias."""
    if not suit(a, weight, bias) or bias.shape != weight.shape:
        return NotImplemented
    kept = a.ndim - weight.ndim
    out, middle = empty(a.shape, a.dtype), empty((*a.shape[:kept], *(1,) * weight.ndim), a.dtype)
    variance = empty(middle.shape, a.dtype)
    _run(LAYER, weight, (float(eps),), [a, weight, bias], out, middle, variance)
    return out, middle, variance


def layer_norm_back(g: Any, a: Any, middle: Any, variance: Any, weight: Any, eps: float) -> Any:
    """The gradients of the array, the weight and the bias."""
    if not suit(g, a, middle, variance, weight):
        return NotImplemented
    out, scale = empty(a.shape, a.dtype), empty((middle.size,), gathered_in(a.dtype))
    part = _run(LAYER_BACK, weight, (float(eps), *places(middle, variance)), [g, a, weight], out, scale)
    if part is None:
        part = _columns(g, a, middle, scale, weight.size)
    sums = reduce("add", part, 1, a.dtype).reshape((2, *weight.shape))
    return out, sums[0], sums[1]


def rms_norm(a: Any, weight: Any, eps: float) -> Any:
    """The array divided by its root mean square over the weight's dimensions, times it; and 1 over that."""
    if not suit(a, weight):
        return NotImplemented
    kept = a.ndim - weight.ndim
    out, scale = empty(a.shape, a.dtype), empty((*a.shape[:kept], *(1,) * weight.ndim), a.dtype)
    _run(RMS, weight, (float(eps),), [a, weight], out, scale)
    return out, scale


def rms_norm_back(a: Any, g: Any, scale: Any, weight: Any) -> Any:
    """The gradients of the array and the weight."""
    if not suit(a, g, scale, weight):
        return NotImplemented
    out = empty(a.shape, a.dtype)
    part = _run(RMS_BACK, weight, tuple(places(scale)), [g, a, weight], out)
    if part is None:
        part = _columns(g, a, None, scale, weight.size)
    return out, reduce("add", part, 1, a.dtype)[0].reshape(weight.shape)
