"""Which arrays see the same memory: it is written once, and they are views of one memory again after loading.

An array's place in a file is a number, if it is stored for itself, or ``[memory, offset in bytes, dtype, shape, strides
in bytes]``, if it is a view of stored bytes. The latter is used where arrays overlap, and where one repeats itself
(``expand``).
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

__all__ = ["plan", "restore"]

Array = np.ndarray[Any, Any]
Key = tuple[int, tuple[int, ...], tuple[int, ...], str]
_PLAIN = "biufc"  # kinds whose bytes are numbers
_SLACK = 4  # unused bytes between the views are written, but not more than this many times the used ones


def plan(arrays: Sequence[Array]) -> tuple[list[Array], list[Any]]:
    """What to store, and the place of each array in it."""
    stored: list[Array] = []
    places: dict[Key, Any] = {}
    for group in _overlapping(arrays):
        distinct = {_key(array): array for array in group}
        low, high = min(_low(array) for array in group), max(_high(array) for array in group)
        used = sum(array.nbytes for array in distinct.values())
        alone = len(distinct) == 1 and used <= high - low
        if alone or high - low > _SLACK * used or any(array.dtype.kind not in _PLAIN for array in group):
            for key, array in distinct.items():
                places[key] = len(stored)
                stored.append(array)
        else:
            for key, array in distinct.items():
                offset = array.ctypes.data - low
                places[key] = [len(stored), offset, array.dtype.str, list(array.shape), list(array.strides)]
            stored.append(np.frombuffer(ctypes.string_at(low, high - low), np.uint8))  # the arrays are alive
    out: list[Any] = []
    for array in arrays:
        if array.size:
            out.append(places[_key(array)])
        else:
            out.append(len(stored))
            stored.append(array)
    return stored, out


def restore(stored: Sequence[Array], place: Any) -> Array:
    """The array at a place.

    Raises:
        ValueError, TypeError, LookupError: there is no such place, or it reaches beyond the memory.
    """
    if isinstance(place, int):
        if place < 0:
            raise LookupError("a negative place")
        return stored[place]
    at, offset, kind, shape, strides = place
    dtype, memory = np.dtype(str(kind)), stored[at]
    if dtype.kind not in _PLAIN or memory.dtype != np.uint8 or memory.ndim != 1 or min(at, offset, *shape, 0) < 0:
        raise ValueError("a view of something that is no memory")
    ends = [(size - 1) * stride for size, stride in zip(shape, strides, strict=True)]
    first = offset + sum(end for end in ends if end < 0)
    if first < 0 or offset + sum(end for end in ends if end > 0) + dtype.itemsize > len(memory):
        raise ValueError("a view that reaches beyond its memory")
    return np.ndarray(shape, dtype, memory, offset, strides)


def _overlapping(arrays: Iterable[Array]) -> Iterator[list[Array]]:
    """Arrays whose spans of memory hang together."""
    group: list[Array] = []
    end = 0
    for array in sorted((array for array in arrays if array.size), key=_low):
        if group and _low(array) >= end:
            yield group
            group = []
        group.append(array)
        end = max(end, _high(array)) if len(group) > 1 else _high(array)
    if group:
        yield group


def _low(array: Array) -> int:
    ends = ((size - 1) * stride for size, stride in zip(array.shape, array.strides, strict=True))
    return array.ctypes.data + sum(end for end in ends if end < 0)


def _high(array: Array) -> int:
    ends = ((size - 1) * stride for size, stride in zip(array.shape, array.strides, strict=True))
    return array.ctypes.data + sum(end for end in ends if end > 0) + array.itemsize


def _key(array: Array) -> Key:
    return array.ctypes.data, array.shape, array.strides, array.dtype.str
