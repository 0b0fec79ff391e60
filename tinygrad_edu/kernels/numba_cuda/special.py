"""The gamma function's kin and the inverse of the error function: a formula each, computed in float64 as on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.kernels import special
from tinygrad_edu.kernels.numba_cuda.array import DeviceArray
from tinygrad_edu.kernels.numba_cuda.elementwise import mapped

__all__ = ["digamma", "each", "erfinv", "lgamma"]

_FORMULAS: dict[Callable[..., Any], str] = {
    special.inverse_erf: "inverse_erf(a)",
    special.log_gamma: "lgamma(a)",
    special.polygamma: "poly_gamma(a, b)",
    special.psi: "psi(a)",
}


def each(function: Callable[..., float], a: Any, *rest: Any) -> Any:
    """One of the specification's functions of a number for every element.

    Raises:
        NotImplementedError: it has no formula for the device.
    """
    if a.__class__ is not DeviceArray:
        return NotImplemented
    if function is special.polygamma and rest == (0,):
        function, rest = special.psi, ()
    formula = _FORMULAS.get(function)
    if formula is None:
        name = getattr(function, "__name__", str(function))
        raise NotImplementedError(f"{name}: there is no kernel for this on cuda. Move the tensor with .cpu() first")
    kinds = (np.dtype(np.float64), *(np.dtype(np.int64) for _ in rest))
    return mapped(formula, (a, *rest), kinds, a.dtype)


def digamma(a: Any) -> Any:
    return each(special.psi, a)


def erfinv(a: Any) -> Any:
    return each(special.inverse_erf, a)


def lgamma(a: Any) -> Any:
    return each(special.log_gamma, a)
