"""One step of an LSTM, and of a GRU, forwards and back, in plain NumPy; the steps: `tinygrad_edu/ops/recurrent.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.kernels.numpy import sigmoid

__all__ = ["gru_back", "gru_step", "lstm_back", "lstm_step"]

Array = Any


def _gates(sums: Array) -> tuple[Array, Array, Array, Array]:
    i, f, g, o = np.split(sums, 4, 1)
    return sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)


def lstm_step(sums: Array, cell: Array) -> Array:
    """(B, 4 * H) and (B, H) give the new state and cell side by side, (B, 2 * H)."""
    i, f, g, o = _gates(sums)
    cell = f * cell + i * g
    return np.concatenate([o * np.tanh(cell), cell], 1)


def lstm_back(sums: Array, cell: Array, after: Array, from_h: Array, from_c: Array) -> tuple[Array, Array]:
    """The gradients of the sums and of the cell before the step, from those of the state and the cell after it."""
    i, f, g, o = _gates(sums)
    shown = np.tanh(after)
    moved = from_c + from_h * o * (1 - shown * shown)
    to_i, to_f = moved * g * i * (1 - i), moved * cell * f * (1 - f)
    to_g, to_o = moved * i * (1 - g * g), from_h * shown * o * (1 - o)
    return np.concatenate([to_i, to_f, to_g, to_o], 1), moved * f


def _gru_gates(x: Array, own: Array) -> tuple[Array, Array, Array, Array]:
    (x_r, x_z, x_n), (own_r, own_z, own_n) = np.split(x, 3, 1), np.split(own, 3, 1)
    r = sigmoid(x_r + own_r)
    return r, sigmoid(x_z + own_z), np.tanh(x_n + r * own_n), own_n


def gru_step(x: Array, own: Array, state: Array) -> Array:
    """The sums of the input and of the state, both (B, 3 * H), and the state (B, H) give the new state."""
    _, z, n, _ = _gru_gates(x, own)
    return n + z * (state - n)


def gru_back(x: Array, own: Array, state: Array, from_h: Array) -> tuple[Array, Array, Array]:
    """The gradients of both sums and of the state before the step (through z only), from that of the state after it."""
    r, z, n, own_n = _gru_gates(x, own)
    to_n = from_h * (1 - z) * (1 - n * n)
    to_r, to_z = to_n * own_n * r * (1 - r), from_h * (state - n) * z * (1 - z)
    return np.concatenate([to_r, to_z, to_n], 1), np.concatenate([to_r, to_z, to_n * r], 1), from_h * z
