"""With the collector off, steps that use all of autograd neither grow nor leave anything in cycles."""

from __future__ import annotations

import gc
import itertools
import sys
import warnings
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import tinygrad_edu as tg


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    """Only reference counting frees anything inside the test."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


class Both(tg.autograd.Function):
    """(x * y, exp(x)), which saves inputs and outputs."""

    @staticmethod
    def forward(ctx: Any, x: Any, y: Any) -> Any:
        product, power = x * y, x.exp()
        ctx.save_for_backward(x, y, product, power)
        return product, power

    @staticmethod
    def backward(ctx: Any, g: Any, h: Any) -> Any:
        x, y, _, power = ctx.saved_tensors
        return g * y + h * power, g * x


class Doubled(tg.autograd.Function):
    """Doubles its input in place."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.mark_dirty(x)
        return x.mul_(2)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * 2


class Fails(Doubled):
    """Raises on its way back."""

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        raise ZeroDivisionError


def everything() -> Callable[[], None]:
    x, y = tg.ones(4, requires_grad=True), tg.ones(4, requires_grad=True)
    x.register_post_accumulate_grad_hook(lambda leaf: None)

    def step() -> None:
        a = x * 2
        a.retain_grad()
        part = a[1:]
        part.mul_(y[:3])
        b, c = Both.apply(a, y)
        b.retain_grad()
        c.register_hook(lambda g: g * 2)
        b.grad_fn.register_hook(lambda ins, outs: None)
        b.grad_fn.register_prehook(lambda outs: None)
        b.grad_fn.metadata["note"] = "kept"
        Doubled.apply(b * c).sum().backward()
        assert a.grad is not None and b.grad is not None
        x.grad = y.grad = None

    return step


def double_backward() -> Callable[[], None]:
    x, y = tg.ones(4, requires_grad=True), tg.ones(4, requires_grad=True)

    def step() -> None:
        b, c = Both.apply(x, y)
        (slope,) = tg.autograd.grad((b * c).sum(), x, create_graph=True)
        slope.retain_grad()
        (slope * slope).sum().backward()
        tg.autograd.functional.hessian(lambda x: (x**3).sum(), x)
        x.grad = y.grad = None

    return step


def failing() -> Callable[[], None]:
    x = tg.ones(4, requires_grad=True)

    def step() -> None:
        y = x.exp()
        y.retain_grad()
        z = Fails.apply(y * 1)
        try:
            (z * z).sum().backward()
        except ZeroDivisionError:
            pass
        try:
            y.register_hook(lambda g: 1 / 0)
            y.sum().backward()
        except ZeroDivisionError:
            pass
        assert x.grad is None

    return step


def retaining() -> Callable[[], None]:
    x = tg.ones(4, requires_grad=True)

    def step() -> None:
        y = x * 2
        z = y.exp()
        y.retain_grad(), z.retain_grad()
        z.sum().backward(retain_graph=True)
        z.sum().backward()
        assert y.grad is not None and z.grad is not None
        x.grad = None

    return step


def hooks() -> Callable[[], None]:
    x, w = tg.ones(4, requires_grad=True), tg.ones(4, requires_grad=True)

    def step() -> None:
        y = x * w
        kept = [y.register_hook(lambda g: g * y.detach()), x.register_hook(lambda g: None)]  # one that refers to y
        several = tg.autograd.graph.register_multi_grad_hook((y, x), lambda gradients: None)
        edge = tg.autograd.graph.get_gradient_edge(y)
        y.sum().backward(retain_graph=True)
        tg.autograd.grad(edge, w, tg.ones(4))
        for handle in kept:
            handle.remove()
        several.remove()
        x.grad = w.grad = None

    return step


def through_views() -> Callable[[], None]:
    x, w = tg.ones(3, 4, requires_grad=True), tg.ones(2, requires_grad=True)

    def step() -> None:
        y = x * 1
        row, column = y[0], y.t()[1]
        row[1:3].mul_(w)
        y += 1
        column.add_(2)
        y[y > 2] = 0.5
        y[:, 0] = w[0]
        row.copy_(column.new_ones(4)), y.view(-1)[::2].zero_()
        (y.sum() + row.sum() + column.sum()).backward()
        x.grad = w.grad = None

    return step


def geometry() -> Callable[[], None]:
    x = tg.ones(2, 3, requires_grad=True)

    def step() -> None:
        y = x * 1
        v = y.view(-1)
        y.t_().unsqueeze_(0).transpose_(0, 1).squeeze_()
        y.mul_(2)
        v.add_(1)
        z = x.detach().clone()
        z.as_strided_((2,), (1,)), z.resize_(4)
        (y.sum() + v.sum()).backward()
        x.grad = None

    return step


def saved_elsewhere() -> Callable[[], None]:
    x = tg.ones(4, requires_grad=True)

    def step() -> None:
        with tg.autograd.graph.saved_tensors_hooks(lambda t: t.tolist(), tg.tensor):
            y = (x.exp() * x).sum()
            b, c = Both.apply(x, x * 2)
        (y + b.sum() + c.sum()).backward()
        with tg.autograd.graph.save_on_cpu():
            z = x.sigmoid().sum()
        try:
            with tg.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: 1 / 0):
                u = x.exp()
            u.sum().backward()
        except ZeroDivisionError:
            pass
        del z
        x.grad = None

    return step


def failing_inside() -> Callable[[], None]:
    """An exception from each place where there can be one: a rule, every kind of hook, a changed tensor."""
    x, w = tg.ones(4, requires_grad=True), tg.ones(4, requires_grad=True)

    def register(y: Any, kind: int) -> None:
        if kind == 0:
            y.register_hook(lambda g: 1 / 0)
        elif kind == 1:
            y.grad_fn.register_hook(lambda ins, outs: 1 / 0)
        elif kind == 2:
            y.grad_fn.register_prehook(lambda outs: 1 / 0)
        elif kind == 3:
            tg.autograd.graph.register_multi_grad_hook((y,), lambda gradients: 1 / 0)
        elif kind == 4:
            y.detach().zero_()

    turn = itertools.cycle([(kind, create_graph) for kind in range(5) for create_graph in (False, True)])

    def step() -> None:
        kind, create_graph = next(turn)
        y = (x * w).exp()
        y.retain_grad()
        register(y, kind)
        z = (y[1:] * w[1:]).sum() + (w * w).sum()
        try:
            if create_graph:
                tg.autograd.grad(z, (x, w), create_graph=True)
            else:
                z.backward()
        except (ZeroDivisionError, RuntimeError):
            pass
        else:
            raise AssertionError(kind)
        assert x.grad is None and w.grad is None and y.grad is None, kind

    return step


def looking_for_nan() -> Callable[[], None]:
    x = tg.zeros(2, requires_grad=True)

    def step() -> None:
        with warnings.catch_warnings(action="ignore"), tg.autograd.detect_anomaly():
            try:
                (x.sqrt() * 0).sum().backward()
            except RuntimeError:
                pass

    return step


def _grown(step: Callable[[], None]) -> int:
    """How many objects more there are in this process after 1,000 steps."""
    gc.collect()  # empties Python's free lists, which are no leak
    before = sys.getallocatedblocks()  # (of bytes, those of Python's own tables jump now and then)
    for _ in range(1000):
        step()
    assert gc.collect() == 0
    return sys.getallocatedblocks() - before


@pytest.mark.parametrize(
    "make",
    [
        everything, retaining, hooks, through_views, geometry, double_backward, failing, failing_inside, saved_elsewhere
    ],
)  # fmt: skip
def test_a_thousand_steps(make: Callable[[], Callable[[], None]]) -> None:
    step = make()
    for _ in range(100):  # until everything has been imported
        step()
    grown = min(_grown(step) for _ in range(3))  # a leak is there each time; another thread's objects (xdist's) are not
    assert grown < 200, f"{grown} objects more after 1,000 steps"


def test_the_measure_sees_what_is_kept() -> None:
    """An array kept in each step, or a cycle in each step, is noticed."""
    kept: list[Any] = []
    with pytest.raises(AssertionError, match="objects more"):
        test_a_thousand_steps(lambda: lambda: kept.append(tg.ones(2)))

    def cycle() -> None:
        x = tg.ones(1)
        x.itself = x

    with pytest.raises(AssertionError):
        test_a_thousand_steps(lambda: cycle)
    gc.collect()


def test_anomaly_mode_leaves_no_cycles() -> None:
    step = looking_for_nan()
    step()
    gc.collect()
    step()
    assert gc.collect() == 0


def test_a_function_and_its_outputs_are_freed_at_once() -> None:
    x = tg.ones(2, requires_grad=True)
    b, c = Both.apply(x, x * 1)
    node, out = weakref.ref(b.grad_fn), weakref.ref(b)
    del b
    assert node() is not None and out() is None
    del c
    assert node() is None


def test_what_was_saved_is_let_go_after_backward() -> None:
    x = tg.ones(1000, requires_grad=True)
    y = x * 1
    array = weakref.ref(y._data)
    b, c = Both.apply(y, y)
    total = b.sum() + c.sum()
    del y
    assert array() is not None
    total.backward()
    assert array() is None and b.grad_fn is not None


def test_a_long_chain_of_functions_is_freed() -> None:
    x = tg.ones(1, requires_grad=True)
    y = x * 1
    for _ in range(20_000):
        y, _ = Both.apply(y, x)
    y.backward()
    assert x.grad is not None
    seen = weakref.ref(y.grad_fn)
    del y, _
    assert seen() is None and gc.collect() == 0
