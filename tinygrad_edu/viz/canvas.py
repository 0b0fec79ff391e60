"""What all our plots share: colours, a figure without a display or the user's own settings, and a file that repeats.

Matplotlib is imported when a picture is drawn.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from tinygrad_edu.errors import MissingExtraError, RenderError

__all__ = ["COLOURS", "canvas", "quiet_frame", "require_matplotlib", "save_figure"]

# Okabe and Ito's colours, told apart with any kind of colour blindness; the widths and dashes help in print.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7A5C00")


def require_matplotlib() -> None:
    """Raise MissingExtraError where Matplotlib is not installed; import nothing."""
    if find_spec("matplotlib") is None:
        raise MissingExtraError(
            "plot: Matplotlib, which draws the picture, is not installed. "
            "Install it with: pip install matplotlib"
        )


@contextmanager
def canvas(width: float, height: float) -> Iterator[Any]:
    """A Matplotlib figure of this size in inches, in a context of our own settings: draw and save inside."""
    require_matplotlib()
    import matplotlib
    from matplotlib import style
    from matplotlib.figure import Figure

    with style.context("default"), matplotlib.rc_context({"svg.hashsalt": "tinygrad_edu", "font.size": 10}):
        yield Figure(figsize=(width, height), dpi=150, layout="constrained")


def quiet_frame(axis: Any) -> None:
    """Thin grey frame and ticks, so that the data is what one sees."""
    axis.tick_params(width=0.6, length=3)
    for spine in axis.spines.values():
        spine.set_linewidth(0.6)
        spine.set_color("#7a8797")


def save_figure(figure: Any, file: str | os.PathLike[str]) -> None:
    """Write a figure; the same picture gives the same bytes. Raises RenderError where the file cannot be written."""
    dated = {"Date": None} if os.fspath(file).lower().endswith(".svg") else {"Software": None}
    try:
        figure.savefig(file, metadata=dated)
    except OSError as error:
        raise RenderError(
            f"plot: cannot write {os.fspath(file)!r}: {error.strerror or error}. Choose a path that can be written."
        ) from error
