"""Paths over contours: none hides another, and the minimum hides no path."""

import re

import numpy as np
import pytest

from tinygrad_edu.viz.plots import Path, plot_paths


def drawn(tmp_path, *ways):
    """The SVG of these paths, and the widths of their lines in the order they are painted."""
    pytest.importorskip("matplotlib")
    file = tmp_path / "paths.svg"
    paths = [Path(str(number), way) for number, way in enumerate(ways)]
    plot_paths(lambda x: x[0] ** 2 + x[1] ** 2, paths, file, minimum=(0.0, 0.0))
    svg = file.read_text(encoding="utf-8")
    return svg, [float(width) for width in re.findall(r"stroke: #(?:0072b2|d55e00)[^\"]*stroke-width: ([0-9.]+)", svg)]


def way(bend, steps=200):
    """Down to (0, 0); most steps are short ones near it, as those of most optimizers are."""
    part = 0.9 ** np.arange(steps)[:, None]
    return np.hstack([-part, part**bend])


def test_a_path_under_another_is_wider_and_painted_first(tmp_path):
    _, widths = drawn(tmp_path, way(2.0), way(2.001))
    assert widths[0] > widths[1] + 2


def test_paths_that_only_end_at_one_place_keep_their_width(tmp_path):
    _, widths = drawn(tmp_path, way(1.0), way(3.0))
    assert len(set(widths[:2])) == 1


def test_paths_of_one_point_or_of_infinities_are_drawn(tmp_path):
    start = np.array([[1.0, 1.0]])
    away = np.array([[1.0, 1.0], [np.inf, np.nan]])
    assert drawn(tmp_path, start, start, away, away)


def test_the_star_lies_under_the_paths(tmp_path):
    svg, _ = drawn(tmp_path, way(2.0))
    assert svg.index("fill: #f0e442") < svg.index("stroke: #0072b2")
