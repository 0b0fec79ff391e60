"""`hw watch`: check again whenever the file is saved, and answer to single keys."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from tinygrad_edu.cli.homework.checking import run_checks
from tinygrad_edu.cli.homework.common import (
    current_exercise,
    demand_packages,
    exercise_named,
    explained,
    here,
    language,
    language_option,
    load,
    problem,
)
from tinygrad_edu.cli.homework.places import list_command
from tinygrad_edu.cli.homework.reading import hint_command, picture_command
from tinygrad_edu.homework.course import Course, Exercise
from tinygrad_edu.homework.show.screen import Screen
from tinygrad_edu.homework.show.words import word
from tinygrad_edu.homework.workspace import Workspace, WorkspaceError

__all__ = ["watch_command"]

TICK = 0.05
"""Seconds between looks at the keyboard and at the file's time. One file needs no notifications from the operating
system, and these are silent on network and WSL drives: looking works everywhere."""


@click.command("watch")
@click.argument("name", required=False)
@language_option
@explained
def watch_command(name: str | None, lang: str | None) -> None:
    """Check an exercise each time its file is saved. Keys: c check, h hint, p picture, n next, l list, q quit."""
    workspace, course = here(), load()
    exercise = exercise_named(course, name) if name else current_exercise(workspace, course)
    demand_packages([exercise])
    Watch(workspace, course, exercise, language(lang, workspace)).run()


class Watch:
    """The loop: a save or a key, then what it asks for."""

    def __init__(self, workspace: Workspace, course: Course, exercise: Exercise, lang: str) -> None:
        self.workspace, self.course, self.lang = workspace, course, lang
        self.screen = Screen()
        self.go_to(exercise)

    def go_to(self, exercise: Exercise) -> None:
        self.exercise = exercise
        self.workspace.start(exercise)
        self.saves = Saves(self.workspace.file(exercise))

    def run(self) -> None:
        """Until q, Ctrl-C or the end of the input."""
        with keys() as key:  # (before the first check: a key pressed during it is not lost)
            self.check()
            self.status()
            while True:
                pressed = key()
                if pressed in ("q", "\x03", "\x04"):
                    return
                action = self.actions().get(pressed) or (self.check if self.saves.finished() else None)
                if action:
                    action()
                    self.status()
                time.sleep(TICK)

    def actions(self) -> dict[str, Callable[[], Any]]:
        return {
            "c": self.check,
            "h": lambda: self.call(hint_command, self.exercise.slug),
            "p": lambda: self.call(picture_command, self.exercise.slug),
            "l": lambda: self.call(list_command),
            "n": self.next,
        }

    def call(self, command: click.Command, *arguments: str) -> None:
        """Another command, its errors shown and not raised."""
        from tinygrad_edu.cli.problem import Problem

        try:
            command.main([*arguments, "--lang", self.lang], standalone_mode=False)
        except Problem as found:
            self.screen.line(found.message)
        try:
            self.workspace.reread()  # (the hint's rung)
        except WorkspaceError as error:
            self.screen.line(problem(error.key, **error.filled).message)

    def check(self) -> None:
        self.saves.taken()
        self.screen.line()
        try:
            run_checks(self.screen, self.workspace, self.course, self.exercise, self.lang)
        except WorkspaceError as error:  # the file is gone for a moment while an editor saves it
            told = problem(error.key, **error.filled)
            self.screen.line(told.message)
            self.screen.line(told.hint)
        except RuntimeError as error:
            self.screen.line(str(error))

    def next(self) -> None:
        exercises = self.workspace.exercises(self.course)
        later = [e for e in exercises if e.number > self.exercise.number]
        self.go_to((later or exercises)[0])
        self.check()

    def status(self) -> None:
        exercises = self.workspace.exercises(self.course)
        done = sum(self.workspace.standing(exercise)[1] for exercise in exercises)
        bar = "█" * done + "░" * (len(exercises) - done)
        file = self.workspace.file(self.exercise).relative_to(self.workspace.root)
        self.screen.line(word("watch.watching", self.lang, file=file), style="dim")
        self.screen.line(f"{word('watch.keys', self.lang)}   {bar} {done}/{len(exercises)}", style="dim")
        sys.stdout.flush()


class Saves:
    """Tells when a file has been saved, and not while it is being saved.

    Many editors empty a file and then write it, or remove it and put a new one in its place: what is there in between
    is nobody's program. So a change counts once the file has looked the same twice in a row.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.taken()

    def taken(self) -> None:
        """The file is read now: what it looks like at this moment is no news."""
        self._known = self._before = self._look()

    def finished(self) -> bool:
        """Whether the file differs from the one last taken, is there, and has not changed since the last look."""
        now, before = self._look(), self._before
        self._before = now
        return now is not None and now == before and now != self._known

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


@contextlib.contextmanager
def keys() -> Iterator[Callable[[], str]]:
    """A function that returns the key pressed since it was last called, or an empty text; needs no Enter."""
    if not sys.stdin.isatty():
        yield lambda: ""
        return
    if os.name == "nt":
        import msvcrt

        yield lambda: msvcrt.getwch().lower() if msvcrt.kbhit() else ""  # type: ignore[attr-defined, unused-ignore]
        return
    import select
    import termios
    import tty

    handle = sys.stdin.fileno()
    before = termios.tcgetattr(handle)
    try:
        tty.setcbreak(handle, termios.TCSADRAIN)  # (the default throws away what was typed before)

        def key() -> str:
            ready, _, _ = select.select([handle], [], [], 0)
            return os.read(handle, 1).decode("ascii", "ignore").lower() if ready else ""

        yield key
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, before)
