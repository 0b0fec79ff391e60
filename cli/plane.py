"""Two classes in the plane, in the characters of a terminal: which side a network gives each spot, and the points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.cli.chart import Cell

__all__ = ["plane"]

WIDTH, HEIGHT = 62, 22


def plane(
    scores: Callable[[Any], Any],
    points: Sequence[Sequence[float]],
    labels: Sequence[int],
    *,
    fine: bool = True,
    width: int = WIDTH,
    height: int = HEIGHT,
) -> list[list[Cell]]:
    """Rows of cells: shaded where the score is positive, a mark for each point; curve 0 and 1 are the two classes.

    scores: takes an array (n, 2), returns (n,). labels: positive or not. fine: with characters beyond ASCII.

    >>> rows = plane(lambda xy: xy[:, 0], [(-1, 0), (1, 0)], [-1, 1], fine=False, width=12, height=3)
    >>> for row in rows:
    ...     print("|" + "".join(cell.character for cell in row) + "|")
    |      ......|
    | -    ....+.|
    |      ......|
    """
    xy = np.asarray(points, dtype=float)
    low, high = xy.min(axis=0), xy.max(axis=0)
    span = np.maximum(high - low, 1e-9)
    low, high = low - 0.12 * span, high + 0.12 * span
    xs = low[0] + (np.arange(width) + 0.5) / width * (high[0] - low[0])
    ys = high[1] - (np.arange(height) + 0.5) / height * (high[1] - low[1])
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    positive = np.asarray(scores(grid)).reshape(height, width) > 0
    shade, marks = ("·", ("○", "●")) if fine else (".", ("-", "+"))
    rows = [[Cell(shade if positive[y, x] else " ", int(positive[y, x])) for x in range(width)] for y in range(height)]
    for (x, y), label in zip(xy, labels, strict=True):
        column = min(width - 1, int((x - low[0]) / (high[0] - low[0]) * width))
        row = min(height - 1, int((high[1] - y) / (high[1] - low[1]) * height))
        rows[row][column] = Cell(marks[label > 0], int(label > 0))
    return rows
