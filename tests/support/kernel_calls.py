"""The table of calls that every compiled kernel is tested with: a kernel that is not in it fails the tests.

Each row makes, from an array, the calls of one kernel: (arrays, other arguments). The same table is used for numbers,
for guard bands, for checked indices and for equal bits.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

__all__ = ["CALLS", "layouts"]


def _rows(x: Any) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    yield (x,), (x.ndim - 1,)


def _back(x: Any) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    yield (x * 0.5 + 1, x), (x.ndim - 1,)


def _sets(ndim: int) -> list[tuple[int, ...]]:
    """Every set of dimensions but the empty one."""
    return [axes for count in range(1, ndim + 1) for axes in itertools.combinations(range(ndim), count)]


def _reduced(*more: Any) -> Any:
    def calls(x: Any) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        for axes in _sets(x.ndim):
            for keepdim in (False, True):
                yield (x,), (axes, *more, keepdim)

    return calls


def _along(*more: Any) -> Any:
    def calls(x: Any) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        for axis in range(x.ndim):
            if x.shape[axis]:
                for keepdim in (False, True):
                    yield (x if x.dtype == bool else x.round(1),), (axis, keepdim, *more)  # many are equal

    return calls


def _extremes(x: Any) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    if x.size:
        yield from _reduced()(x)


def _deviation(x: Any) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    for axes in _sets(x.ndim):
        scale = np.linspace(1, 2, math.prod([n for d, n in enumerate(x.shape) if d not in axes]), dtype=x.dtype)
        yield (x, scale.reshape([n for d, n in enumerate(x.shape) if d not in axes])), (axes,)


def _logsumexp_back(x: Any) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    for (a, scale), (axes,) in _deviation(x):
        yield (a, scale, scale + 1), (axes,)


def _each(arrays: int, *kinds: str) -> Any:
    def calls(x: Any) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        x = np.where(x > 1, 0, x * 3).astype(x.dtype)
        for kind in kinds or (None,):
            yield (x + 1, x)[2 - arrays :], () if kind is None else (kind,)

    return calls


def _standard(x: Any) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    for kept in range(x.ndim):
        yield (x,), (tuple(range(kept, x.ndim)), 0.1)


def _standard_back(x: Any) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    for kept in range(x.ndim):
        dims = tuple(range(kept, x.ndim))
        variance = np.ones([size if i < kept else 1 for i, size in enumerate(x.shape)], x.dtype)
        yield (x * 0.5 + 1, x, variance), (dims, 0.1)


def _layer(x: Any) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    for kept in range(x.ndim):
        weight = np.linspace(1, 2, int(np.prod(x.shape[kept:]))).reshape(x.shape[kept:]).astype(x.dtype)
        yield (x, weight, weight - 1), (0.1,)


def _layer_back(x: Any) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    for kept, ((g, out, variance), _) in enumerate(_standard_back(x)):
        yield (g, out, variance * 0.5, variance, np.full(x.shape[kept:], 2, x.dtype)), (0.1,)


def _gates(back: bool) -> Any:
    def calls(x: Any) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        cell = x.reshape(-1, x.shape[-1])
        sums = np.concatenate([cell, cell * 2, 1 - cell, cell * cell], 1)
        yield (sums, cell, cell * 0.5, cell + 1, cell - 1) if back else (sums, cell), ()

    return calls


def _gru(back: bool) -> Any:
    def calls(x: Any) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        state = x.reshape(-1, x.shape[-1])
        sums, own = np.concatenate([state, state * 2, 1 - state], 1), np.concatenate([state * 0.5, state, state + 2], 1)
        yield (sums, own, state, state * state) if back else (sums, own, state), ()

    return calls


def _classes(back: bool) -> Any:
    def calls(x: Any) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        x = x.reshape(1, -1) if x.ndim == 1 else x
        if not x.shape[1]:
            return  # no classes
        places = np.zeros((x.shape[0], *x.shape[2:]), x.dtype)
        target = np.arange(places.size).reshape(places.shape) * 7 % max(x.shape[1], 1)
        weight = np.linspace(1, 2, x.shape[1]).astype(x.dtype)
        for rest in ((-100, 0.0), (0, 0.25)):
            yield (x, places + 1, target, places, places + 2, weight) if back else (x, target, weight), rest

    return calls


def _channels(back: bool) -> Any:
    def calls(x: Any) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        x = x.reshape(1, -1) if x.ndim == 1 else x
        each = np.linspace(1, 2, x.shape[1]).astype(x.dtype)
        yield (x, x * x - 1, each, each + 1, each - 3) if back else (x, each, each - 1), (0.1,)

    return calls


def _groups(back: bool) -> Any:
    def calls(x: Any) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        x = x.reshape(1, -1) if x.ndim == 1 else x
        each = np.linspace(1, 2, x.shape[1]).astype(x.dtype)
        for groups in {1, x.shape[1], next((n for n in (2, 5, 7) if x.shape[1] % n == 0), 1)} - {0}:
            whole = np.linspace(1, 2, len(x) * groups).reshape(len(x), groups).astype(x.dtype)
            yield ((x, x * x - 1, whole, whole, each - 3), (0.1,)) if back else ((x, each, each - 1), (groups, 0.1))

    return calls


def _rms(back: bool) -> Any:
    def calls(x: Any) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        for kept in range(x.ndim):
            weight = np.linspace(1, 2, int(np.prod(x.shape[kept:]))).reshape(x.shape[kept:]).astype(x.dtype)
            scale = np.full([size if i < kept else 1 for i, size in enumerate(x.shape)], 2, x.dtype)
            yield ((x, x * x - 1, scale, weight), ()) if back else ((x, weight), (0.1,))

    return calls


def _index(x: Any) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    for lead in range(1, x.ndim + 1):
        size = math.prod(x.shape[:lead])
        places = (np.arange(size) * 7 % 5 - 1).reshape(x.shape[:lead])  # repeated, and from the end
        yield (x,), ((5, *x.shape[lead:]), (places,) if lead % 2 else (places, Ellipsis))


def _dropout(x: Any) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    for seed, first, p in ((7, 3, 0.3), (2**64 - 1, 2**64 - 2, 0.5), (5, 2**32 - 1, 1.0)):
        yield (x,), (seed, first, p)


def _dropout_back(x: Any) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    for p in (0.25, 1.0):
        yield (x, (np.arange(x.size) % 3 > 0).reshape(x.shape)), (p,)


def _put(x: Any) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    for axis in range(x.ndim):
        places = (np.arange(x.size) * 7 % 4 - 1).reshape(x.shape)
        yield (x, places), (axis, (*x.shape[:axis], 4, *x.shape[axis + 1 :]))


def _attention(back: bool) -> Any:
    def calls(x: Any) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        x = x if x.ndim > 1 else x.reshape(-1, 30) if x.size % 30 == 0 else x.reshape(1, -1)
        scale = 1 / max(x.shape[-1], 1)
        keys, values = x[..., ::-1, :] - 0.5, x[..., ::2] + 1  # in other places, and of another size
        more = np.concatenate([keys, keys * 0.5], -2), np.concatenate([values, values], -2)
        rows = np.linspace(-0.5, 0.5, math.prod(x.shape[:-1])).reshape(x.shape[:-1])

        def call(k: Any, v: Any, *mask: Any, causal: bool = False) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
            low = rows + math.log(max(k.shape[-2], 1))  # so that weights add up to about 1
            given = (x[..., ::2] * 0.5 + 1, x, k, v, low.astype(x.dtype)) if back else (x, k, v)
            return (*given, *mask), (*(() if mask else (None,)), causal, scale)

        yield call(*more)
        for k, v in ((keys, values), more) if x.size and x.dtype.kind == "f" else ():
            shape = (x.shape[-2], k.shape[-2])
            places = np.arange(math.prod(shape)).reshape(shape)
            some = np.where(places * 7 % 5 > 1, 0.25, -np.inf).astype(x.dtype)
            some[::3] = -np.inf  # these look nowhere
            yield call(k, v, some)
            if np.isfinite(x).all():  # else a key that is not looked at still counts as 0 * nan in plain NumPy
                yield call(k, v, causal=True)
                yield call(k, v, (places * 3 % 7 > 2).astype(x.dtype)[:1], causal=True)

    return calls


CALLS: dict[str, Any] = {
    "attention": _attention(False), "attention_back": _attention(True),
    "gru_step": _gru(False), "gru_back": _gru(True),
    "lstm_step": _gates(False), "lstm_back": _gates(True),
    "layer_norm": _layer, "layer_norm_back": _layer_back,
    "standardised": _standard, "standardised_back": _standard_back,
    "silu": _each(1), "silu_back": _each(2), "relu_back": _each(2), "gelu": _each(1, "none", "tanh"),
    "gelu_back": _each(2, "none", "tanh"),
    "softmax": _rows, "log_softmax": _rows, "softmax_back": _back, "log_softmax_back": _back, "logsumexp": _reduced(),
    "logsumexp_back": _logsumexp_back, "sum": _reduced(), "mean": _reduced(), "var": _reduced(1),
    "cross_entropy": _classes(False), "cross_entropy_back": _classes(True),
    "batch_norm": _channels(False), "batch_norm_back": _channels(True),
    "group_norm": _groups(False), "group_norm_back": _groups(True),
    "rms_norm": _rms(False), "rms_norm_back": _rms(True),
    "dropout": _dropout, "dropout_back": _dropout_back,
    "index_back": _index, "put_along": _put,
    "deviation": _deviation, "amax": _extremes, "amin": _extremes,
    "extreme_along": lambda x: itertools.chain(_along(True)(x), _along(False)(x)),
}  # fmt: skip


def layouts(dtype: Any) -> Iterator[tuple[str, Any]]:
    numbers = np.random.default_rng(0).normal(size=(6, 70, 3)).astype(dtype)
    yield "3-d", numbers
    yield "long rows", np.random.default_rng(1).normal(size=(3, 5000)).astype(dtype)
    yield "one row", numbers.reshape(-1)
    yield "transposed", numbers.T
    yield "backwards", numbers[::-1, ::-2]
    yield "4-d", np.random.default_rng(2).normal(size=(3, 4, 5, 6)).astype(dtype)
    yield "5-d, turned", np.random.default_rng(2).normal(size=(3, 2, 5, 2, 4)).astype(dtype).transpose(2, 0, 4, 1, 3)
    yield "broadcast, read-only", np.broadcast_to(numbers[0, 0], (4, 3))
    yield "size 1", numbers[:1, :1, :1]
    yield "no rows", numbers[:0]
    yield "empty rows", numbers[:, :0]
    frozen = numbers.copy()
    frozen.setflags(write=False)
    yield "read-only", frozen
