"""What a graph of Tensors leaves behind: nothing; and how deep it may be: a hundred thousand nodes."""

from __future__ import annotations

import gc
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import tinygrad_edu as tg

pytestmark = pytest.mark.filterwarnings("ignore:Using backward:UserWarning")  # PyTorch's advice, and ours


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Only reference counting frees anything inside the test."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_a_chain_of_a_hundred_thousand_nodes_runs_forward_backward_and_is_freed(no_collector: None) -> None:
    x = tg.ones(2, requires_grad=True)
    y = x
    for _ in range(50_000):
        y = y * 1.0 + 0.0
    y.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [1.0, 1.0]
    node, result = weakref.ref(y.grad_fn), weakref.ref(y)
    del y
    assert node() is None and result() is None
    assert gc.collect() == 0


def test_a_deep_graph_that_backward_never_walked_is_freed(no_collector: None) -> None:
    x = tg.ones(2, requires_grad=True)
    y = x
    for _ in range(50_000):
        y = y.exp().log()
    del y
    assert gc.collect() == 0


def regression() -> Callable[[], None]:
    """A step of a small network on fixed data, as a user writes it."""
    generator = tg.Generator().manual_seed(0)
    x, target = tg.randn(8, 3, generator=generator), tg.randn(8, 1, generator=generator)
    weights = [tg.randn(3, 4, generator=generator), tg.zeros(4), tg.randn(4, 1, generator=generator), tg.zeros(1)]
    for w in weights:
        w.requires_grad_()

    def step() -> None:
        w1, b1, w2, b2 = weights
        hidden = (x @ w1 + b1).tanh()
        loss = ((hidden @ w2 + b2 - target) ** 2).mean() + 0.01 * sum((w * w).sum() for w in weights)
        loss.backward()
        with tg.no_grad():
            for w in weights:
                w -= 0.05 * w.grad
                w.grad = None
        loss.item()

    return step


def views_and_changes() -> Callable[[], None]:
    """Views, joins, indices, in-place changes and retained gradients: everything that ties objects together."""
    x = tg.ones(4, 3, requires_grad=True)

    def step() -> None:
        y = x * 2
        y.retain_grad()
        rows = y[1:].t()
        rows[0] = 1.0
        z = tg.cat([y, tg.stack([y[0], y.max(0).values])]).reshape(-1)
        z.mul_(3.0)
        handle = z.register_hook(lambda g: g * 2)
        (z[[0, 1, 1]] * tg.where(z[:3] > 0, z[:3], 0.0)).sum().backward()
        handle.remove()
        x.grad = None

    return step


def second_order() -> Callable[[], None]:
    """Gradients of gradients, with the gradient cleared as PyTorch's documentation asks."""
    x = tg.ones(3, requires_grad=True)

    def step() -> None:
        (x**3).sum().backward(create_graph=True)
        gradient, x.grad = x.grad, None
        (gradient * gradient).sum().backward()
        x.grad = None

    return step


def refused() -> Callable[[], None]:
    """Steps that fail on the way."""
    x = tg.ones(3, requires_grad=True)

    def step() -> None:
        y = x.exp()
        for wrong in (lambda: y + tg.ones(4), lambda: y.backward(), lambda: x.add_(1)):
            with pytest.raises(RuntimeError):
                wrong()

    return step


@pytest.mark.parametrize("make", [regression, views_and_changes, second_order])
def test_a_thousand_steps_neither_grow_nor_leave_cycles(make: Callable[[], Any], no_collector: None) -> None:
    step = make()
    for _ in range(300):  # until Python's free lists are full
        step()
    tracemalloc.start()
    try:
        for _ in range(1000):  # what free lists hold is traced once it has been used again
            step()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(1000):
            step()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 4_000, f"{grown} bytes more after 1,000 steps"
    assert gc.collect() == 0


def test_refused_operations_keep_nothing_alive(no_collector: None) -> None:
    step = refused()
    step()
    gc.collect()
    x = tg.ones(3, requires_grad=True)
    y = x.exp()
    seen = weakref.ref(y)
    try:
        y + tg.ones(4)
    except RuntimeError:
        pass
    del y
    assert seen() is None


def test_results_hold_no_inputs_that_their_rule_does_not_need() -> None:
    x = tg.ones(3, requires_grad=True)
    inner = x.exp()
    seen = weakref.ref(inner)
    total = inner.sum()
    del inner
    assert seen() is None, "a sum needs the shape only"
    total.backward()
    assert x.grad is not None


def test_what_was_saved_is_let_go_after_backward() -> None:
    x = tg.ones(1000, requires_grad=True)
    y = x * 2.0
    array = weakref.ref(y._data)
    loss = (y * y).sum()
    del y
    assert array() is not None
    loss.backward()
    assert array() is None and loss.grad_fn is not None


def test_retained_gradients_do_not_keep_their_tensor_alive(no_collector: None) -> None:
    x = tg.ones(3, requires_grad=True)
    y = x * 2
    y.retain_grad()
    loss = (y * y).sum()
    seen = weakref.ref(y)
    del y
    assert seen() is None
    loss.backward()
    assert x.grad is not None and gc.collect() == 0
