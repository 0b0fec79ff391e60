"""The namespace ``tinygrad_edu.linalg``: linear algebra under the names of ``torch.linalg``."""

from __future__ import annotations

from types import FunctionType
from typing import Any

from tinygrad_edu.errors import DTypeError, LinAlgError
from tinygrad_edu.ops import products
from tinygrad_edu.tensors.composed import apply
from tinygrad_edu.tensors.matrices import (
    cholesky,
    cond,
    det,
    eigh,
    eigvalsh,
    inv,
    lstsq,
    matrix_norm,
    matrix_rank,
    norm,
    pinv,
    qr,
    slogdet,
    solve,
    solve_triangular,
    svd,
    svdvals,
    vecdot,
    vector_norm,
)
from tinygrad_edu.tensors.out import with_out
from tinygrad_edu.tensors.products import matrix_power, multi_dot
from tinygrad_edu.tensors.tensor import Tensor

__all__ = [
    "LinAlgError", "cholesky", "cond", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh", "inv",
    "lstsq", "matmul", "matrix_norm", "matrix_power", "matrix_rank", "multi_dot", "norm", "pinv", "qr", "slogdet",
    "solve", "solve_triangular", "svd", "svdvals", "vecdot", "vector_norm",
]  # fmt: skip


def cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The cross product of vectors of 3 elements along `dim`."""
    return apply(products.cross, input, other, params=(dim,))


def eig(A: Tensor) -> Any:
    """Refused: eigenvalues of a matrix that is not symmetric are complex numbers, which are not supported."""
    raise DTypeError(
        "linalg.eig: its results are complex numbers, which are not supported: use linalg.eigh for symmetric matrices"
    )


def eigvals(A: Tensor) -> Any:
    """Refused, as :func:`eig`."""
    raise DTypeError(
        "linalg.eigvals: its results are complex numbers, which are not supported: use linalg.eigvalsh for symmetric "
        "matrices"
    )


def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product, ``input @ other``."""
    return input @ other


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """A view of the diagonals of matrices."""
    return A.diagonal(offset, dim1, dim2)


for _name, _function in list(globals().items()):  # as in PyTorch all of them but the view take ``out=``
    if _name in __all__ and isinstance(_function, FunctionType) and _name != "diagonal":
        globals()[_name] = with_out(_function, f"linalg.{_name}")
