"""The baseline keeps the habits it is there to show: cycles, parents in a set, recursion. And it is right."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2]))  # benchmarks/ is not installed; last, so that tinygrad_edu is

from benchmarks import moons
from benchmarks.closure_engine import Value


def test_gradients_of_an_expression() -> None:
    a, b = Value(-4.0), Value(2.0)
    c = a * b + b**3
    d = (c - a).relu() / b + 3 * a * a
    d.backward()
    # d = (a b + b^3 - a) / b + 3 a^2 where the ReLU passes: 4 > 0
    assert d.data == pytest.approx(50.0)
    assert a.grad == pytest.approx((2.0 - 1) / 2 + 6 * -4.0)
    assert b.grad == pytest.approx(2 * 2.0 + -4.0 / 2**2)


def test_every_result_is_a_cycle_that_only_the_collector_frees() -> None:
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        root = Value(1.0)
        for _ in range(100):
            root = root * 2.0
        del root
        assert gc.collect() >= 100
    finally:
        if enabled:
            gc.enable()


def test_parents_are_a_set_so_a_square_has_one() -> None:
    x = Value(3.0)
    y = x * x
    assert isinstance(y._prev, set)
    assert len(y._prev) == 1


def test_a_chain_deeper_than_the_recursion_limit_fails() -> None:
    root = Value(1.0)
    for _ in range(sys.getrecursionlimit() + 10):
        root = root + 1.0
    with pytest.raises(RecursionError):
        root.backward()


def test_first_steps_of_the_moons_demo_print_the_published_losses() -> None:
    history = moons.train(Value, steps=2)
    for step, (loss, accuracy) in enumerate(history):
        assert loss == pytest.approx(moons.PUBLISHED[step][0], rel=1e-9)
        assert accuracy == moons.PUBLISHED[step][1]
