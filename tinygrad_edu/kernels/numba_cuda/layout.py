"""Shapes and strides: what can be said about arrays without touching their elements."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

__all__ = ["broadcast", "by_rows", "collapsed", "covers", "extent", "is_by_rows", "reshaped_strides", "spread_strides"]

Sizes = tuple[int, ...]
_remembered = functools.lru_cache(maxsize=4096)  # a training loop asks for the same layouts in every step


@_remembered
def by_rows(shape: Sizes, itemsize: int = 1) -> Sizes:
    """The strides of an array whose elements lie row by row."""
    strides = [itemsize] * len(shape)
    for i in range(len(shape) - 2, -1, -1):
        strides[i] = strides[i + 1] * max(shape[i + 1], 1)
    return tuple(strides)


@_remembered
def is_by_rows(shape: Sizes, strides: Sizes, itemsize: int) -> bool:
    """Whether the elements lie row by row, without gaps."""
    expected = itemsize
    for size, stride in zip(reversed(shape), reversed(strides), strict=True):
        if size == 0:
            return True
        if size != 1:
            if stride != expected:
                return False
            expected *= size
    return True


@_remembered
def covers(shape: Sizes, strides: Sizes, itemsize: int) -> bool:
    """Whether the elements fill a range of memory, each place once, in any order."""
    expected = itemsize
    for stride, size in sorted((stride, size) for stride, size in zip(strides, shape, strict=True) if size != 1):
        if stride != expected:
            return False
        expected *= size
    return True


def broadcast(shapes: Sequence[Sizes]) -> Sizes:
    """The shape that all broadcast to.

    Raises:
        ValueError: there is none.
    """
    first = shapes[0]
    if all(shape == first for shape in shapes):
        return first
    ndim = max(map(len, shapes))
    result = [1] * ndim
    for shape in shapes:
        for i, size in enumerate(shape, ndim - len(shape)):
            if size != 1:
                if result[i] not in (1, size):
                    told = " ".join(str(s).replace(" ", "") for s in shapes)
                    raise ValueError(f"operands could not be broadcast together with shapes {told}")
                result[i] = size
    return tuple(result)


@_remembered
def spread_strides(shape: Sizes, strides: Sizes, target: Sizes) -> Sizes:
    """The strides with which an array is read as one of the shape `target`, to which its own broadcasts."""
    new = len(target) - len(shape)
    return (0,) * new + tuple([0 if size == 1 else stride for size, stride in zip(shape, strides, strict=True)])


def collapsed(shape: Sizes, strides: Sequence[Sizes]) -> tuple[Sizes, list[Sizes]]:
    """The same elements in the same order with as few dimensions as possible, for several arrays at once."""
    sizes, kept = _collapsed(shape, tuple(strides))
    return sizes, list(kept)


@_remembered
def _collapsed(shape: Sizes, strides: tuple[Sizes, ...]) -> tuple[Sizes, tuple[Sizes, ...]]:
    sizes: list[int] = []
    kept: list[list[int]] = [[] for _ in strides]
    for i, size in enumerate(shape):
        if size == 1:
            continue
        if sizes and all(lines[-1] == steps[i] * size for lines, steps in zip(kept, strides, strict=True)):
            sizes[-1] *= size
            for lines, steps in zip(kept, strides, strict=True):
                lines[-1] = steps[i]
        else:
            sizes.append(size)
            for lines, steps in zip(kept, strides, strict=True):
                lines.append(steps[i])
    return tuple(sizes), tuple([tuple(lines) for lines in kept])


@_remembered
def reshaped_strides(shape: Sizes, strides: Sizes, target: Sizes, itemsize: int) -> Sizes | None:
    """The strides of the same memory in another shape; None where it takes a copy."""
    if math.prod(shape) == 0:
        return by_rows(target, itemsize)
    old = [(size, stride) for size, stride in zip(shape, strides, strict=True) if size != 1]
    result: list[int] = []
    at = 0  # the next old dimension
    left, step = 1, itemsize  # elements of the merged old dimension that are to be split, and their stride
    for size in target:
        if size == 1:
            result.append(step * left if left > 1 else itemsize)
            continue
        if left == 1:
            if at == len(old):
                return None
            left, step = old[at]
            at += 1
        while left % size and at < len(old) or left < size:
            if at == len(old) or step != old[at][0] * old[at][1]:
                return None
            left, step = left * old[at][0], old[at][1]
            at += 1
        if left % size:
            return None
        left //= size
        result.append(step * left)
    return tuple(result)


def size_of(shape: Sizes) -> int:
    """The number of elements."""
    return math.prod(shape)


def checked_axis(axis: Any, ndim: int) -> int:
    """An axis counted from 0."""
    axis = int(axis)
    if not -ndim <= axis < ndim:
        raise ValueError(f"axis {axis} is out of bounds for array of dimension {ndim}")
    return axis % ndim


def extent(a: Any) -> tuple[int, int]:
    """From which byte of its block to before which the elements of an array lie; (0, 0) if it has none."""
    if not a.size:
        return 0, 0
    far = [stride * (size - 1) for stride, size in zip(a.strides, a.shape, strict=True)]
    return a.offset + sum(s for s in far if s < 0), a.offset + sum(s for s in far if s > 0) + a.itemsize
