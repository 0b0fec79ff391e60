"""Which output reads which input, as the student's own gradient has it: a table for each of six settings."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.homework.show.svg import Canvas, shade
from tinygrad_edu.homework.show.words import word

PARAMS: dict[str, Any] = {
    "length": 8,
    "kernel": 3,
    "options": [{}, {"stride": 2}, {"padding": 1}, {"dilation": 2}, {"stride": 2, "padding": 1}, {"stride": 3}],
}
ABOUT = {
    "en": "a row is an output, a column an input; numbers: the kernel's element that reads it, by your own gradient",
    "ja": "行が出力、列が入力。数字は、その入力を読むカーネルの要素 (あなたの勾配による)",
}
CELL, GAP, TOP = 26, 60, 58


def draw(o: dict[str, Any], p: dict[str, Any], lang: str) -> str:
    """SVG of the observation of the probe `picture`.

    Args:
        o: `tables`: for each setting a row of numbers for each output.
        p: `options`, the settings.
        lang: "en" or "ja".
    """
    out, into = {"en": ("output", "input"), "ja": ("出力", "入力")}[lang]
    tables = [[[float(v) for v in row][:40] for row in table][:40] for table in o["tables"]]
    wide = CELL * p["length"] + GAP
    high = CELL * max(max(map(len, tables), default=1), 1) + TOP + 16
    canvas = Canvas(3 * wide + GAP, 2 * high)
    for place, (options, table) in enumerate(zip(p["options"], tables, strict=True)):
        left, top = GAP + place % 3 * wide, TOP + place // 3 * high
        named = ", ".join(f"{word(f'picture.{key}', lang)} {n}" for key, n in (options or {"stride": 1}).items())
        canvas.text(left, top - 30, named, bold=True)
        canvas.text(left, top - 10, f"{into} 0 …", size=11)
        canvas.text(left - 8, top + CELL * 0.65, out, size=11, anchor="end")
        for row, numbers in enumerate(table):
            for column, number in enumerate(numbers):
                x, y = left + column * CELL, top + row * CELL
                canvas.rect(x, y, CELL - 2, CELL - 2, shade(abs(number) / p["kernel"], "#eef2f6"))
                if number:
                    ink = "#ffffff" if abs(number) > p["kernel"] / 2 else "#1b1b1b"
                    canvas.text(x + CELL / 2 - 1, y + CELL * 0.65, f"{number - 1:g}", 11, anchor="middle", fill=ink)
    return canvas.svg()
