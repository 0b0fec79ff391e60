"""A group of commands that imports a command only when it is called: `tinyedu` itself starts at once."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from tinygrad_edu.cli.problem import Problem

__all__ = ["LazyGroup"]


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called or listed: `tinyedu` itself starts at once."""

    homes: Mapping[str, str] = {}
    """Command name -> module; the module's function `command` is the command."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.homes)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        home = self.homes.get(cmd_name)
        return None if home is None else import_module(f"tinygrad_edu.cli.{home}").command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            raise Problem(error.message.rstrip("."), f"there are {', '.join(self.homes)}") from error
