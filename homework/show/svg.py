"""A small SVG canvas for pictures that are no graphs: boxes, lines, dots, curves and text, escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from math import isfinite

FONT = "'Noto Sans CJK JP','Hiragino Sans','Yu Gothic',system-ui,sans-serif"


class Canvas:
    """Collects shapes; `svg()` is the whole picture.

    >>> canvas = Canvas(100, 50)
    >>> canvas.text(10, 20, "<x>")
    >>> "&lt;x&gt;" in canvas.svg()
    True
    """

    def __init__(self, width: float, height: float, background: str = "#ffffff") -> None:
        self.width, self.height = width, height
        self.shapes: list[str] = []
        self.rect(0, 0, width, height, background)

    def rect(
        self, x: float, y: float, width: float, height: float,
        fill: str = "none", stroke: str = "none", thick: float = 1,
    ) -> None:  # fmt: skip
        """A box with its corner at the top left."""
        self.shapes.append(
            f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" fill="{escape(fill)}" '
            f'stroke="{escape(stroke)}" stroke-width="{_n(thick)}"/>'
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, stroke: str = "#333333", thick: float = 1) -> None:
        self.shapes.append(
            f'<line x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}" stroke="{escape(stroke)}" '
            f'stroke-width="{_n(thick)}"/>'
        )

    def curve(
        self, points: Iterable[Sequence[float]], stroke: str = "#1f5fa8", thick: float = 1.5, dashed: bool = False
    ) -> None:
        """A line through points; those that are not finite are left out."""
        kept = [(float(x), float(y)) for x, y in points]
        path = " ".join(f"{_n(x)},{_n(y)}" for x, y in kept if isfinite(x) and isfinite(y))
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        self.shapes.append(
            f'<polyline points="{path}" fill="none" stroke="{escape(stroke)}" stroke-width="{_n(thick)}"{dash}/>'
        )

    def dot(self, x: float, y: float, radius: float = 2.5, fill: str = "#1f5fa8") -> None:
        self.shapes.append(f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" fill="{escape(fill)}"/>')

    def text(
        self, x: float, y: float, text: str,
        size: float = 13, anchor: str = "start", fill: str = "#1b1b1b", bold: bool = False,
    ) -> None:  # fmt: skip
        """Text with its base line at y; `anchor` is start, middle or end."""
        weight = ' font-weight="bold"' if bold else ""
        self.shapes.append(
            f'<text x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}" text-anchor="{escape(anchor)}" '
            f'fill="{escape(fill)}"{weight}>{escape(str(text)[:200])}</text>'
        )

    def svg(self) -> str:
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_n(self.width)}" height="{_n(self.height)}" '
            f'viewBox="0 0 {_n(self.width)} {_n(self.height)}" font-family="{FONT}">'
        )
        return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *self.shapes, "</svg>", ""])


def shade(amount: float, low: str = "#ffffff", high: str = "#1f5fa8") -> str:
    """A colour between two, for amounts from 0 to 1.

    >>> shade(0.0), shade(1.0), shade(0.5, "#000000", "#ffffff")
    ('#ffffff', '#1f5fa8', '#808080')
    """
    amount = min(max(amount, 0.0), 1.0) if isfinite(amount) else 0.0
    parts = [(int(low[i : i + 2], 16), int(high[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * amount):02x}" for a, b in parts)


def _n(number: float) -> str:
    return f"{float(number):.2f}".rstrip("0").rstrip(".") if isfinite(float(number)) else "0"
