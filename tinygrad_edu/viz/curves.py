"""Curves of a training: a panel for each number, with training and validation in it."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tinygrad_edu.viz.canvas import COLOURS, canvas, quiet_frame, save_figure

__all__ = ["Curve", "draw_curves"]

FEW = 25  # curves of at most so many points show each of them


@dataclass(frozen=True)
class Curve:
    """A line: its entry in the legend, and its points; a y of None or nan leaves a gap."""

    label: str
    x: Sequence[float]
    y: Sequence[float | None]


def draw_curves(
    panels: Mapping[str, Sequence[Curve]],
    file: str | os.PathLike[str] | None = None,
    *,
    xlabel: str,
    title: str = "",
    log: Sequence[str] = (),
) -> Any:
    """Draw panels beside each other, one for each entry: its name is the panel's title.

    Args:
        file: a .png or .svg file; None returns the Matplotlib figure instead.
        log: the panels with y on a logarithmic scale, if all in them is positive.

    Raises:
        MissingExtraError: no Matplotlib. RenderError: the file cannot be written.
    """
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    with canvas(4.2 * columns + (1.2 if columns == 1 else 0.0), 3.2 * rows + (0.4 if title else 0.0)) as figure:
        axes = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
        for axis, (name, curves) in zip(axes, panels.items(), strict=False):
            _panel(axis, name, curves, xlabel, name in log)
        for axis in axes[len(panels) :]:
            axis.remove()
        if title:
            figure.suptitle(title, fontsize=12)
        if file is None:
            return figure
        save_figure(figure, file)
        return None


def _panel(axis: Any, name: str, curves: Sequence[Curve], xlabel: str, log: bool) -> None:
    from matplotlib.ticker import MaxNLocator

    for number, curve in enumerate(curves):
        few = len(curve.x) <= FEW
        covered = sum(_same(curve, later) for later in curves[number + 1 :])
        axis.plot(
            curve.x, [math.nan if y is None else y for y in curve.y], color=COLOURS[number % len(COLOURS)],
            linewidth=1.7 + 3.2 * covered, marker="o" if few else None, markersize=3.6 + 3.2 * covered,
            label=curve.label, solid_capstyle="butt",
        )  # fmt: skip
    values = [y for curve in curves for y in curve.y if y is not None and math.isfinite(y)]
    if log and values and min(values) > 0:
        axis.set_yscale("log")
    elif values and min(values) >= 0 and max(values) > 0 and min(values) < 0.5 * max(values):
        axis.set_ylim(bottom=0)
    axis.set_title(name, fontsize=11, pad=6)
    axis.set_xlabel(xlabel)
    if all(float(x).is_integer() for curve in curves for x in curve.x):
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axis.grid(color="#e3e8ee", linewidth=0.6)
    axis.set_axisbelow(True)
    quiet_frame(axis)
    if len(curves) > 1:
        axis.legend(fontsize=8.5, framealpha=0.92, edgecolor="#c5ccd6")


def _same(one: Curve, other: Curve) -> bool:
    """Whether the later curve would hide this one, which then is drawn wider."""
    return len(one.y) == len(other.y) and all(
        a == b or (a is not None and b is not None and math.isclose(a, b, rel_tol=0.01))
        for a, b in zip(one.y, other.y, strict=True)
    )
