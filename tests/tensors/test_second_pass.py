"""A second backward pass: refused where the first has freed something, fine where nothing was kept, as in PyTorch."""

from __future__ import annotations

from typing import Any

import pytest

import tinygrad_edu as tg


@pytest.mark.parametrize("make", [
    lambda x: x * 2, lambda x: 2 * x, lambda x: x / 2, lambda x: 2 / x, lambda x: x**2,
    lambda x: x * tg.ones(3, dtype=tg.float64), lambda x: tg.where(x > 0, x, 0.0), lambda x: x[[0, 1]],
    lambda x: x.masked_fill(x > 5, 0.0), lambda x: x[x > 0],
])  # fmt: skip
def test_a_second_pass_is_refused_even_where_no_tensor_was_kept(make: Any) -> None:
    x = tg.ones(3, requires_grad=True)
    y = make(x).sum()
    y.backward(retain_graph=True)
    y.backward()
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        y.backward()


@pytest.mark.parametrize("make", [lambda x: x + 2, lambda x: 2 - x, lambda x: -x, lambda x: x.reshape(3, 1)])
def test_a_second_pass_is_fine_where_nothing_was_kept(make: Any) -> None:
    x = tg.ones(3, requires_grad=True)
    y = make(x).sum()
    y.backward()
    y.backward()
    assert x.grad.abs().tolist() == [2.0] * 3
