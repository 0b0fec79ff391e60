"""Custom autograd functions that the tests use, made for the library that is given: ours or PyTorch."""

from __future__ import annotations

from typing import Any


def leaf(lib: Any, *numbers: float) -> Any:
    return lib.tensor(list(numbers), dtype=lib.float64, requires_grad=True)


def exp(lib: Any) -> Any:
    class Exp(lib.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            result = x.exp()
            ctx.save_for_backward(result)
            return result

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (result,) = ctx.saved_tensors
            return g * result

    return Exp


def scaled(lib: Any) -> Any:
    class Scaled(lib.autograd.Function):
        """x * y * n in the form with setup_context."""

        @staticmethod
        def forward(x: Any, n: Any, y: Any) -> Any:
            return x * y * n

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> Any:
            x, ctx.n, y = inputs
            ctx.save_for_backward(x, y, None)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            x, y, nothing = ctx.saved_tensors
            assert nothing is None
            gx = g * y * ctx.n if ctx.needs_input_grad[0] else None
            gy = g * x * ctx.n if ctx.needs_input_grad[2] else None
            return gx, None, gy

    return Scaled


def pair(lib: Any) -> Any:
    class Pair(lib.autograd.Function):
        """(x * y, x + y), with a record of the gradients that arrive."""

        seen: list[Any] = []
        materialize = True

        @staticmethod
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            ctx.set_materialize_grads(Pair.materialize)
            product = x * y
            ctx.save_for_backward(x, y, product)
            return product, x + y

        @staticmethod
        def backward(ctx: Any, g: Any, h: Any) -> Any:
            Pair.seen.append((g, h))
            x, y, product = ctx.saved_tensors
            g = 0 if g is None else g * product / product
            h = 0 if h is None else h
            return g * y + h, g * x + h

    return Pair
