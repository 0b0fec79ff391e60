"""Matrix products of floats by tiles (see `tiles`), of matrices that may lie in memory in any way."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty
from tinygrad_edu.kernels.numba_cuda.tile_text import Lines, Loads, Reads
from tinygrad_edu.kernels.numba_cuda.tiles import MOST_BLOCKS, added, launch_tiles, parts_for
from tinygrad_edu.kernels.numba_cuda.vectors import in_fours

__all__ = ["batched_product"]

STEP = 8  # of the inner dimension, in a piece


@functools.cache
def _loads(a_along_k: bool, b_along_k: bool, fours: bool, whole: bool) -> Loads:
    """`whole`: the inner dimension is a multiple of a piece."""

    def read(letter: str, place: str) -> Callable[[str, int], Lines]:
        names = "v0, v1, v2, v3" if fours else "v"

        def lines(across: str, inner: int) -> Lines:
            at = place.format(across=across, inner=f"({letter.lower()}_inner + {inner})")
            element = f"four({letter}, {at})" if fours else f"CAST({letter}[uint64({at})])"
            if whole:
                return (f"{names} = {element}",)
            return f"if {letter.lower()}_inner + {inner} < inner - piece * {STEP}:", f"    {names} = {element}"

        return lines

    at = "at_out + r * columns + c"
    return Loads(
        arguments=("batches", "A", "at_a", "a0", "a1", "a2", "B", "at_b", "b0", "b1", "b2", "OUT"),
        setup=(
            f"at_a = at_a + batch * a0 + piece * {STEP} * a2",
            f"at_b = at_b + batch * b0 + piece * {STEP} * b1",
            "at_out = (part * batches + batch) * rows * columns",
        ),
        a=Reads(read("A", "at_a + ({across} * a1 + {inner} * a2)"), a_along_k, fours),
        b=Reads(read("B", "at_b + ({across} * b2 + {inner} * b1)"), b_along_k, fours),
        advance=(f"at_a += {STEP} * a2", f"at_b += {STEP} * b1"),
        store=(f"put_four(OUT, {at}, v0, v1, v2, v3)" if fours else f"OUT[uint64({at})] = STORE(v)",),
        store_fours=fours,
        step=STEP,
        registers=128 if fours and whole else 160,
    )


def batched_product(a: DeviceArray, b: DeviceArray, kind: Any) -> Any:
    """(B, M, K) times (B, K, N), in a type of floats; NotImplemented if it is not meant for them.

    float16 is added up in float32, float32 in float32, float64 in float64.
    """
    batches, rows, inner = a.shape
    columns = b.shape[2]
    if kind.kind != "f" or batches > MOST_BLOCKS or rows > 32 * MOST_BLOCKS:
        return NotImplemented
    gathered = np.dtype(np.float32) if kind == np.float16 else kind
    sa, sb = [s // a.itemsize for s in a.strides], [s // b.itemsize for s in b.strides]
    a_along_k, b_along_k = abs(sa[2]) <= abs(sa[1]), abs(sb[1]) < abs(sb[2])
    fours = (
        a.dtype == b.dtype == kind == gathered
        and columns % 4 == 0
        and in_fours(a, 2 if a_along_k else 1)
        and in_fours(b, 1 if b_along_k else 2)
    )
    loads, sizes = _loads(a_along_k, b_along_k, fours, inner % STEP == 0), (rows, columns, inner)
    parts = parts_for(loads, sizes, batches, gathered)
    stored = kind if parts == 1 else gathered
    made = empty((parts, batches, rows, columns), stored)
    launch_tiles(
        loads, sizes, -(-inner // STEP), batches, parts, gathered, stored, batches,
        a.block.typed(a.dtype), a.offset // a.itemsize, *sa, b.block.typed(b.dtype), b.offset // b.itemsize, *sb,
        made.block.typed(stored),
    )  # fmt: skip
    return made.reshape((batches, rows, columns)) if parts == 1 else added(made, kind)
