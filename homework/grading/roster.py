"""Who is who: students of a CSV, and submissions matched to them by the file names that learning platforms write.

Moodle writes `Ada Lovelace_12345_assignsubmission_file_...`, Canvas `lovelaceada_LATE_123_456_submission.zip`,
Gradescope `submission_123456`. A student is found by their id, e-mail address or name in any of these.
"""

from __future__ import annotations

import codecs
import csv
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from tinygrad_edu.homework.grading.submissions import Submission, together, whose
from tinygrad_edu.homework.show.words import Correctable

COLUMNS = {
    "id": ("id", "student id", "sid", "number", "学籍番号", "学生番号", "番号"),
    "name": ("name", "full name", "student", "氏名", "名前"),
    "email": ("email", "e-mail", "mail", "email address", "メール", "メールアドレス"),
}


class RosterError(Correctable):
    """The roster cannot be used; the message says why."""


@dataclass(frozen=True)
class Student:
    """One line of the roster; without a roster, the submission's own name."""

    id: str
    name: str = ""
    email: str = ""


@dataclass
class Matched:
    """Who handed in what.

    Attributes:
        chosen: the submission that counts, per student: the last one; of single files the last of each exercise.
        earlier: others of the same student.
        unknown: submissions that match no student, or several.
        missing: students without a submission.
    """

    chosen: dict[Student, Submission] = field(default_factory=dict)
    earlier: dict[Student, list[Submission]] = field(default_factory=dict)
    unknown: list[Submission] = field(default_factory=list)
    missing: list[Student] = field(default_factory=list)


def read_roster(path: Path) -> list[Student]:
    """Students of a CSV with a header; columns are found by name, in English or Japanese, in UTF-8, UTF-16 or cp932.

    Raises:
        RosterError: no column for the id, an empty or repeated id, or no CSV.
    """
    raw = path.read_bytes()
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # (what Excel calls Unicode text)
        content = raw.decode("utf-16", "replace")
    else:
        try:
            content = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            content = raw.decode("cp932", "replace")
    head = content.partition("\n")[0]
    try:
        rows = list(csv.DictReader(content.splitlines(), delimiter=max(",;\t", key=head.count)))
    except csv.Error as error:
        raise RosterError("roster_no_csv", name=path.name, why=error) from None
    if not rows:
        raise RosterError("roster_empty", name=path.name)
    columns = {}
    for key, names in COLUMNS.items():
        columns[key] = next((h for h in rows[0] if h and plain(h) in {plain(name) for name in names}), None)
    if columns["id"] is None:
        found = ", ".join(str(h)[:40] for h in rows[0] if h) or "–"
        raise RosterError("roster_no_id", name=path.name, columns=found)
    students = [
        Student(*((row.get(columns[key] or "") or "").strip() for key in ("id", "name", "email"))) for row in rows
    ]
    ids = [student.id for student in students]
    wrong = [id_ or student.name or "–" for id_, student in zip(ids, students, strict=True) if not id_]
    wrong += [id_ for id_ in dict.fromkeys(ids) if id_ and ids.count(id_) > 1]
    if wrong:
        raise RosterError("roster_same_id", name=path.name, ids=", ".join(wrong[:8]))
    return students


def plain(text: str) -> str:
    """Letters and digits only, so that `Lovelace, Ada` and `lovelace_ada` are alike; full-width forms too.

    >>> plain("Ｌovelace, Ada")
    'lovelaceada'
    """
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold())


def match(submissions: Sequence[Submission], roster: Sequence[Student]) -> Matched:
    """Submissions by student. Without a roster the name of a submission is the student's, an exercise's left out."""
    found = Matched()
    handed_in: dict[Student, list[Submission]] = {}
    for submission in sorted(submissions, key=lambda s: (s.when, s.copy)):
        if roster:
            owners = owners_of(submission.name, roster)
            if len(owners) != 1:
                found.unknown.append(submission)
                continue
            student = owners[0]
        else:
            student = Student(whose(submission))
        handed_in.setdefault(student, []).append(submission)
    for student, several in handed_in.items():
        found.chosen[student], earlier = together(several)
        if earlier:
            found.earlier[student] = earlier
    found.missing = [student for student in roster if student not in found.chosen]
    return found


def owners_of(name: str, roster: Sequence[Student]) -> list[Student]:
    """Students whose id, e-mail or name stands in the name of a submission; the most telling kind decides."""
    whole = plain(Path(name).stem if name.lower().endswith((".zip", ".py")) else name)
    parts = {plain(part) for part in re.split(r"[\W_]+", unicodedata.normalize("NFKC", name))}
    by_id = [s for s in roster if plain(s.id) in parts or (len(plain(s.id)) >= 5 and plain(s.id) in whole)]
    if by_id:
        return by_id
    by_mail = [s for s in roster if s.email and len(m := plain(s.email.partition("@")[0])) >= 4 and m in whole]
    if by_mail:
        return by_mail
    by_name = [s for s in roster if s.name and any(n in whole for n in _spellings(s.name))]
    longest = max((len(plain(s.name)) for s in by_name), default=0)
    return [s for s in by_name if len(plain(s.name)) == longest]


def _spellings(name: str) -> list[str]:
    """The name as written and with its two parts exchanged, as Canvas has it."""
    parts = [plain(part) for part in re.split(r"[\s,　]+", name) if plain(part)]
    return ["".join(parts), "".join(parts[::-1]), "".join(parts[1:] + parts[:1])] if parts else []


def is_late(submission: Submission, deadline: datetime | None) -> bool:
    """After the deadline, or marked as late by Canvas."""
    return (deadline is not None and submission.when > deadline) or "_LATE_" in submission.name
