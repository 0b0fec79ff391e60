"""Reductions four elements at a time: of lines along memory ("rows"), and of lines across it, side by side ("columns").

A thread has four loads of four elements under way before it uses the first. Float32 is added up in float32 four at a
time, pairwise, and those sums in float64: two roundings, where NumPy's pairwise sum makes more.

- rows: a line, or a part of it, has 4 to 256 threads (at least 4, as the first ones take up to three elements that
  are left over); short lines share a block. What goes may be two dimensions, the last of them along memory, as for the
  bias of a convolution.
- columns: a thread has four neighbouring lines; `across` threads stand side by side, the others take every so manyth
  element. Then the first half of these takes up the second's sums, again and again.

One writer per cell: result e is written by the first thread of the line's (rows), or by the one of the first ones that
has its column; a cell of shared memory by the one thread whose number it bears, and a barrier stands between writing
and reading. Lines that are not there, of a block's last ones, are computed as the last one is, and not written.
"""

from __future__ import annotations

import functools
from typing import Any

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty
from tinygrad_edu.kernels.numba_cuda.runtime import compiled, cuda, functions, launch, multiprocessors
from tinygrad_edu.kernels.numba_cuda.scalars import helpers
from tinygrad_edu.kernels.numba_cuda.vectors import vectors
from tinygrad_edu.kernels.numba_cuda.walking import walk
from tinygrad_edu.kernels.numba_cuda.warps import WARP, cells_for, shared_type, together
from tinygrad_edu.kernels.presence import simulated

__all__ = ["reduce_by_fours"]

_LOADS = 4  # of a thread, before it uses the first
_MOST = 1 << 16  # blocks

_ROWS = """
def kernel({arguments}):
    t = cuda.threadIdx.x & {last}
    line = cuda.threadIdx.x >> {bits}
    cells = cuda.shared.array(CELLS, TYPE)
    at = cuda.blockIdx.x * {lines}
    while at < count * parts:
        e = min(at + line, count * parts - 1)
        k = {k}
        q = {q}
{walk}
        start = at_a + p_oa
        begin = q * fours // parts
        end = (q + 1) * fours // parts
        s_0 = CAST({first})
        s_1 = s_0
        s_2 = s_0
        s_3 = s_0
        j = begin + t
        while j + {three} < end:
{whole}
            j += {four}
{rest}
        i = fours * 4 + t
        if q == parts - 1 and i < length:
            s = s_0
            x = CAST(A[uint64(start + i)])
            s_0 = CAST({combine})
{join}
        s = together(s_0, cells)
        if t == 0 and at + line < count * parts:
            OUT[uint64(e)] = STORE(s)
        at += cuda.gridDim.x * {lines}
"""
_COLUMNS = """
def kernel({arguments}):
    tx = cuda.threadIdx.x & {last}
    ty = cuda.threadIdx.x >> {bits}
    cells = cuda.shared.array({cells}, TYPE)
    groups = count // 4
    tiles = (groups + {last}) // {across}
    at = cuda.blockIdx.x
    while at < tiles * parts:
        q = at // tiles
        g = (at - q * tiles) * {across} + tx
        k = min(g, groups - 1)
{walk}
        start = at_a + p_oa
        begin = q * length // parts
        end = (q + 1) * length // parts
{first}
        j = begin + ty
        while j + {three} < end:
{whole}
            j += {four}
{rest}
{put}
        half = {down} // 2
        while half > 0:
            cuda.syncthreads()
            if ty < half:
{halves}
            half = half // 2
        if ty == 0 and g < groups:
{store}
        cuda.syncthreads()
        at += cuda.gridDim.x
"""


def _joined(combine: str, target: str, s: str, x: str, indent: int) -> list[str]:
    return [" " * indent + line for line in (f"s = {s}", f"x = {x}", f"{target} = CAST({combine})")]


def _taken(combine: str, pairwise: bool, c: int, indent: int) -> list[str]:
    """What chunk c adds to a thread's four sums, of a row."""
    if pairwise:
        return [f"{' ' * indent}s_{c} += CAST((x{c}_0 + x{c}_1) + (x{c}_2 + x{c}_3))"]
    return [line for i in range(4) for line in _joined(combine, f"s_{i}", f"s_{i}", f"CAST(x{c}_{i})", indent)]


def _loads(places: list[str], indent: int) -> list[str]:
    return [f"{' ' * indent}{', '.join(f'x{c}_{i}' for i in range(4))} = four(A, {p})" for c, p in enumerate(places)]


def _guarded(step: int, lines: Any) -> list[str]:
    """``lines(c)`` for all but the last chunk, of those that are there."""
    found = []
    for c in range(_LOADS - 1):
        found += [f"        if j + {c * step} < end:", *lines(c)]
    return found


def _rows_text(
    combine: str, first: Any, outer: int, inner: int, many: bool, width: int, lines: int, pairs: bool
) -> str:
    steps = [f"o{x}{d}" for x in "na" for d in range(outer)] + (["deep", "step"] if inner == 2 else [])

    def place(c: int) -> str:
        at = f"j + {c * width}"
        if inner == 1:
            return f"start + ({at}) * 4"
        return f"start + int64(uint32({at}) // uint32(deep)) * step + int64(uint32({at}) % uint32(deep)) * 4"

    places = [place(c) for c in range(_LOADS)]
    rest = _guarded(width, lambda c: [line.replace("x0_", f"x{c}_") for line in _loads([places[c]], 12)])
    rest += _guarded(width, lambda c: _taken(combine, pairs, c, 12))
    beginning = f"A[uint64({place(0).replace('j + 0', 'begin')})]" if first is None else first
    return _ROWS.format(
        arguments=", ".join(["count", "fours", "length", "parts", "A", "at_a", "OUT", *steps]),
        last=width - 1, bits=width.bit_length() - 1, lines=lines, k="e % count" if many else "e",
        q="e // count" if many else "0", walk="\n".join(walk("o", "k", outer, "a", " " * 8)),
        first=beginning, three=3 * width, four=4 * width, combine=combine,
        whole="\n".join(_loads(places, 12) + [x for c in range(_LOADS) for x in _taken(combine, pairs, c, 12)]),
        rest="\n".join(rest), join="\n".join(x for i in (1, 2, 3) for x in _joined(combine, "s_0", "s_0", f"s_{i}", 8)),
    )  # fmt: skip


def _columns_text(combine: str, first: Any, outer: int, across: int, down: int, pairs: bool) -> str:
    steps = [f"o{x}{d}" for x in "na" for d in range(outer)] + ["step"]
    places = [f"start + (j + {c * down}) * step" for c in range(_LOADS)]
    begin = [" " * 8 + f"s_{i} = CAST({first})" for i in range(4)]
    if first is None:
        begin = _loads(["start + begin * step"], 8) + [" " * 8 + f"s_{i} = CAST(x0_{i})" for i in range(4)]

    def taken(c: int) -> list[str]:
        return [x for i in range(4) for x in _joined(combine, f"s_{i}", f"s_{i}", f"CAST(x{c}_{i})", 12)]

    whole = [x for c in range(_LOADS) for x in taken(c)]
    if pairs:
        whole = [" " * 12 + f"s_{i} += CAST((x0_{i} + x1_{i}) + (x2_{i} + x3_{i}))" for i in range(4)]
    rest = _guarded(down, lambda c: [line.replace("x0_", f"x{c}_") for line in _loads([places[c]], 12)])
    rest += _guarded(down, taken)
    threads = across * down
    mine = [f"cells[cuda.threadIdx.x + {i * threads}]" for i in range(4)]
    other = [f"CAST(cells[cuda.threadIdx.x + half * {across} + {i * threads}])" for i in range(4)]
    halves = [x for i in range(4) for x in _joined(combine, mine[i], f"CAST({mine[i]})", other[i], 16)]
    return _COLUMNS.format(
        arguments=", ".join(["count", "length", "parts", "A", "at_a", "OUT", *steps]),
        last=across - 1, bits=across.bit_length() - 1, across=across, down=down, cells=4 * threads,
        walk="\n".join(walk("o", "k", outer, "a", " " * 8)), first="\n".join(begin), three=3 * down, four=4 * down,
        whole="\n".join(_loads(places, 12) + whole), rest="\n".join(rest),
        put="\n".join(" " * 8 + f"{mine[i]} = s_{i}" for i in range(4)), halves="\n".join(halves),
        store="\n".join(" " * 12 + f"OUT[uint64(q * count + g * 4 + {i})] = STORE({mine[i]})" for i in range(4)),
    )  # fmt: skip


@functools.cache
def _kernel(text: str, name: str, combine: str, gathered: Any, stored: Any, width: int, lines: int) -> Any:
    names: dict[str, Any] = {**functions(), **helpers(), **vectors(), "CAST": gathered.type, "STORE": stored.type}
    names |= {"TYPE": shared_type(gathered), "CELLS": cells_for(width, lines), "cuda": cuda()}
    names["together"] = together(combine, gathered, width)
    exec(compile(text, f"<cuda kernel: {name} by fours>", "exec"), names)
    return compiled(names["kernel"])


_text_of_rows, _text_of_columns = functools.cache(_rows_text), functools.cache(_columns_text)


def _power(n: int, least: int, most: int) -> int:
    """The largest power of 2 that is not above n, between two."""
    return max(least, min(most, 1 << max(n, 1).bit_length() - 1))


def reduce_by_fours(
    name: str, combine: str, first: Any, a: DeviceArray, sizes: tuple[int, int], outer: Any, inner: Any, gathered: Any,
    stored: Any,
) -> Any:  # fmt: skip
    """(parts, count) results in `gathered`, or (1, count) in `stored`; NotImplemented where they do not lie for it.

    Args:
        combine, first: how an element x joins those gathered in s, and what there is before (None: an element).
        sizes: how many results, and of how many elements each.
        outer, inner: the merged shapes and strides, in elements, of what stays and what goes.
    """
    (count, length), item = sizes, a.itemsize
    if a.dtype.kind not in "fiu" or item not in (4, 8) or a.offset % (4 * item) or a.block.address() % 16:
        return NotImplemented
    (sizes_o, (steps_o,)), (sizes_i, (steps_i,)) = outer, inner
    pairs = name == "add" and a.dtype.kind == "f" and item == 4
    most = 2 if simulated() else 8 * multiprocessors()
    begin: Any = None if first is None else first
    memory = (a.block.typed(a.dtype), a.offset // item)
    if sizes_i and steps_i[-1] == 1 and not any(step % 4 for step in (*steps_o, *steps_i[:-1])):
        rank = len(sizes_i)
        if rank > 2 or rank == 2 and (sizes_i[1] % 4 or length >= 1 << 32):
            return NotImplemented
        fours = length // 4
        width = _power(fours // 4, 4, 8 if simulated() else 256)
        parts = max(1, min(-(-most // count), fours // (8 if simulated() else 2048), 1024))
        lines = 1 if width > (4 if simulated() else WARP) else (8 if simulated() else 128) // width
        text = _text_of_rows(combine, begin, len(sizes_o), rank, parts > 1, width, lines, pairs)
        blocks, threads = -(-count * parts // lines), width * lines
        numbers: tuple[int, ...] = (count, fours, length, parts)
        more = (*sizes_o, *steps_o, *((sizes_i[1] // 4, steps_i[0]) if rank == 2 else ()))
    elif (
        sizes_o
        and steps_o[-1] == 1
        and len(sizes_i) == 1
        and not (sizes_o[-1] % 4 or any(step % 4 for step in (*steps_o[:-1], *steps_i)))
    ):
        across = _power(2 * (count // 4) - 1, 1, 2 if simulated() else 32)
        down = (4 if simulated() else 256) // across
        tiles = -(-(count // 4) // across)
        parts = max(1, min(-(-most // tiles), length // (4 * down), 1024))
        text = _text_of_columns(combine, begin, len(sizes_o), across, down, pairs)
        width = lines = 2  # nothing is found out together but in shared memory
        blocks, threads, numbers = tiles * parts, across * down, (count, length, parts)
        more = (*sizes_o[:-1], sizes_o[-1] // 4, *steps_o[:-1], 4, steps_i[0])
    else:
        return NotImplemented
    out = empty((parts, count), gathered if parts > 1 else stored)
    kernel = _kernel(text, name, combine, gathered, out.dtype, width, lines)
    if simulated():
        blocks = min(blocks, 2)
    launch(kernel, min(blocks, _MOST), threads, *numbers, *memory, out.block.typed(out.dtype), *more)
    return out
