"""What the demos that train share: their options, the checks before anything begins, and how a result is told."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from tinygrad_edu.cli.options import (
    Seed,
    backend_option,
    check_backend,
    check_device,
    common_options,
    device_option,
    why_not_writable,
)  # fmt: skip
from tinygrad_edu.cli.problem import Problem

__all__ = [
    "VARIABLE", "Checkpoint", "Folder", "Settings", "check_finite", "check_replaceable", "loss_text", "prepare", "tell",
    "training_options",
]  # fmt: skip

VARIABLE = "TINYEDU_BACKEND"
"""What tells the processes that a program starts."""


class Folder(click.ParamType):
    """A folder to write pictures to: it is there and takes files, or can be made in one that does."""

    name = "folder"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(value)
        what = param.opts[0] if param is not None else "folder"
        if path.exists() and not path.is_dir():
            why = "it is a file"
        else:
            why = why_not_writable((path if path.is_dir() else path.parent) / ".tinyedu")
        if why:
            raise Problem(f"{what}: cannot write to {str(path)!r}: {why}", "choose a folder that can be written to")
        return path


class Checkpoint(click.ParamType):
    """A file to keep a run in: it can be written, or made."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(value)
        why = why_not_writable(path)
        if why:
            raise Problem(f"--checkpoint: cannot write {str(path)!r}: {why}", "choose a file that can be written")
        return path


def check_replaceable(checkpoint: Path) -> None:
    """Refuse to write a checkpoint over a file that is none: somebody's data, by a slip of the hand."""
    if not checkpoint.exists() or not checkpoint.stat().st_size:
        return
    from tinygrad_edu.serialization import load

    try:
        state = load(checkpoint)
        known = isinstance(state, dict) and str(state.get("format")).startswith("tinygrad_edu.train ")
    except Exception:  # whatever else it is
        known = False
    if not known:
        told = f"--checkpoint: {str(checkpoint)!r} is there already, and is no checkpoint"
        raise Problem(told, "give another file, or delete that one")


def check_finite(history: Any, lr: float) -> None:
    """The last step may have spoiled the network, which only the test after it has seen."""
    if not math.isfinite(history[-1]["valid_loss"]):
        told = f"the loss on what was held back is {history[-1]['valid_loss']} after the last epoch, with lr {lr:g}"
        raise Problem(told, f"try --lr {lr / 10:g}", code=3)


@dataclass(frozen=True)
class Settings:
    """The options that every one of these demos takes."""

    seed: int
    backend: str | None
    device: str
    plot: Path | None
    quiet: bool
    as_json: bool

    def picture(self, name: str) -> str:
        """The path of a picture in the folder of --plot, which is made if it is not there."""
        assert self.plot is not None
        self.plot.mkdir(exist_ok=True)
        return str(self.plot / name)


def training_options(seed: int = 0) -> Callable[..., Any]:
    """--seed, --backend, --device, --plot, --quiet, --json, --debug; `prepare` makes Settings of them."""
    options: list[Callable[[Any], Any]] = [
        click.option(
            "--seed", type=Seed(), default=seed, show_default=True, help="One seed, one result; another, another."
        ),
        backend_option(),
        device_option,
        click.option("--plot", type=Folder(), metavar="DIR", help="Write pictures (PNG) to this folder."),
        click.option("--quiet", is_flag=True, help="No progress, only the result."),
        common_options,
    ]

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


@contextmanager
def prepare(**options: Any) -> Iterator[Settings]:
    """The settings, once all that could be refused has been; random numbers are seeded, and the backend set, inside.

    Raises MissingExtraError for --plot without Matplotlib, Problem for a backend or a device that cannot be.
    """
    settings = Settings(**options)
    if settings.plot is not None:
        from tinygrad_edu.viz.canvas import require_matplotlib

        require_matplotlib()
    from tinygrad_edu.kernels.choice import get_backend, use_backend
    from tinygrad_edu.tensors.random import manual_seed

    check_backend(settings.backend)
    with nullcontext() if settings.backend is None else use_backend(settings.backend):
        check_device(settings.device)
        manual_seed(settings.seed)
        yield replace(settings, backend=get_backend())


def tell(settings: Settings, schema: str, result: dict[str, Any], lines: Sequence[str]) -> None:
    """Print the result: one JSON object that begins with the common settings, or lines for people."""
    if settings.as_json:
        from tinygrad_edu.cli.report import finite

        head = {"schema": schema, "seed": settings.seed, "backend": settings.backend, "device": settings.device}
        click.echo(json.dumps(finite({**head, **result}), allow_nan=False, indent=2))
    else:
        click.echo("\n".join(lines))
        if settings.plot is None and not settings.quiet:
            click.echo("hint: --plot DIR draws pictures", err=True)


def loss_text(value: float, digits: int = 4) -> str:
    """A loss as these demos print it.

    >>> loss_text(0.0123456), loss_text(12.5)
    ('0.01235', '12.50')
    """
    return f"{value:#.{digits}g}"
