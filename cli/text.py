"""`tinyedu demo text`: a transformer learns to write, character by character."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from tinygrad_edu.cli.options import Number, Whole
from tinygrad_edu.cli.problem import Problem
from tinygrad_edu.cli.training import Settings, check_finite, prepare, tell, training_options

__all__ = ["command"]

EPOCHS = 10  # rows of the history; a step is a batch
DEFAULT = "sonnets.txt"


@click.command("text")
@click.option("--data", type=click.Path(path_type=Path), metavar="FILE", help="A text, UTF-8. [default: nine sonnets]")
@click.option("--steps", type=Whole(2 * EPOCHS), default=400, show_default=True, help="Batches to learn from.")
@click.option("--batch-size", type=Whole(1), default=16, show_default=True, help="Windows in a batch.")
@click.option("--window", type=Whole(2), default=48, show_default=True, help="Characters that are seen at once.")
@click.option("--width", type=Whole(4, 4096), default=64, show_default=True, help="Numbers for each character.")
@click.option("--layers", type=Whole(1, 100), default=2, show_default=True, help="Blocks of attention.")
@click.option("--lr", type=Number(above=0), default=3e-3, show_default=True, help="AdamW's largest learning rate.")
@click.option("--length", type=Whole(1), default=300, show_default=True, help="Characters to write.")
@click.option("--samples", type=Whole(1), default=2, show_default=True, help="How many texts to write.")
@click.option("--temperature", type=Number(least=0.001), default=0.8, show_default=True, help="Below 1: careful.")
@training_options()
def command(
    data: Path | None, steps: int, batch_size: int, window: int, width: int, layers: int, lr: float, length: int,
    samples: int, temperature: float, **options: Any,
) -> None:  # fmt: skip
    """Train a small character-level transformer, and let it write.

    \b
    tinyedu demo text
    tinyedu demo text --data tinyshakespeare.txt --steps 2000
    """
    if width % 4:
        raise Problem(f"--width: {width} is not a multiple of 4, the number of heads", f"give {width + 4 - width % 4}")
    text, source = _read(data)
    held = max(window + 1, len(text) // 10)
    if len(text) < 4 * (window + 1):
        smaller = len(text) // 4 - 1  # a window of 1 sees nothing but the character itself
        hint = "give a longer text" + (f", or --window {smaller}" if smaller >= 2 else "")
        raise Problem(f"--data: {source} has {len(text)} characters, too few for --window {window}", hint)
    with prepare(**options) as settings:
        from tinygrad_edu import Generator, optim
        from tinygrad_edu.cli.char_model import CharTransformer, Vocabulary, Windows, next_character_loss, write
        from tinygrad_edu.errors import DivergenceError
        from tinygrad_edu.optim.lr_scheduler import OneCycleLR
        from tinygrad_edu.train import Schedule, fit
        from tinygrad_edu.utils.data import DataLoader, RandomSampler, Subset

        vocabulary = Vocabulary(text)
        numbers = vocabulary.encode(text)
        windows = Windows(numbers[:-held], window)
        per_epoch = steps // EPOCHS
        drawn = RandomSampler(windows, replacement=True, num_samples=per_epoch * batch_size)
        ahead = Windows(numbers[-held - 1 :], window)
        valid = Subset(ahead, range(0, len(ahead), max(1, len(ahead) // 64)))
        model = CharTransformer(len(vocabulary), window, width, layers=layers).to(settings.device)
        optimizer = optim.AdamW(model.parameters(), lr=lr, weight_decay=0.01)
        cycle = OneCycleLR(optimizer, lr, total_steps=per_epoch * EPOCHS, pct_start=0.1)
        try:
            history = fit(
                model, DataLoader(windows, batch_size, sampler=drawn), next_character_loss, optimizer, epochs=EPOCHS,
                valid=DataLoader(valid, 64), callbacks=[Schedule(cycle, "batch")], progress=not settings.quiet,
            )  # fmt: skip
        except DivergenceError as error:
            raise Problem(str(error).partition(". ")[0], f"try --lr {lr / 10:g}", code=3) from error
        check_finite(history, lr)
        generator = Generator().manual_seed(settings.seed)
        start = "\n" if "\n" in vocabulary.numbers else vocabulary.characters[0]
        written = [write(model, vocabulary, start, length, temperature, generator)[1:] for _ in range(samples)]
        result = {
            "data": source, "characters": len(text), "vocabulary": len(vocabulary),
            "parameters": sum(p.numel() for p in model.parameters()), "steps": per_epoch * EPOCHS,
            "loss": history[-1]["loss"], "valid_loss": history[-1]["valid_loss"],
            "seconds": sum(history["seconds"]), "samples": written,
            "history": [{k: v for k, v in row.items() if k != "seconds"} for row in history],
            "plots": _picture(settings, history),
        }  # fmt: skip
        tell(settings, "tinyedu.demo.text/1", result, _summary(result, layers))


def _read(path: Path | None) -> tuple[str, str]:
    """The text, and what to call it."""
    name = DEFAULT if path is None else str(path)
    try:
        text = (Path(__file__).with_name(DEFAULT) if path is None else path).read_text(encoding="utf-8-sig")
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise Problem(f"--data: cannot read {name!r}: {why}", "give a text file") from error
    except UnicodeDecodeError as error:
        raise Problem(f"--data: {name!r} is not UTF-8 text", "save it as UTF-8") from error
    return text, name


def _summary(result: dict[str, Any], layers: int) -> list[str]:
    lines = [
        f"{result['data']}: {result['characters']} characters, {result['vocabulary']} different ones; "
        f"transformer of {layers} layers, {result['parameters']} parameters",
        f"guessing at random costs {math.log(result['vocabulary']):.3f} nats a character",
        "",
        "steps  loss    on text it has not seen",
    ]
    rows: Sequence[dict[str, Any]] = result["history"]
    for row in rows:
        done = row["epoch"] * (result["steps"] // EPOCHS)
        lines.append(f"{done:>5}  {row['loss']:<7.3f} {row['valid_loss']:.3f}")
    lines += ["", f"seconds {result['seconds']:.1f}"]
    for number, sample in enumerate(result["samples"], 1):
        lines += ["", f"--- sample {number} ---", sample.strip("\n")]
    return lines


def _picture(settings: Settings, history: Any) -> list[str]:
    if settings.plot is None:
        return []
    file = settings.picture("text.png")
    history.plot(file)
    return [file]
