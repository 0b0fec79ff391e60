"""NumPy's functions on a Tensor: reductions and all that is no ufunc give a Tensor, recorded where they are ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg

A = np.array([[3.0, 1.0, 2.0], [0.5, -4.0, 6.0]])
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "sum": np.sum, "sum of rows": lambda x: np.sum(x, axis=1), "kept": lambda x: np.sum(x, axis=0, keepdims=True),
    "mean": np.mean, "mean of columns": lambda x: np.mean(x, axis=0), "prod": np.prod,
    "max": np.max, "max of rows": lambda x: np.max(x, axis=1), "min": np.min, "min of columns": lambda x: np.min(x, 0),
    "amax kept": lambda x: np.amax(x, axis=1, keepdims=True),
    "std": np.std, "std of rows": lambda x: np.std(x, axis=1), "var with ddof": lambda x: np.var(x, ddof=1),
    "any": lambda x: np.any(x > 5), "all": lambda x: np.all(x > -5, axis=0),
    "argmax": np.argmax, "argmin of rows": lambda x: np.argmin(x, axis=1),
    "cumsum": lambda x: np.cumsum(x, axis=1), "clip": lambda x: np.clip(x, 0, 2), "round": lambda x: np.round(x / 3, 1),
    "reshape": lambda x: np.reshape(x, (3, 2)), "transpose": np.transpose, "repeat": lambda x: np.repeat(x, 2),
    "take": lambda x: np.take(x, [0, 1]), "argsort": lambda x: np.argsort(x, axis=1), "squeeze": np.squeeze,
    "add.reduce": lambda x: np.add.reduce(x, axis=1), "add.accumulate": lambda x: np.add.accumulate(x, axis=0),
    "multiply.outer": lambda x: np.multiply.outer(x[0], x[1]),
    "maximum.reduceat": lambda x: np.maximum.reduceat(x, [0]),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_tensor_for_a_tensor(name: str) -> None:
    expected, found = FUNCTIONS[name](A), FUNCTIONS[name](tg.tensor(A))
    assert isinstance(found, tg.Tensor)
    assert found.numpy().shape == np.shape(expected) and found.numpy().dtype == np.asarray(expected).dtype
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("name", ["sum", "sum of rows", "mean", "prod", "max of rows", "min", "std", "var with ddof"])
def test_reductions_are_recorded(name: str) -> None:
    x = tg.tensor(A, requires_grad=True)
    FUNCTIONS[name](x).sum().backward()
    step = 1e-6
    for place in np.ndindex(A.shape):
        there, back = A.copy(), A.copy()
        there[place] += step
        back[place] -= step
        slope = (np.sum(FUNCTIONS[name](there)) - np.sum(FUNCTIONS[name](back))) / (2 * step)
        assert abs(slope - x.grad[place].item()) < 1e-6


@pytest.mark.parametrize("name", ["cumsum", "clip", "reshape", "add.reduce", "multiply.outer", "round", "take"])
def test_what_would_not_be_recorded_is_refused(name: str) -> None:
    """Either it is our operation, and recorded, or it is an error with a hint: a gradient is never lost in silence."""
    x = tg.tensor(A, requires_grad=True)
    try:
        assert FUNCTIONS[name](x).requires_grad
    except RuntimeError as error:
        assert "detach()" in str(error)


def test_a_place_for_the_result() -> None:
    with pytest.raises(TypeError, match="out"):
        np.sum(tg.tensor(A), axis=0, out=np.zeros(3))
