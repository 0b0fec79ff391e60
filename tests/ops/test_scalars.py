"""What an elementwise operation means for one number is what it computes on arrays, at all the corners of arithmetic.

One loop over the table: values and local derivatives of a Value that holds a number and of one that holds an array.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

import tinygrad_edu.nn  # noqa: F401 - its losses are in the table
from tinygrad_edu.ops.operation import Operation
from tinygrad_edu.ops.registry import operations
from tinygrad_edu.tensors.tensor import Tensor  # noqa: F401 - fills the table
from tinygrad_edu.value import Value

inf, nan = math.inf, math.nan
CORNERS = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.5, -2.5, 3.0, -3.0, 1e-300, 1e300, -1e300, 800.0, -800.0, inf, -inf, nan]
FOR_INTEGERS = {"bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not", "bitwise_left_shift", "bitwise_right_shift"}
TABLE = {
    name: op
    for name, op in operations().items()
    if op.elementwise and op.arity <= 2 and name not in FOR_INTEGERS and op.function.__module__.startswith("tinygrad_")
}


def parameters(operation: Operation) -> list[tuple[Any, ...]]:
    if operation.samples is None:
        return [tuple(operation.parameters.values())]
    found = [params for _, params in operation.samples(lambda *shape: np.zeros(shape))]
    return [params for params in found if not any(hasattr(p, "dtype") for p in params)]


def outcome(operation: Any, numbers: tuple[float, ...], params: tuple[Any, ...], array: bool) -> list[Any]:
    """The value, and the derivative with respect to each input."""
    leaves = [Value(np.full(2, x) if array else x) for x in numbers]
    out = operation(*leaves, *params)
    if not isinstance(out, Value):
        return [np.asarray(out).reshape(-1)[-1]]
    (out.sum() if array else out).backward()
    return [np.asarray(x).reshape(-1)[-1] for x in (out.data, *(leaf.grad for leaf in leaves))]


@pytest.mark.parametrize("name", TABLE)
def test_a_number_and_an_array_give_the_same(name: str) -> None:
    operation, different = TABLE[name], []
    for params in parameters(operation):
        for numbers in itertools.product(CORNERS, repeat=operation.arity):
            one, many = (outcome(operation, numbers, params, array) for array in (False, True))
            if not np.allclose(np.asarray(one, float), np.asarray(many, float), rtol=1e-9, atol=1e-12, equal_nan=True):
                different.append(f"{name}{numbers} {params}: a number gives {one}, an array {many}")
    assert not different, "\n".join([f"{len(different)} differ:", *different[:12]])
