"""Progress on standard error: a bar that moves on a terminal, one line for each epoch elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Mapping
from typing import Any, TextIO

from tinygrad_edu.train.callbacks import Callback, Run
from tinygrad_edu.train.history import Row

__all__ = ["Bar", "Progress", "numbers"]

FRAME = 1 / 15  # seconds between two pictures: the training is not to wait for its display
HIDDEN = ("epoch", "seconds")


def numbers(row: Mapping[str, Any]) -> str:
    """A row in words.

    >>> numbers({"epoch": 1, "loss": 0.25, "valid_loss": 0.00012, "lr": 0.1})
    'loss 0.2500  valid_loss 1.2e-04  lr 0.1'
    """
    return "  ".join(f"{name} {_short(name, value)}" for name, value in row.items() if name not in HIDDEN)


class Bar:
    """One line that is drawn over itself, where the stream is a terminal; nothing elsewhere.

    >>> import io
    >>> Bar(io.StringIO()).live
    False
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = sys.stderr if stream is None else stream
        self.live = self.stream is not None and self.stream.isatty() and os.environ.get("TERM") != "dumb"
        self.full, self.empty = ("━", "─") if _encodes(self.stream, "━─") else ("=", "-")
        self.drawn = 0.0
        self.open = False

    def show(self, head: str, done: int, total: int | None, tail: str) -> None:
        """Draw the line, if the last picture is old enough."""
        now = time.perf_counter()
        if not self.live or now - self.drawn < FRAME:
            return
        self.drawn, self.open = now, True
        filled = 20 if not total else round(20 * min(1.0, done / total))
        count = f"{done}/{total}" if total else f"{done}"
        line = f"{head} {self.full * filled}{self.empty * (20 - filled)} {count}  {tail}"
        width = shutil.get_terminal_size(fallback=(100, 24)).columns - 1
        self.stream.write("\r" + line[:width].ljust(width))
        self.stream.flush()

    def clear(self) -> None:
        """Take the line away again."""
        if self.open:
            width = shutil.get_terminal_size(fallback=(100, 24)).columns - 1
            self.stream.write("\r" + " " * width + "\r")
            self.stream.flush()
            self.open = False

    def line(self, text: str) -> None:
        """A line that stays."""
        self.clear()
        if self.stream is not None:
            self.stream.write(text + "\n")
            self.stream.flush()


class Progress(Callback):
    """What `fit` shows while it runs.

    >>> import sys
    >>> from tinygrad_edu.train import History
    >>> run = Run(None, None, None, None, None, [], 3, History(), epoch=2, logs={"epoch": 2, "loss": 0.5, "seconds": 1})
    >>> Progress(sys.stdout).on_epoch_end(run)
    epoch 2/3  loss 0.5000  1.0 s
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self.bar = Bar(stream)

    def on_batch_end(self, run: Run) -> None:
        self.bar.show(_head(run), run.batch, run.batches, numbers(run.logs))

    def on_epoch_end(self, run: Run) -> None:
        self.bar.line(f"{_head(run)}  {numbers(run.logs)}  {run.logs['seconds']:.1f} s")

    def on_fit_end(self, run: Run) -> None:
        if run.epoch < run.epochs:
            self.bar.line(f"stopped after epoch {run.epoch} of {run.epochs}")


def _head(run: Run) -> str:
    return f"epoch {run.epoch:>{len(str(run.epochs))}}/{run.epochs}"


def _short(name: str, value: Row | Any) -> str:
    if not isinstance(value, float):
        return str(value)
    if name == "lr":
        return f"{value:.4g}"
    return f"{value:.1e}" if value and abs(value) < 1e-3 else f"{value:.4f}"


def _encodes(stream: TextIO | None, text: str) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
