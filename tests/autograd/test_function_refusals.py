"""Custom functions: what is refused, and with which words."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.functions import exp, leaf, scaled


class TestRefusals:
    def returning(self, lib: Any, result: Any) -> Any:
        class Bad(lib.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any, n: Any) -> Any:
                return x * n

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                return result(g)

        return Bad.apply(leaf(lib, 1.0, 2.0), 3)

    @pytest.mark.parametrize(
        ("result", "error", "message"),
        [
            (lambda g: g, RuntimeError, "incorrect number of gradients .expected 2, got 1"),
            (lambda g: (g, g), RuntimeError, "different than None at position 2"),
            (lambda g: (g[:1].expand(3), None), RuntimeError, "invalid gradient at index 0"),
            (lambda g: (5, None), (TypeError, RuntimeError), "expected Variable or None"),
        ],
    )
    def test_wrong_gradients(self, lib: Any, result: Any, error: Any, message: str) -> None:
        with pytest.raises(error, match=message):
            self.returning(lib, result).sum().backward()

    def test_nones_too_many_are_dropped(self, lib: Any) -> None:
        self.returning(lib, lambda g: (g, None, None, None)).sum().backward()

    def test_missing_parts(self, lib: Any) -> None:
        class Empty(lib.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                return x * 2

        with pytest.raises(NotImplementedError, match="forward"):
            type("NoForward", (lib.autograd.Function,), {}).apply(leaf(lib, 1.0))
        with pytest.raises((NotImplementedError, RuntimeError), match="must implement"):
            Empty.apply(leaf(lib, 1.0)).backward()

    def test_only_tensors_are_saved(self, lib: Any) -> None:
        class Saves(lib.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                ctx.save_for_backward(x, 3)
                return x * 2

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                return g

        with pytest.raises(TypeError, match="can only save variables"):
            Saves.apply(leaf(lib, 1.0))

    def test_keywords(self, lib: Any) -> None:
        x, y = leaf(lib, 2.0), leaf(lib, 5.0)
        for z in (exp(lib).apply(x=x), scaled(lib).apply(x, y=y, n=3)):
            z.sum().backward()
        assert x.grad.item() == pytest.approx(2.718281828459045**2 + 15) and y.grad.tolist() == [6.0]
        with pytest.raises(TypeError, match="y"):
            scaled(lib).apply(x, 3)

    def test_once_differentiable(self, lib: Any) -> None:
        class Once(lib.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                ctx.save_for_backward(x)
                return x * x

            @staticmethod
            @lib.autograd.function.once_differentiable
            def backward(ctx: Any, g: Any) -> Any:
                (x,) = ctx.saved_tensors
                return g * 2 * x

        x = leaf(lib, 3.0)
        Once.apply(x).backward()
        assert x.grad.tolist() == [6.0]
        (slope,) = lib.autograd.grad((Once.apply(x) ** 2).sum(), x, create_graph=True)
        assert slope.requires_grad and slope.tolist() == [108.0]
        with pytest.raises(RuntimeError, match="once_differentiable"):
            slope.sum().backward()


def test_not_instantiated(lib: Any) -> None:
    with pytest.warns(DeprecationWarning, match="should not be instantiated"):
        made = exp(lib)()
    with pytest.raises(RuntimeError, match="Legacy autograd function"):
        made(lib.ones(1))
