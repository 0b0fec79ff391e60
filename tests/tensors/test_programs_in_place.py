"""Small programs with views and in-place changes: run by us and by PyTorch, they give the same text."""

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


@program
def a_view_follows_its_base(t: Any) -> Any:
    x = leaf(t, 2, 3)
    y = x * 2
    row = y[0]
    y.mul_(3)
    row.sum().backward()
    return row.detach(), x.grad


@program
def a_base_follows_its_view(t: Any) -> Any:
    x = leaf(t, 2, 3)
    y = x * 2
    y[:, 1].mul_(10)
    y.t()[0].add_(1)
    (y * y.detach()).sum().backward()
    return y, x.grad


@program
def views_of_views(t: Any) -> Any:
    x = leaf(t, 2, 3, 4)
    y = x + 0
    y.transpose(0, 2)[1:3].permute(1, 0, 2)[0].mul_(5)
    y.view(-1)[::5].zero_()
    (y * t.arange(24.0).reshape(2, 3, 4)).sum().backward()
    return y, x.grad


@program
def a_constant_becomes_recorded(t: Any) -> Any:
    x, y = leaf(t, 3), t.zeros(2, 3)
    y[0] = x * x
    y[1, :2] = x[1:]
    y.sum().backward()
    return y, x.grad


@program
def overwritten_parts_have_no_gradient(t: Any) -> Any:
    x = leaf(t, 4)
    y = x * 3
    y[1:3] = t.tensor([7.0, 8.0])
    y.sum().backward()
    return y, x.grad, y.requires_grad


@program
def a_mask_written(t: Any) -> Any:
    x = leaf(t, 2, 3)
    y = x.exp()
    y[x > 1] = 0.0
    y.sum().backward()
    return x.grad


@program
def augmented_assignment(t: Any) -> Any:
    x = leaf(t, 3)
    y = x.clone()
    y += 1
    y *= x
    y -= 2 * x
    y /= 3
    y.sum().backward()
    return y, x.grad


@program
def an_in_place_square_twice_backward(t: Any) -> Any:
    x = leaf(t, 3)
    y = x.clone()
    y *= y
    y.sum().backward()
    y.sum().backward()


@program
def in_place_on_a_view_that_the_rule_needs(t: Any) -> Any:
    x, w = leaf(t, 2, 3), leaf(t, 3)
    y = x * 1
    y[0].mul_(w)
    y[1].pow_(2)
    y.sum().backward()
    return y.detach(), x.grad, w.grad


@program
def a_leaf_is_updated_under_no_grad(t: Any) -> Any:
    x = leaf(t, 3)
    with t.no_grad():
        x -= 0.5
        x[0] = 9.0
        x.clamp_(max=1)
    return x, x.requires_grad, x.is_leaf


@program
def fill_zero_and_copy(t: Any) -> Any:
    x = leaf(t, 2)
    y = x * 1
    y.zero_()
    z = x * 1
    z.fill_(3.0)
    w = x * 1
    w.copy_(2 * x)
    (y + z + w).sum().backward()
    return y.detach(), z.detach(), w.detach(), x.grad


@program
def versions_count_through_views(t: Any) -> Any:
    y = t.ones(2, 3)
    before = y._version
    y[0].add_(1)
    y.t().mul_(2)
    y.detach().sub_(1)
    after = y._version
    return after - before, y


@program
def a_saved_value_changed(t: Any) -> Any:
    x = leaf(t, 3)
    y = x * 1
    z = y.exp() * y
    y.add_(1)
    z.sum().backward()


@program
def a_saved_output_changed(t: Any) -> Any:
    x = leaf(t, 3)
    y = x.exp()
    y.add_(1)
    y.sum().backward()


@program
def a_change_that_hurts_nobody(t: Any) -> Any:
    x = leaf(t, 3)
    y = x + 1
    z = y * 2
    y.mul_(100)
    z.sum().backward()
    return x.grad


@program
def a_saved_value_changed_through_a_view(t: Any) -> Any:
    x = leaf(t, 2, 2)
    y = x * 1
    z = y * y
    y[0].zero_()
    z.sum().backward()


@program
def a_leaf_changed_in_place(t: Any) -> Any:
    leaf(t, 3).add_(1)


@program
def a_view_of_a_leaf_changed_in_place(t: Any) -> Any:
    leaf(t, 3)[0].add_(1)


@program
def a_broadcast_that_grows_in_place(t: Any) -> Any:
    t.ones(3).add_(t.ones(2, 3))


@program
def floats_into_integers_in_place(t: Any) -> Any:
    t.tensor([1, 2]).mul_(1.5)


@program
def integers_into_floats_in_place(t: Any) -> Any:
    x = t.ones(2)
    x += t.tensor([1, 2])
    return x


@program
def expanded_memory_written(t: Any) -> Any:
    t.zeros(1).expand(3).add_(1)


@program
def detached_memory_is_shared(t: Any) -> Any:
    x = leaf(t, 3)
    x.detach()[0] = 100.0
    x.data[1] = 200.0
    return x


@program
def memory_beside_the_view_that_the_way_went_through(t: Any) -> Any:
    x = leaf(t, 2, 3)
    base = x * 1
    base[1:].as_strided((2,), (1,), 0).neg_()  # the first row, seen through a view of the second
    base.sum().backward()
    return x.grad


@pytest.mark.parametrize("name", program)
def test_program(name: str) -> None:
    compare(torch, program[name])
