"""More cases of test_kernels.py's table: lengths around each switch between a kernel's schemes, and odd layouts.

`MORE` has the further cases of a kernel, after those in the table; a name that is not in the table is added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinygrad_edu.kernels.presence import simulated

_random = np.random.default_rng(11)


def single(*shape: int) -> Any:
    return _random.standard_normal(shape).astype(np.float32)


def held_lines(name: str) -> Iterator[Any]:
    """Lines of a warp's threads, of a block's, and too long to be held (in the simulator all of these are short).

    In fours and one by one, from an element that is not aligned on, with chunks that lack elements.
    """
    on_a_card = () if simulated() else (257, 1000, 1024, 1028, 2052, 4097, 5000, 16388, 33000)
    for length in (1, 2, 4, 5, 8, 12, 13, 16, 20, 40, 48, 52, 70, 100, *on_a_card):
        yield single(3, length)
    yield single(2, 1025)[:, 1:]  # a copy is made of it
    yield single(5 * 8 + 1)[1:].reshape(5, 8)  # from the second element on
    yield _random.standard_normal((3, 24))
    yield single(3, 9).astype(np.float16)


def softmaxes(name: str) -> Iterator[tuple[Any, ...]]:
    for a in held_lines(name):
        if name.endswith("back"):
            yield (a[::-1].copy(), a, 1)
            continue
        yield (a, 1)
        for value in (np.inf, -np.inf, np.nan):
            other = a.copy()
            other[1, -1] = value
            yield (other, -1)
        yield (np.full((2, a.shape[1]), -np.inf, a.dtype), 1)


def spreads(name: str) -> Iterator[tuple[Any, ...]]:
    for a in held_lines(name):
        if a.dtype != np.float16:
            yield (a, (1,), False) if name == "logsumexp" else (a, (1,), 0, True)
    for a in (single(2, 3, 5), special_lines()):
        yield (a, (1, 2)[: a.ndim - 1], True) if name == "logsumexp" else (a, (1, 2)[: a.ndim - 1], 1, False)
    if name == "logsumexp":
        yield (single(4, 3), (0,), True)


def special_lines() -> Any:
    a = single(5, 9)
    a[0, 3], a[1, 2], a[2], a[3, 1:3] = np.nan, np.inf, -np.inf, (-np.inf, np.inf)
    return a


def norms(name: str) -> Iterator[tuple[Any, ...]]:
    for a in held_lines(name):
        weight, bias, g = (np.asarray(_random.standard_normal(a.shape[-n:]), a.dtype) for n in (1, 1, 2))
        with np.errstate(all="ignore"):
            middle, variance = a.mean(1, keepdims=True), a.var(1, keepdims=True)
            scale = (1 / np.sqrt((a * a).mean(1, keepdims=True) + a.dtype.type(1e-5))).astype(a.dtype)
        if a.dtype == np.float16:
            continue  # the specification rounds between the steps
        yield {
            "layer_norm": (a, weight, bias, 1e-5), "layer_norm_back": (g, a, middle, variance, weight, 1e-2),
            "rms_norm": (a, weight, 1e-5), "rms_norm_back": (a, g, scale, weight),
        }[name]  # fmt: skip


def reductions(name: str) -> Iterator[tuple[Any, ...]]:
    """Rows of one thread's loads and of many, in parts, with a rest of up to three; columns; two dimensions that go."""
    tail = (1, True) if name == "var" else (True,)
    single_, double, whole = np.float32, np.float64, np.int64
    for shape, kind, axes in (
        ((3, 16), single_, (1,)), ((5, 20), single_, (1,)), ((2, 64), single_, (1,)), ((3, 132), single_, (1,)),
        *(() if simulated() else (((3, 4100), single_, (1,)), ((200_003,), single_, (0,)))),
        ((70,), single_, (0,)), ((333,), single_, (0,)), ((1003,), double, (0,)), ((2, 68), double, (1,)),
        ((9, 8), single_, (0,)), ((70, 12), single_, (0,)), ((33, 4), double, (0,)), ((3, 9, 8), single_, (1,)),
        ((3, 5, 8), single_, (0, 2)), ((5, 2, 4), single_, (0, 2)), ((300, 4), single_, (0,)), ((2, 36), whole, (1,)),
        ((21, 8), whole, (0,)), ((40, 4), np.int32, (1,)), ((50,), np.int8, (0,)),
    ):  # fmt: skip
        a = _random.integers(-3, 4, shape).astype(kind) if np.dtype(kind).kind == "i" else single(*shape).astype(kind)
        if a.dtype.kind != "i" or name not in ("var", "mean"):
            yield (a, axes, *tail)
        if a.dtype.kind == "f" and name != "var":
            a = a.copy()
            a.reshape(-1)[[a.size // 3, -1]] = np.nan, np.nan if name == "prod" else -np.inf  # 0 times inf, or not
            yield (a, axes, *tail)
    yield (single(5 * 16 + 1)[1:].reshape(5, 16), (1,), *tail)  # from the second element on
    yield (single(3, 32)[:, ::2], (1,), *tail)
    yield (single(6, 24)[:, 4:20], (1,), *tail)


SOFTMAXES = ("softmax", "log_softmax", "softmax_back", "log_softmax_back")
REDUCTIONS = ("sum", "prod", "amax", "amin", "every", "some")
NORMS = ("layer_norm", "layer_norm_back", "rms_norm", "rms_norm_back")
MORE: dict[str, Callable[[], Any]] = {
    **{name: lambda name=name: softmaxes(name) for name in SOFTMAXES},
    **{name: lambda name=name: norms(name) for name in NORMS},
    **{name: lambda name=name: reductions(name) for name in REDUCTIONS},
    **{name: lambda name=name: spreads(name) for name in ("var", "logsumexp")},
}  # fmt: skip
