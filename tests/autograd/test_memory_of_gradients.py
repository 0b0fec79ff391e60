"""What lies in `grad` is nobody else's memory, and a weight's gradient lies as the weight does, without a copy."""

from __future__ import annotations

import numpy as np

import tinygrad_edu as tg
import tinygrad_edu.nn


def test_a_weights_gradient_lies_as_the_weight_does() -> None:
    layer = tg.nn.Linear(3, 4)
    for shape in ((5, 3), (2, 5, 3)):
        layer.zero_grad()
        layer(tg.randn(*shape, requires_grad=True)).sum().backward()
        assert layer.weight.grad.is_contiguous()
        assert layer.weight.grad.numpy().flags.writeable


def test_a_gradient_that_somebody_else_may_see_is_copied() -> None:
    x = tg.randn(3, 2, requires_grad=True)
    seed = tg.ones(2, 3)
    x.t().backward(seed)  # the gradient is a view of the seed
    x.grad += 1
    assert (seed == 1).all()


def test_gradients_of_two_views_of_one_leaf_are_apart() -> None:
    x, y = tg.randn(3, 2, requires_grad=True), tg.randn(3, 2, requires_grad=True)
    (x.t() + y.t()).backward(tg.ones(2, 3))
    assert not np.shares_memory(x.grad.numpy(), y.grad.numpy())


def test_a_gradient_that_a_hook_keeps_is_copied() -> None:
    kept = []
    layer = tg.nn.Linear(3, 4)
    turned = layer.weight.t()
    turned.register_hook(kept.append)
    (tg.randn(5, 3) @ turned).sum().backward()
    before = kept[0].clone()
    layer.weight.grad.zero_()
    assert (kept[0] == before).all()


def test_products_of_batches_with_a_matrix() -> None:
    a, b = tg.randn(2, 3, 4, 5, dtype=tg.float64), tg.randn(5, 6, dtype=tg.float64)
    for x in (a, a.transpose(0, 2), a[:, ::2], a[:0]):
        for w in (b, tg.randn(6, 5, dtype=tg.float64).t()):
            x, w = x.detach().requires_grad_(), w.detach().requires_grad_()
            out = x @ w
            g = tg.randn(*out.shape, dtype=tg.float64)
            out.backward(g)
            np.testing.assert_allclose(out.detach().numpy(), np.matmul(x.detach().numpy(), w.detach().numpy()))
            np.testing.assert_allclose(x.grad.numpy(), np.matmul(g.numpy(), w.detach().numpy().T))
            expected = x.detach().numpy().reshape(-1, 5).T @ g.numpy().reshape(-1, 6) if g.numel() else 0
            np.testing.assert_allclose(w.grad.numpy(), expected, atol=1e-12)
