"""One step of an LSTM, forwards and back, in plain NumPy; for all steps at once see `tinygrad_edu/ops/recurrent.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.kernels.numpy import sigmoid

__all__ = ["lstm_back", "lstm_step"]

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
