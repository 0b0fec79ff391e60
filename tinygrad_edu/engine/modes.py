"""Grad modes: whether operations are recorded. One setting per thread, for Value and Tensor alike."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
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


# One per thread (a new thread starts with the default), and one per task of asyncio.
_grad: ContextVar[bool] = ContextVar("grad", default=True)
_inference: ContextVar[bool] = ContextVar("inference", default=False)
recording = _grad.get  # called for every operation, so it is bound once: a third of a threading.local's time
record_gradients = _grad.set


inference_used = False  # until inference_mode is first used, nobody has to ask whether it is on


def is_grad_enabled() -> bool:
    """True where operations are recorded for differentiation (the default).

    >>> with no_grad():
    ...     is_grad_enabled()
    False
    """
    return _grad.get()


def is_inference_mode_enabled() -> bool:
    """True inside :class:`inference_mode`."""
    return _inference.get()


def _restore(state: tuple[bool, bool]) -> None:
    _grad.set(state[0])
    _inference.set(state[1])


class _GradMode:
    """A context manager, and a decorator, that sets the grad mode and puts the old one back."""

    def __init__(self, mode: bool) -> None:
        self.mode = mode
        self._before: list[tuple[bool, bool]] = []  # a stack: one object may be entered again while active

    def __enter__(self) -> None:
        self._before.append((_grad.get(), _inference.get()))
        _grad.set(self.mode and not _inference.get())  # what is made in inference mode is never recorded

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _restore(self._before.pop())

    def _fresh(self) -> _GradMode:
        """A context of the same kind for one call of a decorated function: calls may overlap in threads."""
        return type(self)() if type(self) in (no_grad, enable_grad) else type(self)(self.mode)  # type: ignore[call-arg]

    def __call__(self, function: F) -> F:
        if not callable(function):
            raise TypeError(
                f"{type(self).__name__}() decorates functions, got {type(function).__name__}: use it in `with`"
            )
        if getattr(function, "__code__", None) is None:
            return self._around(function)
        if function.__code__.co_flags & 0x20:  # a generator function (inspect would tell too, in 6 ms)

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

        return self._around(function)

    def _around(self, function: F) -> F:
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
        self._called = (_grad.get(), _inference.get())
        _grad.set(self.mode and not _inference.get())

    def __enter__(self) -> None:
        self._before.append(self._called)
        _grad.set(self.mode and not _inference.get())

    def __call__(self, function: F) -> F:
        _restore(self._called)  # as a decorator it acts during the calls only
        return super().__call__(function)


class inference_mode(_GradMode):  # noqa: N801 - PyTorch's name
    """Like :class:`no_grad`, and what is made inside can never take part in a graph afterwards."""

    def __new__(cls, mode: Any = True) -> Any:
        return cls()(mode) if callable(mode) else super().__new__(cls)

    def __init__(self, mode: Any = True) -> None:
        global inference_used
        super().__init__(not mode)
        self.inference = bool(mode)
        inference_used = inference_used or self.inference

    def __enter__(self) -> None:
        super().__enter__()
        if self.inference:
            _inference.set(True)
        else:
            _restore((True, False))

    def _fresh(self) -> _GradMode:
        return inference_mode(self.inference)
