"""Every compiled kernel beside the plain one: numbers, layouts, nan and inf, and memory that it must not touch.

With TINYEDU_BOUNDS_CHECK set (as `.ci/full` does in a process of its own) the same tests run with every index checked.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.guards import Guarded  # noqa: E402
from support.kernel_calls import CALLS, layouts  # noqa: E402

from tinygrad_edu.kernels import _find, choice, threads  # noqa: E402
from tinygrad_edu.kernels.numba_cpu import MODULES, functions, layout, more_steps, steps, warm  # noqa: E402

KERNELS = functions()
STEPS = {*steps.__all__, *more_steps.__all__}  # they change their arrays in place: see tests/optim/test_fused.py
PRODUCTS = {"matmul_plain", "matmul_tile"}  # chosen by name, not by size: see test_own_products.py
PLAIN = {name: _find(name) for name in KERNELS if name not in STEPS | PRODUCTS}


SINGLE = {"gelu", "gelu_back"}  # kernels for float32 only
IMAGES = {  # see test_compiled_images.py
    "convolution", "convolution_input", "convolution_weight", "max_pool", "max_pool_back", "window_spread", "window_sum"
}  # fmt: skip


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(threads, "WORTH", 1 << 12)  # where there are several threads, small arrays try them too
    before = threads.get_threads()
    threads.set_threads(1)
    yield
    threads.set_threads(before)


def test_places_beside_the_array_are_left_to_numpy() -> None:
    for place in (-6, 5):
        places = np.array([0, place])
        assert KERNELS["index_back"](np.ones((2, 3), "f4"), (5, 3), (places,)) is NotImplemented
        assert KERNELS["put_along"](np.ones(2, "f4"), places, 0, (5,)) is NotImplemented
        target = np.array([0, place])
        assert KERNELS["cross_entropy"](np.ones((2, 5), "f4"), target, None, -100, 0.0) is NotImplemented


def _several(result: Any) -> tuple[Any, ...]:
    return result if isinstance(result, tuple) else (result,)


def test_every_kernel_is_in_the_tables() -> None:
    assert set(KERNELS) == {*CALLS, *STEPS, *IMAGES, *PRODUCTS} == {*choice.WORTH, *PRODUCTS}
    assert {name.split(",")[0] for name, _ in warm.calls()} == set(KERNELS)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("name", CALLS)
def test_as_plain(name: str, dtype: str) -> None:
    tolerance = 2e-5 if dtype == "f4" else 1e-12
    for what, x in layouts(dtype):
        for arrays, rest in CALLS[name](x):
            with np.errstate(all="ignore"):
                wanted = PLAIN[name](*arrays, *rest)
            got = KERNELS[name](*arrays, *rest)
            if name in SINGLE and dtype == "f8":
                assert got is NotImplemented
                continue
            if got is NotImplemented:
                assert not arrays[0].size, what  # what is empty may be left to NumPy
                continue
            for a, b in zip(_several(got), _several(wanted), strict=True):
                assert np.shape(a) == np.shape(b) and a.dtype == b.dtype, what
                np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance, err_msg=f"{what} {rest}")


@pytest.mark.parametrize("name", CALLS)
def test_nan_and_inf_as_plain(name: str) -> None:
    rows = np.random.default_rng(2).normal(size=(7, 150)).astype("f4")
    for row, places in enumerate([[], [3], [149], [0, 70], [64], [5], [20]]):
        rows[row, places] = [np.nan, np.nan, np.inf, -np.inf, np.inf, -np.inf, np.nan][row]
    rows[5], rows[6] = -np.inf, np.nan
    for arrays, rest in (*CALLS[name](rows), *CALLS[name](rows.reshape(7, 15, 10))):
        with np.errstate(all="ignore"):
            wanted = PLAIN[name](*arrays, *rest)
        for a, b in zip(_several(KERNELS[name](*arrays, *rest)), _several(wanted), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", CALLS)
def test_what_it_is_not_meant_for_is_left_to_numpy(name: str) -> None:
    for dtype in ("i8", "f2", ">f4", "?"):
        for arrays, rest in CALLS[name](np.ones((3, 4), dtype)):
            assert KERNELS[name](*(a.astype(dtype) for a in arrays), *rest) is NotImplemented


SHAPES = [(1, 1), (3, 63), (3, 64), (2, 65), (5, 127), (2, 4097), (3, 4, 5), (2, 3, 1, 33)]
FORMS: dict[str, Any] = {  # how an input lies between its bands
    "row by row": lambda guarded, a: guarded.between(a),
    "backwards": lambda guarded, a: guarded.between(a[::-1])[::-1] if a.ndim else guarded.between(a),
    "turned": lambda guarded, a: guarded.between(a.T).T,
    "read-only": lambda guarded, a: frozen(guarded.between(a)),
}


def frozen(a: Any) -> Any:
    a.setflags(write=False)
    return a


@pytest.mark.parametrize("name", CALLS)
def test_nothing_is_written_beside_the_arrays(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for shape in ((2, 3), (2, 3, 4)):
        for arrays, rest in CALLS[name](np.ones(shape, "f4")):
            KERNELS[name](*arrays, *rest)  # it is compiled with NumPy itself
    guarded = Guarded()
    for module in (*MODULES, "layout"):
        monkeypatch.setattr(import_module(f"tinygrad_edu.kernels.numba_cpu.{module}"), "np", guarded)
    for shape in SHAPES:
        x = np.random.default_rng(3).normal(size=shape).astype("f4")
        for arrays, rest in CALLS[name](x):
            for form in FORMS.values() if shape in ((5, 127), (3, 4, 5)) else [FORMS["row by row"]]:
                inputs = [form(guarded, a) for a in arrays]
                before = len(guarded.made)
                assert KERNELS[name](*inputs, *rest) is not NotImplemented
                assert len(guarded.made) > before  # the results are among them
                for given, still in zip(arrays, inputs, strict=True):
                    np.testing.assert_array_equal(given, still)
    guarded.check()


def test_the_bands_show_what_is_written_there() -> None:
    guarded = Guarded()
    inside = guarded.between(np.ones(3, "f4"))
    np.lib.stride_tricks.as_strided(inside, (4,))[3] = 1
    with pytest.raises(AssertionError):
        guarded.check()


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("number", [1, 2])
def test_same_input_same_bits(name: str, number: int) -> None:
    threads.set_threads(number)
    for shape in ((300, 1000), (3, 100, 900)):
        for arrays, rest in CALLS[name](np.random.default_rng(4).normal(size=shape).astype("f4")):
            first, again = KERNELS[name](*arrays, *rest), KERNELS[name](*arrays, *rest)
            for a, b in zip(_several(first), _several(again), strict=True):
                assert a.tobytes() == b.tobytes()


def test_without_dimensions_as_plain() -> None:
    """No kernel is called for so little, but each may be: it computes, or leaves it to NumPy."""
    a = np.array(0.5, "f4")
    for name, rest in {
        "silu": (), "gelu": ("none",), "dropout": (3, 0, 0.5), "softmax": (0,), "log_softmax": (0,),
        **dict.fromkeys(("sum", "mean", "amax", "amin", "logsumexp"), ((), False)), "var": ((), 1, False),
    }.items():  # fmt: skip
        got = KERNELS[name](a, *rest)
        if got is not NotImplemented:
            wanted = PLAIN[name](a, *rest)
            for one, other in zip(_several(got), _several(wanted), strict=True):
                assert np.shape(one) == ()
                np.testing.assert_allclose(one, other, rtol=1e-6)


def test_several_threads_of_python_at_once() -> None:
    threads.set_threads(2)
    x = np.random.default_rng(5).normal(size=(400, 1000)).astype("f4")
    wanted, wrong = KERNELS["softmax"](x, 1), []

    def work() -> None:
        for _ in range(10):
            if not np.array_equal(KERNELS["softmax"](x, 1), wanted):
                wrong.append(1)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


FORKED = """
import multiprocessing, sys
import numpy as np
from tinygrad_edu.kernels import kernels, threads

def work(queue):
    queue.put(float(kernels.softmax(np.ones((400, 1000), "f4"), 1).sum()))

if __name__ == "__main__":
    threads.set_threads(2)
    threads.WORTH = 1 << 12
    kernels.softmax(np.ones((400, 1000), "f4"), 1)  # the threads of the parent have started
    context = multiprocessing.get_context(sys.argv[1])
    queue = context.Queue()
    child = context.Process(target=work, args=(queue,))
    child.start()
    print(round(queue.get(timeout=120)), flush=True)
    child.join()
    print(child.exitcode)
"""


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_child_process_computes(method: str, tmp_path: Any) -> None:
    import multiprocessing

    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} here")
    program = tmp_path / "program.py"
    program.write_text(FORKED)
    done = subprocess.run([sys.executable, program, method], capture_output=True, text=True, check=False, timeout=300)
    assert done.stdout.split() == ["400", "0"], done.stderr


@pytest.mark.slow
@pytest.mark.skipif(bool(os.environ.get("TINYEDU_BOUNDS_CHECK")), reason="this is the inner run")
def test_every_index_is_inside() -> None:
    steps_too = str(Path(__file__).resolve().parents[1] / "optim" / "test_fused.py")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-k", "plain or beside", __file__]
    command.append(steps_too)
    environment = {**os.environ, "TINYEDU_BOUNDS_CHECK": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=900)
    assert done.returncode == 0, done.stdout[-2000:]


def test_exp_is_exact_and_knows_the_ends() -> None:
    import numba

    from tinygrad_edu.kernels.numba_cpu.elementary import exp

    def each(x: Any, out: Any) -> None:
        for i in range(x.size):
            out[i] = exp(x[i])

    run = numba.njit(each)
    for dtype, low, high in ((np.float32, -104.0, 89.0), (np.float64, -746.0, 710.0)):
        x = np.concatenate([np.linspace(low, high, 20011), [0.0, -0.0, np.inf, -np.inf, np.nan, 1e30, -1e30]])
        x = x.astype(dtype)
        out = np.empty_like(x)
        run(x, out)
        with np.errstate(all="ignore"):
            exact = np.exp(x.astype(np.longdouble)).astype(dtype)
        small = np.finfo(dtype).tiny
        with np.errstate(invalid="ignore"):  # inf - inf
            error = np.abs(out - exact) / np.maximum(np.abs(exact), small)
        assert np.nanmax(error[np.isfinite(exact)]) < 2 * np.finfo(dtype).eps
        np.testing.assert_array_equal(out[~np.isfinite(exact)], exact[~np.isfinite(exact)])


def test_the_exp_beside_one_is_that_exp() -> None:
    import numba

    from tinygrad_edu.kernels.numba_cpu.elementary import exp_beside_one

    def each(x: Any, out: Any) -> None:
        for i in range(x.size):
            out[i] = 1 + exp_beside_one(x[i])

    x = np.concatenate([np.linspace(-150, 88.3, 20011), [89, 100, np.inf, -np.inf, np.nan, 1e30, -1e30]]).astype("f4")
    out = np.empty_like(x)
    numba.njit(each)(x, out)
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(out, 1 + np.exp(x.astype("f8")).astype("f4"), rtol=3e-7)


def test_layout_of_what_cannot_be_a_row() -> None:
    x = np.ones((2, 3, 4), "f4")
    assert layout.folded(x, (0,)) is None and layout.folded(x, ()) is None and layout.folded(x, (0, 2)) is None
    rows = layout.folded(x, (1, 2))
    assert rows is not None and rows.shape == (2, 12)


def test_a_reduction_over_any_dimensions_is_one_of_four() -> None:
    def sizes(a: Any, *axes: int) -> tuple[int, ...]:
        grid = layout.arranged(a, axes)
        assert grid is not None
        return tuple(grid.x.shape)

    x = np.ones((2, 3, 4, 5), "f4")
    assert sizes(x, 3) == (24, 1, 1, 5) and sizes(x, 0) == (1, 2, 60, 1) and sizes(x, 1, 2) == (2, 12, 5, 1)
    assert sizes(x, 0, 2, 3) == (1, 2, 3, 20) and sizes(x, 1, 3) == (2, 3, 4, 5) and sizes(x, 0, 1, 2, 3)[3] == 120
    assert sizes(x, 0, 2) == (15, 1, 1, 8)  # laid out anew
    assert sizes(x.transpose(3, 2, 1, 0), 3) == (1, 2, 60, 1)  # as it lies in memory
    grid = layout.arranged(x.T, (0,))
    assert grid is not None and np.shares_memory(grid.x, x)


def test_a_long_row_loses_no_digits() -> None:
    x = np.full(1 << 20, -0.1, "f4")  # equal numbers are rounded alike, so that errors do not balance
    x[0] = 0
    exact = np.log(np.exp(x.astype("f8")).sum())
    assert abs(KERNELS["logsumexp"](x, (0,), False) - exact) < 1.1 * np.spacing(np.float32(exact))
    x, wanted = x[None], np.exp(x.astype("f8") - exact)[None]
    assert abs(KERNELS["log_softmax"](x, 1) - np.log(wanted)).max() < 2e-6
    assert abs(KERNELS["softmax"](x, 1) / wanted - 1).max() < 5e-7  # two units of exp, two roundings
    g, soft = np.full_like(x, 0.3), wanted.astype("f4")
    total = float(g.astype("f8").sum())
    log_back = KERNELS["log_softmax_back"](g, np.log(soft), 1)
    assert abs(log_back - (g - wanted * total)).max() < 1e-6
    back = KERNELS["softmax_back"](g, soft, 1)
    share = (g.astype("f8") * soft).sum()
    assert abs(back - soft * (g.astype("f8") - share)).max() < 1e-6 * float(soft.max())


@pytest.mark.parametrize("axis", [0, 1, (0, 1)])
def test_the_error_of_single_precision_is_no_worse_than_numpys(axis: Any) -> None:
    axes = axis if isinstance(axis, tuple) else (axis,)
    for low in (0.0, -1.0):
        x = np.random.default_rng(7).uniform(low, 1, (1000, 1013)).astype("f4")
        for name, rest in (("sum", ()), ("mean", ()), ("var", (1,))):
            exact = PLAIN[name](x.astype("f8"), axes, *rest, False)
            ours, numpys = (np.abs(table[name](x, axes, *rest, False) - exact).mean() for table in (KERNELS, PLAIN))
            assert ours <= numpys * 1.05 or ours < 1e-7 * np.abs(exact).mean(), (name, low, ours, numpys)
