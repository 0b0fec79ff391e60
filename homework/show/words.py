"""The table of words in English and Japanese, and what a console can show of them."""

from __future__ import annotations

import errno
import os
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from tinygrad_edu.homework.course import LANGUAGES

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")

PLAINER = {
    "✓": "+", "✗": "x", "⏱": "T", "○": "-", "·": "*", "…": "...", "★": "*", "☆": "*", "◆": "#", "—": "-", "–": "-",
    "×": "x", "−": "-", "≤": "<=", "≥": ">=", "→": "->", "█": "#", "░": ".", "∂": "d",
    "⌊": "floor(", "⌋": ")", "ᵀ": ".T", "‘": "'", "’": "'", "“": '"', "”": '"', "≠": "!=", "√": "sqrt", "•": "*",
    "│": "|", "─": "-", "┃": "|", "━": "-", "├": "|", "└": "`", "▼": "v", "ₗ": "l", "₁": "1", "₂": "2",
    "←": "<-", "½": "1/2", "±": "+/-", "\u0302": "_hat", "‥": "..", "①": "(1)",
}  # fmt: skip
"""What is shown instead of a sign that a console's encoding lacks (cp932 has neither ✓ nor ²)."""

NEARER = {"·": "・"}
"""What comes before `PLAINER` where the encoding has it."""

RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿˣᵗ", "0123456789+-nxt", strict=True))
POWER = re.compile(f"[{''.join(RAISED)}]+")


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))


class Told(Exception):
    """A reason that is told in the reader's language.

    Args:
        key: of the table of words.
        filled: the places of its texts.
    """

    def __init__(self, key: str, **filled: Any) -> None:
        super().__init__(word(key, "en", **filled))
        self.key, self.filled = key, filled


class Correctable(Exception):
    """Something that whoever called the command can put right.

    Args:
        key: of the table `problem` in `words.toml`: what is wrong, and what to do.
        filled: the places of both texts.
    """

    def __init__(self, key: str, **filled: Any) -> None:
        super().__init__(problem(key, "en", **filled)[0])
        self.key, self.filled = key, filled


def word(key: str, lang: str, **filled: Any) -> str:
    """The text of a key (`state.pass`) in a language, its places filled; exceptions are told in that language too.

    Raises:
        KeyError: there is none.
    """
    place: Any = _table()
    for part in key.split("."):
        place = place[part]
    return str(place[lang]).format(**{name: _spoken(value, lang) for name, value in filled.items()})


def _spoken(value: Any, lang: str) -> Any:
    if isinstance(value, Told):
        return word(value.key, lang, **value.filled)
    if isinstance(value, OSError) and value.errno is not None:
        code = errno.errorcode.get(value.errno, "")
        return _table()["system"].get(code, {}).get(lang) or value.strerror
    return value


def both(key: str, **filled: Any) -> str:
    """The text in both languages, for what teachers of either read."""
    return " / ".join(word(key, lang, **filled) for lang in LANGUAGES)


def problem(key: str, lang: str, **filled: Any) -> tuple[str, str]:
    """What is wrong and what to do about it, in a language."""
    return word(f"problem.{key}.text", lang, **filled), word(f"problem.{key}.hint", lang, **filled)


def has_word(key: str) -> bool:
    """Whether the table has this key in both languages."""
    place: Any = _table()
    for part in key.split("."):
        if not isinstance(place, dict) or part not in place:
            return False
        place = place[part]
    return isinstance(place, dict) and set(LANGUAGES) <= set(place)


def default_language() -> str:
    """Japanese where the environment asks for it, else English."""
    for name in ("TINYEDU_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            return "ja" if os.environ[name].lower().startswith("ja") else "en"
    return "en"


def harmless(text: str) -> str:
    """Text of a student's without anything that steers a terminal."""
    return CONTROL.sub("\ufffd", text)


def showable(text: str, encoding: str) -> str:
    """The text with every sign that the encoding lacks replaced by a plainer one.

    >>> showable("✓ x²", "cp932"), showable("✓ x²", "utf-8")
    ('+ x^2', '✓ x²')
    >>> showable("n·xⁿ⁻¹", "ascii")
    'n*x^(n-1)'
    """
    try:
        text.encode(encoding)
        return text
    except (UnicodeEncodeError, LookupError):
        return "".join(_sign(sign, encoding) for sign in POWER.sub(_power, text))


def _power(found: re.Match[str]) -> str:
    """A raised text as a power: ⁿ⁻¹ as ^(n-1)."""
    exponent = "".join(RAISED[sign] for sign in found[0])
    return f"^{exponent}" if exponent.isdigit() or len(exponent) == 1 else f"^({exponent})"


def _sign(sign: str, encoding: str) -> str:
    for candidate in (sign, NEARER.get(sign, sign), PLAINER.get(sign, "?")):
        try:
            candidate.encode(encoding)
            return candidate
        except (UnicodeEncodeError, LookupError):
            continue
    return "?"
