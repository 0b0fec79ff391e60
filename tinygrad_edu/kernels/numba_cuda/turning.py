"""Elementwise kernels for arrays that lie column by column where the result lies row by row, and the other way round.

Neighbouring threads have to read, and to write, neighbouring elements: else a card moves 32 bytes for each element.
Where an input's elements are neighbours along another dimension, `r`, than the result's, `c`, a block takes a square of
both: it reads the input along r into shared memory, waits, and writes the result along c. A row of the square has one
element more than its side, so that the threads that read down its columns find 32 banks. Inputs that lie otherwise are
read where they are needed.

One writer per cell: a square belongs to one block; in shared memory thread (x, y) writes [c, x], and in the result it
writes (r, x), for the c, and r, that are y, y + height, ...: each cell once. The wait, which all threads come to, parts
what is written to shared memory from what is read of it.
"""

from __future__ import annotations

import math
from typing import Any

from tinygrad_edu.kernels.numba_cuda.walking import LETTERS, added, computed_in, name_of
from tinygrad_edu.kernels.presence import simulated

__all__ = ["suited", "text_of"]

SIDE, HEIGHT = (4, 2) if simulated() else (32, 4)  # of a square; a block has SIDE x HEIGHT threads
_LEAST = 3 if simulated() else 8  # elements along both dimensions: with fewer most of a square is empty
_MOST = 4  # squares in shared memory

Steps = tuple[int, ...]


def suited(sizes: Steps, steps: list[Steps]) -> tuple[int, frozenset[int]] | None:
    """Which dimension r is, and which arrays lie along it; None where no array does.

    Args:
        sizes, steps: merged dimensions, and the strides of the result and the inputs in elements.
    """
    if len(sizes) < 2 or steps[0][-1] != 1:
        return None
    for other in steps[1:]:
        for r in range(len(sizes) - 1):
            if other[r] == 1 and other[-1] > 1 and min(sizes[r], sizes[-1]) >= _LEAST:
                along = frozenset(i for i, step in enumerate(steps) if i and step[r] == 1 and step[-1] > 1)
                return (r, along) if len(along) <= _MOST else None
    return None


def text_of(
    turned: tuple[int, frozenset[int]], sizes: Steps, steps: list[Steps], kinds: Any, types: Any
) -> tuple[str, Steps, tuple[Steps, ...], Any, Any]:
    """A kernel's text; its first arguments, and each array's steps; blocks and threads."""
    r, along = turned
    batch = [d for d in range(len(sizes) - 1) if d != r]
    order = [*batch, r, len(sizes) - 1]
    split = tuple([tuple([step[d] for d in order]) for step in steps])
    down, across = -(-sizes[r] // SIDE), -(-sizes[-1] // SIDE)
    squares = math.prod(sizes[d] for d in batch) * down * across
    first = (down, across, sizes[r], sizes[-1], *(sizes[d] for d in batch))
    inputs = [letter for letter, (_, of) in zip(LETTERS, kinds, strict=False) if of]
    in_tile = [letter for i, letter in enumerate(inputs, 1) if i in along]
    direct = [letter for letter in inputs if letter not in in_tile]
    type_of = {letter: name_of(kind) for letter, kind in zip(inputs, types[1:], strict=True)}
    turns = range(SIDE // HEIGHT)

    names = ["down", "across", "rows", "columns", *(f"n{b}" for b in range(len(batch)))]
    lines = []
    for letter in ("out", *LETTERS[: len(kinds)]):
        if letter != "out" and letter not in inputs:
            names.append(f"{letter}_")
        else:
            names += [letter.upper(), f"at_{letter}", *(f"{letter}_{b}" for b in range(len(batch)))]
            names += [f"{letter}_r", f"{letter}_c"]
    for letter in in_tile:  # (one shared array on a line: in the simulator those of one line are one)
        shared_type = "uint8" if type_of[letter] == "bool_" else type_of[letter]
        lines.append(f"TILE_{letter} = cuda.shared.array(({SIDE}, {SIDE + 1}), {shared_type})")
    for letter, (kind, is_array) in zip(LETTERS, kinds, strict=False):
        if not is_array:
            lines.append(f"{letter} = {computed_in(kind)}({letter}_)")
    lines += ["x = COUNTER(cuda.threadIdx.x)", "y = COUNTER(cuda.threadIdx.y)", "square = COUNTER(cuda.blockIdx.x)"]
    body = []
    # (a block divides once, so plain divisions do)
    divided = [("of_c", "across"), ("of_r", "down"), *((f"i{b}", f"n{b}") for b in reversed(range(1, len(batch))))]
    for index, size in divided:
        body.append(f"rest = COUNTER(square // COUNTER({size}))")
        body += [f"{index} = COUNTER(square - COUNTER(rest * COUNTER({size})))", "square = rest"]
    body += [f"begin_c = COUNTER(of_c * {SIDE})", f"begin_r = COUNTER(of_r * {SIDE})", "end_r = COUNTER(rows)"]
    body.append("end_c = COUNTER(columns)")
    body += ["i0 = square"] if batch else []
    for letter in ("out", *inputs):
        terms = [f"at_{letter}", *(f"i{b} * {letter}_{b}" for b in range(len(batch)))]
        body.append(f"p_{letter} = {added(*terms, f'begin_r * {letter}_r', f'begin_c * {letter}_c')}")

    def read(letter: str, t: int) -> str:  # along r
        return f"{letter.upper()}[PLACE({added(f'p_{letter}', f'x * {letter}_r', f'j{t} * {letter}_c')})]"

    def written(t: int) -> list[str]:  # along c
        text = []
        for letter, (kind, is_array) in zip(LETTERS, kinds, strict=False):
            if is_array:
                value = f"TILE_{letter}[x, j{t}]" if letter in in_tile else f"{letter}{t}_"
                text.append(f"{letter} = {computed_in(kind)}({value})")
        at = added("p_out", f"j{t} * out_r", "x")
        return [*text, f"OUT[PLACE({at})] = {name_of(types[0])}(f({', '.join(LETTERS[: len(kinds)])}))"]

    def beside(t: int) -> list[str]:
        places = [added(f"p_{letter}", f"j{t} * {letter}_r", f"x * {letter}_c") for letter in direct]
        return [f"{letter}{t}_ = {letter.upper()}[PLACE({at})]" for letter, at in zip(direct, places, strict=True)]

    # whole squares: all reads of a thread before their first use; cut ones: each for itself
    body += [f"j{t} = COUNTER(y + {t * HEIGHT})" for t in turns]
    body.append(f"whole = COUNTER(begin_r + {SIDE}) <= end_r and COUNTER(begin_c + {SIDE}) <= end_c")
    body.append("if whole:")
    body += [f"    {letter}{t}_ = {read(letter, t)}" for t in turns for letter in in_tile]
    body += [f"    TILE_{letter}[j{t}, x] = {letter}{t}_" for t in turns for letter in in_tile]
    body.append("else:")
    for t in turns:
        body.append(f"    if COUNTER(begin_r + x) < end_r and COUNTER(begin_c + j{t}) < end_c:")
        body += [f"        TILE_{letter}[j{t}, x] = {read(letter, t)}" for letter in in_tile]
    body += ["cuda.syncthreads()", "if whole:"]
    body += [f"    {line}" for t in turns for line in beside(t)]
    body += [f"    {line}" for t in turns for line in written(t)]
    body.append("else:")
    for t in turns:
        body.append(f"    if COUNTER(begin_r + j{t}) < end_r and COUNTER(begin_c + x) < end_c:")
        body += [f"        {line}" for line in (*beside(t), *written(t))]
    text = "\n".join([f"def kernel({', '.join(names)}):", *(f"    {line}" for line in (*lines, *body))])
    return text, first, split, squares, (SIDE, HEIGHT)

