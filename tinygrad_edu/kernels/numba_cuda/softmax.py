"""Softmax, its logarithm and their ways back: a block for each line, or a thread where lines lie across memory.

One reading finds the largest and the sum of exponentials beside it together (M. Milakov and N. Gimelshein, "Online
normalizer calculation for softmax", 2018); a second writes. float32 is added up in float32, 32 to 256 partial sums a
line. One writer per cell: element (line, j) is written by the one thread of the line's one block with j % WIDTH = t.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda import layout
from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty
from tinygrad_edu.kernels.numba_cuda.blocks import blocks_for, by_rows, from_text, lines_of, width_for
from tinygrad_edu.kernels.numba_cuda.runtime import grid_for, launch

__all__ = ["log_softmax", "log_softmax_back", "softmax", "softmax_back"]

_WHOLE = """
def kernel(lines, length, step, A, at_a, OUT):
    t = cuda.threadIdx.x
    {cells}
    for k in range({first}, lines, {blocks}):
        start = k // step * (length * step) + k % step
        m = LEAST
        s = ZERO
        for j in range({t}, length, {width}):
            x = TYPE(A[at_a + start + j * step])
            if x > m or x != x:
                s = s * exp(m - x) + exp(x - x)
                m = x
            elif x > LEAST:
                s += exp(x - m)
        {together}
        for j in range({t}, length, {width}):
            p = start + j * step
            x = TYPE(A[at_a + p])
            OUT[p] = STORE({formula})
"""
_BACK = """
def kernel(lines, length, step, G, at_g, A, at_a, OUT):
    t = cuda.threadIdx.x
    {cells}
    for k in range({first}, lines, {blocks}):
        start = k // step * (length * step) + k % step
        s = ZERO
        for j in range({t}, length, {width}):
            p = start + j * step
            s += TYPE(G[at_g + p]) * {weight}
        {together}
        for j in range({t}, length, {width}):
            p = start + j * step
            g = TYPE(G[at_g + p])
            y = TYPE(A[at_a + p])
            OUT[p] = STORE({formula})
"""
_BLOCK = {"cells": "cells = cuda.shared.array(WIDTH, TYPE)", "first": "cuda.blockIdx.x", "blocks": "cuda.gridDim.x",
          "t": "t", "width": "WIDTH"}  # fmt: skip
_THREAD = {"cells": "", "first": "cuda.grid(1)", "blocks": "cuda.gridsize(1)", "t": "0", "width": "1", "together": ""}
_BLOCK_WHOLE = """whole = block_max(m, cells)
        s = block_add(s * exp(m - whole) if m > LEAST or m != m else ZERO, cells)
        m = whole"""


def _formula(name: str) -> dict[str, str]:
    return {
        "softmax": {"formula": "exp(x - m) / s"},
        "log_softmax": {"formula": "(x - m) - TYPE(log(s))"},
        "softmax_back": {"weight": "TYPE(A[at_a + p])", "formula": "(g - s) * y"},
        "log_softmax_back": {"weight": "ONE", "formula": "g - TYPE(exp(y)) * s"},
    }[name]


@functools.cache
def _kernel(name: str, gathered: Any, stored: Any, width: int) -> Any:
    """`width` 0: a thread for each line."""
    back = name.endswith("back")
    parts = dict(_THREAD) if not width else _BLOCK | {
        "together": "s = block_add(s, cells)" if back else _BLOCK_WHOLE
    }  # fmt: skip
    text = (_BACK if back else _WHOLE).format(**parts, **_formula(name))
    return from_text(text, name, gathered, width or 2, STORE=stored.type)


def _run(name: str, axis: int, *arrays: DeviceArray) -> Any:
    """The result; NotImplemented where the specification has to say what there is to say."""
    a = arrays[-1]
    if not a.ndim or not a.size or a.dtype.kind != "f" or any(x.dtype != a.dtype for x in arrays):
        return NotImplemented
    arrays = tuple([by_rows(x) for x in arrays])
    lines, length, step = lines_of(a.shape, layout.checked_axis(axis, a.ndim))
    gathered = np.dtype(np.float32) if a.dtype == np.float16 else a.dtype
    out = empty(a.shape, a.dtype)
    places: list[Any] = [part for x in arrays for part in (x.block.typed(x.dtype), x.offset // x.itemsize)]
    width = width_for(length) if step == 1 else 0
    blocks, threads = (blocks_for(lines), width) if width else grid_for(lines)
    kernel = _kernel(name, gathered, a.dtype, width)
    launch(kernel, blocks, threads, lines, length, step, *places, out.block.typed(out.dtype))
    return out


def softmax(a: DeviceArray, axis: int) -> Any:
    return _run("softmax", axis, a)


def log_softmax(a: DeviceArray, axis: int) -> Any:
    return _run("log_softmax", axis, a)


def softmax_back(g: DeviceArray, out: DeviceArray, axis: int) -> Any:
    return _run("softmax_back", axis, g, out)


def log_softmax_back(g: DeviceArray, out: DeviceArray, axis: int) -> Any:
    return _run("log_softmax_back", axis, g, out)
