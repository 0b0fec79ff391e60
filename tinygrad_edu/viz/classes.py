"""What a classifier of pictures gets right and wrong: the confusion matrix, and pictures with what was said of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.viz.canvas import canvas, quiet_frame, save_figure

__all__ = ["draw_confusion", "draw_gallery"]

BLUES = ("#f6f9fc", "#9fc4e0", "#0072B2")
DARK = 0.55  # cells above this share of the largest count have white numbers


def draw_confusion(
    counts: Any, names: Sequence[str], file: str | os.PathLike[str], *, title: str = ""
) -> None:
    """Draw a confusion matrix: a row for each true class, a column for each answer.

    Colours show the mistakes and the hits on one scale of square roots, so that few mistakes are seen beside many hits.

    Args:
        counts: (C, C) whole numbers. names: of the C classes. file: .png or .svg.

    Raises:
        MissingExtraError: no Matplotlib. RenderError: the file cannot be written.
    """
    counts = np.asarray(counts)
    with canvas(6.2, 5.8 + (0.3 if title else 0.0)) as figure:
        from matplotlib.colors import LinearSegmentedColormap

        axis = figure.subplots()
        shade = np.sqrt(counts / max(1, counts.max()))
        axis.imshow(shade, cmap=LinearSegmentedColormap.from_list("counts", BLUES), vmin=0, vmax=1)
        for (row, column), count in np.ndenumerate(counts):
            if count:
                colour = "white" if shade[row, column] > DARK else "#333333"
                axis.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=9)
        axis.set_xticks(range(len(names)), names)
        axis.set_yticks(range(len(names)), names)
        axis.set_xlabel("answer")
        axis.set_ylabel("truth")
        if title:
            axis.set_title(title, fontsize=11, pad=8)
        quiet_frame(axis)
        axis.tick_params(length=0)
        save_figure(figure, file)


def draw_gallery(
    pictures: Any, captions: Sequence[str], file: str | os.PathLike[str], *, title: str = "", columns: int = 6
) -> None:
    """Draw grey pictures (N, H, W), dark on light, in rows, each below its caption.

    Raises:
        MissingExtraError: no Matplotlib. RenderError: the file cannot be written.
    """
    columns = max(1, min(columns, len(captions)))
    rows = max(1, -(-len(captions) // columns))
    with canvas(max(4.2, 1.35 * columns), 1.6 * rows + (0.5 if title else 0.1)) as figure:
        axes = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
        for axis, picture, caption in zip(axes, pictures, captions, strict=False):
            axis.imshow(picture, cmap="gray_r", interpolation="nearest")
            axis.set_title(caption, fontsize=9, pad=4)
            axis.set_xticks([])
            axis.set_yticks([])
            quiet_frame(axis)
        for axis in axes[len(captions) :]:
            axis.set_axis_off()
        if title:
            figure.suptitle(title, fontsize=11)
        save_figure(figure, file)
