"""``autograd.grad`` and ``autograd.backward``: whose gradients, of what order, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest


def leaf(lib: Any, *numbers: float) -> Any:
    return lib.tensor(list(numbers), dtype=lib.float64, requires_grad=True)


class TestGrad:
    def test_of_leaves_and_results_without_touching_grad(self, lib: Any) -> None:
        x, y = leaf(lib, 2.0), leaf(lib, 3.0)
        product = x * y
        z = (product * product).sum()
        by_x, by_product = lib.autograd.grad(z, (x, product))
        assert by_x.tolist() == [36.0] and by_product.tolist() == [12.0]
        assert x.grad is None and y.grad is None and not by_x.requires_grad

    def test_the_same_input_twice(self, lib: Any) -> None:
        x = leaf(lib, 2.0)
        one, two = lib.autograd.grad((x * x).sum(), [x, x])
        assert one.tolist() == two.tolist() == [4.0]

    def test_a_dictionary(self, lib: Any) -> None:
        named = {"w": leaf(lib, 2.0), "b": leaf(lib, 3.0)}
        found = lib.autograd.grad((named["w"] * named["b"]).sum(), named)
        assert {name: g.tolist() for name, g in found.items()} == {"w": [3.0], "b": [2.0]}
        (named["w"] * 1).sum().backward(inputs=named["w"])
        lib.autograd.backward((named["w"] * 1).sum(), inputs=named)
        assert named["w"].grad.tolist() == [2.0]

    def test_the_output_itself(self, lib: Any) -> None:
        x = leaf(lib, 2.0)
        y = x * x
        assert lib.autograd.grad(y, y)[0].tolist() == [1.0]
        y.backward()
        assert x.grad.tolist() == [4.0], "grad() ran no rule, so it freed nothing"

    def test_only_the_rules_on_the_way_run(self, lib: Any) -> None:
        x = leaf(lib, 2.0)
        y = x.exp()
        z = y * y
        lib.autograd.grad(z, y, retain_graph=False)
        y.backward()
        with pytest.raises(RuntimeError, match="second time"):
            z.backward()

    def test_several_outputs_with_weights(self, lib: Any) -> None:
        x = leaf(lib, 1.0, 2.0)
        outputs = [x * x, (x * 3).sum()]
        (found,) = lib.autograd.grad(outputs, x, [lib.tensor([1.0, 10.0], dtype=lib.float64), None])
        assert found.tolist() == [5.0, 43.0]

    def test_unused(self, lib: Any) -> None:
        x, y = leaf(lib, 2.0), leaf(lib, 3.0)
        z = (x * x).sum()
        with pytest.raises(RuntimeError, match="allow_unused=True"):
            lib.autograd.grad(z, [x, y], retain_graph=True)
        used, unused = lib.autograd.grad(z, [x, y], allow_unused=True, retain_graph=True)
        assert used.tolist() == [4.0] and unused is None
        assert lib.autograd.grad(z, [x, y], materialize_grads=True, retain_graph=True)[1].tolist() == [0.0]
        with pytest.raises(ValueError, match="materialize_grads"):
            lib.autograd.grad(z, [x, y], allow_unused=False, materialize_grads=True)

    def test_refusals(self, lib: Any) -> None:
        x = leaf(lib, 1.0, 2.0)
        y = x * x
        with pytest.raises(RuntimeError, match="scalar outputs"):
            lib.autograd.grad(y, x)
        with pytest.raises(RuntimeError, match="does not require grad"):
            lib.autograd.grad(y.sum(), lib.ones(2))
        with pytest.raises(RuntimeError, match="element 1 of tensors does not require grad"):
            lib.autograd.grad([y.sum(), lib.ones(())], x)
        with pytest.raises(RuntimeError, match="2 tensors and 1 gradients"):
            lib.autograd.grad([y, y], x, [lib.ones(2)])
        with pytest.raises(RuntimeError, match="cannot be empty"):
            lib.autograd.grad(y.sum(), [])
        with pytest.warns(FutureWarning, match="only_inputs"):
            lib.autograd.grad(y.sum(), x, only_inputs=False)

    def test_freed(self, lib: Any) -> None:
        x = leaf(lib, 2.0)
        y = (x * x).sum()
        lib.autograd.grad(y, x)
        with pytest.raises(RuntimeError, match="retain_graph=True"):
            lib.autograd.grad(y, x)

    def test_any_order(self, lib: Any) -> None:
        x = leaf(lib, 0.5)
        result, found = x.sin().sum(), []
        for _ in range(4):
            (slope,) = lib.autograd.grad(result, x, create_graph=True)
            found.append(slope.item())
            result = slope.sum()
        s, c = x.sin().item(), x.cos().item()
        assert found == pytest.approx([c, -s, -c, s])

    def test_a_gradient_penalty(self, lib: Any) -> None:
        w, x = leaf(lib, 1.0, -2.0), leaf(lib, 0.3, 0.7)
        (slope,) = lib.autograd.grad((w * x).sum().tanh(), x, create_graph=True)
        slope.pow(2).sum().backward()
        total = float((w * x).sum().item())
        assert w.grad is not None and x.grad is not None
        inner = 1 - __import__("math").tanh(total) ** 2
        bend = -2 * __import__("math").tanh(total) * inner
        expected = [2 * inner * bend * xi * 5.0 + 2 * inner**2 * wi for wi, xi in ((1.0, 0.3), (-2.0, 0.7))]
        assert w.grad.tolist() == pytest.approx(expected)


def test_batched_gradients_are_refused() -> None:
    import tinygrad_edu as tg

    x = leaf(tg, 1.0)
    with pytest.raises(NotImplementedError, match="vmap"):
        tg.autograd.grad((x * x).sum(), x, is_grads_batched=True)


def test_gradients_of_two_inputs_are_apart() -> None:
    import tinygrad_edu as tg

    x, y = leaf(tg, 1.0, 2.0), leaf(tg, 1.0, 2.0)
    one, two = tg.autograd.grad((x + y).sum(), (x, y))
    one.add_(5.0)
    assert two.tolist() == [1.0, 1.0]


class TestBackward:
    def test_several_roots(self, lib: Any) -> None:
        x = leaf(lib, 1.0, 2.0)
        lib.autograd.backward([(x * x).sum(), x * 3], [None, lib.tensor([1.0, 10.0], dtype=lib.float64)])
        assert x.grad.tolist() == [5.0, 34.0]

    def test_inputs(self, lib: Any) -> None:
        x, y = leaf(lib, 2.0), leaf(lib, 3.0)
        lib.autograd.backward((x * y).sum(), inputs=[x])
        lib.autograd.backward((x * y).sum(), inputs=x)
        assert x.grad.tolist() == [6.0] and y.grad is None
        with pytest.raises(RuntimeError, match="cannot be empty"):
            lib.autograd.backward((x * y).sum(), inputs=[])

    def test_inputs_that_need_none(self, lib: Any) -> None:
        x = leaf(lib, 2.0)
        with pytest.raises(RuntimeError, match="requires_grad|require grad"):
            (x * 2).sum().backward(inputs=[lib.ones(1)])

    def test_a_second_pass(self, lib: Any) -> None:
        x = leaf(lib, 2.0)
        y = (x * x).sum()
        lib.autograd.backward(y)
        with pytest.raises(RuntimeError, match="retain_graph=True"):
            lib.autograd.backward(y)
        assert x.grad.tolist() == [4.0]

    def test_old_name(self, lib: Any) -> None:
        x = leaf(lib, 1.0)
        with pytest.warns(FutureWarning, match="grad_variables"):
            lib.autograd.backward(x * 2, grad_variables=lib.ones(1, dtype=lib.float64))
        assert x.grad.tolist() == [2.0]


class TestVariable:
    def test_is_a_tensor(self, lib: Any) -> None:
        x = lib.autograd.Variable(lib.ones(2), requires_grad=True)
        assert isinstance(x, lib.Tensor) and isinstance(lib.ones(1), lib.autograd.Variable) and x.requires_grad
        assert not isinstance(3, lib.autograd.Variable)
        (x * x).sum().backward()
        assert x.grad.tolist() == [2.0, 2.0]

    def test_names_of_the_modes(self, lib: Any) -> None:
        for name in ("no_grad", "enable_grad", "set_grad_enabled", "inference_mode"):
            assert getattr(lib.autograd, name) is getattr(lib, name) is getattr(lib.autograd.grad_mode, name)
