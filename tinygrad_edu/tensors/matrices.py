"""Linear algebra of Tensors: systems, decompositions and norms of matrices, under the names of ``torch.linalg``.

det, slogdet, inv, solve, cholesky, pinv and the norms have derivatives of any order. Of qr, svd, eigh and lstsq there
are values only: backward through them is an error that says so.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.errors import DTypeError, LinAlgError, ShapeError
from tinygrad_edu.kernels import kernels
from tinygrad_edu.kernels.numpy import quiet
from tinygrad_edu.ops import elementwise, norms
from tinygrad_edu.ops import matrices as ops
from tinygrad_edu.ops.matrices import check_matrices
from tinygrad_edu.ops.shape import wrap_dims
from tinygrad_edu.tensors import return_types
from tinygrad_edu.tensors.composed import apply, composed, tensors_of
from tinygrad_edu.tensors.dtype import as_dtype
from tinygrad_edu.tensors.placing import beside
from tinygrad_edu.tensors.tensor import Tensor

__all__ = [
    "cholesky", "cond", "det", "eigh", "eigvalsh", "inv", "lstsq", "matrix_norm", "matrix_rank", "norm", "pinv", "qr",
    "slogdet", "solve", "solve_triangular", "svd", "svdvals", "vecdot", "vector_norm",
]  # fmt: skip


def _matrices(name: str, *inputs: Any, square: bool = False) -> None:
    tensors_of(f"linalg.{name}", inputs)
    for x in inputs:
        check_matrices(f"linalg.{name}", x._array(), square=square)


def _decompose(name: str, kernel: str, A: Tensor, *more: Any, **options: Any) -> Any:
    """NumPy's results as Tensors, which refuse to be differentiated if the input wants a gradient."""
    found = quiet.run(kernels.decompose, kernel, A._array(), *more, **options)
    parts = found if isinstance(found, tuple) else (found,)
    made = [apply(ops.values_only, A, params=(kernels.array(p), f"linalg.{name}")) for p in parts]
    return made if isinstance(found, tuple) else made[0]


# Determinants, inverses, systems.


def det(A: Tensor) -> Tensor:
    """The determinant of square matrices (..., n, n)."""
    return apply(ops.det, A)


def slogdet(A: Tensor) -> Any:
    """The sign of the determinant and the logarithm of its absolute value, which does not overflow."""
    return return_types.linalg_slogdet(*_sign_and_log(A))


def _sign_and_log(A: Tensor) -> tuple[Tensor, Tensor]:
    _matrices("slogdet", A, square=True)
    return apply(ops.sign_of_det, A), apply(ops.logabsdet, A)


@composed(name="slogdet")
def old_slogdet(input: Tensor) -> Any:
    """The sign of the determinant and the logarithm of its absolute value."""
    return return_types.slogdet(*_sign_and_log(input))


@composed()
def logdet(input: Tensor) -> Tensor:
    """The logarithm of the determinant; nan where that is negative."""
    sign, logarithm = _sign_and_log(input)
    return apply(elementwise.choose, math.nan, logarithm, params=(sign._data < 0,))


def inv(A: Tensor) -> Tensor:
    """The inverse of square matrices.

    Raises:
        LinAlgError (a RuntimeError): a matrix is singular.
    """
    return apply(ops.inv, A)


@composed()
def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """The pseudo-inverse of matrices."""
    return apply(ops.pinv, input, params=(rcond,))


def pinv(A: Tensor, *, atol: Any = None, rtol: Any = None, hermitian: bool = False) -> Tensor:
    """The pseudo-inverse; singular values up to ``max(atol, rtol * the largest)`` count as 0."""
    _matrices("pinv", A)
    if atol is not None and A.numel():
        largest = svdvals(A.detach())._array().max(-1)
        if np.ndim(largest):
            raise ShapeError("linalg.pinv: atol is for one matrix; give rtol for a batch")
        if rtol is None:
            rtol = 0.0
        rtol = max(float(rtol), float(atol) / float(largest)) if largest else rtol
    return apply(ops.pinv, A, params=(rtol,))


def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """X with ``A @ X = B``, or with ``left=False`` ``X @ A = B``. B may be a vector, or vectors for a batch of A.

    >>> import tinygrad_edu as tg
    >>> solve(tg.tensor([[2.0, 0.0], [0.0, 4.0]]), tg.tensor([2.0, 2.0]))
    tensor([1.0000, 0.5000])
    """
    _matrices("solve", A, square=True)
    tensors_of("linalg.solve", (A, B))
    vectors = B.ndim == 1 or (A.ndim - 1 == B.ndim and tuple(B.shape) == tuple(A.shape[:-1]))
    if vectors:
        if not left:
            raise ShapeError("linalg.solve: left=False needs matrices B: vectors have no side")
        return apply(ops.solve, A, B.unsqueeze(-1)).squeeze(-1)
    if not left:
        return apply(ops.solve, A.mT, B.mT).mT
    return apply(ops.solve, A, B)


def solve_triangular(A: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Tensor:
    """X with ``A @ X = B`` for triangular A; `unitriangular`: as if its diagonal were 1."""
    _matrices("solve_triangular", A, square=True)
    _matrices("solve_triangular", B)
    if unitriangular:
        strict = A.triu(1) if upper else A.tril(-1)
        A = strict + beside(np.eye(A.shape[-1], dtype=A._data.dtype), A)
    else:
        A = A.triu() if upper else A.tril()
    return solve(A, B, left=left)


@composed(name="cholesky")
def old_cholesky(input: Tensor, upper: bool = False) -> Tensor:
    """The triangular factor of symmetric positive-definite matrices: ``L @ L.T``, or ``U.T @ U``."""
    return cholesky(input, upper=upper)


def cholesky(A: Tensor, *, upper: bool = False) -> Tensor:
    """The lower triangular L with ``L @ L.T = A`` (with `upper` its transpose), of positive-definite matrices.

    Raises:
        LinAlgError (a RuntimeError): a matrix is not positive-definite.
    """
    if upper:  # then the upper triangle is read
        return apply(ops.cholesky, A.mT).mT
    return apply(ops.cholesky, A)


# Decompositions: values only.


def qr(A: Tensor, mode: str = "reduced") -> Any:
    """``Q @ R = A`` with orthonormal columns in Q and an upper triangular R; mode "complete" or "r" (R alone)."""
    _matrices("qr", A)
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(f"qr received unrecognized mode {mode!r} but expected one of 'reduced', 'r', or 'complete'")
    if mode == "r":
        nothing = beside(np.empty(0, A._data.dtype), A)
        return return_types.linalg_qr(nothing, _decompose("qr", "qr", A, mode="r"))
    return return_types.linalg_qr(*_decompose("qr", "qr", A, mode=mode))


@composed(name="qr")
def old_qr(input: Tensor, some: bool = True) -> Any:
    """``Q @ R`` with orthonormal columns in Q and an upper triangular R."""
    return return_types.qr(*qr(input, "reduced" if some else "complete"))


def svd(A: Tensor, full_matrices: bool = True) -> Any:
    """``U @ diag(S) @ Vh = A``: orthonormal U and Vh, and the singular values from the largest on."""
    _matrices("svd", A)
    return return_types.linalg_svd(*_decompose("svd", "svd", A, full_matrices=full_matrices))


@composed(name="svd")
def old_svd(input: Tensor, some: bool = True, compute_uv: bool = True) -> Any:
    """``U @ diag(S) @ V.T``."""
    u, s, vh = svd(input, not some)
    return return_types.svd(u, s, vh.mT)


def svdvals(A: Tensor) -> Tensor:
    """The singular values, from the largest on. They have a first derivative only."""
    _matrices("svdvals", A)
    return apply(ops.singular_values, A)


def eigh(A: Tensor, UPLO: str = "L") -> Any:
    """Eigenvalues, in ascending order, and eigenvectors (columns) of symmetric matrices; one triangle is read."""
    _matrices("eigh", A, square=True)
    return return_types.linalg_eigh(*_decompose("eigh", "eigh", A, _triangle(UPLO)))


def eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:
    """The eigenvalues of symmetric matrices, in ascending order."""
    _matrices("eigvalsh", A, square=True)
    values: Tensor = _decompose("eigvalsh", "eigvalsh", A, _triangle(UPLO))
    return values


def _triangle(uplo: str) -> str:
    if uplo.upper() not in ("L", "U"):
        raise RuntimeError(f"linalg.eigh: Expected UPLO argument to be 'L' or 'U', but got {uplo}")
    return uplo.upper()


def lstsq(A: Tensor, B: Tensor, rcond: Any = None, *, driver: str | None = None) -> Any:
    """The X of smallest ``norm(A @ X - B)``, and the rank of A. The solution always comes from LAPACK's gelsd.

    As in PyTorch, there are residuals (of more rows than columns and full rank) only if a driver other than the usual
    "gelsy" is asked for, and singular values only with "gelsd" and "gelss".
    """
    _matrices("lstsq", A)
    tensors_of("linalg.lstsq", (A, B))
    if A.dtype is not B.dtype:
        raise DTypeError(f"linalg.lstsq: input and other must have the same dtype, got {A.dtype} and {B.dtype}")
    vectors = B.ndim == 1 or (A.ndim - 1 == B.ndim and tuple(B.shape) == tuple(A.shape[:-1]))
    b = B._array()[..., None] if vectors else B._array()
    if b.ndim < 2 or b.shape[-2] != A.shape[-2]:
        raise ShapeError(f"linalg.lstsq: A {tuple(A.shape)} and B {tuple(B.shape)} must have as many rows")
    rows, columns = A.shape[-2:]
    batch = np.broadcast_shapes(A.shape[:-2], b.shape[:-2])
    left = np.broadcast_to(A._array(), (*batch, rows, columns))
    right = np.broadcast_to(b, (*batch, *b.shape[-2:]))
    cut = np.finfo(left.dtype).eps * max(rows, columns) if rcond is None else rcond
    solution = np.zeros_like(left, shape=(*batch, columns, b.shape[-1]))
    rank = np.zeros_like(left, np.int64, shape=batch)
    values = np.zeros_like(left, shape=(*batch, min(rows, columns)))
    for place in np.ndindex(batch):
        solution[place], _, rank[place], values[place] = kernels.decompose(
            "lstsq", left[place], right[place], rcond=cut
        )
    over = np.zeros(0, left.dtype)
    if rows > columns and np.all(rank == columns) and driver in ("gels", "gelsd", "gelss"):
        over = ((left @ solution - right) ** 2).sum(-2)
        over = over[..., 0] if vectors else over
    first = A if A._requires else B
    answer = apply(ops.values_only, first, params=(solution[..., 0] if vectors else solution, "lstsq"))
    singular = values if driver in ("gelsd", "gelss") else np.zeros(0, left.dtype)
    return return_types.linalg_lstsq(answer, Tensor._wrap(over), Tensor._wrap(rank), Tensor._wrap(singular))


def matrix_rank(
    A: Tensor, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Tensor:
    """How many singular values are above ``max(atol, rtol * the largest)``; `tol` is the old name of `atol`."""
    _matrices("matrix_rank", A)
    atol = tol if atol is None else atol
    values = svdvals(A.detach())._array()
    if rtol is None:
        rtol = 0.0 if atol else max(A.shape[-2:]) * np.finfo(values.dtype).eps
    largest = values.max(-1, keepdims=True, initial=0)
    return Tensor._wrap((values > np.maximum(atol or 0.0, rtol * largest)).sum(-1))


# Norms.


def vector_norm(x: Tensor, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """``sum(|x| ** ord) ** (1 / ord)`` over the dimensions `dim`, by default all of them."""
    tensors_of("linalg.vector_norm", (x,))
    if dtype is not None:
        x = x._cast(as_dtype(dtype, "vector_norm").numpy)
    return apply(norms.vector_norm, x, params=(float(ord), dim, keepdim))


def matrix_norm(
    A: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """The norm of matrices: "fro", "nuc", 1, -1 (columns), inf, -inf (rows), 2, -2 (singular values).

    Those of singular values ("nuc", 2, -2) have a gradient, U Vᵀ of the singular vectors (of those that belong to the
    largest or least), and no second derivative: that raises an error.
    """
    tensors_of("linalg.matrix_norm", (A,))
    if A.ndim < 2:
        raise ShapeError(
            f"linalg.matrix_norm: The input tensor A must have at least 2 dimensions, got {tuple(A.shape)}"
        )
    if dtype is not None:
        A = A._cast(as_dtype(dtype, "matrix_norm").numpy)
    if isinstance(dim, int) or len(dim) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {dim}")
    rows, columns = wrap_dims(dim, A.ndim, "linalg.matrix_norm")
    if ord == "fro":
        return vector_norm(A, 2, (rows, columns), keepdim)
    if ord in (1, -1, math.inf, -math.inf):
        summed, left = (rows, columns) if abs(ord) == 1 else (columns, rows)
        lines = A.abs().sum(summed, keepdim=True)
        found = lines.amax(left, keepdim=True) if ord > 0 else lines.amin(left, keepdim=True)
    elif ord in ("nuc", 2, -2):
        values = svdvals(A.movedim((rows, columns), (-2, -1)))
        one = values.sum(-1) if ord == "nuc" else values.amax(-1) if ord == 2 else values.amin(-1)
        found = one.reshape(tuple(1 if d in (rows, columns) else n for d, n in enumerate(A.shape)))
    else:
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported: fro, nuc, inf, -inf, 1, -1, 2, -2 are")
    return found if keepdim else found.squeeze((rows, columns))


def norm(A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """A vector's norm, or a matrix's where there are two dimensions and an `ord`; without `ord` that of all elements.

    >>> import tinygrad_edu as tg
    >>> norm(tg.tensor([3.0, 4.0]))
    tensor(5.)
    """
    tensors_of("linalg.norm", (A,))
    if ord is None:
        return vector_norm(A, 2, dim, keepdim, dtype=dtype)
    pair = dim is not None and not isinstance(dim, int) and len(dim) == 2
    if isinstance(ord, str) or pair or (dim is None and A.ndim == 2):
        if dim is None and A.ndim != 2:
            raise RuntimeError(
                f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {A.ndim}D."
            )
        return matrix_norm(A, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    if dim is None and A.ndim > 2:
        raise RuntimeError(
            f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {A.ndim}D."
        )
    return vector_norm(A, ord, dim, keepdim, dtype=dtype)


def cond(A: Tensor, p: Any = None) -> Tensor:
    """The condition number: how much an error can grow when a system with A is solved."""
    if p in (None, 2, -2):
        values = svdvals(A)
        largest, smallest = values.amax(-1), values.amin(-1)
        return smallest / largest if p == -2 else largest / smallest
    try:
        return matrix_norm(A, p) * matrix_norm(inv(A), p)
    except LinAlgError:
        return matrix_norm(A, p) * math.inf


def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """The products of two Tensors' elements, summed along a dimension."""
    tensors_of("linalg.vecdot", (x, y))
    return (x * y).sum(dim)
