"""`tinyedu demo moons`: micrograd's demo with Value and with Tensor, and the border that they learn."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from tinygrad_edu.cli.options import Number, Whole
from tinygrad_edu.cli.problem import Problem
from tinygrad_edu.cli.training import Settings, loss_text, prepare, tell, training_options

__all__ = ["command"]


@click.command("moons")
@click.option(
    "--engine", type=click.Choice(["value", "tensor", "both"]), default="both", show_default=True,
    help="Numbers one by one, whole layers, or both side by side.",
)  # fmt: skip
@click.option("--steps", type=Whole(0), default=100, show_default=True, help="Steps, each with all points.")
@click.option("--points", type=Whole(2, 10**6), default=100, show_default=True, help="How many points.")
@click.option(
    "--lr", type=Number(above=0), default=1.0, show_default=True, help="The first rate; it falls to a tenth."
)
@training_options(seed=1337)
def command(engine: str, steps: int, points: int, lr: float, **options: Any) -> None:
    """Tell two moons apart: the network 2-16-16-1 of micrograd's demo, max-margin loss.

    \b
    tinyedu demo moons
    tinyedu demo moons --engine tensor --plot pictures
    """
    with prepare(**options) as settings:
        from tinygrad_edu.cli.moons_engines import ENGINES, Trained, train
        from tinygrad_edu.cli.moons_net import SIZES, make_moons
        from tinygrad_edu.train.progress import Bar

        xs, labels = make_moons(points, seed=settings.seed % 2**32)
        bar = Bar()
        every = max(1, steps // 10)

        def watch(name: str, step: Any) -> None:
            tail = f"loss {loss_text(step.loss)}  accuracy {step.accuracy:.0%}"
            if settings.quiet:
                return
            bar.show(f"{name:<6}", step.step, steps, tail)
            if not bar.live and step.step % every == 0:
                bar.line(f"{name:<6} step {step.step:>{len(str(steps))}}/{steps}  {tail}")

        done: list[Trained] = []
        try:
            for name in ENGINES if engine == "both" else (engine,):
                done.append(train(name, xs, labels, SIZES, steps, lr, settings.seed, watch, settings.device))
        finally:
            bar.clear()
        result = {
            "points": points, "network": list(SIZES), "steps": steps,
            "runs": [
                {
                    "engine": run.engine,
                    "status": "diverged" if run.diverged else "done",
                    "loss": run.steps[-1].loss if run.steps else None,
                    "accuracy": run.steps[-1].accuracy if run.steps else None,
                    "seconds": run.seconds,
                    "history": [vars(step) for step in run.steps],
                }
                for run in done
            ],
            "plots": _pictures(settings, done, xs, labels),
        }  # fmt: skip
        tell(settings, "tinyedu.demo.moons/1", result, [] if settings.as_json else _summary(done, steps))
        if not settings.as_json and not done[-1].diverged:
            _show_plane(done[-1], xs, labels)
        if any(run.diverged for run in done):
            run = next(run for run in done if run.diverged)
            raise Problem(
                f"{run.engine} diverged at step {len(run.steps)} with lr {lr:g}: the loss is above a million, or nan",
                "its steps are too long: try --lr 1",
                code=3,
            )


def _summary(done: Sequence[Any], steps: int) -> list[str]:
    every = max(1, steps // 10)
    lines = ["two moons, network 2-16-16-1, max-margin loss + 1e-4 |parameters|^2", ""]
    lines.append("step  lr      " + "".join(f"{run.engine + ' loss':<14}{'accuracy':<10}" for run in done).rstrip())
    for number in range(0, max((len(run.steps) for run in done), default=0), every):
        rows = [run.steps[number] if number < len(run.steps) else None for run in done]
        first = next(row for row in rows if row is not None)
        cells = "".join(f"{loss_text(r.loss, 6):<14}{r.accuracy:<10.0%}" if r else " " * 24 for r in rows)
        lines.append(f"{first.step:>4}  {first.lr:<8.4g}{cells}".rstrip())
    lines += ["", *(f"seconds     {run.engine} {run.seconds:.3f}" for run in done)]
    return lines


def _show_plane(run: Any, points: Any, labels: Any) -> None:
    """The border in characters, coloured where standard output is a terminal that has colours."""
    from rich.console import Console

    from tinygrad_edu.cli.chart import chart_text, fits
    from tinygrad_edu.cli.live import COLOURS, styled
    from tinygrad_edu.cli.plane import plane

    fine = fits("·○●", getattr(sys.stdout, "encoding", None))
    rows = plane(run.scores, points, labels, fine=fine)
    console = Console(highlight=False)
    if console.is_terminal and console.color_system and not console.no_color:
        for row in rows:
            console.print(styled(row, lambda curve: COLOURS[1 - curve]))
    else:
        click.echo(chart_text(rows))
    marks = ("○", "●", "·") if fine else ("-", "+", ".")
    click.echo(f"\n{marks[0]} class -1   {marks[1]} class +1   {marks[2]} where the network says +1")


def _pictures(settings: Settings, done: Sequence[Any], points: Any, labels: Any) -> list[str]:
    if settings.plot is None or any(run.diverged for run in done):
        return []
    from tinygrad_edu.viz.curves import Curve, draw_curves
    from tinygrad_edu.viz.regions import Regions, draw_regions

    border, curves = settings.picture("moons.png"), settings.picture("moons-loss.png")
    panels = [Regions(f"{run.engine}: accuracy {run.steps[-1].accuracy:.0%}", run.scores) for run in done]
    draw_regions(panels, points, labels, border)
    draw_curves(
        {
            "loss": [Curve(run.engine, [s.step for s in run.steps], [s.loss for s in run.steps]) for run in done],
            "accuracy": [Curve(r.engine, [s.step for s in r.steps], [s.accuracy for s in r.steps]) for r in done],
        },
        curves, xlabel="step", log=("loss",),
    )  # fmt: skip
    return [border, curves]
