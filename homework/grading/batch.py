"""The whole batch: every student graded, several at a time, and written down even if something of ours fails."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime
from pathlib import Path
from typing import Any

from tinygrad_edu.homework.course import Exercise
from tinygrad_edu.homework.encodings import other_encoding
from tinygrad_edu.homework.grading import report
from tinygrad_edu.homework.grading.grade import grade
from tinygrad_edu.homework.grading.report import Result
from tinygrad_edu.homework.grading.roster import Matched, Student, is_late
from tinygrad_edu.homework.grading.submissions import Submission, program_files
from tinygrad_edu.homework.runner.batch import Launcher
from tinygrad_edu.homework.show.words import both
from tinygrad_edu.homework.workspace import write_atomically

CSV, JSON = "grades.csv", "results.json"
MOST_NAMED = 8  # files, in a note


def new_seed() -> int:
    """A secret seed for the twins."""
    return secrets.randbits(48)


def run(
    matched: Matched,
    exercises: Sequence[Exercise],
    out: Path,
    seed: int,
    launcher: Launcher,
    sandbox: str,
    jobs: int = 1,
    deadline: datetime | None = None,
    before: Sequence[Result] = (),
    only: Sequence[Student] | None = None,
    tell: Callable[[int, int, Result], None] = lambda number, of, result: None,
) -> list[Result]:
    """Grade, write `grades.csv`, `results.json` and a page per student; returns the results in the roster's order.

    Args:
        before: results of an earlier run, which stay for those who are not graded again.
        only: grade these students, not all.
        tell: called after each student.
    """
    kept = {result.student.id: result for result in before}
    wanted = [s for s in matched.chosen if only is None or s in only]
    with ThreadPoolExecutor(max_workers=max(jobs, 1)) as pool:
        waiting = {
            pool.submit(_one, student, matched, exercises, seed, launcher, deadline): student for student in wanted
        }
        for number, future in enumerate(as_completed(waiting), 1):
            result = future.result()
            kept[result.student.id] = result
            page = report.page_of(result, exercises).encode("utf-8")
            write_atomically(out / "students" / report.page_name(result.student), page)
            tell(number, len(wanted), result)
    for student in matched.missing:
        kept.setdefault(student.id, Result(student, notes=[both("grade.no_submission")]))
    results = sorted(kept.values(), key=lambda r: r.student.id)
    report.write_csv(out / CSV, results, exercises)
    about: dict[str, Any] = {
        "format": 1, "sandbox": sandbox, "seed": seed, "made": datetime.now().isoformat(timespec="seconds"),
        "versions": {e.slug: e.version for e in exercises}, "unknown": [s.name for s in matched.unknown],
    }  # fmt: skip
    report.write_json(out / JSON, results, about)
    return results


def _one(
    student: Student,
    matched: Matched,
    exercises: Sequence[Exercise],
    seed: int,
    launcher: Launcher,
    deadline: datetime | None,
) -> Result:
    submission = matched.chosen[student]
    result = Result(student, submission.name, submission.when.isoformat(sep=" ", timespec="seconds"))
    result.late = is_late(submission, deadline)
    if result.late:
        result.notes.append(both("grade.late", when=result.when))
    if earlier := matched.earlier.get(student):
        names = ", ".join(s.name for s in earlier)
        result.notes.append(both("grade.earlier", count=len(earlier) + 1, names=names))
    result.notes += submission.problems
    unread = submission.problems and not submission.files
    if not unread and not any(program_files(submission, exercise)[0] is not None for exercise in exercises):
        names = ", ".join(sorted(submission.files)[:MOST_NAMED]) or "–"
        result.notes.append(both("grade.no_file", names=names))
    for exercise in exercises:
        source, _ = program_files(submission, exercise)
        if source is not None and (encoding := other_encoding(source.encode("utf-8", "surrogateescape"))):
            result.notes.append(both("grade.encoding", name=exercise.file, encoding=encoding))
    for graded in grade(submission, exercises, seed, launcher):
        result.exercises[graded.exercise.slug] = report.as_data(graded)
        if graded.problem:
            result.notes.append(f"{graded.exercise.slug}: {graded.problem.splitlines()[-1]}")
    return result


def frequent_mistakes(results: Sequence[Result], most: int = 5) -> list[tuple[str, int]]:
    """(exercise/mistake, students), the most frequent first."""
    found: Counter[str] = Counter()
    for result in results:
        for slug, row in result.exercises.items():
            found.update({f"{slug}/{check['mistake']}" for check in row["checks"] if check["mistake"]})
    return found.most_common(most)


def has_file(result: Result) -> bool:
    return any(row["handed_in"] for row in result.exercises.values())


def has_timeout(result: Result) -> bool:
    return any(check["state"] == "timeout" for row in result.exercises.values() for check in row["checks"])


def submissions_of(matched: Matched) -> list[Submission]:
    """Every submission that counts."""
    return list(matched.chosen.values())
