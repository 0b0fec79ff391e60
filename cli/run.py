"""`tinyedu run SCRIPT.py`: a program written for PyTorch, as it stands."""

from __future__ import annotations

import os
import sys

import click

from tinygrad_edu.cli.options import BACKENDS, Backend, check_backend
from tinygrad_edu.cli.problem import Problem
from tinygrad_edu.cli.training import VARIABLE

__all__ = ["command"]


@click.command("run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--backend", type=Backend(), metavar="NAME", help=f"Where the kernels come from: {', '.join(BACKENDS)}.")
@click.argument("script", metavar="SCRIPT.py")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGS]...")
def command(backend: str | None, script: str, arguments: tuple[str, ...]) -> None:
    """Run a script written for PyTorch without changing it.

    `import torch`, torch.nn, torchvision, torchviz and what is in them give tinygrad_edu's modules; a PyTorch that is
    installed is not touched. Options of tinyedu stand before SCRIPT.py; everything after it is the script's own. A
    name that tinygrad_edu does not have is an error that says so and names the nearest. The exit code is the script's.

    \b
    tinyedu run train.py --epochs 3
    """
    if script.endswith(".ipynb"):
        raise Problem(f"{script} is a notebook", "open it and put %load_ext tinygrad_edu into its first cell")
    from tinygrad_edu.compat.script import run

    try:
        source = open(script, "rb")
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise Problem(f"cannot read {script!r}: {why}", "check the name; it comes before the arguments") from None
    source.close()
    if backend is not None:
        from tinygrad_edu.kernels.choice import set_backend

        check_backend(backend)
        set_backend(backend)
        os.environ[VARIABLE] = backend  # for the processes that the script starts
    code = run(script, arguments)
    if code:
        sys.exit(code)
