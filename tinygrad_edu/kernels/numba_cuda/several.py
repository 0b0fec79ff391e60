"""What is done to all gradients or weights of a model at once: one launch, or two for their norm.

A function returns NotImplemented where its arrays do not fit one table (see pieces.py); whoever calls it then goes on
array by array. One writer per cell: pieces.py says it for what changes in place; of the sums of squares each block
writes its own, by its first thread, and one more block adds those up.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty
from tinygrad_edu.kernels.numba_cuda.blocks import from_text
from tinygrad_edu.kernels.numba_cuda.pieces import FIND, PIECE, THREADS, Formula, lying_as, run, table_of
from tinygrad_edu.kernels.numba_cuda.pointers import pointers
from tinygrad_edu.kernels.numba_cuda.runtime import launch

__all__ = ["all_averaged", "all_clamped", "all_faded", "all_filled", "all_negated", "all_norm", "all_scaled"]

Arrays = list[Any]

_FILLED = Formula("p", "p", "value", "p = value")
_CLAMPED = Formula("p", "p", "least most", "p = least if p < least else p\np = most if p > most else p")  # nan stays
_SCALED = Formula("p", "p", "where", "p = p * get(where, 0, ZERO)")
_NEGATED = Formula("pg", "p", "", "p = -g")
_AVERAGED = Formula("pv", "p", "count", "p = p + (v - p) / count")
_FADED = Formula("pv", "p", "keep take", "p = keep * p + take * v")


def all_filled(arrays: Arrays, value: float) -> Any:
    """One number everywhere."""
    return run(_FILLED, (arrays,), value)


def all_clamped(arrays: Arrays, low: float, high: float) -> Any:
    """Every element held between two numbers."""
    return run(_CLAMPED, (arrays,), low, high)


def all_scaled(arrays: Arrays, factor: Any) -> Any:
    """Every element multiplied by a number that lies on the device, for which nobody waits."""
    if factor.__class__ is not DeviceArray or factor.dtype != arrays[0].dtype or factor.size != 1:
        return NotImplemented
    return run(_SCALED, (arrays,), flags=(factor.block.address() + factor.offset,))


def all_negated(arrays: Arrays) -> Any:
    """New arrays, in the same order in memory: a list."""
    made = [np.empty_like(a) for a in arrays]
    return made if run(_NEGATED, (made, arrays)) is None else NotImplemented


def all_averaged(means: Arrays, values: Arrays, count: float) -> Any:
    """Each mean goes to its value by one part of `count`."""
    return run(_AVERAGED, (means, [lying_as(v, m) for v, m in zip(values, means, strict=True)]), count)


def all_faded(means: Arrays, values: Arrays, decay: float) -> Any:
    """``decay * mean + (1 - decay) * value``."""
    return run(_FADED, (means, [lying_as(v, m) for v, m in zip(values, means, strict=True)]), decay, 1 - decay)


_SQUARES = """
def kernel(TABLE, at_table, rows, OUT):
    cells = cuda.shared.array(CELLS, float64)
{find}
    AT_p = TABLE[at + 3]
    total = float64(0)
    for i in range(begin + 4 * cuda.threadIdx.x, fours, 4 * THREADS):
        p0, p1, p2, p3 = get_four(AT_p, i, LIKE)
        q0, q1, q2, q3 = float64(p0), float64(p1), float64(p2), float64(p3)
        total += (q0 * q0 + q1 * q1) + (q2 * q2 + q3 * q3)
    for i in range(max(begin, fours) + cuda.threadIdx.x, end, THREADS):
        q = float64(get(AT_p, i, LIKE))
        total += q * q
    total = block_add(total, cells)
    if cuda.threadIdx.x == 0:
        OUT[block] = total
"""
_ROOT = """
def kernel(count, SUMS, OUT):
    cells = cuda.shared.array(CELLS, float64)
    total = float64(0)
    for i in range(cuda.threadIdx.x, count, THREADS):
        total += SUMS[i]
    total = block_add(total, cells)
    if cuda.threadIdx.x == 0:
        OUT[0] = RESULT(sqrt(total))
"""


@functools.cache
def _norm_kernels(kind: Any) -> tuple[Any, Any]:
    more = {**pointers(), "LIKE": kind(0), "RESULT": kind, "THREADS": THREADS, "PIECE": PIECE, "TABLE_WIDTH": 4}
    text = _SQUARES.format(find=FIND.strip("\n").replace("WIDTH", "TABLE_WIDTH"))
    return (
        from_text(text, "squares of all", np.dtype(np.float64), THREADS, **more),
        from_text(_ROOT, "norm of all", np.dtype(np.float64), THREADS, **more),
    )


def all_norm(arrays: Arrays) -> Any:
    """The root of the sum of all squares, which are added up in float64; an array without dimensions."""
    found = table_of((arrays,))
    if found is None or not found[1]:
        return NotImplemented
    table, blocks = found
    kind = arrays[0].dtype
    squares, root = _norm_kernels(kind.type)
    sums, out = empty((blocks,), np.float64), empty((), kind)
    place = sums.block.typed(sums.dtype)
    launch(squares, blocks, THREADS, *table, place)
    launch(root, 1, THREADS, blocks, place, out.block.typed(kind))
    return out
