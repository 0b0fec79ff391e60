"""What a mask holds back of a gradient is 0, also of an infinite one or nan, as in PyTorch: masked means need it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import tinygrad_edu as tg
from tinygrad_edu.kernels import kernels

HELD: dict[str, Any] = {
    "where": lambda t, x: t.where(x > 0, x, 0.0),
    "where of broadcast": lambda t, x: t.where(t.tensor([[True, False, True]] * 2), x, x[0]),
    "where without dimensions": lambda t, x: t.where(x[0] > 0, x[0], 1.0),
    "relu": lambda t, x: x.relu(),
    "clamp": lambda t, x: x.clamp(0, 1),
    "clamp below": lambda t, x: x.clamp(min=0),
    "masked_fill": lambda t, x: x.masked_fill(x < 0, 3.0),
}


@pytest.mark.oracle
@pytest.mark.parametrize("gradient", [float("inf"), float("nan"), -2.0])
@pytest.mark.parametrize("name", HELD)
def test_the_gradient_is_pytorch_s(name: str, gradient: float) -> None:
    torch = pytest.importorskip("torch")
    found = []
    for t in (tg, torch):
        for dtype in (t.float32, t.float64, t.float16):
            x = t.tensor([-1.0, 0.5, 2.0], dtype=dtype, requires_grad=True)
            y = HELD[name](t, x)
            y.backward(t.full_like(y, gradient))
            found.append([str(x.grad.dtype), repr(x.grad.tolist())])
    assert found[:3] == found[3:]


def test_a_second_derivative_is_held_back_too() -> None:
    x = tg.tensor([-1.0, 2.0], requires_grad=True)
    (first,) = tg.autograd.grad((tg.where(x > 0, x, 0.0) ** 3).sum(), x, create_graph=True)
    first.backward(tg.tensor([float("inf"), 1.0]))
    assert x.grad.tolist() == [0.0, 12.0]


def test_the_mean_over_nothing_is_nan_and_moves_nothing() -> None:
    x = tg.zeros(3, requires_grad=True)
    mask = tg.tensor([False, False, False])
    loss = tg.where(mask, x, 0.0).sum() / mask.sum()
    loss.backward()
    assert loss.isnan() and x.grad.tolist() == [0.0, 0.0, 0.0]
    logits = tg.zeros(1, 3, requires_grad=True)
    tg.nn.functional.cross_entropy(logits, tg.tensor([-100])).backward()
    assert logits.grad.tolist() == [[0.0, 0.0, 0.0]]


def test_the_kernel_keeps_bits_and_layout() -> None:
    np = pytest.importorskip("numpy")
    g = np.array([[1.5, -np.inf, np.nan], [-0.0, 2.0, 1e-310]]).T
    held = kernels.kept_where(g, np.array([True, False, True])[:, None])
    assert held.dtype == g.dtype
    np.testing.assert_array_equal(held, [[1.5, -0.0], [0.0, 0.0], [np.nan, 1e-310]])
