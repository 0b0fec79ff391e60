"""The course of a demonstration: check, run each optimizer, draw, report, and say if one diverged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from tinygrad_edu.cli.descent import Descent, descend, jobs
from tinygrad_edu.cli.objectives import Objective
from tinygrad_edu.cli.options import check_device
from tinygrad_edu.cli.problem import Problem
from tinygrad_edu.cli.progress import watcher
from tinygrad_edu.cli.report import as_json as to_json
from tinygrad_edu.cli.report import divergence, show, summary

__all__ = ["begin_at", "draw", "walk"]


def walk(
    schema: str,
    objective: Objective,
    *,
    optims: Sequence[str],
    rates: Sequence[float],
    momentum: float | None,
    betas: tuple[float, float] | None,
    steps: int,
    start: tuple[float, float],
    seed: int | None,
    device: str,
    tol: float,
    every: int | None,
    plot: Path | None,
    quiet: bool,
    as_json: bool,
    defaults: dict[str, float] | None = None,
) -> None:
    """Run a demonstration and print its result; the arguments are the command's options.

    defaults: learning rates that suit this function better than those of `OPTIMIZERS`.
    Raises Problem with exit code 3 where a run diverged, after the result has been printed.
    """
    if plot is not None:
        from tinygrad_edu.viz.plots import require_matplotlib

        require_matplotlib()  # before the run, not after it
    check_device(device)
    start = begin_at(objective, start, seed)
    todo = jobs(optims, rates, momentum, betas, defaults)
    with watcher(objective, todo, steps, every, quiet, as_json) as seen:
        done = [descend(objective, job, start, steps, tol, every, seen, device) for job in todo]
    if plot is not None:
        draw(objective, done, plot)
    show(to_json(schema, objective, done, start, plot, seed, device) if as_json else summary(objective, done, seed))
    problem = divergence(done)
    if problem is not None:
        raise problem


def begin_at(objective: Objective, start: tuple[float, float], seed: int | None) -> tuple[float, float]:
    """The point of --start, or the one that --seed draws. Raises Problem where both are given."""
    if seed is None:
        return start
    if click.get_current_context().get_parameter_source("start") is not click.core.ParameterSource.DEFAULT:
        raise Problem("--seed draws where to begin, and --start says it", "give one of them at a time")
    return objective.start(seed)


def draw(objective: Objective, descents: Sequence[Descent], file: Path) -> None:
    """The paths on the contours of log f."""
    from tinygrad_edu.viz.plots import Path as Line
    from tinygrad_edu.viz.plots import plot_paths

    lines = [Line(f"{d.job.optim}, lr {d.job.lr:g}", d.trajectory) for d in descents]
    plot_paths(
        objective.function, lines, file, minimum=objective.minimum, least=objective.least, title=objective.formula
    )
