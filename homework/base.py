"""What a later exercise runs on: the student's own earlier result where it passed, else the course's."""

from __future__ import annotations

from dataclasses import dataclass

from tinygrad_edu.homework.course import Course, Exercise
from tinygrad_edu.homework.session import Program
from tinygrad_edu.homework.workspace import Workspace, WorkspaceError, read_source


@dataclass(frozen=True)
class Choice:
    """For each module that an exercise builds on: the exercise, whether it is the student's own, and how that came.

    `passed` is whether the student's own passes as it is now; `asked`, whether `--base` decided.
    """

    exercise: Exercise
    own: bool
    passed: bool
    asked: bool

    @property
    def told(self) -> str:
        """The key, under `foot`, of the sentence that says what was used."""
        if self.own:
            return "own_base" if self.passed else "own_unfinished"
        return "ref_asked" if self.asked else "ref_base"


def choices(workspace: Workspace, course: Course, exercise: Exercise, wish: str | None = None) -> dict[str, Choice]:
    """Module name -> where it comes from. `wish` is "mine", "ref" or None for "mine if it passed as it is now".

    Raises:
        WorkspaceError: "mine" is wished for and there is none.
    """
    found = {}
    for module, slug in exercise.base.items():
        earlier = course.exercises[slug]
        _, done, stale = workspace.standing(earlier)
        exists = workspace.file(earlier).exists()
        passed = exists and done and not stale
        if wish == "mine" and not exists:
            raise WorkspaceError("no_base", name=workspace.file(earlier).name, slug=slug)
        own = wish == "mine" or (wish is None and passed)
        found[module] = Choice(earlier, own, passed, wish is not None)
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
