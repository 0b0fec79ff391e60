"""The commands as a student types them: from an empty folder to a passed exercise, in both languages."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tinygrad_edu.homework.course import load

VALUE = load().exercises["value"]


def tinyedu(folder: Path, *arguments: str, code: int = 0, **environment: str) -> str:
    """Run `tinyedu hw ...` in a folder; the output of both streams."""
    done = subprocess.run(
        [sys.executable, "-m", "tinygrad_edu.cli.main", "hw", *arguments],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONUTF8": "1", "COLUMNS": "100", "NO_COLOR": "1", "LANG": "C.UTF-8", **environment},
    )  # fmt: skip
    text = done.stdout.decode(environment.get("PYTHONIOENCODING", "utf-8"))
    assert done.returncode == code, text
    return text


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
    assert [(row["name"], row["state"]) for row in data["checks"]] == [("forward", "pass"), ("mul", "fail")]
    assert data["checks"][1]["mistake"] == "swapped_mul"


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
