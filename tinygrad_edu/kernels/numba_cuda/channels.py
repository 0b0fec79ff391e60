"""Batch and group normalisation and their ways back, on arrays (N, C, ...): C channels, or groups of them, over places.

A block has `cols` threads along the places of a channel, which lie side by side, and the rest along samples; sums of
float32 are in float32. Means come before squared distances from them, as numbers that differ little would otherwise
cancel. The batch's few channels are cut into parts, so that they fill a card: a first launch leaves count, mean and
squared distances of each part, and every block of the second puts them together for itself (T. Chan, G. Golub, R.
LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979).

One writer per cell: a block owns the samples of its part of its channel (or all of its group), a thread of it the
places that are `tx` modulo `cols` of the samples that are `ty` modulo the rest; a part's sums are written by the
block's thread 0, a channel's results by thread 0 of the block of part 0.
"""

from __future__ import annotations

import functools
import math
from typing import Any

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty
from tinygrad_edu.kernels.numba_cuda.blocks import blocks_for, from_text, gathered_in, places, suit, width_for
from tinygrad_edu.kernels.numba_cuda.reductions import reduce
from tinygrad_edu.kernels.numba_cuda.runtime import launch, multiprocessors

__all__ = ["batch_norm", "batch_norm_back", "group_norm", "group_norm_back"]

_BEGIN = """
    t = cuda.threadIdx.x
    tx = t % cols
    ty = t // cols
    rows = WIDTH // cols
    cells = cuda.shared.array(CELLS, TYPE)
    for e in range(cuda.blockIdx.x, channels * parts, cuda.gridDim.x):
        c = e % channels
        q = e // channels
"""
_STATISTICS = f"""
def kernel(count, channels, inner, parts, cols, A, at_a, PART):{_BEGIN}
        n = ZERO
        s = ZERO
        for i in range(q * rows + ty, count, parts * rows):
            start = at_a + (i * channels + c) * inner
            for p in range(tx, inner, cols):
                s += TYPE(A[start + p])
                n += ONE
        n = block_add(n, cells)
        middle = block_add(s, cells) / n
        s = ZERO
        for i in range(q * rows + ty, count, parts * rows):
            start = at_a + (i * channels + c) * inner
            for p in range(tx, inner, cols):
                x = TYPE(A[start + p]) - middle
                s += x * x
        s = block_add(s, cells)
        if t == 0:
            PART[q * channels + c] = n
            PART[(parts + q) * channels + c] = middle
            PART[(2 * parts + q) * channels + c] = s
"""
_FORWARD = f"""
def kernel(count, channels, inner, parts, cols, eps, A, at_a, W, at_w, B, at_b, PART, OUT, MIDDLE, VARIANCE):{_BEGIN}
        n = ZERO
        s = ZERO
        for r in range(parts):
            k = PART[r * channels + c]
            n += k
            s += k * PART[(parts + r) * channels + c]
        middle = s / n
        s = ZERO
        for r in range(parts):
            x = PART[(parts + r) * channels + c] - middle
            s += PART[(2 * parts + r) * channels + c] + PART[r * channels + c] * x * x
        variance = s / n
        scale = ONE / TYPE(sqrt(variance + TYPE(eps)))
        w = TYPE(W[at_w + c])
        b = TYPE(B[at_b + c])
        for i in range(q * rows + ty, count, parts * rows):
            start = (i * channels + c) * inner
            for p in range(tx, inner, cols):
                OUT[start + p] = STORE((TYPE(A[at_a + start + p]) - middle) * scale * w + b)
        if t == 0 and q == 0:
            MIDDLE[c] = STORE(middle)
            VARIANCE[c] = STORE(variance)
"""
# A mean for each channel of the batch (each = 0, per = 1), or for `per` channels of each sample.
_SUMS = f"""
def kernel(count, channels, inner, parts, cols, eps, each, per, G, at_g, A, at_a, M, at_m, V, at_v, PART):{_BEGIN}
        s = ZERO
        u = ZERO
        for i in range(q * rows + ty, count, parts * rows):
            k = i * each + c // per
            middle = TYPE(M[at_m + k])
            scale = ONE / TYPE(sqrt(TYPE(V[at_v + k]) + TYPE(eps)))
            start = (i * channels + c) * inner
            for p in range(tx, inner, cols):
                g = TYPE(G[at_g + start + p])
                s += g
                u += g * (TYPE(A[at_a + start + p]) - middle) * scale
        s = block_add(s, cells)
        u = block_add(u, cells)
        if t == 0:
            PART[q * channels + c] = u
            PART[(parts + q) * channels + c] = s
"""
_BACK = f"""
def kernel(count, channels, inner, parts, cols, eps, G, at_g, A, at_a, W, at_w, M, at_m, V, at_v, PART, OUT, TO_W,
           TO_B):{_BEGIN}
        s = ZERO
        u = ZERO
        for r in range(parts):
            u += PART[r * channels + c]
            s += PART[(parts + r) * channels + c]
        middle = TYPE(M[at_m + c])
        scale = ONE / TYPE(sqrt(TYPE(V[at_v + c]) + TYPE(eps)))
        mean = s / TYPE(count * inner)
        along = u / TYPE(count * inner)
        w = TYPE(W[at_w + c]) * scale
        for i in range(q * rows + ty, count, parts * rows):
            start = (i * channels + c) * inner
            for p in range(tx, inner, cols):
                x = (TYPE(A[at_a + start + p]) - middle) * scale
                OUT[start + p] = STORE((TYPE(G[at_g + start + p]) - mean - x * along) * w)
        if t == 0 and q == 0:
            TO_W[c] = STORE(u)
            TO_B[c] = STORE(s)
"""
_GROUP_BEGIN = """
    t = cuda.threadIdx.x
    tx = t % cols
    ty = t // cols
    rows = WIDTH // cols
    cells = cuda.shared.array(CELLS, TYPE)
    length = per * inner
    for k in range(cuda.blockIdx.x, count, cuda.gridDim.x):
        start = k * length
        first = k % groups * per
"""
_GROUP = f"""
def kernel(count, groups, per, inner, cols, eps, A, at_a, W, at_w, B, at_b, OUT, MIDDLE, VARIANCE):{_GROUP_BEGIN}
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
        for i in range(ty, per, rows):
            w = TYPE(W[at_w + first + i])
            b = TYPE(B[at_b + first + i])
            for p in range(tx, inner, cols):
                j = start + i * inner + p
                OUT[j] = STORE((TYPE(A[at_a + j]) - middle) * scale * w + b)
        if t == 0:
            MIDDLE[k] = STORE(middle)
            VARIANCE[k] = STORE(variance)
"""
_GROUP_BACK = f"""
def kernel(count, groups, per, inner, cols, eps, G, at_g, A, at_a, W, at_w, M, at_m, V, at_v, OUT):{_GROUP_BEGIN}
        middle = TYPE(M[at_m + k])
        scale = ONE / TYPE(sqrt(TYPE(V[at_v + k]) + TYPE(eps)))
        s = ZERO
        u = ZERO
        for i in range(ty, per, rows):
            w = TYPE(W[at_w + first + i])
            for p in range(tx, inner, cols):
                j = start + i * inner + p
                g = TYPE(G[at_g + j]) * w
                s += g
                u += g * (TYPE(A[at_a + j]) - middle) * scale
        mean = block_add(s, cells) / TYPE(length)
        along = block_add(u, cells) / TYPE(length)
        for i in range(ty, per, rows):
            w = TYPE(W[at_w + first + i])
            for p in range(tx, inner, cols):
                j = start + i * inner + p
                x = (TYPE(A[at_a + j]) - middle) * scale
                OUT[j] = STORE((TYPE(G[at_g + j]) * w - mean - x * along) * scale)
"""


@functools.cache
def _kernel(text: str, gathered: Any, stored: Any, width: int) -> Any:
    return from_text(text, "norm of channels", gathered, width, STORE=stored.type)


def _threads(inner: int, length: int) -> tuple[int, int]:
    """Threads of a block, and how many of them stand along the places of one channel: powers of 2."""
    width, cols = width_for(length), 1
    while cols < min(width, inner):
        cols *= 2
    return width, cols


class _Batch:
    """How the work on an array (N, C, ...) is dealt out: to a block for each part of each channel."""

    def __init__(self, a: DeviceArray) -> None:
        self.count, self.channels, self.inner = a.shape[0], a.shape[1], math.prod(a.shape[2:])
        self.width, self.cols = _threads(self.inner, self.count * self.inner)
        wanted = -(-8 * multiprocessors() // self.channels)
        self.parts = max(1, min(wanted, -(-self.count // (self.width // self.cols)), 64))
        self.stored, self.gathered = a.dtype, gathered_in(a.dtype)

    def launch(self, text: str, *arguments: Any) -> None:
        kernel = _kernel(text, self.gathered, self.stored, self.width)
        sizes = (self.count, self.channels, self.inner, self.parts, self.cols)
        launch(kernel, blocks_for(self.channels * self.parts), self.width, *sizes, *arguments)

    def sums(self, eps: float, each: int, per: int, *arrays: DeviceArray) -> DeviceArray:
        """(2, parts, C): of the gradient times what was standardised, and of the gradient."""
        part = empty((2, self.parts, self.channels), self.gathered)
        self.launch(_SUMS, float(eps), each, per, *places(*arrays), part.block.typed(part.dtype))
        return part


def _memory(*arrays: DeviceArray) -> list[Any]:
    return [a.block.typed(a.dtype) for a in arrays]


def batch_norm(a: Any, weight: Any, bias: Any, eps: float) -> Any:
    """Each channel standardised over samples and places, times its weight, plus its bias; means and variances (C,)."""
    if not suit(a, weight, bias):
        return NotImplemented
    batch = _Batch(a)
    part = empty((3, batch.parts, batch.channels), batch.gathered)
    batch.launch(_STATISTICS, *places(a), *_memory(part))
    out, middle, variance = empty(a.shape, a.dtype), *(empty((batch.channels,), a.dtype) for _ in "mv")
    batch.launch(_FORWARD, float(eps), *places(a, weight, bias), *_memory(part, out, middle, variance))
    return out, middle, variance


def batch_norm_back(a: Any, g: Any, middle: Any, variance: Any, weight: Any, eps: float) -> Any:
    """The gradients of the array, the weight and the bias."""
    if not suit(a, g, middle, variance, weight):
        return NotImplemented
    batch = _Batch(a)
    part = batch.sums(eps, 0, 1, g, a, middle, variance)
    out, to_weight, to_bias = empty(a.shape, a.dtype), *(empty((batch.channels,), a.dtype) for _ in "wb")
    batch.launch(
        _BACK, float(eps), *places(g, a, weight, middle, variance), *_memory(part, out, to_weight, to_bias)
    )  # fmt: skip
    return out, to_weight, to_bias


def _launch_groups(text: str, a: DeviceArray, groups: int, eps: float, *arguments: Any) -> None:
    per, inner = a.shape[1] // groups, math.prod(a.shape[2:])
    width, cols = _threads(inner, per * inner)
    count = len(a) * groups
    kernel = _kernel(text, gathered_in(a.dtype), a.dtype, width)
    launch(kernel, blocks_for(count), width, count, groups, per, inner, cols, float(eps), *arguments)


def group_norm(a: Any, weight: Any, bias: Any, groups: int, eps: float) -> Any:
    """The channels of a sample standardised in groups, times their weights, plus their biases; (N, groups) of each."""
    if not suit(a, weight, bias):
        return NotImplemented
    out, middle, variance = empty(a.shape, a.dtype), *(empty((len(a), groups), a.dtype) for _ in "mv")
    _launch_groups(_GROUP, a, groups, eps, *places(a, weight, bias), *_memory(out, middle, variance))
    return out, middle, variance


def group_norm_back(a: Any, g: Any, middle: Any, variance: Any, weight: Any, eps: float) -> Any:
    """The gradients of the array, the weight and the bias."""
    if not suit(a, g, middle, variance, weight):
        return NotImplemented
    out, groups = empty(a.shape, a.dtype), middle.shape[1]
    _launch_groups(_GROUP_BACK, a, groups, eps, *places(g, a, weight, middle, variance), *_memory(out))
    part = _Batch(a).sums(eps, groups, a.shape[1] // groups, g, a, middle, variance)
    sums = reduce("add", part, 1, a.dtype)
    return out, sums[0], sums[1]
