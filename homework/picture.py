"""The exercise's picture, drawn by us from what the student's own code computed."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from tinygrad_edu.homework.course import Exercise
from tinygrad_edu.homework.runner.batch import Batch
from tinygrad_edu.homework.runner.jobs import Job
from tinygrad_edu.homework.runner.seen import Seen
from tinygrad_edu.homework.session import Program, with_code


def look(exercise: Exercise, program: Program) -> Seen:
    """Run the probe `picture` on a program."""
    drawer = import_module(f"tinygrad_edu.homework.exercises.{exercise.folder.name}.picture")
    limits = {**exercise.limits(), "wall": getattr(drawer, "WALL", exercise.limits()["wall"])}
    job = Job(exercise, program.source, "picture", drawer.PARAMS, limits, program.beside, program.base)
    ((_, seen),) = Batch([job])
    return with_code(seen, exercise, program)


def draw(exercise: Exercise, seen: Seen, lang: str) -> str:
    """SVG of what was seen; `seen` must be finished.

    Raises:
        ValueError: the observation is not what a picture can be made of.
    """
    drawer = import_module(f"tinygrad_edu.homework.exercises.{exercise.folder.name}.picture")
    try:
        svg: str = drawer.draw(seen.observation, drawer.PARAMS, lang)
    except (TypeError, KeyError, IndexError, AttributeError, ValueError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
    return svg


def about(exercise: Exercise, lang: str) -> str:
    """One sentence on what the picture shows."""
    drawer = import_module(f"tinygrad_edu.homework.exercises.{exercise.folder.name}.picture")
    return str(drawer.ABOUT[lang])


def path(root: Path, exercise: Exercise) -> Path:
    return root / "pictures" / f"{exercise.slug}.svg"
