"""Hooks of a module: functions that see, and may replace, what goes into it, what comes out, and the gradients of both.

Gradients are seen through hooks on Tensors: each input and output gets a view of its own at the module's door, so
that a Tensor that is used elsewhere too shows there only what flows through this module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tinygrad_edu.tensors.hooks import RemovableHandle
from tinygrad_edu.tensors.tensor import Tensor

__all__ = [
    "EVERYWHERE", "Hooked", "register_module_backward_hook", "register_module_forward_hook",
    "register_module_forward_pre_hook", "register_module_full_backward_hook", "register_module_full_backward_pre_hook",
]  # fmt: skip

EVERYWHERE: dict[int, tuple[str, Any]] = {}
"""The hooks of all modules: of which kind, and the entry that a module's own would be."""


def _everywhere(kind: str) -> dict[int, Any]:
    return {number: entry for number, (one, entry) in EVERYWHERE.items() if one == kind} if EVERYWHERE else {}


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, args)`` before the `forward` of every module, ahead of its own hooks."""
    return RemovableHandle(EVERYWHERE, ("_forward_pre_hooks", (hook, False)))


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call ``hook(module, args, output)`` after the `forward` of every module, ahead of its own hooks.

    >>> import tinygrad_edu as tg
    >>> with register_module_forward_hook(lambda module, args, output: print(type(module).__name__, output.shape)):
    ...     _ = tg.nn.Sequential(tg.nn.Linear(2, 3), tg.nn.ReLU())(tg.ones(1, 2))
    Linear torch.Size([1, 3])
    ReLU torch.Size([1, 3])
    Sequential torch.Size([1, 3])
    """
    return RemovableHandle(EVERYWHERE, ("_forward_hooks", (hook, with_kwargs, always_call)))


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, grad_output)`` of every module, ahead of its own hooks."""
    return RemovableHandle(EVERYWHERE, ("_backward_pre_hooks", hook))


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, grad_input, grad_output)`` of every module, ahead of its own hooks."""
    return RemovableHandle(EVERYWHERE, ("_backward_hooks", hook))


register_module_backward_hook = register_module_full_backward_hook  # PyTorch's former one


class Hooked:
    """The part of Module that hooks see."""

    if TYPE_CHECKING:
        forward: Callable[..., Any]
        _forward_pre_hooks: dict[int, Any]
        _forward_hooks: dict[int, Any]
        _backward_pre_hooks: dict[int, Any]
        _backward_hooks: dict[int, Any]

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before `forward`; what it returns replaces the arguments.

        Args:
            prepend: run before the hooks registered so far.
            with_kwargs: call ``hook(module, args, kwargs)``, which returns None or both.
        """
        return _register(self._forward_pre_hooks, (hook, with_kwargs), prepend)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after `forward`; what it returns replaces the output.

        Args:
            prepend: run before the hooks registered so far.
            with_kwargs: call ``hook(module, args, kwargs, output)``.
            always_call: call it also if `forward` raised, with None for the output.
        """
        return _register(self._forward_hooks, (hook, with_kwargs, always_call), prepend)

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` when the gradients of the outputs have been computed.

        For a module with one output, what the hook returns replaces its gradient.
        """
        return _register(self._backward_pre_hooks, hook, prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the gradients of the inputs have been computed.

        Both are tuples, with None for what is no Tensor or needs no gradient. For a module with one such input, what
        the hook returns replaces its gradient; for several it must return None (RuntimeError otherwise).
        """
        return _register(self._backward_hooks, hook, prepend)

    register_backward_hook = register_full_backward_hook  # PyTorch's former one, which saw the last operation only

    def _hooks_of(self, kind: str) -> dict[int, Any]:
        """Those of all modules, then this one's own."""
        return {**_everywhere(kind), **getattr(self, kind)}

    def _call_with_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """`forward` with all hooks around it."""
        for hook, with_kwargs in self._hooks_of("_forward_pre_hooks").values():
            if with_kwargs:
                replaced = hook(self, args, kwargs)
                if replaced is not None:
                    if not isinstance(replaced, tuple) or len(replaced) != 2:
                        raise RuntimeError(
                            f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), got {replaced!r}"
                        )
                    args, kwargs = replaced
            else:
                replaced = hook(self, args)
                if replaced is not None:
                    args = replaced if isinstance(replaced, tuple) else (replaced,)
        watched = self._hooks_of("_backward_hooks") or self._hooks_of("_backward_pre_hooks")
        watch = Watch(self) if watched else None
        if watch is not None:
            args = watch.inputs(args)
        output = None
        called = set()
        try:
            output = self.forward(*args, **kwargs)
            for number, (hook, with_kwargs, _) in self._hooks_of("_forward_hooks").items():
                called.add(number)
                replaced = hook(self, args, kwargs, output) if with_kwargs else hook(self, args, output)
                if replaced is not None:
                    output = replaced
        except Exception:
            for number, (hook, with_kwargs, always) in self._hooks_of("_forward_hooks").items():
                if always and number not in called:
                    hook(self, args, kwargs, output) if with_kwargs else hook(self, args, output)
            raise
        return output if watch is None else watch.outputs(output)


def _register(hooks: dict[int, Any], entry: Any, prepend: bool) -> RemovableHandle:
    handle = RemovableHandle(hooks, entry)
    if prepend:
        others = [(key, value) for key, value in hooks.items() if key != handle.id]
        for key, value in others:  # the same dictionary in another order: handles refer to it
            del hooks[key]
            hooks[key] = value
    return handle


class Watch:
    """One call's gradients, collected as they come by: first those of the outputs, then those of the inputs."""

    def __init__(self, module: Hooked) -> None:
        self.module = module
        self.grad_input: list[Any] = []
        self.grad_output: list[Any] = []
        self.waiting_in: set[int] = set()
        self.waiting_out: set[int] = set()
        self.watched_in: frozenset[int] = frozenset()
        self.watched_out: frozenset[int] = frozenset()

    def inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, with a watched view in place of every Tensor that needs a gradient."""
        self.grad_input = [None] * len(args)
        self.watched_in = frozenset(i for i, arg in enumerate(args) if _differentiable(arg))
        self.waiting_in = set(self.watched_in)
        return tuple(_watched(arg, self._input, i) if i in self.watched_in else arg for i, arg in enumerate(args))

    def outputs(self, output: Any) -> Any:
        """The output, a Tensor or a tuple or list of them, watched."""
        several = isinstance(output, (tuple, list))
        listed = list(output) if several else [output]
        self.grad_output = [None] * len(listed)
        self.watched_out = frozenset(i for i, out in enumerate(listed) if _differentiable(out))
        self.waiting_out = set(self.watched_out)
        listed = [_watched(out, self._output, i) if i in self.watched_out else out for i, out in enumerate(listed)]
        if not several:
            return listed[0]
        return type(output)(*listed) if hasattr(output, "_fields") else type(output)(listed)

    def _output(self, i: int, gradient: Any) -> Any:
        self.grad_output[i] = gradient
        self.waiting_out.discard(i)
        replaced = None
        if not self.waiting_out:
            for hook in self.module._hooks_of("_backward_pre_hooks").values():
                found = hook(self.module, tuple(self.grad_output))
                if found is not None:
                    replaced = self.grad_output[i] = self._only(
                        found, self.watched_out, self.grad_output, "grad_output"
                    )
            if not self.watched_in:
                self._finish()
        return replaced

    def _input(self, i: int, gradient: Any) -> Any:
        self.grad_input[i] = gradient
        self.waiting_in.discard(i)
        return self._finish(i) if not self.waiting_in else None

    def _finish(self, i: int | None = None) -> Any:
        replaced = None
        for hook in self.module._hooks_of("_backward_hooks").values():
            found = hook(self.module, tuple(self.grad_input), tuple(self.grad_output))
            if found is not None and i is not None:
                replaced = self.grad_input[i] = self._only(found, self.watched_in, self.grad_input, "grad_input")
        self.grad_input = [None] * len(self.grad_input)  # ready for another pass through the same graph
        self.grad_output = [None] * len(self.grad_output)
        self.waiting_in, self.waiting_out = set(self.watched_in), set(self.watched_out)
        return replaced

    def _only(self, found: Any, watched: frozenset[int], all_of_them: list[Any], what: str) -> Any:
        """The one gradient that a hook has returned."""
        returned = len(found) if isinstance(found, (tuple, list)) else 1
        if returned != len(all_of_them):
            raise RuntimeError(
                f"Backward hook returned an invalid number of {what}, got {returned}, but expected {len(all_of_them)}: "
                f"a hook of {type(self.module).__name__} returns one for each, or None to leave them as they are"
            )
        if len(watched) > 1:
            raise RuntimeError(
                f"a backward hook of {type(self.module).__name__} may only replace the gradient where there is one, "
                f"here there are {len(watched)}: return None, and register hooks on the Tensors themselves"
            )
        listed = found if isinstance(found, (tuple, list)) else (found,)
        return next((gradient for gradient in listed if gradient is not None), None)


def _differentiable(x: Any) -> bool:
    return isinstance(x, Tensor) and x.requires_grad


def _watched(x: Tensor, see: Callable[[int, Any], Any], i: int) -> Tensor:
    view = x.view_as(x)
    view.register_hook(lambda gradient: see(i, gradient))
    return view
