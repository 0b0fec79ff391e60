"""What a graph of Values costs and leaves: a million nodes, no cycles, no NumPy."""

from __future__ import annotations

import gc
import subprocess
import sys
import tracemalloc
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from tinygrad_edu import Value

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Only reference counting frees anything inside the test."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def chain(length: int) -> tuple[Value, Value]:
    x = y = Value(1.0)
    for _ in range(length // 2):
        y = y * 1.0 + 0.0
    return x, y


def test_a_chain_of_a_million_nodes_runs_forward_backward_and_is_freed(no_collector: None) -> None:
    x, y = chain(1_000_000)
    y.backward()
    assert x.grad == 1.0
    middle = weakref.ref(_Held(y))
    del y
    assert middle() is None
    assert gc.collect() == 0, "nothing was left in cycles"


class _Held:
    """Something that can be referred to weakly and holds a graph: Values have no room for weak references."""

    def __init__(self, graph: object) -> None:
        self.graph = graph


def test_a_graph_is_freed_at_once(no_collector: None) -> None:
    tracemalloc.start()
    try:
        for _ in range(2):
            before = tracemalloc.get_traced_memory()[0]
            x, y = chain(20_000)
            y.backward()
            grown = tracemalloc.get_traced_memory()[0] - before
            del y
            left = tracemalloc.get_traced_memory()[0] - before
            del x
    finally:
        tracemalloc.stop()
    assert left < grown / 100


def test_a_thousand_steps_leave_nothing(no_collector: None) -> None:
    weights = [Value(0.1 * i) for i in range(5)]

    def step() -> None:
        loss = sum((w * x).tanh() ** 2 for w, x in zip(weights, range(1, 6), strict=True))
        for w in weights:
            w.grad = 0.0
        loss.backward()  # type: ignore[union-attr]
        for w in weights:
            w.data -= 0.01 * w.grad

    gc.collect()  # empties Python's free lists, of up to 2,000 tuples of each length
    for _ in range(3000):  # fills them again
        step()
    tracemalloc.start()
    try:
        step()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(1000):
            step()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 2000, f"{grown} bytes more after 1,000 steps"
    assert gc.collect() == 0


def test_create_graph_leaves_no_cycles_once_gradients_are_cleared(no_collector: None) -> None:
    x = Value(2.0)
    for _ in range(20):
        y = x**3 * x.exp()
        y.backward(create_graph=True)
        y.zero_grad()  # a recorded gradient refers to nodes that refer to it: clearing it undoes the knot
    del y
    assert gc.collect() == 0


def test_a_node_is_small() -> None:
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        x, y = chain(20_000)
        bytes_per_node = (tracemalloc.get_traced_memory()[0] - before) / 40_000  # the constants are nodes as well
    finally:
        tracemalloc.stop()
    assert bytes_per_node <= 180
    assert not hasattr(x, "__dict__") and y.data == 1.0


def test_a_scalar_program_leaves_numpy_unimported() -> None:
    program = """
import sys
from tinygrad_edu import Value
x, y = Value(2.0, name="x"), Value(-0.5)
z = (x * y + x**2 / 3 - 1 / y).tanh() + abs(y).sqrt() + x.log() * y.exp() + x.sin() * y.cos() + (2**x).sigmoid()
z = z.relu() + x**y + x.maximum(y) + x.clamp(0, 1) + x / Value(0.0) + y.log() + (-x) ** 0.5
z.backward()
assert x == 2.0 and x > y and x._prev == () and repr(z) and z._op
z.zero_grad()
print(sorted(name for name in sys.modules if name.split(".")[0] == "numpy"))
"""
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=PROJECT, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[]"
