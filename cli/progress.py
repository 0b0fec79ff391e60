"""What is seen of a run while it goes: a live display on a terminal, plain lines elsewhere, or nothing."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import click

from tinygrad_edu.cli.chart import chart, chart_text, fits
from tinygrad_edu.cli.descent import Descent, Job, Row
from tinygrad_edu.cli.objectives import Objective
from tinygrad_edu.cli.report import header, names, row_text

__all__ = ["Plain", "watcher"]


def watcher(
    objective: Objective, jobs: list[Job], steps: int, every: int | None, quiet: bool, as_json: bool
) -> AbstractContextManager[Any]:
    """The watcher for this console, as a context manager; None inside it means that nobody watches.

    Rows asked for with --every belong to the result: they go to standard output (into the object with --json).
    Everything else here goes to standard error.
    """
    if quiet:
        return nullcontext(None)
    rows = every is not None and not as_json
    terminal = sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    if terminal and not (rows and sys.stdout is not None and sys.stdout.isatty()):
        from tinygrad_edu.cli.live import Live

        return Live(objective, jobs, steps, every if rows else None)
    return Plain(objective, jobs, steps, every, rows)


class Plain:
    """Lines: a header for each run, ten rows (or those asked for), and a chart of all runs at the end."""

    def __init__(self, objective: Objective, jobs: list[Job], steps: int, every: int | None, rows: bool) -> None:
        self.objective = objective
        self.steps = steps
        self.stride = every or max(1, steps // 10)
        self.to_stderr = not rows
        self.done: list[Descent] = []

    def __enter__(self) -> Plain:
        return self

    def __exit__(self, *error: object) -> None:
        if self.done and not any(error):
            braille = fits("⣿┤└─", getattr(sys.stderr, "encoding", None)) and len(self.done) == 1
            letters = [d.job.optim[0] for d in self.done]
            if len(set(letters)) < len(letters):
                letters = [chr(ord("a") + number) for number in range(len(self.done))]
            rows = chart(
                [d.heights for d in self.done], max(d.steps for d in self.done), braille=braille, letters=letters
            )
            key = "".join(
                f", {letter} {name}"
                for letter, name in zip(letters, names([d.job for d in self.done]), strict=True)
                if len(self.done) > 1
            )
            click.echo(f"\nlog {self.objective.height}{key}\n{chart_text(rows)}\n", err=True)

    def begin(self, job: Job) -> None:
        """Name the run and the columns."""
        click.echo(f"{job.optim}, lr {job.lr:g}, f = {self.objective.formula}", err=self.to_stderr)
        click.echo(header(), err=self.to_stderr)

    def step(self, row: Row) -> None:
        """Print every so many steps."""
        if row.step % self.stride == 0:
            click.echo(row_text(row), err=self.to_stderr)

    def end(self, descent: Descent) -> None:
        """Keep the run for the chart."""
        self.done.append(descent)
        if not self.to_stderr:
            click.echo()
