"""What a probe is given: the student's module, and tools to say what it does and to look at results."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

from .frames import frames_of, text_of


class MissingName(AttributeError):
    """The student's file does not define a name that the exercise asks for."""


class Subject:
    """The student's module as a probe sees it: a name that is not there is told as such, not as an AttributeError."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        try:
            return getattr(self._module, name)
        except AttributeError:
            raise MissingName(name) from None

    def has(self, name: str) -> bool:
        """Whether the file defines this name."""
        return hasattr(self._module, name)


class Tools:
    """The third argument of a probe."""

    def __init__(self, tell: Callable[[str], None], folder: str = "") -> None:
        self._tell, self._folder = tell, folder

    def doing(self, text: str) -> None:
        """Say what is called next, as code: a failure that follows is shown with it.

        Nothing of it is judged. Call it before each step that runs code of the student's.
        """
        self._tell(text)

    def raised(self, function: Callable[[], Any]) -> dict[str, Any]:
        """What calling `function` does where an exception is expected: `{"raises": type, "text": ...}` or the value.

        `frames` are the student's lines that led to it: where it is another exception, they tell where it came from.
        NotImplementedError passes through: a part that is not written is "todo", not a wrong error.
        """
        try:
            value = function()
        except NotImplementedError:
            raise
        except Exception as error:
            frames = frames_of(error, self._folder)
            return {"raises": [k.__name__ for k in type(error).__mro__], "text": text_of(error)[:500], "frames": frames}
        return {"value": value}

    def source(self, thing: Any) -> str:
        """The source text of something the student wrote, or an empty string."""
        try:
            return inspect.getsource(thing)[:20_000]
        except (OSError, TypeError):
            return ""
