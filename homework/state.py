"""The record of a homework folder, `.tinyedu/state.json`, read with care: hands and merges change files."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinygrad_edu.homework.course import LANGUAGES, TRACKS
from tinygrad_edu.homework.show.words import default_language

CONFLICT = re.compile(r"^(<{7}|={7}|>{7})", re.MULTILINE)


class Broken(Exception):
    """The record cannot be used.

    Args:
        why: a key of the table `note` in `show/words.toml`.
        rest: a fresh record with what could still be told of the old one: its language and track.
    """

    def __init__(self, why: str, rest: dict[str, Any]) -> None:
        super().__init__(why)
        self.why, self.rest = why, rest


@dataclass(frozen=True)
class Aside:
    """A record that was put aside: where it is now, and why (a key of the table `note`)."""

    kept: Path
    why: str


def fresh() -> dict[str, Any]:
    """The record of a new folder."""
    return {"format": 1, "lang": default_language(), "track": "full", "checks": {}, "hints": {}, "given_up": []}


def read(path: Path) -> dict[str, Any]:
    """The record in this file; a fresh one if there is none.

    Raises:
        Broken: it is no record.
        OSError: it cannot be read.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return fresh()
    text = content.decode("utf-8", "replace")
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise Broken("conflict" if CONFLICT.search(text) else "no_json", _rest(text)) from None
    if not _is_sound(found):
        raise Broken("no_record", _rest(text))
    return fresh() | found


def free_name(path: Path) -> Path:
    """A name beside this one under which nothing is kept yet (`state.broken.json`, `state.broken-2.json`)."""
    number, kept = 1, path.with_suffix(".broken.json")
    while kept.exists():
        number += 1
        kept = path.with_suffix(f".broken-{number}.json")
    return kept


def _rest(text: str) -> dict[str, Any]:
    """A fresh record; language and track as the broken one says them, where it says each in one way only."""
    record = fresh()
    for key, known in (("lang", LANGUAGES), ("track", TRACKS)):
        said = set(re.findall(rf'"{key}"\s*:\s*"(\w+)"', text)) & set(known)
        if len(said) == 1:
            record[key] = said.pop()
    return record


def _is_sound(state: Any) -> bool:
    """Whether a state has the form of one."""
    if not isinstance(state, dict):
        return False
    checks, hints = state.get("checks", {}), state.get("hints", {})
    return (
        isinstance(checks, dict)
        and all(
            isinstance(rows, dict) and all(isinstance(row, dict) for row in rows.values()) for rows in checks.values()
        )
        and isinstance(hints, dict)
        and all(isinstance(rung, int) for rung in hints.values())
        and isinstance(state.get("given_up", []), list)
    )
