"""Which fonts draw a text: the one that the package ships, and one more for what it lacks (Japanese, say).

A picture with boxes in place of letters is worse than an error, so every character is looked up in the fonts'
own tables before anything is drawn.
"""

from __future__ import annotations

import os
import struct
import unicodedata
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from tinygrad_edu.errors import MissingFontError

__all__ = ["FONT", "SHIPPED", "characters", "extra_font", "fonts_for"]

FONT = "DejaVu Sans"  # Graphviz has its character widths built in; text in other fonts runs over its box
SHIPPED = Path(__file__).with_name("fonts") / "DejaVuSans-subset.ttf"
VARIABLE = "TINYEDU_FONT"  # environment: path of one more .ttf, .otf or .ttc file
ADVICE = (
    "pip install matplotlib-fontja (Japanese), or set the environment variable TINYEDU_FONT to a .ttf or "
    ".otf file that has them; an SVG keeps them as text and needs no font here"
)


def fonts_for(text: str) -> list[str]:
    """The font files needed to draw ``text``, the shipped one first.

    >>> [Path(file).name for file in fonts_for("x × y → ∂f")]
    ['DejaVuSans-subset.ttf']

    Raises:
        MissingFontError: characters that neither the shipped font nor an extra one has.
    """
    missing = _visible(text) - characters(str(SHIPPED))
    if not missing:
        return [str(SHIPPED)]
    extra = extra_font()
    if extra is not None:
        missing -= characters(str(extra))
        if not missing:
            return [str(SHIPPED), str(extra)]
    named = ", ".join(f"{c} (U+{ord(c):04X})" for c in sorted(missing)[:8]) + (", ..." if len(missing) > 8 else "")
    where = f"; {extra.name} lacks them too" if extra is not None else ""
    raise MissingFontError(f"render: the shipped font cannot draw {named}{where}. {ADVICE}.")


def extra_font() -> Path | None:
    """The font that TINYEDU_FONT names, else the one in the package matplotlib-fontja, else None."""
    named = os.environ.get(VARIABLE)
    if named:
        if not Path(named).is_file():
            raise MissingFontError(f"render: TINYEDU_FONT names {named!r}, which is not a file. Correct or unset it.")
        return Path(named)
    package = find_spec("matplotlib_fontja")  # found, not imported: importing it changes Matplotlib's settings
    for folder in (package.submodule_search_locations or []) if package is not None else []:
        for file in sorted(Path(folder, "fonts").glob("*.[to]tf")):
            return file
    return None


@cache
def characters(file: str) -> frozenset[str]:
    """Every character a font file (TrueType, OpenType, the first font of a collection) can draw."""
    data = Path(file).read_bytes()
    try:
        start = struct.unpack_from(">L", data, 12)[0] if data[:4] == b"ttcf" else 0
        table = _table(data, start, b"cmap")
        found: set[int] = set()
        for number in range(struct.unpack_from(">H", data, table + 2)[0]):
            platform, _, offset = struct.unpack_from(">HHL", data, table + 4 + 8 * number)
            if platform in (0, 3):  # Unicode
                found.update(_code_points(data, table + offset))
    except (struct.error, LookupError) as error:
        raise MissingFontError(f"render: {Path(file).name} is not a TrueType or OpenType font. {ADVICE}.") from error
    return frozenset(chr(code) for code in found if code < 0x110000)


def _table(data: bytes, start: int, name: bytes) -> int:
    """Where a font's table begins (OpenType specification, "Table directory")."""
    for number in range(struct.unpack_from(">H", data, start + 4)[0]):
        tag, _, offset, _ = struct.unpack_from(">4sLLL", data, start + 12 + 16 * number)
        if tag == name:
            return int(offset)
    raise LookupError(name)


def _code_points(data: bytes, at: int) -> set[int]:
    """The code points of one cmap subtable, formats 4 and 12 (OpenType specification, "cmap")."""
    found: set[int] = set()
    kind = struct.unpack_from(">H", data, at)[0]
    if kind == 12:
        for number in range(struct.unpack_from(">L", data, at + 12)[0]):
            first, last, _ = struct.unpack_from(">LLL", data, at + 16 + 12 * number)
            found.update(range(first, last + 1))
    elif kind == 4:
        segments = struct.unpack_from(">H", data, at + 6)[0] // 2
        lasts = struct.unpack_from(f">{segments}H", data, at + 14)
        firsts = struct.unpack_from(f">{segments}H", data, at + 16 + 2 * segments)
        for first, last in zip(firsts, lasts, strict=True):
            found.update(range(first, last + 1))
        found.discard(0xFFFF)  # the closing segment
    return found


def _visible(text: str) -> set[str]:
    """The characters that leave a mark: no spaces, no controls, no joiners or variation selectors."""
    return {c for c in set(text) if not c.isspace() and unicodedata.category(c) not in ("Cc", "Cf", "Mn")}
