"""SVG becomes PNG: resvg, with the shipped font and within a limit on pixels.

The same input gives the same bytes on every machine, because no font of the machine is looked at.
"""

from __future__ import annotations

import html
import math
import re

from tinygrad_edu.errors import MissingExtraError, RenderError
from tinygrad_edu.viz.font import FONT, fonts_for

__all__ = ["MAX_PIXELS", "svg_to_png"]

MAX_PIXELS = 25_000_000  # 100 MB while drawing; without a limit a graph of 1,000 nodes takes a minute and gigabytes
MAX_SIDE = 32_000
SCALE = 2.0  # twice the size of a CSS pixel: sharp on today's screens and in print
UNITS = {"": 1.0, "px": 1.0, "pt": 96 / 72, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4}


def svg_to_png(svg: str, *, scale: float = SCALE) -> bytes:
    """Draw an SVG (of Graphviz or of ours) as PNG, ``scale`` pixels to the CSS pixel (1/96 inch), less if the
    picture would have more than 25 million pixels.

    Raises:
        MissingFontError: characters that no font at hand can draw.
        MissingExtraError: resvg-py is not installed.
        RenderError: not an SVG with a size.
    """
    try:
        import resvg_py
    except ImportError as error:
        raise MissingExtraError(
            "render: PNG needs the package resvg-py: pip install resvg-py; or write the picture as .svg."
        ) from error
    size = re.search(r'<svg\b[^>]*?\bwidth="([0-9.]+)([a-z]*)"[^>]*?\bheight="([0-9.]+)([a-z]*)"', svg)
    if size is None or size[2] not in UNITS or size[4] not in UNITS:
        raise RenderError("render: this SVG says no width and height, so its size as a PNG is unknown.")
    width, height = float(size[1]) * UNITS[size[2]], float(size[3]) * UNITS[size[4]]
    fonts = fonts_for("".join(map(html.unescape, re.findall(r"<text\b[^>]*>([^<]*)<", svg))))
    scale = min(scale, math.sqrt(MAX_PIXELS / max(width * height, 1)), MAX_SIDE / max(width, height, 1))
    try:
        return bytes(
            resvg_py.svg_to_bytes(
                svg_string=svg,
                width=max(1, math.floor(width * scale)),
                dpi=96,
                skip_system_fonts=True,
                font_files=fonts,
                # Whatever family a text asks for, this one is there.
                font_family=FONT,
                serif_family=FONT,
                sans_serif_family=FONT,
                cursive_family=FONT,
                fantasy_family=FONT,
                monospace_family=FONT,
            )
        )
    except ValueError as error:
        raise RenderError(f"render: resvg could not draw the SVG: {error}") from error
