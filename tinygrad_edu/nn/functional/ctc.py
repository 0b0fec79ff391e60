"""Connectionist temporal classification (Graves et al., 2006): the probability of a text, however it is timed.

A network says at each step one of the classes or a blank. All ways to say the text, with classes repeated and blanks
between them, are added up step by step: `alpha` holds the logarithm of the probability of having come to each place
of the text with blanks around its letters.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.nn.functional.losses import loss, reduced
from tinygrad_edu.ops.index import take_along
from tinygrad_edu.tensors.functions import cat, stack, where
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["ctc_loss"]

_NEVER = -1e30  # the logarithm of what is impossible: finite, so that derivatives are


def _lengths(given: Any, name: str, most: int, count: int) -> Any:
    found = np.asarray(given._data if isinstance(given, Tensor) else given).astype(np.int64).reshape(-1)
    if found.size != count:
        raise RuntimeError(f"ctc_loss: {name} must be of size batch_size: expected {count}, got {found.size}")
    if found.size and (found.max() > most or found.min() < 0):
        raise RuntimeError(
            f"ctc_loss: Expected {name} to have value at most {most} and at least 0, but got value "
            f"{int(found.max() if found.max() > most else found.min())}"
        )
    return found


def _rows(targets: Any, lengths: Any) -> Any:
    """The targets as padded rows (N, S)."""
    if targets.ndim == 2:
        if targets.shape[0] != lengths.size or targets.shape[1] < lengths.max(initial=0):
            raise RuntimeError(
                f"ctc_loss: Expected targets of shape at least {(lengths.size, int(lengths.max(initial=0)))}, got "
                f"{targets.shape}"
            )
        return targets
    if targets.size != lengths.sum():
        raise RuntimeError(
            f"ctc_loss: Expected targets in one row to have size {int(lengths.sum())}, the sum of target_lengths, but "
            f"got {targets.size}"
        )
    rows = np.zeros((lengths.size, int(lengths.max(initial=0))), np.int64)
    rows[np.arange(rows.shape[1]) < lengths[:, None]] = targets
    return rows


def _log_likelihood(log_probs: Tensor, rows: Any, steps: Any, lengths: Any, blank: int) -> Tensor:
    """The logarithm of the probability of each text: (T, N, C) and rows (N, S) give (N,)."""
    batch, places = rows.shape[0], 2 * rows.shape[1] + 1
    text = np.full((batch, places), blank)
    text[:, 1::2] = rows
    total = log_probs.shape[0]
    said = take_along(log_probs, np.broadcast_to(text, (total, batch, places)), 2)
    # From a letter to the next one the blank between them may be left out, unless they are equal.
    leaps = np.zeros((batch, places), bool)
    leaps[:, 2:] = (text[:, 2:] != blank) & (text[:, 2:] != text[:, :-2])
    kind = log_probs._data.dtype
    barred = Tensor._wrap(np.where(leaps, 0, _NEVER).astype(kind))
    never = Tensor._wrap(np.full((batch, 2), _NEVER, kind))
    begin = Tensor._wrap(np.where(np.arange(places) < 2, 0, _NEVER).astype(kind))
    each = said.unbind(0)
    alpha = each[0] + begin
    for t in range(1, total):
        behind = cat([never, alpha], 1)
        ways = stack([alpha, behind[:, 1 : places + 1], behind[:, :places] + barred])
        moved = ways.logsumexp(0) + each[t]
        running = t < steps
        alpha = moved if running.all() else where(Tensor._wrap(running[:, None]), moved, alpha)
    row = np.arange(batch)
    ends = cat([never[:, :1], alpha], 1)  # the last blank, or the last letter (there is none in an empty text)
    return stack([ends[row, 2 * lengths + 1], ends[row, 2 * lengths]]).logsumexp(0)


@loss("CTCLoss")
def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """Minus the logarithm of the probability of the targets, whatever their timing.

    Args:
        log_probs: (T, N, C) or (T, C): what :func:`log_softmax` gives. targets: (N, S), or all in one row.
        input_lengths, target_lengths: how much of each counts, (N,) or numbers.
        blank: the class that says nothing. reduction: "mean" divides each loss by its target's length first.
        zero_infinity: a text that is too long for its steps counts 0, not infinity.

    Raises:
        RuntimeError: lengths or a blank that are out of range.
    """
    batched = log_probs.ndim == 3
    if not batched:
        log_probs = log_probs.unsqueeze(1)
        targets = targets.reshape(1, -1)
    total, batch, classes = log_probs.shape
    if not 0 <= blank < classes:
        raise RuntimeError(f"ctc_loss: blank must be in label range, 0 to {classes - 1}, got {blank}")
    steps = _lengths(input_lengths, "input_lengths", total, batch)
    lengths = _lengths(target_lengths, "target_lengths", np.iinfo(np.int64).max, batch)
    rows = _rows(targets._data, lengths)
    values = -_log_likelihood(log_probs, rows[:, : int(lengths.max(initial=0))], steps, lengths, blank)
    impossible = values.detach() > -_NEVER / 2
    if bool(impossible.any()):
        values = where(impossible, 0.0 if zero_infinity else np.inf, values)
    if reduction == "mean":
        values = values / Tensor._wrap(np.maximum(lengths, 1).astype(values._data.dtype))
    return reduced(values if batched else values.squeeze(0), reduction)
