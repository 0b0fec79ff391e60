"""Regions of a classifier in the plane: how sure it is where, the border, and the points it learned from."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_edu.viz.canvas import COLOURS, canvas, quiet_frame, save_figure

__all__ = ["Regions", "draw_regions"]

GRID = 300  # points along each side
PALE = ("#edba93", "#ffffff", "#8dbedd")  # class -1, the border, class +1


@dataclass(frozen=True)
class Regions:
    """One picture: a title, and a function of points (n, 2) that is positive on the side of class 1."""

    title: str
    scores: Callable[[Any], Any]


def draw_regions(
    panels: Sequence[Regions], points: Any, labels: Any, file: str | os.PathLike[str], *, title: str = ""
) -> None:
    """Draw the scores of each panel as shades of two colours, with the border at 0 and the margins at ±1.

    points: (n, 2). labels: (n,), positive for class 1.
    Raises MissingExtraError without Matplotlib, RenderError where the file cannot be written.
    """
    points, labels = np.asarray(points, dtype=float), np.asarray(labels)
    low, high = points.min(axis=0) - 0.35, points.max(axis=0) + 0.35
    x, y = np.meshgrid(np.linspace(low[0], high[0], GRID), np.linspace(low[1], high[1], GRID))
    flat = np.stack([x.ravel(), y.ravel()], axis=1)
    with canvas(5.6 * len(panels) + 0.2, 4.7 + (0.4 if title else 0.0)) as figure:
        from matplotlib.colors import LinearSegmentedColormap

        colours = LinearSegmentedColormap.from_list("sides", PALE)
        axes = figure.subplots(1, len(panels), squeeze=False, sharex=True, sharey=True).ravel().tolist()
        for axis, panel in zip(axes, panels, strict=True):
            score = np.clip(np.asarray(panel.scores(flat), dtype=float).reshape(x.shape), -3, 3)
            axis.contourf(x, y, score, levels=np.linspace(-3, 3, 25), cmap=colours)
            if score.min() < 0 < score.max():
                axis.contour(x, y, score, levels=[0], colors="#222222", linewidths=1.6)
            margins = [level for level in (-1, 1) if score.min() < level < score.max()]
            if margins:
                axis.contour(x, y, score, levels=margins, colors="#222222", linewidths=0.7, linestyles="dashed")
            for side, marker in ((0, "o"), (1, "s")):
                chosen = points[(labels > 0) == bool(side)]
                axis.plot(
                    chosen[:, 0], chosen[:, 1], marker, markersize=5.5, color=COLOURS[0 if side else 1],
                    markeredgecolor="white", markeredgewidth=0.8, label="class +1" if side else "class -1",
                )  # fmt: skip
            axis.set_title(panel.title, fontsize=11, pad=6)
            axis.set_xlabel("$x_1$")
            axis.set_ylabel("$x_2$", rotation=0, labelpad=10)
            axis.label_outer()
            quiet_frame(axis)
        axes[0].legend(fontsize=8.5, framealpha=0.92, edgecolor="#c5ccd6", loc="upper right")
        if title:
            figure.suptitle(title, fontsize=12)
        save_figure(figure, file)
