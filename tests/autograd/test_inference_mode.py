"""What is made under ``inference_mode`` stays out of every graph."""

from __future__ import annotations

from typing import Any

import pytest


def made(lib: Any) -> tuple[Any, Any, Any, Any]:
    """A leaf, and under inference_mode: a new Tensor, a view of the leaf, and a result."""
    x = lib.ones(2, requires_grad=True)
    with lib.inference_mode():
        return x, lib.ones(2), x.view(2), x * 2


def test_which_are_inference_tensors(lib: Any) -> None:
    x, new, view, result = made(lib)
    assert [t.is_inference() for t in (x, new, view, result)] == [False, True, False, True]
    assert not result.requires_grad and result.grad_fn is None
    assert new[0].is_inference() and new.detach().is_inference() and new.view(2).is_inference()
    assert not (new + 1).is_inference() and not new.clone().is_inference() and not lib.ones(1).is_inference()
    with lib.inference_mode(), lib.inference_mode(False):
        assert not lib.ones(1).is_inference()
    with lib.inference_mode():
        results = (lib.tensor([1.0]), new.sum(), new @ new, new.exp(), lib.stack([new, new]), new > 0, new.long())
        assert all(t.is_inference() for t in results)


def test_they_cannot_be_saved(lib: Any) -> None:
    x, new, _, result = made(lib)
    for product in (lambda: x * new, lambda: result * x, lambda: x @ new, lambda: lib.where(new > 0, x, x) * new):
        with pytest.raises(RuntimeError, match="cannot be saved for backward"):
            product()
    assert (x + new).requires_grad, "a sum saves nothing"
    assert (x * new.clone()).requires_grad
    with lib.no_grad():
        assert (x * new).tolist() == [1.0, 1.0]


def test_nor_by_a_function_of_the_users(lib: Any) -> None:
    class Product(lib.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            ctx.save_for_backward(y)
            return x * y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * ctx.saved_tensors[0], None

    x, new, *_ = made(lib)
    with pytest.raises(RuntimeError, match="cannot be saved for backward"):
        Product.apply(x, new)


def test_changes_in_place(lib: Any) -> None:
    x, new, view, _ = made(lib)
    for change in (lambda: new.add_(1), lambda: new.view(2).mul_(2), lambda: new.__setitem__(0, 3.0)):
        with pytest.raises(RuntimeError, match="outside InferenceMode"):
            change()
    with pytest.raises(RuntimeError):
        view.add_(1)
    with pytest.raises(RuntimeError, match="outside InferenceMode"):
        new.requires_grad_()
    assert new.tolist() == [1.0, 1.0] or lib.__name__ == "torch", "PyTorch changes it and then raises"
    with lib.inference_mode():
        new.fill_(1).add_(1)
        new[0] = 7.0
        view.add_(1)
        assert new.requires_grad_().requires_grad
    assert new.tolist() == [7.0, 2.0] and x.tolist() == [2.0, 2.0]
    normal = lib.ones(2) * x
    normal.add_(lib.ones(2))
    normal.copy_(new)
    assert normal.tolist() == [7.0, 2.0]


def test_as_a_decorator(lib: Any) -> None:
    @lib.inference_mode()
    def predict(x: Any) -> Any:
        return x * 2

    assert predict(lib.ones(1, requires_grad=True)).is_inference()
    assert not lib.is_inference_mode_enabled() and lib.is_grad_enabled()


def test_as_a_function(lib: Any) -> None:
    _, new, view, _ = made(lib)
    assert lib.is_inference(new) and not lib.is_inference(view)


def test_recording_cannot_be_switched_on_inside(lib: Any) -> None:
    x = lib.ones(2, requires_grad=True)
    with lib.inference_mode():
        with lib.enable_grad():
            assert not (x * 2).requires_grad
        lib.set_grad_enabled(True)
        assert not (x * 2).requires_grad
        with lib.inference_mode(False):
            assert (x * 2).requires_grad
    assert (x * 2).requires_grad
