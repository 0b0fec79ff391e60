"""The live display of a run on a terminal: a bar, the numbers of the step, and log f as it falls."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from itertools import groupby

import click
from rich.console import Console, Group
from rich.live import Live as Display
from rich.text import Text

from tinygrad_edu.cli.chart import WIDTH, Cell, chart, fits
from tinygrad_edu.cli.descent import Descent, Job, Row
from tinygrad_edu.cli.objectives import Objective
from tinygrad_edu.cli.report import header, names, pair, row_text

__all__ = ["Live", "styled"]

FRAME = 1 / 15  # seconds between two pictures: the run is not to wait for its display
# Okabe and Ito's colours, which people with any kind of colour blindness can tell apart.
COLOURS = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#0072B2", "#F0E442", "#999999")


class Live:
    """A watcher that redraws one display on standard error."""

    def __init__(self, objective: Objective, jobs: list[Job], steps: int, every: int | None) -> None:
        self.objective = objective
        self.steps = steps
        self.every = every
        self.console = Console(stderr=True, highlight=False)
        encoding = getattr(sys.stderr, "encoding", None)
        self.coloured = self.console.color_system is not None and not self.console.no_color
        self.bar = "━" if fits("━", encoding) else "="
        self.braille = fits("⣿┤└─", encoding) and (self.coloured or len(jobs) == 1)
        self.jobs = jobs
        self.names = names(jobs)
        self.curves: list[list[float]] = []
        self.last: list[Row] = []
        self.drawn = 0.0
        self.display = Display(console=self.console, auto_refresh=False)

    def __enter__(self) -> Live:
        self.display.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        if self.last:
            self.display.update(self.picture(), refresh=True)
        self.display.__exit__(None, None, None)
        click.echo(err=True)

    def begin(self, job: Job) -> None:
        """Start a curve."""
        self.curves.append([])
        if self.every:
            click.echo(f"{job.optim}, lr {job.lr:g}, f = {self.objective.formula}")
            click.echo(header())

    def step(self, row: Row) -> None:
        """Add a point to the curve, and redraw if a frame's time has passed."""
        if self.every and row.step % self.every == 0:
            click.echo(row_text(row))
        self.curves[-1].append(self.objective.function(row.x) - self.objective.least)
        if len(self.last) < len(self.curves):
            self.last.append(row)
        self.last[-1] = row
        now = time.perf_counter()
        if now - self.drawn >= FRAME:
            self.drawn = now
            self.display.update(self.picture(), refresh=True)

    def end(self, descent: Descent) -> None:
        """The whole curve, its last point included."""
        self.curves[-1] = descent.heights

    def picture(self) -> Group:
        """The display as it stands now."""
        lines = [Text.assemble(("f = ", "dim"), self.objective.formula)]
        for number, row in enumerate(self.last):
            lines.append(self._line(number, row))
        lines.append(Text(f"{'':9}log10({self.objective.height})", style="dim"))
        # A run that stopped early fills the width once all are done.
        reached = max(len(curve) for curve in self.curves) - 1
        done = len(self.curves) == len(self.jobs) and self.last[-1].step >= len(self.curves[-1]) - 1
        steps = reached if done and reached > 0 else self.steps
        width = max(16, min(WIDTH, self.console.width - 12))
        letters = [chr(ord("a") + number) for number in range(len(self.jobs))]
        for cells in chart(self.curves, steps, width=width, braille=self.braille, letters=letters):
            lines.append(styled(cells, self._colour))
        return Group(*lines)

    def _line(self, number: int, row: Row) -> Text:
        part = min(1.0, row.step / max(self.steps, 1))
        letter = "" if self.braille else f"{chr(ord('a') + number)} "
        name = letter + self.names[number]
        space = max(8, len(letter) + max(map(len, self.names))) + 1
        # Numbers before the bar, and the bar before x, where the terminal is narrow.
        length = max(0, min(20, self.console.width - space - 53))
        filled = round(length * part)
        return Text.assemble(
            (f"{name:<{space}}", f"bold {self._colour(number)}"),
            (self.bar * filled, self._colour(number)),
            ((self.bar if self.coloured else " ") * (length - filled), "bright_black"),
            f" {row.step:>{len(str(self.steps))}}/{self.steps}",
            ("  f ", "dim"), f"{row.value:<12.6g}",
            ("|grad| ", "dim"), f"{row.norm:<9.3g}",
            ("lr ", "dim"), f"{row.lr:<7g}",
            ("x ", "dim"), pair(row.x),
            no_wrap=True,
        )  # fmt: skip

    def _colour(self, number: int) -> str:
        return COLOURS[number % len(COLOURS)]


def styled(cells: Sequence[Cell], colour: Callable[[int], str]) -> Text:
    """A row of the chart, with one style for each run of cells: a style is an escape sequence on the terminal.

    >>> [span.style for span in styled([Cell("|", None), Cell("*", 0), Cell(" ", None), Cell("*", 0)], str).spans]
    ['dim', '0']
    """
    curves: list[int | None] = []
    for cell in cells:  # a blank has no colour of its own and takes that of the cell before it
        curves.append(curves[-1] if cell.character == " " and curves else cell.curve)
    line = Text(no_wrap=True)
    for curve, group in groupby(zip(curves, cells, strict=True), key=lambda pair: pair[0]):
        line.append("".join(cell.character for _, cell in group), "dim" if curve is None else colour(curve))
    return line
