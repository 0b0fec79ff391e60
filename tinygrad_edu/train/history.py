"""History: one row of numbers for each epoch, as a list, a table, a file or a picture."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Iterator
from typing import Any

from tinygrad_edu.utils.files import opened_for_writing

__all__ = ["History", "Row", "check_file"]

Row = dict[str, Any]


class History:
    """What `fit` has seen: rows of ``epoch``, ``loss``, the metrics, the same with ``valid_``, ``lr`` and ``seconds``.

    >>> history = History([{"epoch": 1, "loss": 2.0, "lr": 0.1}, {"epoch": 2, "loss": 0.5, "lr": 0.1}])
    >>> history["loss"], history.best("loss")
    ([2.0, 0.5], {'epoch': 2, 'loss': 0.5, 'lr': 0.1})
    >>> print(history)
    epoch    loss   lr
        1  2.0000  0.1
        2  0.5000  0.1
    """

    def __init__(self, rows: list[Row] | None = None) -> None:
        self.rows: list[Row] = [] if rows is None else rows

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __getitem__(self, key: str | int) -> Any:
        """A column by its name, or an epoch's row by its place. Raises KeyError for an unknown name."""
        if isinstance(key, int):
            return self.rows[key]
        if key not in self.columns:
            raise KeyError(f"history: there is no {key!r}; there are {', '.join(self.columns) or 'no rows yet'}.")
        return [row.get(key) for row in self.rows]

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self.rows[0]) if self.rows else []

    def best(self, name: str, mode: str = "min") -> Row:
        """The row with the least (`mode` "min") or the largest ("max") number in a column; the first of several."""
        if mode not in ("min", "max"):
            raise ValueError(f"history.best: mode must be 'min' or 'max', but got {mode!r}.")
        values = [-math.inf if value is None or math.isnan(value) else value for value in self[name]]
        if mode == "min":
            values = [math.inf if value == -math.inf else value for value in values]
        if not values:
            raise KeyError("history.best: there are no rows yet.")
        return self.rows[values.index(min(values) if mode == "min" else max(values))]

    def __str__(self) -> str:
        names = [name for name in self.columns if name != "seconds"]
        cells = [names, *([_cell(name, row.get(name)) for name in names] for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        return "\n".join(
            "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in cells
        )

    def __repr__(self) -> str:
        return f"<History of {len(self)} epochs: {', '.join(self.columns)}>"

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the rows as comma-separated values, in one step: the file never is half written."""
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        _write(path, text.getvalue())

    def to_json(self, path: str | os.PathLike[str]) -> None:
        """Write the rows as JSON lines, one object for each epoch; what is not finite becomes null."""
        lines = [json.dumps({name: _finite(value) for name, value in row.items()}) for row in self.rows]
        _write(path, "".join(line + "\n" for line in lines))

    def plot(self, path: str | os.PathLike[str] | None = None) -> Any:
        """Draw the columns over the epochs, training and validation in one panel for each metric.

        Args:
            path: a .png or .svg file to write. Without it the Matplotlib figure is returned, which a notebook shows.

        Raises:
            MissingExtraError: no Matplotlib. ValueError: there are no rows. RenderError: the file cannot be written.
        """
        from tinygrad_edu.viz.curves import Curve, draw_curves

        if not self.rows:
            raise ValueError("history.plot: there are no rows yet. Train for an epoch first.")
        epochs = self["epoch"]
        shown = [name for name in self.columns if name not in ("epoch", "seconds", "lr")]
        panels = {
            name: [
                Curve(label, epochs, self[column])
                for label, column in (("training", name), ("validation", f"valid_{name}"))
                if column in shown
            ]
            for name in shown
            if not name.startswith("valid_")
        }
        return draw_curves(panels, path, xlabel="epoch")


def check_file(path: str | os.PathLike[str], owner: str) -> None:
    """Raise before an hour of training where a file could not be written after it.

    Raises FileNotFoundError where its folder is not there, IsADirectoryError where it is a folder, PermissionError.
    """
    name = os.fspath(path)
    folder = os.path.dirname(os.path.abspath(name))
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"{owner}: there is no folder {folder!r} to write {os.path.basename(name)!r} to.")
    if os.path.isdir(name):
        raise IsADirectoryError(f"{owner}: {name!r} is a folder. Give the path of a file.")
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"{owner}: the folder {folder!r} cannot be written to.")


def _cell(name: str, value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}" if name == "lr" or 0 < abs(value) < 1e-3 else f"{value:.4f}"
    return "" if value is None else str(value)


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _write(path: str | os.PathLike[str], text: str) -> None:
    with opened_for_writing(path) as file:
        file.write(text.encode())
