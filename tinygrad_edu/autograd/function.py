"""`Function`: an operation of your own, with the forward computation and its derivative written by hand.

What PyTorch calls ``ctx`` is the node of the graph itself (see `function_node`); ``apply`` runs the forward part
without recording and gives its results that node.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any

from tinygrad_edu.autograd.function_node import FunctionNode, finish
from tinygrad_edu.engine.modes import no_grad, recording
from tinygrad_edu.errors import GradError
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["Function", "FunctionCtx", "once_differentiable"]

FunctionCtx = FunctionNode


class Function:
    """The base of custom operations: subclass it, write `forward` and `backward`, and call ``YourClass.apply(...)``.

    Either ``forward(ctx, *args)`` computes and keeps what the derivative needs, or ``forward(*args)`` computes and
    ``setup_context(ctx, inputs, output)`` keeps. `backward` takes one gradient per output and returns one per
    argument of `forward` (None for those that are not Tensors, or need none).

    >>> import tinygrad_edu as tg
    >>> class Cube(Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x**3
    ...     @staticmethod
    ...     def backward(ctx, grad_output):
    ...         (x,) = ctx.saved_tensors
    ...         return grad_output * 3 * x**2
    >>> x = tg.tensor(2.0, requires_grad=True)
    >>> y = Cube.apply(x)
    >>> y
    tensor(8., grad_fn=<CubeBackward>)
    >>> y.backward()
    >>> x.grad
    tensor(12.)
    """

    _node_class: type[FunctionNode] = FunctionNode

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._node_class = type(f"{cls.__name__}Backward", (FunctionNode,), {"_forward_cls": cls})

    def __init__(self, *_: Any, **__: Any) -> None:
        warnings.warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all static, so you should "
            f"invoke them on the class itself: {type(self).__name__}.apply(...)",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *_: Any, **__: Any) -> Any:
        """Refused: a function keeps nothing in an object of its own."""
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd "
            f"function with static forward method: {type(self).__name__}.apply(...)"
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """The computation: ``forward(ctx, *args)``, or ``forward(*args)`` beside a `setup_context`."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Keep in `ctx` what the derivative needs; only for a `forward` without ctx."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The derivative: a gradient for each argument of `forward`, given one for each output."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with "
            "backward mode AD."
        )

    vjp = backward  # PyTorch's other name for it

    @classmethod
    def _derivative(cls) -> Callable[..., Any]:
        if cls.vjp is Function.vjp:
            return cls.backward
        if cls.backward is not Function.backward:
            raise GradError(
                f"Implementing both 'backward' and 'vjp' for a custom Function is not allowed: {cls.__name__} needs "
                "one of them, they are two names for the same"
            )
        return cls.vjp

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run `forward` and record it; arguments given by name are put in their place.

        Raises:
            GradError: `forward` marked things that do not fit what it returned.
        """
        with_ctx = cls.setup_context is Function.setup_context
        if kwargs or not with_ctx:
            args = _positional(cls.forward, (None, *args) if with_ctx else args, kwargs)[1 if with_ctx else 0 :]
        for x in args:
            if isinstance(x, Tensor):
                x._refresh()
        ctx = cls._node_class(args)
        recorded = recording() and any(ctx.needs_input_grad)
        with no_grad():
            if with_ctx:
                result = cls.forward(ctx, *args)
            else:
                result = cls.forward(*args)
                cls.setup_context(ctx, args, result)
        outputs = finish(ctx, args, result if isinstance(result, tuple) else (result,), recorded)
        return outputs if isinstance(result, tuple) else outputs[0]


def _positional(forward: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """A call's arguments in the order of the signature, defaults filled in."""
    bound = inspect.signature(forward).bind(*args, **kwargs)
    bound.apply_defaults()
    return bound.args


class _Twice(Function):
    """Passes Tensors through; what is differentiated through it is refused."""

    @staticmethod
    def forward(ctx: Any, *tensors: Any) -> Any:
        return tuple(t.detach() if isinstance(t, Tensor) else t for t in tensors)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        raise GradError(
            "trying to differentiate twice a function that was marked with @once_differentiable: write its backward "
            "with recorded operations and take the mark away"
        )


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator for a `backward` that must not be differentiated itself: it runs without recording.

    Differentiating its results raises GradError, instead of giving wrong numbers.
    """

    @functools.wraps(backward)
    def apply(ctx: Any, *grad_outputs: Any) -> Any:
        with no_grad():
            result = backward(ctx, *grad_outputs)
        if not recording() or not any(isinstance(g, Tensor) and g.requires_grad for g in grad_outputs):
            return result
        results = result if isinstance(result, tuple) else (result,)
        marked = _Twice.apply(*(t.detach().requires_grad_() if isinstance(t, Tensor) else t for t in results))
        return marked if isinstance(result, tuple) else marked[0]

    return apply
