"""autograd.graph: hooks on several Tensors, places in the graph without a Tensor, changes that autograd cannot see."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest


def leaf(lib: Any, *numbers: float) -> Any:
    return lib.tensor(list(numbers), dtype=lib.float64, requires_grad=True)


def values(gradients: list[Any]) -> list[Any]:
    return [None if g is None else g.tolist() for g in gradients]


class TestHooksOnSeveral:
    def test_all_are_seen_at_once_and_those_not_reached_are_none(self, lib: Any) -> None:
        x, w, unused = leaf(lib, 2.0), leaf(lib, 3.0), leaf(lib, 4.0)
        y = x * w
        seen: list[Any] = []
        handle = lib.autograd.graph.register_multi_grad_hook((y, unused, w, x), lambda g: seen.append(values(g)))
        (y * 5).backward(retain_graph=True)
        assert seen == [[[5.0], None, [10.0], [15.0]]]
        (y * 2).backward(retain_graph=True)
        assert len(seen) == 2 and seen[1][0] == [2.0]
        handle.remove()
        (y * 5).backward()
        assert len(seen) == 2

    def test_any_sees_the_first(self, lib: Any) -> None:
        x = leaf(lib, 2.0)
        y = x * 3
        z = y * 4
        seen: list[Any] = []
        lib.autograd.graph.register_multi_grad_hook((x, y, z), lambda g: seen.append(g.tolist()), mode="any")
        (z * 1).backward(retain_graph=True)
        (z * 7).backward()
        assert seen == [[1.0], [7.0]]

    def test_with_grad_and_with_create_graph(self, lib: Any) -> None:
        x = leaf(lib, 2.0)
        y = x * x
        seen: list[Any] = []
        lib.autograd.graph.register_multi_grad_hook((y,), lambda g: seen.append(g[0].requires_grad))
        lib.autograd.grad(y * y, x, create_graph=True)
        lib.autograd.grad(y * y, x)
        assert seen == [True, False]

    def test_one_that_fails_leaves_no_gradient(self, lib: Any) -> None:
        x, w = leaf(lib, 2.0), leaf(lib, 3.0)
        lib.autograd.graph.register_multi_grad_hook((x, w), lambda g: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            (x * w).backward()
        assert x.grad is None or w.grad is None  # of PyTorch's, one may have been added; of ours none

    def test_refusals(self, lib: Any) -> None:
        with pytest.raises(ValueError, match="Expects mode to be one of"):
            lib.autograd.graph.register_multi_grad_hook((leaf(lib, 1.0),), print, mode="some")
        with pytest.raises((RuntimeError, AssertionError)):
            lib.autograd.graph.register_multi_grad_hook((lib.ones(1),), print)


def test_a_failing_hook_on_several_adds_nothing() -> None:
    import tinygrad_edu as tg

    x, w = leaf(tg, 2.0), leaf(tg, 3.0)
    y = x * w
    y.retain_grad()
    tg.autograd.graph.register_multi_grad_hook((x, w, y), lambda g: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        y.backward()
    assert x.grad is None and w.grad is None and y.grad is None


def test_hooks_on_several_leave_no_cycles() -> None:
    import tinygrad_edu as tg

    gc.collect()
    gc.disable()
    try:
        x = leaf(tg, 2.0)
        for fails in (False, True):
            y = x * 2
            seen: list[Any] = []
            tg.autograd.graph.register_multi_grad_hook((y,), (lambda g: 1 / 0) if fails else seen.append)
            node = weakref.ref(y.grad_fn)
            try:
                y.backward()
            except ZeroDivisionError:
                pass
            del y
            assert node() is None
        assert gc.collect() == 0
    finally:
        gc.enable()


class TestEdges:
    def test_an_edge_stands_for_its_tensor(self, lib: Any) -> None:
        x = leaf(lib, 2.0, 3.0)
        y = x * x
        edge = lib.autograd.graph.get_gradient_edge(y)
        assert edge.node is y.grad_fn and edge.output_nr == 0
        z = (y * 3).sum()
        del y
        middle, first = lib.autograd.grad(z, (edge, lib.autograd.graph.get_gradient_edge(x)), retain_graph=True)
        assert middle.tolist() == [3.0, 3.0] and first.tolist() == [12.0, 18.0]
        lib.autograd.backward(edge, lib.ones(2, dtype=lib.float64))
        assert x.grad.tolist() == [4.0, 6.0]

    def test_edges_of_several_outputs(self, lib: Any) -> None:
        class Split(lib.autograd.Function):  # type: ignore[misc, name-defined]
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                return x * 2, x * 3

            @staticmethod
            def backward(ctx: Any, g: Any, h: Any) -> Any:
                return g * 2 + h * 3

        x = leaf(lib, 1.0)
        a, b = Split.apply(x)
        edges = [lib.autograd.graph.get_gradient_edge(t) for t in (a, b)]
        assert [edge.output_nr for edge in edges] == [0, 1] and edges[0].node is edges[1].node
        assert lib.autograd.grad(a + 10 * b, edges[1])[0].tolist() == [10.0]

    def test_of_what_is_not_recorded(self, lib: Any) -> None:
        with pytest.raises(RuntimeError, match="not possible to get the gradient edge"):
            lib.autograd.graph.get_gradient_edge(lib.ones(1))


def test_a_change_from_outside_is_noticed_once_it_is_counted(lib: Any) -> None:
    x = leaf(lib, 2.0)
    y = x * 1
    z = y * y
    y.detach().numpy()[0] = 7
    lib.autograd.graph.increment_version(y)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.backward()
    before = [lib.zeros(1), lib.zeros(1)]
    lib.autograd.graph.increment_version(before)
    assert [t._version for t in before] == [1, 1]


def test_a_hook_on_a_finished_leaf_returns_none(lib: Any) -> None:
    x = leaf(lib, 2.0)
    x.register_post_accumulate_grad_hook(lambda p: p.grad)
    with pytest.raises(RuntimeError, match="should return None"):
        (x * 2).backward()
