"""Pictures of a descent: paths of points over the contours of the function that they go down.

How pictures are set up and written is in `canvas`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_edu.viz.canvas import COLOURS, canvas, quiet_frame, require_matplotlib, save_figure

__all__ = ["Panel", "Path", "plot_panels", "plot_paths", "require_matplotlib"]

DASHES: tuple[Any, ...] = ("-", (0, (6, 1.5)), (0, (2.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))
GROUND = ("#fbfcfe", "#dfe7f0", "#b3c3d6", "#8399b5")  # valley to hill, pale enough for the paths to stand out
GRID = 240  # points along each side
FEW = 80  # paths of at most so many points show each of them
FLOOR = 1e-6  # heights below this look the same: the logarithm has no end there


@dataclass(frozen=True)
class Path:
    """A line to draw: its entry in the legend and its points, shape (n, 2)."""

    label: str
    points: Any


@dataclass(frozen=True)
class Panel:
    """One of several pictures beside each other."""

    title: str
    paths: Sequence[Path]


def plot_paths(
    function: Callable[[Any], Any],
    paths: Sequence[Path],
    file: str | os.PathLike[str],
    *,
    minimum: tuple[float, float],
    least: float = 0.0,
    title: str = "",
) -> None:
    """Draw paths over the contours of log10 of (function - least), with start, ends and minimum marked.

    Args:
        function: takes an array of shape (2, ...), returns one of shape (...).
        paths: at least one; points that are not finite or far outside are cut off.
        file: a .png or .svg file; the same call writes the same bytes.
        minimum: where to put the star.
        least: the function's value there.
        title: a formula, as ``x1^2 + x2^2``.

    Raises:
        MissingExtraError: no Matplotlib.
        RenderError: the file cannot be written.
    """
    _draw(function, [Panel(title, paths)], file, minimum, least, "", 1)


def plot_panels(
    function: Callable[[Any], Any],
    panels: Sequence[Panel],
    file: str | os.PathLike[str],
    *,
    minimum: tuple[float, float],
    least: float = 0.0,
    title: str = "",
    columns: int = 2,
) -> None:
    """Draw several such pictures with one scale beside each other; arguments and errors as for `plot_paths`."""
    _draw(function, panels, file, minimum, least, title, columns)


def _draw(
    function: Callable[[Any], Any],
    panels: Sequence[Panel],
    file: str | os.PathLike[str],
    minimum: tuple[float, float],
    least: float,
    title: str,
    columns: int,
) -> None:
    require_matplotlib()

    box = _box([path for panel in panels for path in panel.paths], minimum)
    rows = -(-len(panels) // columns)
    one = len(panels) == 1
    size = (7.6, 5.8) if one else (4.6 * columns + 0.6, 4.1 * rows + 0.7)
    with canvas(*size) as figure:
        axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel().tolist()
        for axis, panel in zip(axes, panels, strict=False):
            shades = _ground(axis, function, box, least)
            above = _covers(panel.paths, box)
            for number, path in enumerate(panel.paths):
                _path(axis, path, number, box, above[number])
            _marks(axis, panel.paths, minimum)
            axis.set_title(_formula(panel.title) if one else panel.title, fontsize=11, pad=8)
            place: dict[str, Any] = {"loc": "best"}
            if len(panel.paths) > 4:  # too long a list to lie over the picture
                place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.1), "ncols": 3}
            legend = axis.legend(**place, fontsize=8.5, framealpha=0.92, edgecolor="#c5ccd6", handlelength=2.6)
            legend.get_frame().set_linewidth(0.6)
        for axis in axes[len(panels) :]:
            axis.remove()
        height = "f" if least == 0 else f"(f {'+' if least < 0 else '-'} {abs(least):g})"
        bar = figure.colorbar(shades, ax=axes[: len(panels)], shrink=0.9 if one else 0.6, pad=0.02, aspect=32)
        bar.set_label(rf"$\log_{{10}}\,{height}$")
        bar.outline.set_linewidth(0.5)
        if title and not one:
            figure.suptitle(_formula(title), fontsize=12)
        save_figure(figure, file)


def _box(paths: Sequence[Path], minimum: tuple[float, float]) -> tuple[float, float, float, float]:
    """What to show: left, right, bottom, top around all points that are not too far away."""
    centre = np.asarray(minimum, dtype=float)
    points = np.concatenate([np.asarray(path.points, dtype=float).reshape(-1, 2) for path in paths])
    starts = np.array([np.asarray(path.points, dtype=float).reshape(-1, 2)[0] for path in paths])
    reach = 1.6 * max(float(np.abs(starts - centre).max()), 0.5)
    with np.errstate(all="ignore"):
        near = points[(np.abs(points - centre) <= reach).all(axis=1)]  # nan compares as far away
    shown = np.concatenate([near, starts, centre[None]])
    low, high = shown.min(axis=0), shown.max(axis=0)
    span = np.maximum(high - low, 0.35 * (high - low).max())  # no slit, however straight the path
    span = np.maximum(span, 1e-3)
    middle = (low + high) / 2
    (left, bottom), (right, top) = middle - 0.62 * span, middle + 0.62 * span
    return float(left), float(right), float(bottom), float(top)


def _ground(axis: Any, function: Callable[[Any], Any], box: tuple[float, float, float, float], least: float) -> Any:
    """Shaded contours of log10 of the height, as whole and half powers of ten."""
    from matplotlib.colors import LinearSegmentedColormap

    left, right, bottom, top = box
    x1, x2 = np.meshgrid(np.linspace(left, right, GRID), np.linspace(bottom, top, GRID))
    with np.errstate(all="ignore"):
        height = np.log10(np.maximum(np.asarray(function(np.stack([x1, x2])), dtype=float) - least, FLOOR))
    low = max(float(np.floor(2 * np.percentile(height, 0.5)) / 2), -4.0)
    high = float(np.ceil(2 * np.nanmax(height)) / 2)
    levels = np.arange(low, max(high, low + 1) + 0.25, 0.5 if high - low > 2.5 else 0.25)
    colours = LinearSegmentedColormap.from_list("ground", GROUND)
    shades = axis.contourf(x1, x2, height, levels=levels, cmap=colours, extend="min")
    axis.contour(x1, x2, height, levels=levels, colors="#5c7391", linewidths=0.45, linestyles="solid", alpha=0.55)
    axis.set_xlim(left, right)
    axis.set_ylim(bottom, top)
    axis.set_xlabel("$x_1$")
    axis.set_ylabel("$x_2$", rotation=0, labelpad=10)
    axis.label_outer()
    quiet_frame(axis)
    return shades


def _covers(paths: Sequence[Path], box: tuple[float, float, float, float]) -> list[int]:
    """For each path, how many later ones take the same way and would hide it (adamw does so to adam)."""
    left, right, bottom, top = box
    near = 0.01 * max(right - left, top - bottom)  # about the width of a line
    ways = [np.asarray(path.points, dtype=float).reshape(-1, 2) for path in paths]

    def same(one: Any, other: Any) -> bool:
        length = min(len(one), len(other))
        with np.errstate(all="ignore"):  # nan and inf are not near
            close = (np.abs(one[:length] - other[:length]) <= near).all(axis=1)
            # By length of way: most steps of most runs are small ones at the minimum.
            way = np.abs(np.diff(one[:length], axis=0)).sum(axis=1)
            return bool(way[close[1:]].sum() > 0.8 * way.sum())

    return [sum(same(way, later) for later in ways[number + 1 :]) for number, way in enumerate(ways)]


def _path(axis: Any, path: Path, number: int, box: tuple[float, float, float, float], covered: int) -> None:
    """One path with a white edge, its steps as dots where they are few; wider if later ones lie upon it."""
    from matplotlib.patheffects import Normal, Stroke

    points = np.asarray(path.points, dtype=float).reshape(-1, 2)
    left, right, bottom, top = box
    centre, half = np.array([(left + right) / 2, (bottom + top) / 2]), np.array([right - left, top - bottom]) / 2
    points = points[np.isfinite(points).all(axis=1)]
    away = (np.abs(points - centre) / half).max(axis=1)
    leaves = bool(len(points)) and bool(away[-1] > 1)
    if leaves:  # one line out of the picture tells it; the rest would fill it with strokes
        points = points[: int(np.argmax(away > 1.3)) + 1 if (away > 1.3).any() else len(points)]
        away = away[: len(points)]
    # Renderers overflow on points like 1e30: they are moved nearer, in their own direction.
    points = centre + (points - centre) * np.minimum(1.0, 20 / np.maximum(away, 1.0))[:, None]
    colour = COLOURS[number % len(COLOURS)]
    axis.plot(
        points[:, 0],
        points[:, 1],
        color=colour,
        linewidth=1.7 + 3.2 * covered,
        linestyle=DASHES[number // 4 % len(DASHES)],
        marker="o" if len(points) <= FEW else None,
        markersize=3.4 + 3.2 * covered,
        markeredgewidth=0,
        label=path.label + (" (leaves)" if leaves else ""),
        path_effects=[Stroke(linewidth=3.4 + 3.2 * covered, foreground="white", alpha=0.85), Normal()],
        zorder=3 - 0.1 * covered,
    )
    if not leaves and len(points):
        axis.plot(
            *points[-1], "o", markersize=6 + 3.2 * covered, color=colour, markeredgecolor="white",
            markeredgewidth=1.0, zorder=5 - 0.1 * covered,
        )  # fmt: skip


def _marks(axis: Any, paths: Sequence[Path], minimum: tuple[float, float]) -> None:
    """A ring where the paths start, a star at the minimum: under the paths, whose last steps end on it."""
    start = np.asarray(paths[0].points, dtype=float).reshape(-1, 2)[0]
    axis.plot(
        *start, "o", markersize=8, color="white", markeredgecolor="#222222", markeredgewidth=1.6, linestyle="none",
        label="start", zorder=6,
    )  # fmt: skip
    axis.plot(
        *minimum, "*", markersize=21, color="#F0E442", markeredgecolor="#222222", markeredgewidth=0.9,
        linestyle="none", label="minimum", zorder=2.5,
    )  # fmt: skip


def _formula(text: str) -> str:
    """``5 (x2 - x1^2)^2`` set as mathematics.

    >>> _formula("0.2 x1^2")
    '$f(x_1, x_2) = 0.2\\\\, x_1^2$'
    """
    if not text:
        return ""
    return "$f(x_1, x_2) = " + re.sub(r"(?<=\d) (?=[x(])", r"\\, ", re.sub(r"x(\d)", r"x_\1", text)) + "$"
