"""What is wrong with a command line, in the reader's language: click itself knows English only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import click

from tinygrad_edu.cli.problem import Problem
from tinygrad_edu.homework.course import LANGUAGES
from tinygrad_edu.homework.show.words import default_language, word
from tinygrad_edu.homework.workspace import Workspace, WorkspaceError

__all__ = ["explain", "language_of"]

PATHS = {"does not exist": "not_there", "is a file": "no_folder", "is a directory": "no_file"}
"""What click says of a path, and the key of our own sentence."""


def language_of(arguments: Sequence[str]) -> str:
    """The language that a command line asks for; else the folder's, else the environment's."""
    asked = re.search(r"(?:^| )--lang[ =](\w+)", " ".join(arguments))
    if asked and asked[1] in LANGUAGES:
        return asked[1]
    with suppress(WorkspaceError):
        return Workspace.find().lang
    return default_language()


def explain(error: click.UsageError, lang: str) -> Problem:
    """The same in this language, with where help is.

    >>> explain(click.NoSuchOption("--sead", possibilities=["--seed"]), "en").hint
    'did you mean --seed?'
    """
    hint = word("usage.help", lang, path=error.ctx.command_path if error.ctx else "tinyedu hw")
    if isinstance(error, click.NoSuchOption):
        if error.possibilities:
            hint = word("usage.like", lang, names=", ".join(sorted(error.possibilities)))
        return Problem(word("usage.no_option", lang, name=error.option_name), hint)
    if isinstance(error, click.BadOptionUsage):
        return Problem(word("usage.no_value", lang, name=error.option_name), hint)
    if isinstance(error, click.BadParameter) and error.param is not None:
        key, filled = _of_value(error)
        return Problem(word(f"usage.{key}", lang, name=_name(error.param), **filled), hint)
    extra = re.search(r"unexpected extra arguments? \((.*)\)", error.message)
    if extra:
        return Problem(word("usage.extra", lang, what=extra[1]), hint)
    unknown = re.match(r"No such command '(.*)'", error.message)
    if unknown:
        return Problem(word("usage.unknown_command", lang, name=repr(unknown[1])), hint)
    if error.message.startswith("Missing command") and isinstance(getattr(error.ctx, "command", None), click.Group):
        hint = word("usage.commands", lang, names=", ".join(error.ctx.command.list_commands(error.ctx)))  # type: ignore[union-attr]
        return Problem(word("usage.no_command", lang), hint)
    return Problem(error.message, hint)


def _name(param: click.Parameter) -> str:
    """`--out`, or `NAME`."""
    return param.opts[0] if isinstance(param, click.Option) else param.name.upper() if param.name else ""


def _of_value(error: click.BadParameter) -> tuple[str, dict[str, Any]]:
    """The sentence for a value that does not do, and what fills it."""
    assert error.param is not None
    kind, quoted = error.param.type, re.search(r"'(.*)'", error.message)
    value = quoted[1] if quoted else ""
    if isinstance(error, click.MissingParameter):
        return "missing", {}
    if isinstance(kind, click.Choice):
        return "choice", {"choices": ", ".join(map(str, kind.choices))}
    if isinstance(kind, click.IntRange) and kind.min is not None:
        high = {} if kind.max is None else {"high": kind.max}
        return "number_between" if high else "number_from", {"low": kind.min, **high}
    if kind is click.INT:
        return "number", {}
    if isinstance(kind, click.DateTime):
        return "date", {}
    if isinstance(kind, click.Path):
        found = next((key for said, key in PATHS.items() if said in error.message), "no_path")
        return found, {"value": value}
    return "value", {"text": error.message}
