"""With the collector off, steps that use all of autograd neither grow nor leave anything in cycles."""

from __future__ import annotations

import gc
import tracemalloc
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


def looking_for_nan() -> Callable[[], None]:
    x = tg.zeros(2, requires_grad=True)

    def step() -> None:
        with warnings.catch_warnings(action="ignore"), tg.autograd.detect_anomaly():
            try:
                (x.sqrt() * 0).sum().backward()
            except RuntimeError:
                pass

    return step


@pytest.mark.parametrize("make", [everything, double_backward, failing])
def test_a_thousand_steps(make: Callable[[], Callable[[], None]]) -> None:
    step = make()
    for _ in range(100):  # until everything has been imported
        step()
    tracemalloc.start()
    try:
        step()
        gc.collect()  # empties Python's free lists, which are no leak
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(1000):
            step()
        assert gc.collect() == 0
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 4_000, f"{grown} bytes more after 1,000 steps"


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
