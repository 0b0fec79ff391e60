"""Dropout in one pass: the bits of the stream are made where an element is read, and never written down.

One writer per cell: the thread that counts block k of the stream writes elements 4 k to 4 k + 3 of the result and of
what was kept, and no others.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty
from tinygrad_edu.kernels.numba_cuda.blocks import by_rows
from tinygrad_edu.kernels.numba_cuda.draws import indented
from tinygrad_edu.kernels.numba_cuda.elementwise import mapped
from tinygrad_edu.kernels.numba_cuda.philox import CONSTANTS, ROUNDS
from tinygrad_edu.kernels.numba_cuda.runtime import compiled, functions, grid_for, launch
from tinygrad_edu.kernels.numba_cuda.vectors import in_fours, vectors

__all__ = ["dropout", "dropout_back"]

_KINDS = (np.dtype(np.float32), np.dtype(np.float64))

_DROPOUT = """
def kernel(count, first, key0, key1, OUT, KEPT, A, at, chance, scale):
    for k in range(cuda.grid(1), (count + 3) // 4, cuda.gridsize(1)):
        i = 4 * k
{reads}
{words}
        b0 = float64(w0) * UNIT < chance
        b1 = float64(w1) * UNIT < chance
        b2 = float64(w2) * UNIT < chance
        b3 = float64(w3) * UNIT < chance
{writes}
"""
_FOURS = (
    "a0, a1, a2, a3 = four(A, at + i)",
    "put_four(OUT, i, *PRODUCTS)\nKEPT[k] = uint32(b0) | uint32(b1) << E8 | uint32(b2) << E16 | uint32(b3) << E24",
)
_SINGLES = ("", "".join(f"if i + {w} < count:\n    OUT[i + {w}] = A[at + i + {w}] * (scale if b{w} else ZERO)\n"
                        f"    KEPT[i + {w}] = b{w}\n" for w in range(4)))  # fmt: skip


@functools.cache
def _dropout_kernel(kind: Any, fours: bool) -> Any:
    reads, writes = _FOURS if fours else _SINGLES
    writes = writes.replace("*PRODUCTS", ", ".join(f"a{w} * (scale if b{w} else ZERO)" for w in range(4)))
    names = {**functions(), **vectors(), **CONSTANTS, "ZERO": kind(0)}
    names |= {f"E{n}": np.uint32(n) for n in (8, 16, 24)} | {"UNIT": 2.0**-32}
    text = _DROPOUT.format(reads=indented(reads), words=indented(ROUNDS), writes=indented(writes))
    exec(compile(text, "<cuda kernel: dropout>", "exec"), names)
    return compiled(names["kernel"])


def dropout(a: DeviceArray, seed: int, first: int, p: float) -> Any:
    if a.dtype not in _KINDS:
        return NotImplemented
    a = by_rows(a)
    out, kept = empty(a.shape, a.dtype), empty(a.shape, np.dtype(bool))
    if a.size:
        flat, kind = a.reshape(-1), a.dtype.type
        fours = in_fours(flat, 0)
        scale = kind(1) / kind(1 - p) if p < 1 else kind(0)
        key = np.uint64(seed & 0xFFFFFFFF), np.uint64(seed >> 32)
        launch(
            _dropout_kernel(kind, fours), *grid_for(-(-a.size // 4)), a.size, np.uint64(first), *key,
            out.block.typed(a.dtype), kept.block.typed(np.dtype(np.uint32 if fours else bool)),
            a.block.typed(a.dtype), a.offset // a.itemsize, float(1 - p), scale,
        )  # fmt: skip
    return out, kept


def dropout_back(g: DeviceArray, kept: DeviceArray, p: float) -> DeviceArray:
    scale = g.dtype.type(1) / g.dtype.type(1 - p) if p < 1 else g.dtype.type(0)
    kinds = (g.dtype, g.dtype, np.dtype(bool))
    return mapped("a * (b if c else ZERO)", (g, scale, kept), kinds, g.dtype, None, g.dtype)
