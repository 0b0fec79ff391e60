"""In-place changes of geometry: programs run by us and by PyTorch print the same; older views stay what they were."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.programs import Programs, compare, leaf

program = Programs()


def turned(x: Any) -> tuple[Any, ...]:
    return x, tuple(x.shape), x.stride(), x.storage_offset(), x._version, x.is_contiguous()


@program
def every_turn(t: Any) -> Any:
    x = t.arange(6.0).reshape(1, 2, 3).clone()
    shown: list[Any] = []
    for change in (
        lambda: x.squeeze_(),
        lambda: x.t_(),
        lambda: x.unsqueeze_(1),
        lambda: x.transpose_(0, 2),
        lambda: x.swapaxes_(-1, 0),
        lambda: x.swapdims_(1, 2),
        lambda: x.squeeze_(2),
        lambda: x.squeeze_((0, 1)),
        lambda: x.as_strided_((2, 2), (1, 3), 1),
        lambda: x.resize_(4),
        lambda: x.resize_as_(t.zeros(2, 2)),
    ):
        assert change() is x
        shown += turned(x)
    return tuple(shown)


@program
def an_older_view_follows_a_turned_base(t: Any) -> Any:
    x = leaf(t, 2, 3)
    y = x * 2
    row = y[0]
    y.t_()
    (row * t.arange(3.0)).sum().backward()
    return row, y.detach(), x.grad, y._version


@program
def an_older_view_is_written_through(t: Any) -> Any:
    x, w = leaf(t, 2, 3), leaf(t, 2)
    y = x * 2
    column = y[:, 1]
    y.t_().unsqueeze_(0)
    column.mul_(w)
    (y * t.arange(6.0).reshape(1, 3, 2)).sum().backward()
    return column, y, x.grad, w.grad


@program
def a_view_turned(t: Any) -> Any:
    x = leaf(t, 2, 3)
    y = x * 2
    view = y[:, :2]
    view.t_()
    (view * view).sum().backward()
    return view.detach(), y, x.grad


@program
def the_base_of_a_turned_view(t: Any) -> Any:
    x = leaf(t, 2, 3)
    y = x * 2
    y[:1].t_()
    (y * y).sum().backward()
    return y, x.grad


@program
def a_turned_view_follows_its_base(t: Any) -> Any:
    x = leaf(t, 2, 3)
    y = x * 2
    view = y[:, :2].t_()
    y.mul_(3)
    (view * t.arange(4.0).reshape(2, 2)).sum().backward()
    return view, x.grad


@program
def a_turned_tensor_changed_in_place(t: Any) -> Any:
    x = leaf(t, 2, 3)
    y = (x * 2).t_()
    y[0] = 7.0
    y.mul_(x.detach().t())
    y.sum().backward()
    return y, x.grad


@program
def strided_at_will(t: Any) -> Any:
    x = leaf(t, 6)
    y = x * 2
    tail = y[1:]
    y.as_strided_((2, 2), (1, 2))
    (tail * tail).sum().backward()
    return y.detach(), tail, x.grad


@program
def resized_under_a_view(t: Any) -> Any:
    x, w = t.arange(6.0), leaf(t, 2)
    part = x[1:3]
    x.resize_(2, 2)
    part.mul_(w)
    (x * x).sum().backward()
    return x.detach(), part.detach(), w.grad, x._version


@program
def resized_smaller_and_back(t: Any) -> Any:
    x = t.arange(6.0)
    return x.resize_(2).clone(), x.resize_(2, 3), x.resize_(()), x.resize_(0), x.resize_([3])


@program
def second_derivatives_through_a_turn(t: Any) -> Any:
    x = leaf(t, 2, 3)
    y = x**3
    row = y[1]
    y.t_()
    (slope,) = t.autograd.grad(row.sum(), x, create_graph=True)
    slope.sum().backward()
    return slope, x.grad


@program
def second_derivatives_through_a_written_view(t: Any) -> Any:
    x = leaf(t, 2, 3)
    y = x * 1
    y.t()[1].mul_(x[:, 0])
    (slope,) = t.autograd.grad((y * y).sum(), x, create_graph=True)
    slope.sum().backward()
    return x.grad


@program
def a_saved_tensor_turned(t: Any) -> Any:
    x = leaf(t, 2, 3)
    y = x.exp()
    z = y * y
    y.t_()
    z.sum().backward()


@program
def turned_under_no_grad(t: Any) -> Any:
    x = leaf(t, 2, 3)
    with t.no_grad():
        x.t_()
    (x * t.arange(6.0).reshape(3, 2)).sum().backward()
    return x, x.grad, x.is_leaf, x.stride()


@program
def a_leaf_turned_behind_its_graph(t: Any) -> Any:
    x = leaf(t, 2, 3)
    y = (x * 2).sum()
    with t.no_grad():
        x.t_()
    y.backward()


@program
def a_leaf_is_not_turned(t: Any) -> Any:
    leaf(t, 2, 3).t_()


@program
def a_view_of_a_leaf_is_not_turned(t: Any) -> Any:
    leaf(t, 2, 3)[0].unsqueeze_(0)


@program
def what_requires_grad_is_not_resized(t: Any) -> Any:
    (leaf(t, 2, 3) * 2).resize_(3)


@program
def a_negative_size(t: Any) -> Any:
    t.zeros(3).resize_(-1)


@program
def too_many_dimensions(t: Any) -> Any:
    t.zeros(1, 2, 3).t_()


@program
def a_dimension_that_is_not_there(t: Any) -> Any:
    t.zeros(2).unsqueeze_(3)


@program
def expanded_memory_can_be_turned(t: Any) -> Any:
    x = t.arange(3.0).expand(2, 3)
    x.t_()
    return x, x.stride()


@program
def diagonals_filled(t: Any) -> Any:
    tall, wide, cube = t.zeros(7, 3), t.zeros(2, 4), t.zeros(2, 2, 2)
    wrapped = t.zeros(7, 3).fill_diagonal_(2, wrap=True)
    return tall.fill_diagonal_(1.0), wrapped, wide.fill_diagonal_(3), cube.fill_diagonal_(4)


@program
def a_diagonal_filled_has_no_gradient(t: Any) -> Any:
    x = leaf(t, 2, 3)
    y = x * 2
    y.t().fill_diagonal_(5.0)
    y.sum().backward()
    return y, x.grad, y._version


@program
def the_diagonal_of_a_vector(t: Any) -> Any:
    t.zeros(3).fill_diagonal_(1.0)


@program
def the_diagonal_of_a_brick(t: Any) -> Any:
    t.zeros(2, 3, 2).fill_diagonal_(1.0)


@program
def detached_in_place(t: Any) -> Any:
    x = leaf(t, 3)
    y = x * 2
    z = y * 3
    y.detach_()
    z.sum().backward()
    return y, y.is_leaf, y.requires_grad, y._version, x.grad


@program
def a_view_is_not_detached_in_place(t: Any) -> Any:
    (leaf(t, 3) * 2)[1:].detach_()


@pytest.mark.oracle
@pytest.mark.parametrize("name", program)
def test_as_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    compare(torch, program[name])


def test_growing_makes_new_memory_only_where_nobody_else_looks() -> None:
    x = tg.arange(4.0)
    assert x.resize_(2, 3).shape == (2, 3) and x.view(-1)[:4].tolist() == [0.0, 1.0, 2.0, 3.0]
    for shared in (lambda x: x[1:], lambda x: x.detach(), lambda x: x.numpy()):
        x = tg.arange(4.0)
        other = shared(x)
        with pytest.raises(RuntimeError, match="not resizable.*clone"):
            x.resize_(5)
        assert x.tolist() == [0.0, 1.0, 2.0, 3.0] and x._version == 0 and len(other)
    array = np.zeros(3)
    with pytest.raises(RuntimeError, match="not resizable"):
        tg.from_numpy(array).resize_(4)
    assert array.shape == (3,)


def test_what_is_refused_says_what_to_do() -> None:
    with pytest.raises(NotImplementedError, match=r"\.data"):
        tg.zeros(2).set_(tg.zeros(3))
    with pytest.raises(TypeError, match="tuple of ints"):
        tg.zeros(2).resize_(1.5)
    with pytest.raises(TypeError, match="fill_value"):
        tg.zeros(2, 2).fill_diagonal_(tg.ones(2))
