"""Who handed in what: single files of one student are one submission; teachers are told in their language."""

import csv
import io
import json
import os
import sys
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.commands import tinyedu

from tinygrad_edu.homework.course import load
from tinygrad_edu.homework.grading.roster import Student, match, read_roster
from tinygrad_edu.homework.grading.submissions import Submission, find, program_files

EXERCISES = load().exercises
VALUE, CONV1D = EXERCISES["value"], EXERCISES["conv1d"]
ADA, BOB = Student("s1", "Ada Lovelace", ""), Student("s2", "Bob", "")
NOON = datetime(2026, 5, 1, 12)


def handed_in(name: str, minute: int, files: dict[str, str] | None = None) -> Submission:
    """A zip with these files, or a single file that holds its own name."""
    when = NOON + timedelta(minutes=minute)
    if files is None:
        return Submission(name, when, {name: name.encode()}, singles=frozenset([name]))
    return Submission(name, when, {path: text.encode() for path, text in files.items()})


def graded(submission: Submission) -> tuple[str | None, str | None]:
    """The programs of two exercises."""
    return program_files(submission, VALUE)[0], program_files(submission, CONV1D)[0]


CANVAS = ("lovelaceada_LATE_11_100_value.py", "lovelaceada_11_101_conv1d.py", "lovelaceada_11_102_value-1.py")
MOODLE = tuple(f"Ada Lovelace_7_assignsubmission_file_{file}" for file in ("value.py", "conv1d.py", "value (1).py"))
PLAIN = ("s1_value.py", "s1_conv1d.py", "s1-value-2.py")


@pytest.mark.parametrize("roster", [[], [ADA, BOB]], ids=["no roster", "roster"])
@pytest.mark.parametrize("names", [CANVAS, MOODLE, PLAIN], ids=["canvas", "moodle", "plain"])
@pytest.mark.parametrize("minutes", [(0, 1, 2), (0, 0, 0), (2, 1, 3)], ids=str)
def test_single_files_of_one_student_are_one_submission(
    names: tuple[str, ...], roster: list[Student], minutes: tuple[int, ...]
) -> None:
    if roster and names is CANVAS:
        roster = [Student("11", "Lovelace, Ada", ""), BOB]
    found = match([handed_in(name, minute) for name, minute in zip(names, minutes, strict=True)], roster)
    ((student, made),) = found.chosen.items()
    assert roster == [] or student == roster[0]
    assert graded(made) == (names[2], names[1]), "of the same file the latest, by its time and then its number"
    assert [one.name for one in found.earlier[student]] == [names[0]]
    assert made.when == NOON + timedelta(minutes=max(minutes)) and names[1] in made.name and names[2] in made.name


def test_without_a_roster_the_student_is_what_comes_before_the_exercise() -> None:
    names = [*CANVAS[:2], *MOODLE[:2], *PLAIN[:2], "value.py", "carl.py", "dora.zip", "get_values.py"]
    found = match([handed_in(name, 0, {} if name.endswith(".zip") else None) for name in names], [])
    students = {"lovelaceada_11", "Ada Lovelace_7", "s1", "value", "carl", "dora", "get_values"}
    assert {student.id for student in found.chosen} == students


def test_a_zip_counts_with_the_single_files_that_came_after_it() -> None:
    packed = {"value/value.py": "old", "value/util.py": "helper", "conv1d/conv1d.py": "kept"}
    several = [
        handed_in("s1_value.py", 0),
        handed_in("s1_first.zip", 1, {"value.py": "older"}),
        handed_in("s1.zip", 2, packed),
        handed_in("s1_value-1.py", 3),
        handed_in("s1_value-2.py", 4),
    ]
    found = match(several[::-1], [ADA])
    made = found.chosen[ADA]
    assert graded(made) == ("s1_value-2.py", "kept")
    assert program_files(made, VALUE)[1] == {"util.py": "helper"}
    assert {one.name for one in found.earlier[ADA]} == {"s1_value.py", "s1_first.zip", "s1_value-1.py"}


def test_a_batch_of_single_files_is_graded_as_one_submission_of_each(tmp_path: Path) -> None:
    place = tmp_path / "in"
    place.mkdir()
    files = {"s1_value.py": VALUE.solution, "s1_conv1d.py": CONV1D.solution, "s2_value.py": "x = '猫です'\n"}
    for number, (name, source) in enumerate(files.items()):
        (place / name).write_bytes(source.encode("cp932" if "猫" in source else "utf-8"))
        os.utime(place / name, (1_700_000_000 + number,) * 2)
    assert [s.name for s in find([place])] == sorted(files)
    told = tinyedu(
        tmp_path, "grade", "in", "--out", "out", "--sandbox", "process", "--lang", "en",
        "--exercise", "value", "--exercise", "conv1d",
    )  # fmt: skip
    assert "2/2 graded" in told
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO((tmp_path / "out/grades.csv").read_text("utf-8-sig")))}
    assert set(rows) == {"s1", "s2"}
    assert rows["s1"]["total"] == str(VALUE.points + CONV1D.points) and not rows["s1"]["notes"]
    assert "value.py is Shift-JIS" in rows["s2"]["notes"] and "value.py が UTF-8 ではなく" in rows["s2"]["notes"]
    assert "save it as UTF-8" in (tmp_path / "out/students/s2.html").read_text("utf-8")


def results(path: Path, text: str) -> None:
    path.mkdir()
    (path / "results.json").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("command", "code", "en", "ja"),
    [
        ("grade empty --out o --sandbox process", 2, "no submissions found", "提出物が見つかりません"),
        ("grade in --out o --sandbox process --only s9", 2, "there is no results.json", "results.json がありません"),
        ("grade in --out bad --sandbox process --only s9", 2, "not what hw grade writes", "hw grade が書いたもの"),
        ("grade in --out good --sandbox process --only s9", 2, "no submission of s9", "s9 の提出がありません"),
        ("grade in --out o --sandbox process --exercise valeu", 2, "did you mean value", "value ではありませんか"),
        ("grade in --out o --sandbox process --roster r/empty.csv", 2, "has no students", "学生がいません"),
        ("grade in --out o --sandbox process --roster r/names.csv", 2, "no column for the id", "学籍番号 (id) の列"),
        ("grade in --out o --sandbox process --roster r/same.csv", 2, "look at: s1", "確認するところ: s1"),
        ("grade in --out o --sandbox process --roster r/huge.csv", 2, "is no CSV", "CSV ではありません"),
        ("grade in --out o --sandbox docker", 3, "no sandbox", "サンドボックスがありません"),
        ("grade in --out r/empty.csv/o --sandbox process", 3, "no access to", "読み書きできません"),
        ("stats good/students", 2, "there is no results.json", "results.json がありません"),
        ("stats bad", 2, "not what hw grade writes", "hw grade が書いたもの"),
        ("similarity-export in --out o --roster r/empty.csv", 2, "has no students", "学生がいません"),
        ("similarity-export in --out o --exercise nothing", 2, "no exercise 'nothing'", "はありません"),
        ("gradescope valeu", 2, "did you mean value", "value ではありませんか"),
        ("gradescope value --out r/empty.csv/a.zip", 3, "no access to", "読み書きできません"),
    ],
)
def test_what_a_teacher_can_put_right_is_told_in_both_languages(
    tmp_path: Path, command: str, code: int, en: str, ja: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # (no docker there)
    for name in ("empty", "in", "r"):
        (tmp_path / name).mkdir()
    results(tmp_path / "bad", '{"students": [3]}')
    results(tmp_path / "good", '{"students": [], "seed": 1}')
    (tmp_path / "good" / "students").mkdir()
    (tmp_path / "in" / "s1_value.py").write_text("x = 1\n")
    rosters = {"empty": "", "names": "name\nAda\n", "same": "id,name\ns1,Ada\ns1,Bob\n", "huge": "id\n" + "x" * 200_000}
    for name, text in rosters.items():
        (tmp_path / "r" / f"{name}.csv").write_text(text)
    for lang, text in (("en", en), ("ja", ja)):
        told = tinyedu(tmp_path, *command.split(), "--lang", lang, code=code)
        assert text in told and "unexpected" not in told and "Traceback" not in told


@pytest.mark.parametrize(
    ("name", "content", "en", "ja"),
    [
        ("a.zip", b"PK\x03\x04 nothing", "no zip, or a damaged one", "zip ではないか"),
        ("b.zip", "locked", "needs a password", "パスワード"),
        ("c.zip", "many", "more than 2000 files", "2000 個を超えて"),
    ],
)
def test_what_cannot_be_read_is_told_in_both_languages(
    tmp_path: Path, name: str, content: bytes | str, en: str, ja: str
) -> None:
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            for number in range(2001 if content == "many" else 1):
                archive.writestr(f"value{number}.py", "x = 1\n")
    if content == "locked":
        raw = bytearray(path.read_bytes())
        raw[6] |= 1  # the flag of the local header, and that of the directory
        raw[raw.index(b"PK\x01\x02") + 8] |= 1
        path.write_bytes(raw)
    (made,) = find([path])
    assert len(made.problems) == 1 and en in made.problems[0] and ja in made.problems[0]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp932"])
def test_a_roster_may_come_from_any_spreadsheet(tmp_path: Path, separator: str, encoding: str) -> None:
    path = tmp_path / "roster.csv"
    rows = [("学籍番号", "氏名", "メール"), ("s1", "山田 太郎", "t@example.org")]
    path.write_text("\n".join(separator.join(row) for row in rows), encoding=encoding)
    assert read_roster(path) == [Student("s1", "山田 太郎", "t@example.org")]


def test_results_of_single_files_can_be_graded_again(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    file = tmp_path / "in" / "s1_value.py"
    file.write_text("x = 1\n", encoding="utf-8")
    arguments = ("grade", "in", "--out", "out", "--sandbox", "process", "--exercise", "value", "--lang", "ja")
    tinyedu(tmp_path, *arguments)
    file.write_text(VALUE.solution, encoding="utf-8")
    tinyedu(tmp_path, *arguments, "--only", "s1")
    (row,) = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))["students"]
    assert row["id"] == "s1" and row["total"] == VALUE.points
