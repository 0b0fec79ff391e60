"""How many windows cover each pixel, by the student's own gradient; and a digit through filters for edges."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.homework.exercises.conv2d import judges
from tinygrad_edu.homework.show.svg import Canvas, shade
from tinygrad_edu.homework.show.words import word

DIGIT = [
    "............", "...######...", "..##....##..", "........##..", "........##..", "....####....",
    "........##..", ".........##.", "..#......##.", "..##....##..", "...######...", "............",
]  # fmt: skip
PARAMS: dict[str, Any] = {
    "size": 7,
    "coverage": [{}, {"padding": 1}, {"stride": 2}, {"dilation": 2}],
    "image": [[float(sign == "#") for sign in row] for row in DIGIT],
    "filters": [
        [[-1, -1, -1], [0, 0, 0], [1, 1, 1]],
        [[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]],
        [[0, -1, 0], [-1, 4, -1], [0, -1, 0]],
    ],
}
ABOUT = {
    "en": "above: how many windows cover each pixel, by your gradient; below: a digit, and what your layer makes of it",
    "ja": "上: それぞれの画素をいくつの窓が読むか (あなたの勾配)。下: 数字の画像と、あなたの層の出力",
}
SIDE, GAP, TOP = 168, 44, 46


def draw(o: dict[str, Any], p: dict[str, Any], lang: str) -> str:
    """SVG of the observation of the probe `picture`.

    Args:
        o: `coverage`, a (7, 7) array for each setting, and `maps` (3, 12, 12).
        p: the settings.
        lang: "en" or "ja".
    """
    canvas = Canvas(4 * (SIDE + GAP) + GAP, 2 * (SIDE + TOP) + GAP)
    for place, (options, counts) in enumerate(zip(p["coverage"], o["coverage"], strict=True)):
        named = ", ".join(f"{word(f'picture.{key}', lang)} {n}" for key, n in (options or {"stride": 1}).items())
        rows = [[float(v) for v in row] for row in counts]
        wrong = _differs(rows, p["size"], options)
        title = f"{named}   {'✗' if wrong else '✓'}"
        _grid(canvas, GAP + place * (SIDE + GAP), TOP, title, rows, 9.0, numbers=True)
    names = {
        "en": ["digit", "edges that lie", "edges that stand", "all edges"],
        "ja": ["数字", "横の輪郭", "縦の輪郭", "すべての輪郭"],
    }[lang]
    for place, (name, image) in enumerate(zip(names, [p["image"], *o["maps"]], strict=True)):
        rows = [[float(v) for v in row] for row in image]
        most = max((abs(v) for row in rows for v in row), default=1.0) or 1.0
        _grid(canvas, GAP + place * (SIDE + GAP), 2 * TOP + SIDE, name, rows, most, numbers=False)
    return canvas.svg()


def _differs(rows: list[list[float]], size: int, options: dict[str, Any]) -> bool:
    """Whether these are other numbers than the definition gives."""
    import numpy as np

    x, w = np.zeros((1, 1, size, size)), np.ones((1, 1, 3, 3))
    want = judges.derivatives(np.ones((1, 1, *judges.fits((size, size), (3, 3), options))), x, w, options)[0][0, 0]
    got = np.asarray(rows)
    return got.shape != want.shape or not np.allclose(got, want)


def _grid(
    canvas: Canvas, left: float, top: float, title: str, rows: list[list[float]], most: float, *, numbers: bool
) -> None:
    """A matrix as shaded cells: blue above 0, red below."""
    canvas.text(left, top - 10, title)
    if not rows or len(rows) > 40:
        return
    cell = SIDE / len(rows)
    for y, row in enumerate(rows):
        for x, value in enumerate(row[:40]):
            fill = shade(abs(value) / most, "#f4f6f8", "#1f5fa8" if value >= 0 else "#b03a2e")
            canvas.rect(left + x * cell, top + y * cell, cell - 1, cell - 1, fill)
            if numbers:
                ink = "#ffffff" if abs(value) > most / 2 else "#1b1b1b"
                canvas.text(left + (x + 0.5) * cell, top + (y + 0.66) * cell, f"{value:g}", 11, "middle", ink)
