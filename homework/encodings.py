"""Which encoding a program was saved in, where it is not UTF-8: Python's own words for it help no beginner."""

from __future__ import annotations

import codecs
import io
import tokenize

JAPANESE = {"cp932": "Shift-JIS (cp932)", "euc_jp": "EUC-JP"}
LATIN = "Windows-1252 / Latin-1"


def other_encoding(content: bytes) -> str | None:
    """The likely encoding of a program that Python cannot read; None if it can, or if the bytes are not the reason.

    A file that declares its encoding in its first lines (PEP 263) and keeps to it is read by Python.

    >>> other_encoding("x = '猫です'".encode("cp932")), other_encoding("x = 1".encode("utf-16"))
    ('Shift-JIS (cp932)', 'UTF-16')
    >>> other_encoding("x = '猫です'".encode())
    """
    if content.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "UTF-32"
    beginning = content[:4000]
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or beginning.count(0) > len(beginning) // 4:
        return "UTF-16"  # (every other byte of Latin letters is 0, with a byte order mark or without)
    for declared in (True, False):  # (what is UTF-8 but declares something else is told of by Python)
        try:
            content.decode(tokenize.detect_encoding(io.BytesIO(content).readline)[0] if declared else "utf-8")
            return None
        except (SyntaxError, ValueError, LookupError):
            pass
    best = max(JAPANESE, key=lambda name: _kana(content, name))
    return JAPANESE[best] if _kana(content, best) > 0 else LATIN


def _kana(content: bytes, encoding: str) -> int:
    """How much Japanese the bytes are in this encoding; in the wrong one, half-width katakana come out."""
    try:
        text = content.decode(encoding)
    except ValueError:
        return -1
    return sum("\u3041" <= sign <= "\u30ff" for sign in text) - sum("\uff61" <= sign <= "\uff9f" for sign in text)
