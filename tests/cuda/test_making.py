"""Arrays made on the device by a rule: NumPy's bits, and nothing copied from the CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as torch
from tinygrad_edu.kernels.devices import maker, to_host
from tinygrad_edu.kernels.numba_cuda import array, memory

CASES: list[tuple[str, tuple[Any, ...], Any]] = [
    ("arange", (7,), None), ("arange", (2, 11, 3), None), ("arange", (5, -4, -2), np.int32), ("arange", (3, 3), None),
    ("arange", (0, 2.5), None),
    ("arange", (0.1, 2.3, 0.3), None), ("arange", (0.1, 2.3, 0.3), np.float32), ("arange", (1, 4, 0.25), np.float16),
    ("arange", (250, 256), np.uint8), ("arange", (2,), bool),
    ("linspace", (0, 1, 7), None), ("linspace", (-1.1, 3.3, 11), np.float32), ("linspace", (2, 2, 4), np.float64),
    ("linspace", (5, -5, 4), np.int64), ("linspace", (3, 9, 1), None), ("linspace", (3, 9, 0), None),
    ("linspace", (0, 5e-324, 4), None), ("linspace", (0, 1, 5, False), None),
    ("eye", (3,), np.float32), ("eye", (2, 5), np.int64), ("eye", (5, 2), bool), ("eye", (0, 2), None),
    ("eye", (3, 4, 1), None), ("eye", (3, 4, -2), None), ("eye", (3, 4, 9), None),
]  # fmt: skip
TENSORS: list[Callable[[Any], Any]] = [
    lambda d: torch.arange(5, device=d),
    lambda d: torch.arange(0.5, 3, 0.7, device=d),
    lambda d: torch.arange(9, 2, -3, device=d, dtype=torch.float32),
    lambda d: torch.linspace(-2, 5, 9, device=d),
    lambda d: torch.logspace(0, 2, 5, device=d),
    lambda d: torch.eye(3, 2, device=d),
    lambda d: torch.tril(torch.ones(3, 4, device=d)),
]


@pytest.mark.parametrize("name, arguments, dtype", CASES)
def test_same_bits_as_numpy(name: str, arguments: tuple[Any, ...], dtype: Any) -> None:
    options = {} if dtype is None else {"dtype": dtype}
    found, expected = to_host(maker(name)(*arguments, **options)), getattr(np, name)(*arguments, **options)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("case", range(len(TENSORS)))
def test_nothing_is_copied_from_the_cpu(case: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("copied")

    expected = TENSORS[case]("cpu")
    monkeypatch.setattr(type(memory.pool.take(8).raw), "copy_to_device", refuse, raising=False)
    there = TENSORS[case]("cuda")
    monkeypatch.undo()
    np.testing.assert_array_equal(array.to_host(there._data), expected.numpy())
