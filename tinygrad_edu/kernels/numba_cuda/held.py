"""Kernels on lines that lie along memory: a line is read once, kept in registers, and its result is written once.

What such a kernel computes stands in a recipe (`recipes`); how its threads share the work, in a `Deal`. A line has
`width` threads; short lines share a block. Thread t has `size` (4 or 1) neighbouring elements from size (t + c width)
on, for c below `chunks`: neighbouring threads read neighbouring elements, all loads of a thread are under way before
the first is used, and only of the last chunk may some be missing. With 0 chunks a line is too long to be held: then
each step that needs elements reads them again, from the card's cache if lines are not too many.

One writer per cell: the element at a place of a line is written by the one thread whose chunk it is in; what is known
of a line by its leader; a block's sums over lines, which it keeps apart from other blocks', again by the thread of the
place. Lines that are not there (the last block may have some) are computed as the last one, and not written.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty
from tinygrad_edu.kernels.numba_cuda.blocks import by_rows
from tinygrad_edu.kernels.numba_cuda.recipes import Deal, Recipe, text_of
from tinygrad_edu.kernels.numba_cuda.runtime import compiled, functions, launch, multiprocessors
from tinygrad_edu.kernels.numba_cuda.scalars import helpers
from tinygrad_edu.kernels.numba_cuda.vectors import vectors
from tinygrad_edu.kernels.numba_cuda.warps import WARP, cells_for, together
from tinygrad_edu.kernels.presence import simulated

__all__ = ["deal_for", "run"]

_LARGER = "x if x > s else s"
_MOST = 1 << 16  # blocks
_STREAMED = 512  # threads of a line that is not held


@functools.cache
def deal_for(length: int, size: int, arrays: int, itemsize: int, columns: int) -> Deal:
    """As few threads for a line as hold it: those of a warp need no barriers.

    Args:
        length: of a line; size: 4 where it may be read in fours, else 1.
        arrays: how many are held; itemsize: of an element in a register; columns: how many sums over lines.
    """
    units, cost = -(-length // size), size * (arrays + columns) * itemsize // 4  # in registers of 32 bits
    small = simulated()
    warp, few, widest = (2, 2, 4) if small else (WARP, 64 if columns else 32, 512)
    most = few if small else few // cost
    if units <= warp * most:
        width = 1
        while width < warp and width * 2 <= units:
            width *= 2
        lines = 2 if small else 128 // width
    else:
        width, lines, held = 2 * warp, 1, 2 if small else (64 if columns else 16) // cost
        while width < widest and units > width * held:
            width *= 2
        if units > width * (3 if small else 64 // cost):
            return Deal(size, widest if small else _STREAMED, 1, 0, False)
    chunks = -(-units // width)
    return Deal(size, width, lines, chunks, length % (size * width) == 0)


@functools.cache
def _kernel(recipe: Recipe, deal: Deal, kind: np.dtype[Any], stored: np.dtype[Any]) -> Any:
    number = kind.type
    names: dict[str, Any] = {**functions(), **helpers(), **vectors(), "TYPE": number, "STORE": stored.type}
    names |= {"ZERO": number(0), "ONE": number(1), "LEAST": number(-np.inf)}
    names |= {"line_add": together("s + x", kind, deal.width), "line_max": together(_LARGER, kind, deal.width)}
    names["CELLS"] = cells_for(deal.width, deal.lines)
    exec(compile(text_of(recipe, deal), f"<cuda kernel: {recipe.name}>", "exec"), names)
    threads = deal.width * deal.lines
    # a thread may have 255 registers, of which a multiprocessor has 65536: large blocks are told of, so that they get
    # fewer. (Told of small ones, ptxas spills some to have more of them at a time.)
    return compiled(names["kernel"], **({"launch_bounds": threads} if threads > 256 else {}))


def _aligned(a: DeviceArray) -> bool:
    return not (a.offset % (4 * a.itemsize) or a.block.address() % 16)


def run(
    recipe: Recipe, sizes: tuple[int, int], kinds: tuple[Any, Any], more: tuple[Any, ...], arrays: list[Any],
    out: DeviceArray | None, *results: DeviceArray,
) -> DeviceArray | None:  # fmt: skip
    """Launch the kernel of a recipe.

    Args:
        sizes: how many lines there are, and how long they are.
        kinds: the types in which is computed and stored.
        arrays: for the letters of `far` and `near`; copied where their elements do not lie row by row.
        out: for a result of each element; results: arrays that leaders write.
    Returns:
        The sums over lines, (columns, groups, length), where the lines could be held and there are any.
    """
    lines, length = sizes
    arrays = [by_rows(a) for a in arrays]
    compute, stored = kinds
    fours = length % 4 == 0 and compute == stored and all(map(_aligned, arrays)) and (out is None or _aligned(out))
    columns = len(recipe.columns)
    deal = deal_for(length, 4 if fours else 1, len(recipe.far), compute.itemsize, columns)
    blocks = -(-lines // deal.lines)
    memory = [part for a in arrays for part in (a.block.typed(a.dtype), a.offset // a.itemsize)]
    memory += [r.block.typed(r.dtype) for r in (arrays[0] if out is None else out, *results)]
    part = None
    if columns and deal.chunks:
        blocks = max(1, min(-(-blocks // (1 if simulated() else 8)), 2 if simulated() else 4 * multiprocessors()))
        part = empty((columns, blocks * deal.lines, length), compute)
        memory.append(part.block.typed(compute))
    elif simulated():
        blocks = min(blocks, 2)
    launch(_kernel(recipe, deal, compute, stored), min(blocks, _MOST), deal.width * deal.lines, lines, length, *more,
           *memory)  # fmt: skip
    return part
