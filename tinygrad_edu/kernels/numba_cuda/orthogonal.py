"""Matrices as products with orthonormal ones: QR by reflections, singular values and eigenvalues by rotations.

A matrix lies here column by column, as the rows of an array (matrices, columns, rows), so that a block's threads read
neighbours.

- QR (A. S. Householder, 1958): launch j reflects every column behind column j, a block for each, so that column j
  would be zero below its diagonal. Column j itself stays: it is the reflection. Q is the reflections, last one first,
  of the columns of the identity.
- Singular values (M. R. Hestenes, 1958; J. Demmel and K. Veselic, "Jacobi's method is more accurate than QR", 1992):
  columns are rotated two and two until all are orthogonal; their lengths are the singular values. Rounds pair the
  columns as a tournament does, so that all pairs of a round are rotated by one launch. It computes in float64.
- Eigenvalues of a symmetric matrix: the singular values of the matrix plus a multiple of the identity that makes none
  negative, less that multiple.

One writer per cell: of a reflection the block of column c writes that column, and no block writes column j; of a
rotation the block of a pair writes its two columns, and no column is in two pairs of a round. Thread t has the rows
t, t + WIDTH ... of them.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda import layout
from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty
from tinygrad_edu.kernels.numba_cuda.blocks import blocks_for, from_text, width_for
from tinygrad_edu.kernels.numba_cuda.elementwise import apply, mapped
from tinygrad_edu.kernels.numba_cuda.making import FUNCTIONS, arange, zeros
from tinygrad_edu.kernels.numba_cuda.products import product
from tinygrad_edu.kernels.numba_cuda.runtime import launch
from tinygrad_edu.kernels.numba_cuda.sorting import sorted_lines

__all__ = ["eigh", "eigvalsh", "lstsq", "pinv", "qr", "svd"]

_DOUBLE = np.dtype(np.float64)
_SWEEPS = 60  # over all pairs; a dozen is enough unless numbers are not finite

_REFLECT = """
def kernel(count, j, rows, columns, others, A, B, DIAGONAL):
    t = cuda.threadIdx.x
    cells = cuda.shared.array(WIDTH, TYPE)
    for e in range(cuda.blockIdx.x, count, cuda.gridDim.x):
        k = e // (others - j)
        c = j + e % (others - j)
        a = (k * columns + j) * rows
        b = (k * others + c) * rows
        s = ZERO
        for i in range(j + 1 + t, rows, WIDTH):
            s += A[a + i] * A[a + i]
        below = block_add(s, cells)
        x = A[a + j]
        head = x
        if below > 0:
            head = -TYPE(copysign(TYPE(sqrt(x * x + below)), x))
        if {whole} or c > j:
            s = ZERO
            if t == 0:
                s = (x - head) * B[b + j]
            for i in range(j + 1 + t, rows, WIDTH):
                s += A[a + i] * B[b + i]
            s = block_add(s, cells)
            if below > 0:
                s = s / (head * (head - x))
                if t == 0:
                    B[b + j] -= s * (x - head)
                for i in range(j + 1 + t, rows, WIDTH):
                    B[b + i] -= s * A[a + i]
        elif t == 0:
            DIAGONAL[k * columns + j] = head
        cuda.syncthreads()
"""
_ROTATE = """
def kernel(count, turn, pairs, columns, rows, width, least, A, CHANGED):
    t = cuda.threadIdx.x
    cells = cuda.shared.array(WIDTH, TYPE)
    for e in range(cuda.blockIdx.x, count, cuda.gridDim.x):
        k = e // pairs
        i = e % pairs
        one = (turn + i) % (2 * pairs - 1)
        other = (turn + 2 * pairs - 1 - i) % (2 * pairs - 1)
        if i == 0:
            other = 2 * pairs - 1
        p = (k * columns + min(one, other)) * width
        q = (k * columns + max(one, other)) * width
        if max(one, other) < columns:
            s = ZERO
            u = ZERO
            v = ZERO
            for j in range(t, rows, WIDTH):
                x = A[p + j]
                y = A[q + j]
                s += x * x
                u += y * y
                v += x * y
            s = block_add(s, cells)
            u = block_add(u, cells)
            v = block_add(v, cells)
            if abs(v) > least * sqrt(s) * sqrt(u):
                if t == 0:
                    CHANGED[e] = 1
                ratio = (u - s) / (2 * v)
                tangent = copysign(ONE, ratio) / (abs(ratio) + sqrt(ONE + ratio * ratio))
                cosine = ONE / sqrt(ONE + tangent * tangent)
                sine = cosine * tangent
                for j in range(t, width, WIDTH):
                    x = A[p + j]
                    y = A[q + j]
                    A[p + j] = cosine * x - sine * y
                    A[q + j] = sine * x + cosine * y
        cuda.syncthreads()
"""


@functools.cache
def _kernel(name: str, kind: np.dtype[Any], width: int, whole: bool = False) -> Any:
    text = _REFLECT.format(whole=whole) if name == "reflection" else _ROTATE
    return from_text(text, f"{name} of columns", kind, width)


def _memory(*arrays: DeviceArray) -> list[Any]:
    return [a.block.typed(a.dtype) for a in arrays]


def _columns(a: DeviceArray, kind: Any) -> DeviceArray:
    """A copy of (..., rows, columns) as (matrices, columns, rows)."""
    shape = (layout.size_of(a.shape[:-2]), *a.shape[:-3:-1])
    turned = a.swapaxes(-1, -2)
    return mapped("a", (turned,), (np.dtype(kind),), kind, empty(turned.shape, kind)).reshape(shape)


def _identity(matrices: int, columns: int, rows: int, kind: Any) -> DeviceArray:
    made = zeros((matrices, columns, rows), kind)
    return mapped("a == b", (arange(columns).reshape(-1, 1), arange(rows)), (np.dtype(np.int64),) * 2, kind, made)


def _reflected(a: DeviceArray, kept: int) -> tuple[DeviceArray, DeviceArray, DeviceArray]:
    """The reflections that make R of columns (matrices, columns, rows), R's diagonal, and `kept` columns of Q."""
    matrices, columns, rows = a.shape
    steps, width = min(rows, columns), width_for(rows)
    diagonal = empty((matrices, columns), a.dtype)
    q = _identity(matrices, kept, rows, a.dtype)

    def reflect(j: int, b: DeviceArray, whole: bool) -> None:
        others = b.shape[1]
        count = matrices * (others - j)
        if count:
            launch(_kernel("reflection", a.dtype, width, whole), blocks_for(count), width, count, j, rows, columns,
                   others, *_memory(a, b, diagonal))  # fmt: skip

    for j in range(steps):
        reflect(j, a, False)
    for j in reversed(range(steps if kept else 0)):
        reflect(j, q, True)
    return a, diagonal, q


def qr(a: DeviceArray, mode: str = "reduced") -> Any:
    """Q with orthonormal columns and R upper triangular, or R alone (mode "r"), of (..., rows, columns)."""
    batch, (rows, columns) = a.shape[:-2], a.shape[-2:]
    kept = rows if mode == "complete" else min(rows, columns)
    made, diagonal, q = _reflected(_columns(a, a.dtype), 0 if mode == "r" else kept)
    i, j = arange(kept).reshape(-1, 1), arange(columns)
    whole = np.dtype(np.int64)
    above = made.swapaxes(1, 2)[:, :kept]
    r = mapped("c if a < b else (d if a == b else ZERO)", (i, j, above, diagonal.reshape(len(made), 1, columns)),
               (whole, whole, a.dtype, a.dtype), a.dtype).reshape((*batch, kept, columns))  # fmt: skip
    return r if mode == "r" else (q.swapaxes(1, 2).reshape((*batch, rows, kept)), r)


def _rotated(a: DeviceArray, precise: bool) -> tuple[DeviceArray, DeviceArray, DeviceArray]:
    """Columns (matrices, columns, rows) made orthogonal, the longest first; their lengths; and the rotations."""
    matrices, columns, rows = a.shape
    work = FUNCTIONS["concatenate"]([a, _identity(matrices, columns, columns, _DOUBLE)], 2)
    pairs = (columns + 1) // 2
    count, width = matrices * pairs, width_for(rows)
    least = float(rows) ** 0.5 * 2.0**-52 if precise else 1e-10
    for _ in range(_SWEEPS if columns > 1 and count else 0):
        changed = zeros((count,), np.int64)
        for turn in range(2 * pairs - 1):
            launch(_kernel("rotation", _DOUBLE, width), blocks_for(count), width, count, turn, pairs, columns, rows,
                   rows + columns, least, *_memory(work, changed))  # fmt: skip
        if not bool(changed.any()):
            break
    left = work[:, :, :rows]
    lengths, order = sorted_lines(apply("sqrt", (left * left).sum(-1)), 1, True)
    assert lengths is not None
    work = work[arange(matrices).reshape(-1, 1), order]
    return work[:, :, :rows], lengths, work[:, :, rows:]


def svd(a: DeviceArray, full_matrices: bool = True, compute_uv: bool = True, **_: Any) -> Any:
    """U, the singular values from the largest on, and V transposed, of (..., rows, columns)."""
    batch, (rows, columns) = a.shape[:-2], a.shape[-2:]
    if rows < columns:
        found = svd(a.swapaxes(-1, -2), full_matrices, compute_uv)
        return (found[2].swapaxes(-1, -2), found[1], found[0].swapaxes(-1, -2)) if compute_uv else found
    left, lengths, right = _rotated(_columns(a, _DOUBLE), a.dtype == _DOUBLE)
    s = lengths.astype(a.dtype).reshape((*batch, columns))
    if not compute_uv:
        return s
    least = lengths[:, :1] * 1e-100  # shorter ones have squares that are no numbers any more: they have no direction
    length, shortest = (x.reshape((*x.shape, 1)) for x in (lengths, least))
    u = mapped("a / b if b > c else ZERO", (left, length, shortest), (_DOUBLE,) * 3, _DOUBLE)
    kept = rows if full_matrices else columns
    if rows and (kept > columns or bool((lengths <= least).any())):  # the rest of a basis, which Q has
        _columns_of_r, diagonal, q = _reflected(u, kept)
        signs = mapped("-ONE if a < 0 else ONE", (diagonal,), (_DOUBLE,), _DOUBLE)
        q[:, :columns] = q[:, :columns] * signs.reshape((*signs.shape, 1))
        u = q
    u = u.swapaxes(1, 2).astype(a.dtype).reshape((*batch, rows, kept))
    return u, s, right.astype(a.dtype).reshape((*batch, columns, columns))


def eigh(a: DeviceArray, UPLO: str = "L") -> tuple[DeviceArray, DeviceArray]:  # noqa: N803 - NumPy's name
    """Eigenvalues in ascending order and eigenvectors, as columns, of symmetric (..., n, n)."""
    size = a.shape[-1]
    i, j = arange(size).reshape(-1, 1), arange(size)
    low, high = (a, a.swapaxes(-1, -2)) if UPLO == "L" else (a.swapaxes(-1, -2), a)
    whole = np.dtype(np.int64)
    both = mapped("c if a >= b else d", (i, j, low, high), (whole, whole, _DOUBLE, _DOUBLE), _DOUBLE)
    both = both.reshape((layout.size_of(a.shape[:-2]), size, size))
    shift = abs(both).sum(-1).max(-1, keepdims=True, initial=0) if both.size else zeros((len(both), 1), _DOUBLE)
    lifted = both + _identity(len(both), size, size, _DOUBLE) * shift.reshape((*shift.shape, 1))
    _, lengths, vectors = _rotated(lifted, a.dtype == _DOUBLE)
    values = FUNCTIONS["flip"](lengths - shift, 1).astype(a.dtype).reshape(a.shape[:-1])
    return values, FUNCTIONS["flip"](vectors, 1).swapaxes(1, 2).astype(a.dtype).reshape(a.shape)


def eigvalsh(a: DeviceArray, UPLO: str = "L") -> DeviceArray:  # noqa: N803 - NumPy's name
    """The eigenvalues of symmetric (..., n, n), in ascending order."""
    return eigh(a, UPLO)[0]


def _inverted(s: DeviceArray, cut: Any) -> tuple[DeviceArray, DeviceArray]:
    """One by the singular values, 0 by those up to `cut` times the largest; and how many are above it."""
    least = s.max(-1, keepdims=True, initial=0) * cut if s.size else s
    above = apply("greater", s, least)
    return mapped("ONE / a if b else ZERO", (s, above), (s.dtype, np.dtype(bool)), s.dtype, None, s.dtype), above.sum(
        -1
    )


def pinv(a: DeviceArray, rcond: Any = 1e-15, **_: Any) -> DeviceArray:
    """The pseudo-inverse of (..., rows, columns); singular values up to `rcond` times the largest count as 0."""
    u, s, vh = svd(a, False)
    inverse, _rank = _inverted(s, rcond)
    row = inverse.reshape((*inverse.shape[:-1], 1, inverse.shape[-1]))
    return product(vh.swapaxes(-1, -2) * row, u.swapaxes(-1, -2))


def lstsq(a: DeviceArray, b: DeviceArray, rcond: Any = None) -> tuple[Any, ...]:
    """The shortest X with the least ``|A @ X - B|``, (nothing,) A's rank and its singular values; A (rows, columns)."""
    u, s, vh = svd(a, False)
    inverse, rank = _inverted(s, rcond)
    return product(vh.swapaxes(0, 1) * inverse, product(u.swapaxes(0, 1), b)), None, rank, s
