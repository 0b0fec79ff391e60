"""More cases of test_kernels.py's table: lengths around each switch between a kernel's schemes, and odd layouts.

`MORE` has the further cases of a kernel, after those in the table; a name that is not in the table is added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

_random = np.random.default_rng(11)


def single(*shape: int) -> Any:
    return _random.standard_normal(shape).astype(np.float32)


def held_lines(name: str) -> Iterator[Any]:
    """Lines of a warp's threads, of a block's, and too long to be held (in the simulator all of these are short).

    In fours and one by one, from an element that is not aligned on, with chunks that lack elements.
    """
    for length in (1, 2, 4, 5, 8, 12, 13, 16, 20, 40, 48, 52, 70, 100):
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


SOFTMAXES = ("softmax", "log_softmax", "softmax_back", "log_softmax_back")
NORMS = ("layer_norm", "layer_norm_back", "rms_norm", "rms_norm_back")
MORE: dict[str, Callable[[], Any]] = {
    **{name: lambda name=name: softmaxes(name) for name in SOFTMAXES},
    **{name: lambda name=name: norms(name) for name in NORMS},
}  # fmt: skip
