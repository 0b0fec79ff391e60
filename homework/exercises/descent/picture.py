"""The student's walk through the valley, and their five optimizers on the paraboloid, over shaded contours."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tinygrad_edu.homework.exercises.descent import judges
from tinygrad_edu.homework.show.svg import Canvas

PARAMS: dict[str, Any] = {}
ABOUT = {
    "en": "white: your walks, 1000 steps down the Rosenbrock function and 20 of each rule; dashed: how they should go",
    "ja": "白: あなたの道筋 (ローゼンブロック関数を 1000 ステップ、各規則で 20 ステップ)。破線: 正しい道筋",
}
SIDE, GAP, CELLS, BANDS = 240, 48, 48, 9
Function = Callable[[float, float], float]
RULES: dict[str, tuple[Callable[..., float], dict[str, float]]] = {
    "SGD": (judges.plain, {"lr": 0.4}),
    "momentum": (judges.with_momentum, {"lr": 0.1, "momentum": 0.9}),
    "Adagrad": (judges.by_sum_of_squares, {"lr": 0.4}),
    "RMSProp": (judges.by_mean_of_squares, {"lr": 0.4, "alpha": 0.9}),
    "Adam": (judges.adaptive, {"lr": 0.4}),
}


def _valley(x1: float, x2: float) -> float:
    return (1 - x1) ** 2 + 5 * (x2 - x1 * x1) ** 2


def _bowl(x1: float, x2: float) -> float:
    return 0.2 * x1**2 + 2 * x2**2


def draw(o: dict[str, Any], p: dict[str, Any], lang: str) -> str:
    """SVG of the observation of the probe `picture`.

    Args:
        o: a list of (x1, x2) for the valley and for each rule.
        p: nothing.
        lang: "en" or "ja".
    """
    names = ["valley", "SGD", "momentum", "Adagrad", "RMSProp", "Adam"]
    titles = {
        "valley": {"en": "Rosenbrock, lr 0.01", "ja": "ローゼンブロック、lr 0.01"}[lang],
        "momentum": {"en": "momentum 0.9", "ja": "モメンタム 0.9"}[lang],
    }
    canvas = Canvas(3 * (SIDE + GAP) + GAP, 2 * (SIDE + GAP) + GAP)
    for place, name in enumerate(names):
        box = (-1.6, 1.6, -0.8, 1.8) if name == "valley" else (-6.0, 4.0, -3.2, 3.2)
        panel = _Panel(canvas, GAP + place % 3 * (SIDE + GAP), GAP + place // 3 * (SIDE + GAP), box)
        panel.shade(_valley if name == "valley" else _bowl)
        panel.walks(_walk(o[name]), _walk(_reference(name)), titles.get(name, name))
    return canvas.svg()


def _reference(name: str) -> Any:
    """Where the walk should go."""
    if name == "valley":
        return judges.descended({"start": [-1.0, 1.0], "lr": 0.01, "steps": 1000})[1]
    rule, options = RULES[name]
    return [[-5.0, -2.0], *judges.followed([-5.0, -2.0], 20, rule, options)]


def _walk(points: Any) -> list[tuple[float, float]]:
    """The points as pairs of finite numbers; what ran away is drawn at the edge."""
    return [(_number(x1), _number(x2)) for x1, x2 in points]


def _number(x: Any) -> float:
    value = float(x)
    return max(min(value, 1e6), -1e6) if math.isfinite(value) else 1e6


class _Panel:
    """A square of the picture that shows a box of the plane."""

    def __init__(self, canvas: Canvas, left: float, top: float, box: tuple[float, float, float, float]) -> None:
        self.canvas, self.left, self.top, self.box = canvas, left, top, box

    def shade(self, f: Function) -> None:
        """Bands of f, darkest where it is lowest."""
        low1, high1, low2, high2 = self.box
        highest = math.log1p(max(f(x1, x2) for x1 in (low1, high1) for x2 in (low2, high2)))
        size = SIDE / CELLS
        for row in range(CELLS):
            for column in range(CELLS):
                x1 = low1 + (column + 0.5) * (high1 - low1) / CELLS
                x2 = high2 - (row + 0.5) * (high2 - low2) / CELLS
                grey = 105 + 15 * min(int(BANDS * math.log1p(f(x1, x2)) / highest), BANDS)
                colour = f"rgb({grey - 60},{grey - 20},{min(grey + 30, 255)})"
                self.canvas.rect(self.left + column * size, self.top + row * size, size + 0.3, size + 0.3, colour)

    def place(self, point: tuple[float, float]) -> tuple[float, float]:
        """Where a point is drawn; what lies outside is drawn at the edge."""
        low1, high1, low2, high2 = self.box
        x1, x2 = min(max(point[0], low1), high1), min(max(point[1], low2), high2)
        return self.left + SIDE * (x1 - low1) / (high1 - low1), self.top + SIDE * (high2 - x2) / (high2 - low2)

    def walks(self, walk: list[tuple[float, float]], right: list[tuple[float, float]], title: str) -> None:
        """The student's walk, the right one dashed over it, and where the student's ends."""
        canvas, seen = self.canvas, [self.place(point) for point in walk]
        canvas.text(self.left, self.top - 7, title)
        canvas.curve(seen, "#ffffff", 2.5)
        canvas.curve([self.place(point) for point in right], "#000000", 0.8, dashed=True)
        for x, y in seen if len(seen) < 50 else seen[:1]:
            canvas.dot(x, y, 2.6, "#ffffff")
        if walk:
            canvas.dot(*seen[-1], 4.5, "#ffb000")
            canvas.text(self.left, self.top + SIDE + 16, f"({walk[-1][0]:.4g}, {walk[-1][1]:.4g})")
