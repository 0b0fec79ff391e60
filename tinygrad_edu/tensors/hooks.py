"""Hooks: functions that see a gradient on its way, and may replace it.

Those of a Tensor see the gradient of that Tensor. Those of a node see all gradients that its rule takes, or gives.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

__all__ = ["Hooks", "RemovableHandle", "run_hooks", "run_node_hooks"]

_numbers = itertools.count()


class RemovableHandle:
    """What registering a hook returns: ``handle.remove()`` takes the hook away again. Also a context manager."""

    def __init__(self, hooks: dict[int, Any], hook: Any) -> None:
        self.id = next(_numbers)
        hooks[self.id] = hook
        self._hooks = hooks

    def remove(self) -> None:
        """Take the hook away; removing it twice is no error."""
        self._hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


class Hooks:
    """All hooks of one place in the graph, in the order in which they run.

    Attributes:
        tensor: those of the Tensor that stands there: ``hook(gradient)``.
        several: those that watch several Tensors at once: ``watch(gradient, arrived)``.
        retaining: a weak reference to that Tensor, if it keeps its gradient.
        before: those of the node that see what its rule is given: ``hook(grad_outputs)``.
        after: those of the node that see what its rule gives: ``hook(grad_inputs, grad_outputs)``.
        accumulated: those of a leaf that run when its ``grad`` is complete: ``hook(leaf)``.
    """

    __slots__ = ("accumulated", "after", "before", "retaining", "several", "tensor")

    def __init__(self) -> None:
        self.tensor: dict[int, Any] = {}
        self.several: dict[int, Any] = {}
        self.retaining: Callable[[], Any] | None = None
        self.before: dict[int, Any] = {}
        self.after: dict[int, Any] = {}
        self.accumulated: dict[int, Any] = {}

    @staticmethod
    def of(place: Any) -> Hooks:
        """The hooks of a node or a leaf, made if there were none."""
        if place._hooks is None:
            place._hooks = Hooks()
        hooks: Hooks = place._hooks
        return hooks


def run_hooks(hooks: Hooks, gradient: Any, create_graph: bool, arrived: list[Any], lift: Callable[..., Any]) -> Any:
    """Show a Tensor's gradient to its hooks in the order of their registration; what one returns replaces it.

    A Tensor that retains its gradient gets the last word of the hooks, when the whole pass has succeeded: that is
    noted in `arrived`. `lift` makes a Tensor of an array.

    Raises:
        RuntimeError: a hook returned something else than None or a Tensor of the same shape.
    """
    if hooks.tensor:
        tensor = gradient if create_graph else lift(gradient)
        for hook in list(hooks.tensor.values()):
            replaced = hook(tensor)
            if replaced is None:
                continue
            if not hasattr(replaced, "shape"):
                raise TypeError(f"a hook must return None or a Tensor, got {type(replaced).__name__}")
            if replaced.dtype != tensor.dtype:
                raise RuntimeError(
                    f"a hook has changed the type of value: from {tensor.dtype} to {replaced.dtype}: convert it back"
                )
            if replaced.shape != tensor.shape:
                got = tuple(replaced.shape)
                raise RuntimeError(
                    f"a hook must return None or a Tensor of the gradient's shape {tuple(tensor.shape)}, got {got}"
                )
            tensor = replaced
        gradient = tensor if create_graph else tensor._data
    if hooks.several:
        tensor = gradient if create_graph else lift(gradient)
        for watch in list(hooks.several.values()):
            watch(tensor, arrived)
    keeper = None if hooks.retaining is None else hooks.retaining()
    if keeper is not None:
        arrived.append((keeper._retain, [gradient]))
    return gradient


def run_node_hooks(hooks: dict[int, Any], gradients: tuple[Any, ...], *more: Any) -> tuple[Any, ...]:
    """Show a node's gradients, a tuple of Tensors and Nones, to its hooks; a tuple that one returns replaces them.

    Raises:
        RuntimeError: a hook returned something else than None or as many gradients; TypeError: no gradients at all.
    """
    for hook in list(hooks.values()):
        replaced = hook(gradients, *more)
        if replaced is None:
            continue
        if not isinstance(replaced, tuple):
            replaced = (replaced,)
        if len(replaced) != len(gradients):
            raise RuntimeError(
                f"hook has returned an incorrect number of values (got {len(replaced)}, but expected {len(gradients)})"
            )
        for old, new in zip(gradients, replaced, strict=True):
            if new is not None and not hasattr(new, "_data"):
                raise TypeError(f"hook must return Tensors or None in its tuple, got {type(new).__name__}")
            if old is not None and new is not None and new.shape != old.shape:
                raise RuntimeError(
                    f"hook has changed the size of value: from {tuple(old.shape)} to {tuple(new.shape)}; a gradient "
                    "has the shape of what it belongs to"
                )
        gradients = replaced
    return gradients
