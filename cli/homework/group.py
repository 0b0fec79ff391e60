"""The group of the homework's commands, loaded one by one; without a command it shows the progress."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click

from tinygrad_edu.cli.lazy import LazyGroup
from tinygrad_edu.cli.problem import Problem, nearest

__all__ = ["command"]

ARGUMENTS = "tinyedu.homework.arguments"


class Homework(LazyGroup):
    """Commands by the file that holds them."""

    homes = {
        "init": "places", "list": "places", "start": "places", "reset": "places", "undo": "places",
        "upgrade": "places", "check": "checking", "hint": "reading", "solution": "reading",
        "picture": "reading", "watch": "watching", "submit": "handing_in", "notebook": "handing_in", "doctor": "health",
        "grade": "grading", "gradescope": "grading",
        "stats": "classes", "similarity-export": "classes", "dev": "authoring",
    }  # fmt: skip

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        home = self.homes.get(cmd_name)
        if home is None:
            return None
        name = f"{cmd_name.replace('-', '_')}_command"
        found: click.Command = getattr(import_module(f"tinygrad_edu.cli.homework.{home}"), name)
        return found


    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[ARGUMENTS] = list(args)
        with self._explained(ctx):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        with self._explained(ctx):
            return super().invoke(ctx)

    @staticmethod
    @contextmanager
    def _explained(ctx: click.Context) -> Iterator[None]:
        try:
            yield
        except click.UsageError as error:
            from tinygrad_edu.cli.homework.usage import explain, language_of

            raise explain(error, language_of(ctx.meta[ARGUMENTS])) from error

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in self.homes and not args[0].startswith("-"):
            from tinygrad_edu.cli.homework.usage import language_of
            from tinygrad_edu.homework.show.words import word

            lang, guess = language_of(ctx.meta[ARGUMENTS]), nearest(args[0], self.homes)
            hint = word("usage.like", lang, names=guess) if guess else ""
            hint = hint or word("usage.commands", lang, names=", ".join(self.homes))
            raise Problem(word("usage.unknown_command", lang, name=repr(args[0])), hint)
        return super().resolve_command(ctx, args)


@click.group(cls=Homework, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def command(ctx: click.Context) -> None:
    """Twelve exercises from one scalar to a CNN, checked on your machine.

    \b
    tinyedu hw init                 a homework folder here
    tinyedu hw start value          the first exercise
    tinyedu hw check value          what is right, what is wrong, and where

    Exit codes: 0 all checks pass, 1 some do not, 2 wrong usage, 3 the environment is broken.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(Homework.get_command(command, ctx, "list"))  # type: ignore[arg-type]
