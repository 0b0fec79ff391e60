"""What the demos that train share: their options, the checks before anything begins, and how a result is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from tinygrad_edu.cli.options import Whole, common_options, why_not_writable
from tinygrad_edu.cli.problem import Problem

__all__ = [
    "BACKENDS", "VARIABLE", "Backend", "Folder", "Settings", "check_backend", "loss_text", "prepare", "tell",
    "training_options",
]  # fmt: skip

BACKENDS = ("numpy", "numba")
"""Those of `kernels.choice`, here so that --help needs no NumPy; a test compares the two."""


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


class Backend(click.ParamType):
    """The name of a set of kernels."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in BACKENDS:
            raise Problem(f"--backend: there is no {value!r} here", f"there is {', '.join(BACKENDS)}")
        return str(value)


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


def check_backend(name: str | None) -> None:
    """Raise Problem where the kernels cannot come from there; None is always right."""
    from tinygrad_edu.kernels.choice import use_backend

    if name is not None:
        try:
            with use_backend(name):
                pass
        except RuntimeError as error:
            message, _, advice = str(error).removeprefix(f"set_backend({name!r}): ").partition(". ")
            raise Problem(f"--backend {name}: {message}", advice) from error


def training_options(seed: int = 0) -> Callable[..., Any]:
    """--seed, --backend, --device, --plot, --quiet, --json, --debug; `prepare` makes Settings of them."""
    options: list[Callable[[Any], Any]] = [
        click.option(
            "--seed", type=Whole(0), default=seed, show_default=True, help="One seed, one result; another, another."
        ),
        click.option(
            "--backend", type=Backend(), metavar="NAME",
            help=f"Where the kernels come from: {', '.join(BACKENDS)}. [default: what is best here]",
        ),
        click.option("--device", default="cpu", show_default=True, metavar="NAME", help="Where tensors live."),
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

    Raises MissingExtraError for --plot without Matplotlib, Problem for a seed or a device that cannot be.
    """
    settings = Settings(**options)
    if settings.seed >= 2**64:
        raise Problem(f"--seed: {settings.seed} is out of range", "give less than 2**64")
    if settings.plot is not None:
        from tinygrad_edu.viz.canvas import require_matplotlib

        require_matplotlib()
    from tinygrad_edu.kernels.choice import get_backend, use_backend
    from tinygrad_edu.tensors.device import as_device
    from tinygrad_edu.tensors.random import manual_seed

    check_backend(settings.backend)
    with nullcontext() if settings.backend is None else use_backend(settings.backend):
        try:
            as_device(settings.device, "--device")
        except (RuntimeError, ValueError) as error:  # PyTorch's own words, without the advice for programs
            message = str(error).replace("device(", "--device(", 1) if str(error).startswith("device(") else str(error)
            raise Problem(message.partition(". ")[0], "leave --device away, or give cpu") from error
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
