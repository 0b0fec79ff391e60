"""Elementwise kernels: how many elements each layout is read by, and that the numbers are NumPy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_edu.kernels.devices import to_device, to_host
from tinygrad_edu.kernels.numba_cuda import elementwise, mapping, turning

_random = np.random.default_rng(3)
SQUARES = 0  # of shared memory
S = turning.SIDE  # of which there are cut squares and whole ones
A, B, C, D = 2 * S + 1, 2 * S - 1, S + 1, S + 2


def single(*shape: int) -> Any:
    return _random.standard_normal(shape).astype(np.float32)


def whole(*shape: int) -> Any:
    return _random.integers(-9, 9, shape)


def rolled(a: Any, by: int = 1) -> Any:
    """The axes moved on, so that the last comes first."""
    return a.transpose(*[(d + by) % a.ndim for d in range(a.ndim)])


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many elements at once each kernel reads that is launched."""
    found: list[int] = []
    plain = elementwise.plan

    def spy(*key: Any) -> Any:
        made = plain(*key)
        found.append(made.group)
        return made

    monkeypatch.setattr(elementwise, "plan", spy)
    return found


# How many elements at once, arrays that lie row by row, and what is computed of them.
CASES: dict[str, tuple[int, tuple[Any, ...], Callable[..., Any]]] = {
    "two arrays": (4, (single(67), single(67)), lambda a, b: a + b),
    "a number": (4, (single(9, 4),), lambda a: a * 2.5),
    "a formula with branches": (4, (single(30),), lambda a: np.maximum(a, 0.25)),
    "fewer than a group": (4, (single(3),), np.negative),
    "no dimension": (4, (single(), single()), lambda a, b: a - b),
    "an array without dimensions": (4, (single(19), single()), lambda a, b: a / b),
    "an array of one element": (4, (single(3, 7), single(1, 1)), lambda a, b: b - a),
    "alike, column by column": (4, (single(4, 6), single(4, 6)), lambda a, b: a.T - b.T),
    "a batch, axes moved on alike": (4, (single(3, 4, 5), single(3, 4, 5)), lambda a, b: rolled(a) * rolled(b)),
    "from an aligned element on": (4, (single(23),), lambda a: np.negative(a[4:])),
    "from the second element on": (2, (single(23),), lambda a: np.negative(a[2:])),
    "from an odd element on": (1, (single(71),), lambda a: np.negative(a[1:])),
    "float64": (2, (single(9).astype(np.float64),), np.negative),
    "float16": (8, (single(43).astype(np.float16),), lambda a: a + a),
    "int64": (2, (whole(21), whole(21)), lambda a, b: a - b),
    "int32": (4, (whole(21).astype(np.int32),), lambda a: a * 3),
    "bytes": (8, (whole(43).astype(np.uint8), whole(43).astype(np.uint8)), lambda a, b: a ^ b),
    "logic": (8, (whole(43) > 0, whole(43) > 0), lambda a, b: a & ~b),
    "a comparison": (4, (single(43),), lambda a: a > 0),
    "chosen": (4, (whole(43) > 0, single(43), single(43)), np.where),
    "float32 and float64": (2, (single(11), whole(11) / 7), lambda a, b: a + b),
    "a conversion of float16": (4, (single(21).astype(np.float16),), lambda a: a.astype(np.float32)),
    "a bias": (4, (single(5, 12), single(12)), lambda a, b: a + b),
    "a bias, in twos": (2, (single(5, 6), single(6)), lambda a, b: a + b),
    "a bias of one group": (4, (single(5, 4), single(4)), lambda a, b: a + b),
    "a bias of an odd length": (1, (single(5, 7), single(7)), lambda a, b: a + b),
    "less the lines' means": (4, (single(5, 8), single(5, 1)), lambda a, b: a - b),
    "two that are broadcast": (4, (single(5, 1), single(8)), lambda a, b: a * b),
    "channels": (4, (single(2, 3, 2, 4), single(3, 1, 1)), lambda a, b: a * b),
    "channels last": (4, (single(2, 3, 2, 4), single(2, 1, 2, 1)), lambda a, b: a * b),
    "channels of nine pixels": (1, (single(2, 3, 3, 3), single(3, 1, 1)), lambda a, b: a * b),
    "rows of a wider array": (4, (single(4, 12),), lambda a: np.negative(a[:, 4:])),
    "rows of an odd array": (1, (single(4, 13),), lambda a: np.negative(a[:, :8])),
    "every second": (1, (single(40),), lambda a: np.negative(a[::2])),
    "backwards": (1, (single(3, 8),), lambda a: np.negative(a[::-1, ::-1])),
    "lines backwards": (4, (single(3, 8),), lambda a: np.negative(a[::-1])),
    "five dimensions": (1, (single(3, 4, 3, 4, 3),), lambda a: np.negative(a[::2, ::2, ::2, ::2, ::2])),
    "six dimensions": (2, (single(4, 2, 4, 2, 4, 2), single(2, 1, 2, 1, 2)), lambda a, b: a[:, :, ::2, :, ::2] - b),
    "one array of three dimensions, others of one": (4, (single(2, 3, 4), single(4), single(1, 3, 1)),
                                                     lambda a, b, c: np.where(a > 0, b, c)),
    "a transpose": (SQUARES, (single(A, B),), lambda a: a.T.copy()),
    "a transpose and rows": (SQUARES, (single(A, B), single(B, A)), lambda a, b: a.T - b),
    "a transpose and a bias": (SQUARES, (single(A, B), single(A)), lambda a, b: a.T * b),
    "two transposes and a number": (SQUARES, (single(C, D), single(C, D), single(D, C)),
                                    lambda a, b, c: np.where(a.T > 0, b.T, c)),
    "a transpose that is compared": (SQUARES, (single(A, B), single(B, A)), lambda a, b: a.T > b),
    "transposed matrices of a batch": (SQUARES, (single(2, C, D), single(2, D, C)), lambda a, b: a.swapaxes(1, 2) + b),
    "transposed matrices of two batches": (SQUARES, (single(3, 2, C, 8), single(2, 3, 8, C)),
                                           lambda a, b: a.transpose(1, 0, 3, 2) + b),
    "channels to the end": (SQUARES, (single(2, 8, 3, C), single(2, 3, C, 8)), lambda a, b: rolled(a[0])[None] + b),
    "transposed bytes": (SQUARES, (whole(A, B) > 0, whole(B, A) > 0), lambda a, b: a.T & b),
    "transposed float16": (SQUARES, (single(D, C).astype(np.float16), single(C, D)), lambda a, b: a.T + b),
    "transposed numbers of 64 bits": (SQUARES, (whole(D, C), single(C, D)), lambda a, b: a.T - b),
    "heads change places with time": (4, (single(2, 3, 2, 4), single(2, 2, 3, 4)), lambda a, b: a.swapaxes(1, 2) + b),
    "few columns": (1, (single(9, 2), single(2, 9)), lambda a, b: a.T + b),
}  # fmt: skip
QUICK = ("two arrays", "a bias", "a transpose and rows", "chosen")


@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in CASES])
def test_same_numbers(name: str, groups: list[int]) -> None:
    expected, arrays, compute = CASES[name]
    with np.errstate(invalid="ignore"):
        wanted = compute(*arrays)
    found = compute(*map(to_device, arrays))
    np.testing.assert_array_equal(to_host(found), wanted, strict=True)
    assert groups[-1] == expected


@pytest.mark.slow
@pytest.mark.parametrize("name", ["channels", "six dimensions", "backwards", "transposed matrices of two batches"])
def test_the_same_numbers_with_places_of_64_bits(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elementwise, "NARROW", 0)
    _, arrays, compute = CASES[name]
    np.testing.assert_array_equal(to_host(compute(*map(to_device, arrays))), compute(*arrays))


# What is done to an array of 4 x 8, in place: what is written to may be read elsewhere as well.
IN_PLACE: dict[str, Callable[[Any], None]] = {
    "from another place": lambda a: a.__setitem__(slice(1, None), a[:-1].copy()),
    "less its own first line": lambda a: a.__isub__(a[0]),
    "divided by its own last element": lambda a: a.__itruediv__(a[3, 7]),
    "less its own first column": lambda a: a.__isub__(a[:, :1]),
    "one on": lambda a: a.__setitem__((slice(None), slice(1, None)), a[:, :-1]),
    "one back": lambda a: a.__setitem__(slice(None, -1), a[1:]),
    "the other way round": lambda a: a.__setitem__(Ellipsis, a[::-1, ::-1]),
    "itself": lambda a: a.__iadd__(a),
    "a part that begins oddly": lambda a: a[1:, 3:].__imul__(2.0),
    "half of it and the other half": lambda a: a[:2].__iadd__(a[2:]),
    "a square and its transpose": lambda a: a[:, :4].__iadd__(a[:, :4].T),
}


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) for n in IN_PLACE])
def test_in_place(name: str) -> None:
    a = single(4, 8)
    there = to_device(a)
    IN_PLACE[name](a)
    IN_PLACE[name](there)
    np.testing.assert_array_equal(to_host(there), a)


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 4)])
def test_nothing_is_launched_for_nothing(shape: tuple[int, ...], groups: list[int]) -> None:
    there = to_device(single(*shape))
    assert (there + there).shape == (there * 2).shape == there.copy().shape == shape
    assert not groups


def test_dividing_by_multiplying() -> None:
    """At the ends of its range, and beside every multiple of the divisor that might go wrong."""
    for n in (*range(2, 70), 127, 128, 129, 1000, 65537, 2**30 - 1, 2**30, 2**30 + 1, 2**31 - 1):
        packed = mapping.divider(n)
        multiplier, shift = packed & 0xFFFFFFFF, packed >> 32
        assert 0 <= shift < 32 and packed < 2**63
        last = (2**31 - 1) // n * n
        for x in (0, 1, n - 1, n, min(n + 1, 2**31 - 1), last - 1, last, 2**31 - 1):
            assert (x * multiplier >> 32) >> shift == x // n


def test_one_kernel_turns_arrays_of_every_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    """A card takes long to compile one, and none is ever forgotten."""
    made: set[int] = set()
    plain = elementwise.plan
    monkeypatch.setattr(elementwise, "plan", lambda *key: made.add(id(plain(*key).kernel)) or plain(*key))
    for rows in (B, C, D):
        a = single(rows, A)
        np.testing.assert_array_equal(to_host(np.negative(to_device(a).T, out=to_device(single(A, rows)))), -a.T)
    assert len(made) == 1
