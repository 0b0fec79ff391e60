"""Draws that are not one formula of a uniform number: exact ones, from the library's own random stream."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.tensors import sampling
from tinygrad_edu.tensors.device import device_of

__all__ = ["binomial", "gamma", "poisson"]

Array = np.ndarray[Any, Any]
_WIDE = np.dtype(np.float64)
_SMALL_RATE = 500.0  # exp of less is no normal number


def _uniform(shape: tuple[int, ...], like: Array) -> Array:
    """Where another array lies."""
    return sampling.uniform(None, shape, _WIDE, place=device_of(like))


def _wide(a: Array, shape: tuple[int, ...]) -> Array:
    return np.broadcast_to(a.astype(_WIDE), shape)


def binomial(count: Array, probability: Array, shape: tuple[int, ...]) -> Array:
    """Successes of so many coins, thrown one after the other: as many steps as the largest count."""
    found = np.zeros_like(_wide(probability, shape), np.int64)
    for coin in range(int(count.max()) if count.size else 0):
        found = found + ((coin < count) & (_uniform(shape, probability) < probability))
    return found


def poisson(rate: Array, shape: tuple[int, ...]) -> Array:
    """By inversion: the probabilities of 0, 1, 2, ... are added up until they pass a uniform number.

    A large rate is a sum of small ones: the number of steps grows with the largest rate.
    """
    rate = _wide(rate, shape)
    parts = max(1, math.ceil(float(rate.max()) / _SMALL_RATE)) if rate.size else 1
    found = np.zeros_like(rate, np.int64)
    for _ in range(parts):
        wanted, each = _uniform(shape, rate), rate / parts
        share = np.exp(-each)
        below, k = share.copy(), 0
        while (open_ := (wanted >= below) & (share > 0)).any():
            k += 1
            found = found + open_
            share = share * each / k
            below = below + share
    return found


def gamma(shape_parameter: Array, shape: tuple[int, ...]) -> Array:
    """Gamma numbers of rate 1 by rejection (Marsaglia and Tsang, 2000); below 1 as those of 1 more, times u^(1/a)."""
    a = _wide(shape_parameter, shape).reshape(-1)
    d = np.where(a < 1, a + 1, a) - 1 / 3
    c = 1 / np.sqrt(9 * d)
    found, left = np.full_like(a, np.nan), np.flatnonzero(a == a)
    while left.size:
        x = sampling.normal(None, (left.size,), _WIDE, place=device_of(a))
        u = 1 - _uniform((left.size,), a)  # never 0
        v = (1 + c[left] * x) ** 3
        good = v > 0
        safe = np.where(good, v, 1.0)
        good &= np.log(u) < 0.5 * x * x + d[left] * (1 - safe + np.log(safe))
        found[left[good]] = (d[left] * safe)[good]
        left = left[~good]
    small = a < 1
    if small.any():
        found[small] *= (1 - _uniform((int(small.sum()),), a)) ** (1 / a[small])
    return found.reshape(shape)
