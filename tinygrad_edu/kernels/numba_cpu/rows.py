"""softmax, its logarithm and the logarithm of its sum over the last dimension, forwards and back, row by row.

A row stays in the processor's cache while it is looked at twice, which is what NumPy cannot do; along another dimension
NumPy's own loops are as fast, so they run there. A nan takes part in no comparison: the largest element of a row
overlooks it, and the sum does not.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cpu.compiler import compiled
from tinygrad_edu.kernels.numba_cpu.elementary import exp
from tinygrad_edu.kernels.numba_cpu.layout import folded, ready, reduced_shape, suits
from tinygrad_edu.kernels.threads import on_blocks

__all__ = ["log_softmax", "log_softmax_back", "logsumexp", "softmax", "softmax_back"]

Array = Any


@compiled
def _largest(row: Array, lanes: Array) -> Any:
    """The largest element but nan. The lanes are compared side by side: a single maximum would not become a vector."""
    width = lanes.size
    lanes[:] = -np.inf
    blocks = row.size // width
    for block in range(blocks):
        part = row[block * width : (block + 1) * width]
        for i in range(width):
            lanes[i] = part[i] if part[i] > lanes[i] else lanes[i]
    top = lanes[0]
    for i in range(width):
        top = lanes[i] if lanes[i] > top else top
    rest = row[blocks * width :]
    for i in range(rest.size):
        top = rest[i] if rest[i] > top else top
    return top


@compiled
def _softmax_rows(x: Array, out: Array) -> None:
    lanes = np.empty(64, x.dtype)
    for r in range(x.shape[0]):
        row, into = x[r], out[r]
        top = _largest(row, lanes)
        total = x.dtype.type(0)
        for i in range(row.size):
            grown = exp(row[i] - top)
            into[i] = grown
            total += grown
        scale = x.dtype.type(1) / total
        for i in range(row.size):
            into[i] *= scale


@compiled
def _log_softmax_rows(x: Array, out: Array) -> None:
    lanes = np.empty(64, x.dtype)
    for r in range(x.shape[0]):
        row, into = x[r], out[r]
        top = _largest(row, lanes)
        total = x.dtype.type(0)
        for i in range(row.size):
            total += exp(row[i] - top)
        low = x.dtype.type(math.log(total))
        for i in range(row.size):
            into[i] = (row[i] - top) - low


@compiled
def _logsumexp_rows(x: Array, out: Array) -> None:
    lanes = np.empty(64, x.dtype)
    for r in range(x.shape[0]):
        row = x[r]
        top = _largest(row, lanes)
        if not math.isfinite(top):
            top = x.dtype.type(0)
        total = x.dtype.type(0)
        for i in range(row.size):
            total += exp(row[i] - top)
        out[r] = x.dtype.type(math.log(total)) + top


@compiled
def _softmax_back_rows(g: Array, out: Array, share: Array) -> None:
    for r in range(g.shape[0]):
        up, row, into = g[r], out[r], share[r]
        total = g.dtype.type(0)
        for i in range(row.size):
            total += up[i] * row[i]
        for i in range(row.size):
            into[i] = row[i] * (up[i] - total)


@compiled
def _log_softmax_back_rows(g: Array, out: Array, share: Array) -> None:
    for r in range(g.shape[0]):
        up, row, into = g[r], out[r], share[r]
        total = g.dtype.type(0)
        for i in range(row.size):
            total += up[i]
        for i in range(row.size):
            into[i] = up[i] - exp(row[i]) * total


def _along(a: Array, axis: int, rows: Any) -> Array:
    if not suits(a) or axis % max(a.ndim, 1) != a.ndim - 1:
        return NotImplemented
    x = ready(a).reshape(-1, a.shape[-1])
    out = np.empty(x.shape, x.dtype)
    on_blocks(rows, x.size, x, out)
    return out.reshape(a.shape)


def softmax(a: Array, axis: int) -> Array:
    return _along(a, axis, _softmax_rows)


def log_softmax(a: Array, axis: int) -> Array:
    return _along(a, axis, _log_softmax_rows)


def logsumexp(a: Array, axes: tuple[int, ...], keepdim: bool) -> Array:
    x = folded(a, axes) if suits(a) else None
    if x is None:
        return NotImplemented
    out = np.empty(len(x), x.dtype)
    on_blocks(_logsumexp_rows, x.size, x, out)
    return out.reshape(reduced_shape(a, axes, keepdim))[()]


def _back(g: Array, out: Array, axis: int, rows: Any) -> Array:
    if not suits(g, out) or g.shape != out.shape or axis % max(g.ndim, 1) != g.ndim - 1:
        return NotImplemented
    up, x = ready(g).reshape(-1, g.shape[-1]), ready(out).reshape(-1, g.shape[-1])
    share = np.empty(x.shape, x.dtype)
    on_blocks(rows, x.size, up, x, share)
    return share.reshape(out.shape)


def softmax_back(g: Array, out: Array, axis: int) -> Array:
    return _back(g, out, axis, _softmax_back_rows)


def log_softmax_back(g: Array, out: Array, axis: int) -> Array:
    return _back(g, out, axis, _log_softmax_back_rows)
