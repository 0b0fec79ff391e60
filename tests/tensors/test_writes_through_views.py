"""Writes through views that PyTorch refuses, we refuse: one of several views, repeated and overlapping elements."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.programs import Programs, compare, leaf

import tinygrad_edu as tg

program = Programs()


@program
def one_of_several_views_is_not_changed(t: Any) -> Any:
    first, _ = (leaf(t, 2, 3) * 2).unbind(0)
    first.add_(1)


@program
def nor_a_view_of_one(t: Any) -> Any:
    first, *_ = (leaf(t, 2, 3) * 2).split(1, 1)
    first.unsqueeze(0).add_(1)


@program
def nor_a_row_of_a_loop(t: Any) -> Any:
    for row in leaf(t, 2, 3) * 2:
        row.mul_(2)


@program
def nor_by_a_recorded_value(t: Any) -> Any:
    first, _ = t.zeros(4).chunk(2)
    first.mul_(leaf(t, 2))


@program
def several_views_without_history_are(t: Any) -> Any:
    x = t.zeros(2, 3)
    for i, row in enumerate(x):
        row += i
    for part in x.split(2, 1):
        part.mul_(2)
    with t.no_grad():
        for row in leaf(t, 2, 3):
            row.add_(1)
    return x


@program
def pieces_of_tensor_split_are(t: Any) -> Any:
    x = leaf(t, 4)
    y = x * 2
    y.tensor_split(2)[1].mul_(5)
    y.sum().backward()
    return x.grad


@program
def several_views_of_a_changed_base(t: Any) -> Any:
    y = leaf(t, 2, 3) * 2
    first, _ = y.unbind(0)
    y.add_(1)
    return first.sum()


@program
def a_view_of_no_grad_and_a_changed_base(t: Any) -> Any:
    y = leaf(t, 2, 3) * 2
    with t.no_grad():
        row = y[0]
    y.add_(1)
    return row.sum()


@program
def which_may_be_read_under_no_grad(t: Any) -> Any:
    y = leaf(t, 2, 3) * 2
    first, _ = y.unbind(0)
    y.add_(1)
    with t.no_grad():
        return first.sum(), first.detach() + 1


@program
def repeated_elements_are_not_written(t: Any) -> Any:
    t.zeros(3).expand(2, 3).add_(1)


@program
def nor_assigned(t: Any) -> Any:
    t.zeros(1).expand(3)[0:2] = 5


@program
def all_of_them_are_zeroed(t: Any) -> Any:
    x = t.ones(3)
    x.expand(2, 3).zero_()
    y = t.ones(3)
    y.expand(2, 3)[0] = 4
    y.expand(2, 3)[1, 2:].mul_(2)
    return x, x._version, y, y._version


def overlapping(name: str, change: Any) -> None:
    def run(t: Any) -> Any:
        change(t, t.arange(9.0))

    run.__name__ = name
    program(run)


overlapping("a_shifted_sum", lambda t, x: x[1:].add_(x[:-1]))
overlapping("a_shifted_copy", lambda t, x: x[1:].copy_(x[:-1]))
overlapping("a_transposed_sum", lambda t, x: x.view(3, 3).add_(x.view(3, 3).t()))
overlapping("a_shifted_assignment", lambda t, x: x.__setitem__(slice(1, None), x[:-1]))
overlapping("a_shifted_product", lambda t, x: x[1:].__imul__(x[:-1]))
overlapping("a_shifted_out", lambda t, x: t.add(x[1:], 1, out=x[:-1]))


@program
def what_only_looks_like_it_overlaps(t: Any) -> Any:
    x = t.arange(9.0)
    x[:4].add_(x[5:])
    x.add_(x)
    x.view(3, 3)[0].mul_(x.view(3, 3)[1])
    x[::2][:4].sub_(x[1::2])
    x.view(3, 3)[:] = x.view(3, 3)
    return x


@program
def what_exp_saved_is_changed(t: Any) -> Any:
    y = leaf(t, 3) * 1
    y.exp_()
    y.mul_(2)
    y.sum().backward()


@program
def what_sigmoid_saved_is_changed_through_a_view(t: Any) -> Any:
    y = leaf(t, 2, 3) * 1
    y.sigmoid_()
    y[0].add_(1)
    y.sum().backward()


@program
def what_div_made_may_change(t: Any) -> Any:
    x, w = leaf(t, 3), leaf(t, 3)
    y = x * 1
    y.div_(w)
    y.mul_(2)
    y.sum().backward()
    return x.grad, w.grad


@program
def a_square_in_place(t: Any) -> Any:
    y = leaf(t, 3) * 1
    y *= y
    y.sum().backward()


@program
def a_power_in_place(t: Any) -> Any:
    x = leaf(t, 3)
    y = x * 1
    y.pow_(2).mul_(x)
    y.sum().backward()
    return x.grad


@program
def a_comparison_in_place_cuts_the_gradient(t: Any) -> Any:
    x = leaf(t, 3)
    y = x * 1
    y.gt_(1.0)
    (y * x.detach()).sum().backward()
    return y.detach(), x.grad


def viewing(t: Any) -> Any:
    class Viewing(t.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x.view(-1)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g.view(1, -1)

    return Viewing


@program
def a_view_of_ones_own_function_is_not_changed(t: Any) -> Any:
    viewing(t).apply(leaf(t, 1, 3) * 1).mul_(2)


@program
def a_view_of_ones_own_function_works(t: Any) -> Any:
    x = leaf(t, 1, 3)
    y = viewing(t).apply(x * 1)
    (y * y).sum().backward()
    return x.grad


@program
def a_random_fill_cuts_the_gradient(t: Any) -> Any:
    x = leaf(t, 3)
    y = x * 1
    y.uniform_()
    y.sum().backward()
    return x.grad


@pytest.mark.oracle
@pytest.mark.parametrize("name", program)
def test_as_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    compare(torch, program[name])


def test_a_part_of_an_expanded_tensor_is_all_that_shares_its_memory() -> None:
    """v[0:1] is every row of v: after it is overwritten no gradient goes to what was there."""
    x = tg.arange(1.0, 7.0, requires_grad=True)
    a = x * 1
    v, other = a.expand(2, 6), a.expand(2, 6)
    v[0:1] = 5.0
    (v.sum() + other.sum() + a.sum()).backward()
    assert v.tolist() == other.tolist() == [[5.0] * 6] * 2 and x.grad.tolist() == [0.0] * 6
    with pytest.raises(RuntimeError, match="more than one element"):
        v[:, 0] = 1.0


def test_one_element_is_a_row_of_one() -> None:
    x = tg.arange(3.0, requires_grad=True)
    y = x * 1
    y[1].index_fill_(0, tg.tensor([0]), 7.0)
    y[2].index_copy_(0, tg.tensor([0]), tg.tensor(8.0))
    y.sum().backward()
    assert y.tolist() == [0.0, 7.0, 8.0] and x.grad.tolist() == [1.0, 0.0, 0.0]


def test_an_expanded_tensor_may_be_filled() -> None:
    x = tg.zeros(3)
    x.expand(2, 3).fill_(4.0)
    assert x.tolist() == [4.0] * 3 and x._version == 1


def test_dots_that_stand_for_nothing_do_not_part_two_arrays() -> None:
    x = tg.arange(12.0).reshape(2, 3, 2)
    assert x[:1, tg.tensor([0, 2]), ..., tg.tensor([1, 0])].shape == (1, 2)
