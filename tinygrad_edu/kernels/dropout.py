"""Dropout: the random bits of a stream choose which elements are kept, and those are scaled, in the plainest NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.kernels.philox import WORDS, words

__all__ = ["dropout", "dropout_back"]

Array = Any


def _scale(p: float, dtype: Any) -> Any:
    """What an element that is kept is multiplied by."""
    return dtype.type(1) / dtype.type(1 - p) if p < 1 else dtype.type(0)


def dropout(a: Array, seed: int, first: int, p: float) -> tuple[Array, Array]:
    """The elements divided by 1 - p, or times 0 with probability p; and which were kept, in bool.

    Element i is kept where word i of the stream of `seed`, from block `first` on, is below ``2**32 * (1 - p)``.
    """
    count = np.size(a)
    bits = words(seed, first, -(-count // WORDS))[:count].reshape(np.shape(a))
    kept = np.asarray(bits * 2.0**-32 < 1 - p)
    return dropout_back(a, kept, p), kept


def dropout_back(g: Array, kept: Array, p: float) -> Array:
    """The gradient of its input: what was dropped gets 0 times what arrives."""
    return g * (kept * _scale(p, g.dtype))
