"""In which way a gradient is wrong: the mistakes of backward rules leave traces in the numbers.

No exercise adds to this: the sign, a factor, a transposed or flipped array and an axis that was not summed are the same
whatever the operation. The first that fits is named, from the particular to the general.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.homework.judge.fail import Cause, shown

RTOL, ATOL = 1e-5, 1e-9


def diagnose(
    got: Any, want: np.ndarray, upstream: Any = None, parts: Sequence[Any] = (), batch: int = 0
) -> Cause | None:
    """The likely cause of a wrong gradient, or None where nothing fits.

    Args:
        got: a float64 array, or what was observed where it is no array of numbers.
        want: the right gradient.
        upstream: the gradient that arrived at the operation.
        parts: the contributions that `want` is the sum of.
        batch: how many samples went through together, to tell "divided by their number".

    >>> diagnose(np.array([-2.0, 4.0]), np.array([2.0, -4.0])).key
    'sign'
    >>> diagnose(np.ones((5, 4)), np.full(4, 5.0)).words
    {'axes': '0'}
    >>> diagnose(np.full(4, 1.0), np.full(4, 0.25)).words
    {'n': '4'}
    >>> diagnose(np.array([1.0, 2.0, -3.0]), np.array([2.0, 4.0, -6.0]), batch=2).key
    'batch_mean'
    """
    if got is None:
        return Cause("unreached")
    if not isinstance(got, np.ndarray):
        return Cause("not_numbers")
    if got.shape != want.shape:
        return _of_shape(got, want)
    if np.isnan(got).any() and not np.isnan(want).any():
        return Cause("nan", {"index": str([int(i) for i in np.argwhere(np.isnan(got))[0]])})
    if not np.isfinite(want).all() or not np.isfinite(got).all():
        return None
    if not got.any() and want.any():
        return Cause("zeros")
    if len(parts) > 1 and any(_alike(got, part) for part in parts):
        return Cause("overwritten")
    if nearly(got, want):
        return Cause("precision")
    if _alike(got, -want):
        return Cause("sign")
    if want.ndim == 2 and want.shape[0] == want.shape[1] and _alike(got, want.T):
        return Cause("transposed")
    if want.ndim >= 2 and want.shape[-1] > 1 and _alike(got, want[..., ::-1, ::-1]):
        return Cause("flipped")
    if want.ndim >= 1 and want.shape[-1] > 1 and _alike(got, want[..., ::-1]):
        return Cause("flipped")
    if upstream is not None and _alike(got, np.broadcast_to(_or_nan(upstream, want.shape), want.shape)):
        return Cause("passed_through")
    if batch > 1 and _alike(got * batch, want):
        return Cause("batch_mean", {"n": str(batch)})
    return of_factor(got, want) or _counted(got, want)


def _or_nan(value: Any, shape: tuple[int, ...]) -> np.ndarray:
    """`value` if it broadcasts to `shape`, else an array that equals nothing."""
    array = np.asarray(value, dtype=np.float64)
    try:
        return np.broadcast_to(array, shape)
    except ValueError:
        return np.full(shape, np.nan)


def _alike(got: np.ndarray, other: Any) -> bool:
    other = np.asarray(other, dtype=np.float64)
    return got.shape == other.shape and bool(np.allclose(got, other, rtol=RTOL, atol=ATOL))


def nearly(got: np.ndarray, want: np.ndarray) -> bool:
    """Whether two arrays agree as far as single precision goes."""
    if not np.isfinite(got).all() or not np.isfinite(want).all():
        return False
    return bool(np.allclose(got, want, rtol=1e-5, atol=2e-6 * float(np.abs(want).max(initial=0.0))))


def _of_shape(got: np.ndarray, want: np.ndarray) -> Cause | None:
    if got.ndim == 2 and got.shape == want.shape[::-1]:
        return Cause("shape_transposed")
    # Axes that broadcasting added on the left, or stretched from 1.
    padded = (1,) * (got.ndim - want.ndim) + want.shape
    if len(padded) == got.ndim:
        axes = [i for i, (g, w) in enumerate(zip(got.shape, padded, strict=True)) if g != w or i < got.ndim - want.ndim]
        if axes and all(padded[axis] == 1 for axis in axes):
            return Cause("unbroadcast", {"axes": ", ".join(map(str, axes))})
    if got.size == want.size:
        return Cause("reshaped")
    return Cause("shape")


def of_factor(got: np.ndarray, want: np.ndarray) -> Cause | None:
    """A constant factor between the two; n and 1/n are the mix-up of sum and mean."""
    there = np.abs(want) > 1e-9
    if not there.any() or np.abs(got[~there]).max(initial=0.0) > 1e-9:
        return None
    ratio = got[there] / want[there]
    factor = float(ratio.flat[0])
    if not np.allclose(ratio, factor, rtol=1e-5):
        return None
    for n in {want.size, *want.shape}:
        if n > 1 and np.isclose(factor, n, rtol=1e-5):
            return Cause("factor_n", {"n": str(n)})
        if n > 1 and np.isclose(factor, 1 / n, rtol=1e-5):
            return Cause("factor_one_over_n", {"n": str(n)})
    # One number alone always has some factor: only a round one says something.
    if want.size == 1 and not any(np.isclose(factor, f, rtol=1e-5) for f in (2, 3, 4, 0.5, 1 / 3, 0.25)):
        return None
    return Cause("factor", {"factor": shown(round(factor, 6))})


def _counted(got: np.ndarray, want: np.ndarray) -> Cause | None:
    wrong = ~np.isclose(got, want, rtol=RTOL, atol=ATOL)
    if want.size < 2 or wrong.all():
        return None
    first = ", ".join(str([int(i) for i in index]) for index in np.argwhere(wrong)[:3])
    return Cause("some_at", {"count": int(wrong.sum()), "size": want.size, "first": first})
