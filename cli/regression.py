"""`tinyedu demo regression`: the book's network from scratch, with modules, and with an optimizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from tinygrad_edu.cli.options import Number, Optim, Whole
from tinygrad_edu.cli.problem import Problem
from tinygrad_edu.cli.training import Settings, loss_text, prepare, tell, training_options

__all__ = ["command"]

LIKE_THE_BOOK = {"adam": 0.08}  # its rate for this network; the others have their usual ones


@click.command("regression")
@click.option("--epochs", type=Whole(1), default=200, show_default=True, help="Steps, each with all observations.")
@click.option("--lr", type=Number(above=0), default=1e-4, show_default=True, help="Of the updates by hand and of SGD.")
@click.option("--optim", type=Optim(), default="adam", show_default=True, help="The optimizer that follows SGD.")
@click.option("--optim-lr", type=Number(above=0), help="Its learning rate. [default: it is printed]")
@click.option("--observations", type=Whole(2, 10**6), default=100, show_default=True, help="How many there are.")
@training_options()
def command(
    epochs: int, lr: float, optim: str, optim_lr: float | None, observations: int, **options: Any
) -> None:
    """The regression network of the book's chapters 6 to 8, stage by stage.

    \b
    tinyedu demo regression
    tinyedu demo regression --optim lbfgs --plot pictures
    """
    with prepare(**options) as settings:
        from tinygrad_edu.cli import book_network as book
        from tinygrad_edu.optim.minimize import OPTIMIZERS
        from tinygrad_edu.train.progress import Bar
        from tinygrad_edu.vision.datasets import regression

        start = book.Start(*regression(observations)).to(settings.device)
        rate = optim_lr if optim_lr is not None else LIKE_THE_BOOK.get(optim, OPTIMIZERS[optim].lr)
        bar, every = Bar(), max(1, epochs // 10)

        def watch(name: str, epoch: int, loss: float) -> None:
            if settings.quiet:
                return
            bar.show(f"{name:<9}", epoch, epochs, f"loss {loss_text(loss)}")
            if not bar.live and epoch % every == 0:
                bar.line(f"{name:<9} epoch {epoch:>{len(str(epochs))}}/{epochs}  loss {loss_text(loss)}")

        stages = (
            ("scratch", book.by_hand, lr, ""),
            ("modules", book.with_modules, lr, ""),
            ("sgd", book.with_optimizer, lr, "sgd"),
            (optim if optim != "sgd" else "sgd 2", book.with_optimizer, rate, optim),
        )
        try:
            done = [
                book.run(name, stage, start, epochs, own, optimizer, watch) for name, stage, own, optimizer in stages
            ]
        finally:
            bar.clear()
        result = {
            "observations": observations, "network": [3, book.HIDDEN, 1], "epochs": epochs,
            "stages": [
                {
                    "name": stage.name, "lr": stage.lr, "status": "diverged" if stage.diverged else "done",
                    "loss": stage.losses[-1] if stage.losses else None, "seconds": stage.seconds,
                    "losses": stage.losses,
                }
                for stage in done
            ],
            "plots": _picture(settings, done, start),
        }  # fmt: skip
        tell(settings, "tinyedu.demo.regression/1", result, _summary(done, epochs))
        bad = next((stage for stage in done if stage.diverged), None)
        if bad is not None:
            raise Problem(
                f"{bad.name} diverged at epoch {len(bad.losses) + 1} with lr {bad.lr:g}",
                f"its steps are too long: try {'--lr' if bad is not done[-1] else '--optim-lr'} {bad.lr / 10:g}",
                code=3,
            )


def _summary(done: Sequence[Any], epochs: int) -> list[str]:
    every = max(1, epochs // 10)
    lines = ["y = 0.2 x1 - 1.3 x2 - 0.5 x3 + noise, network 3-32-1 with ReLU, mean squared error", ""]
    lines.append(("epoch  " + "".join(f"{stage.name:<12}" for stage in done)).rstrip())
    for epoch in [1, *range(every, epochs + 1, every)] if every > 1 else range(1, epochs + 1):
        cells = [loss_text(s.losses[epoch - 1], 6) if epoch <= len(s.losses) else "" for s in done]
        lines.append((f"{epoch:>5}  " + "".join(f"{cell:<12}" for cell in cells)).rstrip())
    lines += ["", "lr     " + "".join(f"{stage.lr:<12g}" for stage in done).rstrip()]
    if done[0].losses == done[1].losses == done[2].losses:
        lines.append("scratch, modules and sgd are the same computation: their losses are equal to the last digit")
    return lines


def _picture(settings: Settings, done: Sequence[Any], start: Any) -> list[str]:
    if settings.plot is None or any(stage.diverged for stage in done):
        return []
    from tinygrad_edu.viz.curves import Curve, draw_curves

    file = settings.picture("regression.png")
    curves = [Curve(f"{s.name}, lr {s.lr:g}", list(range(1, len(s.losses) + 1)), s.losses) for s in done]
    draw_curves({"mean squared error": curves}, file, xlabel="epoch", log=("mean squared error",))
    return [file]
