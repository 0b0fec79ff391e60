"""Kernels write where they are told to: every one that takes ``out`` gives the same there as in memory of its own."""

import inspect
from typing import Any

import numpy as np
import pytest

from tinygrad_edu.kernels import numpy as specification

A = np.linspace(0.25, 2.0, 6, dtype=np.float32).reshape(2, 3)
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "rsub": (A, A + 1),
    "power": (A, A),
    "choose": (A, -A, A > 1),
    "relu": (A - 1,),
    "sigmoid": (A - 1,),
    "reciprocal": (A,),
    "rsqrt": (A,),
    "clamp": (A, 0.5, 1.5),
    "sum": (A, (0,), False),
    "mean": (A, (1,), True),
    "prod": (A, (0, 1), True),
    "amax": (A, (1,), False),
    "amin": (A, (0,), False),
    "matmul": (A, A.T),
}
TAKE_OUT = [
    name
    for name, kernel in vars(specification).items()
    if inspect.isfunction(kernel) and not name.startswith("_") and "out" in inspect.signature(kernel).parameters
]


@pytest.mark.parametrize("name", TAKE_OUT)
def test_out(name: str) -> None:
    kernel, arguments = getattr(specification, name), ARGUMENTS[name]
    expected = kernel(*arguments)
    out = np.full(expected.shape, np.nan, expected.dtype)
    assert kernel(*arguments, out=out) is out
    np.testing.assert_array_equal(out, expected)


def test_the_table_is_complete() -> None:
    assert set(TAKE_OUT) == set(ARGUMENTS)
