"""What the homework's commands share: the workspace, the language, exercises by name, and errors with advice."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import wraps
from typing import Any

import click

from tinygrad_edu.cli.problem import Problem, nearest
from tinygrad_edu.homework.course import Course, CourseError, Exercise, load
from tinygrad_edu.homework.show import words
from tinygrad_edu.homework.workspace import Workspace, WorkspaceError

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
        except WorkspaceError as error:
            raise problem(error.key, **error.filled) from error
        except CourseError as error:
            raise Problem(str(error), "the installed course is damaged; install tinygrad_edu again", BROKEN) from error
        except (RuntimeError, OSError) as error:
            told = str(error) if isinstance(error, RuntimeError) else f"{error.strerror}: {error.filename}"
            raise problem("environment", BROKEN, told=told) from error

    return run


def here() -> Workspace:
    """The workspace of the current folder."""
    return Workspace.find()


def language(lang: str | None, workspace: Workspace | None = None) -> str:
    return lang or (workspace.lang if workspace else words.default_language())


def problem(key: str, code: int = USAGE, **filled: Any) -> Problem:
    """A problem of the table, in the language of the command (`--lang`), the workspace or the environment."""
    context = click.get_current_context(silent=True)
    lang = context.params.get("lang") if context else None
    with suppress(WorkspaceError):
        lang = lang or here().lang
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


__all__ += ["check_named", "current_exercise", "demand_packages", "load"]
