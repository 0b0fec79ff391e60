"""What PyTorch has and a teaching library has no use for: it can be imported, and says so when it is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from tinygrad_edu.errors import NotProvidedError

__all__ = ["absent_class", "absent_function", "refusing"]


def absent_function(name: str, why: str) -> Callable[..., NoReturn]:
    """A function that raises NotProvidedError.

    Args:
        name: its full name in PyTorch, such as ``onnx.export``.
        why: the reason, and what to do instead.

    >>> absent_function("onnx.export", "There is no exporter. Save a state_dict.")()
    Traceback (most recent call last):
    tinygrad_edu.errors.NotProvidedError: torch.onnx.export is not provided. There is no exporter. Save a state_dict.
    """

    refuse = refusing(name.rpartition(".")[2], NotProvidedError(f"torch.{name} is not provided. {why}"))
    refuse.__doc__ = f"Not provided. {why}"
    return refuse


def refusing(name: str, error: Exception) -> Callable[..., NoReturn]:
    """A function of that name that raises the error, whatever it is called with."""

    def refuse(*_args: Any, **_options: Any) -> NoReturn:
        raise type(error)(*error.args)

    refuse.__name__ = refuse.__qualname__ = name
    refuse.not_provided = True  # type: ignore[attr-defined]
    return refuse


def absent_class(name: str, why: str) -> type:
    """A class that raises NotProvidedError when it is called; isinstance with it works, and is always False."""

    def __new__(cls: type, *_args: Any, **_options: Any) -> NoReturn:
        raise NotProvidedError(f"torch.{name} is not provided. {why}")

    short = name.rpartition(".")[2]
    return type(short, (), {"__new__": __new__, "__doc__": f"Not provided. {why}", "not_provided": True})
