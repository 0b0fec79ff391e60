"""The text of the kernel of `tiles`: how threads share loads, shared memory and results.

For every k a thread reads RM + RN numbers and multiplies RM RN times, so it reads four at a time: thread (tx, ty) has
the rows 4 ty + (0, 1, 2, 3), and the same 4 TM / RM further down, and so its columns. A row of shared memory has 4
words more than it needs, a multiple of 16 bytes. A piece is worked on without a loop, and what says where the next one
lies is moved on with it: nothing is worked out anew that does not change. A row or column beyond the last is read as
the last one: its results are stored nowhere. Only what is beyond the end of the inner dimension must be 0.

Banks of shared memory. Reads: the threads of a warp are 4 rows x 8 columns (or 8 x 4), threads 2i and 2i + 1 in one
column, threads i and i + 2 (of four) in one row. So 16 of them read no more than the 128 bytes of one pass, and a card,
which otherwise takes four passes for 512 bytes, takes two: it joins two of them where threads i and i ^ 1, or i and
i ^ 2, read the same. Writes along a row are of neighbouring words. Writes of an operand that is loaded along k go down
a column; rows lie 4 banks apart, so that with 8 rows 8 x 4 threads meet 32 banks.

One writer per cell. Shared memory has two halves, and a piece goes into the half that the one before did not. A load
is of one (row, k), or of four neighbours; `_Operand` gives each to one thread and pass. A barrier stands between the
writes of a piece and its reads. The half is written again two pieces later, after the barrier of the piece between,
which no thread reaches before it has done its reads. Result: tile, part and batch belong to one block; t gives each
(tx, ty) once, and (tx, ty, i, j) each cell once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tinygrad_edu.kernels.numba_cuda.vectors import ALIGNED

__all__ = ["Lines", "Loads", "Reads", "Tile", "source"]

Lines = tuple[str, ...]


@dataclass(frozen=True)
class Tile:
    """The sizes of a tile: of the result, what one thread has of it, and of the step along the inner dimension."""

    rows: int
    columns: int
    thread_rows: int
    thread_columns: int
    step: int = 8

    @property
    def down(self) -> int:
        return self.rows // self.thread_rows

    @property
    def across(self) -> int:
        return self.columns // self.thread_columns

    @property
    def threads(self) -> int:
        return self.down * self.across


@dataclass(frozen=True)
class Reads:
    """How the elements of an operand are read.

    Args:
        lines: of (across, inner), text for the row or column and for k within the piece: lines that set v to that
            element. With fours they set v0 to v3, to it and the next three, along k if `along_k`, else across.
            What they are given for `inner` is ``a_inner`` (or ``b_inner``), which the thread keeps, plus a number.
        along_k: neighbouring threads read along the inner dimension, else across it.
        fours: whether the lines are of four elements.
        unit: a thread that has some of a piece's k has whole multiples of so many.
    """

    lines: Callable[[str, int], Lines]
    along_k: bool
    fours: bool = False
    unit: int = 1


@dataclass(frozen=True)
class Loads:
    """What tells one product from another, as text.

    Args:
        arguments: the names of the kernel's further arguments.
        setup: lines run once; they know `batch`, `part`, the first `piece`, `a_inner`, `b_inner`, and the rows and
            columns that the thread reads, ``a_0``, ``b_0`` the first of them.
        piece: lines that go before the reads of each piece.
        a, b: the reads of element (row, k), and (k, column).
        advance: lines that move on to the next piece.
        store: lines that put `v` at (r, c); with `store_fours` v0 to v3 at (r, c) to (r, c + 3).
        column: lines that go before `store`: what depends on c alone.
        step: how many k are a piece.
        registers: how many a thread of the largest tile gets.
    """

    arguments: Lines
    setup: Lines
    a: Reads
    b: Reads
    advance: Lines
    store: Lines
    store_fours: bool
    piece: Lines = ()
    column: Lines = ()
    step: int = 8
    registers: int = 160


class _Operand:
    """The lines that bring a piece of one operand into registers, and from there into shared memory.

    A load has `words` elements, and a line of loads runs along k, or across. `groups` threads side by side load a line
    (or, if there are fewer threads, all of them several times); the next threads load further lines. If loads run
    across, the thread's share of lines are neighbours; else its lines are a pass of all threads apart.
    """

    def __init__(self, reads: Reads, tile: Tile, letter: str, begin: int) -> None:
        self.letter, self.reads, self.begin = letter, reads, begin
        self.size, self.axis = (tile.rows, "y") if letter == "a" else (tile.columns, "x")
        self.end = "rows" if letter == "a" else "columns"
        self.stride = self.size + 4
        self.words = 4 if reads.fours else 1
        self.lines, length = (self.size, tile.step) if reads.along_k else (tile.step, self.size)
        self.groups, self.threads = length // self.words, tile.threads
        turns = range(-(-self.groups // tile.threads))
        share = max(tile.threads // self.groups, 1)  # lines in a pass
        self.together = 1  # neighbouring lines of a thread
        if not reads.along_k:
            while self.lines % (share * reads.unit):
                share -= 1
            self.together = self.lines // share
        self.share = share
        self.steps: list[tuple[int, int, list[str]]] = []  # further across, further along k, conditions of the thread
        for first in range(0, self.lines, share) if reads.along_k else range(self.together):
            for turn in turns:
                side = turn * tile.threads * self.words
                test = [f"t < {self.groups - turn * tile.threads}"] if len(turns) > 1 else []
                busy = min(share, self.lines - first) if reads.along_k else share
                if len(turns) == 1 and busy * self.groups < tile.threads:
                    test = [f"t < {busy * self.groups}"]
                self.steps.append((first, side, test) if reads.along_k else (side, first, test))

    def place(self) -> list[str]:
        """Lines that say which element of a piece is the thread's first, and the rows or columns that it reads."""
        x = self.letter
        side, other = ("inner", "first") if self.reads.along_k else ("first", "inner")
        alone = self.groups >= self.threads  # all threads on one line
        text = [
            f"{x}_{side} = " + (f"t * {self.words}" if alone else f"t % {self.groups} * {self.words}"),
            f"{x}_{other} = " + ("0" if alone or self.share == 1 else f"t // {self.groups} * {self.together}"),
        ]
        last = self.words if not self.reads.along_k else 1
        for across in sorted({across for across, _, _ in self.steps}):
            at = f"cuda.blockIdx.{self.axis} * {self.size} + {x}_first + {across}"
            text.append(f"{x}_{across} = min({at}, {self.end} - {last})")
        return text

    def kept(self, i: int) -> list[str]:
        """The registers of a pass."""
        return [f"kept_{self.letter}{i * self.words + w}" for w in range(self.words)]

    def empty(self) -> list[str]:
        return [f"{name} = ZERO" for i in range(len(self.steps)) for name in self.kept(i)]

    def load(self) -> list[str]:
        text: list[str] = []
        names = ["v"] if self.words == 1 else [f"v{w}" for w in range(4)]
        for i, (across, inner, test) in enumerate(self.steps):
            text += [f"{name} = ZERO" for name in names]
            lines = list(self.reads.lines(f"{self.letter}_{across}", inner))
            # who loads nothing may read what another thread reads, but no k beyond the piece
            text += [f"if {test[0]}:", *_indented(lines, 1)] if test and self.groups > self.threads else lines
            text += [f"{kept} = {name}" for kept, name in zip(self.kept(i), names, strict=True)]
        return text

    def keep(self) -> list[str]:
        text, x = [], self.letter
        for i, (across, inner, test) in enumerate(self.steps):
            cell = f"half + {self.begin} + ({x}_inner + {{}}) * {self.stride} + {x}_first + {across}"
            if self.words == 4 and not self.reads.along_k:
                lines = [f"put_four(s, {cell.format(inner)}, {', '.join(self.kept(i))})"]
            else:
                lines = [f"s[uint64({cell.format(inner + w)})] = {kept}" for w, kept in enumerate(self.kept(i))]
            text += [f"if {test[0]}:", *_indented(lines, 1)] if test else lines
        return text

    def read(self, name: str, own: int, apart: int, row: int) -> list[str]:
        """Lines that bring `own` elements of the piece into registers: the thread's, in row `row`."""
        place = f"p{self.letter} + {self.begin + row * self.stride}"
        return [
            f"{name}{i}, {name}{i + 1}, {name}{i + 2}, {name}{i + 3} = four(s, {place} + {i * apart})"
            for i in range(0, own, 4)
        ]


def _store(loads: Loads, tile: Tile) -> list[str]:
    """Lines that put the thread's results where they belong, column by column, or four columns at a time."""
    words = 4 if loads.store_fours else 1
    text = []
    for j in range(0, tile.thread_columns, words):
        at = j // 4 * 4 * tile.across + j % 4
        text += [f"c = cuda.blockIdx.x * {tile.columns} + tx * 4 + {at}", "if c < columns:"]
        text += [f"    {line}" for line in loads.column]
        for i in range(tile.thread_rows):
            at = i // 4 * 4 * tile.down + i % 4
            text += [f"    r = cuda.blockIdx.y * {tile.rows} + ty * 4 + {at}", "    if r < rows:"]
            text += [f"        v{w} = c{i}_{j + w}" for w in range(4)] if words == 4 else [f"        v = c{i}_{j}"]
            text += [f"        {line}" for line in loads.store]
    return text


def _indented(lines: list[str], depth: int) -> list[str]:
    return [" " * 4 * depth + line for line in lines]


def source(loads: Loads, tile: Tile) -> str:
    """The kernel's text."""
    a = _Operand(loads.a, tile, "a", 0)
    b = _Operand(loads.b, tile, "b", a.stride * tile.step)
    pieces = (a.stride + b.stride) * tile.step
    wide = next(w for w in (8, 4, 2) if tile.across % w == 0)
    high = min(32 // wide, tile.down)
    cells = [(i, j) for i in range(tile.thread_rows) for j in range(tile.thread_columns)]
    reads = ["if piece < last:", *_indented([*loads.piece, *a.load(), *b.load()], 1)]
    text = [
        "t = cuda.threadIdx.x",
        f"warp = t // {high * wide}",
        f"lane = t % {high * wide}",
        f"tx = warp % {tile.across // wide} * {wide} + lane // 2 % {wide}",
        f"ty = warp // {tile.across // wide} * {high} + lane // {2 * wide} * 2 + lane % 2",
        "part = cuda.blockIdx.z % parts",
        "batch = cuda.blockIdx.z // parts",
        "chunk = (pieces + parts - 1) // parts",
        "piece = part * chunk",
        "last = min(piece + chunk, pieces)",
        f"s = cuda.shared.array({2 * pieces}, TYPE{ALIGNED})",
        "half = int32(0)",
        *a.place(), *b.place(), *loads.setup, *(f"c{i}_{j} = ZERO" for i, j in cells),
        *a.empty(), *b.empty(), *reads,
        "while piece < last:",
    ]  # fmt: skip
    body = [*a.keep(), *b.keep(), "cuda.syncthreads()", "piece += 1", *loads.advance, *reads]
    body += ["pa = half + ty * 4", "pb = half + tx * 4"]
    for row in range(tile.step):
        body += a.read("x", tile.thread_rows, tile.down, row)
        body += b.read("y", tile.thread_columns, tile.across, row)
        body += [f"c{i}_{j} += x{i} * y{j}" for i, j in cells]
    body.append(f"half = int32({pieces} - half)")
    head = f"def kernel(rows, columns, inner, pieces, parts, {', '.join(loads.arguments)}):"
    return "\n".join([head, *_indented(text + _indented(body, 1) + _store(loads, tile), 1)])
