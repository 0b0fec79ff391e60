"""Cross-entropy by class indices, with the softmax in it, in the plainest NumPy.

Of scores z (N, C, ...) and classes y (N, ...) each place costs
``(1 - s) w[y] (L - z[y]) + s / C * sum_c w[c] (L - z[c])``
where L is the logarithm of the sum of exponentials, w what each class counts and s the label smoothing (Szegedy et
al., 2016, section 7).
"""

# mypy: disable-error-code="call-overload"
from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["class_kinds", "counted", "cross_entropy", "cross_entropy_back", "cross_entropy_parts"]

Array = Any


def class_kinds(target: Array, count: int, ignore_index: int) -> int:
    """0 if each is one of so many classes, 1 if some are the ignored one instead, 2 if some are neither."""
    ignored = target == ignore_index
    if (~ignored & ((target < 0) | (target >= count))).any():
        return 2
    return int(ignored.any())


def counted(target: Array, weight: Array | None, ignore_index: int | None, dtype: Any) -> Any:
    """What the places that are not ignored count together: a number of a type of at least four bytes."""
    kept = np.ones(target.shape, bool) if ignore_index is None else np.asarray(target != ignore_index)
    return (kept.sum() if weight is None else weight[target[kept]].sum()).astype(dtype)


def cross_entropy(
    a: Array, target: Array, weight: Array | None, ignore_index: int | None, smoothing: float
) -> tuple[Array, Array, Array]:
    """The cost of each place, 0 where it is ignored; the largest score but nan, and the logarithm of the sum beside it.

    Args:
        a: scores (N, C, ...) or (C,).
        target: classes (N, ...) or (), in int64; each is below C, or the ignored one.
        ignore_index: None: no target is ignored.
        weight: what each class counts, (C,); None: 1.
    """
    axis = min(1, a.ndim - 1)
    if _usual(a, target, weight, ignore_index, smoothing):
        top = np.fmax.reduce(a, 1, None, None, True)
        lowered = a - top
        low = np.log(np.add.reduce(np.exp(lowered), 1))
        return low - lowered.reshape(-1).take(_flat(a, target)), top[:, 0], low
    kept, chosen = _chosen(target, ignore_index, axis)
    top = np.fmax.reduce(a, axis=axis, keepdims=True, initial=-np.inf)  # nan reaches the sum
    low = np.log(np.add.reduce(np.exp(a - top), axis=axis, keepdims=True))
    cost = (low - (np.take_along_axis(a, chosen, axis) - top)).squeeze(axis)
    if weight is not None:
        cost = cost * weight[chosen.squeeze(axis)]
    if smoothing:
        even = low - (a - top)
        if weight is not None:
            even = even * _along(weight, a.ndim, axis)
        cost = cost * a.dtype.type(1 - smoothing) + even.sum(axis) * a.dtype.type(smoothing / a.shape[axis])
    return np.where(kept, cost, a.dtype.type(0)), top.squeeze(axis), low.squeeze(axis)


def cross_entropy_back(
    a: Array, g: Array, target: Array, top: Array, low: Array, weight: Array | None, ignore_index: int | None,
    smoothing: float,
) -> Array:  # fmt: skip
    """The gradient of the scores; g has one element for each place."""
    axis = min(1, a.ndim - 1)
    if _usual(a, target, weight, ignore_index, smoothing):
        share = np.exp((a - top[:, None]) - low[:, None])
        share[np.arange(len(a)), target] -= 1  # (not through reshape: scores may lie column by column, a copy then)
        share *= g[:, None]
        return share
    kept, chosen = _chosen(target, ignore_index, axis)
    g = np.where(kept, g, a.dtype.type(0))
    exact = g * a.dtype.type(1 - smoothing)
    if weight is not None:
        exact = exact * weight[chosen.squeeze(axis)]
    even = np.expand_dims(g * a.dtype.type(smoothing / a.shape[axis]), axis)
    each = a.dtype.type(a.shape[axis]) if weight is None else weight.sum(dtype=a.dtype)
    exact = np.expand_dims(exact, axis)
    total = exact + even * each
    share = np.exp((a - np.expand_dims(top, axis)) - np.expand_dims(low, axis)) * total
    share = np.where(total == 0, a.dtype.type(0), share)  # what is ignored gets nothing, not even nan
    if smoothing:
        share -= even if weight is None else even * _along(weight, a.ndim, axis)
    np.put_along_axis(share, chosen, np.take_along_axis(share, chosen, axis) - exact, axis)
    return share


def _usual(a: Array, target: Array, weight: Array | None, ignore_index: int | None, smoothing: float) -> bool:
    """Whether it is the loss of most training loops, which is fewer steps: for small batches each of them counts."""
    if weight is not None or smoothing or a.ndim != 2 or not a.shape[1]:
        return False
    return ignore_index is None or not (target == ignore_index).any()


def _flat(a: Array, target: Array) -> Array:
    """Where the classes (N,) stand in scores (N, C), counted through all: NumPy finds one index sooner than two."""
    return np.arange(0, a.size, a.shape[1]) + target


def _chosen(target: Array, ignore_index: int | None, axis: int) -> tuple[Array, Array]:
    """Which places count, and the class of each, 0 where it is ignored, with a dimension for the classes."""
    if ignore_index is None:
        return np.ones(target.shape, bool), np.expand_dims(target, axis)
    kept = np.asarray(target != ignore_index)
    return kept, np.expand_dims(np.where(kept, target, 0), axis)


def _along(weight: Array, ndim: int, axis: int) -> Array:
    return weight.reshape((1,) * axis + (-1,) + (1,) * (ndim - axis - 1))


def cross_entropy_parts(
    shape: tuple[int, ...], dtype: Any, target: Array, weight: Array | None, ignore_index: int | None, smoothing: float
) -> tuple[Array, Array]:
    """(T, K) of the gradient of the scores, which is ``softmax(a) * T - K`` times that of the cost."""
    axis = min(1, len(shape) - 1)
    low = np.zeros(target.shape, dtype)
    nothing = np.full(shape, -np.inf, dtype)  # whose softmax is 0
    fixed = -cross_entropy_back(nothing, low + dtype.type(1), target, low, low, weight, ignore_index, smoothing)
    return np.add.reduce(fixed, axis=axis, keepdims=True), fixed
