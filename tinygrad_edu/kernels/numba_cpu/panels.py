"""The register tile of our matrix product: a few rows by two vectors of sums that never leave the registers.

The tile of the convolutions (`tiles.py`) finds each row of its second factor in a table; here both factors have been
copied into the order in which they are read, so all addresses are one pointer and a constant.
"""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic

from tinygrad_edu.kernels.numba_cpu.compiler import CHECKED, compiled
from tinygrad_edu.kernels.numba_cpu.instructions import Vectors, loop
from tinygrad_edu.kernels.numba_cpu.tiles import SHAPE

__all__ = ["COLUMNS", "DEPTH", "PITCH", "TILE_ROWS", "add_tile", "vector_columns"]

Array = Any
WIDTH = SHAPE.width
COLUMNS = 2  # vectors side by side
# Sums, the two vectors of b and one number of a: 27 of 32 vector registers, or 15 of 16.
TILE_ROWS = 12 if SHAPE.rows == 8 else 6
DEPTH = 192  # rows of b in a panel: 24 KiB, which the first cache holds beside a part of a
PITCH = DEPTH + 16  # between rows of a block of a: an odd number of cache lines, or they compete for the same places


def vector_columns(dtype: Any) -> int:
    """Columns of a tile: elements of its vectors."""
    return int(COLUMNS * WIDTH // np.dtype(dtype).itemsize)


@intrinsic
def _add_tile(
    typing: Any, a: Any, a0: Any, b: Any, b0: Any, depth: Any, out: Any, out0: Any, pitch: Any, more: Any
) -> Any:
    # out[r, q] (+)= sum over k < depth of a[r * PITCH + k] * b[k * columns + q]; added to what is there if `more`
    at = types.intp
    signature = types.void(a, at, b, at, at, out, at, at, types.boolean)

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vec = Vectors(context, builder, signature.args[0].dtype, WIDTH)
        left, right, into = [vec.pointer(signature.args[i], args[i], args[i + 1]) for i in (0, 2, 5)]

        def step(k: Any, sums: list[Any]) -> list[Any]:
            row = builder.gep(right, [builder.mul(k, vec.index(COLUMNS * vec.lanes))])
            lines = [vec.load(row, j * vec.lanes) for j in range(COLUMNS)]
            column = builder.gep(left, [k])
            return [
                vec.muladd(factor, line, sums[r * COLUMNS + j])
                for r in range(TILE_ROWS)
                for factor in [vec.spread(column, r * PITCH)]
                for j, line in enumerate(lines)
            ]

        sums = loop(builder, args[4], [vec.zero] * (TILE_ROWS * COLUMNS), step)
        vec.end_tile(sums, into, args[7], COLUMNS, args[8])
        return context.get_dummy_value()

    return signature, code


@compiled
def _add_tile_checked(
    a: Array, a0: int, b: Array, b0: int, depth: int, out: Array, out0: int, pitch: int, more: bool
) -> None:
    columns = COLUMNS * (WIDTH // a.itemsize)
    for r in range(TILE_ROWS):
        for q in range(columns):
            total = a.dtype.type(0)
            for k in range(depth):
                total += a[a0 + r * PITCH + k] * b[b0 + k * columns + q]
            at = out0 + r * pitch + q
            out[at] = total + out[at] if more else total


add_tile: Any = _add_tile_checked if CHECKED else _add_tile
