"""Run by test_killed.py in a Python of its own: `kill_workspace.py ACTION FOLDER` leaves FOLDER/1, FOLDER/2, ..."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.killing import until_it_survives

from tinygrad_edu.homework import upgrade
from tinygrad_edu.homework.course import Course, load
from tinygrad_edu.homework.judge.verdict import Verdict
from tinygrad_edu.homework.workspace import Workspace

VALUE = load().exercises["value"]
MINE = b"# my own work\r\nx = '\xff'\n" * 100
OLDER = b"# of yesterday\n"
EDITED = VALUE.starter.encode() + b"\nmine = 1\n"
NEWER = VALUE.starter.replace('"""Exercise 01:', '"""The exercise 01:')


def newer(folder: Path) -> Course:
    """The course with another starter of this exercise."""
    (folder / "starter").mkdir(parents=True, exist_ok=True)
    (folder / "starter" / "value.py.txt").write_text(NEWER, encoding="utf-8")
    return Course(1, {"value": replace(VALUE, folder=folder)})


def prepared(action: str, root: Path, course: Course) -> Callable[[], object]:
    """A student's folder in which this action is about to happen."""
    workspace = Workspace.create(root, "en", "full")
    workspace.start(VALUE)
    mine = workspace.file(VALUE)
    if action == "undo":
        mine.write_bytes(OLDER)
        workspace.back_up(VALUE)
    mine.write_bytes(EDITED if action == "merge" else MINE)
    if action == "record":
        workspace.record(VALUE, [Verdict(check, "fail") for check in VALUE.checks.values()])
    verdicts = [Verdict(check, "pass") for check in VALUE.checks.values()]
    return {
        "reset": lambda: workspace.reset(VALUE),
        "undo": lambda: workspace.undo(load()),
        "merge": lambda: upgrade.upgrade(workspace, course),
        "conflict": lambda: upgrade.upgrade(workspace, course),
        "record": lambda: workspace.record(VALUE, verdicts),
    }[action]


def main(action: str, folder: Path) -> None:
    course = newer(folder / "newer")
    _ = course.exercises["value"].starter, upgrade.three_way(b"", b"", b"")  # (what is loaded late is loaded)
    print(until_it_survives(lambda number: prepared(action, folder / str(number), course)))


if __name__ == "__main__":
    if sys.argv[1] == "merge" and shutil.which("git") is None:
        sys.exit("merging needs git")
    main(sys.argv[1], Path(sys.argv[2]))
