"""`hw submit` and `hw notebook`: the student's files as one zip, and as a notebook."""

from __future__ import annotations

import click

from tinygrad_edu.cli.homework.common import exercise_named, explained, here, language, language_option, load
from tinygrad_edu.homework.show.screen import Screen
from tinygrad_edu.homework.show.words import word

__all__ = ["notebook_command", "submit_command"]


@click.command("submit")
@click.argument("names", nargs=-1)
@language_option
@explained
def submit_command(names: tuple[str, ...], lang: str | None) -> None:
    """Pack the exercises you name (default: all you have started) into submission.zip."""
    from tinygrad_edu.homework.hand_in import pack

    workspace, course = here(), load()
    exercises = [exercise_named(course, name) for name in names] or workspace.exercises(course)
    target, count = pack(workspace, course, exercises)
    file = target.relative_to(workspace.root)
    Screen().line(word("done.submitted", language(lang, workspace), file=file, count=count))


@click.command("notebook")
@click.argument("name")
@language_option
@explained
def notebook_command(name: str, lang: str | None) -> None:
    """Write an exercise as a notebook that saves into your file and runs the checks."""
    from tinygrad_edu.homework.notebook import write

    workspace, course = here(), load()
    exercise = exercise_named(course, name)
    workspace.start(exercise)
    target = write(workspace, exercise, language(lang, workspace))
    Screen().line(word("done.page", language(lang, workspace), file=target.relative_to(workspace.root)))
