"""Matrix products by tiles: the one kernel behind matmul and the convolutions, which differ in what they load.

A block computes a tile of the result, TM rows by TN columns. It walks the inner dimension in pieces of `step`: its
threads bring a piece of both operands into shared memory, the next piece is on its way in registers while they work on
it, and each thread keeps RM x RN results in registers (`tile_text` writes that down). Here is what is chosen: which
tile, and into how many parts the inner dimension is cut where there are too few tiles to fill the card. The sums of
the parts are added by the reduction kernel, not by atomics.

Products are added up in float32 (float64 for float64), in an order that does not vary from run to run.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray
from tinygrad_edu.kernels.numba_cuda.reductions import reduce
from tinygrad_edu.kernels.numba_cuda.runtime import compiled, functions, launch, multiprocessors
from tinygrad_edu.kernels.numba_cuda.tile_text import Loads, Tile, source
from tinygrad_edu.kernels.numba_cuda.vectors import vectors
from tinygrad_edu.kernels.presence import simulated

__all__ = ["MOST_BLOCKS", "TILES", "TINY", "added", "clocks", "launch_tiles", "parts_for", "plan"]

MOST_BLOCKS = 65535  # in the second and third dimension of a grid
# With 8 x 8 results a thread multiplies 64 times for 4 reads of shared memory, with 4 x 4 ones 16 times for 2.
TILES = (
    Tile(128, 128, 8, 8), Tile(64, 128, 8, 8), Tile(128, 64, 8, 8), Tile(64, 96, 8, 8), Tile(64, 64, 8, 8),
    Tile(32, 128, 4, 8), Tile(32, 32, 4, 4),
)  # fmt: skip
DOUBLE = (Tile(64, 64, 4, 4), Tile(32, 32, 4, 4))  # of numbers that take two registers each
TINY = Tile(32, 8, 8, 4)  # for the simulator, where every thread is one of the operating system's
_REGISTERS = 1 << 16  # of a multiprocessor

Sizes = tuple[int, int, int]


@functools.cache
def _kernel(loads: Loads, tile: Tile, gathered: Any, stored: Any) -> Any:
    kind = gathered.type
    names = {**functions(), **vectors(), "TYPE": kind, "CAST": kind, "STORE": stored.type, "ZERO": kind(0)}
    exec(compile(source(loads, tile), "<cuda kernel: tiles>", "exec"), names)
    if simulated() or gathered.itemsize > 4:
        return compiled(names["kernel"])
    return compiled(names["kernel"], launch_bounds=(tile.threads, _together(tile, loads.registers)))


def _together(tile: Tile, registers: int) -> int:
    """How many blocks a multiprocessor has room for; `registers` is of a thread of the largest tile."""
    small, few = tile.thread_rows * tile.thread_columns <= 32, tile.threads <= 128
    if few and tile.rows > 64:  # tall: a thread has more of a convolution's weights on their way
        registers = max(registers, 192) if registers > 128 else 160
    elif few:
        registers = 160
    return _REGISTERS // (tile.threads * (128 if small else registers))


def clocks(tile: Tile, sizes: Sizes, batches: int, parts: int, registers: int = 128) -> float:
    """An estimate of the time that a product of (rows, columns, inner) takes, by which tiles are compared.

    The multiprocessor with the most blocks multiplies whole tiles, 128 numbers a clock at best: fewer if its threads
    have too little to do between two reads, or if there are too few warps to hide what they wait for. Some of the time
    in which its operands come, 128 bytes a clock, shows. A second launch adds the parts up.
    """
    rows, columns, inner = sizes
    blocks = -(-rows // tile.rows) * -(-columns // tile.columns) * batches * parts
    most = -(-blocks // multiprocessors())
    warps = min(most, _together(tile, registers)) * tile.threads / 32
    busy = {64: 1.0, 32: 0.85, 16: 0.6}[tile.thread_rows * tile.thread_columns] * min(1.0, warps / 12)
    each = tile.rows * tile.columns / (128 * busy) + (tile.rows + tile.columns) / 32
    spent = most * each * (-(-inner // parts) + 40)
    return spent if parts == 1 else spent + 5000 + parts * rows * columns * batches / 250


@functools.lru_cache(maxsize=1024)
def plan(sizes: Sizes, batches: int, most: int, itemsize: int, registers: int) -> tuple[Tile, int]:
    """The tile, and into how many parts (at most `most`) the inner dimension is cut: such that all have their share."""
    if simulated():
        return TINY, max(1, min(2, most, MOST_BLOCKS // batches))
    choices = []
    tiles = TILES if itemsize <= 4 else DOUBLE
    for i, tile in enumerate(tiles):
        down, across = -(-sizes[0] // tile.rows), -(-sizes[1] // tile.columns)
        fair = {multiprocessors() * k // (down * across * batches) for k in range(1, 13)}
        for parts in {1} | {p for p in fair if 1 < p <= most and p * batches <= MOST_BLOCKS}:
            if down <= MOST_BLOCKS:
                choices.append((clocks(tile, sizes, batches, parts, registers), i, parts))
    _, i, parts = min(choices)
    return tiles[i], parts


def _planned(loads: Loads, sizes: Sizes, batches: int, kind: Any, cut: bool) -> tuple[Tile, int]:
    most = sizes[2] // (8 if simulated() else 64) if cut else 1  # none of the parts is short
    return plan(sizes, batches, most, np.dtype(kind).itemsize, loads.registers)


def parts_for(loads: Loads, sizes: Sizes, batches: int, kind: Any) -> int:
    """Into how many parts to cut the inner dimension of a product of (rows, columns, inner)."""
    return _planned(loads, sizes, batches, kind, True)[1]


def added(partial: DeviceArray, kind: Any) -> DeviceArray:
    """The sum of the parts, which are the first dimension."""
    return reduce("add", partial, 0, kind)


def launch_tiles(
    loads: Loads, sizes: Sizes, pieces: int, batches: int, parts: int, gathered: Any, stored: Any, *arguments: Any
) -> None:
    """Run a product of (rows, columns, inner), whose inner dimension is so many pieces; only these two may be 0.

    Parts are those of `parts_for`, or 1.
    """
    rows, columns, inner = sizes
    tile = replace(_planned(loads, sizes, batches, gathered, parts > 1)[0], step=loads.step)
    grid = (-(-columns // tile.columns), -(-rows // tile.rows), batches * parts)
    kernel = _kernel(loads, tile, np.dtype(gathered), np.dtype(stored))
    launch(kernel, grid, tile.threads, rows, columns, inner, pieces, parts, *arguments)
