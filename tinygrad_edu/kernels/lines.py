"""Kernels that work along one dimension: running totals, recurrences, order; and division with a rest.

A scalar counts as a line of one element.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

__all__ = [
    "cummax", "cumprod", "cumsum", "cumsum_back", "floor_divide", "fmod", "frac", "heaviside", "in_order",
    "isneginf", "isposinf", "log_cumsum_exp", "logit", "median", "median_of_all", "mode", "nan_to_num", "ranked",
    "recurrence", "remainder", "rounded", "trunc_divide", "xlogy",
]  # fmt: skip

Array = Any


# Element by element.


def xlogy(a: Array, b: Array) -> Array:
    product, kind = a * np.log(b), np.result_type(a, b)  # a plain number must not widen the result
    return np.where((a == 0) & (b == b), 0, product).astype(kind if kind.kind == "f" else product.dtype, copy=False)


def logit(a: Array, eps: float | None) -> Array:
    if eps is not None:
        a = np.minimum(np.maximum(a, eps), 1 - eps)
    return np.log(a / (1 - a))


def rounded(a: Array, decimals: int) -> Array:
    if decimals and a.dtype.kind != "f":
        raise RuntimeError(f"round: decimals are for floats, the elements are {a.dtype}: convert with .float() first")
    scale = a.dtype.type(10.0 ** abs(decimals))
    return np.rint(a * scale) / scale if decimals > 0 else np.rint(a / scale) * scale if decimals else np.round(a)


def frac(a: Array) -> Array:
    return a - np.trunc(a)


def _no_zero(b: Array, *others: Array) -> None:
    if all(np.asarray(x).dtype.kind in "iu" for x in (b, *others)) and not np.all(b):
        raise RuntimeError("ZeroDivisionError: integers cannot be divided by 0: convert them to floats, which can")


def fmod(a: Array, b: Array) -> Array:
    _no_zero(b, a)
    return np.fmod(a, b)


def remainder(a: Array, b: Array) -> Array:
    _no_zero(b, a)
    return np.remainder(a, b)


def floor_divide(a: Array, b: Array) -> Array:
    _no_zero(b, a)
    return np.floor_divide(a, b)


def trunc_divide(a: Array, b: Array) -> Array:
    _no_zero(b, a)
    if np.result_type(a, b).kind == "f":
        return np.trunc(a / b)
    down = np.floor_divide(a, b)  # exact where a float would not be; one more where it went below the quotient
    return down + ((down < 0) & (down * b != a)).astype(down.dtype)


def nan_to_num(a: Array, nan: Any, posinf: Any, neginf: Any) -> Array:
    return a if a.dtype.kind != "f" else np.nan_to_num(a, nan=nan or 0.0, posinf=posinf, neginf=neginf)


def heaviside(a: Array, b: Array) -> Array:
    if getattr(b, "dtype", a.dtype) != a.dtype:
        raise RuntimeError(f"heaviside is not yet implemented for tensors with different dtypes: {a.dtype}, {b.dtype}")
    return np.where(a == 0, b, a > 0).astype(a.dtype)


def isposinf(a: Array) -> Array:
    return a == np.inf


def isneginf(a: Array) -> Array:
    return a == -np.inf


# Along a line.


def along(function: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel on lines, made to take what has no dimensions: it becomes a line and is taken out of it again.

    Results lie row by row in memory, as PyTorch's: NumPy would keep the order of a transposed array.
    """

    @wraps(function)
    def call(*arguments: Any) -> Any:
        if np.ndim(arguments[0]):
            return function(np.ascontiguousarray(arguments[0]), *arguments[1:])
        results = function(*(np.reshape(x, 1) if isinstance(x, (np.ndarray, np.generic)) else x for x in arguments))
        if isinstance(results, tuple):
            return tuple(r.reshape(())[()] for r in results)
        return results.reshape(())[()]

    return call


@along
def cumsum(a: Array, axis: int) -> Array:
    return np.add.accumulate(a, axis)


@along
def cumsum_back(a: Array, axis: int) -> Array:
    return np.flip(np.add.accumulate(np.flip(a, axis), axis), axis)


@along
def cumprod(a: Array, axis: int) -> Array:
    return np.multiply.accumulate(a, axis)


@along
def log_cumsum_exp(a: Array, axis: int) -> Array:
    return np.logaddexp.accumulate(a, axis)


@along
def cummax(a: Array, axis: int, largest: bool) -> tuple[Array, Array]:
    """The largest (smallest) so far, and its index: of equals the last; from a nan on everything is nan."""
    values = (np.maximum if largest else np.minimum).accumulate(a, axis)
    places = np.arange(a.shape[axis]).reshape([-1 if i == axis else 1 for i in range(a.ndim)])
    indices = np.where((a == values) | (a != a), places, 0)
    return values, np.maximum.accumulate(indices, axis)


@along
def recurrence(a: Array, b: Array, axis: int, backwards: bool) -> Array:
    """``s[i] = b[i] + a[i] * s[i-1]``; backwards ``s[i] = b[i] + a[i+1] * s[i+1]``."""
    a, s = np.moveaxis(a, axis, 0), np.moveaxis(np.array(b), axis, 0)
    for i in range(len(s) - 2, -1, -1) if backwards else range(1, len(s)):
        s[i] += a[i + 1] * s[i + 1] if backwards else a[i] * s[i - 1]
    return np.moveaxis(s, 0, axis)


@along
def in_order(a: Array, axis: int, descending: bool) -> tuple[Array, Array]:
    """The elements in order and where they were; equals stay as they stood, and nan counts as the largest."""
    if descending:
        indices = np.flip(a.shape[axis] - 1 - np.argsort(np.flip(a, axis), axis, kind="stable"), axis)
    else:
        indices = np.argsort(a, axis, kind="stable")
    return np.take_along_axis(a, indices, axis), np.ascontiguousarray(indices)


def _taken(a: Array, indices: Array, axis: int, keepdim: bool) -> tuple[Array, Array]:
    values = np.take_along_axis(a, indices, axis)
    return (values, indices) if keepdim else (values.squeeze(axis), indices.squeeze(axis))


@along
def ranked(a: Array, axis: int, rank: int, keepdim: bool) -> tuple[Array, Array]:
    """The element with `rank` smaller ones before it, and its index."""
    indices = np.take(np.argsort(a, axis, kind="stable"), [rank], axis)
    return _taken(a, indices, axis, keepdim)


@along
def median(a: Array, axis: int, keepdim: bool, skip_nan: bool) -> tuple[Array, Array]:
    """The middle element, of two the smaller; a nan wins over all numbers, or none of them counts."""
    missing = (a != a).sum(axis, keepdims=True)
    count = a.shape[axis] - missing
    rank = np.maximum(count - 1, 0) // 2 if skip_nan else np.where(missing, count, (count - 1) // 2)
    indices = np.take_along_axis(np.argsort(a, axis, kind="stable"), rank, axis)
    return _taken(a, indices, axis, keepdim)


@along
def mode(a: Array, axis: int, keepdim: bool) -> tuple[Array, Array]:
    """The most frequent element, of several the smallest, and the last index that has it."""
    lines = np.moveaxis(a, axis, -1)
    indices = np.zeros((*lines.shape[:-1], 1), np.int64)
    for place in np.ndindex(lines.shape[:-1]):
        values, counts = np.unique(lines[place], return_counts=True)
        indices[place] = np.flatnonzero(lines[place] == values[counts.argmax()])[-1:]
    return _taken(a, np.moveaxis(indices, -1, axis), axis, keepdim)


def median_of_all(a: Array, skip_nan: bool) -> Array:
    """The middle element, of two the smaller; nan where there is none."""
    if not np.size(a):
        return np.array([np.nan if np.asarray(a).dtype.kind == "f" else np.iinfo(a.dtype).min]).astype(a.dtype)[0]
    return median(np.reshape(a, -1), 0, False, skip_nan)[0]
