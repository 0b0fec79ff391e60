"""Resampling: each element of the result a weighted sum of a few of the input's, one dimension after the other.

A mode gives, for each position along a dimension, where it looks and with which weights ("taps"). Positions are
computed in the input's own precision, as PyTorch does, so that halves fall to the same side.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any
Sizes = tuple[int, ...]

__all__ = ["resample", "resample_back"]

CUBIC = -0.75  # the coefficient of Keys' kernel that PyTorch uses


def taps(n: int, o: int, mode: str, align: bool, factor: float | None, kind: Any) -> list[tuple[Array, Array]]:
    """For `o` positions along a dimension of `n` elements: pairs of indices and weights.

    Args:
        mode: "nearest", "nearest-exact", "linear" or "cubic". align: the corners' centres coincide.
        factor: how much longer the result is, if not o / n. kind: the type to compute in.
    """
    kind = np.dtype(kind if kind == np.float64 else np.float32)
    at = np.arange(o)
    if mode.startswith("nearest"):
        step = np.float32(n / o if factor is None else 1 / factor)
        place = at.astype(np.float32) + np.float32(0.5 if mode == "nearest-exact" else 0)
        return [(np.minimum((place * step).astype(np.int64), n - 1), np.ones(o, kind))]
    if align:
        place = at.astype(kind) * kind.type((n - 1) / (o - 1) if o > 1 else 0)
    else:
        place = (at.astype(kind) + kind.type(0.5)) * kind.type(n / o if factor is None else 1 / factor) - kind.type(0.5)
    if mode == "linear":
        place = np.maximum(place, 0)
    first = np.minimum(np.floor(place).astype(np.int64), n - 1)
    t = np.clip(place - first.astype(kind), 0, 1).astype(kind)
    if mode == "linear":
        return [(first, 1 - t), (np.minimum(first + 1, n - 1), t)]
    weights = (_far(t + 1), _near(t), _near(1 - t), _far(2 - t))
    return [(np.clip(first + i - 1, 0, n - 1), w.astype(kind)) for i, w in enumerate(weights)]


def _near(x: Array) -> Array:
    return ((CUBIC + 2) * x - (CUBIC + 3)) * x * x + 1


def _far(x: Array) -> Array:
    return ((CUBIC * x - 5 * CUBIC) * x + 8 * CUBIC) * x - 4 * CUBIC


def _all_taps(
    size: Sizes, places: Sizes, how: tuple[str, bool, tuple[Any, ...]], kind: Any
) -> list[list[tuple[Array, Array]]]:
    mode, align, factors = how
    return [taps(n, o, mode, align, f, kind) for n, o, f in zip(size, places, factors, strict=True)]


def _along(values: Array, spatial: int, dim: int, kind: Any) -> Array:
    return values.astype(kind, copy=False).reshape(-1, *(1,) * (spatial - 1 - dim))


def resample(a: Array, places: Sizes, how: tuple[str, bool, tuple[Any, ...]]) -> Array:
    """(N, C, *size) gives (N, C, *places)."""
    spatial = len(places)
    for dim, pairs in enumerate(_all_taps(a.shape[2:], places, how, a.dtype)):
        if len(pairs) == 1:
            a = np.take(a, pairs[0][0], axis=dim + 2)
        else:
            parts = [np.take(a, i, axis=dim + 2) * _along(w, spatial, dim, a.dtype) for i, w in pairs]
            a = parts[0]
            for part in parts[1:]:
                a += part
    return a


def resample_back(g: Array, size: Sizes, how: tuple[str, bool, tuple[Any, ...]]) -> Array:
    """The transpose of :func:`resample`: each element is given back to those that it was made of."""
    spatial = len(size)
    for dim, pairs in enumerate(_all_taps(size, g.shape[2:], how, g.dtype)):
        whole = np.zeros((*g.shape[: dim + 2], size[dim], *g.shape[dim + 3 :]), g.dtype)
        to = np.moveaxis(whole, dim + 2, 0)
        for index, weight in pairs:
            share = np.moveaxis(g * _along(weight, spatial, dim, g.dtype), dim + 2, 0)
            for i, place in enumerate(index):  # places repeat
                to[place] += share[i]
        g = whole
    return g
