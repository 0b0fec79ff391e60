"""Scaled dot-product attention and its gradients, a head and some queries at a time: no scores are kept.

A thread has the scores of so many queries with all keys as fit into NEAR bytes; they become weights, meet the values,
and are overwritten by those of the next queries. The way back computes them once more, from the logarithm of each row's
sum (Dao et al., "FlashAttention", 2022, algorithm 4, with whole rows in place of its running sums, because rows of a
few thousand keys fit into the cache). Causal attention does not compute the keys behind its last query.

Besides its results a call takes, for each thread, copies of one head and two such tiles of scores.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.kernels.numba_cpu.compiler import compiled
from tinygrad_edu.kernels.numba_cpu.elementary import exp
from tinygrad_edu.kernels.numba_cpu.largest import top_of
from tinygrad_edu.kernels.numba_cpu.layout import ready, suits
from tinygrad_edu.kernels.numba_cpu.strided import multiply, rounded
from tinygrad_edu.kernels.numba_cpu.tiles import SHAPE
from tinygrad_edu.kernels.threads import on_blocks

__all__ = ["attention", "attention_back"]

Array = Any
NEAR = 1 << 17  # bytes of scores
MOST, MOST_CAUSAL = 64, 32  # queries: with fewer at a time, more keys can be left out
EVEN = 32  # elements: rows of scores are rounded up to that, or the last exponentials would be computed one by one


# Sums stand in the two kernels themselves: of a function that is called, the process that compiles it may use another
# copy than one that loads it, with the terms in another order, and the bits would differ between the two.


@compiled
def _lay(a: Array, start: int, pitch: int, rows: int, size: int, out: Array, apart: int, factor: Any) -> None:
    """Rows side by side, times a factor."""
    for r in range(rows):
        row, into = a[start + r * pitch : start + r * pitch + size], out[r * apart : r * apart + size]
        for i in range(size):
            into[i] = row[i] * factor


@compiled
def _turn(a: Array, start: int, pitch: int, rows: int, size: int, out: Array, apart: int) -> None:
    """The same with rows for columns."""
    for r in range(rows):
        row = a[start + r * pitch : start + r * pitch + size]
        for i in range(size):
            out[i * apart + r] = row[i]


@compiled
def _row(scores: Array, start: int, count: int, mask: Array, at: int, masked: bool) -> Array:
    """A row of scores with what the mask adds, and -inf behind its end, so that loops over it are whole in vectors."""
    row = scores[start : start + -(-count // EVEN) * EVEN]
    row[count:] = -np.inf
    if masked:
        added = mask[at : at + count]
        for i in range(count):
            row[i] += added[i]
    return row


@compiled
def _forward(
    queries: Array, keys: Array, values: Array, results: Array, masks: Array, low: Array, arrays: Any, pitches: Any,
    sizes: Any, rows: int, causal: bool, masked: bool, scale: Any, lanes: int, scratch: Any,
) -> None:  # fmt: skip
    q, k, v, out, mask = arrays
    to_q, to_k, to_v, to_out, to_mask = pitches
    length, many, size, width = sizes
    turned, laid, tile, scores, sums, parts, wide, deep, broad = scratch
    one = q.dtype.type(1)
    for h in range(len(queries)):
        _turn(k, keys[h], to_k, many, size, turned, wide)
        _lay(v, values[h], to_v, many, width, laid, broad, one)
        for first in range(0, length, rows):
            some = min(rows, length - first)
            seen = min(first + some, many) if causal else many
            _lay(q, queries[h] + first * to_q, to_q, some, size, tile, deep, scale)
            multiply(some, size, seen, lanes, tile, deep, 1, turned, wide, scores, wide, False)
            for r in range(some):
                count = min(first + r + 1, seen) if causal else seen
                row = _row(scores, r * wide, count, mask, masks[h] + (first + r) * to_mask, masked)
                top = top_of(row, one)
                if top == -np.inf:
                    top = q.dtype.type(0)
                total = q.dtype.type(0)
                for i in range(row.size):
                    grown = exp(row[i] - top)
                    row[i] = grown
                    total += grown
                scores[r * wide + row.size : r * wide + seen] = 0
                if total == 0:
                    total = one
                low[h, first + r] = q.dtype.type(math.log(total)) + top
                parts[r] = one / total
            multiply(some, seen, width, lanes, scores, wide, 1, laid, broad, sums, broad, False)
            for r in range(some):
                at = results[h] + (first + r) * to_out
                _lay(sums, r * broad, broad, 1, width, out[at : at + width], width, parts[r])


@compiled
def _backward(
    ups: Array, queries: Array, keys: Array, values: Array, masks: Array, low: Array, shares_q: Array, shares_k: Array,
    shares_v: Array, arrays: Any, pitches: Any, results: Any, sizes: Any, rows: int, causal: bool, masked: bool,
    scale: Any, lanes: int, scratch: Any, sums: Any,
) -> None:  # fmt: skip
    g, q, k, v, mask = arrays
    to_g, to_q, to_k, to_v, to_mask = pitches
    out_q, to_out_q, out_k, to_out_k, out_v, to_out_v = results
    length, many, size, width = sizes
    turned, turned_v, laid, tile, up, weights, shares, wide, deep, broad = scratch
    sums_q, sums_k, sums_v = sums
    one = q.dtype.type(1)
    for h in range(len(queries)):
        _turn(k, keys[h], to_k, many, size, turned, wide)
        _turn(v, values[h], to_v, many, width, turned_v, wide)
        _lay(k, keys[h], to_k, many, size, laid, deep, scale)
        sums_k[:] = 0
        sums_v[:] = 0
        for first in range(0, length, rows):
            some = min(rows, length - first)
            seen = min(first + some, many) if causal else many
            _lay(q, queries[h] + first * to_q, to_q, some, size, tile, deep, scale)
            last = min(-(-seen // EVEN) * EVEN, wide)
            _lay(g, ups[h] + first * to_g, to_g, some, width, up, broad, one)
            multiply(some, size, seen, lanes, tile, deep, 1, turned, wide, weights, wide, False)
            multiply(some, width, seen, lanes, up, broad, 1, turned_v, wide, shares, wide, False)
            for r in range(some):
                count = min(first + r + 1, seen) if causal else seen
                row = _row(weights, r * wide, count, mask, masks[h] + (first + r) * to_mask, masked)
                part = shares[r * wide : r * wide + row.size]
                part[count:] = 0
                whole, along = low[h, first + r], q.dtype.type(0)
                for i in range(row.size):
                    weight = exp(row[i] - whole)
                    row[i] = weight
                    along += weight * part[i]
                for i in range(row.size):
                    part[i] = row[i] * (part[i] - along)
                # up to where the tiles read: what stands there must add nothing to other keys
                weights[r * wide + row.size : r * wide + last] = 0
                shares[r * wide + row.size : r * wide + last] = 0
            multiply(some, seen, size, lanes, shares, wide, 1, laid, deep, sums_q, deep, False)
            _lay(sums_q, 0, deep, some, size, out_q[shares_q[h] + first * to_out_q :], to_out_q, one)
            multiply(seen, some, size, lanes, shares, 1, wide, tile, deep, sums_k, deep, True)
            multiply(seen, some, width, lanes, weights, 1, wide, up, broad, sums_v, broad, True)
        _lay(sums_k, 0, deep, many, size, out_k[shares_k[h] :], to_out_k, one)
        _lay(sums_v, 0, broad, many, width, out_v[shares_v[h] :], to_out_v, one)


class _Heads(NamedTuple):
    """Matrices anywhere in memory: the memory as one row, where in it each begins, and how far apart their rows are."""

    flat: Array
    starts: Array
    pitch: int


def _heads(a: Array) -> _Heads:
    """The matrices of an array (..., rows, columns); it is copied unless its rows lie in one piece each."""
    if a.flags.c_contiguous and a.flags.writeable:
        rows, size = a.shape[-2:]
        return _Heads(a.reshape(-1), np.arange(0, a.size, rows * size), size)
    steps = [step // a.itemsize for step in a.strides]
    if not a.flags.writeable or steps[-1] != 1 or min(steps) < 0 or any(step % a.itemsize for step in a.strides):
        return _heads(np.array(a, order="C"))
    starts = np.zeros(a.shape[:-2], np.int64)
    for d in range(a.ndim - 2):
        starts += (np.arange(a.shape[d]) * steps[d]).reshape(-1, *(1,) * (a.ndim - 3 - d))
    span = 1 + sum((n - 1) * step for n, step in zip(a.shape, steps, strict=True))
    flat = np.lib.stride_tricks.as_strided(a, (span,), (a.itemsize,))
    return _Heads(flat, starts.reshape(-1), steps[-2])


def _alike(like: Array, columns: int) -> Array:
    """An array for results (..., rows, columns) whose rows lie in the order in which those of another one do.

    A layer takes the heads out of one array of (..., heads, size); its results then are such an array again.
    """
    lead = like.ndim - 1
    order = sorted(range(lead), key=lambda d: (-abs(like.strides[d]), d))
    made = np.empty((*(like.shape[d] for d in order), columns), like.dtype)
    return made.transpose(*(order.index(d) for d in range(lead)), lead)


def _masked(mask: Array | None, q: Array, k: Array) -> _Heads:
    """A mask as matrices of (L, S), without laying out what is broadcast over queries and heads."""
    lead = q.shape[:-2]
    heads = math.prod(lead)
    if mask is None:
        return _Heads(np.empty((1,), q.dtype), np.zeros(heads, np.int64), 0)
    mask = mask[tuple(slice(0, 1) if step == 0 else slice(None) for step in mask.strides)]  # what was broadcast
    mask = mask.reshape((1,) * (q.ndim - mask.ndim) + mask.shape)
    if mask.shape[-1] != k.shape[-2]:
        mask = np.broadcast_to(mask, (*mask.shape[:-1], k.shape[-2]))
    flat, starts, pitch = _heads(mask)
    starts = np.broadcast_to(starts.reshape(mask.shape[:-2]), lead).reshape(heads)
    return _Heads(flat, np.ascontiguousarray(starts), pitch if mask.shape[-2] > 1 else 0)


def _fits(q: Array, k: Array, v: Array, *more: Array | None) -> bool:
    given = [a for a in (q, k, v, *more) if a is not None]
    lead = q.shape[:-2]
    return (
        suits(*given) and q.ndim > 1 and q.size > 0 and k.size > 0 and v.size > 0
        and k.shape[:-2] == v.shape[:-2] == lead and k.shape[-1] == q.shape[-1] and k.shape[-2] == v.shape[-2]
    )  # fmt: skip


def _rows(length: int, wide: int, itemsize: int, causal: bool) -> int:
    """How many queries at a time."""
    rows = min(NEAR // (wide * itemsize), MOST_CAUSAL if causal else MOST, length)
    return int(max(rows // SHAPE.rows, 1) * SHAPE.rows)


def _wide(many: int, itemsize: int) -> int:
    """How far apart rows of scores are: not by a power of two, or those of a column compete for places of the cache."""
    wide = -(-many // EVEN) * EVEN
    return wide if wide * itemsize % 1024 else wide + EVEN


def _sizes(q: Array, k: Array, v: Array) -> tuple[int, int, int, int]:
    return q.shape[-2], k.shape[-2], q.shape[-1], v.shape[-1]


def attention(q: Array, k: Array, v: Array, mask: Array | None, causal: bool, scale: float) -> Any:
    if not _fits(q, k, v, mask):
        return NotImplemented
    dtype, lanes, sizes = q.dtype, SHAPE.width // q.itemsize, _sizes(q, k, v)
    length, many, size, width = sizes
    out, low = _alike(q, width), np.empty((math.prod(q.shape[:-2]), length), dtype)
    heads = [_heads(q), _heads(k), _heads(v), _heads(out), _masked(mask, q, k)]
    wide, deep, broad = _wide(many, q.itemsize), rounded(size, lanes), rounded(width, lanes)
    rows = _rows(length, wide, q.itemsize, causal)
    high = rounded(rows, lanes)
    parts = (size * wide, many * broad, high * deep, high * wide, high * broad, high)

    def some(*blocks: Array) -> None:
        scratch = (*(np.zeros((n,), dtype) for n in parts), wide, deep, broad)
        arrays, pitches = tuple(x.flat for x in heads), tuple(x.pitch for x in heads)
        _forward(*blocks, arrays, pitches, sizes, rows, causal, mask is not None, dtype.type(scale), lanes, scratch)

    on_blocks(some, low.size * many * (size + width) // 16, *(x.starts for x in heads), low)
    return out, low.reshape(q.shape[:-1])


def attention_back(
    g: Array, q: Array, k: Array, v: Array, low: Array, mask: Array | None, causal: bool, scale: float
) -> Any:
    if not _fits(q, k, v, g, low, mask):
        return NotImplemented
    dtype, lanes, sizes = q.dtype, SHAPE.width // q.itemsize, _sizes(q, k, v)
    length, many, size, width = sizes
    shares = _alike(q, size), _alike(k, size), _alike(v, width)
    heads = [*map(_heads, (g, q, k, v)), _masked(mask, q, k)]
    results = [_heads(a) for a in shares]
    wide, deep, broad = _wide(many, q.itemsize), rounded(size, lanes), rounded(width, lanes)
    rows = _rows(length, 2 * wide, q.itemsize, causal)
    high = rounded(rows, lanes)
    parts = (size * wide, width * wide, many * deep, high * deep, high * broad, high * wide, high * wide)
    adds = (high * deep, wide * deep, wide * broad)

    def some(*blocks: Array) -> None:
        scratch = (*(np.zeros((n,), dtype) for n in parts), wide, deep, broad)
        sums = tuple(np.zeros((n,), dtype) for n in adds)
        arrays, pitches = tuple(x.flat for x in heads), tuple(x.pitch for x in heads)
        into = tuple(part for x in results for part in (x.flat, x.pitch))
        _backward(
            *blocks, arrays, pitches, into, sizes, rows, causal, mask is not None, dtype.type(scale), lanes, scratch,
            sums,
        )  # fmt: skip

    work = g.size * many // 4
    starts = [x.starts for x in heads]
    on_blocks(some, work, *starts, ready(low).reshape(-1, length), *(x.starts for x in results))
    return shares
