"""Philox4x32-10: random bits as a function of a key and a counter, with no state to carry along.

Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11 (2011). Block number n
of a seed can be made anywhere, in any order, by anyone (another thread, a GPU) and is always the same four
words. ``block`` is the specification, on plain integers; ``words`` does the same for many blocks at a time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["WORDS", "block", "blocks", "words"]

WORDS = 4  # 32-bit words per block

_ROUNDS = 10
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_KEY_STEPS = (0x9E3779B9, 0xBB67AE85)  # the key grows by these from round to round
_MASK = 0xFFFFFFFF
_FEW = 4  # up to so many blocks, plain integers beat the overhead of NumPy calls
_AT_A_TIME = 8192  # blocks whose intermediate results stay in the processor's cache


def block(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """The four 32-bit words that belong to a counter (four words) under a key (two words).

    >>> [f"{word:08x}" for word in block((0, 0, 0, 0), (0, 0))]
    ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(_ROUNDS):
        p0, p1 = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & _MASK, (p0 >> 32) ^ c3 ^ k1, p0 & _MASK
        k0, k1 = (k0 + _KEY_STEPS[0]) & _MASK, (k1 + _KEY_STEPS[1]) & _MASK
    return c0, c1, c2, c3


def blocks(counters: np.ndarray[Any, Any], key: tuple[int, int]) -> np.ndarray[Any, Any]:
    """``block`` for a column of counters each: (4, N) in uint64 -> (N, 4) in uint32."""
    # One row per half of the network, so that a round is one multiplication and a swap of rows.
    even, odd = counters[0::2], counters[1::2]
    multipliers = np.array(_MULTIPLIERS, np.uint64)[:, None]
    mask, half = np.uint64(_MASK), np.uint64(32)
    for turn in range(_ROUNDS):
        keys = np.array([(k + turn * step) & _MASK for k, step in zip(key, _KEY_STEPS, strict=True)], np.uint64)
        product = even * multipliers
        even = (product >> half)[::-1] ^ odd
        even ^= keys[:, None]
        product &= mask
        odd = product[::-1]
    result = np.empty((counters.shape[1], WORDS), np.uint32)
    result[:, 0::2], result[:, 1::2] = even.T, odd.T
    return result


def words(seed: int, first: int, count: int) -> np.ndarray[Any, Any]:
    """The words of `count` blocks, numbered from `first`, of a seed: (4 * count,) in uint32.

    The seed (64 bits) is the key, low half first; the block number (64 bits, wrapping) is the counter's low
    half.
    """
    key = seed & _MASK, seed >> 32
    if count <= _FEW:
        numbers = [(first + i) % 2**64 for i in range(count)]
        few = [word for n in numbers for word in block((n & _MASK, n >> 32, 0, 0), key)]
        return np.array(few, np.uint32)
    result = np.empty((count, WORDS), np.uint32)
    for start in range(0, count, _AT_A_TIME):
        part = result[start : start + _AT_A_TIME]
        offset = np.full(len(part), (first + start) % 2**64, np.uint64)
        offset += np.arange(len(part), dtype=np.uint64)
        counters = np.zeros((WORDS, len(part)), np.uint64)
        counters[0], counters[1] = offset & np.uint64(_MASK), offset >> np.uint64(32)
        part[:] = blocks(counters, key)
    return result.ravel()
