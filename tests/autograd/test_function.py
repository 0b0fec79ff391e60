"""Custom functions: what ``forward`` may return and keep, and the gradients that reach the inputs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.functions import exp, leaf, pair, scaled


class TestOneOutput:
    def test_value_name_and_gradient(self, lib: Any) -> None:
        x = leaf(lib, 0.5, 1.0)
        y = exp(lib).apply(x)
        assert y.grad_fn.name() == "ExpBackward" and "grad_fn=<ExpBackward>" in repr(y) and not y.is_leaf
        assert y.grad_fn.next_functions[0][0].variable is x
        y.sum().backward()
        assert x.grad.tolist() == pytest.approx(y.tolist())

    def test_any_order(self, lib: Any) -> None:
        x = leaf(lib, 0.5)
        result = exp(lib).apply(x * 2).sum()
        for order in range(1, 4):
            (slope,) = lib.autograd.grad(result, x, create_graph=True)
            assert slope.item() == pytest.approx(2**order * 2.718281828459045)
            result = slope.sum()

    def test_setup_context_and_other_arguments(self, lib: Any) -> None:
        x, y = leaf(lib, 2.0), lib.tensor([5.0], dtype=lib.float64)
        z = scaled(lib).apply(x, 3, y)
        assert z.tolist() == [30.0] and len(z.grad_fn.next_functions) == 2
        assert z.grad_fn.next_functions[1] == (None, 0)
        z.backward()
        assert x.grad.tolist() == [15.0] and y.grad is None

    def test_nothing_is_recorded_without_need(self, lib: Any) -> None:
        x = leaf(lib, 2.0)
        with lib.no_grad():
            assert not exp(lib).apply(x).requires_grad
        y = exp(lib).apply(x.detach())
        assert not y.requires_grad and y.grad_fn is None

    def test_operations_in_forward_are_not_recorded(self, lib: Any) -> None:
        modes = []

        class Look(lib.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                modes.append((lib.is_grad_enabled(), (x * 2).requires_grad))
                return x * 2

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                modes.append((lib.is_grad_enabled(), ctx.needs_input_grad))
                return g * 2

        x = leaf(lib, 1.0)
        y = Look.apply(x)
        y.backward(retain_graph=True)
        y.backward(create_graph=True)
        assert modes == [(False, False), (False, (True,)), (True, (True,))]
        assert x.grad.tolist() == [4.0]

    def test_a_second_pass(self, lib: Any) -> None:
        y = exp(lib).apply(leaf(lib, 1.0))
        y.backward(retain_graph=True)
        y.backward()
        with pytest.raises(RuntimeError, match="retain_graph=True"):
            y.backward()

    def test_what_was_saved_and_changed(self, lib: Any) -> None:
        x = leaf(lib, 1.0)
        y = exp(lib).apply(x)
        with lib.no_grad():
            y.mul_(2)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            y.sum().backward()
        a = leaf(lib, 2.0) * 1
        z = scaled(lib).apply(a, 1, leaf(lib, 1.0))
        a.add_(1)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            z.backward()

    def test_the_input_itself_is_returned_as_another_tensor(self, lib: Any) -> None:
        class Same(lib.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                return x

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                return -g

        x = leaf(lib, 1.0, 2.0)
        y = Same.apply(x)
        assert y is not x and x.is_leaf and y.data_ptr() == x.data_ptr()
        y.sum().backward()
        assert x.grad.tolist() == [-1.0, -1.0]
        assert lib.autograd.grad(Same.apply(x[:1]), x)[0].tolist() == [-1.0, 0.0]

    def test_gradients_are_fitted(self, lib: Any) -> None:
        class Wide(lib.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                return x.expand(3, 2) * 1

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                return g.float()

        x = leaf(lib, 1.0, 2.0)
        Wide.apply(x).sum().backward()
        assert x.grad.tolist() == [3.0, 3.0] and x.grad.dtype == lib.float64

    def test_tensors_in_place_of_leaves_elsewhere_get_nothing(self, lib: Any) -> None:
        inside = leaf(lib, 5.0)

        class Closure(lib.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                return x * inside

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                return g * inside

        x = leaf(lib, 2.0)
        Closure.apply(x).backward()
        assert x.grad.tolist() == [5.0] and inside.grad is None


class TestSeveralOutputs:
    def test_both_and_one(self, lib: Any) -> None:
        Pair = pair(lib)
        x, y = leaf(lib, 2.0), leaf(lib, 3.0)
        product, total = Pair.apply(x, y)
        assert product.grad_fn is total.grad_fn and (product.output_nr, total.output_nr) == (0, 1)
        assert (total * 1).grad_fn.next_functions[0] == (total.grad_fn, 1)
        (product * 10 + total).sum().backward()
        assert x.grad.tolist() == [31.0] and y.grad.tolist() == [21.0]
        assert len(Pair.seen) == 1, "backward runs once, with all gradients"
        product, total = Pair.apply(x, y)
        total.backward()
        assert Pair.seen[-1][0].tolist() == [0.0]
        assert x.grad.tolist() == [32.0]

    def test_without_materializing(self, lib: Any) -> None:
        Pair = pair(lib)
        Pair.materialize = False
        x, y = leaf(lib, 2.0), leaf(lib, 3.0)
        Pair.apply(x, y)[0].backward()
        assert Pair.seen[-1][1] is None and x.grad.tolist() == [3.0]

    def test_second_order_through_a_saved_output(self, lib: Any) -> None:
        x, y = leaf(lib, 2.0), leaf(lib, 3.0)
        product, total = pair(lib).apply(x, y)
        (slope,) = lib.autograd.grad((product * product * total).sum(), x, create_graph=True)
        (mixed,) = lib.autograd.grad(slope.sum(), y)
        # d/dx = 2xy^2 (x+y) + x^2y^2, d2/dxdy = 4xy(x+y) + 2xy^2 + 2x^2y
        assert slope.item() == pytest.approx(2 * 2 * 9 * 5 + 4 * 9)
        assert mixed.item() == pytest.approx(4 * 6 * 5 + 2 * 2 * 9 + 2 * 4 * 3)

    def test_hooks_and_grads_of_single_outputs(self, lib: Any) -> None:
        x, y = leaf(lib, 2.0), leaf(lib, 3.0)
        product, total = pair(lib).apply(x, y)
        product.register_hook(lambda g: g * 100)
        total.retain_grad()
        (product + total * 2).sum().backward()
        assert total.grad.tolist() == [2.0] and x.grad.tolist() == [302.0]

    def test_by_an_output(self, lib: Any) -> None:
        x, y = leaf(lib, 2.0), leaf(lib, 3.0)
        product, total = pair(lib).apply(x, y)
        by_product, by_x = lib.autograd.grad((product * total).sum(), [product, x])
        assert by_product.tolist() == [5.0] and by_x.tolist() == [21.0]

    def test_node_hooks_see_all_gradients(self, lib: Any) -> None:
        x, y = leaf(lib, 2.0), leaf(lib, 3.0)
        product, total = pair(lib).apply(x, y)
        seen = []
        product.grad_fn.register_prehook(lambda outs: seen.append([None if o is None else o.tolist() for o in outs]))
        product.grad_fn.register_hook(lambda ins, outs: (ins[0] * 2, ins[1]))
        (product * 4).backward()
        assert seen == [[[4.0], None]] and x.grad.tolist() == [24.0] and y.grad.tolist() == [8.0]

    def test_other_results_and_non_differentiable_ones(self, lib: Any) -> None:
        class Best(lib.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                place, rank = x.argmax(), x.detach() * 0
                ctx.mark_non_differentiable(rank)
                ctx.save_for_backward(place)
                ctx.shape = x.shape
                return x.max() * 1, place, rank, "text"

            @staticmethod
            def backward(ctx: Any, g: Any, *others: Any) -> Any:
                assert others[1].tolist() == [0.0, 0.0, 0.0]
                (place,) = ctx.saved_tensors
                out = lib.zeros(ctx.shape, dtype=lib.float64)
                out[place] = g
                return out

        x = leaf(lib, 1.0, 5.0, 2.0)
        best, place, rank, text = Best.apply(x)
        assert text == "text" and not place.requires_grad and not rank.requires_grad and best.requires_grad
        best.backward()
        assert x.grad.tolist() == [0.0, 1.0, 0.0]

    def test_a_tuple_of_one(self, lib: Any) -> None:
        class One(lib.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                return (x * 2,)

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                return (g * 2,)

        x = leaf(lib, 1.0)
        out = One.apply(x)
        assert isinstance(out, tuple)
        out[0].backward()
        assert x.grad.tolist() == [2.0]


class TestInPlace:
    def double(self, lib: Any) -> Any:
        class Double(lib.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                x.mul_(2)
                ctx.mark_dirty(x)
                return x

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                return g * 2

        return Double

    def test_the_input_moves_on(self, lib: Any) -> None:
        x = leaf(lib, 1.0, 2.0)
        y = x * 3
        z = self.double(lib).apply(y)
        assert z is y and y.grad_fn.name() == "DoubleBackward" and y.tolist() == [6.0, 12.0]
        y.sum().backward()
        assert x.grad.tolist() == [6.0, 6.0]

    def test_a_leaf_is_refused(self, lib: Any) -> None:
        with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
            self.double(lib).apply(leaf(lib, 1.0))

    def test_what_is_marked_must_be_returned(self, lib: Any) -> None:
        class Wrong(lib.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                ctx.mark_dirty(x)
                return x * 2

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                return g

        with pytest.raises(RuntimeError, match="marked as dirty"):
            Wrong.apply(leaf(lib, 1.0) * 1)


def test_is_drawn() -> None:
    import tinygrad_edu as tg

    x, y = leaf(tg, 2.0), leaf(tg, 3.0)
    product, total = pair(tg).apply(x, y)
    source = (product + total).sum().draw_graph(gradients=True).source
    assert "Pair" in source and "output 0" in source and "output 1" in source
