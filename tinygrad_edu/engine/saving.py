"""Saved-tensor hooks: what is done to each Tensor that a graph keeps for its backward pass, and how it is undone.

The hooks belong to the thread that sets them. `active` says only that some thread has some, so that a program without
them pays for nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from tinygrad_edu.engine import anomaly
from tinygrad_edu.errors import GradError

__all__ = ["Packed", "current_hooks", "disable_saved_tensors_hooks", "saved_tensors_hooks"]


class _Hooks(threading.local):
    def __init__(self) -> None:
        self.stack: list[tuple[Callable[[Any], Any], Callable[[Any], Any]]] = []
        self.disabled: str | None = None


_hooks = _Hooks()
_lock = threading.Lock()


def current_hooks() -> tuple[Callable[[Any], Any], Callable[[Any], Any]] | None:
    """The innermost pair of this thread."""
    return _hooks.stack[-1] if _hooks.stack else None


class Packed:
    """What a pack hook returned, and the hook that makes a Tensor of it again."""

    __slots__ = ("_unpack", "_value")

    def __init__(self, tensor: Any, hooks: tuple[Callable[[Any], Any], Callable[[Any], Any]]) -> None:
        pack, self._unpack = hooks
        before = tensor._counter[0]
        self._value = pack(tensor)
        if tensor._counter[0] != before:
            raise GradError("A saved tensor pack hook is modifying its input in place. It may only read it: clone() it")

    def open(self, shape: Any) -> Any:
        """The array of the Tensor that the unpack hook gives."""
        tensor = self._unpack(self._value)
        if not hasattr(tensor, "_data"):
            raise TypeError(f"Output of saved tensor unpack_hook expected to be a Tensor, got {type(tensor).__name__}")
        if shape is not None and tensor._data.shape != shape:
            raise GradError(f"the unpack hook gave a Tensor of shape {tuple(tensor.shape)} for one of {tuple(shape)}")
        return tensor._data


class saved_tensors_hooks:  # noqa: N801 - PyTorch's name
    """A context in which every Tensor that is saved for backward goes through a pair of functions.

    Args:
        pack_hook: is given the Tensor when it is saved, and may return anything (a file's name, a smaller copy).
        unpack_hook: is given what that was when the backward pass needs the Tensor, and returns it.

    Of nested contexts the innermost counts. Changes in place of what was saved go unnoticed.

    >>> import tinygrad_edu as tg
    >>> x = tg.tensor([2.0], requires_grad=True)
    >>> with saved_tensors_hooks(lambda t: t.tolist(), lambda numbers: tg.tensor(numbers)):
    ...     y = x.exp()
    >>> y.backward()
    >>> x.grad
    tensor([7.3891])
    """

    def __init__(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]) -> None:
        self._pair = (pack_hook, unpack_hook)

    def __enter__(self) -> None:
        if _hooks.disabled is not None:
            raise GradError(_hooks.disabled)
        _hooks.stack.append(self._pair)
        with _lock:
            anomaly.watch(1)

    def __exit__(self, *_: object) -> None:
        _hooks.stack.pop()
        with _lock:
            anomaly.watch(-1)


class disable_saved_tensors_hooks:  # noqa: N801
    """A context in which setting such hooks is an error with this message."""

    def __init__(self, error_message: str) -> None:
        self._message = error_message

    def __enter__(self) -> None:
        if _hooks.stack:
            raise GradError(self._message)
        self._before, _hooks.disabled = _hooks.disabled, self._message

    def __exit__(self, *_: object) -> None:
        _hooks.disabled = self._before
