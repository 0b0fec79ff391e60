"""Every kernel of the device against its specification on NumPy: sizes that are no multiple of a tile, in any layout.

`CASES` has a line for each kernel (name, arguments); a kernel of a listed file without one fails. Arrays among the
arguments go to the device as they lie: transposed, cut, broadcast or empty.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygrad_edu.kernels import devices, kernels
from tinygrad_edu.kernels.devices import to_device, to_host
from tinygrad_edu.kernels.pooling import adaptive_windows, max_pool, strided_windows

sys.path.append(str(Path(__file__).parent))  # more_cases.py: the table has outgrown this file

FILES = ("softmax", "steps", "convolution", "matmul", "norms", "channels", "losses", "attention", "pooling", "dropout")
FILES += ("ordering", "special", "spreads")
_random = np.random.default_rng(5)


def made(*shape: int) -> Any:
    return _random.standard_normal(shape)


def single(*shape: int) -> Any:
    return made(*shape).astype(np.float32)


def special(*shape: int) -> Any:
    """With an infinity, a line of minus infinity and a nan in it."""
    a = made(*shape)
    a[0, 0], a[1], a[2, 1] = np.inf, -np.inf, np.nan
    return a


def softmaxes(name: str) -> list[tuple[Any, ...]]:
    lead = (lambda *s: (made(*s),)) if name.endswith("back") else (lambda *s: ())
    cases = [
        (*lead(3, 7), made(3, 7), 1), (*lead(5, 3), made(3, 5).T, 0), (*lead(2, 3, 4), made(2, 3, 4), 1),

        (*[x.astype(np.float32) for x in lead(2, 6)], single(2, 12)[:, ::2], 1),
        (*lead(0, 3), made(0, 3), 1), (*lead(2, 0), made(2, 0), 1),
        (*lead(3, 4), np.broadcast_to(made(4), (3, 4)), -1),
    ]  # fmt: skip
    if not lead(1):
        cases += [(special(4, 5), 1), (special(4, 5), 0)]
    return cases


def convolutions(part: str) -> Iterator[tuple[Any, ...]]:
    """(N, in, out, groups, size, kernel, stride, padding, dilation)."""
    for n, c, o, groups, size, kernel, stride, padding, dilation in (
        (2, 3, 5, 1, (6, 5), (3, 2), (1, 1), (1, 0), (1, 1)),
        (1, 4, 6, 2, (7, 6), (2, 3), (2, 3), (1, 2), (2, 1)),
        (3, 2, 3, 1, (9,), (4,), (2,), (1,), (2,)),
        (1, 8, 4, 2, (4, 4), (3, 3), (1, 1), (1, 1), (1, 1)),
        (2, 3, 4, 1, (8, 9), (3, 3), (1, 1), (1, 1), (1, 1)), (2, 5, 4, 1, (4, 4), (1, 1), (1, 1), (0, 0), (1, 1)),
        (1, 2, 2, 1, (5, 20), (5, 5), (1, 2), (2, 2), (1, 1)), (1, 9, 2, 1, (8,), (1,), (1,), (0,), (1,)),
        (0, 2, 3, 1, (4, 4), (2, 2), (1, 1), (0, 0), (1, 1)),
        (1, 1, 2, 1, (3, 3, 3), (2, 2, 2), (1, 1, 1), (0, 0, 0), (1, 1, 1)),
    ):
        sizes = zip(size, kernel, stride, padding, dilation, strict=True)
        places = tuple((w + 2 * p - d * (k - 1) - 1) // s + 1 for w, k, s, p, d in sizes)
        x, weight, g = made(*size, n, c).transpose(-2, -1, *range(len(size))), made(o, c // groups, *kernel), None
        g = made(n, o, *places)
        rest = (stride, padding, dilation, groups)
        if part == "":
            yield (x, weight, None if groups == 2 else made(o), *rest)
        elif part == "input":
            yield (g, weight, size, *rest)
        elif n:
            yield (g, x, kernel, *rest)


def products() -> list[tuple[Any, ...]]:
    return [
        (made(5, 7), made(7, 9)), (single(9, 3).T, single(9, 6)), (made(6, 5), made(3, 5).T),
        (made(1, 30), made(30, 2)),
        (made(2, 1, 3, 5), made(4, 5, 3)), (made(3, 0), made(0, 2)), (made(0, 3), made(3, 2)), (made(4), made(4, 3)),
        (made(10, 8)[::2, 1::2], np.broadcast_to(made(3), (4, 3))), (single(3, 4), made(4, 2)),
        (made(3, 4).astype(np.float16), made(4, 2).astype(np.float16)),
    ]  # fmt: skip


def layer_norms(back: bool) -> Iterator[tuple[Any, ...]]:
    for a, kept in (
        (made(3, 7), 1), (made(2, 3, 5), 1), (made(5, 4).T, 1), (single(2, 6), 1), (made(0, 3), 1),
        (np.broadcast_to(made(9), (3, 9)), 1),
    ):  # fmt: skip
        last = a.shape[kept:]
        weight, bias = made(*last).astype(a.dtype), made(*last).astype(a.dtype)
        if not back:
            yield (a, weight, bias, 1e-5)
        else:
            axes = tuple(range(kept, a.ndim))
            middle, variance = a.mean(axes, keepdims=True), a.var(axes, keepdims=True)
            yield (made(*a.shape).astype(a.dtype), a, middle, variance, weight, 1e-5)


def rms_norms(back: bool) -> Iterator[tuple[Any, ...]]:
    for a, kept in (
        (made(3, 7), 1), (made(2, 3, 5), 1), (single(2, 12)[:, ::2], 1), (made(5, 4).T, 1), (made(0, 3), 1),
    ):  # fmt: skip
        weight = made(*a.shape[kept:]).astype(a.dtype)
        scale = 1 / np.sqrt((a * a).mean(tuple(range(kept, a.ndim)), keepdims=True) + a.dtype.type(1e-5))
        yield (a, made(*a.shape).astype(a.dtype), scale, weight) if back else (a, weight, 1e-5)


def channel_norms(name: str) -> Iterator[tuple[Any, ...]]:
    """Batches of one part and of many; channels of one place, of fewer and of more places than a block has threads."""
    for a, groups in (
        (made(7, 6, 3), 2), (made(5, 3), 3), (made(3, 2, 1, 9).transpose(0, 1, 3, 2), 1), (made(4, 2, 6).T, 2),
        (single(9, 2, 8)[:, :, ::2], 2), (np.broadcast_to(made(4, 1, 2), (4, 2, 2)) + 1e3, 1), (made(1, 4, 6), 4),
        (made(0, 2, 3), 2), (made(2, 4, 0), 2),
    ):  # fmt: skip
        weight, bias = (made(a.shape[1]).astype(a.dtype) for _ in "wb")
        more = (groups,) if name.startswith("group") else ()
        if not name.endswith("back"):
            yield (a, weight, bias, *more, 1e-5)
        elif a.size:
            grouped = a.reshape(len(a), groups, -1)
            axes = (0, *range(2, a.ndim))
            known = (grouped.mean(2), grouped.var(2)) if more else (a.mean(axes), a.var(axes))
            yield (a, made(*a.shape).astype(a.dtype), *known, weight, 1e-5)


def cross_entropies(back: bool) -> Iterator[tuple[Any, ...]]:
    from tinygrad_edu.kernels.losses import cross_entropy

    infinite = special(4, 5)
    infinite[3, 0] = -np.inf
    for a, target, weighted, ignored, smoothing in (
        (made(3, 7), [6, 0, 6], True, 0, 0.2), (made(3, 7), [6, 0, 2], False, -100, 0.0),
        (made(5, 3).T, [1, 4, 0], False, 4, 0.1), (made(2, 3, 5), [[0, 2, 1, 1, 2], [2, 0, -1, -1, 0]], True, -1, 0.3),
        (single(2, 6, 4)[:, ::2], [[0, 2, 1, 1], [2, 0, 0, 2]], True, -100, 0.0), (made(4), 2, True, -100, 0.3),
        (infinite, [0, 1, 2, 3], False, -100, 0.0), (infinite, [1, 1, -1, 0], True, -1, 0.2),
        (made(2, 3), [1, 1], False, 1, 0.0), (made(0, 3), [], False, -100, 0.0),
    ):  # fmt: skip
        weight = abs(made(a.shape[min(1, a.ndim - 1)])).astype(a.dtype) if weighted else None
        classes = np.array(target, np.int64)
        if not back:
            yield (a, classes, weight, ignored, smoothing)
            continue
        with np.errstate(all="ignore"):
            _, top, low = cross_entropy(a, classes, weight, ignored, smoothing)
        g = made(*classes.shape).astype(a.dtype)
        yield (a, g, classes, np.asarray(top), np.asarray(low), weight, ignored, smoothing)
        if classes.ndim == 2:
            alike = np.broadcast_to(g.reshape(-1)[0], g.shape)
            yield (a, alike, classes, np.asarray(top), np.asarray(low), weight, ignored, smoothing)


def attentions(back: bool) -> Iterator[tuple[Any, ...]]:
    """Lengths and components below, at and above a tile's; masks of every row, of one head, that blind a query."""
    low = -np.inf
    blinding = np.array([[low] * 5, [0.5, low, -1, low, 2], [0] * 5])
    heads = made(2, 3, 2, 5).transpose(0, 2, 1, 3)  # (2, 2, 3, 5), as heads lie in memory
    for q, k, v, mask, causal in (
        (made(2, 5, 3), made(2, 7, 3), made(2, 7, 4), None, False),
        (heads, made(2, 2, 5, 5), made(2, 2, 5, 1), blinding, False),
        (made(9, 2), made(9, 2), made(9, 3), None, True),
        (made(2, 1, 4, 3), made(2, 1, 6, 3), made(2, 1, 6, 3), made(2, 1, 1, 6), True),
        (single(1, 6, 4)[:, ::2], single(1, 4, 4), single(1, 4, 9)[:, :, ::3], None, False),
        (np.broadcast_to(made(4, 3), (2, 4, 3)), made(2, 1, 3), made(2, 1, 2), made(4, 1), False),
        (made(2, 0, 3), made(2, 4, 3), made(2, 4, 2), None, False), (made(2, 3), made(0, 3), made(0, 2), None, False),
    ):  # fmt: skip
        if not back:
            yield (q, k, v, mask, causal, 0.7)
        else:
            from tinygrad_edu.kernels.attention import attention

            out, known = attention(q, k, v, mask, causal, 0.7)
            yield (made(*out.shape).astype(q.dtype), q, k, v, known, mask, causal, 0.7)


def lines(name: str) -> Iterator[tuple[Any, ...]]:
    """Lines of one part and of many, along memory and across it, with nan and equal ones."""
    with_nan = made(3, 17)
    with_nan[1, 5] = with_nan[1, 9] = np.nan
    for a in (
        made(1, 50), with_nan, single(37), np.arange(66).reshape(2, 33) % 7, made(9, 2).T, made(20, 1, 2),
        np.arange(24).reshape(2, 12) % 5 > 2, single(4, 20)[:, ::2],
    ):  # fmt: skip
        for axis in range(a.ndim):
            yield (a, axis)


def classes(name: str) -> Iterator[tuple[Any, ...]]:
    many = np.arange(700).reshape(7, 100) % 5
    for target, ignored in ((many.T, 2), (np.array([1, 4, -1]), -1), (np.array(3), -100), (np.array([7, 7]), 7)):
        if name == "counted":
            yield (target, abs(made(8)), ignored, np.dtype(np.float64))
            yield (target, single(8), ignored, np.dtype(np.float32))
            yield (target, None, ignored, np.dtype(np.float32))
        else:
            yield (target, 5, ignored)
            yield (target, 4, ignored)
            yield (target.astype(np.uint8), 5, ignored)


def reductions(name: str) -> Iterator[tuple[Any, ...]]:
    tail = (1, True) if name == "var" else (True,)
    for a, axes in (
        (made(3, 17), (1,)), (made(19, 2), (0,)), (made(2, 3, 11), (0, 2)), (made(9, 5).T, (1,)), (made(27), (0,)),
        (single(4, 10)[:, ::2], (0, 1)), (np.broadcast_to(made(3, 1), (3, 8)), (1,)), (made(2, 3), (0,)),
        (made(0, 3), (1,)),
    ):  # fmt: skip
        yield (a, axes, *tail)
    if name != "var":
        with_nan = made(3, 9)
        with_nan[1, 7] = np.nan
        yield (with_nan, (1,), False)
        if name not in ("mean",):
            yield (np.arange(33).reshape(3, 11) % 5, (1,), False)


def pools(name: str) -> Iterator[tuple[Any, ...]]:
    """(input, size, places, kernel, stride, padding, dilation); no kernel: adaptive."""
    with_nan, equal = made(2, 6, 5), np.arange(60).reshape(2, 5, 6) % 4 // 2 - 7
    with_nan[0, 2:4, 1:4], with_nan[1, 1, 1], with_nan[1, 3:] = np.nan, np.inf, -np.inf
    half, small = (equal * 0.3).astype(np.float16), equal.astype(np.int8)
    for a, size, places, *how in (
        (with_nan, (6, 5), (4, 3), (3, 2), (2, 2), (1, 1), (1, 1)),  # overlapping; ceil_mode: the last reach out
        (made(7, 3, 2).T, (3, 7), (2, 3), (2, 3), (1, 2), (0, 1), (2, 2)),
        (equal, (5, 6), (3, 2), (2, 2), (2, 4), (1, 0), (1, 1)),  # gaps: elements in no window
        (single(2, 3, 8)[:, :, ::2], (4,), (4,), (3,), (1,), (1,), (1,)),
        (np.broadcast_to(made(2, 3, 1, 4), (2, 2, 3, 5, 4)), (3, 5, 4), (2, 4, 2), (2, 2, 3), *((1,) * 3, (0,) * 3),
         (1,) * 3),
        (half, (5, 6), (5, 5), (3, 2), (1, 1), (1, 0), (1, 1)),
        (small, (5, 6), (2, 2), (3, 3), (2, 3), (0, 0), (1, 1)),
        (made(2, 1), (1,), (1,), (2,), (1,), (1,), (2,)),  # a window between two elements: it is empty
        (made(0, 2, 4), (4,), (2,), (2,), (2,), (0,), (1,)),
        (made(2, 5, 3), (5, 3), (3, 2)),
        (made(2, 3, 4), (3, 4), (5, 4)),
    ):  # fmt: skip
        windows = strided_windows(size, places, *how) if how else adaptive_windows(size, places)
        if name in ("max_pool", "window_sum"):
            yield (a, windows, places)
        elif name == "window_spread":
            yield (made(*a.shape[: -len(size)], *places).astype(a.dtype), windows, size)
        else:
            where = max_pool(a, windows, places)[1]
            g = made(*where.shape).astype(a.dtype)
            yield (g, where, size, False, windows)
            yield (g, where, size, False)


SOFTMAXES = ("softmax", "log_softmax", "softmax_back", "log_softmax_back")
POOLS = ("max_pool", "max_pool_back", "window_sum", "window_spread")
CHANNEL_NORMS = ("batch_norm", "batch_norm_back", "group_norm", "group_norm_back")
REDUCTIONS = ("sum", "mean", "prod", "amax", "amin", "every", "some", "var")
CASES: dict[str, Callable[[], Any]] = {
    **{name: lambda name=name: softmaxes(name) for name in SOFTMAXES},
    "convolution": lambda: convolutions(""),
    "convolution_input": lambda: convolutions("input"),
    "convolution_weight": lambda: convolutions("weight"),
    "batched_product": products,
    "layer_norm": lambda: layer_norms(False),
    "layer_norm_back": lambda: layer_norms(True),
    "rms_norm": lambda: rms_norms(False),
    "rms_norm_back": lambda: rms_norms(True),
    **{name: lambda name=name: channel_norms(name) for name in CHANNEL_NORMS},
    **{name: lambda name=name: lines(name) for name in ("argmax", "argmin", "cumsum", "cumprod")},
    "attention": lambda: attentions(False),
    "attention_back": lambda: attentions(True),
    "counted": lambda: classes("counted"),
    "class_kinds": lambda: classes("class_kinds"),
    "cross_entropy": lambda: cross_entropies(False),
    "cross_entropy_back": lambda: cross_entropies(True),
    **{name: lambda name=name: reductions(name) for name in REDUCTIONS},
    **{name: lambda name=name: pools(name) for name in POOLS},
    **import_module("more_cases").CASES,
    **import_module("order_cases").CASES,
}  # fmt: skip


def _joined(first: Callable[[], Any], more: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: chain(first(), more())


for _name, _more in import_module("line_cases").MORE.items():
    CASES[_name] = _joined(CASES.get(_name, tuple), _more)


def moved(thing: Any) -> Any:
    """On the device, in the same layout."""
    if isinstance(thing, list):
        return [moved(each) for each in thing]
    if not isinstance(thing, np.ndarray):
        return thing
    base = thing if thing.base is None or not isinstance(thing.base, np.ndarray) else thing.base
    whole = to_device(np.ascontiguousarray(base) if 0 in base.strides else base)
    if whole.size * whole.itemsize < base.size * base.itemsize or base.strides != whole.strides:
        return to_device(thing)
    offset = thing.__array_interface__["data"][0] - base.__array_interface__["data"][0]
    return whole.on(thing.shape, thing.strides, whole.offset + offset)


def compared(found: Any, expected: Any) -> None:
    if isinstance(expected, tuple):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            compared(one, other)
        return
    if isinstance(expected, int):
        assert found == expected and type(found) is int
        return
    got, expected = to_host(found), np.asarray(expected)
    assert got.dtype == expected.dtype and got.shape == expected.shape
    close = {2: 3e-3, 4: 2e-5, 8: 1e-11}.get(expected.dtype.itemsize, 0)
    np.testing.assert_allclose(got, expected, rtol=close, atol=close)


def _plain(name: str) -> Any:
    """What the kernel has to agree with."""
    if name == "batched_product":
        return np.matmul
    if name.endswith("_step"):
        from tinygrad_edu.kernels.numba_cpu import functions

        return functions()[name]
    from tinygrad_edu.kernels import _find

    return _find(name)


def called(name: str, there: list[Any]) -> Any:
    """The kernel with arguments that are on the device."""
    if name.endswith("_step"):  # in place
        return devices.own(name)(*there)
    return np.matmul(*there) if name == "batched_product" else getattr(kernels, name)(*there)


def check(name: str, arguments: tuple[Any, ...]) -> None:
    there = [moved(x) for x in arguments]
    if name.endswith("_step"):
        arguments = tuple([[a.copy() for a in x] if isinstance(x, list) else x for x in arguments])
        assert called(name, there) is None and _plain(name)(*arguments) is None
        for one, other in zip(there, arguments, strict=True):
            if isinstance(other, list):
                for found, expected in zip(one, other, strict=True):  # nothing but correctly rounded operations
                    np.testing.assert_array_equal(to_host(found), expected)
        return
    with np.errstate(all="ignore"):
        expected = _plain(name)(*arguments)
    compared(called(name, there), expected)


@pytest.mark.parametrize("name", CASES)
def test_first_case(name: str) -> None:
    check(name, next(iter(CASES[name]())))


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_all_cases(name: str) -> None:
    for arguments in CASES[name]():
        check(name, arguments)


def test_every_kernel_has_a_case() -> None:
    for file in FILES:
        for name in import_module(f"tinygrad_edu.kernels.numba_cuda.{file}").__all__:
            assert name in CASES, f"{file}.{name} is compared with nothing"


# How often a kernel is launched for arrays that lie row by row: what falls back to the specification takes dozens.
LAUNCHES = {
    **dict.fromkeys([*POOLS, *SOFTMAXES, "layer_norm", "rms_norm", "group_norm", "cross_entropy", "attention"], 1),
    "layer_norm_back": 3, "rms_norm_back": 3, "batch_norm": 2, "batch_norm_back": 2, "group_norm_back": 3,
    "attention_back": 5, "in_order": 4,
    "class_kinds": 1, "argmax": 2, "cumsum": 2, "counted": 2, "cross_entropy_back": 2,  # one for the sum of the weights
}  # fmt: skip


@pytest.mark.parametrize("name", LAUNCHES)
def test_launches_of_a_kernel(name: str) -> None:
    from tinygrad_edu.kernels.numba_cuda.runtime import launches

    there = [to_device(np.ascontiguousarray(x)) if isinstance(x, np.ndarray) else x for x in next(iter(CASES[name]()))]
    before = launches.count
    called(name, there)
    assert launches.count - before <= LAUNCHES[name]
