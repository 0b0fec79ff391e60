"""A broadcast and its way back, as grids: the student's own values, gradients and unbroadcast."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.homework.show.svg import Canvas, shade

PARAMS = {
    "x": np.array([[1.0, -2.0, 0.5, 3.0], [2.0, 1.0, -1.0, 0.0], [-0.5, 1.5, 2.5, -3.0]]),
    "b": np.array([1.0, -1.0, 2.0, 0.5]),
    "g": np.array([[1.0, 0.0, 1.0, 2.0], [1.0, 1.0, 0.0, 0.5], [1.0, 2.0, -1.0, 0.0]]),
}
ABOUT = {
    "en": "z = x*b + b: b is copied along axis 0, and its gradient is summed back over axis 0 by your unbroadcast",
    "ja": "z = x*b + b。b は軸 0 に沿って複製され、勾配はあなたの unbroadcast によって軸 0 で足し合わされる",
}
TITLES = {
    "en": [
        "x (3, 4)",
        "b (4,), copied along axis 0",
        "z = x*b + b",
        "G arrives",
        "x.grad = G·b",
        "b.grad",
        "unbroadcast(G, (4,))",
    ],
    "ja": [
        "x (3, 4)",
        "b (4,): 軸 0 に複製",
        "z = x*b + b",
        "届く勾配 G",
        "x.grad = G·b",
        "b.grad",
        "unbroadcast(G, (4,))",
    ],
}
CELL = 46


def draw(o: dict[str, Any], p: dict[str, Any], lang: str) -> str:
    """SVG of the observation of the probe `picture`: arrays x, b, z, g, x_grad, b_grad, summed."""
    canvas = Canvas(760, 520)
    arrays = [o[key] for key in ("x", "b", "z", "g", "x_grad", "b_grad", "summed")]
    places = [(30, 50), (280, 50), (530, 50), (30, 270), (280, 270), (530, 270), (530, 400)]
    for title, array, place in zip(TITLES[lang], arrays, places, strict=True):
        _grid(canvas, *place, np.atleast_2d(np.asarray(array, dtype=float)), title)
    for row in (1, 2):  # the copies of b that never exist
        for column in range(4):
            canvas.rect(280 + column * CELL, 50 + row * CELL, CELL, CELL, stroke="#bbbbbb")
    wanted = np.asarray(o["g"]).sum(axis=0)
    right = np.shape(o["summed"]) == (4,) and np.allclose(np.asarray(o["summed"], dtype=float), wanted)
    canvas.text(30, 490, ABOUT[lang], 12)
    canvas.text(30, 510, "✓" if right else "✗", 14, fill="#176c2c" if right else "#aa1111")
    return canvas.svg()


def _grid(canvas: Canvas, x: float, y: float, array: np.ndarray, title: str) -> None:
    """One array as boxes, shaded by size."""
    canvas.text(x, y - 10, title, 13, bold=True)
    most = float(np.abs(array).max()) or 1.0
    for i, row in enumerate(array[:4]):
        for j, value in enumerate(row[:4]):
            high = "#1f5fa8" if value >= 0 else "#b3541e"
            canvas.rect(x + j * CELL, y + i * CELL, CELL, CELL, shade(abs(value) / most * 0.6, high=high), "#444444")
            canvas.text(x + (j + 0.5) * CELL, y + (i + 0.6) * CELL, f"{value:.4g}", 12, "middle")
