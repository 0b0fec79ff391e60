"""Losses that compare distributions: the divergence of one from another, and what data cost under one."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from tinygrad_edu.nn.functional.losses import loss, reduced, reduction_of
from tinygrad_edu.tensors.functions import functional, where
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["gaussian_nll_loss", "kl_div", "poisson_nll_loss"]

xlogy: Any = functional("xlogy")


@loss("KLDivLoss")
def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """``target * (log(target) - input)`` for log-probabilities of the input (Kullback and Leibler, 1951).

    Args:
        reduction: "batchmean", the sum divided by the number of samples, is the divergence itself.
        log_target: the target holds log-probabilities too.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size.'batchmean' divides "
            "only by the batch size, and aligns with the KL div math definition.",
            stacklevel=2,
        )
    if log_target:
        values = target.exp() * (target - input)
    else:
        values = xlogy(target, target) - target * input
    if reduction == "batchmean":
        return values.sum() / input.shape[0] if input.ndim else values
    return reduced(values, reduction)


@loss("PoissonNLLLoss")
def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Minus the log-likelihood of counts whose rate is the input (or its exponential, with `log_input`).

    Args:
        full: add Stirling's approximation of what depends on the target alone.
    """
    values = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        large = target.clamp(min=1)
        stirling = large * large.log() - large + 0.5 * (large * (2 * math.pi)).log()
        values = values + where(target <= 1, 0.0, stirling)
    return reduced(values, reduction_of(size_average, reduce, reduction))


@loss("GaussianNLLLoss")
def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """Minus the log-likelihood of the target under normal distributions of mean `input` and variance `var`.

    Args:
        var: in the input's shape, or with its last size 1 or missing; it counts as at least `eps`.
        full: add the constant ``log(2 pi) / 2``.

    Raises:
        ValueError: `var` is negative somewhere, or of another shape.
    """
    spread = var if isinstance(var, Tensor) else Tensor._wrap(np.full(input.shape, var, input._data.dtype))
    if spread.shape != input.shape:
        if tuple(input.shape[:-1]) == tuple(spread.shape):
            spread = spread.unsqueeze(-1)
        elif tuple(input.shape[:-1]) != tuple(spread.shape[:-1]) or spread.shape[-1] != 1:
            raise ValueError(
                f"var is of incorrect size: {tuple(spread.shape)} for an input of shape {tuple(input.shape)}"
            )
    if (spread._data < 0).any():
        raise ValueError("var has negative entry/entries")
    spread = spread + (spread.detach().clamp(min=eps) - spread.detach())  # at least eps, with the gradient of var
    values = 0.5 * (spread.log() + (input - target) ** 2 / spread)
    return reduced(values + 0.5 * math.log(2 * math.pi) if full else values, reduction)
