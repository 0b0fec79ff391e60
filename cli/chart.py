"""A small line chart in text: braille dots, four to the height of a character, or letters where there is no braille."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Cell", "chart", "chart_text", "fits"]

WIDTH, HEIGHT = 64, 8
# The bit of each dot of a braille character, by [row][column] (Unicode, "Braille Patterns").
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
BLANK = 0x2800
LOWEST = 1e-16  # a height of exactly 0 has no logarithm; float64 at 1 resolves no finer than this


class Cell(NamedTuple):
    """One character of the chart, and the curve it belongs to (None: axis or nothing)."""

    character: str
    curve: int | None


def fits(text: str, encoding: str | None) -> bool:
    """Whether a console of this encoding can show the text.

    >>> fits("⣿", "utf-8"), fits("⣿", "cp932")
    (True, False)
    """
    try:
        text.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def chart(
    curves: Sequence[Sequence[float]],
    steps: int,
    *,
    width: int = WIDTH,
    height: int = HEIGHT,
    braille: bool = True,
    letters: Sequence[str] = ("*",),
) -> list[list[Cell]]:
    """Rows of cells that show log10 of each curve over the steps.

    curves: positive heights, one for each step from 0; not finite ones are left out, zeros drawn at the bottom.
    steps: how many steps the width stands for; curves may be shorter.
    letters: without braille, the letter of each curve.
    """
    logs = [[_log(value) for value in curve] for curve in curves]
    known = [value for curve in logs for value in curve if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    low, high = math.floor(low), max(math.ceil(high), math.floor(low) + 1)
    columns, rows = (2 * width, 4 * height) if braille else (width, height)
    bits = [[0] * width for _ in range(height)]
    owner: list[list[int | None]] = [[None] * width for _ in range(height)]
    for number, curve in enumerate(logs):
        for column, (top, bottom) in _columns(curve, steps, columns, rows, low, high):
            for row in range(top, bottom + 1):
                y, x = (row // 4, column // 2) if braille else (row, column)
                bits[y][x] |= DOTS[row % 4][column % 2] if braille else 1
                if owner[y][x] is None:
                    owner[y][x] = number
    result = []
    for y in range(height):
        label = _label(high - (high - low) * y / (height - 1)) if y in (0, height // 2, height - 1) else ""
        axis = ("┤" if label else "│") if braille else ("+" if label else "|")
        line = [Cell(c, None) for c in f"{label:>7} {axis}"]
        for x in range(width):
            mark = chr(BLANK + bits[y][x]) if braille else letters[(owner[y][x] or 0) % len(letters)]
            line.append(Cell(mark, owner[y][x]) if bits[y][x] else Cell(" ", None))
        result.append(line)
    corner, dash = ("└", "─") if braille else ("+", "-")
    result.append([Cell(c, None) for c in f"{'':8}{corner}{dash * width}"])
    end = f"step {steps}"
    result.append([Cell(c, None) for c in f"{'':8} 0{end:>{width - 1}}"])
    return result


def chart_text(rows: list[list[Cell]]) -> str:
    """The chart as plain text.

    >>> print(chart_text(chart([[100.0, 10.0, 1.0]], 2, width=8, height=3, braille=False)))
      1e+02 +***
      1e+01 +   ***
      1e+00 +      **
            +--------
             0 step 2
    """
    return "\n".join("".join(cell.character for cell in row).rstrip() for row in rows)


def _log(value: float) -> float | None:
    return math.log10(max(value, LOWEST)) if math.isfinite(value) else None


def _label(exponent: float) -> str:
    """A power of ten with one digit; its two parts apart, since 10.0**309 would overflow."""
    whole = math.floor(exponent)
    digit = round(10 ** (exponent - whole))
    return f"{digit}e{whole:+03d}" if digit < 10 else f"1e{whole + 1:+03d}"


def _columns(
    curve: list[float | None], steps: int, columns: int, rows: int, low: float, high: float
) -> list[tuple[int, tuple[int, int]]]:
    """For each column the first and last row to mark: all values that fall in it, joined to the column before."""
    spans: dict[int, list[float]] = {}
    for step, value in enumerate(curve):
        if value is not None:
            spans.setdefault(round(step * (columns - 1) / max(steps, 1)), []).append(value)
    found: list[tuple[int, tuple[int, int]]] = []
    previous: tuple[int, float] | None = None
    for column in sorted(spans):
        values = spans[column]
        if previous is not None and column - previous[0] > 1:  # few steps: draw the line between them
            first, start = previous
            for between in range(first + 1, column):
                part = start + (values[0] - start) * (between - first) / (column - first)
                row = _row(part, rows, low, high)
                found.append((between, (row, row)))
        elif previous is not None:
            values = [*values, (previous[1] + values[0]) / 2]
        found.append((column, (_row(max(values), rows, low, high), _row(min(values), rows, low, high))))
        previous = (column, spans[column][-1])
    return found


def _row(value: float, rows: int, low: float, high: float) -> int:
    return round((high - value) / (high - low) * (rows - 1))
