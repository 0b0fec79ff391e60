"""The entry point `tinyedu`: finds the command, and turns every error into one line, a hint and an exit code."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NoReturn

import click

from tinygrad_edu.cli.lazy import LazyGroup
from tinygrad_edu.cli.problem import Problem

__all__ = ["main"]

OK, FAILED, USAGE, DIVERGED, INTERRUPTED = 0, 1, 2, 3, 130
UNWRITABLE = (errno.ENOSPC, errno.EBADF, errno.EIO, errno.EFBIG)  # the disk is full, not open for writing, gone


class _Unread(Exception):
    """Nobody reads the output any more."""


class Tinyedu(LazyGroup):
    """The outermost group: the one place where errors end."""

    homes = {name: name for name in ("demo", "run", "graph", "doctor", "bench", "warmup", "homework")}
    aliases = {"hw": "homework"}

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, self.aliases.get(cmd_name, cmd_name))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:  # which click would end with 1, as an error
            raise _Unread from error

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any) -> NoReturn:  # type: ignore[override]
        arguments = list(sys.argv[1:] if args is None else args)
        extra.pop("standalone_mode", None)
        _show_anything()
        try:
            code = super().main(arguments, prog_name or "tinyedu", standalone_mode=False, **extra)
            if sys.stdout is not None:  # None where the shell closed it: `tinyedu ... >&-`
                sys.stdout.flush()  # here, so that a closed pipe or a full disk is noticed here
        except (BrokenPipeError, _Unread):  # `tinyedu ... | head`: whoever read us has enough
            _drop_output()
            sys.exit(OK)
        except (KeyboardInterrupt, click.Abort):
            _tell("tinyedu: stopped")
            sys.exit(INTERRUPTED)
        except Exception as error:
            if "--debug" in arguments:
                _tell("".join(traceback.format_exception(error)).rstrip())
            if isinstance(error, OSError) and error.filename is None and error.errno in UNWRITABLE:
                # A picture's own errors name its file; this one is of the console or of where it is led to.
                _drop_output()
                _tell(f"tinyedu: cannot write to standard output: {(error.strerror or str(error)).lower()}")
                sys.exit(FAILED)
            sys.exit(_explain(error))
        sys.exit(code if isinstance(code, int) else OK)


@click.group(cls=Tinyedu, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=False)
@click.version_option(package_name="tinygrad_edu", prog_name="tinyedu")
@click.option("--debug", is_flag=True, help="Show the whole traceback of an error.")
def main(debug: bool) -> None:
    """Demonstrations of tinygrad_edu: descend, draw, and see what is installed.

    \b
    tinyedu demo rosenbrock --optim adam --plot path.png
    tinyedu run script.py --epochs 3
    tinyedu graph "0.2*x1**2 + 0.2*x2**2 - 5" --at x1=2 --at x2=2
    tinyedu doctor
    tinyedu bench --device cuda
    tinyedu warmup                    (compile the fast kernels now)
    tinyedu homework                  (or hw: the exercises of the course)

    Exit codes: 0 fine, 1 a check of the homework fails, 2 wrong usage,
    3 the descent diverged or the environment is broken.
    """


def _show_anything() -> None:
    """A character that the console lacks, as in a file's name, is shown as \\uXXXX; it must not end the program."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """Let what waits for standard output go nowhere, so that Python does not complain at its end."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(line: str) -> None:
    """A line on standard error, if anybody can read it there."""
    with suppress(OSError):
        click.echo(line, err=True)


def _explain(error: Exception) -> int:
    """Say on standard error what is wrong, in one line, and what to do, in another."""
    if isinstance(error, Problem):
        message, hint, code = error.message, error.hint, error.code
    elif isinstance(error, click.ClickException):
        message, hint, code = error.format_message(), _where_help_is(error), USAGE
        if isinstance(error, click.NoSuchOption):
            message = f"no such option {error.option_name}"
            if error.possibilities:
                hint = f"did you mean {' or '.join(sorted(error.possibilities))}?"
    elif type(error).__module__ == "tinygrad_edu.errors":
        # The library's messages say what to do in their last sentence.
        message, _, hint = str(error).rpartition(". ") if ". " in str(error) else (str(error), "", "")
        code = USAGE
    elif isinstance(error, MemoryError):
        message, hint, code = f"there is not enough memory: {error}".rstrip(": "), "choose smaller numbers", USAGE
    else:
        message = f"unexpected {type(error).__name__}: {error}"
        hint, code = "this is a fault of tinyedu; run it again with --debug to see where", FAILED
    _tell(f"tinyedu: {' '.join(message.split())}")
    if hint:
        _tell(f"hint: {' '.join(hint.split())}")
    return code


def _where_help_is(error: click.ClickException) -> str:
    ctx = getattr(error, "ctx", None)
    return f"see {ctx.command_path} --help" if ctx is not None else "see tinyedu --help"


if __name__ == "__main__":
    main()
