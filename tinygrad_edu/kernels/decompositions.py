"""Kernels of linear algebra beyond products: NumPy's (LAPACK's), with its failures as our errors."""

# mypy: disable-error-code="call-overload"
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.errors import DTypeError, LinAlgError
from tinygrad_edu.kernels.numpy import exclusive_prod

Array = Any

__all__ = ["cholesky", "cofactor", "decompose", "det", "inv", "pinv", "slogdet", "solve", "vector_norm"]

_why = {
    "cholesky": "the input is not positive-definite: all its eigenvalues must be above 0",
    "inv": "the matrix is singular and has no inverse: linalg.pinv gives the nearest thing to one",
    "solve": "the matrix is singular: there is no single solution; linalg.lstsq gives the best one",
}


def _run(name: str, function: Callable[..., Any], *arrays: Array, **options: Any) -> Any:
    if arrays[0].dtype == np.float16:
        raise DTypeError(f"linalg.{name}: not available for float16: convert with .float() first")
    try:
        return function(*arrays, **options)
    except np.linalg.LinAlgError as error:
        raise LinAlgError(f"linalg.{name}: {_why.get(name, str(error))}") from None


def det(a: Array) -> Array:
    return _run("det", np.linalg.det, a)


def slogdet(a: Array) -> tuple[Array, Array]:
    sign, logarithm = _run("slogdet", np.linalg.slogdet, a)
    return sign, logarithm


def inv(a: Array) -> Array:
    return _run("inv", np.linalg.inv, a)


def solve(a: Array, b: Array) -> Array:
    return _run("solve", np.linalg.solve, a, b)


def cholesky(a: Array) -> Array:
    return _run("cholesky", np.linalg.cholesky, a)


def decompose(name: str, *arrays: Array, **options: Any) -> Any:
    """NumPy's qr, svd, eigh, lstsq, ... by name."""
    return _run(name, getattr(np.linalg, name), *arrays, **options)


def cofactor(a: Array) -> Array:
    """The derivative of the determinant, which exists for singular matrices too: from singular values."""
    if a.shape[-1] == 0:
        return np.array(a)
    u, s, vh = _run("det", np.linalg.svd, a)
    others = exclusive_prod(s, -1) * np.linalg.det(u @ vh).round()[..., None]
    return (u * others[..., None, :]) @ vh


def pinv(a: Array, rcond: Any) -> Array:
    return _run("pinv", np.linalg.pinv, a, rcond=rcond)


def vector_norm(a: Array, order: float, axes: tuple[int, ...], keepdim: bool) -> Array:
    size = np.abs(a)
    if order == 0:
        return np.asarray(np.count_nonzero(size, axis=axes, keepdims=keepdim)).astype(a.dtype)[()]
    if order in (np.inf, -np.inf):
        pick = np.maximum if order > 0 else np.minimum
        return pick.reduce(size, axis=axes, keepdims=keepdim)
    if order == 1:
        return np.add.reduce(size, axis=axes, keepdims=keepdim)
    if order == 2:
        return np.sqrt(np.add.reduce(size * size, axis=axes, keepdims=keepdim))
    total = np.add.reduce(size**order, axis=axes, keepdims=keepdim)
    return np.asarray(total ** (1 / order), a.dtype)[()]
