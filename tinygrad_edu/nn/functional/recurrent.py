"""Recurrent layers as functions: the inputs of all steps in one product, then the recurrence, either way in time.

`mode` is PyTorch's name of the kind: "RNN_TANH", "RNN_RELU", "LSTM" or "GRU".
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.nn.functional.layers import linear
from tinygrad_edu.ops.recurrent import gru_scan, lstm_scan, rnn_scan
from tinygrad_edu.tensors.functions import cat
from tinygrad_edu.tensors.placing import beside
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["GATES", "Weights", "recurrent_layer", "recurrent_step"]

GATES = {"RNN_TANH": 1, "RNN_RELU": 1, "LSTM": 4, "GRU": 3}


class Weights(NamedTuple):
    """The parameters of one layer and direction, in PyTorch's order: ih for the inputs, hh for the state.

    Those of the inputs (gates * H, in), those of the state (gates * H, H), and for an LSTM with a projection of its
    states the one that makes them (P, H).
    """

    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor | None = None
    bias_hh: Tensor | None = None
    weight_hr: Tensor | None = None


def _zeros(like: Tensor, *shape: int) -> Tensor:
    return beside(np.zeros(shape, like._data.dtype), like)


def _scan(mode: str, projected: Tensor, states: tuple[Tensor, ...], weights: Weights, sizes: Any) -> tuple[Tensor, ...]:
    """(T, B, gates * H) and states (B, H) give the states after each step, (T, B, H) each."""
    if mode == "GRU":
        bias = weights.bias_hh
        if bias is None:
            bias = _zeros(projected, projected.shape[2])
        return (gru_scan(projected, states[0], weights.weight_hh, bias, sizes),)
    if mode != "LSTM":
        return (rnn_scan(projected, states[0], weights.weight_hh, mode[4:].lower(), sizes),)
    hidden, cell = states
    units = cell.shape[1]
    recurrent, shown = weights.weight_hh, weights.weight_hr
    if shown is not None:
        # The state is shown @ (o * tanh(c)): the recurrence runs on the second factor, and meets the product of the
        # two weights; only the first state, which comes from outside, is taken into account by itself.
        first = projected[:1] + linear(hidden, recurrent)
        projected = cat([first, projected[1:]], 0)
        recurrent, hidden = recurrent @ shown, _zeros(cell, *cell.shape)
    both = lstm_scan(projected, hidden, cell, recurrent, sizes)
    out = both[:, :, :units]
    return out if shown is None else linear(out, shown), both[:, :, units:]


def _projected(mode: str, rows: Tensor, weights: Weights) -> Tensor:
    """Rows (n, in) times the weights of the inputs; with the biases of the state too, where a sum takes in both."""
    bias = weights.bias_ih
    if bias is not None and weights.bias_hh is not None and mode != "GRU":
        bias = bias + weights.bias_hh
    return linear(rows, weights.weight_ih, bias)


def recurrent_layer(
    mode: str,
    input: Tensor,
    states: tuple[Tensor, ...],
    weights: Weights,
    lengths: Any = None,
    reverse: bool = False,
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """One layer in one direction over a batch of sequences.

    Args:
        input: (T, B, in). states: what it begins with, (B, H): one, or state and cell of an LSTM.
        lengths: an array of the sequences' lengths, falling; None if all are T. What stands behind an end does not
            count, and the states there are 0.
        reverse: from the last step of each sequence to the first.

    Returns:
        The states at each step, (T, B, H), and those at the end, (B, H) each.
    """
    steps, batch, size = input.shape
    order: Any = None
    sizes: Any = None
    if lengths is not None and lengths[-1] < steps:
        each = np.arange(steps)[:, None]
        sizes = tuple((lengths > each).sum(1).tolist())
        order = (np.where(each < lengths, lengths - 1 - each, each), np.arange(batch))

    def turned(x: Tensor) -> Tensor:
        return x.flip(0) if order is None else x[order]

    rows = (turned(input) if reverse else input).reshape(steps * batch, size)
    gates = weights.weight_ih.shape[0]  # not -1: a batch of none leaves no size to work out
    projected = _projected(mode, rows, weights).reshape(steps, batch, gates)
    found = _scan(mode, projected, states, weights, sizes)
    if order is None:
        final = tuple(state[steps - 1] for state in found)
    else:
        final = tuple(state[lengths - 1, np.arange(batch)] for state in found)
    return turned(found[0]) if reverse else found[0], final


def recurrent_step(mode: str, input: Tensor, states: tuple[Tensor, ...], weights: Weights) -> tuple[Tensor, ...]:
    """One step of a cell: (B, in) and the states (B, H) give the states (B, H)."""
    projected = _projected(mode, input, weights).unsqueeze(0)
    return tuple(state[0] for state in _scan(mode, projected, states, weights, None))
