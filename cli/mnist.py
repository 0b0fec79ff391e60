"""`tinyedu demo mnist`: the lectures' networks learn to read digits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from tinygrad_edu.cli.options import Number, Optim, Whole
from tinygrad_edu.cli.problem import Problem
from tinygrad_edu.cli.training import (
    Checkpoint,
    Settings,
    check_finite,
    check_replaceable,
    prepare,
    tell,
    training_options,
)

__all__ = ["command"]

RATES = {
    "sgd": 0.1, "momentum": 0.02, "nesterov": 0.02, "adagrad": 0.01, "rmsprop": 5e-4, "adadelta": 1.0,
    "adam": 1e-3, "adamw": 1e-3, "nadam": 1e-3, "radam": 2e-3,
}  # fmt: skip
WORST = 24  # mistakes to show


@click.command("mnist")
@click.option(
    "--data", type=click.Path(path_type=Path), metavar="DIR",
    help="A folder with MNIST's files. [default: data, else 8 x 8 digits that come with us]",
)  # fmt: skip
@click.option("--model", type=click.Choice(["mlp", "cnn"]), default="mlp", show_default=True, help="The network.")
@click.option("--epochs", type=Whole(1), default=5, show_default=True, help="How often to see every picture.")
@click.option("--optim", type=Optim(), default="adam", show_default=True, help="The optimizer.")
@click.option("--lr", type=Number(above=0), help="Its first rate; it falls as a cosine. [default: it is printed]")
@click.option("--batch-size", type=Whole(1), default=64, show_default=True, help="Pictures in a batch.")
@click.option("--limit", type=Whole(1), metavar="N", help="Learn from the first N pictures only.")
@click.option("--resume", is_flag=True, help="Keep the run in --checkpoint after each epoch, and go on from there.")
@click.option(
    "--checkpoint", type=Checkpoint(), metavar="FILE",
    help="Where to keep the run. [default with --resume: mnist-MODEL.tg]",
)  # fmt: skip
@training_options()
def command(
    data: Path | None, model: str, epochs: int, optim: str, lr: float | None, batch_size: int, limit: int | None,
    resume: bool, checkpoint: Path | None, **options: Any,
) -> None:  # fmt: skip
    """Train the lectures' networks on handwritten digits: 784-512-512-10, or two convolutions.

    \b
    tinyedu demo mnist
    tinyedu demo mnist --data data/mnist --model cnn --plot pictures
    tinyedu demo mnist --model cnn --resume
    """
    if optim == "lbfgs":
        raise Problem("lbfgs wants all pictures in one batch", f"choose one of {', '.join(RATES)}")
    with prepare(**options) as settings:
        from tinygrad_edu.cli.digits_data import find, network
        from tinygrad_edu.cli.reading import SameSettings, confusion, mistakes
        from tinygrad_edu.errors import DivergenceError
        from tinygrad_edu.nn import CrossEntropyLoss
        from tinygrad_edu.optim.lr_scheduler import CosineAnnealingLR
        from tinygrad_edu.optim.minimize import OPTIMIZERS
        from tinygrad_edu.train import fit, predict
        from tinygrad_edu.utils.data import DataLoader

        if resume and checkpoint is None:
            checkpoint = Path(f"mnist-{model}.tg")
        if checkpoint is not None and not resume:
            check_replaceable(checkpoint)
        pictures = find(data, limit)
        train, test = pictures.datasets()
        net = network(model, pictures.size).to(settings.device)
        rate = RATES[optim] if lr is None else lr
        entry = OPTIMIZERS[optim]
        optimizer = entry.cls(net.parameters(), lr=rate, **entry.options)
        if not settings.quiet:
            click.echo(f"{pictures.name}; {model}, {optim}, lr {rate:g}", err=True)
        test_loader = DataLoader(test, 500)
        same = SameSettings(
            data=f"{pictures.size} x {pictures.size}, {len(train)} + {len(test)}", model=model, epochs=epochs,
            optim=optim, lr=rate, batch_size=batch_size, seed=settings.seed,
        )  # fmt: skip
        try:
            history = fit(
                net, DataLoader(train, batch_size, shuffle=True), CrossEntropyLoss(), optimizer, epochs=epochs,
                valid=test_loader, metrics=["accuracy"], scheduler=CosineAnnealingLR(optimizer, epochs),
                callbacks=[same], checkpoint=checkpoint, resume=resume, progress=not settings.quiet,
            )  # fmt: skip
        except DivergenceError as error:
            raise Problem(str(error).partition(". ")[0], f"try --lr {rate / 10:g}", code=3) from error
        except (RuntimeError, ValueError) as error:
            if not resume:
                raise
            raise Problem(str(error).rstrip("."), f"delete {str(checkpoint)!r} to begin anew") from error
        check_finite(history, rate)
        chances = predict(net, test_loader).softmax(1).cpu().numpy()
        counts = confusion(chances, pictures.test[1])
        worst = mistakes(chances, pictures.test[1], WORST)
        result = {
            "data": pictures.name, "training": len(train), "test": len(test), "model": model,
            "parameters": sum(p.numel() for p in net.parameters()), "optim": optim, "lr": rate, "epochs": epochs,
            "accuracy": history[-1]["valid_accuracy"], "loss": history[-1]["valid_loss"],
            "confusion": counts.tolist(), "mistakes": worst,
            "history": [{k: v for k, v in row.items() if k != "seconds"} for row in history],
            "seconds": sum(history["seconds"]),
            "plots": _pictures(settings, history, counts, worst, pictures.test[0], model),
        }  # fmt: skip
        tell(settings, "tinyedu.demo.mnist/1", result, _summary(result))


def _summary(result: dict[str, Any]) -> list[str]:
    rows: Sequence[dict[str, Any]] = result["history"]
    counts: Sequence[Sequence[int]] = result["confusion"]
    right = sum(row[i] for i, row in enumerate(counts))
    lines = [
        result["data"],
        f"{result['model']} of {result['parameters']} parameters, {result['optim']}, lr {result['lr']:g}; "
        f"{result['training']} pictures to learn from, {result['test']} to be tested on",
        "",
        "epoch  loss    accuracy  test loss  test accuracy",
    ]
    for row in rows:
        lines.append(
            f"{row['epoch']:>5}  {row['loss']:<7.4f} {row['accuracy']:<9.2%} {row['valid_loss']:<10.4f} "
            f"{row['valid_accuracy']:.2%}"
        )
    lines += ["", "truth  answer" + "".join(f"{digit:>5}" for digit in range(10))]
    for digit, answers in enumerate(counts):
        lines.append(f"{digit:>5}" + " " * 8 + "".join(f"{count or '.':>5}" for count in answers))
    if result["mistakes"]:
        lines += ["", "surest of the mistakes: " + ", ".join(_caption(m) for m in result["mistakes"][:6])]
    return [
        *lines,
        "",
        f"test accuracy {result['accuracy']:.2%} ({right} of {result['test']})",
        f"seconds       {result['seconds']:.1f}",
    ]


def _caption(mistake: dict[str, Any]) -> str:
    return f"{mistake['truth']} read as {mistake['answer']} ({mistake['chance']:.0%})"


def _pictures(
    settings: Settings, history: Any, counts: Any, worst: Sequence[dict[str, Any]], pictures: Any, model: str
) -> list[str]:
    if settings.plot is None:
        return []
    from tinygrad_edu.viz.classes import draw_confusion, draw_gallery

    files = [settings.picture(f"mnist-{name}.png") for name in ("history", "confusion", "mistakes")]
    history.plot(files[0])
    accuracy = f"{history[-1]['valid_accuracy']:.2%}"
    draw_confusion(counts, [str(digit) for digit in range(10)], files[1], title=f"{model}: test accuracy {accuracy}")
    if not worst:
        return files[:2]
    shown = [pictures[mistake["index"]] for mistake in worst]
    captions = [f"{m['truth']} → {m['answer']} ({m['chance']:.0%})" for m in worst]
    draw_gallery(shown, captions, files[2], title="truth → answer, the surest mistakes first")
    return files
