"""Threads: grad modes are each thread's own, and backward passes may run side by side, also into one leaf."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import tinygrad_edu as tg


def run(*functions: Callable[[], Any]) -> list[Any]:
    """Each function in a thread of its own, all started together; their results."""
    results: list[Any] = [None] * len(functions)
    start = Barrier(len(functions))

    def call(i: int) -> None:
        start.wait()
        try:
            results[i] = functions[i]()
        except BaseException as error:
            results[i] = error

    threads = [Thread(target=call, args=(i,)) for i in range(len(functions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_modes_are_each_threads_own() -> None:
    x = tg.ones(2, requires_grad=True)
    inside = Barrier(2)

    def off() -> bool:
        with tg.inference_mode():
            inside.wait()
            result = x * 2
            inside.wait()
        return bool(result.requires_grad)

    def on() -> bool:
        inside.wait()
        result = x * 2
        inside.wait()
        return bool(result.requires_grad)

    with tg.no_grad():
        assert run(off, on) == [False, True], "a new thread starts with recording on"
    assert tg.is_grad_enabled()


def test_one_leaf_many_passes() -> None:
    x = tg.ones(1000, requires_grad=True)

    def work() -> None:
        for _ in range(100):
            (x * 2.0).sum().backward()

    assert run(*[work] * 4) == [None] * 4
    assert x.grad is not None and x.grad.tolist() == [800.0] * 1000, "no addition is lost"


def test_graphs_of_their_own() -> None:
    def descend(start: float) -> Callable[[], float]:
        def work() -> float:
            x = tg.tensor(start, dtype=tg.float64, requires_grad=True)
            for _ in range(200):
                (slope,) = tg.autograd.grad((x - 3.0) ** 2, x)
                with tg.no_grad():
                    x -= 0.1 * slope
            return x.item()

        return work

    assert [round(x, 6) for x in run(*[descend(float(i)) for i in range(4)])] == [3.0] * 4


def test_one_graph_from_two_threads() -> None:
    x = tg.ones(10, requires_grad=True)
    y = (x.exp() * x).sum()
    (expected,) = tg.autograd.grad(y, x, retain_graph=True)

    def work() -> list[float]:
        return [g.tolist() for g in [tg.autograd.grad(y, x, retain_graph=True)[0] for _ in range(50)]][-1]

    assert run(work, work) == [expected.tolist()] * 2


def test_a_pass_inside_a_pass() -> None:
    x = tg.tensor([2.0], requires_grad=True)
    inner = tg.tensor([3.0], requires_grad=True)

    def again(gradient: Any) -> Any:
        with tg.enable_grad():
            (inner * inner).sum().backward()
        return gradient * inner.grad

    y = x * 1
    y.register_hook(again)
    y.backward()
    assert x.grad is not None and x.grad.tolist() == [6.0]
