"""Matrix products of floats by tiles (see `tiles`), of matrices that may lie in memory in any way."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty
from tinygrad_edu.kernels.numba_cuda.tiles import MOST_BLOCKS, Loads, added, launch_tiles, parts_for
from tinygrad_edu.kernels.numba_cuda.vectors import in_fours

__all__ = ["batched_product"]


@functools.cache
def _loads(a_along_k: bool, b_along_k: bool, fours: bool) -> Loads:
    return Loads(
        arguments=("batches", "A", "at_a", "a0", "a1", "a2", "B", "at_b", "b0", "b1", "b2", "OUT"),
        setup=(
            "at_a = at_a + batch * a0",
            "at_b = at_b + batch * b0",
            "at_out = (part * batches + batch) * rows * columns",
        ),
        a=("v = CAST(A[at_a + r * a1 + k * a2])",),
        b=("v = CAST(B[at_b + k * b1 + c * b2])",),
        store=("OUT[at_out + r * columns + c] = STORE(v)",),
        a_along_k=a_along_k,
        b_along_k=b_along_k,
        a_four=("v0, v1, v2, v3 = four(A, at_a + r * a1 + k * a2)",) if fours else (),
        b_four=("v0, v1, v2, v3 = four(B, at_b + k * b1 + c * b2)",) if fours else (),
        store_four=("put_four(OUT, at_out + r * columns + c, v0, v1, v2, v3)",) if fours else (),
    )


def batched_product(a: DeviceArray, b: DeviceArray, kind: Any) -> Any:
    """(B, M, K) times (B, K, N), in a type of floats; NotImplemented if it is not meant for them.

    float16 is added up in float32, float32 in float32, float64 in float64.
    """
    batches, rows, inner = a.shape
    columns = b.shape[2]
    if kind.kind != "f" or batches > MOST_BLOCKS or rows > 64 * MOST_BLOCKS:
        return NotImplemented
    gathered = np.dtype(np.float32) if kind == np.float16 else kind
    sa, sb = [s // a.itemsize for s in a.strides], [s // b.itemsize for s in b.strides]
    parts = parts_for(rows, columns, batches, inner)
    stored = kind if parts == 1 else gathered
    made = empty((parts, batches, rows, columns), stored)
    a_along_k, b_along_k = abs(sa[2]) <= abs(sa[1]), abs(sb[1]) < abs(sb[2])
    fours = (
        a.dtype == b.dtype == stored == gathered
        and columns % 4 == 0
        and in_fours(a, 2 if a_along_k else 1)
        and in_fours(b, 1 if b_along_k else 2)
    )
    launch_tiles(
        _loads(a_along_k, b_along_k, fours), (rows, columns, inner), batches, parts, gathered, stored, batches,
        a.block.typed(a.dtype), a.offset // a.itemsize, *sa, b.block.typed(b.dtype), b.offset // b.itemsize, *sb,
        made.block.typed(stored),
    )  # fmt: skip
    return made.reshape((batches, rows, columns)) if parts == 1 else added(made, kind)
