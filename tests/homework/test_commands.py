"""The commands as a student types them: from an empty folder to a passed exercise, in both languages."""

import codecs
import importlib.util
import io
import json
import os
import subprocess
import sys
import zipfile
from contextlib import redirect_stdout, suppress
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.commands import tinyedu

from tinygrad_edu.cli.homework.watching import Saves
from tinygrad_edu.homework.course import load

VALUE = load().exercises["value"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tinyedu(tmp_path, "init", "--lang", "en")
    tinyedu(tmp_path, "start", "value")
    return tmp_path


def write(folder: Path, source: str) -> None:
    (folder / "value" / "value.py").write_text(source, encoding="utf-8")


def test_four_commands_lead_to_a_green_check(tmp_path: Path) -> None:
    tinyedu(tmp_path, "init")  # (the first of the four was pip install)
    assert "value" in tinyedu(tmp_path, "start", "value")
    write(tmp_path, VALUE.solution)
    out = tinyedu(tmp_path, "check", "value")
    assert out.count("✓") == len(VALUE.checks)
    assert "tinyedu hw solution value" in out
    assert "1 of" in tinyedu(tmp_path)


def test_the_starter_is_to_do_and_fails(folder: Path) -> None:
    out = tinyedu(folder, "check", "value", code=1)
    assert "☆ forward" in out and "TODO: __add__" in out and "value.py:" in out


def test_a_mistake_is_explained_in_both_languages_and_comes_first_the_next_time(folder: Path) -> None:
    mistake = VALUE.mistakes["overwrites_grad"]
    write(folder, mistake.source)
    out = tinyedu(folder, "check", "value", code=1)
    assert "expected 7   got 3" in out and "likely cause: you write `grad = …`" in out
    assert "waits for: reuse" in out and "look at  value.py:" in out
    again = tinyedu(folder, "check", "value", "--lang", "ja", code=1)
    assert "期待 7   実際 3" in again and "考えられる原因" in again
    assert again.index("reuse") < again.index("rules")


def test_one_check_alone_with_json(folder: Path) -> None:
    write(folder, VALUE.mistakes["swapped_mul"].source)
    data = json.loads(tinyedu(folder, "check", "value/mul", "--json", code=1))
    assert [(row["name"], row["state"]) for row in data["checks"]] == [("mul", "fail")]
    assert data["checks"][0]["mistake"] == "swapped_mul"


def test_a_breakpoint_is_reachable_with_here(folder: Path) -> None:
    write(folder, "print('seen')\n" + VALUE.solution)
    assert "seen" in tinyedu(folder, "check", "value/mul", "--here")


@pytest.mark.parametrize("encoding", ["cp932", "ascii"])
def test_a_console_of_another_encoding_shows_something_readable(folder: Path, encoding: str) -> None:
    write(folder, VALUE.mistakes["overwrites_grad"].source)
    environment = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    out = tinyedu(folder, "check", "value", "--lang", "ja" if encoding == "cp932" else "en", code=1, **environment)
    assert "x reuse" in out and "+ mul" in out
    assert ("期待 7" if encoding == "cp932" else "expected 7") in out
    for command in ("list", "hint"):
        tinyedu(folder, command, **environment)


def test_hints_climb_three_rungs(folder: Path) -> None:
    hints = VALUE.check_text("reuse").hints
    for rung in range(3):
        out = tinyedu(folder, "hint", "value/reuse")
        assert hints[rung].en[:20] in out
        assert all(hints[other].en[:20] not in out for other in range(3) if other != rung)
    assert all(hint.en[:20] in tinyedu(folder, "hint", "value/reuse") for hint in hints)


def test_the_solution_is_shown_after_passing_or_giving_up(folder: Path) -> None:
    assert "does not pass yet" in tinyedu(folder, "solution", "value", code=1)
    assert "class Value" in tinyedu(folder, "solution", "value", "--give-up")
    state = json.loads((folder / ".tinyedu" / "state.json").read_text(encoding="utf-8"))
    assert state["given_up"] == ["value"]


def test_the_picture_is_drawn_from_the_students_code(folder: Path) -> None:
    write(folder, VALUE.solution)
    tinyedu(folder, "picture", "value")
    assert "<svg" in (folder / "pictures" / "value.svg").read_text(encoding="utf-8")
    write(folder, "x = 1\n")
    assert "Value" in tinyedu(folder, "picture", "value", code=1)


def test_reset_and_undo(folder: Path) -> None:
    write(folder, "mine = 1\n")
    assert "undo" in tinyedu(folder, "reset", "value")
    tinyedu(folder, "undo")
    assert (folder / "value" / "value.py").read_text(encoding="utf-8") == "mine = 1\n"


def test_the_statement_as_a_page(folder: Path) -> None:
    tinyedu(folder, "start", "value", "--html", "--lang", "ja")
    page = (folder / "value" / "statement.ja.html").read_text(encoding="utf-8")
    assert '<html lang="ja">' in page and "<table>" in page and "連鎖律" in page


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("check", "valeu"), "did you mean value?"),
        (("check", "value/reus"), "did you mean value/reuse?"),
        (("frobnicate",), "no such command"),
    ],
)
def test_a_wrong_name_is_usage(folder: Path, arguments: tuple[str, ...], told: str) -> None:
    assert told.lower() in tinyedu(folder, *arguments, code=2).lower()


def test_outside_a_workspace_the_way_in_is_named(tmp_path: Path) -> None:
    assert "tinyedu hw init" in tinyedu(tmp_path, "check", "value", code=2)


def test_submit_packs_the_students_files(folder: Path) -> None:
    write(folder, "import helper\n")
    (folder / "value" / "helper.py").write_text("x = 1\n", encoding="utf-8")
    tinyedu(folder, "submit")
    with zipfile.ZipFile(folder / "submission.zip") as archive:
        assert sorted(archive.namelist()) == ["submission.json", "value/helper.py", "value/value.py"]
        assert archive.read("value/value.py") == b"import helper\n"
        assert json.loads(archive.read("submission.json"))["versions"]["value"] == VALUE.version


def test_a_file_beside_the_students_can_be_imported(folder: Path) -> None:
    (folder / "value" / "helper.py").write_text(VALUE.solution, encoding="utf-8")
    write(folder, "from helper import Value\n")
    assert "✓ mul" in tinyedu(folder, "check", "value/mul")


def test_the_doctor_tries_every_limit(tmp_path: Path) -> None:
    out = tinyedu(tmp_path, "doctor", "--lang", "en")
    assert "an endless loop is stopped" in out and "an endless print is stopped" in out


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal")
def test_watch_checks_on_start_on_save_and_on_a_key(folder: Path) -> None:
    import pty
    import select

    write(folder, VALUE.mistakes["swapped_mul"].source)
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PYTHONUTF8": "1", "COLUMNS": "100", "TERM": "dumb"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tinygrad_edu.cli.main", "hw", "watch", "value"],
        cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    decoder, seen = codecs.getincrementaldecoder("utf-8")("replace"), ""

    def read_until(*texts: str) -> None:
        """Until these texts have been printed, one after another and after all that was waited for before."""
        nonlocal seen
        for text in texts:
            while text not in seen:
                assert select.select([ours], [], [], 120)[0], f"{text!r} is not printed after {seen!r}"
                seen += decoder.decode(os.read(ours, 4096))
            seen = seen[seen.index(text) + len(text) :]

    try:
        read_until("swapped", "[q]uit")
        write(folder, VALUE.solution)
        read_until("tinyedu hw solution value", "[q]uit")
        os.write(ours, b"l")
        read_until("1 of", "[q]uit")
        os.write(ours, b"q")
        assert process.wait(timeout=60) == 0
        with suppress(OSError):  # (Linux: the other end is closed; elsewhere: nothing more)
            while more := os.read(ours, 4096):
                seen += decoder.decode(more)
        assert "[q]uit" not in seen, "the keys are shown once for each thing done"
    finally:
        process.kill()
        os.close(ours)


def test_a_file_is_checked_when_its_saving_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "value.py"
    path.write_text("x = 1\n", encoding="utf-8")
    saves = Saves(path)
    assert not saves.finished()
    for half_written in ("", "x = ", "x = 1\ny ="):  # as an editor does it that empties the file first
        path.write_text(half_written, encoding="utf-8")
        assert not saves.finished()
    assert saves.finished()
    saves.taken()
    path.unlink()  # as an editor does it that puts a new file in the old one's place
    assert not saves.finished() and not saves.finished()
    path.write_text("x = 12\n", encoding="utf-8")
    assert [saves.finished() for _ in range(2)] == [False, True]


def test_a_missing_library_is_a_broken_environment_and_not_a_mistake(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(VALUE.meta, "needs_packages", ["no_such_library"])  # type: ignore[arg-type]
    assert "needs no_such_library" in tinyedu(folder, "check", "value", code=3)
    arguments = ("--out", "out", "--exercise", "value", "--sandbox", "process")
    assert "needs no_such_library" in tinyedu(folder, "grade", ".", *arguments, code=3)


def test_a_notebook_saves_into_the_file_and_checks_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shell = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell.instance()
    tinyedu(folder, "notebook", "value")
    data = json.loads((folder / "value" / "value.ipynb").read_text(encoding="utf-8"))
    if importlib.util.find_spec("nbformat"):
        importlib.import_module("nbformat").validate(data)
    cells = ["".join(cell["source"]) for cell in data["cells"] if cell["cell_type"] == "code"]
    monkeypatch.chdir(folder)
    out = io.StringIO()
    with redirect_stdout(out):
        for cell in (cells[0], "%%hw_file value\n" + VALUE.solution, "%hw_check value/mul"):
            assert shell.run_cell(cell).success
    assert (folder / "value" / "value.py").read_text(encoding="utf-8").strip() == VALUE.solution.strip()
    assert "mul" in out.getvalue() and "1 of 1 points" in out.getvalue()
    tinyedu(folder, "undo")  # the file that the cell replaced
    assert (folder / "value" / "value.py").read_text(encoding="utf-8") == VALUE.starter


def test_base_mine_insists_and_a_fault_in_the_base_is_named_as_such(tmp_path: Path) -> None:
    course = load().exercises
    tinyedu(tmp_path, "init", "--lang", "en")
    tinyedu(tmp_path, "start", "draw-graph")
    (tmp_path / "draw-graph" / "draw_graph.py").write_text(course["draw-graph"].solution, encoding="utf-8")
    command = ("check", "draw-graph/labels", "--base", "mine")
    assert "tinyedu hw start tensor" in tinyedu(tmp_path, *command, code=2)
    assert "ran on the course's tensor" in tinyedu(tmp_path, *command[:2])
    tinyedu(tmp_path, "start", "tensor")
    own = tmp_path / "tensor" / "tensor.py"
    own.write_text(course["tensor"].solution, encoding="utf-8")
    assert "ran on your own tensor" in tinyedu(tmp_path, *command)
    own.write_text(course["tensor"].solution + "Tensor.shape = property(lambda s: (9, 9))\n", encoding="utf-8")
    out = tinyedu(tmp_path, *command, code=1)
    assert "ran on your own tensor" in out and "on your tensor.py the course's own solution fails" in out
    assert "likely cause" not in out and "look at" not in out
    own.write_text(course["tensor"].solution + "x = (\n", encoding="utf-8")
    out = tinyedu(tmp_path, *command, code=1)
    assert "tensor.py, which this exercise builds on, cannot be imported" in out and "      x = (" in out
    assert "likely cause" not in out and "draw_graph.py:" not in out


def test_a_folder_made_elsewhere_says_how_to_get_there(tmp_path: Path) -> None:
    assert 'next: cd "my work"   then: tinyedu hw start value' in tinyedu(tmp_path, "init", "my work", "--lang", "en")
    assert "next: tinyedu hw start value" in tinyedu(tmp_path / "my work", "init")


def test_a_seed_below_zero_is_wrong_usage(tmp_path: Path) -> None:
    tinyedu(tmp_path, "init")
    assert "--seed" in tinyedu(tmp_path, "check", "--seed", "-3", code=2)


def test_a_value_that_takes_no_name_is_told_how_it_was_made(tmp_path: Path) -> None:
    tinyedu(tmp_path, "init", "--lang", "en")
    (tmp_path / "value").mkdir()
    (tmp_path / "value" / "value.py").write_text(
        "class Value:\n    def __init__(self, data):\n        self.data = data\n"
    )
    text = tinyedu(tmp_path, "check", "value/mul", code=1)
    assert "3 were given" in text and "called with: x = Value(" in text and ', "x")' in text
