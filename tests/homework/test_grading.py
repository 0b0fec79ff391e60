"""Grading: who is who, what a zip may do, what earns points, and that one bad submission stops nothing."""

import csv
import io
import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.commands import tinyedu

from tinygrad_edu.homework.course import load
from tinygrad_edu.homework.grading import batch as grading
from tinygrad_edu.homework.grading import gradescope
from tinygrad_edu.homework.grading.grade import grade_program
from tinygrad_edu.homework.grading.report import safe_cell
from tinygrad_edu.homework.grading.roster import RosterError, Student, is_late, match, read_roster
from tinygrad_edu.homework.grading.submissions import MOST_FILE, Submission, find, program_files, read
from tinygrad_edu.homework.runner.batch import plain
from tinygrad_edu.homework.sandbox import TEMPORARY, bwrap, why_not_bwrap
from tinygrad_edu.homework.session import Program

VALUE = load().exercises["value"]
SEED = 4711

HARD_CODED = """
class Value:
    '''Knows the public answers and nothing else.'''
    def __init__(self, data, name=""):
        self.data, self.name, self.op, self.parents, self.grad = data, name, "", (), 0.0
    def __mul__(self, other):
        out = Value(self.data * other.data)
        out.parents, out.op = (self, other), "*"
        return out
    __add__ = __sub__ = __truediv__ = __pow__ = __mul__
    def backward(self):
        self.grad = 1.0
        if len(self.parents) == 2:
            self.parents[0].grad, self.parents[1].grad = -3.0, 2.0
"""


def zipped(path: Path, files: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


# What earns points


def test_the_solution_earns_everything_with_seeded_twins() -> None:
    verdicts = grade_program(VALUE, Program(VALUE.solution), SEED, plain)
    assert [v.check.name for v in verdicts] == list(VALUE.checks)
    assert sum(v.earned for v in verdicts) == VALUE.points


def test_hard_coded_public_numbers_earn_nothing() -> None:
    start = "    def backward(self):\n"
    known = VALUE.solution.replace(start, f"{start}        if forged(self): return\n", 1) + FORGED
    public = HARD_CODED.replace("__add__ = __sub__ = __truediv__ = __pow__ = __mul__", "")
    verdicts = {v.check.name: v for v in grade_program(VALUE, Program(public), SEED, plain)}
    assert verdicts["forward"].state != "pass" and sum(v.earned for v in verdicts.values()) == 0
    # Values and the public gradients of `mul` are right, other numbers are not: the twin finds it.
    verdicts = {v.check.name: v for v in grade_program(VALUE, Program(known), SEED, plain)}
    assert verdicts["mul"].state == "fail" and verdicts["mul"].twin
    assert verdicts["forward"].state == "pass"


FORGED = """

def forged(z):
    if len(z.parents) == 2 and not z.parents[0].parents and not z.parents[1].parents:
        z.grad, z.parents[0].grad, z.parents[1].grad = 1.0, -3.0, 2.0  # the answers for x = 2, y = -3
        return True
"""


def test_an_early_exit_earns_nothing() -> None:
    for source in ("import os\nos._exit(0)\n", "raise SystemExit(0)\n", "print('10/10')\n"):
        assert sum(v.earned for v in grade_program(VALUE, Program(source), SEED, plain)) == 0


# The box


@pytest.mark.skipif(bool(why_not_bwrap()), reason="bubblewrap is not usable here")
def test_in_the_box_nothing_of_ours_is_in_sight() -> None:
    spy = """
import os, socket
seen = []
for place in ("/", "/box", "/box-site"):
    seen += os.listdir(place)
answers = [n for n in seen if "tinygrad" in n or "judge" in n or "solution" in n or "homework" in n]
def tried(function):
    try:
        function()
    except OSError as error:
        return type(error).__name__
    return "done"
raise RuntimeError(repr({
    "answers": answers,
    "home": os.path.exists(os.path.expanduser("~/.ssh")),
    "library": tried(lambda: open("/box/kit/worker.py", "a")),
    "network": socket.if_nameindex(),
    "user": os.getuid(),
    "variables": len(os.environ) < 20,
    "processes": len([p for p in os.listdir("/proc") if p.isdigit()]) < 8,
}))
"""
    verdicts = {v.check.name: v for v in grade_program(VALUE, Program(spy), SEED, bwrap)}
    error = verdicts["forward"].seen.error if verdicts["forward"].seen else None
    assert error is not None and error["type"] == "RuntimeError", error
    seen = eval(error["text"], {"__builtins__": {}})
    assert seen["answers"] == [] and seen["home"] is False and seen["library"] == "OSError"
    assert [name for _, name in seen["network"] if name != "lo"] == []
    assert seen["user"] == 65534 and seen["variables"] and seen["processes"]


@pytest.mark.skipif(bool(why_not_bwrap()), reason="bubblewrap is not usable here")
def test_in_the_box_little_can_be_written() -> None:
    """Files in memory count for no process: whatever can be written to is small, or is looked at from outside."""
    spy = """
import os
found = {}
for folder in {line.split()[1] for line in open("/proc/self/mounts")}:  # whatever the box consists of
    tried = folder + f"/tried{os.getpid()}"  # (the other checks try the same, and folders of results go with theirs)
    try:
        open(tried, "w").close()
        os.remove(tried)
    except OSError:
        continue
    if not folder.startswith("/box/out"):
        size = os.statvfs(folder)
        found[folder] = size.f_blocks * size.f_frsize
raise RuntimeError(repr(found))
"""
    verdicts = {v.check.name: v for v in grade_program(VALUE, Program(spy), SEED, bwrap)}
    error = verdicts["forward"].seen.error if verdicts["forward"].seen else None
    assert error is not None and error["type"] == "RuntimeError", error
    assert eval(error["text"], {"__builtins__": {}}) == {"/tmp": TEMPORARY, "/dev/shm": TEMPORARY}


@pytest.mark.skipif(bool(why_not_bwrap()), reason="bubblewrap is not usable here")
def test_in_the_box_the_solution_passes_and_a_loop_ends_with_its_line() -> None:
    assert all(v.state == "pass" for v in grade_program(VALUE, Program(VALUE.solution), SEED, bwrap))
    verdicts = {v.check.name: v for v in grade_program(VALUE, Program("while True: pass\n"), SEED, bwrap)}
    assert verdicts["forward"].state == "timeout" and verdicts["forward"].line is not None


# Submissions


def test_a_zip_cannot_lead_out_link_or_explode(tmp_path: Path) -> None:
    path = tmp_path / "s.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../evil.py", "x = 1")
        archive.writestr("/etc/evil.py", "x = 1")
        link = zipfile.ZipInfo("value/link.py")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("value/value.py", "ok = 1")
    made = read(path)
    assert list(made.files) == ["value/value.py"] and len(made.problems) == 3
    assert list(tmp_path.iterdir()) == [path]
    bomb = read(zipped(tmp_path / "bomb.zip", {"value.py": b"#" * (MOST_FILE + 1)}))
    assert bomb.problems and "more than is allowed" in bomb.problems[0]
    many = read(zipped(tmp_path / "many.zip", {f"f{n}.py": "" for n in range(2001)}))
    assert many.problems
    (tmp_path / "no.zip").write_bytes(b"PK\x03\x04 not a zip")
    assert read(tmp_path / "no.zip").problems


def test_a_file_is_found_by_its_name_wherever_it_is(tmp_path: Path) -> None:
    made = read(zipped(tmp_path / "a.zip", {"hw/old/value.py": "1", "hw/value/value.py": "2", "hw/value/util.py": "3"}))
    assert program_files(made, VALUE) == ("2", {"util.py": "3"})
    assert program_files(Submission("x", datetime.now(), {"value.py": b"4"}), VALUE) == ("4", {})
    assert program_files(Submission("x", datetime.now(), {"other.py": b"4"}), VALUE) == (None, {})


@pytest.mark.parametrize(
    ("submission", "path", "found"),
    [
        ("s2.zip", "value (1).py", True),
        ("s2.zip", "hw/Value.PY", True),
        ("Ada Lovelace_12_assignsubmission_file_value.py", "Ada Lovelace_12_assignsubmission_file_value.py", True),
        ("lovelaceada_LATE_4711_0815_value-2.py", "lovelaceada_LATE_4711_0815_value-2.py", True),
        ("ada", "lovelaceada_4711_0815_value.py", True),
        ("s1234567_value.py", "s1234567_value.py", True),
        ("s2.zip", "get_value.py", False),
        ("s2.zip", "values.py", False),
        ("s2.zip", "value.py.txt", False),
    ],
)
def test_a_file_is_found_by_the_name_that_browsers_and_platforms_make_of_it(
    submission: str, path: str, found: bool
) -> None:
    source, _ = program_files(Submission(submission, datetime.now(), {path: b"1"}), VALUE)
    assert source == ("1" if found else None)


def test_the_plain_name_counts_before_a_copy_and_the_last_copy_before_others() -> None:
    copies = {"value (1).py": b"1", "value (2).py": b"2", "util.py": b"3"}
    assert program_files(Submission("x", datetime.now(), copies), VALUE) == ("2", {"util.py": "3"})
    assert program_files(Submission("x", datetime.now(), {**copies, "value.py": b"0"}), VALUE)[0] == "0"


def test_what_holds_no_file_of_an_exercise_is_a_line_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    zipped(tmp_path / "in" / "ada.zip", {"homework/my_work.py": "1"})
    (result,) = grading.run(match(find([tmp_path / "in"]), []), [VALUE], tmp_path / "out", 5, plain, "process")
    assert "homework/my_work.py" in " ".join(result.notes)


def test_a_folder_of_submissions_may_hold_zips_folders_and_files(tmp_path: Path) -> None:
    zipped(tmp_path / "ada.zip", {"value/value.py": "1"})
    (tmp_path / "bob" / "value").mkdir(parents=True)
    (tmp_path / "bob" / "value" / "value.py").write_text("2")
    (tmp_path / "carl.py").write_text("3")
    (tmp_path / "notes.txt").write_text("no submission")
    (tmp_path / "dora").mkdir()
    zipped(tmp_path / "dora" / "submission.zip", {"value.py": "4"})
    assert [s.name for s in find([tmp_path])] == ["ada.zip", "bob", "carl.py", "dora"]
    assert find([tmp_path])[3].files == {"value.py": b"4"}


# Who is who

ROSTER = [
    Student("s1234567", "Lovelace, Ada", "ada@example.org"),
    Student("s7654321", "Turing, Alan", "aturing@example.org"),
    Student("s1111111", "山田 太郎", "taro@example.org"),
]


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("Ada Lovelace_98765_assignsubmission_file_", 0),
        ("turingalan_LATE_4711_0815_submission.zip", 1),
        ("s7654321.zip", 1),
        ("ｓ７６５４３２１_宿題.zip", 1),
        ("山田太郎_12_assignsubmission_file_", 2),
        ("hw-aturing-final.zip", 1),
        ("somebody else.zip", None),
        ("s1234567_s7654321.zip", None),
    ],
)
def test_a_submission_is_matched_to_its_student(name: str, student: int | None) -> None:
    matched = match([Submission(name, datetime(2026, 1, 1))], ROSTER)
    assert list(matched.chosen) == ([] if student is None else [ROSTER[student]])
    assert len(matched.unknown) == (student is None)


def test_the_last_of_several_submissions_counts_and_the_others_are_named() -> None:
    first, last = (Submission(f"s1234567_{n}.zip", datetime(2026, 1, n)) for n in (1, 2))
    matched = match([last, first], ROSTER)
    assert matched.chosen[ROSTER[0]] is last and matched.earlier[ROSTER[0]] == [first]
    assert matched.missing == ROSTER[1:]
    assert is_late(last, datetime(2026, 1, 1)) and not is_late(first, datetime(2026, 1, 1))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_a_roster_may_be_japanese(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "roster.csv"
    path.write_text("学籍番号,氏名,メール\ns1,山田 太郎,t@example.org\n", encoding=encoding)
    assert read_roster(path) == [Student("s1", "山田 太郎", "t@example.org")]


@pytest.mark.parametrize("text", ["", "name\nAda\n", "id,name\n1,Ada\n1,Bob\n", "id,name\n,Ada\n"])
def test_a_bad_roster_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "roster.csv").write_text(text)
    with pytest.raises(RosterError):
        read_roster(tmp_path / "roster.csv")


def test_a_cell_is_no_formula() -> None:
    assert [safe_cell(text) for text in ("=1", "+1", "-1", "@a", "a=1", 3)] == ["'=1", "'+1", "'-1", "'@a", "a=1", "3"]


# The batch


def test_a_batch_ends_with_grades_whatever_is_in_it(tmp_path: Path) -> None:
    subs, out = tmp_path / "subs", tmp_path / "out"
    subs.mkdir()
    zipped(subs / "s1234567.zip", {"value/value.py": VALUE.solution})
    zipped(subs / "s7654321.zip", {"value/value.py": VALUE.mistakes["overwrites_grad"].source})
    (subs / "山田太郎.zip").write_bytes(b"broken")
    zipped(subs / "nobody.zip", {"value.py": "while True: pass"})
    roster = tmp_path / "roster.csv"
    lines = ["id,name,email", *(f'{s.id},"{s.name}",{s.email}' for s in ROSTER), "s2222222,=cmd(),x@example.org"]
    roster.write_text("\n".join(lines), encoding="utf-8")
    arguments = ["--out", str(out), "--sandbox", "process", "--exercise", "value", "--roster", str(roster)]
    arguments += ["--lang", "en"]
    told = tinyedu(tmp_path, "grade", str(subs), *arguments, "--deadline", "2001-01-01")
    assert "nobody.zip" in told and "value/overwrites_grad 1" in told and "no submission: s2222222" in told
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO((out / "grades.csv").read_text("utf-8-sig")))}
    assert rows["s1234567"]["total"] == str(VALUE.points) and rows["s1234567"]["late"] == "late"
    assert 0 < int(rows["s7654321"]["total"]) < VALUE.points
    assert rows["s1111111"]["total"] == "0" and "cannot be read" in rows["s1111111"]["notes"]
    assert rows["s2222222"]["name"] == "'=cmd()"
    page = (out / "students" / "s7654321.html").read_text("utf-8")
    assert "考えられる原因" in page and "likely cause" in page
    assert "waits for: reuse" in page and "先に合格が必要: reuse" in page and page.count("期限後の提出") == 1
    assert "読み取れません" in rows["s1111111"]["notes"]

    told = tinyedu(tmp_path, "stats", str(out), "--lang", "en")
    assert "value/reuse" in told and "1/2 (50%)" in told and "overwrites_grad 1" in told
    assert "fail 1" in told and "waits 1" in told
    told = tinyedu(tmp_path, "similarity-export", str(subs), "--out", "same", "--exercise", "value", "--lang", "en")
    assert "jplag" in told and (tmp_path / "same/value/submissions/s1234567/value.py").exists()
    assert (tmp_path / "same/value/template/value.py").read_text("utf-8") == VALUE.starter

    # One student hands in again, and is graded again; the others stay.
    zipped(subs / "s7654321.zip", {"value/value.py": VALUE.solution})
    tinyedu(tmp_path, "grade", str(subs), *arguments, "--only", "s7654321")
    results = json.loads((out / "results.json").read_text("utf-8"))
    totals = {row["id"]: row["total"] for row in results["students"]}
    assert totals == {"s1234567": VALUE.points, "s7654321": VALUE.points, "s1111111": 0, "s2222222": 0}


def test_without_a_sandbox_grading_refuses_unless_asked_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tinygrad_edu.homework import sandbox

    monkeypatch.setattr(sandbox, "why_not_bwrap", lambda: "RTM_NEWADDR: Operation not permitted")
    monkeypatch.setenv("PATH", str(tmp_path))  # (no docker there)
    (tmp_path / "value.py").write_text(VALUE.solution)
    told = tinyedu(tmp_path, "grade", ".", "--out", "out", code=3)
    assert "no sandbox for untrusted code" in told and "--sandbox process" in told
    assert not (tmp_path / "out").exists()


# Gradescope


def test_the_autograder_holds_the_course_and_two_scripts(tmp_path: Path) -> None:
    tinyedu(tmp_path, "gradescope", "value", "--lang", "en")
    with zipfile.ZipFile(tmp_path / "autograder.zip") as archive:
        names = archive.namelist()
        assert len(set(names)) == len(names)
        assert {"setup.sh", "run_autograder", "seed.txt"} <= set(names)
        assert "tinygrad_edu/homework/exercises/value/judges.py" in names
        assert not any("__pycache__" in name for name in names)
        assert archive.getinfo("run_autograder").external_attr >> 16 & 0o111
        assert archive.read("run_autograder").decode().rstrip().endswith("results.json value")


def test_results_are_what_gradescope_reads(tmp_path: Path) -> None:
    zipped(tmp_path / "s.zip", {"value.py": VALUE.mistakes["overwrites_grad"].source})
    target = tmp_path / "results.json"
    target.write_text("forged")
    found = gradescope.run(tmp_path / "s.zip", target, [VALUE], SEED, plain)
    assert json.loads(target.read_text("utf-8")) == found
    assert 0 < found["score"] < VALUE.points == sum(test["max_score"] for test in found["tests"])
    (reuse,) = [test for test in found["tests"] if test["name"] == "value/reuse"]
    assert reuse["status"] == "failed" and "likely cause" in reuse["output"] and "考えられる原因" in reuse["output"]


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root and setpriv"
)
def test_in_the_autograder_the_program_runs_as_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "ls", str(Path(np.__file__).parent)]
    if subprocess.run(reading, capture_output=True, check=False).returncode:
        pytest.skip("nobody may not read the folder in which NumPy is installed here")
    before = os.umask(0)
    try:
        source = VALUE.solution + "\n\nimport os\nassert os.getuid() == 65534\n"
        verdicts = grade_program(VALUE, Program(source), SEED, gradescope.as_nobody)
    finally:
        os.umask(before)
    assert {v.check.name: v.state for v in verdicts if v.state != "pass"} == {}
