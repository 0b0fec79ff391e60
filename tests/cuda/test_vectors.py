"""Elementwise kernels four elements at a time: for many of float32 that lie alike and begin aligned, and no others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_edu.kernels.devices import to_device, to_host
from tinygrad_edu.kernels.numba_cuda import elementwise

N = elementwise.FOURS_FROM
_random = np.random.default_rng(3)


def single(*shape: int) -> Any:
    return _random.standard_normal(shape).astype(np.float32)


@pytest.fixture
def fours(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each kernel that is launched takes four elements at a time."""
    found: list[bool] = []
    plain = elementwise._kernel

    def spy(*key: Any) -> Any:
        found.append(key[-1])
        return plain(*key)

    monkeypatch.setattr(elementwise, "_kernel", spy)
    return found


CASES: dict[str, tuple[bool, tuple[Any, ...], Callable[..., Any]]] = {
    "two arrays": (True, (single(N), single(N)), lambda a, b: a + b),
    "a number": (True, (single(N // 4, 4),), lambda a: a * 2.5),
    "a formula with branches": (True, (single(N),), lambda a: np.maximum(a, 0.25)),
    "alike, column by column": (True, (single(4, N // 4).T, single(4, N // 4).T), lambda a, b: a - b),
    "from an aligned element on": (True, (single(N + 4),), lambda a: np.negative(a[4:])),
    "from another element on": (False, (single(N + 1),), lambda a: np.negative(a[1:])),
    "one too many": (False, (single(N + 1),), np.sqrt),
    "few": (False, (single(4),), np.negative),
    "of another type": (False, (single(N).astype(np.float64),), np.negative),
    "to another type": (False, (single(N),), lambda a: a > 0),
    "a row for each row": (False, (single(N // 4, 4), single(4)), lambda a, b: a + b),
    "every second": (False, (single(2 * N),), lambda a: np.negative(a[::2])),
}


@pytest.mark.parametrize("name", CASES)
def test_same_numbers(name: str, fours: list[bool]) -> None:
    expected, arrays, compute = CASES[name]
    there = []
    for a in arrays:
        moved = to_device(np.ascontiguousarray(a.T if a.T.flags.c_contiguous else a))
        there.append(moved.transpose() if a.ndim > 1 and not a.flags.c_contiguous else moved)
    with np.errstate(invalid="ignore"):
        wanted = compute(*arrays)
    found = compute(*there)
    np.testing.assert_array_equal(to_host(found), wanted)
    assert fours == [expected]


def test_in_place(fours: list[bool]) -> None:
    a, b = single(N), single(N)
    there = to_device(a)
    there += to_device(b)
    np.testing.assert_array_equal(to_host(there), a + b)
    there[4 : N // 2] *= 2.0  # fewer than are worth it
    np.testing.assert_array_equal(to_host(there)[4 : N // 2], 2 * (a + b)[4 : N // 2])
    assert fours[0] and not fours[-1]
