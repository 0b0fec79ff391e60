"""Dropout: the stream's bits, the choice and the scaling in one pass; the same elements as in plain NumPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cpu.compiler import compiled_exactly
from tinygrad_edu.kernels.numba_cpu.layout import ready, suits
from tinygrad_edu.kernels.threads import on_blocks

__all__ = ["dropout", "dropout_back"]

Array = Any
_TOGETHER = 64  # blocks of four words whose bits are made side by side
_u = np.uint64
_MASK, _HALF, _ONE = _u(0xFFFFFFFF), _u(32), _u(1)
_FIRST, _SECOND, _STEP0, _STEP1 = _u(0xD2511F53), _u(0xCD9E8D57), _u(0x9E3779B9), _u(0xBB67AE85)


@compiled_exactly
def _words(first: Any, key0: Any, key1: Any, out: Array) -> None:
    """Philox4x32-10, as in kernels/philox.py: the words of the blocks from `first` on, for `out` (blocks, 4)."""
    for b in range(out.shape[0]):
        number = first + _u(b)
        c0, c1, c2, c3 = number & _MASK, number >> _HALF, _u(0), _u(0)
        k0, k1 = key0, key1
        for _ in range(10):
            p0, p1 = (c0 & _MASK) * _FIRST, (c2 & _MASK) * _SECOND
            c0, c1, c2, c3 = (p1 >> _HALF) ^ c1 ^ k0, p1 & _MASK, (p0 >> _HALF) ^ c3 ^ k1, p0 & _MASK
            k0, k1 = (k0 + _STEP0) & _MASK, (k1 + _STEP1) & _MASK
        out[b, 0], out[b, 1], out[b, 2], out[b, 3] = c0, c1, c2, c3


@compiled_exactly
def _dropped(
    parts: Array, x: Array, out: Array, kept: Array, first: Any, key0: Any, key1: Any, least: Any, scale: Any
) -> None:
    bits = np.empty((_TOGETHER, 4), np.uint32)
    flat, zero = bits.reshape(-1), x.dtype.type(0)
    for part in parts:
        _words(first + _u(part * _TOGETHER), key0, key1, bits)
        start = part * _TOGETHER * 4
        end = min(start + flat.size, x.size)
        here, into, stays = x[start:end], out[start:end], kept[start:end]
        for i in range(here.size):
            stays[i] = _u(flat[i]) < least
            into[i] = here[i] * (scale if _u(flat[i]) < least else zero)


@compiled_exactly
def _masked(g: Array, kept: Array, out: Array, scale: Any) -> None:
    zero = g.dtype.type(0)
    for i in range(g.size):
        out[i] = g[i] * (scale if kept[i] else zero)


def _scale(p: float, dtype: Any) -> Any:
    return dtype.type(1) / dtype.type(1 - p) if p < 1 else dtype.type(0)


def dropout(a: Array, seed: int, first: int, p: float) -> Any:
    if not suits(a) or not a.size:
        return NotImplemented
    out, kept = np.empty(a.shape, a.dtype), np.empty(a.shape, np.bool_)
    parts = np.arange(-(-a.size // (4 * _TOGETHER)))
    bits = (_u(first), _u(seed & 0xFFFFFFFF), _u(seed >> 32), _u(math.ceil((1 - p) * 2**32)))
    extra = (ready(a).reshape(-1), out.reshape(-1), kept.reshape(-1), *bits, _scale(p, a.dtype))
    on_blocks(_dropped, a.size, parts, extra=extra)
    return out, kept


def dropout_back(g: Array, kept: Array, p: float) -> Array:
    if not suits(g) or g.shape != kept.shape or kept.dtype != np.bool_:
        return NotImplemented
    out = np.empty(g.shape, g.dtype)
    on_blocks(_masked, g.size, *(ready(b).reshape(-1) for b in (g, kept)), out.reshape(-1), extra=(_scale(p, g.dtype),))
    return out
