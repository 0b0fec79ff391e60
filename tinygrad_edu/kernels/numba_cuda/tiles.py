"""Matrix products by tiles: the one kernel behind matmul and the convolutions, which differ in what they load.

A block computes a tile of the result, TM rows by TN columns. It walks the inner dimension KT at a time: its threads
bring a piece of both operands into shared memory, the next piece is on its way in registers while they work on it, and
each thread keeps RM x RN results in registers. Thread (x, y) has the rows y + i TM / RM and the columns x + j TN / RN:
the threads of a warp then read neighbouring words of shared memory, or the same one, which is no conflict of banks.

Products are added up in float32 (float64 for float64), in an order that does not vary. Where there are too few tiles
to fill the card, the inner dimension is cut into parts; their sums are added by the reduction kernel, not by atomics.

One writer per cell. Shared memory: the number of a load, `t + l * THREADS`, is written as (row, k) in one way only, so
two threads never write one cell; all writes lie between two barriers, all reads between the next two. Result: tile,
part and batch belong to one block, and (x, y, i, j) gives each cell of a tile once.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray
from tinygrad_edu.kernels.numba_cuda.reductions import reduce
from tinygrad_edu.kernels.numba_cuda.runtime import compiled, functions, launch, multiprocessors
from tinygrad_edu.kernels.presence import simulated

__all__ = ["Loads", "MOST_BLOCKS", "added", "launch_tiles", "parts_for", "tile_for"]

MOST_BLOCKS = 65535  # in the second and third dimension of a grid


@dataclass(frozen=True)
class Tile:
    """The sizes of a tile: of the result, of the step along the inner dimension, and what one thread has of it."""

    rows: int
    columns: int
    step: int
    thread_rows: int
    thread_columns: int

    @property
    def threads(self) -> int:
        return self.rows // self.thread_rows * (self.columns // self.thread_columns)


LARGE, SMALL, TINY = Tile(128, 128, 16, 8, 8), Tile(64, 64, 16, 4, 4), Tile(4, 4, 2, 2, 2)


@dataclass(frozen=True)
class Loads:
    """What tells one product from another, as text.

    Args:
        arguments: the names of the kernel's further arguments.
        setup: lines run once; they know `batch` and `part`, and `col` of the thread's first column to load.
        a, b: lines that set `v` to the element (r, k), and (k, c); `v` is 0 before them.
        store: lines that put `v` at (r, c).
        a_along_k, b_along_k: neighbouring threads load along the inner dimension.
    """

    arguments: tuple[str, ...]
    setup: tuple[str, ...]
    a: tuple[str, ...]
    b: tuple[str, ...]
    store: tuple[str, ...]
    a_along_k: bool
    b_along_k: bool


def _load(letter: str, lines: tuple[str, ...], along_k: bool, tile: Tile, base: str, indent: str) -> list[str]:
    """Lines that load a thread's share of a piece into the registers kept_a0 ... (or kept_b0 ...)."""
    size, counter, end = (tile.rows, "r", "rows") if letter == "a" else (tile.columns, "c", "columns")
    count = size * tile.step // tile.threads
    across, inner = (tile.threads // tile.step, 0) if along_k else (0, tile.threads // size)
    if not count or (not along_k and tile.threads % size) or (along_k and tile.threads % tile.step):
        raise AssertionError(f"the threads of {tile} do not share the loads of {letter} evenly")
    text = []
    for i in range(count):
        text += [
            f"{indent}{counter} = {letter}_across + {i * across}",
            f"{indent}k = {base} + {letter}_inner + {i * inner}",
            f"{indent}v = ZERO",
            f"{indent}if {counter} < {end} and k < end:",
            *(f"{indent}    {line}" for line in lines),
            f"{indent}kept_{letter}{i} = v",
        ]
    return text


def _keep(letter: str, along_k: bool, tile: Tile, indent: str) -> list[str]:
    """Lines that put the loaded registers into shared memory."""
    size = tile.rows if letter == "a" else tile.columns
    across, inner = (tile.threads // tile.step, 0) if along_k else (0, tile.threads // size)
    return [
        f"{indent}s{letter}[({letter}_inner + {i * inner}) * {size + 2} + {letter}_first + {i * across}] = "
        f"kept_{letter}{i}"
        for i in range(size * tile.step // tile.threads)
    ]


def _source(loads: Loads, tile: Tile) -> str:
    across = tile.columns // tile.thread_columns
    down = tile.rows // tile.thread_rows
    text = [
        f"def kernel(rows, columns, inner, parts, {', '.join(loads.arguments)}):",
        "    t = cuda.threadIdx.x",
        f"    tx = t % {across}",
        f"    ty = t // {across}",
        "    part = cuda.blockIdx.z % parts",
        "    batch = cuda.blockIdx.z // parts",
        f"    chunk = (inner + parts * {tile.step} - 1) // (parts * {tile.step}) * {tile.step}",
        "    begin = part * chunk",
        "    end = begin + chunk if begin + chunk < inner else inner",
        # two more words a row: threads that write along k meet different banks
        f"    sa = cuda.shared.array({tile.step * (tile.rows + 2)}, TYPE)",
        f"    sb = cuda.shared.array({tile.step * (tile.columns + 2)}, TYPE)",
    ]
    for letter, along, size, axis in (
        ("a", loads.a_along_k, tile.rows, "y"),
        ("b", loads.b_along_k, tile.columns, "x"),
    ):
        first, second = ("inner", "first") if along else ("first", "inner")
        width = tile.step if along else size
        text += [f"    {letter}_{first} = t % {width}", f"    {letter}_{second} = t // {width}"]
        text.append(f"    {letter}_across = cuda.blockIdx.{axis} * {size} + {letter}_first")
    text += ["    col = b_across", *(f"    {line}" for line in loads.setup)]
    cells = [(i, j) for i in range(tile.thread_rows) for j in range(tile.thread_columns)]
    text += [f"    c{i}_{j} = ZERO" for i, j in cells]
    text += _load("a", loads.a, loads.a_along_k, tile, "begin", "    ")
    text += _load("b", loads.b, loads.b_along_k, tile, "begin", "    ")
    text.append(f"    for k0 in range(begin, end, {tile.step}):")
    text += _keep("a", loads.a_along_k, tile, " " * 8) + _keep("b", loads.b_along_k, tile, " " * 8)
    text.append("        cuda.syncthreads()")
    text += _load("a", loads.a, loads.a_along_k, tile, f"k0 + {tile.step}", " " * 8)
    text += _load("b", loads.b, loads.b_along_k, tile, f"k0 + {tile.step}", " " * 8)
    text.append(f"        for q in range({tile.step}):")
    text.append(f"            pa = q * {tile.rows + 2} + ty")
    text.append(f"            pb = q * {tile.columns + 2} + tx")
    text += [f"            x{i} = sa[pa + {i * down}]" for i in range(tile.thread_rows)]
    text += [f"            y{j} = sb[pb + {j * across}]" for j in range(tile.thread_columns)]
    text += [f"            c{i}_{j} += x{i} * y{j}" for i, j in cells]
    text.append("        cuda.syncthreads()")
    for i, j in cells:
        text += [
            f"    r = cuda.blockIdx.y * {tile.rows} + ty + {i * down}",
            f"    c = cuda.blockIdx.x * {tile.columns} + tx + {j * across}",
            "    if r < rows and c < columns:",
            f"        v = c{i}_{j}",
            *(f"        {line}" for line in loads.store),
        ]
    return "\n".join(text)


@functools.cache
def _kernel(loads: Loads, tile: Tile, gathered: Any, stored: Any) -> Any:
    kind = gathered.type
    names = {**functions(), "TYPE": kind, "CAST": kind, "STORE": stored.type, "ZERO": kind(0)}
    exec(compile(_source(loads, tile), "<cuda kernel: tiles>", "exec"), names)
    return compiled(names["kernel"])


def tile_for(rows: int, columns: int, batches: int) -> Tile:
    """Large tiles read less memory for each product; small ones fill a card with a small result."""
    if simulated():
        return TINY  # every thread is one of the operating system's
    large = -(-rows // LARGE.rows) * -(-columns // LARGE.columns) * batches
    return LARGE if large >= multiprocessors() and rows > SMALL.rows and columns > SMALL.columns else SMALL


def parts_for(rows: int, columns: int, batches: int, inner: int) -> int:
    """Into how many parts to cut the inner dimension: enough to fill the card, none of them short."""
    tile = tile_for(rows, columns, batches)
    tiles = -(-rows // tile.rows) * -(-columns // tile.columns) * batches
    most = inner // (tile.step * (2 if simulated() else 8))
    return max(1, min(-(-2 * multiprocessors() // tiles), most, 64, MOST_BLOCKS // max(batches, 1)))


def added(partial: DeviceArray, kind: Any) -> DeviceArray:
    """The sum of the parts, which are the first dimension."""
    return reduce("add", partial, 0, kind)


def launch_tiles(
    loads: Loads, sizes: tuple[int, int, int], batches: int, parts: int, gathered: Any, stored: Any, *arguments: Any
) -> None:
    """Run a product of (rows, columns, inner); nothing may be 0 but inner."""
    rows, columns, inner = sizes
    tile = tile_for(rows, columns, batches)
    grid = (-(-columns // tile.columns), -(-rows // tile.rows), batches * parts)
    kernel = _kernel(loads, tile, np.dtype(gathered), np.dtype(stored))
    launch(kernel, grid, tile.threads, rows, columns, inner, parts, *arguments)
