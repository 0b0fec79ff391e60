"""Losses as functions: how far an output is from what it should be, for each element, then reduced to a number.

The modules (`nn.MSELoss`, ...) are made from this table: a row's arguments after the Tensors are its module's.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from tinygrad_edu.errors import DTypeError, ShapeError
from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.index import take_along
from tinygrad_edu.ops.loss import (
    cross_entropy_of_two,
    huber,
    pick_negative,
    smooth_l1,
    softmax_cross_entropy,
    squared_error,
)
from tinygrad_edu.tensors.functions import functional, where
from tinygrad_edu.tensors.parts import broadcast_tensors
from tinygrad_edu.tensors.promotion import promote_types
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["LOSSES", "loss", "reduced", "reduction_of"]

LOSSES: dict[str, Callable[..., Any]] = {}  # the module's name: the function
Function = TypeVar("Function", bound=Callable[..., Any])

logaddexp: Any = functional("logaddexp")


_REDUCTIONS = ("mean", "sum", "none")
_CLASSES = (np.dtype(np.int64), np.dtype(np.uint8))
_UNSIGNED = {"i": np.uint64, "u": np.uint8}


def loss(module: str) -> Callable[[Function], Function]:
    """Decorator: a row of the table."""

    def decorate(function: Function) -> Function:
        LOSSES[module] = function
        if function.__module__ == __name__:
            __all__.append(function.__name__)
        return function

    return decorate


def reduction_of(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction that PyTorch's former two arguments mean, with its warning."""
    if size_average is None and reduce is None:
        return reduction
    meant = "none" if reduce is False else "sum" if size_average is False else "mean"
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction='{meant}' instead.", stacklevel=3
    )
    return meant


def reduced(values: Tensor, reduction: str, weights: Tensor | None = None) -> Tensor:
    """All values, their sum, or their mean (weighted, where there are weights that have been multiplied in).

    Raises:
        ValueError: another reduction.
    """
    if reduction == "none":
        return values
    if reduction == "sum":
        return values.sum()
    if reduction == "mean":
        return values.mean() if weights is None else values.sum() / weights.sum()
    raise ValueError(f"{reduction} is not a valid value for reduction: use 'mean', 'sum' or 'none'")


def _warn_sizes(input: Tensor, target: Tensor) -> None:
    if input.shape != target.shape:
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will "
            "likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=3,
        )


def _check_floats(name: str, input: Tensor, target: Tensor) -> None:
    if not (input.is_floating_point() or target.is_floating_point()):
        raise DTypeError(f"{name}: not implemented for {input.dtype}: convert with .float()")


def _weighted(values: Tensor, weight: Tensor | None, reduction: str) -> Tensor:
    if weight is None:
        return reduced(values, reduction)
    return reduced(values * weight, reduction, weight.expand(*values.shape))


@loss("L1Loss")
def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """``|input - target|``."""
    _warn_sizes(input, target)
    return _weighted((input - target).abs(), weight, reduction_of(size_average, reduce, reduction))


@loss("MSELoss")
def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """``(input - target) ** 2``."""
    _warn_sizes(input, target)
    _check_floats("mse_loss", input, target)
    reduction = reduction_of(size_average, reduce, reduction)
    if weight is None and reduction in _REDUCTIONS and input.shape == target.shape and input.dtype is target.dtype:
        return squared_error(input, target, reduction)
    return _weighted((input - target) ** 2, weight, reduction)


@loss("SmoothL1Loss")
def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """``|d| - beta / 2`` for differences of beta and more, ``d² / (2 beta)`` for smaller ones (Girshick, 2015)."""
    _warn_sizes(input, target)
    if beta < 0:
        raise RuntimeError(f"smooth_l1_loss does not support negative values for beta, got {beta}")
    _check_floats("smooth_l1_loss", input, target)
    reduction = reduction_of(size_average, reduce, reduction)
    if beta == 0:
        return reduced((input - target).abs(), reduction)
    return _bent(smooth_l1, input, target, beta, reduction)


def _bent(rule: Any, input: Tensor, target: Tensor, knee: float, reduction: str) -> Tensor:
    if reduction not in _REDUCTIONS:
        return reduced(input, reduction)  # refuses it
    if input.shape != target.shape:
        input, target = broadcast_tensors(input, target)
    if input.dtype != target.dtype:
        kind = promote_types(input.dtype, target.dtype)
        input, target = input.to(kind), target.to(kind)
    out: Tensor = rule(input, target, float(knee), reduction)
    return out


@loss("HuberLoss")
def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """``d² / 2`` for differences up to delta, ``delta * (|d| - delta / 2)`` beyond (Huber, 1964)."""
    _warn_sizes(input, target)
    if delta <= 0:
        raise RuntimeError(f"huber_loss does not support non-positive values for delta, got {delta}")
    _check_floats("huber_loss", input, target)
    if weight is None:
        return _bent(huber, input, target, delta, reduction).to(input.dtype)
    return reduced(_bent(huber, input, target, delta, "none") * weight, reduction)  # the plain mean, as in PyTorch


def _check_classes(input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int) -> bool:
    """Shapes and range of class indices: (N, C, ...) needs (N, ...), (C,) needs (); a weight needs (C,).

    Returns whether a target may be the ignored one.
    """
    shape = input._data.shape
    expected = shape[:1] + shape[2:] if len(shape) > 1 else ()
    if target._data.shape != expected:
        if input.ndim > 1 and target.ndim and input.shape[0] != target.shape[0]:
            raise ValueError(
                f"Expected input batch_size ({input.shape[0]}) to match target batch_size ({target.shape[0]})."
            )
        raise ShapeError(
            f"nll_loss: Expected target size {list(expected)}, got {list(target.shape)}: one class index for each "
            f"sample and place of an input of shape {tuple(input.shape)}, in which dimension {min(1, input.ndim - 1)} "
            "holds the classes"
        )
    if target._data.dtype not in _CLASSES:
        raise RuntimeError(
            f"expected scalar type Long but found {target.dtype}: class indices are integers; use target.long(), or "
            "for probabilities cross_entropy with a target of the input's shape"
        )
    count = shape[1 if len(shape) > 1 else 0]
    if weight is not None and tuple(weight.shape) != (count,):
        raise ShapeError(
            f"nll_loss: weight tensor should be defined either for all {count} classes or no classes but got weight "
            f"tensor of shape: {list(weight.shape)}"
        )
    classes = target._data
    if classes.__class__ is np.ndarray and classes.size:
        # As numbers without a sign, of which a negative one is a very large one.
        if np.maximum.reduce(classes.view(_UNSIGNED[classes.dtype.kind]), None) < count:
            return 0 <= ignore_index < count
    kinds = kernels.class_kinds(classes, count, ignore_index)
    if kinds == 2:
        wrong = classes[(classes != ignore_index) & ((classes < 0) | (classes >= count))]
        raise IndexError(f"Target {int(wrong.reshape(-1)[0])} is out of bounds: classes are 0 to {count - 1}")
    return kinds == 1


def _picked(input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int) -> tuple[Tensor, Tensor | None]:
    """Minus the input at the target's classes, times what each counts; and that (None if each counts 1)."""
    dim = 1 if input.ndim > 1 else 0
    kept = target._data != ignore_index
    safe = np.where(kept, target._data, 0).astype(np.int64)
    values = -take_along(input, np.expand_dims(safe, dim), dim).squeeze(dim)
    if weight is not None:
        shares = weight._data[safe] * kept
    elif not kept.all():
        shares = kept.astype(input._data.dtype)
    else:
        return values, None
    counted = Tensor._wrap(shares.astype(input._data.dtype))
    return where(Tensor._wrap(kept), values * counted, 0.0), counted


@loss("NLLLoss")
def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Minus the log-probability of the right class: input (N, C, ...) or (C,), target (N, ...) or () of indices.

    Args:
        weight: what each class counts, (C,); the mean is weighted by it.
        ignore_index: targets with this value count nothing.

    Raises:
        ShapeError, ValueError: shapes that do not fit; IndexError: a class that does not exist.
    """
    _check_classes(input, target, weight, ignore_index)
    return _of_classes(input, target, weight, ignore_index, reduction_of(size_average, reduce, reduction))


def _of_classes(input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, reduction: str) -> Tensor:
    usual = weight is None and input.ndim == 2 and reduction in _REDUCTIONS
    if usual and not (target._data == ignore_index).any():
        return pick_negative(input, target._data.astype(np.int64, copy=False), reduction)
    values, counted = _picked(input, target, weight, ignore_index)
    return reduced(values, reduction, counted)


@loss("CrossEntropyLoss")
def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Minus the log-probability, by softmax over dimension 1, of the right class.

    Args:
        input: scores (logits), (N, C, ...) or (C,); not probabilities.
        target: class indices, (N, ...) or (); or probabilities of the classes, in the input's shape.
        weight: what each class counts, (C,).
        ignore_index: index targets with this value count nothing.
        label_smoothing: this share of each target is spread evenly over the classes.

    Raises:
        ShapeError, ValueError: shapes that do not fit; IndexError: a class that does not exist.
        RuntimeError: an ignore_index of 0 or more beside probabilities. TypeError: the target is no Tensor.
    """
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    reduction = reduction_of(size_average, reduce, reduction)
    dim = 1 if input.ndim > 1 else 0
    if not isinstance(target, Tensor):
        raise TypeError(f"cross_entropy_loss(): argument 'target' must be Tensor, not {type(target).__name__}")
    if target._data.shape == input._data.shape and target.is_floating_point():
        if ignore_index >= 0:
            raise RuntimeError(
                f"cross_entropy_loss(): ignore_index is not supported for floating point target, got {ignore_index}: "
                "probabilities have no index to ignore; give such rows the probability 0 for every class"
            )
        return _against_probabilities(input, target, weight, reduction, label_smoothing)
    ignores = _check_classes(input, target, weight, ignore_index)
    if reduction in _REDUCTIONS and input.is_floating_point() and not (weight is not None and weight.requires_grad):
        counts = None if weight is None else weight._data.astype(input._data.dtype, copy=False)
        places = target._data.astype(np.int64, copy=False)
        ignored = ignore_index if ignores else None
        out: Tensor = softmax_cross_entropy(input, places, counts, ignored, label_smoothing, reduction)[0]
        return out
    logs = input.log_softmax(dim)
    exact = _of_classes(logs, target, weight, ignore_index, reduction)
    if label_smoothing == 0:
        return exact
    counted = _picked(logs.detach(), target, weight, ignore_index)[1]
    even = -(logs if weight is None else logs * _along(weight, input.ndim, dim)).sum(dim)
    kept = target._data != ignore_index
    even = where(Tensor._wrap(kept), even, 0.0)
    even = reduced(even, reduction, Tensor._wrap(kept.astype(even._data.dtype)) if counted is None else counted)
    return exact * (1 - label_smoothing) + even * (label_smoothing / input.shape[dim])


def _along(weight: Tensor, ndim: int, dim: int) -> Tensor:
    return weight.reshape((1,) * dim + (-1,) + (1,) * (ndim - dim - 1))


def _against_probabilities(
    input: Tensor, target: Tensor, weight: Tensor | None, reduction: str, smoothing: float
) -> Tensor:
    dim = 1 if input.ndim > 1 else 0
    if smoothing:
        target = target * (1 - smoothing) + smoothing / input.shape[dim]
    values = input.log_softmax(dim) * target
    if weight is not None:
        values = values * _along(weight, input.ndim, dim)
    values = -values.sum(dim)
    if reduction == "mean":
        return values.sum() / max(math.prod(values.shape), 1)  # samples and places, whatever the weights
    return reduced(values, reduction)


@loss("BCELoss")
def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``-t log(p) - (1 - t) log(1 - p)`` for probabilities p of the input; logarithms count as at least -100.

    Raises:
        ValueError: the shapes differ; RuntimeError: the input is not within 0 and 1.
    """
    if target.shape != input.shape:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) is deprecated. "
            "Please ensure they have the same size."
        )
    if not ((input._data >= 0) & (input._data <= 1)).all():
        raise RuntimeError(
            "all elements of input should be between 0 and 1: they are probabilities; apply a sigmoid first, or use "
            "binary_cross_entropy_with_logits"
        )
    values = cross_entropy_of_two(input, target)
    return reduced(values if weight is None else values * weight, reduction_of(size_average, reduce, reduction))


@loss("BCEWithLogitsLoss")
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """Binary cross entropy of ``sigmoid(input)``, exact for large scores too.

    Args:
        pos_weight: what the positive events of each class count.
    """
    if target.shape != input.shape:
        raise ValueError(f"Target size ({target.shape}) must be the same as input size ({input.shape})")
    if not target.is_floating_point():
        raise DTypeError(
            f"binary_cross_entropy_with_logits: the target is a share of 1 in {input.dtype}, but found {target.dtype}: "
            "use target.float()"
        )
    unlikely: Tensor = logaddexp(-input, 0.0)
    if pos_weight is not None:
        unlikely = unlikely * ((pos_weight - 1) * target + 1)
    values = (1 - target) * input + unlikely
    return reduced(values if weight is None else values * weight, reduction_of(size_average, reduce, reduction))
