"""What a check called and compared, in the reader's language: code stays as it is, the words around it are translated.

Probes and judges write these lines once, in English, and `locate.py` reads them as code. They are translated where they
are shown, from the table of `phrases.toml`.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

HOLE = re.compile(r"\\\{(\d)\\\}")


@cache
def _table() -> list[tuple[re.Pattern[str], str]]:
    """Patterns and what takes their place, the longest first."""
    found = tomllib.loads((Path(__file__).parent / "phrases.toml").read_text(encoding="utf-8"))["phrases"]
    made = []
    for english in sorted(found, key=len, reverse=True):
        pattern = HOLE.sub("(.+?)", re.escape(english))
        start, end = (r"\b" if english[0].isalnum() else ""), (r"\b" if english[-1].isalnum() else "")
        made.append((re.compile(start + pattern + end), found[english]))
    return made


def spoken(text: str, lang: str) -> str:
    """The line in this language.

    >>> spoken("z = layer(x).sum(), kernel of ones 3x3, stride 2, x: 6x6", "ja")
    'z = layer(x).sum(), すべて 1 のカーネル 3x3, stride 2, x: 6x6'
    >>> spoken("y = x * x + x   at x = 3", "ja")
    'y = x * x + x   at x = 3'
    """
    if lang == "en":
        return text
    for pattern, place in _table():
        if found := pattern.search(text):
            text = text[: found.start()] + place.format(*found.groups()) + spoken(text[found.end() :], lang)
    return text
