"""Along a line by many threads: where the extreme is, and running totals. Blocks take lines, or parts of long ones.

The plain kernels of `reductions` have one thread for each line. That is right where lines are many and neighbouring
threads read neighbouring elements; otherwise a block takes a part of a line, and its threads neighbouring elements.

- The extreme: each thread finds its own, the block its own by halves, a second launch that of the parts. Of equal
  ones the first counts, and a nan wins over all numbers, so the order of comparing does not matter.
- Running totals: a first launch adds up each part; in the second a block begins with the totals of the parts before
  its own and goes on WIDTH elements at a time, doubling the reach of each thread's sum (W. D. Hillis and G. L. Steele,
  "Data parallel algorithms", 1986). Floats are added up in float64, in an order that depends on sizes only.

One writer per cell: thread t writes cell t of shared memory only, and a barrier stands between the reads and the writes
of a round; element j of a line is written by the one thread of the one block whose part and turn it is, the results of
a part by the block's thread 0.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty
from tinygrad_edu.kernels.numba_cuda.blocks import blocks_for, places, width_for
from tinygrad_edu.kernels.numba_cuda.runtime import compiled, cuda, functions, launch, multiprocessors
from tinygrad_edu.kernels.numba_cuda.scalars import helpers
from tinygrad_edu.kernels.presence import simulated

__all__ = ["extremes", "parts_of", "totals", "worthwhile"]

_EXTREMES = """
def kernel(lines, length, parts, A, at_a, I, VALUE, WHERE):
    t = cuda.threadIdx.x
    values = cuda.shared.array(WIDTH, TYPE)
    where = cuda.shared.array(WIDTH, int64)
    for e in range(cuda.blockIdx.x, lines * parts, cuda.gridDim.x):
        k = e // parts
        q = e % parts
        begin = q * length // parts
        end = (q + 1) * length // parts
        start = k * length
        s = TYPE(A[at_a + start + begin])
        b = {index_first}
        for j in range(begin + t, end, WIDTH):
            x = TYPE(A[at_a + start + j])
            i = {index}
            if {better}:
                s = x
                b = i
        values[t] = s
        where[t] = b
        cuda.syncthreads()
        half = WIDTH // 2
        while half > 0:
            if t < half:
                s = values[t]
                b = where[t]
                x = values[t + half]
                i = where[t + half]
                if {better}:
                    values[t] = x
                    where[t] = i
            cuda.syncthreads()
            half = half // 2
        if t == 0:
            VALUE[e] = values[0]
            WHERE[e] = where[0]
        cuda.syncthreads()
"""
_TOTALS = """
def kernel(lines, length, parts, A, at_a, BEFORE, OUT):
    t = cuda.threadIdx.x
    cells = cuda.shared.array(WIDTH, TYPE)
    for e in range(cuda.blockIdx.x, lines * parts, cuda.gridDim.x):
        k = e % lines
        q = e // lines
        begin = q * length // parts
        end = (q + 1) * length // parts
        some = False
        carry = TYPE(0)
        for r in range(q):
            carry = join(carry, BEFORE[r * lines + k]) if some else BEFORE[r * lines + k]
            some = True
        for first in range(begin, end, WIDTH):
            j = first + t
            count = min(WIDTH, end - first)
            x = TYPE(0)
            if t < count:
                x = TYPE(A[at_a + k * length + j])
            cells[t] = x
            cuda.syncthreads()
            reach = 1
            while reach < count:
                y = x
                if t >= reach:
                    y = join(cells[t - reach], x)
                cuda.syncthreads()
                x = y
                cells[t] = x
                cuda.syncthreads()
                reach = reach * 2
            last = cells[count - 1]
            cuda.syncthreads()
            if t < count:
                OUT[k * length + j] = STORE(join(carry, x) if some else x)
            carry = join(carry, last) if some else last
            some = True
"""


def worthwhile(a: DeviceArray, axis: int) -> bool:
    """Whether blocks are quicker than a thread for each line: lines are long, and lie in memory or are few."""
    length = a.shape[axis]
    beside = a.strides[axis] == a.itemsize
    few = a.size // length < (2 if simulated() else 1024 * multiprocessors() // 4)
    return length >= (4 if simulated() else 64) and (beside or few)


def parts_of(lines: int, length: int) -> int:
    """Into how many parts to cut each line."""
    wanted = -(-8 * multiprocessors() // lines)
    return max(1, min(wanted, length // (8 if simulated() else 2048), 3 if simulated() else 256))


@functools.cache
def _extremes_kernel(largest: bool, second: bool, kind: np.dtype[Any], width: int) -> Any:
    sign = ">" if largest else "<"
    parts = {
        "index": "I[start + j]" if second else "j",
        "index_first": "I[start + begin]" if second else "begin",
        "better": f"(x != x and (s == s or i < b)) or (s == s and (x {sign} s or (x == s and i < b)))",
    }
    names = {**functions(), "TYPE": kind.type, "WIDTH": width}
    exec(compile(_EXTREMES.format(**parts), "<cuda kernel: place of the extreme>", "exec"), names)
    return compiled(names["kernel"])


def extremes(a: DeviceArray, largest: bool) -> DeviceArray:
    """The place of the first largest (smallest) element of each line of (lines, length), in int64."""
    lines, length = a.shape
    kind = np.dtype({"b": np.uint8}.get(a.dtype.kind, np.float32 if a.dtype == np.float16 else a.dtype))
    parts, found = parts_of(lines, length), None
    while True:
        width = width_for(length // parts)
        values, where = empty((lines, parts), kind), empty((lines, parts), np.int64)
        kernel = _extremes_kernel(largest, found is not None, kind, width)
        index = where if found is None else found
        launch(
            kernel, blocks_for(lines * parts), width, lines, length, parts, *places(a), index.block.typed(index.dtype),
            values.block.typed(kind), where.block.typed(where.dtype),
        )  # fmt: skip
        if parts == 1:
            return where.reshape(-1)
        a, found, length, parts = values, where, parts, 1


@functools.cache
def _totals_kernel(combine: str, gathered: Any, stored: Any, width: int) -> Any:
    names: dict[str, Any] = {**functions(), **helpers(), "TYPE": gathered.type, "STORE": stored.type, "WIDTH": width}
    exec(compile(f"def join(s, x):\n    return TYPE({combine})", "<cuda: join>", "exec"), names)
    names["join"] = cuda().jit(device=True)(names["join"])
    exec(compile(_TOTALS, "<cuda kernel: running totals>", "exec"), names)
    return compiled(names["kernel"])


def totals(combine: str, a: DeviceArray, before: DeviceArray | None, gathered: Any, stored: Any) -> DeviceArray:
    """Running totals of each line of (lines, length); `before`: the totals (parts, lines) of the parts, if many."""
    lines, length = a.shape
    out = empty(a.shape, stored)
    parts = 1 if before is None else before.shape[0]
    known = empty((1,), gathered) if before is None else before
    width = width_for(length // parts)
    launch(
        _totals_kernel(combine, np.dtype(gathered), np.dtype(stored), width), blocks_for(lines * parts), width, lines,
        length, parts, *places(a), known.block.typed(known.dtype), out.block.typed(out.dtype),
    )  # fmt: skip
    return out
