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
    "BACKENDS", "NAMES", "Backend", "Number", "Optim", "OutputPath", "Seed", "Whole", "backend_option", "check_backend",
    "check_device", "common_options", "descent_options", "device_option", "why_not_writable",
]  # fmt: skip

NAMES = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adadelta", "adam", "adamw", "nadam", "radam", "lbfgs")
"""The keys of `tinygrad_edu.optim.OPTIMIZERS`, here so that --help needs no NumPy; a test compares the two."""

BACKENDS = ("numpy", "numba")
"""Those of `kernels.choice`, here so that --help needs no NumPy; a test compares the two."""


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
    """A whole number within bounds; no demo can do anything with more than a billion of something."""

    name = "integer"

    def __init__(self, least: int, most: int = 10**9) -> None:
        self.least = least
        self.most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        what = param.opts[0] if param is not None else "value"
        try:
            number = int(value)
        except ValueError:
            raise Problem(f"{what}: {value!r} is not a whole number", f"write for instance {what} 100") from None
        if number < self.least:
            raise Problem(f"{what}: {value} is less than {self.least}", f"give {self.least} or more")
        if number > self.most:
            raise Problem(f"{what}: {value} is more than {self.most}", f"give {self.most} or less")
        return number


class Seed(Whole):
    """A number that a generator can be seeded with."""

    def __init__(self) -> None:
        super().__init__(0, 2**64 - 1)


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


class Backend(click.ParamType):
    """The name of a set of kernels."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in BACKENDS:
            raise Problem(f"--backend: there is no {value!r} here", f"there is {', '.join(BACKENDS)}")
        return str(value)


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


def backend_option(**more: Any) -> Callable[..., Any]:
    """--backend: which kernels compute."""
    return click.option(
        "--backend", type=Backend(), metavar="NAME", **more,
        help=f"Where the kernels come from: {', '.join(BACKENDS)}. [default: what is best here]",
    )  # fmt: skip


def use_at_once(ctx: click.Context, _param: click.Parameter, name: str | None) -> None:
    """Callback of --backend: the kernels of that name until the command ends; its function does not see the option."""
    from tinygrad_edu.kernels.choice import use_backend

    check_backend(name)
    if name is not None:
        ctx.with_resource(use_backend(name))


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


def device_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """--device: a name, which `check_device` looks at when the command begins."""
    return click.option("--device", default="cpu", show_default=True, metavar="NAME", help="Where tensors live.")(
        function
    )


def check_device(name: str) -> None:
    """Raise Problem where no tensor can live there, by the same check that tensors make."""
    from tinygrad_edu.tensors.device import as_device

    try:
        as_device(name, "--device")
    except (RuntimeError, ValueError) as error:  # PyTorch's own words, without the advice for programs
        message = str(error).replace("device(", "--device(", 1) if str(error).startswith("device(") else str(error)
        raise Problem(message.partition(". ")[0], "leave --device away, or give cpu") from error


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
        click.option(
            "--seed", type=Seed(), help="Begin at a random point instead: one seed, one point; another, another."
        ),
        click.option("--tol", type=Number(least=0), default=0.0, help="Stop at a gradient norm of at most this."),
        click.option(
            "--every", type=Whole(1), metavar="N", help="Print a row every N steps, as part of the result."
        ),
        click.option("--plot", type=OutputPath(("png", "svg")), help="Draw the path on the contours of log f."),
        click.option("--quiet", is_flag=True, help="No progress and no rows, only the result."),
        backend_option(callback=use_at_once, expose_value=False),
        device_option,
        common_options,
    ]  # fmt: skip

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate
