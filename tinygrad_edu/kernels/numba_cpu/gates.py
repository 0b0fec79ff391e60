"""One step of an LSTM, or of a GRU, forwards, and back, in one pass each: the gates of a row stay in the cache.

The matrix products between the steps are BLAS's; see `tinygrad_edu/ops/recurrent.py` for what the numbers mean.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cpu.compiler import compiled
from tinygrad_edu.kernels.numba_cpu.elementary import exp
from tinygrad_edu.kernels.numba_cpu.layout import ready, suits
from tinygrad_edu.kernels.threads import on_blocks

__all__ = ["gru_back", "gru_step", "lstm_back", "lstm_step"]

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


@compiled
def _gru_step(x: Array, own: Array, state: Array, out: Array) -> None:
    units = state.shape[1]
    one, two = state.dtype.type(1), state.dtype.type(2)
    for row in range(state.shape[0]):
        x_r, x_z, x_n = x[row, :units], x[row, units : 2 * units], x[row, 2 * units :]
        own_r, own_z, own_n = own[row, :units], own[row, units : 2 * units], own[row, 2 * units :]
        before, after = state[row], out[row]
        for k in range(units):
            sums = x_n[k] + own_n[k] / (one + exp(-(x_r[k] + own_r[k])))
            after[k] = two / (one + exp(-two * sums)) - one  # tanh
        for k in range(units):
            after[k] += (before[k] - after[k]) / (one + exp(-(x_z[k] + own_z[k])))


@compiled
def _gru_back(x: Array, own: Array, state: Array, from_h: Array, to_x: Array, to_own: Array, to_h: Array) -> None:
    units = state.shape[1]
    one, two = state.dtype.type(1), state.dtype.type(2)
    for row in range(state.shape[0]):
        x_r, x_z, x_n = x[row, :units], x[row, units : 2 * units], x[row, 2 * units :]
        own_r, own_z, own_n = own[row, :units], own[row, units : 2 * units], own[row, 2 * units :]
        into_r, into_z, into_n = to_x[row, :units], to_x[row, units : 2 * units], to_x[row, 2 * units :]
        before, h, back, slope = state[row], from_h[row], to_h[row], to_own[row, 2 * units :]
        for k in range(units):
            r = one / (one + exp(-(x_r[k] + own_r[k])))
            n = two / (one + exp(-two * (x_n[k] + r * own_n[k]))) - one
            into_n[k] = h[k] * (one - n * n)
            into_z[k] = h[k] * (before[k] - n)
            slope[k] = r
        for k in range(units):
            z, r = one / (one + exp(-(x_z[k] + own_z[k]))), slope[k]
            moved = into_n[k] * (one - z)
            into_n[k] = moved
            into_z[k] *= z * (one - z)
            into_r[k] = moved * own_n[k] * r * (one - r)
            slope[k] = moved * r
            back[k] = h[k] * z
        to_own[row, : 2 * units] = to_x[row, : 2 * units]


def gru_step(x: Array, own: Array, state: Array) -> Array:
    """The sums of the input and of the state, both (B, 3 * H), and the state (B, H) give the new state."""
    if not suits(x, own, state):
        return NotImplemented
    out = np.empty(state.shape, state.dtype)
    on_blocks(_gru_step, 2 * x.size, ready(x), ready(own), ready(state), out)
    return out


def gru_back(x: Array, own: Array, state: Array, from_h: Array) -> Any:
    """The gradients of both sums and of the state before the step (through z only), from that of the state after it."""
    if not suits(x, own, state, from_h):
        return NotImplemented
    to_x, to_own, to_h = np.empty(x.shape, x.dtype), np.empty(x.shape, x.dtype), np.empty(state.shape, x.dtype)
    on_blocks(_gru_back, 2 * x.size, *(ready(a) for a in (x, own, state, from_h)), to_x, to_own, to_h)
    return to_x, to_own, to_h
