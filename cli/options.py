"""The options that several commands share, and the checks that numbers and paths go through before a run."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from tinygrad_edu.cli.problem import Problem, nearest

__all__ = [
    "NAMES", "Number", "Optim", "OutputPath", "Whole", "backend_option", "common_options", "descent_options",
    "why_not_writable",
]  # fmt: skip

NAMES = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adadelta", "adam", "adamw", "nadam", "radam", "lbfgs")
"""The keys of `tinygrad_edu.optim.OPTIMIZERS`, here so that --help needs no NumPy; a test compares the two."""


class Number(click.ParamType):
    """A finite number, at least (or above) a bound."""

    name = "number"

    def __init__(self, least: float | None = None, above: float | None = None) -> None:
        self.least = least
        self.above = above

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        what = param.opts[0] if param is not None else "value"
        try:
            number = float(value)
        except ValueError:
            raise Problem(f"{what}: {value!r} is not a number", f"write for instance {what} 0.1") from None
        if not math.isfinite(number):
            raise Problem(f"{what}: {value} is not a finite number", f"write for instance {what} 0.1")
        if self.least is not None and number < self.least:
            raise Problem(f"{what}: {value} is less than {self.least:g}", f"give {self.least:g} or more")
        if self.above is not None and number <= self.above:
            raise Problem(f"{what}: {value} is not above {self.above:g}", f"give more than {self.above:g}")
        return number


class Whole(click.ParamType):
    """A whole number, at least a bound."""

    name = "integer"

    def __init__(self, least: int) -> None:
        self.least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        what = param.opts[0] if param is not None else "value"
        try:
            number = int(value)
        except ValueError:
            raise Problem(f"{what}: {value!r} is not a whole number", f"write for instance {what} 100") from None
        if number < self.least:
            raise Problem(f"{what}: {value} is less than {self.least}", f"give {self.least} or more")
        return number


class Optim(click.ParamType):
    """The name of an optimizer."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        name = str(value).lower()
        if name not in NAMES:
            near = nearest(name, NAMES)
            meant = f"did you mean {near}? " if near else ""
            raise Problem(f"unknown optimizer {value!r}", f"{meant}There are {', '.join(NAMES)}")
        return name

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in NAMES if name.startswith(incomplete)]


class OutputPath(click.ParamType):
    """A file to write, with one of some endings; that it can be written is tried before anything runs."""

    name = "file"

    def __init__(self, endings: Iterable[str]) -> None:
        self.endings = tuple(endings)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(value)
        what = param.opts[0] if param is not None else "output"
        if path.suffix.lower().lstrip(".") not in self.endings:
            endings = ", ".join(f".{ending}" for ending in self.endings)
            raise Problem(f"{what}: cannot tell a format from {str(path)!r}", f"end it in one of {endings}")
        why = why_not_writable(path)
        if why:
            raise Problem(f"{what}: cannot write {str(path)!r}: {why}", "choose a file that can be written")
        return path


def why_not_writable(path: Path) -> str:
    """Why a file cannot be written, or nothing; opening it is the only sure test, and it leaves no trace."""
    if path.is_dir():
        return "it is a folder"
    if not path.parent.is_dir():
        return f"there is no folder {str(path.parent)!r}"
    existed = path.exists()
    try:
        with open(path, "ab" if existed else "xb"):
            pass
        if not existed:
            os.unlink(path)
    except (OSError, ValueError) as error:
        return (getattr(error, "strerror", None) or str(error)).lower()
    return ""


def common_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--json and --debug, which every command has."""
    function = click.option("--debug", is_flag=True, expose_value=False, help="Show the whole traceback of an error.")(
        function
    )
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else.")(function)


def backend_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """--backend: which kernels compute. It acts at once, and the command's function does not see it."""

    def choose(_ctx: click.Context, _param: click.Parameter, name: str | None) -> None:
        if name is None:
            return
        from tinygrad_edu.kernels.choice import set_backend

        try:
            set_backend(name)
        except RuntimeError as error:
            raise Problem(str(error), "leave --backend away: NumPy does the same, slower") from None

    return click.option(
        "--backend", type=click.Choice(["numpy", "numba"]), callback=choose, expose_value=False, is_eager=True,
        help="What computes large arrays. [default: numba if it is installed]",
    )(function)  # fmt: skip


def descent_options(steps: int, start: tuple[float, float], optim: str) -> Callable[..., Any]:
    """The options of a descent; the demonstrations differ in their defaults only."""
    options: list[Callable[[Any], Any]] = [
        click.option(
            "--optim", "optims", type=Optim(), multiple=True, default=(optim,), show_default=True,
            help=f"Optimizer; several may be given. One of {', '.join(NAMES)}.",
        ),
        click.option(
            "--lr", "rates", type=Number(least=0), multiple=True,
            help="Learning rate: one for all, or one for each --optim in their order. [default: it is printed]",
        ),
        click.option("--momentum", type=Number(least=0), help="For sgd, momentum, nesterov and rmsprop."),
        click.option("--betas", type=Number(least=0), nargs=2, help="For adam, adamw, nadam and radam."),
        click.option("--steps", type=Whole(0), default=steps, show_default=True, help="The most steps to take."),
        click.option(
            "--start", type=Number(), nargs=2, default=start, show_default=True, metavar="X Y", help="Where to begin."
        ),
        click.option("--tol", type=Number(least=0), default=0.0, help="Stop at a gradient norm of at most this."),
        click.option(
            "--every", type=Whole(1), metavar="N", help="Print a row every N steps, as part of the result."
        ),
        click.option("--plot", type=OutputPath(("png", "svg")), help="Draw the path on the contours of log f."),
        click.option("--quiet", is_flag=True, help="No progress and no rows, only the result."),
        backend_option,
        common_options,
    ]  # fmt: skip

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate
