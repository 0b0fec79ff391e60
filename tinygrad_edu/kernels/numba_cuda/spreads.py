"""Variance and the logarithm of a sum of exponentials over the last dimensions: lines by `held`, each read once.

The mean comes before squared distances from it, as numbers that differ little would otherwise cancel. float32 is added
up in float32. Few very long lines are left to the specification, whose sums are cut into parts. One writer per cell:
a line's result is written by its leader.
"""

from __future__ import annotations

import math
from typing import Any

from tinygrad_edu.kernels.numba_cuda import held
from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty
from tinygrad_edu.kernels.numba_cuda.blocks import gathered_in, suit
from tinygrad_edu.kernels.numba_cuda.recipes import Recipe
from tinygrad_edu.kernels.numba_cuda.runtime import multiprocessors
from tinygrad_edu.kernels.presence import simulated

__all__ = ["logsumexp", "var"]

_VAR = """
add s: a
middle = s / TYPE(length)
become a: a - middle
add v: a * a
if leader:
    TO[uint64(k)] = STORE(v / TYPE(divisor))
"""
_LOGSUMEXP = """
top m: a
m = ZERO if m == LEAST or m == -LEAST else m
add s: exp(a - m)
if leader:
    TO[uint64(k)] = STORE(TYPE(log(s)) + m)
"""
VAR = Recipe("var", _VAR, "a", "", "divisor", "TO", out=False)
LOGSUMEXP = Recipe("logsumexp", _LOGSUMEXP, "a", "", "", "TO", out=False)


def _run(recipe: Recipe, a: Any, axes: tuple[int, ...], keepdim: bool, *more: Any) -> Any:
    """A number for each line; NotImplemented where the axes are not the last, or lines are few and long."""
    if a.__class__ is not DeviceArray or not suit(a) or not axes or not a.flags.c_contiguous:
        return NotImplemented
    kept = a.ndim - len(axes)
    if tuple(sorted(axes)) != tuple(range(kept, a.ndim)):
        return NotImplemented
    length = math.prod(a.shape[kept:])
    lines = a.size // length
    if not simulated() and length > 16384 and lines < 2 * multiprocessors():
        return NotImplemented
    out = empty((*a.shape[:kept], *((1,) * len(axes) if keepdim else ())), a.dtype)
    held.run(recipe, (lines, length), (gathered_in(a.dtype), a.dtype), more, [a], None, out)
    return out


def var(a: Any, axes: tuple[int, ...], correction: float, keepdim: bool) -> Any:
    count = math.prod(a.shape[axis] for axis in axes)
    return _run(VAR, a, axes, keepdim, float(max(count - correction, 0)))


def logsumexp(a: Any, axes: tuple[int, ...], keepdim: bool) -> Any:
    return _run(LOGSUMEXP, a, axes, keepdim)
