"""A second backward pass: refused where the first has freed something, fine where nothing was kept, as in PyTorch."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import pytest

import tinygrad_edu as tg

LIBRARIES = [tg, importlib.import_module("torch")] if importlib.util.find_spec("torch") else [tg]


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


@pytest.mark.parametrize(
    "make",
    [
        lambda t, x, y: t.add(x, y, alpha=2), lambda t, x, y: x.add(y, alpha=0.5), lambda t, x, y: x.sub(y, alpha=3),
        lambda t, x, y: t.rsub(x, y, alpha=2), lambda t, x, y: (x + 0).add_(y, alpha=2),
        lambda t, x, y: (x + 0).sub_(y, alpha=2),
    ],
)  # fmt: skip
def test_a_sum_with_alpha_can_be_passed_twice(make: Any) -> None:
    found = []
    for library in LIBRARIES:
        x, y = (library.tensor(v, requires_grad=True) for v in ([1.0, 2.0], [3.0, -4.0]))
        z = make(library, x, y)
        for _ in range(2):
            z.backward(library.ones(2))
        found.append((z.tolist(), x.grad.tolist(), y.grad.tolist()))
    assert all(each == found[0] for each in found) and 0.0 not in found[0][2]
