"""Indexing with arrays, on the device and by NumPy: rows moved whole and in parts, places that repeat, 64 bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_edu.kernels.devices import to_device, to_host
from tinygrad_edu.kernels.numba_cuda import gathering

_random = np.random.default_rng(4)
ROWS = np.array([[3, 0, -1], [3, 2, 0]])
ONCE = np.array([4, 0, 2])  # for writing: which of the values stays where places repeat is open


def numbers(*shape: int, kind: Any = np.float32) -> Any:
    """Whole ones, which any order adds to the same sum."""
    return _random.integers(-9, 9, shape).astype(kind)


def there(index: Any) -> Any:
    if isinstance(index, tuple):
        return tuple(map(there, index))
    return to_device(index) if isinstance(index, np.ndarray) else index


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many elements at once each kernel moves."""
    found: list[int] = []
    plain = gathering._kernel

    def spy(*key: Any) -> Any:
        found.append(key[3])
        return plain(*key)

    monkeypatch.setattr(gathering, "_kernel", spy)
    return found


MASK = _random.random((5, 8)) > 0.5
# How many elements at once, an array, and an index.
READ: dict[str, tuple[int, Any, Any]] = {
    "rows": (4, numbers(5, 8), ROWS),
    "rows in twos": (2, numbers(5, 6), ROWS),
    "rows of an odd length": (1, numbers(5, 7), ROWS),
    "rows of one group": (4, numbers(5, 4), ROWS),
    "rows of float16": (8, numbers(5, 16, kind=np.float16), ROWS),
    "rows of float64": (2, numbers(5, 6, kind=np.float64), ROWS),
    "rows of bytes": (8, numbers(5, 8) > 0, ROWS),
    "single elements": (1, numbers(9), ROWS),
    "pairs of places": (1, numbers(5, 4), (ROWS, np.array([3, 1, 1]))),
    "matrices": (4, numbers(5, 3, 4), ROWS),
    "columns": (1, numbers(3, 5), (slice(None), ROWS)),
    "the middle": (4, numbers(2, 5, 4), (slice(None), ROWS)),
    "two that are apart": (1, numbers(4, 3, 5), (ROWS, slice(None), ROWS)),
    "by a mask": (1, numbers(5, 8), MASK),
    "rows by a mask": (4, numbers(5, 8), MASK[:, 0]),
    "no row": (4, numbers(5, 8), np.zeros((0,), int)),
}
# Likewise, and what is done there.
WRITTEN: dict[str, tuple[int, Any, Any, Callable[[Any, Any, Any], None]]] = {
    "a number": (4, numbers(5, 8), ONCE, lambda a, i, _: a.__setitem__(i, 2.0)),
    "rows": (4, numbers(5, 8), ONCE, lambda a, i, new: a.__setitem__(i, new(3, 8))),
    "the same row": (4, numbers(5, 8), ONCE, lambda a, i, new: a.__setitem__(i, new(8))),
    "where a mask is": (1, numbers(5, 8), MASK, lambda a, i, _: a.__setitem__(i, -1.0)),
    "add rows": (4, numbers(5, 8), ROWS, lambda a, i, new: np.add.at(a, i, new(2, 3, 8))),
    "add odd rows": (1, numbers(5, 7), ROWS, lambda a, i, new: np.add.at(a, i, new(2, 3, 7))),
    "add one": (4, numbers(5, 8), ROWS, lambda a, i, _: np.add.at(a, i, 1)),
    "add whole numbers": (2, numbers(5, 8, kind=np.int64), ROWS, lambda a, i, _: np.add.at(a, i, -3)),
    "keep the larger": (2, numbers(5, 8, kind=np.int64), ROWS, lambda a, i, new: np.maximum.at(a, i, new(2, 3, 8))),
    "add many to few": (1, numbers(3), np.arange(50) % 3, lambda a, i, new: np.add.at(a, i, new(50))),
}
QUICK = ("rows", "add rows", "pairs of places")


def marked(names: Any) -> list[Any]:
    return [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in names]


@pytest.mark.parametrize("name", marked(READ))
def test_reading(name: str, groups: list[int]) -> None:
    expected, a, index = READ[name]
    found = to_device(a)[there(index)]
    np.testing.assert_array_equal(to_host(found), a[index], strict=True)
    assert groups == ([expected] if found.size else [])


@pytest.mark.parametrize("name", marked(WRITTEN))
def test_writing(name: str, groups: list[int]) -> None:
    expected, a, index, act = WRITTEN[name]
    a, mine = a.copy(), to_device(a)
    new = numbers(60)
    act(mine, there(index), lambda *shape: to_device(new[: np.prod(shape)].reshape(shape)))
    act(a, index, lambda *shape: new[: np.prod(shape)].reshape(shape))
    np.testing.assert_array_equal(to_host(mine), a, strict=True)
    assert groups == [expected]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["the middle", "two that are apart"])
def test_reading_with_places_of_64_bits(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "NARROW", 0)
    _, a, index = READ[name]
    np.testing.assert_array_equal(to_host(to_device(a)[there(index)]), a[index])


@pytest.mark.slow
def test_a_part_that_begins_oddly_is_read_one_by_one(groups: list[int]) -> None:
    a = numbers(5, 9)
    np.testing.assert_array_equal(to_host(to_device(a)[:, 1:][there(ROWS)]), a[:, 1:][ROWS])
    np.testing.assert_array_equal(to_host(to_device(a[:, :8])[1:, 4:][there(ROWS)]), a[1:, 4:8][ROWS])
    assert groups == [1, 4]


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_nan_is_the_extreme(name: str) -> None:
    where, values = np.array([0, 0, 1, 2, 2]), np.array([1, np.nan, 2, np.nan, 3], np.float32)
    expected = np.zeros(4, np.float32)
    expected[3] = np.nan
    made = to_device(expected)
    where_too, values_too = np.append(where, 3), np.append(values, np.float32(7))
    with np.errstate(all="ignore"):
        getattr(np, name).at(expected, where_too, values_too)
    getattr(np, name).at(made, to_device(where_too), to_device(values_too))
    np.testing.assert_array_equal(to_host(made), expected)
