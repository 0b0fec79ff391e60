"""Grad modes: whether operations are recorded. One setting per thread, for Value and Tensor alike."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

__all__ = [
    "enable_grad",
    "inference_mode",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "set_grad_enabled",
]

F = TypeVar("F", bound=Callable[..., Any])


class _Modes(threading.local):
    """What the current thread has switched on; the class attributes are every new thread's defaults."""

    grad = True
    inference = False


modes = _Modes()


def is_grad_enabled() -> bool:
    """True where operations are recorded for differentiation (the default).

    >>> with no_grad():
    ...     is_grad_enabled()
    False
    """
    return modes.grad


def is_inference_mode_enabled() -> bool:
    """True inside :class:`inference_mode`."""
    return modes.inference


class _GradMode:
    """A context manager, and a decorator, that sets the grad mode and puts the old one back."""

    def __init__(self, mode: bool) -> None:
        self.mode = mode
        self._before: list[tuple[bool, bool]] = []  # a stack: one object may be entered again while active

    def __enter__(self) -> None:
        self._before.append((modes.grad, modes.inference))
        modes.grad = self.mode

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        modes.grad, modes.inference = self._before.pop()

    def _fresh(self) -> _GradMode:
        """A context of the same kind for one call of a decorated function: calls may overlap in threads."""
        return type(self)() if type(self) in (no_grad, enable_grad) else type(self)(self.mode)  # type: ignore[call-arg]

    def __call__(self, function: F) -> F:
        if inspect.isgeneratorfunction(function):

            @functools.wraps(function)
            def generator(*args: Any, **kwargs: Any) -> Any:
                # The mode holds while the generator runs, not while its caller does.
                running = function(*args, **kwargs)
                send: Callable[..., Any] = running.send
                value: Any = None
                while True:
                    try:
                        with self._fresh():
                            item = send(value)
                    except StopIteration as stop:
                        return stop.value
                    try:
                        value, send = (yield item), running.send
                    except GeneratorExit:
                        running.close()
                        raise
                    except BaseException as error:  # thrown in by the caller: hand it to the generator
                        value, send = error, running.throw

            return generator  # type: ignore[return-value]

        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            with self._fresh():
                return function(*args, **kwargs)

        return decorated  # type: ignore[return-value]


class no_grad(_GradMode):  # noqa: N801 - PyTorch's name
    """Nothing is recorded inside: results do not require grad.

    Works as ``with no_grad():`` and as ``@no_grad()`` or ``@no_grad``.
    """

    def __new__(cls, function: Any = None) -> Any:
        return super().__new__(cls) if function is None else cls()(function)

    def __init__(self, function: Any = None) -> None:
        super().__init__(False)


class enable_grad(_GradMode):  # noqa: N801 - PyTorch's name
    """Recording is on inside, also within :class:`no_grad`."""

    def __new__(cls, function: Any = None) -> Any:
        return super().__new__(cls) if function is None else cls()(function)

    def __init__(self, function: Any = None) -> None:
        super().__init__(True)


class set_grad_enabled(_GradMode):  # noqa: N801 - PyTorch's name
    """Sets the mode at once, as a plain call does in PyTorch, and puts the old one back if used as a context."""

    def __init__(self, mode: bool) -> None:
        super().__init__(bool(mode))
        self._called = (modes.grad, modes.inference)
        modes.grad = self.mode

    def __enter__(self) -> None:
        self._before.append(self._called)
        modes.grad = self.mode

    def __call__(self, function: F) -> F:
        modes.grad, modes.inference = self._called  # as a decorator it acts during the calls only
        return super().__call__(function)


class inference_mode(_GradMode):  # noqa: N801 - PyTorch's name
    """Like :class:`no_grad`, and what is made inside can never take part in a graph afterwards."""

    def __new__(cls, mode: Any = True) -> Any:
        return cls()(mode) if callable(mode) else super().__new__(cls)

    def __init__(self, mode: Any = True) -> None:
        super().__init__(not mode)
        self.inference = bool(mode)

    def __enter__(self) -> None:
        super().__enter__()
        if self.inference:
            modes.inference = True
        else:
            modes.grad, modes.inference = True, False

    def _fresh(self) -> _GradMode:
        return inference_mode(self.inference)
