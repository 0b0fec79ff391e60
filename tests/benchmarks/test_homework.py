"""The homework benchmark measures what it says: real failures, whole runs, and a table with every submission."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2]))  # benchmarks/ is not installed; last, so that tinygrad_edu is

from benchmarks import homework
from tinygrad_edu.homework.course import load

VALUE = load().exercises["value"]


def test_one_exercise_and_its_grading_are_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(homework, "write_submissions", lambda exercises, number, folder: _two(folder))
    monkeypatch.setattr(sys, "argv", ["homework", "--exercise", "value", "--mistakes", "1", "--submissions", "2",
                                      "--sandbox", "process", "--json"])  # fmt: skip
    homework.main()
    document = json.loads(capsys.readouterr().out)
    figures = document["results"]["value"]
    assert figures["whole"] > 0 and figures["first failure, worst"] > 0
    assert document["results"]["2 submissions, lecture"]["wall"] > 0
    assert [row["limit"] for row in document["checks"]] == [1.0, 5.0, 20.0]


def _two(folder: Path) -> None:
    for name in ("s0000000", "s0000001"):  # (empty ones: what grading does is tested elsewhere)
        (folder / name).mkdir(parents=True)


def test_submissions_are_right_and_wrong_in_turn(tmp_path: Path) -> None:
    homework.write_submissions([VALUE], 5, tmp_path)
    found = [path.read_text(encoding="utf-8") for path in sorted(tmp_path.glob("*/value/value.py"))]
    assert [source == VALUE.solution for source in found] == [True, False, False, True, False]
    assert len(set(found)) == 4, "each mistake another one"


def test_a_program_that_does_not_fail_is_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(homework, "check_program", lambda *args, **named: iter(()))
    with pytest.raises(RuntimeError, match="does not fail"):
        homework.first_failure(VALUE, VALUE.mistakes["swapped_mul"])
