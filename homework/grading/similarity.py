"""Lays submissions out for programs that look for copies (Dolos, JPlag), on the teacher's own machine."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tinygrad_edu.homework.course import Exercise
from tinygrad_edu.homework.grading.roster import Matched
from tinygrad_edu.homework.grading.submissions import program_files
from tinygrad_edu.homework.workspace import write_atomically

TEMPLATE = "template"


def export(matched: Matched, exercises: Sequence[Exercise], out: Path) -> dict[str, int]:
    """Write `out/<exercise>/<student>/<file>` and the starter as `out/<exercise>/template/`; files per exercise."""
    counts = {}
    for exercise in exercises:
        folder, count = out / exercise.slug, 0
        for student, submission in matched.chosen.items():
            source, beside = program_files(submission, exercise)
            if source is None:
                continue
            own = folder / "submissions" / (re.sub(r"[^\w.-]+", "_", student.id).strip("._")[:80] or "student")
            for name, content in {**beside, exercise.file: source}.items():
                write_atomically(own / name, content.encode("utf-8", "surrogateescape"))
            count += 1
        write_atomically(folder / TEMPLATE / exercise.file, exercise.starter.encode("utf-8"))
        counts[exercise.slug] = count
    return counts
