"""`tinyedu demo`: the two functions that the optimizers are shown on."""

from __future__ import annotations

import click

from tinygrad_edu.cli.lazy import LazyGroup

__all__ = ["command"]


class Demos(LazyGroup):
    """The demonstrations."""

    homes = {"rosenbrock": "rosenbrock", "paraboloid": "paraboloid", "moons": "moons", "regression": "regression", "text": "text"}


@click.group("demo", cls=Demos, no_args_is_help=False)
def command() -> None:
    """Watch an optimizer walk downhill."""
