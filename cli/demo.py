"""`tinyedu demo`: functions to walk down on, and networks to train."""

from __future__ import annotations

import click

from tinygrad_edu.cli.lazy import LazyGroup

__all__ = ["command"]


class Demos(LazyGroup):
    """The demonstrations."""

    homes = {name: name for name in ("rosenbrock", "paraboloid", "moons", "regression", "mnist", "text")}


@click.group("demo", cls=Demos, no_args_is_help=False)
def command() -> None:
    """Watch an optimizer walk downhill, or a network learn."""
