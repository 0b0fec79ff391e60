"""The compiled convolutions and pooling beside the plain ones: geometries, layouts, and memory they must not touch."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.guards import Guarded  # noqa: E402

from tinygrad_edu.kernels import convolution as plain  # noqa: E402
from tinygrad_edu.kernels import pooling as plain_pooling  # noqa: E402
from tinygrad_edu.kernels import threads  # noqa: E402
from tinygrad_edu.kernels.numba_cpu import convolution as compiled  # noqa: E402
from tinygrad_edu.kernels.numba_cpu import offsets, pooling, tiles  # noqa: E402
from tinygrad_edu.ops.convolution import places_of  # noqa: E402

CONVOLUTIONS = ("convolution", "convolution_input", "convolution_weight")
POOLS = ("max_pool", "max_pool_back", "window_sum", "window_spread")


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(threads, "WORTH", 1 << 12)  # where there are several threads, small arrays try them too
    before = threads.get_threads()
    threads.set_threads(1)
    yield
    threads.set_threads(before)


Call = tuple[str, tuple[Any, ...], tuple[Any, ...]]  # kernel, arrays, other arguments


def convolutions(x: Any, w: Any, how: Any, rng: Any) -> Iterator[Call]:
    places = places_of(x.shape[2:], w.shape[2:], *how[:3])
    g = rng.standard_normal((len(x), len(w), *places)).astype(x.dtype)
    yield "convolution", (x, w, None), how
    yield "convolution", (x, w, rng.standard_normal(len(w)).astype(x.dtype)), how
    yield "convolution_input", (g, w), (x.shape[2:], *how)
    yield "convolution_weight", (g, x), (w.shape[2:], *how)


# What the random ones might miss: (x, w, stride, padding, dilation, groups).
SHAPES: list[Any] = [
    ((1, 1, 1, 1), (1, 1, 1, 1), (1, 1), (0, 0), (1, 1), 1),
    ((1, 1, 1), (1, 1, 3), (5,), (4,), (2,), 1),
    ((2, 6, 5, 9), (6, 1, 3, 3), (1, 1), (1, 1), (1, 1), 6),  # depthwise
    ((2, 3, 9, 11), (40, 3, 1, 1), (3, 2), (0, 0), (1, 1), 1),  # elements that no tap meets
    ((1, 9, 7, 7), (17, 9, 3, 2), (2, 1), (5, 3), (1, 3), 1),  # more padding than kernel
    ((1, 2, 3, 800), (9, 2, 2, 3), (1, 1), (1, 1), (1, 1), 1),  # runs that end within a row
    ((1, 16, 40, 40), (64, 16, 3, 3), (1, 1), (1, 1), (1, 1), 1),  # the gradient turned in parts
    ((5, 4, 6, 6), (8, 2, 3, 3), (2, 2), (1, 1), (1, 1), 2),
    ((1, 1, 1, 1, 1), (1, 1, 1, 1, 1), (1, 1, 1), (0, 0, 0), (1, 1, 1), 1),
    ((2, 6, 4, 5, 6), (6, 1, 3, 3, 3), (1, 1, 1), (1, 1, 1), (1, 1, 1), 6),  # depthwise
    ((3, 4, 7, 6, 5), (10, 2, 3, 2, 3), (2, 3, 1), (2, 0, 1), (1, 1, 2), 2),
    ((1, 3, 9, 8, 7), (20, 3, 2, 1, 1), (4, 2, 3), (1, 3, 2), (3, 1, 1), 1),  # planes, rows, columns that no tap meets
    ((2, 16, 3, 40, 40), (64, 16, 1, 3, 3), (1, 1, 1), (0, 1, 1), (1, 1, 1), 1),  # the gradient turned in parts
]


def drawn(seed: int, dtype: Any) -> tuple[Any, Any, Any, Any]:
    rng = np.random.default_rng(seed)
    if seed < len(SHAPES):
        x, w, *how = SHAPES[seed]
        return rng.standard_normal(x).astype(dtype), rng.standard_normal(w).astype(dtype), tuple(how), rng
    spatial, groups = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    kernel, stride = rng.integers(1, 5, spatial).tolist(), rng.integers(1, 4, spatial).tolist()
    padding, dilation = rng.integers(0, 4, spatial).tolist(), rng.integers(1, 4, spatial).tolist()
    size = [
        d * (k - 1) + 1 + int(rng.integers(0, (30, 30, 8)[spatial - 1])) for d, k in zip(dilation, kernel, strict=True)
    ]
    inner, outer = groups * int(rng.integers(1, 6)), groups * int(rng.integers(1, 30))
    x = rng.standard_normal((int(rng.integers(1, 5)), inner, *size)).astype(dtype)
    w = rng.standard_normal((outer, inner // groups, *kernel)).astype(dtype)
    return x, w, (tuple(stride), tuple(padding), tuple(dilation), groups), rng


def pools(seed: int, dtype: Any) -> Iterator[Call]:
    rng = np.random.default_rng(seed)
    spatial = int(rng.integers(1, 3))
    kernel, stride = rng.integers(1, 5, spatial).tolist(), rng.integers(1, 5, spatial).tolist()
    dilation, padding = rng.integers(1, 3, spatial).tolist(), [int(rng.integers(0, k // 2 + 1)) for k in kernel]
    size = tuple(d * (k - 1) + 1 + int(rng.integers(0, 20)) for d, k in zip(dilation, kernel, strict=True))
    lead = tuple(rng.integers(1, 4, int(rng.integers(1, 3))).tolist())
    x = rng.integers(-2, 3, (*lead, *size)).astype(dtype)  # many are equal
    x[rng.random(x.shape) < 0.1] = np.nan if seed % 2 else -np.inf
    x[:, ..., : size[-1] // 2] = -np.inf if seed % 3 == 0 else 1
    places = places_of(size, tuple(kernel), stride, padding, dilation)
    windows = plain_pooling.strided_windows(size, places, kernel, stride, padding, dilation)
    _, where = plain_pooling.max_pool(x, windows, places)
    g = rng.standard_normal(where.shape).astype(dtype)
    yield "max_pool", (x,), (windows, places)
    yield "max_pool_back", (g, where), (size, False)
    yield "window_sum", (x,), (windows, places)
    yield "window_spread", (g,), (windows, size)


def both(call: Call) -> tuple[Any, Any]:
    name, arrays, rest = call
    modules: Any = (compiled, plain) if name in CONVOLUTIONS else (pooling, plain_pooling)
    return tuple(getattr(module, name)(*arrays, *rest) for module in modules)  # type: ignore[return-value]


def agree(call: Call) -> None:
    got, wanted = both(call)
    assert got is not NotImplemented
    if call[0] in CONVOLUTIONS:
        assert got.shape == wanted.shape and got.dtype == wanted.dtype
        least = np.abs(wanted).max(initial=1)
        tolerance = least * (1e-5 if got.dtype == np.float32 else 1e-13)
        np.testing.assert_allclose(got, wanted, rtol=0, atol=tolerance, err_msg=str(call[0]))
    else:  # the same bits
        for one, other in zip(*((a if isinstance(a, tuple) else (a,)) for a in (got, wanted)), strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other, err_msg=str(call[0]))


@pytest.mark.parametrize("seed", range(len(SHAPES) + 16))
def test_convolutions_as_plain(seed: int) -> None:
    for dtype in ("f4", "f8"):
        for call in convolutions(*drawn(seed, dtype)):
            agree(call)


@pytest.mark.parametrize("seed", range(24))
def test_pooling_as_plain(seed: int) -> None:
    for dtype in ("f4", "f8"):
        for call in pools(seed, dtype):
            agree(call)


def test_any_layout() -> None:
    rng = np.random.default_rng(0)
    how = ((1, 1), (1, 1), (1, 1), 1)
    numbers = rng.standard_normal((6, 5, 4, 3)).astype("f4")
    frozen = numbers.copy()
    frozen.setflags(write=False)
    for x in (numbers.T, numbers[::-1, :, ::-2], np.broadcast_to(numbers[:1], (4, 5, 4, 3)), frozen):
        w = rng.standard_normal((3, 3, 4, x.shape[1])).astype("f4").transpose(0, 3, 1, 2)
        for call in convolutions(x, w, how, rng):
            agree(call)
            name, arrays, rest = call
            agree((name, (np.asfortranarray(arrays[0]), *arrays[1:]), rest))
        windows = plain_pooling.strided_windows(x.shape[2:], x.shape[2:], (3, 3), (1, 1), (1, 1), (1, 1))
        for kernel in ("max_pool", "window_sum", "window_spread"):
            agree((kernel, (x,), (windows, x.shape[2:])))


def test_what_they_are_not_meant_for_is_left_to_numpy() -> None:
    one, none = (1, 1), (0, 0)
    for x in (np.ones((2, 3, 4, 4), "i8"), np.ones((2, 3, 4, 4), "f2"), np.ones((0, 3, 4, 4), "f4")):
        w, g = np.ones((2, 3, 1, 1), x.dtype), np.ones((len(x), 2, 4, 4), x.dtype)
        assert compiled.convolution(x, w, None, one, none, one, 1) is NotImplemented
        assert compiled.convolution_input(g, w, (4, 4), one, none, one, 1) is NotImplemented
        assert compiled.convolution_weight(g, x, one, one, none, one, 1) is NotImplemented
        assert pooling.max_pool(x, ([(slice(0, 4), slice(0, 4, 1))],) * 2, (4, 4)) is NotImplemented
    four = np.ones((1, 1, 2, 2, 2, 2), "f4")
    assert compiled.convolution(four, four, None, one * 2, none * 2, one * 2, 1) is NotImplemented
    adaptive = plain_pooling.adaptive_windows((4, 4), (3, 3))
    assert pooling.window_sum(np.ones((1, 4, 4), "f4"), adaptive, (3, 3)) is NotImplemented
    for place in (-1, 4):  # beside the image
        assert pooling.max_pool_back(np.ones((1, 2), "f4"), np.array([[0, place]]), (4,), False) is NotImplemented


def test_nan_stays_where_it_is_met() -> None:
    """Elements that are computed only to be dropped reach nothing: not even as 0 * inf."""
    x, w = np.ones((1, 1, 4, 4), "f4"), np.ones((20, 1, 2, 2), "f4")
    x[0, 0, 0, 0] = np.inf
    how = ((1, 1), (0, 0), (1, 1), 1)
    out = compiled.convolution(x, w, None, *how)
    assert np.isinf(out[0, 0]).sum() == 1 and not np.isnan(out).any()
    share = compiled.convolution_weight(np.ones_like(out), x, (2, 2), *how)
    assert np.isinf(share[0, 0]).sum() == 1 and not np.isnan(share).any()


@pytest.mark.parametrize("seed", range(len(SHAPES) + 4))
def test_nothing_is_written_beside_the_arrays(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = (*convolutions(*drawn(seed, "f4")), *pools(seed, "f4"))
    for call in calls:
        both(call)  # it is compiled with NumPy itself
    guarded = Guarded()
    for module in (compiled, pooling):
        monkeypatch.setattr(module, "np", guarded)
    for name, arrays, rest in calls:
        inputs = [None if a is None else guarded.between(a) for a in arrays]
        made = len(guarded.made)
        getattr(compiled if name in CONVOLUTIONS else pooling, name)(*inputs, *rest)
        assert len(guarded.made) > made  # the result, and what it was computed with, were among them
        for given, still in zip(arrays, inputs, strict=True):
            np.testing.assert_array_equal(given, still)
    guarded.check()


@pytest.mark.parametrize("number", [1, 2])
def test_same_input_same_bits(number: int) -> None:
    threads.set_threads(number)
    rng = np.random.default_rng(4)
    x, w = rng.standard_normal((9, 8, 20, 20)).astype("f4"), rng.standard_normal((16, 8, 3, 3)).astype("f4")
    for name, arrays, rest in convolutions(x, w, ((1, 1), (1, 1), (1, 1), 1), rng):
        first = getattr(compiled, name)(*arrays, *rest)
        agree((name, arrays, rest))
        for _ in range(3):
            np.testing.assert_array_equal(first, getattr(compiled, name)(*arrays, *rest))


@pytest.mark.parametrize("size", [(28, 28), (200, 200), (9000,), (16, 20, 24)])
def test_how_much_memory_they_take(size: tuple[int, ...]) -> None:
    """Beside the result: what the module's first lines say, a small part of what the windows would be."""
    kernel, one, two = (5,) * len(size), (1,) * len(size), (2,) * len(size)
    x, w = np.ones((16, 8, *size), "f4"), np.ones((8, 8, *kernel), "f4")
    padded = 8 * 4 * int(np.prod([n + 4 for n in size]))
    line = 4 * 16 * size[-1]
    small = (1 << 16) + 2 * w.nbytes  # the run of sums, the weights in other orders, Python's own
    for name, arrays, rest, allowed in (
        ("convolution", (x, w, None), (), padded),
        ("convolution_input", (x, w), (size,), padded),
        ("convolution_weight", (x, x), (kernel,), max(padded, compiled.NEAR) + max(line, compiled.NEAR)),
    ):
        call = getattr(compiled, name)
        call(*arrays, *rest, one, two, one, 1)
        tracemalloc.start()
        result = call(*arrays, *rest, one, two, one, 1)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak - result.nbytes < allowed + small, name


def test_the_tiles_do_what_their_loops_say() -> None:
    rng = np.random.default_rng(6)
    for dtype in ("f4", "f8"):
        lanes = tiles.WIDTH // np.dtype(dtype).itemsize
        x, w = rng.standard_normal(900).astype(dtype), rng.standard_normal(7 * tiles.ROWS + 3).astype(dtype)
        g = rng.standard_normal(6 * 2 * lanes + 5).astype(dtype)
        table = rng.integers(0, 300, 9 + tiles.ROWS)
        pitch = 3 * lanes + 1
        for rows in range(1, tiles.ROWS + 1):
            for vectors in range(1, tiles.VECTORS + 1):
                for count in (0, 7):
                    results = []
                    for tile in (tiles._product_fast, tiles._product_checked):
                        out = np.zeros(tiles.ROWS * pitch + 2, dtype)
                        tile(rows, vectors, lanes, w, 3, x, 2, table, 1, count, out, 2, pitch)
                        results.append(out)
                    np.testing.assert_allclose(*results, rtol=1e-4, atol=1e-5)
            for vectors in (1, 2):
                results = []
                for tile in (tiles._outer_fast, tiles._outer_checked):
                    out = np.ones(tiles.ROWS * 2 * lanes + 2, dtype)
                    tile(rows, vectors, lanes, x, 2, table, 1, g, 5, out, 2, 2 * lanes, 2, 3, 11)
                    results.append(out)
                np.testing.assert_allclose(*results, rtol=1e-4, atol=1e-5)


def test_the_tile_of_a_processor() -> None:
    assert tiles.shape_for("+sse2,+avx,+avx2,+fma,-avx512f", "x86_64") == (32, 4, 3)
    assert tiles.shape_for("", "x86_64") == (16, 4, 2)
    assert tiles.shape_for("+neon", "arm64") == (16, 8, 3)


def test_a_plan_covers_each_element_of_the_input_once() -> None:
    for stride, padding, kernel, size in [
        ((1, 2, 3), (0, 1, 2), (1, 3, 2), (1, 7, 8)), ((3, 1, 2), (4, 0, 1), (1, 3, 2), (5, 6, 4)),
    ]:  # fmt: skip
        plan = offsets.input_plan(1, 1, 1, size, kernel, stride, padding, (1, 1, 1))
        met = np.zeros(size, int)
        for _, _, _, lines, columns, high, wide, down, across, _, start in plan.jobs:
            plane = met[start // (size[1] * size[2])]
            plane[high : high + (lines - 1) * down + 1 : down, wide : wide + (columns - 1) * across + 1 : across] += 1
        assert (met == 1).all()


@pytest.mark.slow
@pytest.mark.parametrize("features", ["+avx2,+avx,+fma,+sse4.2", "+sse2"])
def test_other_processors(features: str) -> None:
    import platform

    if platform.machine() != "x86_64":
        pytest.skip("features of x86")
    inner({"NUMBA_CPU_FEATURES": features, "NUMBA_CPU_NAME": "generic"}, "as_plain or tiles")


@pytest.mark.slow
def test_every_index_is_inside() -> None:
    inner({"TINYEDU_BOUNDS_CHECK": "1"}, "plain or beside or layout")


def inner(environment: dict[str, str], which: str) -> None:
    if os.environ.get("TINYEDU_BOUNDS_CHECK") or os.environ.get("NUMBA_CPU_FEATURES"):
        pytest.skip("this is the inner run")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-k", which, __file__]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **environment}, timeout=900
    )
    assert done.returncode == 0, done.stdout[-2000:]
