"""The rules of backward(): what starts it, what it leaves in grad, what it frees, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import GradError, ShapeError

pytestmark = pytest.mark.filterwarnings("ignore:Using backward:UserWarning")  # PyTorch's advice, and ours


def leaf(*numbers: float, dtype: Any = None) -> Any:
    return tg.tensor(list(numbers), dtype=dtype, requires_grad=True)


class TestAccumulation:
    def test_leaves_add_up(self) -> None:
        x = leaf(1.0, 2.0)
        for times in (1, 2, 3):
            (x * x).sum().backward()
            assert x.grad.tolist() == [2.0 * times, 4.0 * times]

    def test_interior_nodes_keep_nothing_unless_asked(self) -> None:
        x = leaf(3.0)
        y = x * x
        z = y * 2
        z.sum().backward()
        with pytest.warns(UserWarning, match="not a leaf"):
            assert y.grad is None
        assert x.grad.tolist() == [12.0]

    def test_retain_grad(self) -> None:
        x = leaf(3.0)
        y = x * x
        y.retain_grad()
        (y * 2).sum().backward()
        assert y.grad.tolist() == [2.0]
        assert x.retain_grad() is None, "a leaf keeps its gradient anyway"

    def test_one_tensor_used_many_times(self) -> None:
        x = leaf(2.0)
        y = x * x + x * x * x + x
        y.sum().backward()
        assert x.grad.tolist() == [4.0 + 12.0 + 1.0]

    def test_gradient_memory_is_the_leafs_own(self) -> None:
        a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
        (a + b).sum().backward()
        a.grad.add_(1.0)
        assert b.grad.tolist() == [1.0, 1.0]
        seed = tg.ones(2)
        c = leaf(1.0, 2.0)
        c.backward(seed)
        c.grad.mul_(5)
        assert seed.tolist() == [1.0, 1.0]
        d = leaf(1.0, 2.0)
        kept = (d * 1.0).sum()
        kept.backward(retain_graph=True)
        first = d.grad
        kept.backward()
        assert d.grad is first and first.tolist() == [2.0, 2.0], "added up in place, as PyTorch does"

    def test_a_leaf_that_is_the_root(self) -> None:
        x = tg.tensor(2.0, requires_grad=True)
        x.backward()
        x.backward()
        assert x.grad.item() == 2.0

    def test_gradients_have_the_leafs_shape_and_dtype(self) -> None:
        x, y = leaf(1.0, 2.0), tg.ones(3, 1, dtype=tg.float64, requires_grad=True)
        (x * y).sum().backward()
        assert (x.grad.dtype, x.grad.shape) == (tg.float32, (2,))
        assert (y.grad.dtype, y.grad.shape) == (tg.float64, (3, 1))

    def test_a_leaf_that_the_root_does_not_depend_on_gets_none(self) -> None:
        x, y = leaf(1.0), leaf(1.0)
        x.sum().backward()
        assert y.grad is None

    def test_zero_by_none_and_in_place(self) -> None:
        x = leaf(1.0)
        (x * 3).sum().backward()
        x.grad.zero_()
        (x * 3).sum().backward()
        assert x.grad.tolist() == [3.0]
        x.grad = None
        (x * 3).sum().backward()
        assert x.grad.tolist() == [3.0]


class TestSeeds:
    def test_a_gradient_argument_weighs_the_results(self) -> None:
        x = leaf(1.0, 2.0, 3.0)
        (x * x).backward(gradient=tg.tensor([1.0, 0.1, 0.01]))
        np.testing.assert_allclose(x.grad.numpy(), [2.0, 0.4, 0.06], rtol=1e-6)

    def test_one_element_needs_none(self) -> None:
        x = leaf(3.0)
        (x * x).backward()
        assert x.grad.tolist() == [6.0]

    def test_an_integer_gradient_is_converted(self) -> None:
        x = leaf(1.0, 2.0)
        (x * 2).backward(tg.tensor([1.0, 2.0], dtype=tg.float64))
        assert x.grad.dtype is tg.float32 and x.grad.tolist() == [2.0, 4.0]

    def test_inputs_restrict_what_is_filled(self) -> None:
        x, y = leaf(2.0), leaf(3.0)
        (x * y).sum().backward(inputs=[x])
        assert x.grad.tolist() == [3.0] and y.grad is None


class TestModes:
    def test_no_grad_as_context_decorator_and_nested(self) -> None:
        x = leaf(1.0)
        with tg.no_grad():
            assert not (x * 2).requires_grad
            with tg.enable_grad():
                assert (x * 2).requires_grad
            assert not (x * 2).requires_grad
        assert (x * 2).requires_grad

        @tg.no_grad()
        def frozen() -> Any:
            return x * 2

        assert not frozen().requires_grad and (x * 2).requires_grad

    def test_the_mode_returns_after_an_error(self) -> None:
        with pytest.raises(ZeroDivisionError), tg.no_grad():
            raise ZeroDivisionError
        assert tg.is_grad_enabled()

    def test_detach_and_data_share_memory_and_forget_history(self) -> None:
        x = leaf(1.0, 2.0)
        y = x * 2
        for cut in (y.detach(), y.data):
            assert not cut.requires_grad and cut.grad_fn is None and cut.is_leaf
            cut[0] = 7.0
            assert y[0].item() == 7.0
        (y.detach() * x).sum().backward()
        assert x.grad.tolist() == [7.0, 4.0], "the detached factor is a constant"

    def test_updates_under_no_grad(self) -> None:
        w = leaf(1.0)
        (w * 3).sum().backward()
        with tg.no_grad():
            w -= 0.1 * w.grad
        assert w.requires_grad and w.is_leaf and w.item() == pytest.approx(0.7)

    def test_what_needs_no_gradient_is_a_constant(self) -> None:
        x, c = leaf(2.0), tg.tensor([3.0])
        (x * c).sum().backward()
        assert c.grad is None and not (c * 2).requires_grad

    def test_flags_of_results(self) -> None:
        x = leaf(2.0)
        assert x.is_leaf and x.grad_fn is None
        y = x * 2
        assert y.requires_grad and not y.is_leaf and y.grad_fn is not None
        assert not (x > 1).requires_grad and not x.argmax().requires_grad and not x.long().requires_grad


class TestFreeing:
    def test_a_second_pass_needs_retain_graph(self) -> None:
        x = leaf(2.0)
        y = (x * x).sum()
        y.backward()
        with pytest.raises(GradError, match="retain_graph=True"):
            y.backward()
        assert x.grad.tolist() == [4.0]

    def test_retain_graph(self) -> None:
        x = leaf(2.0)
        y = (x * x).sum()
        y.backward(retain_graph=True)
        y.backward(retain_graph=True)
        y.backward()
        assert x.grad.tolist() == [12.0]

    def test_a_shared_part_of_two_graphs(self) -> None:
        x = leaf(2.0)
        shared = x.exp()
        (shared * 2).sum().backward(retain_graph=True)
        shared.sum().backward()
        with pytest.raises(GradError):
            (shared * 3).sum().backward()

    def test_nothing_saved_nothing_missing(self) -> None:
        x = leaf(2.0)
        y = (x + 1).sum()
        y.backward()
        y.backward()
        assert x.grad.tolist() == [2.0], "an addition saves nothing and may run again, as in PyTorch"


class TestHigherOrders:
    def test_create_graph(self) -> None:
        x = leaf(2.0, dtype=tg.float64)
        (x**3).sum().backward(create_graph=True)
        gradient = x.grad
        assert gradient.requires_grad and gradient.tolist() == [12.0]
        x.grad = None
        gradient.sum().backward()
        assert x.grad.tolist() == [12.0]

    def test_without_it_the_gradient_has_no_history(self) -> None:
        x = leaf(2.0)
        (x**3).sum().backward()
        assert not x.grad.requires_grad and x.grad.grad_fn is None

    def test_a_gradient_penalty(self) -> None:
        w = tg.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=tg.float64, requires_grad=True)
        x = tg.tensor([1.0, -1.0], dtype=tg.float64, requires_grad=True)
        (w @ x).tanh().sum().backward(create_graph=True)
        gradient, w.grad = x.grad, None
        (gradient * gradient).sum().backward()
        step = 1e-6

        def penalty(i: int, j: int, change: float) -> float:
            moved = w.detach().numpy().copy()
            moved[i, j] += change
            d = 1 - np.tanh(moved @ [1.0, -1.0]) ** 2
            return float(((moved.T @ d) ** 2).sum())

        for i in range(2):
            for j in range(2):
                slope = (penalty(i, j, step) - penalty(i, j, -step)) / (2 * step)
                assert w.grad[i, j].item() == pytest.approx(slope, rel=1e-6)


class TestRefusals:
    def test_several_elements(self) -> None:
        x = leaf(1.0, 2.0)
        with pytest.raises(GradError, match=r"only for scalar outputs.*\(2,\)"):
            (x * 2).backward()
        assert x.grad is None

    def test_no_element(self) -> None:
        with pytest.raises(GradError, match="scalar outputs"):
            tg.zeros(0, requires_grad=True).backward()

    def test_nothing_requires_grad(self) -> None:
        with pytest.raises(GradError, match="does not require grad"):
            tg.ones(()).backward()
        x = leaf(1.0)
        with tg.no_grad():
            y = (x * 2).sum()
        with pytest.raises(GradError, match="no_grad"):
            y.backward()

    def test_a_seed_of_another_shape_or_kind(self) -> None:
        x = leaf(1.0, 2.0)
        y = x * 2
        with pytest.raises(ShapeError, match=r"3.*2"):
            y.backward(tg.ones(3))
        with pytest.raises(TypeError):
            y.backward([1.0, 1.0])
        assert x.grad is None
        y.backward(tg.ones(2))
        assert x.grad.tolist() == [2.0, 2.0], "a refused call has freed nothing"

    def test_integers_have_no_gradient(self) -> None:
        for make in (
            lambda: tg.tensor([1, 2], requires_grad=True),
            lambda: tg.zeros(2, dtype=tg.bool, requires_grad=True),
            lambda: tg.tensor([1, 2]).requires_grad_(),
        ):
            with pytest.raises(GradError, match="floating point"):
                make()
        x = tg.tensor([1, 2])
        with pytest.raises(GradError):
            x.requires_grad = True
        assert not x.requires_grad

    def test_results_cannot_forget(self) -> None:
        y = leaf(1.0) * 2
        with pytest.raises(GradError, match="leaf"):
            y.requires_grad_(False)
        with pytest.raises(GradError, match="leaf"):
            y.requires_grad = False
        assert y.requires_grad

    def test_assigned_gradients_fit(self) -> None:
        x = leaf(1.0, 2.0)
        doubles = tg.ones(2, dtype=tg.float64)
        for wrong, error in ((tg.ones(3), ShapeError), (doubles, RuntimeError), ([1.0], TypeError)):
            with pytest.raises(error):
                x.grad = wrong
        assert x.grad is None

    def test_numpy_of_what_requires_grad(self) -> None:
        x = leaf(1.0)
        with pytest.raises(GradError, match="detach"):
            x.numpy()
        with pytest.raises(GradError):
            np.asarray(x)
        assert x.detach().numpy().tolist() == [1.0] and x.numpy(force=True).tolist() == [1.0]

    def test_inputs_that_are_empty(self) -> None:
        with pytest.raises(GradError, match="empty"):
            leaf(1.0).backward(inputs=[])

    def test_a_hook_that_fails_leaves_no_gradient(self) -> None:
        x, y = leaf(1.0), leaf(2.0)
        z = x * y
        z.register_hook(lambda g: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            z.sum().backward()
        assert x.grad is None and y.grad is None


class TestHooks:
    def test_a_hook_sees_and_may_replace_the_gradient(self) -> None:
        x = leaf(2.0)
        y = x * 3
        seen: list[Any] = []
        y.register_hook(lambda g: seen.append(g.tolist()))
        y.register_hook(lambda g: g * 10)
        (y * 2).sum().backward()
        assert seen == [[2.0]] and x.grad.tolist() == [60.0]

    def test_on_a_leaf_and_removed(self) -> None:
        x = leaf(2.0)
        handle = x.register_hook(lambda g: g + 1)
        (x * 1).sum().backward()
        handle.remove()
        (x * 1).sum().backward()
        assert x.grad.tolist() == [3.0]

    def test_what_needs_no_gradient_takes_no_hook(self) -> None:
        with pytest.raises(RuntimeError, match="grad"):
            tg.ones(1).register_hook(lambda g: g)


class TestInPlace:
    def test_a_leaf_that_requires_grad_is_not_changed(self) -> None:
        x = leaf(1.0, 2.0)
        for change in (lambda: x.add_(1), lambda: x.__setitem__(0, 5.0), lambda: x.zero_(), lambda: x.__imul__(2)):
            with pytest.raises(GradError, match="in-place"):
                change()
        assert x.tolist() == [1.0, 2.0] and x._counter == [0]

    def test_a_saved_value_that_changed_is_noticed(self) -> None:
        x = leaf(1.0, 2.0)
        y = x * 1.0
        z = y * y
        y.add_(1)
        with pytest.raises(GradError, match="modified by an inplace operation"):
            z.sum().backward()
        assert x.grad is None

    def test_also_through_a_view_or_a_detached_one(self) -> None:
        for share in (lambda t: t.detach(), lambda t: t.data, lambda t: t[:1]):
            x = leaf(1.0, 2.0)
            y = x * 1.0
            z = (y.exp() * y).sum()
            with tg.no_grad():
                part = share(y)
                part.mul_(2)
            if share(y)._counter is y._counter:
                with pytest.raises(GradError, match="modified"):
                    z.backward()

    def test_a_change_of_what_nobody_saved_is_recorded(self) -> None:
        x = leaf(1.0, 2.0)
        y = x + 0
        y.mul_(3)
        y += 1
        y[0] = 10.0
        y.sum().backward()
        assert y.tolist() == [10.0, 7.0] and x.grad.tolist() == [0.0, 3.0]

    def test_a_value_that_requires_grad_written_into_a_constant(self) -> None:
        x = leaf(3.0)
        y = tg.zeros(3)
        y[1] = x[0] * 2
        assert y.requires_grad
        (y * tg.tensor([1.0, 5.0, 1.0])).sum().backward()
        assert x.grad.tolist() == [10.0]

    def test_results_that_do_not_fit(self) -> None:
        x = tg.ones(3)
        with pytest.raises(ShapeError, match=r"\(3,\).*\(2, 3\)"):
            x.add_(tg.ones(2, 3))
        with pytest.raises(RuntimeError, match="int64"):
            tg.tensor([1, 2]).add_(0.5)
        assert x.tolist() == [1.0, 1.0, 1.0]
