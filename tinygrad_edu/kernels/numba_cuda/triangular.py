"""Matrices as products of triangular ones: LU with the largest pivots, Cholesky; and what they give: solutions,
inverses, determinants. For one matrix or for a batch, by blocks of PANEL columns (G. H. Golub and C. F. Van Loan,
"Matrix Computations", 4th edition, 2013, 3.2.11, 3.4.5 and 4.2.9):

1. a block of threads for each matrix factors the next PANEL columns, column by column, with all rows below;
2. a thread for each column to their right finds the rows that belong to these pivots, by substitution;
3. the product of the two is subtracted from what is left, which is where nearly all of the time goes for large ones.

One writer per cell: between two barriers a block changes either two whole rows, where thread t has the columns
t, t + WIDTH ..., or one column below the diagonal, where it has such rows, or the panel to the right of it, where a
thread has every so manyth row and column; none of these reads what another thread writes in between. When
substituting, a column of the right sides belongs to one thread.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda import layout
from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty, one_device
from tinygrad_edu.kernels.numba_cuda.blocks import blocks_for
from tinygrad_edu.kernels.numba_cuda.elementwise import apply, mapped
from tinygrad_edu.kernels.numba_cuda.making import arange, zeros
from tinygrad_edu.kernels.numba_cuda.products import product
from tinygrad_edu.kernels.numba_cuda.runtime import compiled, functions, grid_for, launch
from tinygrad_edu.kernels.presence import simulated

__all__ = ["PANEL", "cholesky", "det", "inv", "slogdet", "solve"]

PANEL = 3 if simulated() else 32  # columns
WIDTH, ACROSS = (4, 2) if simulated() else (256, 32)  # threads of a block; how many of them lie along a row

_LU = """
def kernel(matrices, size, begin, end, A, PIVOTS, SINGULAR):
    t = cuda.threadIdx.x
    values = cuda.shared.array(WIDTH, TYPE)
    where = cuda.shared.array(WIDTH, int64)
    for k in range(cuda.blockIdx.x, matrices, cuda.gridDim.x):
        base = k * size * size
        for j in range(begin, end):
            most = TYPE(-1)
            at = j
            for i in range(j + t, size, WIDTH):
                x = abs(A[base + i * size + j])
                if x > most:
                    most = x
                    at = i
            values[t] = most
            where[t] = at
            cuda.syncthreads()
            half = WIDTH // 2
            while half > 0:
                if t < half:
                    x = values[t + half]
                    i = where[t + half]
                    if x > values[t] or (x == values[t] and i < where[t]):
                        values[t] = x
                        where[t] = i
                cuda.syncthreads()
                half = half // 2
            at = where[0]
            if t == 0:
                PIVOTS[k * size + j] = at
                if values[0] == 0:
                    SINGULAR[k] = 1
            if at != j:
                for c in range(t, size, WIDTH):
                    x = A[base + j * size + c]
                    A[base + j * size + c] = A[base + at * size + c]
                    A[base + at * size + c] = x
            cuda.syncthreads()
            pivot = A[base + j * size + j]
            if pivot != 0:
                for i in range(j + 1 + t, size, WIDTH):
                    A[base + i * size + j] /= pivot
            cuda.syncthreads()
            for i in range(j + 1 + t // ACROSS, size, WIDTH // ACROSS):
                x = A[base + i * size + j]
                for c in range(j + 1 + t % ACROSS, end, ACROSS):
                    A[base + i * size + c] -= x * A[base + j * size + c]
            cuda.syncthreads()
"""
_CHOLESKY = """
def kernel(matrices, size, begin, end, A, WRONG):
    t = cuda.threadIdx.x
    for k in range(cuda.blockIdx.x, matrices, cuda.gridDim.x):
        base = k * size * size
        for j in range(begin, end):
            pivot = A[base + j * size + j]
            cuda.syncthreads()
            root = TYPE(0)
            if pivot > 0:
                root = TYPE(sqrt(pivot))
            elif t == 0:
                WRONG[k] = 1
            if t == 0:
                A[base + j * size + j] = root
            for i in range(j + 1 + t, size, WIDTH):
                A[base + i * size + j] /= root
            cuda.syncthreads()
            for i in range(j + 1 + t // ACROSS, size, WIDTH // ACROSS):
                x = A[base + i * size + j]
                for c in range(j + 1 + t % ACROSS, min(i + 1, end), ACROSS):
                    A[base + i * size + c] -= x * A[base + c * size + j]
            cuda.syncthreads()
"""
# Rows begin to end of the right sides B, whose columns from `first` on are counted: x with T x = b, T triangular.
_SUBSTITUTE = """
def kernel(count, columns, first, size, width, begin, end, T, B):
    for e in range(cuda.grid(1), count, cuda.gridsize(1)):
        k = e // columns
        b = k * size * width + first + e % columns
        a = k * size * size
        for r in range(end - begin):
            i = {row}
            x = B[b + i * width]
            for j in range({others}):
                x -= T[a + i * size + j] * B[b + j * width]
            B[b + i * width] = {result}
"""
_SIDES = {
    "lower": {"row": "begin + r", "others": "begin, i", "result": "x"},  # with ones on the diagonal
    "upper": {"row": "end - 1 - r", "others": "i + 1, end", "result": "x / T[a + i * size + i]"},
}
_EXCHANGE = """
def kernel(count, columns, size, PIVOTS, B):
    for e in range(cuda.grid(1), count, cuda.gridsize(1)):
        k = e // columns
        b = k * size * columns + e % columns
        for j in range(size):
            p = PIVOTS[k * size + j]
            x = B[b + j * columns]
            B[b + j * columns] = B[b + p * columns]
            B[b + p * columns] = x
"""
_DETERMINANT = """
def kernel(count, size, A, PIVOTS, SIGN, LOG, PRODUCT):
    for k in range(cuda.grid(1), count, cuda.gridsize(1)):
        sign = TYPE(1)
        total = TYPE(0)
        whole = TYPE(1)
        for j in range(size):
            x = A[(k * size + j) * size + j]
            if PIVOTS[k * size + j] != j:
                sign = -sign
                whole = -whole
            whole *= x
            if x < 0:
                sign = -sign
            elif not x > 0:
                sign *= x
            total += TYPE(log(abs(x)))
        SIGN[k] = sign
        LOG[k] = total
        PRODUCT[k] = whole
"""


@functools.cache
def _kernel(text: str, kind: np.dtype[Any]) -> Any:
    names = {**functions(), "TYPE": kind.type, "WIDTH": WIDTH, "ACROSS": ACROSS}
    exec(compile(text, "<cuda kernel: triangular matrices>", "exec"), names)
    return compiled(names["kernel"])


def _memory(*arrays: DeviceArray) -> list[Any]:
    return [a.block.typed(a.dtype) for a in arrays]


def _copied(a: DeviceArray, shape: tuple[int, ...]) -> DeviceArray:
    """A copy row by row of an array broadcast to (..., rows, columns), as (matrices, rows, columns)."""
    made = mapped("a", (a.broadcast_to(shape),), (a.dtype,), a.dtype, empty(shape, a.dtype))
    return made.reshape((layout.size_of(shape[:-2]), *shape[-2:]))


def _less(a: DeviceArray, left: DeviceArray, right: DeviceArray) -> None:
    """Subtract a product from part of a matrix, in place."""
    if a.size:
        apply("subtract", a, product(left, right), out=a)


def _substitute(side: str, a: DeviceArray, b: DeviceArray, begin: int, end: int, first: int = 0) -> None:
    columns = b.shape[2] - first
    count = len(a) * columns
    if count:
        text = _SUBSTITUTE.format(**_SIDES[side])
        launch(_kernel(text, a.dtype), *grid_for(count), count, columns, first, a.shape[1], b.shape[2], begin, end,
               *_memory(a, b))  # fmt: skip


def _panels(size: int) -> list[tuple[int, int]]:
    return [(begin, min(begin + PANEL, size)) for begin in range(0, size, PANEL)]


def _lu(a: DeviceArray) -> tuple[DeviceArray, DeviceArray, DeviceArray]:
    """L (ones on its diagonal) and U in one (matrices, n, n), the row each was exchanged with, and what is singular."""
    a = _copied(a, a.shape)
    matrices, size = a.shape[:2]
    pivots, singular = empty((matrices, size), np.int64), zeros((matrices,), np.int64)
    for begin, end in _panels(size) if matrices else []:
        launch(_kernel(_LU, a.dtype), blocks_for(matrices), WIDTH, matrices, size, begin, end,
               *_memory(a, pivots, singular))  # fmt: skip
        _substitute("lower", a, a, begin, end, end)
        _less(a[:, end:, end:], a[:, end:, begin:end], a[:, begin:end, end:])
    return a, pivots, singular


def solve(a: DeviceArray, b: DeviceArray) -> DeviceArray:
    """X with A @ X = B for (..., n, n) and (..., n, k). LinAlgError: a matrix is singular."""
    one_device(a, b)
    size, columns = b.shape[-2:]
    factors, pivots, singular = _lu(a)
    if factors.size and bool(singular.any()):
        raise np.linalg.LinAlgError("Singular matrix")
    batch = layout.broadcast((a.shape[:-2], b.shape[:-2]))
    many = layout.size_of(batch)
    x = _copied(b, (*batch, size, columns))
    if x.size:
        if len(factors) != many:
            factors = _copied(factors.reshape(a.shape), (*batch, size, size))
            pivots = _copied(pivots.reshape((*a.shape[:-1], 1)), (*batch, size, 1))
        launch(_kernel(_EXCHANGE, x.dtype), *grid_for(many * columns), many * columns, columns, size,
               *_memory(pivots, x))  # fmt: skip
        for begin, end in _panels(size):
            _substitute("lower", factors, x, begin, end)
            _less(x[:, end:], factors[:, end:, begin:end], x[:, begin:end])
        for begin, end in reversed(_panels(size)):
            _substitute("upper", factors, x, begin, end)
            _less(x[:, :begin], factors[:, :begin, begin:end], x[:, begin:end])
    return x.reshape((*batch, size, columns))


def inv(a: DeviceArray) -> DeviceArray:
    """The inverse of (..., n, n). LinAlgError: a matrix is singular."""
    places = arange(a.shape[-1])
    one = mapped("a == b", (places.reshape(-1, 1), places), (places.dtype,) * 2, a.dtype)
    return solve(a, one)


def _determinants(a: DeviceArray) -> list[DeviceArray]:
    factors, pivots, _ = _lu(a)
    found = [empty(a.shape[:-2], a.dtype) for _ in range(3)]
    if len(factors):
        launch(_kernel(_DETERMINANT, a.dtype), *grid_for(len(factors)), len(factors), a.shape[-1],
               *_memory(factors, pivots, *found))  # fmt: skip
    return found


def slogdet(a: DeviceArray) -> tuple[DeviceArray, DeviceArray]:
    """The signs of the determinants of (..., n, n) and the logarithms of their absolute values."""
    sign, logarithm, _ = _determinants(a)
    return sign, logarithm


def det(a: DeviceArray) -> DeviceArray:
    """The determinants of (..., n, n)."""
    return _determinants(a)[2]


def cholesky(a: DeviceArray) -> DeviceArray:
    """The lower L with L @ L.T = A for (..., n, n). LinAlgError: a matrix is not positive definite."""
    made = _copied(a, a.shape)
    matrices, size = made.shape[:2]
    wrong = zeros((matrices,), np.int64)
    for begin, end in _panels(size) if matrices else []:
        launch(_kernel(_CHOLESKY, a.dtype), blocks_for(matrices), WIDTH, matrices, size, begin, end,
               *_memory(made, wrong))  # fmt: skip
        rows = made[:, end:, begin:end]
        _less(made[:, end:, end:], rows, rows.swapaxes(1, 2))
    if made.size and bool(wrong.any()):
        raise np.linalg.LinAlgError("Matrix is not positive definite")
    places = arange(size)
    kinds = (np.dtype(np.int64), np.dtype(np.int64), a.dtype)
    return mapped("c if a >= b else ZERO", (places.reshape(-1, 1), places, made), kinds, a.dtype).reshape(a.shape)
