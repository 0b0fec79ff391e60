"""Matrix products as NumPy has them: of floats by tiles (`matmul`), of integers with one thread for each element."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda import layout
from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty, one_device
from tinygrad_edu.kernels.numba_cuda.elementwise import mapped
from tinygrad_edu.kernels.numba_cuda.matmul import batched_product
from tinygrad_edu.kernels.numba_cuda.runtime import compiled, functions, grid_for, launch

__all__ = ["product"]


@functools.cache
def _kernel(gathered: Any, stored: Any) -> Any:
    names: dict[str, Any] = {**functions(), "CAST": gathered.type, "STORE": stored.type}
    text = """
def kernel(count, rows, columns, inner, A, at_a, a0, a1, a2, B, at_b, b0, b1, b2, OUT):
    for k in range(cuda.grid(1), count, cuda.gridsize(1)):
        column = k % columns
        row = k // columns % rows
        batch = k // (rows * columns)
        p = at_a + batch * a0 + row * a1
        q = at_b + batch * b0 + column * b2
        s = CAST(0)
        for j in range(inner):
            s += CAST(A[p + j * a2]) * CAST(B[q + j * b1])
        OUT[k] = STORE(s)
"""
    exec(compile(text, "<cuda kernel: matmul>", "exec"), names)
    return compiled(names["kernel"])


def product(a: DeviceArray, b: DeviceArray, out: Any = None) -> DeviceArray:
    """What ``np.matmul`` does: (..., M, K) times (..., K, N); a vector counts as a row, or as a column.

    Raises:
        ValueError: sizes that do not fit.
    """
    one_device(a, b)
    if not a.ndim or not b.ndim:
        raise ValueError("matmul: Input operand does not have enough dimensions")
    vector_a, vector_b = a.ndim == 1, b.ndim == 1
    a = a.reshape(1, -1) if vector_a else a
    b = b.reshape(-1, 1) if vector_b else b
    if a.shape[-1] != b.shape[-2]:
        raise ValueError(
            f"matmul: Input operand 1 has a mismatch in its core dimension 0 (size {b.shape[-2]} is different from "
            f"{a.shape[-1]})"
        )
    batch = layout.broadcast((a.shape[:-2], b.shape[:-2]))
    kind = np.result_type(a.dtype, b.dtype)
    rows, columns = a.shape[-2], b.shape[-1]
    made = empty((*batch, rows, columns), kind) if not layout.size_of((*batch, rows, columns)) else None
    if made is None:
        a, b = _one_batch(a, batch), _one_batch(b, batch)
        by_tiles = batched_product(a, b, kind)
        made = _plain(a, b, kind) if by_tiles is NotImplemented else by_tiles
    shape = (*batch, *(() if vector_a else (rows,)), *(() if vector_b else (columns,)))
    made = made.reshape(shape)
    if out is not None:
        target = out[0] if isinstance(out, tuple) else out
        return mapped("a", (made,), (target.dtype,), target.dtype, target)
    return made


def _plain(a: DeviceArray, b: DeviceArray, kind: Any) -> DeviceArray:
    """The product of (B, M, K) and (B, K, N), one thread for each element."""
    (batches, rows, inner), columns = a.shape, b.shape[2]
    made = empty((batches, rows, columns), kind)
    gathered = np.dtype(np.float32) if kind == np.float16 else np.dtype(np.int64) if kind.kind in "biu" else kind
    sa, sb = [s // a.itemsize for s in a.strides], [s // b.itemsize for s in b.strides]
    launch(
        _kernel(gathered, kind), *grid_for(made.size), made.size, rows, columns, inner,
        a.block.typed(a.dtype), a.offset // a.itemsize, *sa, b.block.typed(b.dtype), b.offset // b.itemsize, *sb,
        made.block.typed(kind),
    )  # fmt: skip
    return made


def _one_batch(a: DeviceArray, batch: tuple[int, ...]) -> DeviceArray:
    """The matrices as an array of three dimensions."""
    if not batch:
        return a.on((1, *a.shape), (0, *a.strides))
    core = a.shape[-2:]
    spread = a.on((*batch, *core), layout.spread_strides(a.shape, a.strides, (*batch, *core)))
    count = layout.size_of(batch)
    strides = layout.reshaped_strides(spread.shape, spread.strides, (count, *core), a.itemsize)
    if strides is None:  # broadcast over some of several batch dimensions only
        return mapped("a", (spread,), (a.dtype,), a.dtype, empty(spread.shape, a.dtype)).reshape((count, *core))
    return spread.on((count, *core), strides)
