"""Losses that ask for a distance only: right before wrong, alike near, unlike apart, by at least a margin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.errors import ShapeError
from tinygrad_edu.nn.functional.layers import pairwise_distance
from tinygrad_edu.nn.functional.losses import loss, reduced, reduction_of
from tinygrad_edu.ops.index import take_along
from tinygrad_edu.tensors.functions import functional, where
from tinygrad_edu.tensors.placing import beside
from tinygrad_edu.tensors.tensor import Tensor

__all__ = [
    "cosine_embedding_loss", "hinge_embedding_loss", "margin_ranking_loss", "multi_margin_loss",
    "multilabel_margin_loss", "multilabel_soft_margin_loss", "soft_margin_loss", "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]  # fmt: skip

logaddexp: Any = functional("logaddexp")


@loss("MarginRankingLoss")
def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``max(0, margin - t * (x1 - x2))``: x1 should be the larger where t is 1, x2 where it is -1."""
    if input1.ndim != input2.ndim or input1.ndim != target.ndim:
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: "
            f"{input1.shape}, input2: {input2.shape}, target: {target.shape} "
        )
    values = (margin - target * (input1 - input2)).clamp(min=0)
    return reduced(values, reduction_of(size_average, reduce, reduction))


@loss("HingeEmbeddingLoss")
def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The input where the target is 1, ``max(0, margin - input)`` where it is -1."""
    values = where(target.eq(1), 0.0, (margin - input).clamp(min=0)) + where(target.eq(-1), 0.0, input)
    return reduced(values, reduction_of(size_average, reduce, reduction))


@loss("SoftMarginLoss")
def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``log(1 + exp(-t * x))`` for targets 1 and -1."""
    return reduced(logaddexp(-target * input, 0.0), reduction_of(size_average, reduce, reduction))


@loss("CosineEmbeddingLoss")
def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``1 - cos`` of vectors (N, D) or (D,) where the target is 1, ``max(0, cos - margin)`` where it is -1."""
    if target.ndim not in (0, 1) or input1.ndim != target.ndim + 1 or input2.ndim != target.ndim + 1:
        raise RuntimeError(
            f"cosine_embedding_loss: {target.ndim}D target tensor expects {target.ndim + 1}D input tensors (and at "
            f"most 2D), but found inputs with sizes {list(input1.shape)} and {list(input2.shape)}."
        )
    lengths = ((input1 * input1).sum(-1) + 1e-12) * ((input2 * input2).sum(-1) + 1e-12)
    cos = (input1 * input2).sum(-1) / lengths.sqrt()
    values = where(target.eq(1), 1 - cos, 0.0) + where(target.eq(-1), (cos - margin).clamp(min=0), 0.0)
    return reduced(values, reduction_of(size_average, reduce, reduction))


@loss("MultiMarginLoss")
def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over classes of ``max(0, margin - x[right] + x[other]) ** p``: (N, C) and indices (N,)."""
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    rows, wanted = (input, target._data) if input.ndim > 1 else (input.unsqueeze(0), target._data.reshape(-1))
    right = np.expand_dims(wanted, 1)
    values = (margin - take_along(rows, right, 1) + rows).clamp(min=0)
    if p == 2:
        values = values * values
    if weight is not None:
        values = values * Tensor._wrap(weight._data[right])
    others = Tensor._wrap(beside(np.arange(rows.shape[1]), rows)._data != right)
    out = where(others, values, 0.0).sum(1) / rows.shape[1]
    return reduced(out if input.ndim > 1 else out[0], reduction_of(size_average, reduce, reduction))


@loss("MultiLabelMarginLoss")
def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over classes of ``max(0, 1 - x[right] + x[wrong])`` for all pairs.

    Args:
        input: scores, (N, C) or (C,).
        target: the right classes of each sample, then -1s: in the input's shape.
    """
    if input.shape != target.shape:
        raise RuntimeError(f"inconsistent target size: {list(target.shape)} for input of size: {list(input.shape)}")
    given = np.atleast_2d(target._data)
    rows = input if input.ndim > 1 else input.reshape(1, -1)
    named = np.cumprod(given >= 0, axis=1).astype(bool)  # up to the first -1
    classes = np.where(named, given, 0)
    every = beside(np.arange(given.shape[1]), rows)._data
    right = ((classes[:, :, None] == every) & named[:, :, None]).any(1)
    pairs = (1 - take_along(rows, classes, 1).unsqueeze(2) + rows.unsqueeze(1)).clamp(min=0)
    counted = Tensor._wrap(named[:, :, None] & ~right[:, None, :])
    out = where(counted, pairs, 0.0).sum((1, 2)) / rows.shape[1]
    return reduced(out if input.ndim > 1 else out[0], reduction_of(size_average, reduce, reduction))


@loss("MultiLabelSoftMarginLoss")
def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over the last dimension of the binary cross entropies of ``sigmoid(input)``."""
    values = target * logaddexp(-input, 0.0) + (1 - target) * logaddexp(input, 0.0)
    if weight is not None:
        values = values * weight
    return reduced(values.sum(-1) / input.shape[-1], reduction_of(size_average, reduce, reduction))


def _triplet(near: Tensor, far: Tensor, between: Any, margin: float, swap: bool, reduction: str) -> Tensor:
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    if swap:
        far = far.minimum(between())
    return reduced((margin + near - far).clamp(min=0), reduction)


@loss("TripletMarginLoss")
def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``max(0, margin + d(anchor, positive) - d(anchor, negative))`` with the p-norm's distance.

    Args:
        swap: the negative's distance is the smaller of that to the anchor and that to the positive.
    """
    dims = [x.ndim for x in (anchor, positive, negative)]
    if len({*dims}) > 1:
        raise ShapeError(
            "triplet_margin_loss: The anchor, positive, and negative tensors are expected to have the same number of "
            f"dimensions, but got: anchor {dims[0]}D, positive {dims[1]}D, and negative {dims[2]}D inputs"
        )
    return triplet_margin_with_distance_loss(
        anchor,
        positive,
        negative,
        distance_function=lambda a, b: pairwise_distance(a, b, p, eps),
        margin=margin,
        swap=swap,
        reduction=reduction_of(size_average, reduce, reduction),
    )


@loss("TripletMarginWithDistanceLoss")
def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """:func:`triplet_margin_loss` with a distance of your own."""
    distance = distance_function or pairwise_distance
    near, far = distance(anchor, positive), distance(anchor, negative)
    return _triplet(near, far, lambda: distance(positive, negative), margin, swap, reduction)
