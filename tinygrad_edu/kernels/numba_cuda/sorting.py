"""Sorting lines by merging: a block sorts a tile of elements, and longer lines are merged from sorted runs.

- An element becomes an unsigned number, its key, in whose order elements lie: all nan are the largest, -0.0 equals
  0.0, and for a descending order all bits are turned. No two kinds of elements need another kernel after that.
- A tile: every thread sorts ITEMS neighbours by exchanging those that stand wrong (odd-even transposition); then runs
  in shared memory are merged two and two until they are as long as a line, or as the tile. Several short lines share
  a tile, each filled up to a power of 2 with the largest key.
- A line of more than a tile: runs are merged two and two, one launch for all pairs, until one is left, which takes
  1 + log2(n / TILE) launches. Each block writes a tile of a merged run.

Merging is dealt out by merge path (S. Odeh et al., "Merge Path - Parallel Merging Made Simple", 2012): how many of the
first d elements of the merged run come from the first run is found by halving, so every thread writes ITEMS elements
and every block a tile, whatever the runs hold. Of equal keys the first run's go first, and no exchange moves equal
ones: the order is stable.

One writer per cell: in shared memory thread t writes the cells from t * ITEMS on, or when it loads and stores those
whose number is t modulo WIDTH, and a barrier stands between these and every read by others; in memory element j of a
line is written by the one block whose tile it is in. No launch writes what it reads.
"""

from __future__ import annotations

import functools
import textwrap
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda import layout
from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty
from tinygrad_edu.kernels.numba_cuda.blocks import blocks_for, by_rows, lines_of
from tinygrad_edu.kernels.numba_cuda.runtime import compiled, cuda, functions, launch
from tinygrad_edu.kernels.presence import simulated

__all__ = ["TILE", "argsort", "sorted_lines"]

ITEMS, WIDTH = (4, 4) if simulated() else (8, 256)  # elements of a thread, threads of a block
TILE = ITEMS * WIDTH
# One cell is left out in every 33, so that neighbouring threads use different banks; some are read beyond the end.
_CELLS = (TILE + ITEMS) * 33 // 32 + 2

# The number in whose order elements lie, from the bits of one. (Constants are of the key's type.)
_KEY = {
    "f": """def key(u):
    if (u & BELOW) > INFINITE:
        return BITS
    if u == SIGN:
        return SIGN
    if u & SIGN:
        return KEY(u ^ BITS)
    return KEY(u | SIGN)
""",
    "i": """def key(u):
    return KEY(u ^ SIGN)
""",
    "u": """def key(u):
    return u
""",
}
# How many of the first d elements of two runs merged come from the first: WIDTH places are tried at once.
_SPLIT = """def split(K, a, na, b, nb, d, t):
    low = max(0, d - nb)
    high = min(d, na)
    while low < high:
        step = (high - low + WIDTH - 1) // WIDTH
        i = low + (t + 1) * step - 1
        yes = False
        if i < high:
            yes = K[a + i] <= K[b + d - 1 - i]
        low += cuda.syncthreads_count(int32(yes)) * step
        high = min(high, low + step - 1)
    return low
"""
_TILES = """def kernel(lines, length, inner, parts, shift, flip, A, at_a, KEYS, ORDER, VALUES):
    t = uint32(cuda.threadIdx.x)
    keys = cuda.shared.array(CELLS, KEY)
    order = cuda.shared.array(CELLS, uint32)
    for c in range(TILE + t, TILE + ITEMS + 1, WIDTH):
        keys[cell(c)] = LAST
        order[cell(c)] = 0
    size = uint32(1 << shift)
    rows = TILE >> shift
    for tile in range(cuda.blockIdx.x, (lines * parts + rows - 1) // rows, cuda.gridDim.x):
        line, first = place(tile * rows, parts)
        for w in range(ITEMS):
            c = uint32(t + w * WIDTH)
            row = line + (c >> shift)
            j = first + (c & (size - 1))
            x = LAST
            if row < lines and j < length:
                x = KEY(key(KEY(A[at_a + start(row, length, inner) + j * inner])) ^ flip)
            keys[cell(c)] = x
        cuda.syncthreads()
{own}
{exchanges}
        run = uint32(ITEMS)
        while run < size:
            cuda.syncthreads()
{keep_deeper}
            cuda.syncthreads()
            d = uint32(t * ITEMS & (2 * run - 1))
            a = uint32(t * ITEMS - d)
            b = uint32(a + run)
            end_a = b
            end_b = uint32(b + run)
{merge_deeper}
            run = uint32(run + run)
        cuda.syncthreads()
{keep}
        cuda.syncthreads()
        for w in range(ITEMS):
            c = uint32(t + w * WIDTH)
            row = line + (c >> shift)
            j = first + (c & (size - 1))
            if row < lines and j < length:
                i = first + (order[cell(c)] & (size - 1))
{write_deeper}
        cuda.syncthreads()
"""
_RUNS = """def kernel(lines, length, inner, parts, run, K, O, A, at_a, KEYS, ORDER, VALUES):
    t = uint32(cuda.threadIdx.x)
    keys = cuda.shared.array(CELLS, KEY)
    order = cuda.shared.array(CELLS, INDEX)
    for c in range(TILE + t, TILE + ITEMS + 1, WIDTH):
        keys[cell(c)] = LAST
        order[cell(c)] = 0
    for e in range(cuda.blockIdx.x, lines * parts, cuda.gridDim.x):
        row, first = place(e, parts)
        pair = first & ~(2 * run - 1)
        na = min(run, length - pair)
        nb = min(run, length - pair - na)
        from_a = row * length + pair
        from_b = from_a + na
        done = first - pair
        some = min(TILE, length - first)
        before = int64(split(K, from_a, na, from_b, nb, done, t))
        until = int64(split(K, from_a, na, from_b, nb, done + some, t))
        taken = uint32(until - before)
        count = uint32(some)
        from_a += before
        from_b += done - until
        for w in range(ITEMS):
            c = uint32(t + w * WIDTH)
            if c < count:
                at = c + (from_a if c < taken else from_b)
                keys[cell(c)] = K[at]
                order[cell(c)] = O[at]
            else:
                keys[cell(c)] = LAST
                order[cell(c)] = 0
        cuda.syncthreads()
        d = uint32(min(t * ITEMS, count))
        a = uint32(0)
        b = taken
        end_a = taken
        end_b = count
{merge}
        cuda.syncthreads()
{keep}
        cuda.syncthreads()
        for w in range(ITEMS):
            c = uint32(t + w * WIDTH)
            if c < count:
                j = first + c
                i = int64(order[cell(c)])
{write_deeper}
        cuda.syncthreads()
"""
# Where a thread begins in the runs from a and b: after d elements; then its own, one by one.
_MERGE = """low = uint32(d + b - end_b if d + b > end_b else 0)
high = uint32(min(d, end_a - a))
while low < high:
    middle = uint32((low + high) >> 1)
    if keys[cell(uint32(a + middle))] <= keys[cell(uint32(b + d - 1 - middle))]:
        low = uint32(middle + 1)
    else:
        high = middle
a = uint32(a + low)
b = uint32(b + d - low)
x = keys[cell(a)]
y = keys[cell(b)]
"""
_ONE = """of_a = b >= end_b or (a < end_a and x <= y)
p = a if of_a else b
k{w} = x if of_a else y
i{w} = order[cell(p)]
p = uint32(p + 1)
z = keys[cell(p)]
x = z if of_a else x
y = y if of_a else z
a = p if of_a else a
b = b if of_a else p
"""
_WRITE = {
    "": """KEYS[row * length + j] = keys[cell(c)]
ORDER[row * length + j] = i
""",
    "order": """at = start(row, length, inner)
ORDER[at + j * inner] = i
""",
    "both": """at = start(row, length, inner)
ORDER[at + j * inner] = i
VALUES[at + j * inner] = A[at_a + at + i * inner]
""",
}
_HELPERS = """def cell(c):
    return uint32(c + (c >> 5))

def place(unit, parts):
    if parts == 1:
        return unit, 0
    return unit // parts, unit % parts * TILE

def start(line, length, inner):
    if ACROSS:
        return line // inner * length * inner + line % inner
    return line * length
"""


def _indented(text: str, depth: int) -> str:
    return textwrap.indent(text, " " * 4 * depth).rstrip()


def _text(form: str, writes: str) -> str:
    """The text of a kernel with what is done for each of a thread's elements written out: they stay in registers."""
    every = range(ITEMS)
    own = "".join(f"k{w} = keys[cell(t * ITEMS + {w})]\ni{w} = t * ITEMS + {w}\n" for w in every)
    keep = "".join(f"keys[cell(t * ITEMS + {w})] = k{w}\norder[cell(t * ITEMS + {w})] = i{w}\n" for w in every)
    exchanges = "".join(
        f"if k{w + 1} < k{w}:\n    k{w}, k{w + 1} = k{w + 1}, k{w}\n    i{w}, i{w + 1} = i{w + 1}, i{w}\n"
        for turn in every
        for w in range(turn % 2, ITEMS - 1, 2)
    )
    merge = _MERGE + "".join(_ONE.format(w=w) for w in every)
    return form.format(
        own=_indented(own, 2), exchanges=_indented(exchanges, 2), keep=_indented(keep, 2),
        keep_deeper=_indented(keep, 3),
        merge=_indented(merge, 2), merge_deeper=_indented(merge, 3),
        write=_indented(_WRITE[writes], 3), write_deeper=_indented(_WRITE[writes], 4),
    )  # fmt: skip


@functools.cache
def _kernel(kind: np.dtype[Any], index: Any, across: bool, form: str, writes: str) -> Any:
    """The kernel for elements of a type.

    Args:
        index: the type of an index in memory between launches.
        across: whether the elements of a line lie apart.
        form: _TILES or _RUNS.
        writes: what is left in memory at the end, of _WRITE.
    """
    number: Any = np.uint64 if kind.itemsize == 8 else np.uint32
    bits = 8 * kind.itemsize
    digits = {2: 10, 4: 23, 8: 52}.get(kind.itemsize, 0)
    names: dict[str, Any] = {
        **functions(), "KEY": number, "LAST": number(np.iinfo(number).max), "BITS": number(2**bits - 1),
        "SIGN": number(2 ** (bits - 1)), "BELOW": number(2 ** (bits - 1) - 1), "INDEX": index, "ACROSS": across,
        "INFINITE": number(2 ** (bits - 1) - 2**digits), "ITEMS": ITEMS, "WIDTH": WIDTH, "TILE": TILE, "CELLS": _CELLS,
    }  # fmt: skip
    text = _HELPERS + "\n" + _SPLIT + "\n" + _KEY.get(kind.kind, _KEY["u"])
    exec(compile(text, "<cuda: keys and places>", "exec"), names)
    for name in ("cell", "place", "start", "split", "key"):
        names[name] = cuda().jit(device=True)(names[name])
    exec(compile(_text(form, writes), f"<cuda kernel: sorting {kind}>", "exec"), names)
    return compiled(names["kernel"])


def sorted_lines(
    a: DeviceArray, axis: int, descending: bool = False, values: bool = True
) -> tuple[DeviceArray | None, DeviceArray]:
    """The elements of each line along an axis in order, if wanted, and where in the line they stood."""
    a = by_rows(a)
    lines, length, inner = lines_of(a.shape, axis)
    order = empty(a.shape, np.int64)
    out = empty(a.shape, a.dtype) if values else None
    if not a.size:
        return out, order
    whole = np.dtype(f"u{a.itemsize}")
    key: Any = np.uint64 if a.itemsize == 8 else np.uint32
    index: Any = np.uint32 if length < 2**32 else np.int64
    source = [a.block.typed(whole), a.offset // a.itemsize]
    made = order.block.typed(order.dtype) if out is None else out.block.typed(whole)
    target = [order.block.typed(order.dtype), made]
    parts = -(-length // TILE)
    writes = "both" if values else "order"
    flip = key(np.iinfo(key).max if descending else 0)
    shift = (min(max(length, ITEMS), TILE) - 1).bit_length()
    rows = TILE >> shift
    runs = [(empty((a.size,), key), empty((a.size,), index)) for _ in range(min(2, (parts - 1).bit_length()))]
    pairs = [[k.block.typed(k.dtype), o.block.typed(o.dtype)] for k, o in runs]
    blocks = blocks_for(-(-lines * parts // rows))

    def step(form: str, writes: str, *arguments: Any) -> None:
        kernel = _kernel(a.dtype, index, inner > 1, form, writes)
        launch(kernel, blocks, WIDTH, lines, length, inner, parts, *arguments)

    if parts == 1:
        step(_TILES, writes, shift, flip, *source, made, *target)
        return out, order
    step(_TILES, "", shift, flip, *source, *pairs[0], made)
    run, now = TILE, 0
    while run < length:
        last = 2 * run >= length
        left = [made, *target] if last else [*pairs[1 - now], made]
        step(_RUNS, writes if last else "", run, *pairs[now], *source, *left)
        run, now = 2 * run, 1 - now
    return out, order


def argsort(a: DeviceArray, axis: Any = -1) -> DeviceArray:
    """The indices that put each line along an axis in order; equal ones stay as they stood, nan come last."""
    if axis is None:
        a, axis = a.reshape(-1), 0
    return sorted_lines(a, layout.checked_axis(axis, a.ndim), values=False)[1]
