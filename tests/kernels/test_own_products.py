"""The two matrix products written here: beside NumPy's, in every layout, inside guard bands, and how one is chosen."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.guards import Guarded  # noqa: E402

from tinygrad_edu.kernels import threads  # noqa: E402

NAMES = ("plain", "tile")
# Around the sizes of tiles (6 and 12 rows, 8 to 64 columns) and blocks (128 and 192 deep, 72 to 192 high, 256 wide).
SIZES = [
    (1, 1, 1), (2, 3, 4), (5, 1, 7), (12, 256, 32), (13, 257, 33), (11, 255, 31), (24, 16, 64), (200, 300, 70),
    (193, 129, 257), (70, 520, 300),
]  # fmt: skip


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(threads, "WORTH", 1 << 12)  # where there are several threads, small arrays try them too
    before = threads.get_threads()
    threads.set_threads(1)
    yield
    threads.set_threads(before)


def kernel(name: str) -> Any:
    pytest.importorskip("numba")
    from tinygrad_edu.kernels.numba_cpu import products

    return getattr(products, f"matmul_{name}")


def pair(m: int, k: int, n: int, dtype: str = "f4") -> tuple[Any, Any]:
    random = np.random.default_rng(m * k + n)
    return random.normal(size=(m, k)).astype(dtype), random.normal(size=(k, n)).astype(dtype)


def close(got: Any, a: Any, b: Any) -> None:
    wanted = np.matmul(a.astype("f8"), b.astype("f8"))
    assert got.dtype == a.dtype and got.shape == wanted.shape
    scale = np.matmul(np.abs(a).astype("f8"), np.abs(b).astype("f8"))  # each sum's rounding is a share of this
    assert (np.abs(got - wanted) <= 8 * np.finfo(a.dtype).eps * scale + 1e-30).all()


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("name", NAMES)
def test_as_numpy(name: str, dtype: str) -> None:
    product = kernel(name)
    for size in SIZES:
        a, b = pair(*size, dtype)
        close(product(a, b), a, b)
    a, b = pair(20, 40, 50, dtype)
    for x, y in [(a.T.copy().T, b), (a[::-1, ::2], b[::2, ::-3]), (np.broadcast_to(a[0], (3, 40)), b)]:
        close(product(x, y), x, y)
    frozen = b.copy()
    frozen.setflags(write=False)
    close(product(a, frozen), a, b)
    empty = product(a[:, :0], b[:0])
    assert empty.shape == (20, 50) and not empty.any()
    assert product(a[:0], b).shape == (0, 50) and product(a, b[:, :0]).shape == (20, 0)


@pytest.mark.parametrize("name", NAMES)
def test_batches_broadcast(name: str) -> None:
    product, random = kernel(name), np.random.default_rng(1)
    shapes = [((3, 4, 5, 6), (3, 4, 6, 7)), ((4, 1, 5, 6), (3, 6, 7)), ((5, 6), (2, 6, 7)), ((0, 5, 6), (6, 7))]
    for left, right in shapes:
        a, b = random.normal(size=left).astype("f4"), random.normal(size=right).astype("f4")
        close(product(a, b), a, b)


@pytest.mark.parametrize("name", NAMES)
def test_nan_and_inf_go_where_they_go_in_numpy(name: str) -> None:
    a, b = pair(30, 40, 50)
    a[3, 7], a[9, 39], b[0, 49] = np.nan, np.inf, -np.inf
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(kernel(name)(a, b), a @ b, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_what_it_is_not_meant_for_is_left_to_numpy(name: str) -> None:
    a, b = pair(3, 4, 5)
    for x, y in [(a[0], b), (a, b[:, 0]), (a.astype("i8"), b.astype("i8")), (a, b.astype("f8")), (a.astype("f2"),) * 2]:
        assert kernel(name)(x, y) is NotImplemented


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_written_beside_the_arrays(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    product, guarded = kernel(name), Guarded()
    product(*pair(2, 2, 2))  # it is compiled with NumPy itself
    monkeypatch.setitem(product.__globals__, "np", guarded)
    for size in SIZES:
        a, b = pair(*size)
        close(product(guarded.between(a), guarded.between(b)), a, b)
    guarded.check()
    assert len(guarded.made) >= 3 * len(SIZES)


@pytest.mark.parametrize("name", NAMES)
def test_same_threads_same_bits_and_any_number_of_them(name: str) -> None:
    a, b = pair(400, 300, 500)
    alone = kernel(name)(a, b)
    for many in (2, 3):
        threads.set_threads(many)
        first = kernel(name)(a, b)
        np.testing.assert_array_equal(first, kernel(name)(a, b))
        np.testing.assert_array_equal(first, alone)  # rows are shared out, and a row is summed in the same order


def test_a_choice_is_used_for_every_product_and_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    from tinygrad_edu.kernels import choice, matmul_choice

    called: list[str] = []
    table = choice.compiled_kernels()
    if table is None:
        pytest.skip("NumPy computes everything here")
    for name in NAMES:
        own = table[f"matmul_{name}"]
        told = lambda a, b, name=name, own=own: called.append(name) or own(a, b)  # noqa: E731
        monkeypatch.setitem(table, f"matmul_{name}", told)
    a, b = (tg.tensor(x, requires_grad=True) for x in pair(3, 4, 5))
    wanted = a @ b
    for name in NAMES:
        called.clear()
        with tg.use_matmul(name):
            assert tg.get_matmul() == name and name in matmul_choice.why_matmul()
            out = a @ b
            out.sum().backward()
            with tg.use_backend("numpy"):
                assert tg.allclose(a @ b, wanted)
                assert "though" in matmul_choice.why_matmul()
        assert called == [name] * 3  # forwards, and both gradients
        assert tg.allclose(out, wanted, atol=1e-6)
    assert tg.get_matmul() == "blas" and "BLAS" in matmul_choice.why_matmul()
    tg.set_matmul("plain")
    tg.set_matmul("blas")
    with tg.use_matmul("tile"):
        assert tg.tensor([1.0, 2.0]) @ tg.tensor([3.0, 4.0]) == 11


def test_unknown_names_and_a_missing_numba(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'blas', 'plain', 'tile'"):
        tg.set_matmul("fast")
    (tmp_path / "numba.py").write_text("raise ImportError('no')\n")

    def run(program: str, **variables: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", "import tinygrad_edu as t; " + program], capture_output=True, text=True, check=False,
            env={**os.environ, **variables},
        )  # fmt: skip
        return done.stdout + done.stderr

    program = "a = t.ones(2, 2); print(t.get_matmul(), (a @ a).sum().item())"
    assert "TINYEDU_MATMUL: 'fast' is unknown" in run(program, TINYEDU_MATMUL="fast")
    assert run(program, TINYEDU_MATMUL="tile", PYTHONPATH=str(tmp_path)) == "tile 8.0\n"
    told = run("t.set_matmul('plain')", PYTHONPATH=str(tmp_path))
    assert "RuntimeError: set_matmul('plain'): Numba cannot be imported" in told
