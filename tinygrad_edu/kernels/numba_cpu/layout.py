"""Bringing arrays into the layout of the kernels: contiguous, a row for what is reduced."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["folded", "ready", "reduced_shape", "suits"]

Array = Any


def suits(*arrays: Array) -> bool:
    """Whether the kernels take these: arrays of float32, or of float64, and of nothing else."""
    kind = arrays[0].dtype
    return kind.char in "fd" and all(a.__class__ is np.ndarray and a.dtype == kind and a.dtype.isnative for a in arrays)


def ready(a: Array) -> Array:
    """The array itself if its elements lie row by row and may be written to, else a copy: kernels take one kind."""
    return a if a.flags.c_contiguous and a.flags.writeable else np.array(a, order="C")


def folded(a: Array, axes: tuple[int, ...]) -> Array | None:
    """(rows, n): a row runs over the axes. None if these are not the last dimensions."""
    kept = a.ndim - len(axes)
    if not axes or axes != tuple(range(kept, a.ndim)):
        return None
    return ready(a).reshape(math.prod(a.shape[:kept]), math.prod(a.shape[kept:]))


def reduced_shape(a: Array, axes: tuple[int, ...], keepdim: bool) -> tuple[int, ...]:
    """The shape of a reduction over these axes."""
    if keepdim:
        return tuple([1 if i in axes else size for i, size in enumerate(a.shape)])
    return tuple([size for i, size in enumerate(a.shape) if i not in axes])
