"""Matrix products by tiles: the one kernel behind matmul and the convolutions, which differ in what they load.

A block computes a tile of the result, TM rows by TN columns. It walks the inner dimension KT at a time: its threads
bring a piece of both operands into shared memory, the next piece is on its way in registers while they work on it, and
each thread keeps RM x RN results in registers. For every k it reads RM + RN numbers and multiplies RM RN times, so what
it reads comes four at a time: thread (tx, ty) has the rows 4 ty + (0, 1, 2, 3), and the same 4 TM / RM further down,
and so its columns. A row of shared memory has 4 words more than it needs, a multiple of 16 bytes. Operands that lie
well (`vectors.in_fours`) are loaded and stored four at a time as well.

Banks of shared memory. Reads: the threads of a warp are 4 x 8, so that it reads 4 times 16 bytes of one operand and 8
times 16 neighbouring bytes of the other, and neither has more than the 128 bytes of one pass. Writes along a row are of
neighbouring words. Writes of an operand that is loaded along k go down a column. Rows of k lie 4 banks apart: with 8
rows in a piece (large tiles) 8 x 4 threads meet 32 banks; with 16 (small ones) two threads meet one bank, and such a
write takes two passes.

Products are added up in float32 (float64 for float64), in an order that does not vary. Where there are too few tiles
to fill the card, the inner dimension is cut into parts; their sums are added by the reduction kernel, not by atomics.

One writer per cell. Shared memory has two halves, and a piece goes into the half that the one before did not. Load
number `t + l * THREADS` is of one (row, k), or of four neighbours that belong to no other number, so two threads never
write one cell. A barrier stands between the writes of a piece and its reads. The half is written again two pieces
later, after the barrier of the piece between, which no thread reaches before it has done its reads. Result: tile, part
and batch belong to one block; t gives each (tx, ty) once, and (tx, ty, i, j) each cell once.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray
from tinygrad_edu.kernels.numba_cuda.reductions import reduce
from tinygrad_edu.kernels.numba_cuda.runtime import compiled, functions, launch, multiprocessors
from tinygrad_edu.kernels.numba_cuda.vectors import ALIGNED, vectors
from tinygrad_edu.kernels.presence import simulated

__all__ = ["MOST_BLOCKS", "Loads", "added", "launch_tiles", "parts_for", "scheme", "tile_for"]

MOST_BLOCKS = 65535  # in the second and third dimension of a grid
UNROLLED = 2  # rows of a piece that are worked with before a thread counts and jumps


@dataclass(frozen=True)
class Tile:
    """The sizes of a tile: of the result, of the step along the inner dimension, and what one thread has of it.

    Rows and columns of a thread come in runs of `run` neighbours, 4 or (see `scheme`) 1.
    """

    rows: int
    columns: int
    step: int
    thread_rows: int
    thread_columns: int
    run: int = 4

    @property
    def down(self) -> int:
        return self.rows // self.thread_rows

    @property
    def across(self) -> int:
        return self.columns // self.thread_columns

    @property
    def threads(self) -> int:
        return self.down * self.across


LARGE, WIDE = Tile(128, 128, 8, 8, 8), Tile(64, 128, 8, 8, 8)
SMALL, TINY = Tile(64, 64, 16, 4, 4), Tile(32, 8, 4, 8, 4)


@dataclass(frozen=True)
class Loads:
    """What tells one product from another, as text.

    Args:
        arguments: the names of the kernel's further arguments.
        setup: lines run once; they know `batch` and `part`, and `col` of the thread's first column to load.
        a, b: lines that set `v` to the element (r, k), and (k, c); `v` is 0 before them.
        store: lines that put `v` at (r, c).
        a_along_k, b_along_k: neighbouring threads load along the inner dimension.
        a_k, b_k: lines that go before those of a, and b: what depends on k alone.
        column: lines that go before `store`: what depends on c alone.
        a_four, b_four: lines that set v0 to v3 to the element (r, k), or (k, c), and the next three along k if
            neighbouring threads load along k, else along r or c. Empty where there are no such lines.
        store_four: lines that put v0 to v3 at (r, c) to (r, c + 3), or empty.
    """

    arguments: tuple[str, ...]
    setup: tuple[str, ...]
    a: tuple[str, ...]
    b: tuple[str, ...]
    store: tuple[str, ...]
    a_along_k: bool
    b_along_k: bool
    a_k: tuple[str, ...] = ()
    b_k: tuple[str, ...] = ()
    column: tuple[str, ...] = ()
    a_four: tuple[str, ...] = ()
    b_four: tuple[str, ...] = ()
    store_four: tuple[str, ...] = ()


class _Operand:
    """The lines that bring a piece of one operand into registers, and from there into shared memory.

    A load has `words` elements. The first `groups` threads load side by side, the next ones further along the other
    axis, until all threads have one; that is a pass. Where b is not loaded along k, a thread has one column in all.
    """

    def __init__(self, loads: Loads, tile: Tile, letter: str, begin: int) -> None:
        self.letter, self.index, self.end = (letter, "r", "rows") if letter == "a" else (letter, "c", "columns")
        self.size, self.axis = (tile.rows, "y") if letter == "a" else (tile.columns, "x")
        self.stride = self.size + (4 if tile.run == 4 else 2)
        self.begin = begin
        self.along_k, self.k = getattr(loads, f"{letter}_along_k"), getattr(loads, f"{letter}_k")
        self.lines, four = getattr(loads, letter), getattr(loads, f"{letter}_four")
        self.words = 4 if four and tile.run == 4 else 1
        if self.words == 4:
            self.lines = four
        self.groups = (tile.step if self.along_k else self.size) // self.words
        loads_of_all, one_pass = self.size * tile.step // self.words, tile.threads
        turns = max(self.groups // one_pass, 1)  # passes that the groups of one line take
        self.further = max(one_pass // self.groups, 1)
        if loads_of_all % one_pass or self.groups * self.further != one_pass * turns or (letter == "b" and turns > 1):
            raise AssertionError(f"the threads of {tile} do not share the loads of {letter} evenly")
        self.steps = []  # of each pass: how much further across and along k its loads are than the first pass's
        for i in range(loads_of_all // one_pass):
            side, other = i % turns * one_pass * self.words, i // turns * self.further
            self.steps.append((other, side) if self.along_k else (side, other))

    def place(self) -> list[str]:
        """Lines that say which element of a piece is the thread's first: `first` across, `inner` along k."""
        side, other = ("inner", "first") if self.along_k else ("first", "inner")
        x = self.letter
        return [
            f"{x}_{side} = t % {self.groups} * {self.words}",
            f"{x}_{other} = t // {self.groups}",
            f"{x}_across = cuda.blockIdx.{self.axis} * {self.size} + {x}_first",
        ]

    def kept(self, i: int) -> list[str]:
        """The registers of a pass."""
        return [f"kept_{self.letter}{i * self.words + w}" for w in range(self.words)]

    def load(self, base: str) -> list[str]:
        text = []
        for i, (across, inner) in enumerate(self.steps):
            if not i or inner != self.steps[i - 1][1]:
                text += [f"k = {base} + {self.letter}_inner + {inner}", *self.k]
            names = ["v"] if self.words == 1 else [f"v{w}" for w in range(4)]
            text += [
                f"{self.index} = {self.letter}_across + {across}",
                *(f"{name} = ZERO" for name in names),
                f"if {self.index} < {self.end} and k < end:",
                *(f"    {line}" for line in self.lines),
                *(f"{kept} = {name}" for kept, name in zip(self.kept(i), names, strict=True)),
            ]
        return text

    def keep(self) -> list[str]:
        text, x = [], self.letter
        for i, (across, inner) in enumerate(self.steps):
            cell = f"half + {self.begin} + ({x}_inner + {{}}) * {self.stride} + {x}_first + {across}"
            if self.words == 4 and not self.along_k:
                text.append(f"put_four(s, {cell.format(inner)}, {', '.join(self.kept(i))})")
            else:
                text += [f"s[uint32({cell.format(inner + w)})] = {kept}" for w, kept in enumerate(self.kept(i))]
        return text

    def read(self, name: str, own: int, apart: int, row: int) -> list[str]:
        """Lines that bring `own` elements of the piece into registers: the thread's, `row` rows after its first."""
        place = f"p{self.letter} + {self.begin + row * self.stride}"
        if self.stride == self.size + 2:
            return [f"{name}{i} = s[uint32({place} + {i * apart})]" for i in range(own)]
        return [
            f"{name}{i}, {name}{i + 1}, {name}{i + 2}, {name}{i + 3} = four(s, {place} + {i * apart})"
            for i in range(0, own, 4)
        ]


def _store(loads: Loads, tile: Tile) -> list[str]:
    """Lines that put the thread's results where they belong, column by column, or four columns at a time."""
    words = 4 if loads.store_four and tile.run == 4 else 1
    text = []
    for j in range(0, tile.thread_columns, words):
        at = j // tile.run * tile.run * tile.across + j % tile.run
        text += [f"c = cuda.blockIdx.x * {tile.columns} + tx * {tile.run} + {at}", "if c < columns:"]
        text += [f"    {line}" for line in loads.column]
        for i in range(tile.thread_rows):
            at = i // tile.run * tile.run * tile.down + i % tile.run
            text += [f"    r = cuda.blockIdx.y * {tile.rows} + ty * {tile.run} + {at}", "    if r < rows:"]
            if words == 4:
                text += [f"        v{w} = c{i}_{j + w}" for w in range(4)]
            else:
                text.append(f"        v = c{i}_{j}")
            text += [f"        {line}" for line in (loads.store_four if words == 4 else loads.store)]
    return text


def _indented(lines: list[str], depth: int) -> list[str]:
    return [" " * 4 * depth + line for line in lines]


def _source(loads: Loads, tile: Tile) -> str:
    a = _Operand(loads, tile, "a", 0)
    b = _Operand(loads, tile, "b", a.stride * tile.step)
    pieces = (a.stride + b.stride) * tile.step
    high, wide = (min(4, tile.down), min(8, tile.across)) if tile.run == 4 else (tile.down, tile.across)
    cells = [(i, j) for i in range(tile.thread_rows) for j in range(tile.thread_columns)]
    aligned = ALIGNED if tile.run == 4 else ""
    text = [
        "t = cuda.threadIdx.x",
        f"warp = t // {high * wide}",
        f"lane = t % {high * wide}",
        f"tx = warp % {tile.across // wide} * {wide} + lane % {wide}",
        f"ty = warp // {tile.across // wide} * {high} + lane // {wide}",
        "part = cuda.blockIdx.z % parts",
        "batch = cuda.blockIdx.z // parts",
        f"chunk = (inner + parts * {tile.step} - 1) // (parts * {tile.step}) * {tile.step}",
        "begin = part * chunk",
        "end = begin + chunk if begin + chunk < inner else inner",
        f"s = cuda.shared.array({2 * pieces}, TYPE{aligned})",
        "half = int32(0)",
        *a.place(), *b.place(), "col = b_across", *loads.setup, *(f"c{i}_{j} = ZERO" for i, j in cells),
        *a.load("begin"), *b.load("begin"),
        "k0 = begin",
        "while k0 < end:",
    ]  # fmt: skip
    next_piece = f"k0 + {tile.step}"
    body = [*a.keep(), *b.keep(), "cuda.syncthreads()", *a.load(next_piece), *b.load(next_piece)]
    body += [f"pa = half + ty * {tile.run}", f"pb = half + tx * {tile.run}"]
    body.append(f"for q in range({tile.step // UNROLLED}):")
    for row in range(UNROLLED):
        body += _indented(a.read("x", tile.thread_rows, tile.down, row), 1)
        body += _indented(b.read("y", tile.thread_columns, tile.across, row), 1)
        body += [f"    c{i}_{j} += x{i} * y{j}" for i, j in cells]
    body += [f"    pa += {UNROLLED * a.stride}", f"    pb += {UNROLLED * b.stride}"]
    body += [f"half = int32({pieces} - half)", f"k0 += {tile.step}"]
    head = f"def kernel(rows, columns, inner, parts, {', '.join(loads.arguments)}):"
    return "\n".join([head, *_indented(text + _indented(body, 1) + _store(loads, tile), 1)])


@functools.cache
def _kernel(loads: Loads, tile: Tile, gathered: Any, stored: Any) -> Any:
    kind = gathered.type
    names = {**functions(), **vectors(), "TYPE": kind, "CAST": kind, "STORE": stored.type, "ZERO": kind(0)}
    exec(compile(_source(loads, tile), "<cuda kernel: tiles>", "exec"), names)
    return compiled(names["kernel"])


class Scheme:
    """How many neighbouring rows, and columns, the threads of all tiles have: a setting, for benchmarks to compare.

    With 4 they are read four at a time. With 1 a thread's rows lie apart, and every read and write is of one element.
    """

    run = 4


scheme = Scheme()


def tile_for(rows: int, columns: int, batches: int) -> Tile:
    """Large tiles read less memory for each product; small ones fill a card with a small result."""
    tile = WIDE if rows <= WIDE.rows else LARGE
    tiles = -(-rows // tile.rows) * -(-columns // tile.columns) * batches
    if simulated():
        tile = TINY  # every thread is one of the operating system's
    elif tiles < multiprocessors() or rows <= SMALL.rows // 2 or columns <= SMALL.columns:
        tile = SMALL
    return tile if scheme.run == tile.run else replace(tile, run=scheme.run)


def parts_for(rows: int, columns: int, batches: int, inner: int) -> int:
    """Into how many parts to cut the inner dimension: enough to fill the card, none of them short."""
    tile = tile_for(rows, columns, batches)
    tiles = -(-rows // tile.rows) * -(-columns // tile.columns) * batches
    most = inner // (tile.step * (1 if simulated() else 8))
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
