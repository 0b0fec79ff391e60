"""`tinyedu demo paraboloid`: a bowl or a ravine, and what the step's size and kind do in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tinygrad_edu.cli.options import Number, check_device, descent_options
from tinygrad_edu.cli.problem import Problem

if TYPE_CHECKING:
    from tinygrad_edu.cli.descent import Descent
    from tinygrad_edu.cli.objectives import Objective

__all__ = ["command"]

RAVINE = 2.0  # the book's ravine: x2 counts ten times as much as x1
PLAIN_STEPS = 100


@click.command("paraboloid")
@descent_options(steps=PLAIN_STEPS, start=(6.0, 6.0), optim="sgd")
@click.option(
    "--c", type=Number(above=0), help="Weight of x2^2: 0.2 a bowl, 2 a ravine. [default: 0.2; with pictures 2]"
)
@click.option("--compare", is_flag=True, help="Momentum, Adagrad, RMSProp and Adam against plain SGD, a panel each.")
@click.option("--sweep-lr", is_flag=True, help="SGD with three rates: slow, zigzag, diverging.")
def command(c: float | None, compare: bool, sweep_lr: bool, **options: Any) -> None:
    """Minimize f = 0.2 x1^2 + c x2^2 - 5 from (6, 6), or from a random point with --seed.

    \b
    tinyedu demo paraboloid --lr 2.5                   one step to the minimum
    tinyedu demo paraboloid --c 2 --lr 0.49            zigzag in the ravine
    tinyedu demo paraboloid --compare --plot compare.png
    tinyedu demo paraboloid --sweep-lr --plot sweep.png
    """
    from tinygrad_edu.cli.objectives import paraboloid

    plot: Path | None = options.pop("plot")
    if compare and sweep_lr:
        raise Problem("--compare and --sweep-lr are two different pictures", "give one of them at a time")
    if compare or sweep_lr:
        chosen = RAVINE if c is None else c
        _panels(paraboloid(chosen), chosen, sweep_lr, plot, **options)
        return
    from tinygrad_edu.cli.walk import walk

    chosen = 0.2 if c is None else c
    walk(
        "tinyedu.demo.paraboloid/1", paraboloid(chosen), plot=plot, defaults=rates(chosen), **options,
    )  # fmt: skip


def rates(c: float) -> dict[str, float]:
    """Learning rates that suit this function from (6, 6); those of Rosenbrock's valley would creep here.

    The gradient is (0.4 x1, 2 c x2): SGD goes straight to the bottom of the steeper direction with the inverse of
    the larger curvature, which in the bowl is the minimum itself (2.5 at c = 0.2).
    """
    straight = 1 / max(0.4, 2 * c)
    return {
        "sgd": straight, "momentum": straight / 4, "nesterov": straight / 4,
        "adagrad": 3.7, "rmsprop": 0.3, "adadelta": 40.0,
        "adam": 0.5, "adamw": 0.5, "nadam": 0.5, "radam": 0.5,
        "lbfgs": 1.0,
    }  # fmt: skip


def _panels(
    objective: Objective,
    c: float,
    sweep: bool,
    plot: Path | None,
    *,
    steps: int,
    start: tuple[float, float],
    seed: int | None,
    device: str,
    tol: float,
    every: int | None,
    quiet: bool,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Run the several descents of a picture with panels, draw them and report them."""
    given = [
        f"--{ {'optims': 'optim', 'rates': 'lr'}.get(name, name) }"
        for name, value in chosen.items()
        if value and click.get_current_context().get_parameter_source(name) is not click.core.ParameterSource.DEFAULT
    ]
    if given:
        raise Problem(
            f"{given[0]} does not go with {'--sweep-lr' if sweep else '--compare'}, which chooses its own",
            "leave it away, or run one optimizer with --plot",
        )
    if plot is not None:
        from tinygrad_edu.viz.plots import require_matplotlib

        require_matplotlib()
    from tinygrad_edu.cli.descent import Job, descend
    from tinygrad_edu.cli.progress import watcher
    from tinygrad_edu.cli.report import as_json as to_json
    from tinygrad_edu.cli.report import show, summary
    from tinygrad_edu.cli.walk import begin_at

    check_device(device)
    start = begin_at(objective, start, seed)
    if click.get_current_context().get_parameter_source("steps") is click.core.ParameterSource.DEFAULT:
        steps = SWEEP_STEPS if sweep else COMPARE_STEPS
    titled = _sweep(c) if sweep else _compare(c)
    todo = list(dict.fromkeys((job.optim, job.lr) for _, several in titled for job in several))
    every_job = {(job.optim, job.lr): job for _, several in titled for job in several}
    runs: dict[tuple[str, float], Descent] = {}
    jobs: list[Job] = [every_job[key] for key in todo]
    with watcher(objective, jobs, steps, every, quiet, as_json) as seen:
        for job in jobs:
            runs[job.optim, job.lr] = descend(objective, job, start, steps, tol, every, seen, device)
    if plot is not None:
        from tinygrad_edu.viz.plots import Panel, plot_panels
        from tinygrad_edu.viz.plots import Path as Line

        panels = [
            Panel(title, [Line(_entry(job), runs[job.optim, job.lr].trajectory) for job in several])
            for title, several in titled
        ]
        plot_panels(
            objective.function, panels, plot, minimum=objective.minimum, least=objective.least,
            title=objective.formula, columns=3 if sweep else 2,
        )  # fmt: skip
    done = list(runs.values())
    schema = "tinyedu.demo.paraboloid/1"
    show(to_json(schema, objective, done, start, plot, seed, device) if as_json else summary(objective, done, seed))
    if plot is None and not as_json and not quiet:
        click.echo("hint: --plot FILE.png draws the panels", err=True)


SWEEP_STEPS, COMPARE_STEPS = 30, 60


def _sweep(c: float) -> list[tuple[str, list[Any]]]:
    """Figure 8.1: SGD diverges above 2 / (largest curvature), zigzags just below, and creeps far below."""
    from tinygrad_edu.cli.descent import Job

    limit = 2 / max(0.4, 2 * c)
    several = [("slow", 0.25), ("zigzag", 0.95), ("diverging", 1.03)]
    return [(f"{word}: lr {limit * part:g}", [Job("sgd", limit * part, {})]) for word, part in several]


def _compare(c: float) -> list[tuple[str, list[Any]]]:
    """Figures 8.2 to 8.5: each optimizer against SGD with a rate that zigzags but arrives."""
    from tinygrad_edu.cli.descent import Job

    plain = Job("sgd", 0.9 * 2 / max(0.4, 2 * c), {})
    several = [
        ("Momentum", Job("momentum", 0.5, {"momentum": 0.1})),
        ("Adagrad", Job("adagrad", 3.7, {})),
        ("RMSProp", Job("rmsprop", 0.4, {})),
        ("Adam", Job("adam", 1.0, {})),
    ]
    return [(title, [plain, job]) for title, job in several]


def _entry(job: Any) -> str:
    momentum = f", m {job.options['momentum']:g}" if job.options else ""
    return f"{job.optim}, lr {job.lr:g}{momentum}"
