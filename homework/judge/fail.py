"""A failed comparison as data: what was compared, expected and got, and the likely cause; words come later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygrad_edu.homework.kit.wire import Opaque

MOST_SHOWN = 6  # numbers of an array in one line


@dataclass(frozen=True)
class Cause:
    """Why a result is probably wrong: a key of the table of words, and what to fill in."""

    key: str
    words: Mapping[str, Any] = field(default_factory=dict)


class Fail(Exception):
    """The student's result is not what it should be.

    Args:
        kind: what was compared: a key `fail.<kind>` of the table of words, or of the exercise's own `[says]`.
        label: what it is, as code or a formula (`dy/dx`, `b.grad`); the same in both languages.
        expected, got: texts.
        where: the code that led to it (`y = x*x + x   at x = 3`).
        cause: the likely reason.
        words: what the sentence of an exercise's own `[says]` is filled with.
        table: rows (index, expected, got) for `-v`.
        frames: where an exception came from, as it was observed.
    """

    def __init__(
        self,
        kind: str,
        label: str = "",
        expected: str = "",
        got: str = "",
        where: str = "",
        cause: Cause | None = None,
        words: Mapping[str, Any] | None = None,
        table: list[tuple[str, str, str]] | None = None,
        frames: Any = None,
    ) -> None:
        super().__init__(kind, label, expected, got)
        self.kind, self.label, self.expected, self.got = kind, label, expected, got
        self.where, self.cause, self.words, self.table = where, cause, dict(words or {}), table or []
        self.frames = frames


def shown(value: Any) -> str:
    """A value in one short line.

    >>> shown(7.0), shown(None), shown([1.0, 2.5])
    ('7', 'None', '[1, 2.5]')
    """
    if isinstance(value, (bool, type(None))):
        return str(value)
    if isinstance(value, int):
        text = str(value) if abs(value) < 10**30 else f"an integer of {value.bit_length()} bits"
        return text
    if isinstance(value, float):
        return f"{value:.7g}" if not (value.is_integer() and abs(value) < 1e16) else str(int(value))
    if isinstance(value, str):
        return repr(value) if len(value) <= 60 else f"{value[:57]!r}…"
    if isinstance(value, Opaque):
        return f"{value.type_name}: {_one_line(value.text)}" if value.text else value.type_name
    if isinstance(value, np.ndarray):
        if value.ndim == 0:
            return shown(value.item())
        if value.size > MOST_SHOWN:
            return f"array of shape {tuple(value.shape)}"
        return _array(value)
    if isinstance(value, (list, tuple)):
        if len(value) > MOST_SHOWN:
            return f"a list of {len(value)}"
        return "[" + ", ".join(shown(item) for item in value) + "]"
    if isinstance(value, Mapping):
        return f"a dict of {len(value)}"
    return type(value).__name__


def _array(value: np.ndarray) -> str:
    if value.ndim == 0:
        return shown(value.item())
    return "[" + ", ".join(_array(row) for row in value) + "]"


def _one_line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "…"
