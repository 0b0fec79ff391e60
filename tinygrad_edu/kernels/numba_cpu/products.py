"""Two matrix products of our own: one to read, and one whose register tile is emitted as vector instructions.

BLAS is faster than either and is what runs unless `set_matmul` chooses one of these; they are here because a matrix
product is most of what a network does. docs/matrix-products.md tells, step by step, what makes them fast.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cpu.compiler import compiled
from tinygrad_edu.kernels.numba_cpu.layout import ready, suits
from tinygrad_edu.kernels.numba_cpu.panels import DEPTH, PITCH, TILE_ROWS, add_tile, vector_columns
from tinygrad_edu.kernels.threads import on_blocks

__all__ = ["matmul_plain", "matmul_tile"]

Array = Any
WIDE, DEEP = 256, 128  # the block of b that `_plain` works on: columns and rows
HIGH = 16 * TILE_ROWS  # rows of a that `_tiled` keeps at hand: they lie in the second cache


@compiled
def _plain(a: Array, out: Array, b: Array) -> None:
    """out = a @ b, in loops: four rows of a with four rows of b at a time, over a block of b that stays in the cache.

    The sums of four rows lie side by side in one small array, and so do the four rows of b: LLVM makes vectors of a
    loop only if it can prove that what is written is not what is read, and it checks few pairs of arrays.
    """
    (m, inner), n = a.shape, b.shape[1]
    block, sums, factors = np.empty(DEEP * WIDE, a.dtype), np.empty(4 * WIDE, a.dtype), np.empty((4, 4), a.dtype)
    out[...] = 0
    for j in range(0, n, WIDE):
        width = min(WIDE, n - j)
        for k in range(0, inner, DEEP):
            depth = min(DEEP, inner - k)
            block[...] = 0
            for d in range(depth):
                block[d * WIDE : d * WIDE + width] = b[k + d, j : j + width]
            for i in range(0, m, 4):
                height = min(4, m - i)
                sums[...] = 0
                for d in range(0, depth, 4):
                    factors[...] = 0
                    for r in range(height):
                        for q in range(min(4, depth - d)):
                            factors[r, q] = a[i + r, k + d + q]
                    _four_by_four(factors, block[d * WIDE : (d + 4) * WIDE], sums)
                for r in range(height):
                    row = out[i + r, j : j + width]
                    for c in range(width):
                        row[c] += sums[r * WIDE + c]


@compiled
def _four_by_four(f: Array, rows: Array, sums: Array) -> None:
    """sums[r] += f[r, 0] rows[0] + ... + f[r, 3] rows[3], for four r: sixteen products for twelve numbers moved."""
    f00, f01, f02, f03 = f[0, 0], f[0, 1], f[0, 2], f[0, 3]
    f10, f11, f12, f13 = f[1, 0], f[1, 1], f[1, 2], f[1, 3]
    f20, f21, f22, f23 = f[2, 0], f[2, 1], f[2, 2], f[2, 3]
    f30, f31, f32, f33 = f[3, 0], f[3, 1], f[3, 2], f[3, 3]
    for c in range(WIDE):
        b0, b1, b2, b3 = rows[c], rows[c + WIDE], rows[c + 2 * WIDE], rows[c + 3 * WIDE]
        sums[c] += f00 * b0 + f01 * b1 + f02 * b2 + f03 * b3
        sums[c + WIDE] += f10 * b0 + f11 * b1 + f12 * b2 + f13 * b3
        sums[c + 2 * WIDE] += f20 * b0 + f21 * b1 + f22 * b2 + f23 * b3
        sums[c + 3 * WIDE] += f30 * b0 + f31 * b1 + f32 * b2 + f33 * b3


@compiled
def _panels(b: Array, packed: Array, width: int) -> None:
    """b in the order in which the tiles read it: in blocks of DEPTH rows, each cut into panels of `width` columns."""
    inner, n = b.shape
    across = -(-n // width)
    for k in range(0, inner, DEPTH):
        depth = min(DEPTH, inner - k)
        for p in range(across):
            at, used = (k * across + p * depth) * width, min(width, n - p * width)
            for d in range(depth):
                line, row = packed[at + d * width : at + (d + 1) * width], b[k + d, p * width : p * width + used]
                for c in range(used):
                    line[c] = row[c]
                for c in range(used, width):
                    line[c] = 0


@compiled
def _tiled(a: Array, out: Array, packed: Array, width: int) -> None:
    """out = a @ b for some rows of a. A block of a is in the second cache, a panel of b in the first, a tile in
    registers."""
    (m, inner), n = a.shape, out.shape[1]
    across = -(-n // width)
    block, edge = np.empty(HIGH * PITCH, a.dtype), np.empty(TILE_ROWS * width, a.dtype)
    block[...] = 0
    flat = out.reshape(-1)
    for i in range(0, m, HIGH):
        height = min(HIGH, m - i)
        for k in range(0, inner, DEPTH):
            depth = min(DEPTH, inner - k)
            for r in range(height):
                line, row = block[r * PITCH : r * PITCH + depth], a[i + r, k : k + depth]
                for c in range(depth):
                    line[c] = row[c]
            for p in range(across):
                at, used = (k * across + p * depth) * width, min(width, n - p * width)
                for t in range(0, height, TILE_ROWS):
                    rows = min(TILE_ROWS, height - t)
                    if rows == TILE_ROWS and used == width:
                        add_tile(block, t * PITCH, packed, at, depth, flat, (i + t) * n + p * width, n, k > 0)
                        continue
                    add_tile(block, t * PITCH, packed, at, depth, edge, 0, width, False)
                    for r in range(rows):
                        for c in range(used):
                            sofar = out[i + t + r, p * width + c] if k > 0 else a.dtype.type(0)
                            out[i + t + r, p * width + c] = sofar + edge[r * width + c]


@compiled
def _plain_batch(a: Array, b: Array, out: Array) -> None:
    for i in range(len(a)):
        _plain(a[i], out[i], b[i])


@compiled
def _tiled_batch(a: Array, b: Array, out: Array, packed: Array, width: int) -> None:
    for i in range(len(a)):
        _panels(b[i], packed, width)
        _tiled(a[i], out[i], packed, width)


def matmul_plain(a: Array, b: Array) -> Array:
    """(..., m, k) @ (..., k, n), leading dimensions broadcast."""
    given = _stacked(a, b)
    if given is NotImplemented:
        return NotImplemented
    left, right, out, shape = given
    if out.size and left.size:
        if len(left) == 1:
            on_blocks(_plain, _work(left, right), left[0], out[0], extra=[right[0]])
        else:
            on_blocks(_plain_batch, _work(left, right), left, right, out)
    return out.reshape(shape)


def matmul_tile(a: Array, b: Array) -> Array:
    """(..., m, k) @ (..., k, n), leading dimensions broadcast. Takes a copy of b, or of one b of a batch, in memory."""
    given = _stacked(a, b)
    if given is NotImplemented:
        return NotImplemented
    left, right, out, shape = given
    if out.size and left.size:
        inner, n = right.shape[1:]
        width = vector_columns(a.dtype)
        size = inner * -(-n // width) * width
        if len(left) == 1:
            packed = np.empty((size,), a.dtype)
            _panels(right[0], packed, width)
            on_blocks(_tiled, _work(left, right), left[0], out[0], extra=[packed, width])
        else:

            def some(a: Array, b: Array, out: Array) -> None:
                _tiled_batch(a, b, out, np.empty((size,), a.dtype), width)

            on_blocks(some, _work(left, right), left, right, out)
    return out.reshape(shape)


def _work(left: Array, right: Array) -> int:
    """In elements, as `on_blocks` counts: sixteen products take as long as reading one."""
    return int(left.size * right.shape[2] >> 4)


def _stacked(a: Array, b: Array) -> Any:
    """a as (batch, m, k), b as (batch, k, n), the result in zeros where nothing is to be added, and its shape."""
    if not suits(a, b) or a.ndim < 2 or b.ndim < 2:
        return NotImplemented
    if a.shape[-1] != b.shape[-2]:
        raise ValueError(f"matmul: {a.shape} and {b.shape} do not fit")
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    left, right = (ready(np.broadcast_to(x, batch + x.shape[-2:])) for x in (a, b))
    shape = (*batch, a.shape[-2], b.shape[-1])
    out = np.empty(shape, a.dtype)
    if not a.shape[-1]:
        out[...] = 0
    left, right, stack = (x.reshape(math.prod(batch), *x.shape[-2:]) for x in (left, right, out))
    return left, right, stack, shape
