"""Small programs that differentiate, print and fail: run by us and by PyTorch, they give the same text."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.programs import Programs, compare, leaf

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore:Using backward:UserWarning")]

program = Programs()


# --- backward ------------------------------------------------------------------------------------------------------


@program
def twice_without_retaining(t: Any) -> Any:
    y = (leaf(t, 2) ** 2).sum()
    y.backward()
    y.backward()


@program
def several_leaves_and_shared_parts(t: Any) -> Any:
    a, b, c = leaf(t, 2, 3), leaf(t, 3), leaf(t, 2, 1)
    hidden = (a * b).tanh() + c
    loss = (hidden * hidden).mean() + hidden.max() + (a.sum(1, keepdim=True) / c).sum()
    loss.backward()
    return loss, a.grad, b.grad, c.grad


@program
def gradient_of_gradient(t: Any) -> Any:
    x = leaf(t, 3)
    (x.sigmoid() * x**3).sum().backward(create_graph=True)
    first, x.grad = x.grad, None
    (first * first).sum().backward()
    return first.detach(), x.grad


@program
def a_penalty_through_matmul_and_max(t: Any) -> Any:
    w, x = leaf(t, 3, 2), leaf(t, 4, 3)
    out = (x @ w).max(dim=1).values
    out.sum().backward(create_graph=True)
    gradient, w.grad = x.grad, None
    x.grad = None
    gradient.pow(2).sum().backward()
    return gradient.detach(), w.grad, x.grad


@program
def hooks_and_retained_gradients(t: Any) -> Any:
    x = leaf(t, 2)
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: g + 1)
    (y * y).sum().backward()
    return y.grad, x.grad


@program
def inputs_given_to_backward(t: Any) -> Any:
    x, y = leaf(t, 2), leaf(t, 2)
    (x * y).sum().backward(inputs=[y])
    return x.grad, y.grad


@program
def a_seed_for_a_matrix(t: Any) -> Any:
    x = leaf(t, 2, 2)
    (x @ x).backward(t.eye(2))
    return x.grad


@program
def nothing_to_differentiate(t: Any) -> Any:
    t.ones(2).sum().backward()


@program
def a_result_of_several_elements(t: Any) -> Any:
    (leaf(t, 2) * 2).backward()


@program
def a_wrong_seed(t: Any) -> Any:
    (leaf(t, 2) * 2).backward(t.ones(3))


@program
def no_grad_inside_a_graph(t: Any) -> Any:
    x = leaf(t, 2)
    y = x * 2
    with t.no_grad():
        z = y * 3
    (y * z).sum().backward()
    return z.requires_grad, x.grad


@program
def nan_and_infinity(t: Any) -> Any:
    x = t.tensor([0.0, -1.0, 4.0], requires_grad=True)
    y = x.sqrt() + x.log() + 1 / x
    y.sum().backward()
    return y, x.grad


# --- printing ------------------------------------------------------------------------------------------------------


@program
def prints(t: Any) -> Any:
    x = leaf(t, 2, 2)
    return x, x @ x, (x * 1e6).sum(), x > 1, x.long(), x.double() / 3, x[0, 0], t.zeros(0), t.zeros(2, 0), x.max(0)


@program
def prints_of_types(t: Any) -> Any:
    return t.tensor([1, 2]), t.tensor([True]), t.tensor(3.0, dtype=t.float64), t.float32, t.ones(2).shape, t.tensor(2.5)


@program
def promotion(t: Any) -> Any:
    a, b, c = t.tensor([1, 2]), t.tensor([0.5, 1.5]), t.tensor([True, False])
    return a + b, a * c, a / 2, b * 2, a**2, c + c, a + 1.5, (a > 1) | c, b + t.tensor(1.0).double()


# --- what is refused -----------------------------------------------------------------------------------------------


@program
def item_of_many(t: Any) -> Any:
    t.ones(2).item()


@program
def truth_of_many(t: Any) -> Any:
    bool(t.ones(2))


@program
def mean_of_integers(t: Any) -> Any:
    t.tensor([1, 2]).mean()


@program
def gradients_of_integers(t: Any) -> Any:
    t.tensor([1, 2], requires_grad=True)


@program
def numpy_of_a_parameter(t: Any) -> Any:
    leaf(t, 2).numpy()


@program
def matmul_of_two_types(t: Any) -> Any:
    t.ones(2, 2) @ t.ones(2, 2).double()


@program
def shapes_that_do_not_fit(t: Any) -> Any:
    t.ones(2, 3) + t.ones(2)


@program
def a_view_across_memory(t: Any) -> Any:
    t.ones(2, 3).t().view(6)


@program
def length_of_a_number(t: Any) -> Any:
    len(t.tensor(1.0))


@pytest.mark.parametrize("name", program)
def test_program(name: str) -> None:
    compare(torch, program[name])
