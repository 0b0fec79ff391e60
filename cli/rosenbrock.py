"""`tinyedu demo rosenbrock`: down a curved valley, with any of the optimizers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tinygrad_edu.cli.options import Number, descent_options

__all__ = ["command"]


@click.command("rosenbrock")
@descent_options(steps=1000, start=(-1.0, 1.0), optim="adam")
@click.option("--a", type=Number(), default=1.0, show_default=True, help="The minimum is at (a, a^2).")
@click.option("--b", type=Number(above=0), default=5.0, show_default=True, help="How steep the valley's walls are.")
def command(a: float, b: float, **options: Any) -> None:
    """Minimize f = (a - x1)^2 + b (x2 - x1^2)^2, a curved valley, from (-1, 1) or from a random point with --seed.

    \b
    tinyedu demo rosenbrock --optim adam --plot path.png
    tinyedu demo rosenbrock --optim sgd --lr 0.01 --every 100
    tinyedu demo rosenbrock --optim sgd --optim momentum --optim adam --plot all.png
    """
    from tinygrad_edu.cli.objectives import rosenbrock
    from tinygrad_edu.cli.walk import walk

    plot: Path | None = options["plot"]
    walk("tinyedu.demo.rosenbrock/1", rosenbrock(a, b), plot=plot, **{k: v for k, v in options.items() if k != "plot"})
