"""softmax and its logarithm over the last dimension, forwards and back, row by row.

A row stays in the processor's cache while it is looked at twice, which is what NumPy cannot do; along another dimension
NumPy's own loops are as fast, so they run there. A long row is added up by runs, whose sums are added in double: in one
sum of single precision it would lose digits. A nan takes part in no comparison: the largest element of a row
overlooks it, and the sum does not.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cpu.compiler import compiled, inlined
from tinygrad_edu.kernels.numba_cpu.elementary import exp
from tinygrad_edu.kernels.numba_cpu.exponentials import RUN, exponentials_of
from tinygrad_edu.kernels.numba_cpu.largest import top_of
from tinygrad_edu.kernels.numba_cpu.layout import ready, suits
from tinygrad_edu.kernels.numba_cpu.reductions import run_total
from tinygrad_edu.kernels.threads import on_blocks

__all__ = ["log_softmax", "log_softmax_back", "softmax", "softmax_back"]

Array = Any


@inlined
def _grow(run: Array, top: Any, into: Array) -> float:
    total = run.dtype.type(0)
    for i in range(run.size):
        grown = exp(run[i] - top)
        into[i] = grown
        total += grown
    return np.float64(total)


@inlined
def _product(one: Array, other: Array) -> float:
    total = one.dtype.type(0)
    for i in range(one.size):
        total += one[i] * other[i]
    return np.float64(total)


@compiled
def _softmax_rows(x: Array, out: Array) -> None:
    for r in range(x.shape[0]):
        row, into = x[r], out[r]
        top = top_of(row, x.dtype.type(1))
        whole = 0.0
        for start in range(0, row.size, RUN):
            whole += _grow(row[start : start + RUN], top, into[start : start + RUN])
        scale = x.dtype.type(1 / whole)
        for i in range(row.size):
            into[i] *= scale


@compiled
def _log_softmax_rows(x: Array, out: Array) -> None:
    for r in range(x.shape[0]):
        row, into = x[r], out[r]
        top = top_of(row, x.dtype.type(1))
        whole = 0.0
        for start in range(0, row.size, RUN):
            whole += exponentials_of(row[start : start + RUN], top)
        low = x.dtype.type(math.log(whole))
        for i in range(row.size):
            into[i] = (row[i] - top) - low


@compiled
def _softmax_back_rows(g: Array, out: Array, share: Array) -> None:
    for r in range(g.shape[0]):
        up, row, into = g[r], out[r], share[r]
        whole = 0.0
        for start in range(0, row.size, RUN):
            whole += _product(up[start : start + RUN], row[start : start + RUN])
        total = g.dtype.type(whole)
        for i in range(row.size):
            into[i] = row[i] * (up[i] - total)


@compiled
def _log_softmax_back_rows(g: Array, out: Array, share: Array) -> None:
    for r in range(g.shape[0]):
        up, row, into = g[r], out[r], share[r]
        whole = 0.0
        for start in range(0, row.size, RUN):
            whole += np.float64(run_total(up[start : start + RUN]))
        total = g.dtype.type(whole)
        for i in range(row.size):
            into[i] = up[i] - exp(row[i]) * total


def _along(a: Array, axis: int, rows: Any) -> Array:
    if not suits(a) or axis % max(a.ndim, 1) != a.ndim - 1:
        return NotImplemented
    x = ready(a).reshape(-1, a.shape[-1])
    out = np.empty(a.shape, x.dtype)
    on_blocks(rows, x.size, x, out.reshape(x.shape))
    return out


def softmax(a: Array, axis: int) -> Array:
    return _along(a, axis, _softmax_rows)


def log_softmax(a: Array, axis: int) -> Array:
    return _along(a, axis, _log_softmax_rows)


def _back(g: Array, out: Array, axis: int, rows: Any) -> Array:
    if not suits(g, out) or g.shape != out.shape or axis % max(g.ndim, 1) != g.ndim - 1:
        return NotImplemented
    up, x = ready(g).reshape(-1, g.shape[-1]), ready(out).reshape(-1, g.shape[-1])
    share = np.empty(out.shape, x.dtype)
    on_blocks(rows, x.size, up, x, share.reshape(x.shape))
    return share


def softmax_back(g: Array, out: Array, axis: int) -> Array:
    return _back(g, out, axis, _softmax_back_rows)


def log_softmax_back(g: Array, out: Array, axis: int) -> Array:
    return _back(g, out, axis, _log_softmax_back_rows)
