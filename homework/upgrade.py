"""Brings a workspace to the installed version of the exercises without touching what the student wrote."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from tinygrad_edu.homework.course import LANGUAGES, Course, Exercise
from tinygrad_edu.homework.workspace import Workspace, write_atomically

UNCHANGED, REPLACED, MERGED, CONFLICT, FORGOTTEN = "unchanged", "replaced", "merged", "conflict", "forgotten"


def upgrade(workspace: Workspace, course: Course) -> dict[str, str]:
    """For each exercise that was started: what was done.

    `unchanged`, `replaced`, `merged` or `conflict`; `forgotten` where the starter that it began from is not kept any
    more, so that nobody can tell what is the student's: nothing is changed, and the newest starter is kept from now on.
    """
    done = {}
    for exercise in course.exercises.values():
        if workspace.file(exercise).exists():
            kept = workspace.starter_path(exercise).exists()
            done[exercise.slug] = _one(workspace, exercise) if kept else _forgotten(workspace, exercise)
    return done


def _forgotten(workspace: Workspace, exercise: Exercise) -> str:
    write_atomically(workspace.starter_path(exercise), exercise.starter_in(workspace.lang).encode("utf-8"))
    known = {exercise.starter_in(lang).encode("utf-8") for lang in LANGUAGES}
    return UNCHANGED if workspace.file(exercise).read_bytes() in known else FORGOTTEN


def _one(workspace: Workspace, exercise: Exercise) -> str:
    mine, kept = workspace.file(exercise), workspace.starter_path(exercise)
    old, new = kept.read_bytes(), exercise.starter_in(workspace.lang).encode("utf-8")
    if old in {exercise.starter_in(lang).encode("utf-8") for lang in LANGUAGES}:
        return UNCHANGED  # (also where the folder's language has changed since)
    workspace.back_up(exercise)
    if mine.read_bytes() == old:
        outcome, content = REPLACED, new
    else:
        merged = three_way(mine.read_bytes(), old, new)
        outcome, content = (MERGED, merged) if merged is not None else (CONFLICT, mine.read_bytes())
    # The order matters if the program is killed here: with the old starter kept, the next upgrade does it all again.
    if outcome == CONFLICT:
        write_atomically(mine.with_name(f"{mine.stem}.NEW.py"), new)
    else:
        write_atomically(mine, content)
    write_atomically(kept, new)
    return outcome


def three_way(mine: bytes, old: bytes, new: bytes) -> bytes | None:
    """The student's changes and the course's in one file, or None where both touch a line (or git is missing)."""
    git = shutil.which("git")
    if git is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("mine", "old", "new")]
        for path, content in zip(paths, (mine, old, new), strict=True):
            path.write_bytes(content)
        command = [git, "merge-file", "-p", "--quiet", *map(str, paths)]
        result = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False, timeout=20)
    return result.stdout if result.returncode == 0 else None
