"""Layers without memory: products with weights, rows of a table, distances, and elements dropped by chance."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.errors import DTypeError, ShapeError
from tinygrad_edu.ops.dropout import dropped
from tinygrad_edu.ops.norms import vector_norm
from tinygrad_edu.ops.products import addmm
from tinygrad_edu.tensors import sampling
from tinygrad_edu.tensors.device import one_device
from tinygrad_edu.tensors.functions import broadcast_shapes, functional, where
from tinygrad_edu.tensors.grids import one_hot
from tinygrad_edu.tensors.inplace import write
from tinygrad_edu.tensors.placing import beside
from tinygrad_edu.tensors.tensor import Tensor

__all__ = [
    "alpha_dropout", "bilinear", "cosine_similarity", "dropout", "dropout1d", "dropout2d", "dropout3d", "embedding",
    "feature_alpha_dropout", "linear", "normalize", "one_hot", "pairwise_distance",
]  # fmt: skip

_ = functional  # importing it gives Tensor its methods


def _need_tensor(name: str, argument: str, given: Any) -> None:
    if not isinstance(given, Tensor):
        raise TypeError(f"{name}(): argument '{argument}' must be Tensor, not {type(given).__name__}")


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input @ weight.T + bias``: (..., in) and (out, in) give (..., out).

    Raises:
        ShapeError: the last dimensions of input and weight differ; DTypeError: their types do.
        TypeError: the input is no Tensor, but a list or a NumPy array, say.
    """
    _need_tensor("linear", "input", input)
    inside, expected = input._data.shape[-1:], weight._data.shape[-1:]
    if inside != expected:
        raise ShapeError(
            f"linear: mat1 and mat2 shapes cannot be multiplied: the input of shape {tuple(input.shape)} has "
            f"{inside[0] if inside else 'no'} features in its last dimension, the weight of shape "
            f"{tuple(weight.shape)} takes {expected[0]}; flatten or reshape the input, or change in_features"
        )
    turned = weight.t()
    try:
        if bias is None:
            return input @ turned
        if input._data.ndim == 2 and weight._data.ndim == 2:
            return addmm(bias, input, turned)
        return input @ turned + bias
    except DTypeError:
        if input.dtype == weight.dtype:
            raise
        raise DTypeError(
            f"linear: mat1 and mat2 must have the same dtype, but the input is {input.dtype} and the weight "
            f"{weight.dtype}: convert the input, x.to({weight.dtype}), or the model, as in model.double()"
        ) from None


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``x1 @ weight[k] @ x2 + bias[k]`` for every k: (..., n), (..., m) and (k, n, m) give (..., k)."""
    if input1.shape[:-1] != input2.shape[:-1]:
        raise ShapeError(
            f"bilinear(): input batch dimensions do not match: {tuple(input1.shape)} and {tuple(input2.shape)} may "
            "differ in the last one only"
        )
    if (input1.shape[-1], input2.shape[-1]) != tuple(weight.shape[1:]):
        raise ShapeError(
            f"bilinear(): inputs with {input1.shape[-1]} and {input2.shape[-1]} features do not fit the weight of "
            f"shape {tuple(weight.shape)}"
        )
    left = input1.unsqueeze(-2).unsqueeze(-2) @ weight  # (..., k, 1, m)
    out = (left @ input2.unsqueeze(-1).unsqueeze(-3)).squeeze(-1).squeeze(-1)
    return out if bias is None else out + bias


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of a table: indices (...) and weight (n, d) give (..., d).

    Args:
        padding_idx: this row gets no gradient.
        max_norm: rows that are used and longer than this are shortened, in place.
        scale_grad_by_freq: divide the gradient of a row by how often it is used.
        sparse: accepted; gradients are dense.

    Raises:
        IndexError: an index is negative or not below n; DTypeError: indices that are no integers.
        TypeError: the indices are no Tensor.
    """
    _need_tensor("embedding", "indices", input)
    indices = input._data
    if indices.dtype.kind not in "iu":
        raise DTypeError(f"embedding: Expected tensor for argument #1 'indices' to be Long or Int, got {input.dtype}")
    one_device("embedding", indices, weight._data)
    if weight.ndim != 2:
        raise ShapeError(f"embedding: 'weight' must be 2-D, a vector in each row, got shape {tuple(weight.shape)}")
    rows = weight.shape[0]
    if indices.size and (indices.min() < 0 or indices.max() >= rows):
        bad = int(indices.min() if indices.min() < 0 else indices.max())
        raise IndexError(f"index out of range in self: index {bad} in an embedding with {rows} rows (0 to {rows - 1})")
    if padding_idx is not None:
        if not -rows <= padding_idx < rows:
            raise AssertionError("Padding_idx must be within num_embeddings")
        padding_idx %= rows
    if max_norm is not None:
        _shorten(weight, np.unique(indices), max_norm, norm_type)
    out: Tensor = weight[input]
    if padding_idx is not None and weight.requires_grad and (indices == padding_idx).any():
        out = where(input.eq(padding_idx).unsqueeze(-1), out.detach(), out)
    if scale_grad_by_freq and out.requires_grad:
        counts = np.bincount(indices.reshape(-1), minlength=rows)[indices]
        share = Tensor._wrap((1 / counts).astype(out._data.dtype)).unsqueeze(-1)
        out.register_hook(lambda gradient: gradient * share)
    return out


def _shorten(weight: Tensor, used: Any, max_norm: float, norm_type: float) -> None:
    with no_grad():
        rows = weight[Tensor._wrap(used)]
        norms = vector_norm(rows, norm_type, -1, True)
        weight[Tensor._wrap(used)] = where(norms > max_norm, rows * (max_norm / (norms + 1e-7)), rows)


def normalize(input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: Any = None) -> Tensor:
    """The input divided by its p-norm along `dim` (which is at least `eps`)."""
    if out is not None:
        raise NotImplementedError("normalize(out=...) is not supported: assign the result, or copy_() it")
    return input / vector_norm(input, p, dim, True).clamp(min=eps)


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between vectors along `dim`; lengths count as at least `eps`. The two broadcast."""
    if x1.shape != x2.shape:  # a vector that broadcasts along `dim` is as long as its copies together
        shape = broadcast_shapes(x1.shape, x2.shape)
        x1, x2 = x1.expand(*shape), x2.expand(*shape)
    one, two = (x / vector_norm(x, 2, dim, True).clamp(min=eps) for x in (x1, x2))
    return (one * two).sum(dim)


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """The p-norm of ``x1 - x2 + eps`` along the last dimension."""
    return vector_norm(x1 - x2 + eps, p, -1, keepdim)


def _probability(p: float) -> None:
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _drop(input: Tensor, p: float, shape: Any, training: bool, inplace: bool, name: str) -> Tensor:
    """The input times a mask of `shape`: 0 with probability p, else 1 / (1 - p)."""
    _probability(p)
    if not training or p == 0:
        return input
    if tuple(shape) == input._data.shape and input._data.dtype.kind == "f":
        out: Tensor = dropped(input, *sampling.reserved(math.prod(shape)), float(p))[0]
    else:  # whole channels
        kept = sampling.bernoulli(None, 1 - p, tuple(shape), input._data.dtype, input.device)
        if p < 1:
            kept /= 1 - p
        out = input * beside(kept, input)
    return write(input, out, name) if inplace else out


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each element 0 with probability `p`, and the others divided by ``1 - p`` (Srivastava et al., 2014).

    Raises:
        ValueError: `p` is not in [0, 1]; TypeError: the input is no Tensor.
    """
    _need_tensor("dropout", "input", input)
    return _drop(input, p, input._data.shape, training, inplace, "dropout_")


def _drop_channels(
    input: Tensor, p: float, training: bool, inplace: bool, ranks: tuple[int, ...], batched: bool, name: str
) -> Tensor:
    _probability(p)
    ndim = input.ndim
    if ndim < 2:
        raise ShapeError(f"{name}: Feature dropout requires at least 2 dimensions in the input, got {ndim}")
    if ndim not in ranks:
        warnings.warn(
            f"{name}: Received a {ndim}-D input to {name}, which is deprecated and will result in an error in a future "
            "release.",
            stacklevel=3,
        )
    leading = 2 if batched else 1
    shape = (*input.shape[:leading], *(1,) * (ndim - leading))
    return _drop(input, p, shape, training, inplace, f"{name}_")


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels dropped: (N, C, L) or (C, L)."""
    return _drop_channels(input, p, training, inplace, (2, 3), input.ndim == 3, "dropout1d")


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels dropped: (N, C, H, W); of three dimensions the first two are N and C, as in PyTorch."""
    return _drop_channels(input, p, training, inplace, (3, 4), True, "dropout2d")


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels dropped: (N, C, D, H, W) or (C, D, H, W)."""
    return _drop_channels(input, p, training, inplace, (4, 5), input.ndim == 5, "dropout3d")


def _alpha_drop(input: Tensor, p: float, shape: Any, training: bool, inplace: bool, name: str) -> Tensor:
    """Dropout of elements or, with a smaller mask, of channels, to the lower bound of SELU."""
    _probability(p)
    if not training or p == 0:
        return input
    alpha = 1.7580993408473766  # -scale * alpha of SELU: its lower bound
    kept = sampling.bernoulli(None, 1 - p, tuple(shape), input._data.dtype, input.device)
    if p == 1:
        out = input * beside(kept, input)
    else:
        scale = 1 / ((alpha * alpha * p + 1) * (1 - p)) ** 0.5
        shift = beside((((kept - 1) * alpha + alpha * p) * scale).astype(kept.dtype), input)
        out = input * beside(kept * kept.dtype.type(scale), input) + shift
    return write(input, out, name) if inplace else out


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Dropout that keeps mean 0 and variance 1 of what SELU gives (Klambauer et al., 2017)."""
    return _alpha_drop(input, p, input._data.shape, training, inplace, "alpha_dropout_")


def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """:func:`alpha_dropout` of whole channels: (N, C, ...)."""
    shape = (*input.shape[:2], *(1,) * (input.ndim - 2))
    return _alpha_drop(input, p, shape, training, inplace, "feature_alpha_dropout_")
