"""Saved-tensor hooks: everything that a graph keeps goes through them, and comes back when it is needed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.autograd import graph


@pytest.fixture(params=["ours", pytest.param("torch", marks=pytest.mark.oracle)])
def lib(request: pytest.FixtureRequest) -> Any:
    return tg if request.param == "ours" else pytest.importorskip("torch")


def counted(lib: Any) -> tuple[list[Any], list[Any], Any]:
    packed: list[Any] = []
    opened: list[Any] = []

    def pack(tensor: Any) -> Any:
        packed.append(tuple(tensor.shape))
        return tensor.detach().numpy().copy()

    def unpack(array: Any) -> Any:
        opened.append(array.shape)
        return lib.from_numpy(array)

    return packed, opened, lib.autograd.graph.saved_tensors_hooks(pack, unpack)


PROGRAMS: dict[str, Callable[[Any, Any], Any]] = {
    "product": lambda t, x: x * x,
    "exp": lambda t, x: x.exp(),
    "matmul": lambda t, x: x @ x.t(),
    "a number": lambda t, x: x * 2 + 1,
    "softmax": lambda t, x: x.softmax(1) * x,
    "views": lambda t, x: x.t()[1:] * x[0].sum(),
    "max": lambda t, x: x.max(1).values,
    "where": lambda t, x: t.where(x > 0, x, x * x),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_gradients_are_what_they_were(lib: Any, name: str) -> None:
    start = np.arange(6.0).reshape(2, 3) - 2
    x, y = (lib.tensor(start, requires_grad=True) for _ in range(2))
    packed, opened, hooks = counted(lib)
    with hooks:
        out = PROGRAMS[name](lib, x)
    made = len(packed)
    out.sum().backward()
    PROGRAMS[name](lib, y).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy())
    assert len(opened) == made and len(packed) == made, "hooks see what is recorded inside, and open each once"


def test_how_often_they_are_called(lib: Any) -> None:
    x = lib.ones(3, requires_grad=True)
    packed, opened, hooks = counted(lib)
    with hooks:
        y = (x * x).exp() + 1
    assert packed == [(3,)] * 3 and opened == []
    y.sum().backward(retain_graph=True)
    y.sum().backward()
    assert opened == [(3,)] * 6
    with pytest.raises(RuntimeError, match="second time"):
        y.sum().backward()
    assert x.grad.tolist() == pytest.approx([4 * 2.718281828] * 3)


def test_second_derivatives(lib: Any) -> None:
    x = lib.tensor([2.0], requires_grad=True)
    _, _, hooks = counted(lib)
    with hooks:
        y = x**3 * x.exp()
        (slope,) = lib.autograd.grad(y, x, create_graph=True)
    slope.backward()
    assert x.grad.item() == pytest.approx((8 + 24 + 12) * 2.718281828**2, rel=1e-5)


def test_custom_functions(lib: Any) -> None:
    class Cube(lib.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x, None)
            return x**3

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            x, nothing = ctx.saved_tensors
            assert nothing is None
            return 3 * x**2 * g

    x = lib.tensor([2.0], requires_grad=True)
    packed, opened, hooks = counted(lib)
    with hooks:
        y = Cube.apply(x)
    y.backward()
    assert x.grad.item() == 12.0 and packed == [(1,)] and opened == [(1,)]


def test_a_hook_may_change_what_comes_back(lib: Any) -> None:
    x = lib.tensor([3.0], requires_grad=True)
    with lib.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t * 10):
        y = x * x
    y.backward()
    assert x.grad.item() == 60.0


def test_nesting_and_other_threads(lib: Any) -> None:
    x = lib.tensor([3.0], requires_grad=True)
    outer, _, outer_hooks = counted(lib)
    inner, _, inner_hooks = counted(lib)
    with outer_hooks:
        with inner_hooks:
            x.exp()
        x.exp()
        thread = threading.Thread(target=lambda: x.exp())
        thread.start()
        thread.join()
    x.exp()
    assert (len(outer), len(inner)) == (1, 1)


def test_what_hooks_may_not_do(lib: Any) -> None:
    x = lib.tensor([3.0], requires_grad=True)
    hooks = lib.autograd.graph.saved_tensors_hooks
    with pytest.raises(RuntimeError, match="in ?place"), hooks(lambda t: t.mul_(2), lambda t: t):
        x.exp()
    with hooks(lambda t: t, lambda t: 1):
        y = x.exp()
    with pytest.raises(TypeError, match="unpack_hook"):
        y.backward()
    with lib.autograd.graph.disable_saved_tensors_hooks("not here"), pytest.raises(RuntimeError, match="not here"):
        with hooks(lambda t: t, lambda t: t):
            pass
    assert x.grad is None


def test_keeping_on_the_cpu(lib: Any) -> None:
    x = lib.tensor([3.0], requires_grad=True)
    with lib.autograd.graph.save_on_cpu():
        y = x * x
    y.backward()
    assert x.grad.item() == 6.0


def test_a_tensor_of_another_shape_is_refused() -> None:
    x = tg.ones(3, requires_grad=True)
    with graph.saved_tensors_hooks(lambda t: t, lambda t: t[:2]):
        y = x.exp()
    with pytest.raises(RuntimeError, match="shape"):
        y.sum().backward()
