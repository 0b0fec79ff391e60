"""What the threads of a block find out together: a sum, a largest value; and how lines are dealt out to blocks.

A kernel here has WIDTH threads in a block. Each brings one value into its own cell of shared memory; then the first
half of the cells takes up the second, again and again, until one is left. One writer per cell: in a round only thread t
writes cell t, and it reads cell t + half, which nobody writes in that round, as every t that works is below half. A
barrier stands between rounds, and another after the last read, so that the cells may be used again.

The order of additions depends on nothing but the sizes: the same numbers give the same bits every time.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty
from tinygrad_edu.kernels.numba_cuda.elementwise import mapped
from tinygrad_edu.kernels.numba_cuda.runtime import compiled, cuda, functions, multiprocessors
from tinygrad_edu.kernels.numba_cuda.scalars import helpers
from tinygrad_edu.kernels.presence import simulated

__all__ = ["blocks_for", "by_rows", "from_text", "gathered_in", "lines_of", "places", "suit", "width_for"]

_SOURCE = """
def block_{name}_{width}(x, cells):
    t = cuda.threadIdx.x
    cells[t] = x
    cuda.syncthreads()
    half = {half}
    while half > 0:
        if t < half:
            s = cells[t]
            x = cells[t + half]
            cells[t] = {combine}
        cuda.syncthreads()
        half = half // 2
    s = cells[0]
    cuda.syncthreads()
    return s
"""
_COMBINE = {"add": "s + x", "max": "s if s != s or s >= x else x"}


@functools.cache
def _together(name: str, width: int) -> Any:
    text = _SOURCE.format(name=name, width=width, half=width // 2, combine=_COMBINE[name])
    names = {"cuda": cuda()}
    exec(compile(text, f"<cuda: {name} of a block>", "exec"), names)
    return cuda().jit(device=True)(names[f"block_{name}_{width}"])


def width_for(length: int) -> int:
    """Threads of a block that works on lines so long: a power of 2."""
    if simulated():
        return 4
    return 256 if length > 256 else 64 if length > 32 else 32


def blocks_for(lines: int) -> int:
    """Blocks for so many lines; each takes every so manyth."""
    return min(lines, 2 if simulated() else 32 * multiprocessors())


def from_text(text: str, name: str, kind: Any, width: int, **more: Any) -> Any:
    """A kernel from its text, with TYPE, ZERO, ONE for `kind`, WIDTH, and `block_add`, `block_max`."""
    number = np.dtype(kind).type
    names: dict[str, Any] = {**functions(), **helpers(), "TYPE": number, "ZERO": number(0), "ONE": number(1)}
    names |= {"block_add": _together("add", width), "block_max": _together("max", width), "WIDTH": width, **more}
    names["LEAST"] = number(-np.inf)
    exec(compile(text, f"<cuda kernel: {name}>", "exec"), names)
    return compiled(names["kernel"])


def by_rows(a: DeviceArray) -> DeviceArray:
    """The array itself if its elements lie row by row, else a copy that does."""
    return a if a.flags.c_contiguous else mapped("a", (a,), (a.dtype,), a.dtype, empty(a.shape, a.dtype))


def places(*arrays: DeviceArray) -> list[Any]:
    """For a launch: where the elements of each array lie, row by row, and at which of them it begins."""
    found: list[Any] = []
    for a in map(by_rows, arrays):
        found += [a.block.typed(a.dtype), a.offset // a.itemsize]
    return found


def suit(*arrays: Any) -> bool:
    """Whether these are arrays of the device with elements, floats of one type."""
    first = arrays[0]
    return first.dtype.kind == "f" and first.size > 0 and all(
        a.__class__ is DeviceArray and a.dtype == first.dtype for a in arrays
    )  # fmt: skip


def gathered_in(kind: Any) -> np.dtype[Any]:
    """The type in which floats are added up by a block."""
    return np.dtype(np.float32) if kind == np.float16 else np.dtype(kind)


def lines_of(shape: tuple[int, ...], axis: int) -> tuple[int, int, int]:
    """How many lines along an axis there are, how long they are, and how far apart their elements lie."""
    inner = 1
    for size in shape[axis + 1 :]:
        inner *= size
    length = shape[axis]
    outer = 1
    for size in shape[:axis]:
        outer *= size
    return outer * inner, length, inner
