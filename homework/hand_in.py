"""The zip that a student hands in: their files, the course's version, and their own results (for information only)."""

from __future__ import annotations

import io
import json
import time
import zipfile
from pathlib import Path

from tinygrad_edu.homework.course import Course, Exercise
from tinygrad_edu.homework.workspace import Workspace, WorkspaceError, write_atomically

MANIFEST = "submission.json"


def pack(workspace: Workspace, course: Course, exercises: list[Exercise]) -> tuple[Path, int]:
    """Write `submission.zip`; returns where, and how many of the student's files are in it.

    Raises:
        WorkspaceError: there is no file of these exercises.
    """
    files: dict[str, bytes] = {}
    for exercise in exercises:
        path = workspace.file(exercise)
        if path.exists():
            files[f"{exercise.slug}/{exercise.file}"] = path.read_bytes()
            for name in workspace.beside(exercise):
                files[f"{exercise.slug}/{name}"] = (path.parent / name).read_bytes()
        for extra in exercise.meta.get("hand_in", ()):
            if (path.parent / extra).is_file():
                files[f"{exercise.slug}/{extra}"] = (path.parent / extra).read_bytes()
    if not files:
        raise WorkspaceError("nothing_to_hand_in")
    manifest = {
        "course": course.version,
        "made": time.strftime("%Y-%m-%d %H:%M:%S"),
        "versions": {exercise.slug: exercise.version for exercise in exercises},
        "own_results": {exercise.slug: workspace.last(exercise) for exercise in exercises},
        "given_up": workspace.state["given_up"],
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        archive.writestr(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
    target = workspace.root / "submission.zip"
    write_atomically(target, buffer.getvalue())
    with zipfile.ZipFile(target) as archive:  # what is on disk is what counts
        if archive.testzip() is not None:
            raise WorkspaceError("not_written", name=target.name)
    return target, len(files)
