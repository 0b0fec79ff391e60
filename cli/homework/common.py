"""What the homework's commands share: the workspace, the language, exercises by name, and errors with advice."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Any

import click

from tinygrad_edu.cli.problem import Problem, nearest
from tinygrad_edu.homework.course import Course, CourseError, Exercise, load
from tinygrad_edu.homework.runner import NoWorker
from tinygrad_edu.homework.show import words
from tinygrad_edu.homework.workspace import HIDDEN, STATE, Workspace, WorkspaceError

__all__ = [
    "BROKEN",
    "FAILED",
    "USAGE",
    "exercise_named",
    "explained",
    "here",
    "language",
    "language_option",
    "problem",
    "split_name",
]

FAILED, USAGE, BROKEN = 1, 2, 3


def language_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option `--lang`."""
    option = click.option("--lang", type=click.Choice(["en", "ja"]), help="Language (default: the workspace's).")
    return option(function)


def explained(function: Callable[..., Any]) -> Callable[..., Any]:
    """Turn the homework's own exceptions into messages with an exit code."""

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except words.Correctable as error:
            raise problem(error.key, **error.filled) from error
        except CourseError as error:
            raise problem("damaged", BROKEN, why=str(error)) from error
        except NoWorker as error:
            raise problem("no_worker", BROKEN) from error
        except RuntimeError as error:
            raise problem("environment", BROKEN, told=str(error)) from error
        except OSError as error:
            if error.filename is None:  # (of the console: the entry point says so)
                raise
            raise problem("no_access", BROKEN, path=error.filename, why=error) from error

    return run


def here() -> Workspace:
    """The workspace of the current folder; a record of it that is broken is told of."""
    workspace = Workspace.find()
    tell_of_aside(workspace)
    return workspace


def tell_of_aside(workspace: Workspace) -> None:
    """Say, on standard error, that the record of what passed was unreadable, and where it is kept."""
    if workspace.aside is None:
        return
    lang, kept = _language_asked() or workspace.lang, workspace.aside.kept
    key = "note.aside" if kept.name != STATE else "note.aside_there"
    why = words.word(f"note.{workspace.aside.why}", lang)
    click.echo(words.word(key, lang, file=f"{HIDDEN}/{STATE}", kept=f"{HIDDEN}/{kept.name}", why=why), err=True)
    workspace.aside = None  # (told once)


@contextmanager
def remembering(workspace: Workspace, lang: str) -> Iterator[None]:
    """What is done inside is worth a warning if it cannot be written down, and no more: the answer was given."""
    try:
        yield
        tell_of_aside(workspace)  # (it may have broken since this command began)
    except OSError as error:
        if error.filename is None:
            raise
        click.echo(words.word("note.not_remembered", lang, folder=workspace.root, why=error), err=True)


def _language_asked() -> str | None:
    """What `--lang` says."""
    context = click.get_current_context(silent=True)
    return context.params.get("lang") if context else None


def language(lang: str | None, workspace: Workspace | None = None) -> str:
    return lang or (workspace.lang if workspace else words.default_language())


def problem(key: str, code: int = USAGE, **filled: Any) -> Problem:
    """A problem of the table, in the language of the command (`--lang`), the workspace or the environment."""
    lang = _language_asked()
    with suppress(WorkspaceError):
        lang = lang or Workspace.find().lang
    return Problem(*words.problem(key, lang or words.default_language(), **filled), code)


def split_name(name: str) -> tuple[str, str]:
    """`value/reuse` -> ("value", "reuse")."""
    exercise, _, check = name.partition("/")
    return exercise, check


def exercise_named(course: Course, name: str) -> Exercise:
    """An exercise by slug or number.

    Raises:
        Problem: there is none.
    """
    for exercise in course.exercises.values():
        if name in (exercise.slug, str(exercise.number), f"{exercise.number:02d}"):
            return exercise
    guess = nearest(name, course.exercises)
    if guess:
        raise problem("like_exercise", name=repr(name), guess=guess)
    raise problem("no_exercise", name=repr(name), names=", ".join(course.exercises))


def check_named(exercise: Exercise, name: str) -> str:
    """A check of an exercise.

    Raises:
        Problem: there is none.
    """
    if name in exercise.checks:
        return name
    guess = nearest(name, exercise.checks)
    if guess:
        raise problem("like_check", name=repr(name), slug=exercise.slug, guess=guess)
    raise problem("no_check", name=repr(name), slug=exercise.slug, names=", ".join(exercise.checks))


def demand_file(workspace: Workspace, exercise: Exercise) -> None:
    """The student's file of an exercise has to be there.

    Raises:
        Problem: it is not, or not any more; with what to run.
    """
    file = workspace.file(exercise)
    if file.exists():
        return
    if not workspace.was_started(exercise):
        raise problem("not_started", slug=exercise.slug)
    kept, told = workspace.last_backup(exercise), file.relative_to(workspace.root)
    if kept is None:
        raise problem("gone", file=told, slug=exercise.slug)
    raise problem("gone_kept", file=told, slug=exercise.slug, kept=kept.relative_to(workspace.root))


def demand_packages(exercises: Iterable[Exercise]) -> None:
    """Refuse to check what cannot be checked here: a missing library is nobody's mistake.

    Raises:
        Problem: with exit code 3.
    """
    for exercise in exercises:
        for name in exercise.needs_packages:
            if importlib.util.find_spec(name) is None:
                raise problem("needs_package", BROKEN, slug=exercise.slug, name=name)


def current_exercise(workspace: Workspace, course: Course) -> Exercise:
    """The exercise the student is at."""
    return workspace.at(course)


__all__ += ["remembering", "tell_of_aside"]
__all__ += ["check_named", "current_exercise", "demand_file", "demand_packages", "load"]
