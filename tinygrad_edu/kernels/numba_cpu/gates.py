"""One step of an LSTM forwards, and back, in one pass each: the gates of a row stay in the cache.

The matrix products between the steps are BLAS's; see `tinygrad_edu/ops/recurrent.py` for what the numbers mean.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cpu.compiler import compiled
from tinygrad_edu.kernels.numba_cpu.elementary import exp
from tinygrad_edu.kernels.numba_cpu.layout import ready, suits
from tinygrad_edu.kernels.threads import on_blocks

__all__ = ["lstm_back", "lstm_step"]

Array = Any


@compiled
def _step(sums: Array, cell: Array, out: Array) -> None:
    units = cell.shape[1]
    one, two = cell.dtype.type(1), cell.dtype.type(2)
    for r in range(cell.shape[0]):
        i, f = sums[r, :units], sums[r, units : 2 * units]
        g, o = sums[r, 2 * units : 3 * units], sums[r, 3 * units :]
        before, h, c = cell[r], out[r, :units], out[r, units:]
        for k in range(units):
            candidate = two / (one + exp(-two * g[k])) - one  # tanh
            c[k] = before[k] / (one + exp(-f[k])) + candidate / (one + exp(-i[k]))
        for k in range(units):
            h[k] = (two / (one + exp(-two * c[k])) - one) / (one + exp(-o[k]))


@compiled
def _back(sums: Array, cell: Array, after: Array, from_h: Array, from_c: Array, share: Array, to_c: Array) -> None:
    units = cell.shape[1]
    one, two = cell.dtype.type(1), cell.dtype.type(2)
    for r in range(cell.shape[0]):
        i, f = sums[r, :units], sums[r, units : 2 * units]
        g, o = sums[r, 2 * units : 3 * units], sums[r, 3 * units :]
        to_i, to_f = share[r, :units], share[r, units : 2 * units]
        to_g, to_o = share[r, 2 * units : 3 * units], share[r, 3 * units :]
        before, now, h, c, back = cell[r], after[r], from_h[r], from_c[r], to_c[r]
        for k in range(units):
            last = one / (one + exp(-o[k]))
            shown = two / (one + exp(-two * now[k])) - one
            to_o[k] = h[k] * shown * last * (one - last)
            back[k] = c[k] + h[k] * last * (one - shown * shown)
        for k in range(units):
            come, keep = one / (one + exp(-i[k])), one / (one + exp(-f[k]))
            candidate = two / (one + exp(-two * g[k])) - one
            moved = back[k]
            to_i[k] = moved * candidate * come * (one - come)
            to_f[k] = moved * before[k] * keep * (one - keep)
            to_g[k] = moved * come * (one - candidate * candidate)
            back[k] = moved * keep


def lstm_step(sums: Array, cell: Array) -> Array:
    """(B, 4 * H) and (B, H) give the new state and cell side by side, (B, 2 * H)."""
    if not suits(sums, cell):
        return NotImplemented
    out = np.empty((len(cell), 2 * cell.shape[1]), cell.dtype)
    on_blocks(_step, 2 * sums.size, ready(sums), ready(cell), out)
    return out


def lstm_back(sums: Array, cell: Array, after: Array, from_h: Array, from_c: Array) -> Any:
    """The gradients of the sums and of the cell before the step, from those of the state and the cell after it."""
    if not suits(sums, cell, after, from_h, from_c):
        return NotImplemented
    share, to_c = np.empty(sums.shape, sums.dtype), np.empty(cell.shape, cell.dtype)
    arrays = [ready(a) for a in (sums, cell, after, from_h, from_c)]
    on_blocks(_back, 2 * sums.size, *arrays, share, to_c)
    return share, to_c
