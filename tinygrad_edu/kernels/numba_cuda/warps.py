"""What the threads of a line find out together: a sum, a largest value. Each brings one value, and all get the result.

A line has WIDTH threads of a block, a power of 2; lines of more than 32 threads have a block of their own. On a card
the 32 threads of a warp read each other's registers, without memory and without waiting (`shfl.sync`): in each round a
thread takes up the value of its partner, first 16 places away, then 8, 4, 2 and 1. Of wider lines the first thread of
each warp then writes the warp's result into a cell, and every warp puts these together in the same way. The simulator
has no such instruction: there each thread brings its value into a cell, and the first half of the cells takes up the
second, again and again.

One writer per cell: a warp's cell is written by its first thread, thread t's by thread t, and a barrier stands between
writing and reading, and another after the last read, so that cells may be used again. Because of these barriers all
threads of a block call, those of lines that are not there as well. The order of additions depends on nothing but WIDTH:
the same numbers give the same bits every time.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda.runtime import cuda, functions
from tinygrad_edu.kernels.numba_cuda.scalars import helpers
from tinygrad_edu.kernels.presence import simulated

__all__ = ["MAX", "WARP", "cells_for", "shared_type", "together"]

WARP = 32
MAX = "s if s != s or s >= x else x"

_CELLS = """
def together(s, cells):
    t = cuda.threadIdx.x
    cells[t] = s
    cuda.syncthreads()
    half = {width} // 2
    while half > 0:
        if t % {width} < half:
            s = CAST(cells[t])
            x = CAST(cells[t + half])
            cells[t] = CAST({combine})
        cuda.syncthreads()
        half = half // 2
    s = CAST(cells[t // {width} * {width}])
    cuda.syncthreads()
    return s
"""
_SWAP = """
    x = CAST(cuda.shfl_xor_sync(0xffffffff, WIRE(s), {partner}))
    s = CAST({combine})"""
_WARPS = """
    if (cuda.threadIdx.x & 31) == 0:
        cells[cuda.threadIdx.x >> 5] = s
    cuda.syncthreads()
    s = CAST(cells[cuda.threadIdx.x & ({warps} - 1)])
    cuda.syncthreads()"""


def _swaps(combine: str, threads: int) -> str:
    return "".join(
        _SWAP.format(combine=combine, partner=partner) for partner in (16, 8, 4, 2, 1) if partner < threads
    )  # fmt: skip


def _text(combine: str, width: int) -> str:
    if simulated():
        return _CELLS.format(combine=combine, width=width)
    text = "\ndef together(s, cells):" + _swaps(combine, width)
    if width > WARP:
        text += _WARPS.format(warps=width // WARP) + _swaps(combine, width // WARP)
    return text + "\n    return s\n"


def shared_type(kind: Any) -> Any:
    """What a cell of shared memory holds (NumPy's bool is no type for it in every version)."""
    return functions()["uint8"] if kind.kind == "b" else kind.type


def _wire(kind: Any) -> Any:
    """As what a value goes from register to register."""
    if kind.kind == "f":
        return kind.type
    return np.int32 if kind.itemsize < 4 or kind == np.int32 else np.int64


def cells_for(width: int, lines: int = 1) -> int:
    """How many cells `together` takes: those of a kernel's shared array."""
    return width * lines if simulated() else max(1, width // WARP)


@functools.cache
def together(combine: str, kind: Any, width: int) -> Any:
    """A function of the device, ``(value, cells) -> result``; `combine` joins x to what has been gathered in s."""
    kind = np.dtype(kind)
    names: dict[str, Any] = {**functions(), **helpers(), "cuda": cuda(), "CAST": kind.type, "WIRE": _wire(kind)}
    exec(compile(_text(combine, width), "<cuda: what threads find out together>", "exec"), names)
    return cuda().jit(device=True)(names["together"])
