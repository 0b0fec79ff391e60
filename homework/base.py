"""What a later exercise runs on: the student's own earlier result where it passed, else the course's."""

from __future__ import annotations

from dataclasses import dataclass

from tinygrad_edu.homework.course import Course, Exercise
from tinygrad_edu.homework.session import Program
from tinygrad_edu.homework.workspace import Workspace, read_source


@dataclass(frozen=True)
class Choice:
    """For each module that an exercise builds on: the exercise, and whether it is the student's own."""

    exercise: Exercise
    own: bool


def choices(workspace: Workspace, course: Course, exercise: Exercise, wish: str | None = None) -> dict[str, Choice]:
    """Module name -> where it comes from. `wish` is "mine", "ref" or None for "mine if it passed as it is now"."""
    found = {}
    for module, slug in exercise.base.items():
        earlier = course.exercises[slug]
        _, done, stale = workspace.standing(earlier)
        exists = workspace.file(earlier).exists()
        own = exists if wish == "mine" else wish is None and exists and done and not stale
        found[module] = Choice(earlier, own)
    return found


def program_of(workspace: Workspace, course: Course, exercise: Exercise, wish: str | None = None) -> Program:
    """The student's program with what it builds on.

    Raises:
        WorkspaceError: their file cannot be read.
    """
    base = {
        module: read_source(workspace.file(choice.exercise)) if choice.own else choice.exercise.solution
        for module, choice in choices(workspace, course, exercise, wish).items()
    }
    return Program(read_source(workspace.file(exercise)), workspace.beside(exercise), base)
