"""Scaled dot-product attention (Vaswani et al., 2017, equation 1) and its gradients, in the plainest NumPy.

Queries are (..., L, E), keys (..., S, E), values (..., S, F), with the same leading dimensions: batch and heads. A mask
is added to the scores and broadcasts to (..., L, S).
"""

# mypy: disable-error-code="call-overload"
from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["attention", "attention_back", "attention_mask"]

Array = Any


def attention(q: Array, k: Array, v: Array, mask: Array | None, causal: bool, scale: float) -> tuple[Array, Array]:
    """``softmax(q @ k.T * scale + mask) @ v``, and the logarithm of each row's sum of exponentials, (..., L).

    A query that may look nowhere, whose scores are all -inf, gets zeros; the logarithm is then 0. `causal`: query i
    looks at the keys up to i only.
    """
    scores = _scores(q, k, mask, causal, scale)
    if k.shape[-2]:
        top = np.maximum.reduce(scores, axis=-1, keepdims=True)
        top = np.where(top == -math.inf, q.dtype.type(0), top)
    else:
        top = np.zeros((*q.shape[:-1], 1), q.dtype)
    grown = np.exp(scores - top)
    total = np.add.reduce(grown, axis=-1, keepdims=True)
    total = np.where(total == 0, q.dtype.type(1), total)
    return np.matmul(grown / total, v), (np.log(total) + top)[..., 0]


def attention_back(
    g: Array, q: Array, k: Array, v: Array, low: Array, mask: Array | None, causal: bool, scale: float
) -> tuple[Array, Array, Array]:
    """The gradients of queries, keys and values; `low` are the logarithms that :func:`attention` gave."""
    weights = np.exp(_scores(q, k, mask, causal, scale) - low[..., None])
    share = np.matmul(g, np.swapaxes(v, -1, -2))
    share = weights * (share - np.add.reduce(weights * share, axis=-1, keepdims=True))
    factor = q.dtype.type(scale)
    return (
        np.matmul(share, k) * factor,
        np.matmul(np.swapaxes(share, -1, -2), q * factor),
        np.matmul(np.swapaxes(weights, -1, -2), g),
    )


def _scores(q: Array, k: Array, mask: Array | None, causal: bool, scale: float) -> Array:
    scores = np.matmul(q * q.dtype.type(scale), np.swapaxes(k, -1, -2))
    if mask is not None:
        scores = scores + mask
    if causal:
        seen = np.arange(q.shape[-2])[:, None] >= np.arange(k.shape[-2])
        scores = np.where(seen, scores, q.dtype.type(-math.inf))
    return scores


def attention_mask(shape: tuple[int, int], dtype: Any, mask: Array | None, causal: bool) -> tuple[Array, Array]:
    """What is added to the scores (L, S), 0 for a query that may look nowhere; and what its weights are times: 0."""
    added = np.zeros(shape, dtype)
    if causal:
        seen = np.arange(shape[0])[:, None] >= np.arange(shape[1])
        added = np.where(seen, added, dtype.type(-math.inf))
    if mask is not None:
        added = added + mask
    blind = np.logical_and.reduce(added == -math.inf, axis=-1, keepdims=True)
    return np.where(blind, dtype.type(0), added), np.where(blind, dtype.type(0), dtype.type(1))
