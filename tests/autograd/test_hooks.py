"""Hooks on tensors, nodes and leaves; what a pass leaves behind when one of them fails; what a grad_fn shows."""

from __future__ import annotations

from typing import Any

import pytest


def leaf(lib: Any, *numbers: float) -> Any:
    return lib.tensor(list(numbers), dtype=lib.float64, requires_grad=True)


class TestNodes:
    def test_hooks_see_what_goes_in_and_out(self, lib: Any) -> None:
        x = leaf(lib, 2.0)
        y = x * lib.tensor([3.0], dtype=lib.float64)
        seen: list[Any] = []
        y.grad_fn.register_prehook(lambda outs: seen.append(("before", outs[0].tolist())))
        y.grad_fn.register_hook(lambda ins, outs: seen.append(("after", ins[0].tolist(), ins[1], outs[0].tolist())))
        y.register_hook(lambda g: seen.append(("tensor", g.tolist())))
        (y * 5).backward()
        assert seen == [("tensor", [5.0]), ("before", [5.0]), ("after", [15.0], None, [5.0])]

    def test_hooks_replace(self, lib: Any) -> None:
        x = leaf(lib, 2.0)
        y = x * 3
        y.grad_fn.register_prehook(lambda outs: (outs[0] + 1,))
        handle = y.grad_fn.register_hook(lambda ins, outs: (ins[0] * 100, *ins[1:]))
        y.backward(retain_graph=True)
        handle.remove()
        y.backward()
        assert x.grad.tolist() == [606.0]

    def test_wrong_numbers_of_gradients(self, lib: Any) -> None:
        for register, wrong in (("register_hook", lambda i, o: ()), ("register_prehook", lambda o: (o[0], o[0]))):
            y = leaf(lib, 2.0) * 3
            getattr(y.grad_fn, register)(wrong)
            with pytest.raises(RuntimeError, match="incorrect number of values"):
                y.backward()

    def test_recorded_with_create_graph(self, lib: Any) -> None:
        x = leaf(lib, 2.0)
        y = x**3
        y.grad_fn.register_hook(lambda ins, outs: (ins[0] * x, *ins[1:]))
        (slope,) = lib.autograd.grad(y, x, create_graph=True)
        assert slope.tolist() == [24.0] and lib.autograd.grad(slope, x)[0].tolist() == [36.0]

    def test_where_a_leaf_adds_up(self, lib: Any) -> None:
        x = leaf(lib, 2.0)
        place = (x * 1).grad_fn.next_functions[0][0]
        seen: list[Any] = []
        place.register_hook(lambda ins, outs: seen.append((ins, outs[0].tolist())))
        place.register_prehook(lambda outs: (outs[0] * 2,))
        (x * 3).backward()
        assert seen == [((), [6.0])] and x.grad.tolist() == [6.0]

    def test_nodes_that_do_not_run_have_silent_hooks(self, lib: Any) -> None:
        x, w = leaf(lib, 2.0), leaf(lib, 3.0)
        y, z = x * 2, w * 2
        seen: list[str] = []
        y.register_hook(lambda g: seen.append("y"))
        z.register_hook(lambda g: seen.append("z"))
        y.grad_fn.register_hook(lambda i, o: seen.append("node of y"))
        (y * z).backward(inputs=[w], retain_graph=True)
        assert seen == ["z"]
        lib.autograd.grad(y * z, y)
        assert seen == ["z", "y"], "the node of y need not run for the gradient by y"

    def test_what_a_node_shows(self, lib: Any) -> None:
        x = leaf(lib, 2.0)
        y = x.exp()
        z = y * x
        assert z.grad_fn.name() == "MulBackward0" and isinstance(z.grad_fn, lib.autograd.graph.Node)
        (first, i), (second, j) = z.grad_fn.next_functions
        assert first is y.grad_fn and (i, j) == (0, 0) and second.variable is x and second.next_functions == ()
        assert z.grad_fn.metadata == {}
        z.grad_fn.metadata["note"] = 1
        assert z.grad_fn.metadata == {"note": 1}
        assert (x * 2).grad_fn.next_functions[1] == (None, 0)


class TestTensors:
    def test_removed_during_the_pass(self, lib: Any) -> None:
        y = leaf(lib, 2.0) * 3
        handles: list[Any] = []
        handles.append(y.register_hook(lambda g: handles[0].remove()))
        y.backward(retain_graph=True)
        y.backward()
        with y.register_hook(lambda g: g) as handle:
            assert handle is not None

    def test_hooks_stay_with_the_value_before_a_change_in_place(self, lib: Any) -> None:
        x = leaf(lib, 2.0)
        y = x * 1
        seen: list[Any] = []
        y.register_hook(lambda g: seen.append(("old", g.tolist())))
        y.retain_grad()
        y.mul_(5)
        y.register_hook(lambda g: seen.append(("new", g.tolist())))
        (y * 2).backward()
        assert seen == [("new", [2.0]), ("old", [10.0])]
        assert y.grad.tolist() == [2.0], "retain_grad comes along"

    def test_retained_gradients_are_the_last_word_of_the_hooks(self, lib: Any) -> None:
        x = leaf(lib, 2.0)
        y = x * 1
        y.retain_grad()
        y.register_hook(lambda g: g * 10)
        z = y * 2
        z.backward(retain_graph=True)
        assert y.retains_grad and y.grad.tolist() == [20.0]
        first = y.grad
        z.backward()
        assert y.grad.tolist() == [40.0] and first.tolist() == [20.0]

    def test_retaining_what_cannot(self, lib: Any) -> None:
        with pytest.raises(RuntimeError, match="can't retain_grad"):
            lib.ones(1).retain_grad()
        x = leaf(lib, 1.0)
        x.retain_grad()
        assert not x.retains_grad

    def test_reading_grad_of_a_result_warns(self, lib: Any, recwarn: Any) -> None:
        x = leaf(lib, 2.0)
        y, z = x * 2, x * 3
        z.retain_grad()
        assert z.grad is None and x.grad is None and lib.ones(1).grad is None and x.detach().grad is None
        assert not recwarn.list
        with pytest.warns(UserWarning, match="not a leaf Tensor"):
            assert y.grad is None


class TestLeaves:
    def test_after_accumulation(self, lib: Any) -> None:
        x = leaf(lib, 2.0)
        seen: list[Any] = []
        handle = x.register_post_accumulate_grad_hook(lambda t: seen.append((t is x, t.grad.tolist())))
        x.register_hook(lambda g: g * 2)
        (x * 3).backward()
        (x * 3).backward()
        handle.remove()
        (x * 3).backward()
        assert seen == [(True, [6.0]), (True, [12.0])] and x.grad.tolist() == [18.0]

    def test_an_optimizer_in_the_backward_pass(self, lib: Any) -> None:
        x = leaf(lib, 2.0)

        def step(param: Any) -> None:
            with lib.no_grad():
                param -= 0.5 * param.grad
            param.grad = None

        x.register_post_accumulate_grad_hook(step)
        (x * 2).backward()
        assert x.grad is None and x.tolist() == [1.0]

    def test_not_on_results(self, lib: Any) -> None:
        with pytest.raises(RuntimeError, match="non-leaf"):
            (leaf(lib, 1.0) * 2).register_post_accumulate_grad_hook(lambda t: None)
        with pytest.raises(RuntimeError, match="doesn't require grad"):
            lib.ones(1).register_post_accumulate_grad_hook(lambda t: None)


class TestFailures:
    """Ours promises more than PyTorch: a pass that fails has touched no gradient."""

    @pytest.mark.parametrize("where", ["rule", "hook", "leaf hook", "node hook"])
    def test_nothing_is_half_filled(self, where: str) -> None:
        import tinygrad_edu as tg

        class Fails(tg.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                return x * 2

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                if where == "rule":
                    raise ZeroDivisionError
                return g * 2

        x, w = leaf(tg, 2.0), leaf(tg, 3.0)
        w.grad = tg.ones(1, dtype=tg.float64)
        inner = Fails.apply(x)
        y = inner * w
        y.retain_grad()
        handle: Any = None
        if where == "hook":
            handle = inner.register_hook(lambda g: 1 / 0)
        elif where == "leaf hook":
            handle = x.register_hook(lambda g: 1 / 0)
        elif where == "node hook":
            handle = inner.grad_fn.register_hook(lambda i, o: 1 / 0)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                (y * 1).backward(retain_graph=True)
            assert x.grad is None and y.grad is None and w.grad.tolist() == [1.0]
        if handle is not None:
            handle.remove()
            (y * 1).backward()
            assert (x.grad.tolist(), y.grad.tolist(), w.grad.tolist()) == ([6.0], [1.0], [5.0])
