"""The student's walk through the valley, and their five optimizers on the paraboloid, over shaded contours."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tinygrad_edu.homework.exercises.descent import judges

PARAMS: dict[str, Any] = {}
ABOUT = {
    "en": "white: your walks, 1000 steps down the Rosenbrock function and 20 of each rule; dotted: how they should go",
    "ja": "白: あなたの道筋 (ローゼンブロック関数を 1000 ステップ、各規則で 20 ステップ)。点線: 正しい道筋",
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
    panels = []
    for place, name in enumerate(names):
        box = (-1.6, 1.6, -0.8, 1.8) if name == "valley" else (-6.0, 4.0, -3.2, 3.2)
        left = GAP + place % 3 * (SIDE + GAP)
        top = GAP + place // 3 * (SIDE + GAP)
        function = _valley if name == "valley" else _bowl
        inside = _panel(function, box, _walk(o[name]), _walk(_reference(name)), titles.get(name, name))
        panels.append(f'<g transform="translate({left},{top})">{inside}</g>')
    width, height = 3 * (SIDE + GAP) + GAP, 2 * (SIDE + GAP) + GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="DejaVu Sans, sans-serif" font-size="13">'
        f'<rect width="{width}" height="{height}" fill="white"/>{"".join(panels)}</svg>'
    )


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


def _panel(
    f: Function,
    box: tuple[float, float, float, float],
    walk: list[tuple[float, float]],
    right: list[tuple[float, float]],
    title: str,
) -> str:
    """A square with shaded bands of f, the right walk dotted, and the student's over it."""
    low1, high1, low2, high2 = box
    size = SIDE / CELLS
    top = max(f(x1, x2) for x1 in (low1, high1) for x2 in (low2, high2))
    shapes = []
    for row in range(CELLS):
        for column in range(CELLS):
            x1 = low1 + (column + 0.5) * (high1 - low1) / CELLS
            x2 = high2 - (row + 0.5) * (high2 - low2) / CELLS
            band = min(int(BANDS * math.log1p(f(x1, x2)) / math.log1p(top)), BANDS)
            grey = 105 + 15 * band
            colour = f"rgb({grey - 60},{grey - 20},{min(grey + 30, 255)})"
            shapes.append(
                f'<rect x="{column * size:.1f}" y="{row * size:.1f}" width="{size + 0.3:.1f}" '
                f'height="{size + 0.3:.1f}" fill="{colour}"/>'
            )

    def placed(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        return [
            (
                SIDE * (min(max(x1, low1), high1) - low1) / (high1 - low1),
                SIDE * (high2 - min(max(x2, low2), high2)) / (high2 - low2),
            )
            for x1, x2 in points
        ]

    seen = placed(walk)
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in seen)
    shapes.append(f'<polyline points="{line}" fill="none" stroke="white" stroke-width="2"/>')
    dotted = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed(right))
    shapes.append(f'<polyline points="{dotted}" fill="none" stroke="black" stroke-dasharray="1.5 3.5"/>')
    if len(seen) < 50:
        shapes += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="white"/>' for x, y in seen]
    if seen:
        (x, y), (end_x, end_y) = seen[0], seen[-1]
        shapes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="none" stroke="white" stroke-width="2"/>')
        shapes.append(f'<circle cx="{end_x:.1f}" cy="{end_y:.1f}" r="4.5" fill="#ffb000" stroke="black"/>')
        shapes.append(f'<text x="0" y="{SIDE + 16}" fill="#333">({walk[-1][0]:.4g}, {walk[-1][1]:.4g})</text>')
    return f'<text x="0" y="-7">{title}</text>{"".join(shapes)}'
