"""How the student's network divides the plane while it learns XOR, every 100 steps."""

from __future__ import annotations

import math
from typing import Any

from tinygrad_edu.homework.show.svg import Canvas, shade

PARAMS: dict[str, Any] = {"seed": 3, "cells": 24, "panels": 12}
ABOUT = {
    "en": "your network on XOR, every 100 steps: blue where it says 1, red where it says 0, white where it cannot tell",
    "ja": "XOR を学ぶあなたのネットワーク (100 ステップごと)。青は 1、赤は 0、白はどちらとも言えないところ",
}
SIDE, GAP, TOP = 168, 28, 44
CORNERS = ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0))


def draw(o: dict[str, Any], p: dict[str, Any], lang: str) -> str:
    """SVG of the observation of the probe `picture`.

    Args:
        o: `panels`, each with `probability` (cells, cells), the first row on top, and `loss`.
        p: the number of cells and panels.
        lang: "en" or "ja".
    """
    panels = o["panels"][: p["panels"]]
    rows = math.ceil(len(panels) / 4)
    canvas = Canvas(4 * (SIDE + GAP) + GAP, rows * (SIDE + TOP) + GAP)
    words = {"en": "step {}   loss {:.4f}", "ja": "ステップ {}   損失 {:.4f}"}[lang]
    for number, panel in enumerate(panels):
        left, top = GAP + number % 4 * (SIDE + GAP), TOP + number // 4 * (SIDE + TOP)
        canvas.text(left, top - 9, words.format(100 * number, float(panel["loss"])))
        _plane(canvas, left, top, [[float(v) for v in row] for row in panel["probability"]])
    return canvas.svg()


def _plane(canvas: Canvas, left: float, top: float, rows: list[list[float]]) -> None:
    """The square from -0.5 to 1.5, and in it the four points with their answers."""
    cell = SIDE / max(len(rows), 1)
    for y, row in enumerate(rows):
        for x, probability in enumerate(row[: len(rows)]):
            colour = shade(abs(2 * probability - 1), "#ffffff", "#3b7dc4" if probability > 0.5 else "#d0604c")
            canvas.rect(left + x * cell, top + y * cell, cell + 0.3, cell + 0.3, colour)
    for x1, x2, answer in CORNERS:
        px, py = left + SIDE * (x1 + 0.5) / 2, top + SIDE * (1.5 - x2) / 2
        canvas.dot(px, py, 9, "#1b1b1b")
        canvas.text(px, py + 4.5, str(answer), 13, "middle", "#ffffff", bold=True)
