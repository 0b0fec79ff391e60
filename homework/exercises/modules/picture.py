"""The tree of a network of the student's modules, read off the names of its parameters, and how many are in each."""

from __future__ import annotations

import math
from typing import Any

from tinygrad_edu.homework.show.svg import Canvas

PARAMS: dict[str, Any] = {}
ABOUT = {
    "en": "a network of your modules: every branch with the number of its parameters, as a bar",
    "ja": "あなたのモジュールで作ったネットワーク。枝ごとに、パラメータの個数を棒で示します",
}
WIDTH, ROW, INDENT, TOP, BAR_LEFT, BAR = 780, 26, 26, 52, 400, 260
MOST = 60  # rows


def draw(o: dict[str, Any], p: dict[str, Any], lang: str) -> str:
    """SVG of the observation of the probe `picture`.

    Args:
        o: `named`, a list of [name, shape].
        p: nothing.
        lang: "en" or "ja".
    """
    rows = _rows([(str(name), [int(n) for n in shape]) for name, shape in o["named"]][:MOST])
    total = rows[0][3]
    title = {"en": "net: {:,} parameters", "ja": "net: パラメータ {:,} 個"}[lang].format(total)
    canvas = Canvas(WIDTH, TOP + ROW * len(rows) - 6)
    canvas.text(24, 30, title, 15, bold=True)
    last_at: dict[int, float] = {0: TOP - 14}
    for place, (depth, name, shape, count) in enumerate(rows[1:]):
        y = TOP + ROW * (place + 1) - 6
        left = 30 + INDENT * depth
        trunk = left - INDENT + 5
        canvas.line(trunk, last_at[depth - 1] + 6, trunk, y - 5, "#9aa5b1")
        canvas.line(trunk, y - 5, left - 4, y - 5, "#9aa5b1")
        last_at[depth] = y
        canvas.text(left, y, name, 13, bold=shape is None)
        if shape is not None:
            canvas.text(BAR_LEFT - 16, y, f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})", 12, "end")
        canvas.rect(BAR_LEFT, y - 12, max(BAR * count / max(total, 1), 1), 15, "#1f5fa8" if shape else "#a9c4e4")
        canvas.text(BAR_LEFT + BAR * count / max(total, 1) + 8, y, f"{count:,}", 12)
    return canvas.svg()


def _rows(named: list[tuple[str, list[int]]]) -> list[tuple[int, str, list[int] | None, int]]:
    """(depth, last part of the name, shape or None for a module, number) of every node, parents first."""
    counts: dict[tuple[str, ...], int] = {}
    shapes: dict[tuple[str, ...], list[int] | None] = {}
    for name, shape in named:
        parts = tuple(name.split("."))[:12]
        for end in range(len(parts) + 1):
            counts[parts[:end]] = counts.get(parts[:end], 0) + math.prod(shape)
            shapes.setdefault(parts[:end], None)
        shapes[parts] = shape
    return [(len(path), path[-1] if path else "net", shapes[path], counts[path]) for path in counts]
