"""What grading leaves: `grades.csv`, `results.json`, and a page per student in English and Japanese."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from tinygrad_edu.homework.course import LANGUAGES, Exercise
from tinygrad_edu.homework.grading.grade import Graded
from tinygrad_edu.homework.grading.roster import Student
from tinygrad_edu.homework.show.page import wrap
from tinygrad_edu.homework.show.verdicts import GLYPH, reason
from tinygrad_edu.homework.show.words import Correctable, harmless, word
from tinygrad_edu.homework.workspace import write_atomically

FORMULA = ("=", "+", "-", "@", "\t", "\r")


class ResultsError(Correctable):
    """The results of an earlier run cannot be used."""


@dataclass
class Result:
    """One student's line: plain data, so that it can be read back and graded again in part.

    Attributes:
        exercises: slug -> {"points", "of", "handed_in", "problem", "checks": [...]}.
        notes: late, duplicates, problems, in words.
    """

    student: Student
    submission: str = ""
    when: str = ""
    late: bool = False
    exercises: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(row["points"] for row in self.exercises.values())


def as_data(graded: Graded) -> dict[str, Any]:
    """An exercise's outcome as JSON, with the reasons in both languages."""
    return {
        "points": graded.points,
        "of": graded.exercise.points,
        "version": graded.exercise.version,
        "handed_in": graded.handed_in,
        "problem": graded.problem,
        "checks": [
            {
                "name": v.check.name,
                "part": v.check.part,
                "state": v.state,
                "points": v.earned,
                "of": v.check.points,
                "seconds": v.seconds,
                "twin": v.twin,
                "mistake": v.mistake.name if v.mistake else None,
                "reason": {lang: reason(graded.exercise, v, lang) for lang in LANGUAGES},
            }
            for v in graded.verdicts
        ],
    }


def safe_cell(text: object) -> str:
    """A cell that no spreadsheet takes for a formula.

    >>> safe_cell("=1+1"), safe_cell("Ada"), safe_cell(-3)
    ("'=1+1", 'Ada', '-3')
    """
    if isinstance(text, (int, float)):
        return str(text)
    shown = harmless(str(text))
    return f"'{shown}" if shown.startswith(FORMULA) else shown


def write_csv(path: Path, results: Sequence[Result], exercises: Sequence[Exercise]) -> None:
    """One line per student; with a byte order mark, so that spreadsheets read Japanese names."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\r\n")
    slugs = [exercise.slug for exercise in exercises]
    rows.writerow(["id", "name", "email", *slugs, "total", "of", "late", "submission", "when", "notes"])
    of = sum(exercise.points for exercise in exercises)
    for result in results:
        points = [result.exercises.get(e.slug, {}).get("points", 0) for e in exercises]
        student = [safe_cell(cell) for cell in (result.student.id, result.student.name, result.student.email)]
        tail = [result.total, of, "late" if result.late else "", *map(safe_cell, (result.submission, result.when))]
        rows.writerow([*student, *points, *tail, safe_cell("; ".join(result.notes))])
    write_atomically(path, out.getvalue().encode("utf-8-sig"))


def write_json(path: Path, results: Sequence[Result], about: dict[str, Any]) -> None:
    data = {
        **about,
        "students": [
            {
                "id": r.student.id, "name": r.student.name, "email": r.student.email, "submission": r.submission,
                "when": r.when, "late": r.late, "total": r.total, "notes": r.notes, "exercises": r.exercises,
            }
            for r in results
        ],
    }  # fmt: skip
    write_atomically(path, json.dumps(data, ensure_ascii=False, indent=1).encode("utf-8"))


def read_json(path: Path) -> tuple[list[Result], dict[str, Any]]:
    """What `write_json` wrote.

    Raises:
        ResultsError: there is no such file, or it is something else.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        students = data.pop("students")
        results = [
            Result(
                Student(row["id"], row["name"], row["email"]), row["submission"], row["when"], row["late"],
                row["exercises"], row["notes"],
            )
            for row in students
        ]  # fmt: skip
    except FileNotFoundError:
        raise ResultsError("no_results", name=path.name, folder=path.parent) from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ResultsError("bad_results", path=path) from None
    return results, data


def page_name(student: Student) -> str:
    """A file name for a student's page: their id, what a file system dislikes left out."""
    return (re.sub(r"[^\w.-]+", "_", student.id).strip("._") or "student")[:80] + ".html"


def page_of(result: Result, exercises: Sequence[Exercise]) -> str:
    """The page: everything in Japanese, then everything in English."""
    title = result.student.name or result.student.id
    parts = [f"<h1>{escape(harmless(title))}</h1>"]
    parts += [f"<p>{escape(harmless(note))}</p>" for note in result.notes]
    for lang in ("ja", "en"):
        of = sum(e.points for e in exercises)
        parts.append(f'<section lang="{lang}"><p><b>{word("foot.points", lang, earned=result.total, of=of)}</b></p>')
        for exercise in exercises:
            row = result.exercises.get(exercise.slug)
            if row:
                parts.append(_exercise(exercise, row, lang))
        parts.append("</section><hr>")
    return wrap(title, "\n".join(parts), "ja")


def _exercise(exercise: Exercise, row: dict[str, Any], lang: str) -> str:
    head = f"<h2>{exercise.number:02d} {escape(exercise.title[lang])} · {row['points']}/{row['of']}</h2>"
    if not row["handed_in"]:
        return head + f"<p>{word('grade.not_handed_in', lang)}</p>"
    if row["problem"]:
        return head + f"<p>{word('grade.problem', lang)}</p>"
    lines = []
    for check in row["checks"]:
        reasons = "".join(f"<br>{escape(harmless(line))}" for line in check["reason"][lang])
        state, points = check["state"], f"{check['points']}/{check['of']}" if check["of"] else "◆"
        lines.append(
            f'<tr><td class="{state}">{GLYPH[state]} {word(f"state.{state}", lang)}</td>'
            f"<td>{escape(check['name'])}</td><td>{escape(exercise.check_text(check['name']).title[lang])}{reasons}</td><td>{points}</td></tr>"
        )
    return head + f"<table>{''.join(lines)}</table>"
