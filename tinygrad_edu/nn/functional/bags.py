"""Bags of embeddings: the rows of a table that a bag of indices names, as their sum, their mean or their maximum."""

from __future__ import annotations

import numpy as np

from tinygrad_edu.nn.functional.layers import embedding
from tinygrad_edu.tensors.functions import where
from tinygrad_edu.tensors.placing import beside
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["embedding_bag"]


def _bags(input: Tensor, offsets: Tensor | None, include_last_offset: bool) -> tuple[Tensor, int, Tensor]:
    """All indices in one row, how many bags there are, and the bag of each index."""
    if input.ndim == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length "
                f"sequences. However, found offsets of type {type(offsets)}"
            )
        bags, size = input.shape
        return input.reshape(-1), bags, beside(np.repeat(np.arange(bags), size), input)
    if input.ndim != 1:
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.ndim}")
    if offsets is None or offsets.ndim != 1:
        raise ValueError(f"offsets has to be a 1D Tensor but got {'None' if offsets is None else f'{offsets.ndim}D'}")
    starts = offsets._data.astype(np.int64)
    if starts.size and starts[0]:
        raise RuntimeError(
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, "
            f"got {int(starts[0])}"
        )
    if starts.size and starts[-1] > input.numel():
        raise RuntimeError(
            f"offsets[-1] can not be greater than input's length {input.numel()} but got offsets[-1] of {starts[-1]}"
        )
    bags = starts.size - include_last_offset
    places = beside(np.arange(input.numel()), input)._data
    bag = np.searchsorted(starts[:bags], places, side="right") - 1
    return input, bags, Tensor._wrap(bag)


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """Rows of weight (n, d) put together bag by bag: (B, d). An empty bag gives 0.

    Args:
        input: indices, (B, size), or all bags in one row with the places where they begin in `offsets`.
        mode: "sum", "mean" or "max". per_sample_weights: factors of the rows, in the input's shape, for "sum".
        include_last_offset: `offsets` ends with where the last bag ends. padding_idx: a row that does not count.

    Raises:
        ValueError: ranks that do not fit, or another mode; RuntimeError: offsets out of range;
        NotImplementedError: `per_sample_weights` for another mode than "sum".
    """
    if mode not in ("sum", "mean", "max"):
        raise ValueError("mode has to be one of sum, mean or max")
    if per_sample_weights is not None:
        if mode != "sum":
            raise NotImplementedError(
                "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' "
                f"(got mode='{mode}')."
            )
        if per_sample_weights.shape != input.shape:
            raise ValueError(
                f"embedding_bag: If per_sample_weights ({per_sample_weights.shape}) is not None, then it must have the "
                f"same shape as the input ({input.shape})"
            )
    indices, bags, bag = _bags(input, offsets, include_last_offset)
    rows = embedding(indices, weight, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
    if padding_idx is not None:
        counted = indices._data != padding_idx % weight.shape[0]
        rows, bag = rows[counted], bag[counted]
    if per_sample_weights is not None:
        factors = per_sample_weights.reshape(-1)
        rows = rows * (factors if padding_idx is None else factors[counted]).unsqueeze(1)
    sizes = np.bincount(bag._data, minlength=bags)
    if mode == "max":
        return _largest(rows, bag._data, sizes)
    out = rows.new_zeros(bags, weight.shape[1]).index_add(0, bag, rows)
    return out / Tensor._wrap(np.maximum(sizes, 1).astype(out._data.dtype)[:, None]) if mode == "mean" else out


def _largest(rows: Tensor, bag: np.ndarray, sizes: np.ndarray) -> Tensor:
    """The maxima of the rows of each bag, which are laid side by side."""
    if not rows.shape[0]:
        return rows.new_zeros(sizes.size, rows.shape[1])
    place = beside(np.arange(bag.size), rows)._data - (np.cumsum(sizes) - sizes)[bag]
    number = np.zeros_like(sizes, shape=(sizes.size, int(sizes.max())), dtype=np.int64)
    held = np.zeros_like(number, dtype=bool)
    number[bag, place], held[bag, place] = beside(np.arange(bag.size), rows)._data, True
    laid = where(Tensor._wrap(held[:, :, None]), rows[Tensor._wrap(number)], -np.inf)
    return where(Tensor._wrap((sizes > 0)[:, None]), laid.max(1)[0], 0.0)
