"""What the user has to hear about: one line, a hint, and the exit code."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["Problem", "nearest"]


class Problem(Exception):
    """Something the user can put right.

    Args:
        message: one line: what was given and which rule it breaks.
        hint: what to do.
        code: exit code, 2 for wrong usage and 3 for a descent that diverged.
    """

    def __init__(self, message: str, hint: str = "", code: int = 2) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name most like this one, or an empty string.

    >>> nearest("adma", ["sgd", "adam", "rmsprop"])
    'adam'
    """
    return next(iter(difflib.get_close_matches(name.lower(), list(known), n=1, cutoff=0.5)), "")
