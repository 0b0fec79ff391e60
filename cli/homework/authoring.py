"""`hw dev`: for those who write exercises. `dev check` runs the course's own tests on one of them."""

from __future__ import annotations

import click

from tinygrad_edu.cli.homework.common import FAILED, exercise_named, explained, load
from tinygrad_edu.homework.show.screen import Screen

__all__ = ["dev_command"]


@click.group("dev", no_args_is_help=False)
def dev_command() -> None:
    """For authors of exercises; see homework/AUTHORING.md."""


@dev_command.command("check")
@click.argument("names", nargs=-1)
@click.option("--seeds", type=int, default=1, help="How many seeds the solutions are tried with.")
@click.option("--mutants", is_flag=True, help="Try small wrong variants of the solution as well: none may pass.")
@explained
def check_command(names: tuple[str, ...], seeds: int, mutants: bool) -> int:
    """Solution passes, starter is to do, mistakes fail what they declare and are recognised, texts agree."""
    from tinygrad_edu.homework.matrix import problems, unrecognised
    from tinygrad_edu.homework.mutants import survivors

    course, screen, wrong = load(), Screen(), 0
    for exercise in [exercise_named(course, name) for name in names] or course.exercises.values():
        found = [*problems(exercise, range(seeds), timed=True), *unrecognised(exercise)]
        if mutants:
            listed = {**exercise.survivors, **exercise.choices}
            found += [f"a mutant passes every check: {what}" for what in survivors(exercise, but=listed)]
        wrong += len(found)
        screen.line(f"{exercise.slug}: {len(found)} problems" if found else f"{exercise.slug}: all holds")
        for line in found:
            screen.line(line, indent=2)
    return FAILED if wrong else 0


@dev_command.command("new")
@click.argument("slug")
@explained
def new_command(slug: str) -> None:
    """Write the skeleton of an exercise into a checkout of the source, and say what is left to do."""
    from tinygrad_edu.homework.scaffold import create

    folder, screen = create(slug), Screen()
    module = folder.name
    screen.line(f"wrote {folder}")
    package = f"tinygrad_edu.homework.exercises.{module}"
    screen.line(f"then: a row in homework/course.toml, {package} in pyproject.toml, and tinyedu hw dev check {slug}")
