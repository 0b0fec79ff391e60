"""Which matrix product runs: that of BLAS, or one of the two that are written here to be read and measured.

BLAS is the default: it is the fastest. ``TINYEDU_MATMUL=plain`` or ``tile``, :func:`set_matmul` and
:class:`use_matmul` choose one of `kernels/numba_cpu/products.py`, for products of any size.
"""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any

from tinygrad_edu.errors import ChoiceError
from tinygrad_edu.kernels.choice import compiled_kernels, failure

__all__ = ["MATMULS", "chosen", "get_matmul", "own_product", "set_matmul", "use_matmul", "why_matmul"]

MATMULS = ("blas", "plain", "tile")


class _Chosen:
    """`own` says whether there is anything but BLAS to ask: the one thing every product looks at."""

    def __init__(self) -> None:
        self.choose(os.environ.get("TINYEDU_MATMUL", "").strip().lower() or "blas", "TINYEDU_MATMUL")

    def choose(self, name: str, by: str) -> None:
        if name not in MATMULS:
            raise ChoiceError(f"{by}: {name!r} is unknown. Choose one of {', '.join(map(repr, MATMULS))}")
        self.name, self.own = name, name != "blas"


chosen = _Chosen()


def get_matmul() -> str:
    """Which matrix product was chosen: "blas", "plain" or "tile".

    >>> get_matmul()
    'blas'
    """
    return chosen.name


def set_matmul(name: str) -> None:
    """Choose the product of matrices of float32 and float64 for the whole process (see docs/matrix-products.md).

    "blas": NumPy's BLAS, the fastest. "plain": loops in Python, compiled. "tile": packed, with a tile of vectors in
    registers. Vectors, and numbers of other types, stay with NumPy, and so does everything under the backend "numpy".

    Raises:
        ValueError: another name. RuntimeError: Numba, which compiles the other two, cannot be imported.
    """
    if name in MATMULS and name != "blas" and (reason := failure()):
        raise RuntimeError(f"set_matmul({name!r}): {reason}. Try: pip install tinygrad-edu[numba]")
    chosen.choose(name, "set_matmul")


class use_matmul:  # noqa: N801 - a context manager is called like a function
    """``with use_matmul("tile"):`` chooses the product inside; see :func:`set_matmul`. Not only in this thread."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._before: list[str] = []

    def __enter__(self) -> None:
        before = chosen.name
        set_matmul(self.name)
        self._before.append(before)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        chosen.choose(self._before.pop(), "use_matmul")


def why_matmul() -> str:
    """What multiplies matrices, in some words."""
    if not chosen.own:
        return "BLAS multiplies matrices"
    kernels = compiled_kernels()
    if kernels is None:
        return f"BLAS multiplies matrices, though {chosen.name!r} was chosen: NumPy computes everything"
    return f"our own product {chosen.name!r} multiplies matrices"


def own_product(a: Any, b: Any) -> Any:
    """The product by the kernel that was chosen; NotImplemented where BLAS shall do it."""
    kernels = compiled_kernels()
    return NotImplemented if kernels is None else kernels[f"matmul_{chosen.name}"](a, b)
