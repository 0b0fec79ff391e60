"""Adding elements to places that an index names, and taking them from along a dimension."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["index_along", "index_back", "put_along", "take_along", "without_rest"]

Array = Any


def index_back(a: Array, shape: tuple[int, ...], index: tuple[Any, ...]) -> Array:
    whole = np.zeros(shape, a.dtype)
    if not whole.size:
        return whole
    if not any(isinstance(i, (list, np.ndarray)) for i in index):
        whole[index] = a
        return whole
    *before, places = without_rest(index)
    if all(isinstance(i, slice) and i == slice(None) for i in before) and np.asarray(places).dtype.kind in "iu":
        _add_along(whole, len(before), np.asarray(places), a)
    else:
        np.add.at(whole, index, a)  # places may repeat, and each repetition counts
    return whole


def without_rest(index: tuple[Any, ...]) -> tuple[Any, ...]:
    """An index without the ``...`` and ``:`` at its end, which mean what is meant without them."""
    while index and (index[-1] is Ellipsis or (isinstance(index[-1], slice) and index[-1] == slice(None))):
        index = index[:-1]
    return index


def _add_along(whole: Array, axis: int, places: Array, a: Array) -> None:
    """Add the slices of `a` to those of `whole` at `places` along one axis; repeated places add up."""
    lead, rest = whole.shape[:axis], whole.shape[axis + 1 :]
    a, places = np.reshape(a, (*lead, places.size, *rest)), places.reshape(-1) % max(whole.shape[axis], 1)
    each = math.prod(lead) * math.prod(rest)  # elements of a slice
    if each == 1 or not a.size:
        np.add.at(whole.reshape(-1), places, a.reshape(-1))
    elif each >= 1024:
        for i, place in enumerate(places.tolist()):
            at = (slice(None),) * axis
            whole[(*at, place)] += a[(*at, i)]
    else:  # those that belong together are put side by side and summed
        order = np.argsort(places, kind="stable")
        ordered = places[order]
        starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
        sums = np.add.reduceat(np.take(a, order, axis), starts, axis)
        whole[((slice(None),) * axis + (ordered[starts],))] = sums


def take_along(a: Array, indices: Array, axis: int) -> Array:
    return a[index_along(indices, axis % a.ndim)]


def put_along(a: Array, indices: Array, axis: int, shape: tuple[int, ...]) -> Array:
    whole = np.zeros(shape, a.dtype)
    np.add.at(whole, index_along(indices, axis % len(shape)), a)
    return whole


def index_along(indices: Array, axis: int) -> tuple[Array, ...]:
    """The index that walks all positions of `indices`, with its values in place of those along `axis`."""
    ndim = indices.ndim
    return tuple(
        [
            indices if i == axis else np.arange(size).reshape(size, *(1,) * (ndim - 1 - i))
            for i, size in enumerate(indices.shape)
        ]
    )
