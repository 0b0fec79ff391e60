"""Adding elements to places that an index names: the way back of an embedding, and of gathering along a dimension.

Threads share the places, not the elements: each walks over the whole index and adds what is meant for its own places,
in the index's order. So no two write to one place, and the bits do not depend on how many threads there are.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.kernels.indexing import without_rest
from tinygrad_edu.kernels.numba_cpu.compiler import compiled_exactly
from tinygrad_edu.kernels.numba_cpu.layout import ready, suits
from tinygrad_edu.kernels.threads import on_blocks

__all__ = ["index_back", "put_along"]

Array = Any


@compiled_exactly
def _add_rows(numbers: Array, whole: Array, places: Array, g: Array) -> None:
    first, count = numbers[0], len(numbers)
    for i in range(places.size):
        at = places[i] - first
        if 0 <= at < count:
            into, up = whole[at], g[i]
            for j in range(up.size):
                into[j] += up[j]


@compiled_exactly
def _add_along(whole: Array, places: Array, g: Array) -> None:
    for i in range(g.shape[0]):
        for k in range(g.shape[1]):
            for j in range(g.shape[2]):
                whole[i, places[i, k, j], j] += g[i, k, j]


def _inside(places: Array, size: int) -> Array | None:
    """Places counted from 0, in int64; None if one is beside the array, or there is none."""
    if not isinstance(places, np.ndarray) or places.dtype.kind not in "iu" or not places.size:
        return None
    low, high = places.min(), places.max()
    if high >= size or low < -size:
        return None  # NumPy says what is wrong
    places = places.astype(np.int64, copy=False)
    return ready(places if low >= 0 else np.where(places < 0, places + size, places))


def index_back(a: Array, shape: tuple[int, ...], index: tuple[Any, ...]) -> Array:
    """For an index that is one array of integers along the first dimension."""
    index = without_rest(index)
    places = _inside(index[0], shape[0]) if suits(a) and len(index) == 1 and shape else None
    if places is None or a.shape != (*places.shape, *shape[1:]) or not a.size:
        return NotImplemented
    each = math.prod(shape[1:])
    whole = np.zeros(shape, a.dtype)
    extra = (places.reshape(-1), ready(a).reshape(-1, each))
    on_blocks(_add_rows, a.size, np.arange(shape[0]), whole.reshape(-1, each), extra=extra)
    return whole


def put_along(a: Array, indices: Array, axis: int, shape: tuple[int, ...]) -> Array:
    axis %= len(shape)
    lead, rest = shape[:axis], shape[axis + 1 :]
    places = _inside(indices, shape[axis]) if suits(a) and a.shape == np.shape(indices) and a.size else None
    if places is None or (a.shape[:axis], a.shape[axis + 1 :]) != (lead, rest):
        return NotImplemented
    whole = np.zeros(shape, a.dtype)
    before, after = math.prod(lead), math.prod(rest)
    arrays = (whole.reshape(before, -1, after), places.reshape(before, -1, after), ready(a).reshape(before, -1, after))
    on_blocks(_add_along, a.size, *arrays)
    return whole
