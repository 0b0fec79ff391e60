"""Hooks: functions that see a gradient on its way, and may replace it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

__all__ = ["RemovableHandle", "run_hooks"]

_numbers = itertools.count()


class RemovableHandle:
    """What registering a hook returns: ``handle.remove()`` takes the hook away again. Also a context manager."""

    def __init__(self, hooks: dict[int, Any], hook: Callable[..., Any]) -> None:
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


def run_hooks(hooks: dict[int, Any] | None, gradient: Any, create_graph: bool, lift: Callable[..., Any]) -> Any:
    """Show a gradient to hooks in the order of their registration; a Tensor that one returns replaces it.

    `lift` makes a Tensor of an array.

    Raises:
        RuntimeError: a hook returned something else than None or a Tensor of the same shape.
    """
    tensor = gradient if create_graph else lift(gradient)
    for hook in list((hooks or {}).values()):
        replaced = hook(tensor)
        if replaced is None:
            continue
        if getattr(replaced, "shape", None) != tensor.shape:
            got = f"shape {tuple(replaced.shape)}" if hasattr(replaced, "shape") else type(replaced).__name__
            raise RuntimeError(
                f"a hook must return None or a Tensor of the gradient's shape {tuple(tensor.shape)}, got {got}"
            )
        tensor = replaced
    return tensor if create_graph else tensor._data
