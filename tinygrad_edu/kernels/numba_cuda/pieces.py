"""One launch over many arrays: what is done to each element is a few lines of text, the kernel around them is here.

A model has dozens of parameters, most of them small, and a launch takes as long as a step over a hundred thousand
elements. So a kernel gets a table of addresses, a row for each parameter, and a block takes so many elements of one
row, which it finds by halving the table. Rows may differ in size as they like: no block is without work. The table is
kept for as long as the same arrays come again, as they do in a training loop.

Elements are read and written four at a time where all arrays of a row begin at a multiple of 16 bytes; those that are
left over at a row's end, and rows that begin elsewhere, one at a time.

One writer per cell: element i of row r belongs to one block, which is one of r's, counted from its first; in it i, or
the four that i begins, is counted by one thread, and that thread alone reads and writes what lies at i in the arrays of
the row. Two rows may not share memory, which the caller sees to.
"""

from __future__ import annotations

import ast
import functools
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.kernels.numba_cuda import layout, streams
from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty, put
from tinygrad_edu.kernels.numba_cuda.elementwise import mapped
from tinygrad_edu.kernels.numba_cuda.pointers import pointers
from tinygrad_edu.kernels.numba_cuda.runtime import compiled, cuda, functions, launch
from tinygrad_edu.kernels.presence import simulated

__all__ = [
    "FIND", "PIECE", "THREADS", "Formula", "forget", "lying_as", "product", "rounded", "rows_of", "run", "table_of",
]  # fmt: skip

PIECE, THREADS = (8, 2) if simulated() else (4096, 256)  # elements and threads of a block


class Formula(NamedTuple):
    """What is done to each element.

    Attributes:
        columns: a letter for each array of a row; in the lines it is the element.
        written: the letters whose elements change.
        numbers: names of numbers that are the same for all elements, in the arrays' type; flags may follow.
        lines: Python's text. Every product in it is rounded before it is added to something, as NumPy's are.
            Names of `FIND` (low, high, begin ...) are taken.
    """

    columns: str
    written: str
    numbers: str
    lines: str


# Which row the block works on, and from which to which of its elements; the first are read in fours.
FIND = """
    block = int64(cuda.blockIdx.x)
    low = int64(0)
    high = int64(rows)
    while high - low > 1:
        middle = (low + high) >> 1
        if TABLE[at_table + middle * WIDTH] <= block:
            low = middle
        else:
            high = middle
    at = at_table + low * WIDTH
    begin = (block - TABLE[at]) * PIECE
    end = min(begin + PIECE, TABLE[at + 1])
    fours = min(end, TABLE[at + 2])
"""
_TEXT = """
def kernel(TABLE, at_table, rows{numbers}):
{find}
    {addresses}
    for i in range(begin + 4 * cuda.threadIdx.x, fours, 4 * THREADS):
        {in_fours}
    for i in range(max(begin, fours) + cuda.threadIdx.x, end, THREADS):
        {one_by_one}
"""


def _source(formula: Formula) -> str:
    columns, written = formula.columns, formula.written
    lines = rounded(formula.lines).splitlines()
    fours = [f"{c}0, {c}1, {c}2, {c}3 = get_four(AT_{c}, i, ZERO)" for c in columns]
    for w in range(4):
        fours += [f"{c} = {c}{w}" for c in columns] + lines + [f"{c}{w} = {c}" for c in written]
    fours += [f"put_four_at(AT_{c}, i, {c}0, {c}1, {c}2, {c}3)" for c in written]
    singles = [f"{c} = get(AT_{c}, i, ZERO)" for c in columns] + lines + [f"put(AT_{c}, i, {c})" for c in written]
    return _TEXT.format(
        find=FIND.strip("\n"),
        numbers="".join(f", {name}" for name in formula.numbers.split()),
        addresses="\n    ".join(f"AT_{c} = TABLE[at + {3 + k}]" for k, c in enumerate(columns)),
        in_fours="\n        ".join(fours),
        one_by_one="\n        ".join(singles),
    )


class _Products(ast.NodeTransformer):
    """``a * b`` as ``product(a, b)``."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:  # noqa: N802 - ast's name
        self.generic_visit(node)
        if not isinstance(node.op, ast.Mult):
            return node
        return ast.Call(ast.Name("product", ast.Load()), [node.left, node.right], [])


def rounded(lines: str) -> str:
    """The lines with products that no compiler may merge with the sum that follows, which would round once only."""
    return ast.unparse(ast.fix_missing_locations(_Products().visit(ast.parse(lines))))


@functools.cache
def product(kind: Any) -> Any:
    """The function ``product(a, b)`` of kernels: a rounded product of numbers of the type."""
    if simulated():
        return lambda a, b: a * b
    libdevice = __import__("numba.cuda.libdevice", fromlist=["fmul_rn"])
    rounded = libdevice.fmul_rn if kind == np.float32 else libdevice.dmul_rn
    return cuda().jit(lambda a, b: rounded(a, b), device=True)


@functools.cache
def _kernel(formula: Formula, kind: Any) -> Any:
    names = {**functions(), **pointers(), "product": product(kind), "ZERO": kind(0), "ONE": kind(1)}
    names |= {"WIDTH": 3 + len(formula.columns), "PIECE": PIECE, "THREADS": THREADS}
    exec(compile(_source(formula), f"<cuda kernel: step of {formula.columns}>", "exec"), names)
    return compiled(names["kernel"])


class _Tables:
    """The latest tables of one size on the device, all in one block, which is taken once for a training loop."""

    def __init__(self, length: int) -> None:
        whole = empty((16, length), np.int64)
        self.free = [whole.on((length,), (8,), whole.offset + 8 * i * length) for i in range(16)]
        self.known: dict[Any, tuple[DeviceArray, int]] = {}  # by the rows; the oldest comes first

    def table(self, rows: tuple[tuple[int, ...], ...]) -> tuple[DeviceArray, int]:
        """Rows of (elements, those read in fours, addresses), numbered by blocks; and how many blocks."""
        found = self.known.get(rows)
        if found is None:
            first = np.cumsum([0, *(-(-row[0] // PIECE) for row in rows)])
            # kernels that read what stood there before are earlier on the stream
            place = self.free.pop() if self.free else self.known.pop(next(iter(self.known)))[0]
            put(np.column_stack([first[:-1], np.array(rows, np.int64)]).astype(np.int64), place)
            found = self.known[rows] = place, int(first[-1])
        return found


@functools.lru_cache(maxsize=16)
def _tables(length: int, _stream: Any) -> _Tables:
    return _Tables(length)


def forget() -> None:
    """Let go of all tables: they outlive the arrays that they tell of."""
    _tables.cache_clear()


def rows_of(columns: tuple[list[Any], ...], kinds: Any = (np.float32, np.float64)) -> list[tuple[int, ...]] | None:
    """The rows of a table for arrays of the first column and those beside them; None where they do not fit.

    All are floats of one type; the arrays of a row have one shape and lie in memory alike, without gaps.
    """
    kind = columns[0][0].dtype
    if kind not in kinds:
        return None
    rows = []
    for arrays in zip(*columns, strict=True):
        first = arrays[0]
        if first.__class__ is not DeviceArray or not layout.covers(first.shape, first.strides, first.itemsize):
            return None
        places = []
        for a in arrays:
            if a.__class__ is not DeviceArray or a.dtype != kind or a.shape != first.shape:
                return None
            if a.strides != first.strides and a.size > 1 and not _alike(a, first):
                return None
            places.append(a.block.address() + a.offset)
        if first.size:
            aligned = not any(place % 16 for place in places)
            rows.append((first.size, first.size // 4 * 4 if aligned else 0, *places))
    return rows


def table_of(columns: tuple[list[Any], ...]) -> tuple[tuple[Any, ...], int] | None:
    """What a kernel takes of a table of such rows, and how many blocks; None where arrays do not fit."""
    rows = rows_of(columns)
    if rows is None or not _apart(tuple(rows), columns[0][0].itemsize):  # on one memory: one after the other
        return None
    if not rows:
        return (), 0
    table, blocks = _tables(len(rows) * (1 + len(rows[0])), streams.current()).table(tuple(rows))
    return (table.block.typed(table.dtype), table.offset // 8, len(rows)), blocks


@functools.lru_cache(maxsize=64)
def _apart(rows: tuple[tuple[int, ...], ...], itemsize: int) -> bool:
    """Whether no two rows share memory that is written to, which is the first column's."""
    begins = sorted([(row[2], row[0] * itemsize) for row in rows])
    return all(begin + size <= after for (begin, size), (after, _) in zip(begins, begins[1:], strict=False))


def _alike(a: DeviceArray, b: DeviceArray) -> bool:
    """Whether they lie alike; how far apart the elements of a dimension of size 1 would lie is nothing to them."""
    return all(s == t for s, t, size in zip(a.strides, b.strides, a.shape, strict=True) if size > 1)


def lying_as(a: Any, like: Any) -> Any:
    """The array itself if its elements lie as the other one's, else a copy of which they do."""
    if a.__class__ is not DeviceArray or a.strides == like.strides or a.shape != like.shape or _alike(a, like):
        return a
    if not layout.covers(like.shape, like.strides, like.itemsize):
        return a
    return mapped("a", (a,), (a.dtype,), a.dtype, empty(a.shape, a.dtype).on(like.shape, like.strides))


def run(formula: Formula, columns: tuple[list[Any], ...], *numbers: Any, flags: tuple[bool, ...] = ()) -> Any:
    """The formula for every element of every row, in place, in one launch.

    A column is a list of arrays. None if it is done; NotImplemented, and nothing is changed, if arrays do not fit.
    """
    found = table_of(columns)
    if found is None:
        return NotImplemented
    table, blocks = found
    if blocks:
        kind = columns[0][0].dtype.type
        launch(_kernel(formula, kind), blocks, THREADS, *table, *map(kind, numbers), *flags)
    return None
