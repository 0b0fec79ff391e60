"""A student's bytes are never lost by reset, undo or upgrade. (Killing these at any moment: test_killed.py.)"""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tinygrad_edu.cli.homework import checking
from tinygrad_edu.homework import upgrade as upgrading
from tinygrad_edu.homework.course import Course, Exercise, load
from tinygrad_edu.homework.judge.verdict import Verdict
from tinygrad_edu.homework.show.screen import Screen
from tinygrad_edu.homework.workspace import Workspace, WorkspaceError

MINE = b"# my own work\r\nx = '\xff'\n"


@pytest.fixture
def exercise() -> Exercise:
    return load().exercises["value"]


@pytest.fixture
def workspace(tmp_path: Path, exercise: Exercise) -> Workspace:
    made = Workspace.create(tmp_path, "en", "full")
    made.start(exercise)
    made.file(exercise).write_bytes(MINE)
    return made


def newer(exercise: Exercise, starter: str, tmp_path: Path) -> Course:
    """The course with another starter for this exercise."""
    folder = tmp_path / "newer"
    (folder / "starter").mkdir(parents=True)
    (folder / "starter" / "value.py.txt").write_text(starter, encoding="utf-8")
    return Course(1, {"value": replace(exercise, folder=folder)})


def test_starting_twice_keeps_the_file(workspace: Workspace, exercise: Exercise) -> None:
    assert workspace.start(exercise) is False
    assert workspace.file(exercise).read_bytes() == MINE


def test_reset_keeps_a_copy_and_undo_brings_it_back(workspace: Workspace, exercise: Exercise) -> None:
    kept = workspace.reset(exercise)
    assert kept is not None and kept.read_bytes() == MINE
    assert workspace.file(exercise).read_text(encoding="utf-8") == exercise.starter
    workspace.undo(load())
    assert workspace.file(exercise).read_bytes() == MINE
    workspace.undo(load())  # undo can be undone
    assert workspace.file(exercise).read_text(encoding="utf-8") == exercise.starter


def test_undo_without_a_backup_says_so(workspace: Workspace) -> None:
    with pytest.raises(WorkspaceError, match="no backup"):
        workspace.undo(load())


@pytest.mark.parametrize(
    "broken", ["{", "[]", '{"checks": [1]}', '{"checks": {"value": {"mul": 3}}}', '{"hints": {"value/mul": "x"}}']
)
def test_a_broken_state_file_is_kept_beside(workspace: Workspace, exercise: Exercise, broken: str) -> None:
    (workspace.hidden / "state.json").write_text(broken, encoding="utf-8")
    again = Workspace(workspace.root)
    assert again.standing(exercise) == (0, False, False)
    assert (workspace.hidden / "state.broken.json").read_text(encoding="utf-8") == broken


def test_undo_after_two_resets_brings_the_students_own_file_back(workspace: Workspace, exercise: Exercise) -> None:
    workspace.reset(exercise)
    workspace.reset(exercise)
    workspace.undo(load())
    assert workspace.file(exercise).read_bytes() == MINE


def test_upgrade_leaves_what_is_not_new(workspace: Workspace) -> None:
    assert upgrading.upgrade(workspace, load()) == {"value": "unchanged"}


def test_upgrade_replaces_an_untouched_starter(workspace: Workspace, exercise: Exercise, tmp_path: Path) -> None:
    workspace.file(exercise).write_text(exercise.starter, encoding="utf-8")
    assert upgrading.upgrade(workspace, newer(exercise, "# new\n", tmp_path)) == {"value": "replaced"}
    assert workspace.file(exercise).read_text(encoding="utf-8") == "# new\n"


@pytest.mark.skipif(upgrading.shutil.which("git") is None, reason="merging needs git")
def test_upgrade_merges_changes_of_different_places(workspace: Workspace, exercise: Exercise, tmp_path: Path) -> None:
    workspace.file(exercise).write_text(exercise.starter + "\nmine = 1\n", encoding="utf-8")
    course = newer(exercise, exercise.starter.replace('"""Exercise 01:', '"""The exercise 01:'), tmp_path)
    assert upgrading.upgrade(workspace, course) == {"value": "merged"}
    merged = workspace.file(exercise).read_text(encoding="utf-8")
    assert merged.startswith('"""The exercise 01:') and merged.endswith("mine = 1\n")


def test_upgrade_keeps_the_students_file_in_a_conflict(
    workspace: Workspace, exercise: Exercise, tmp_path: Path
) -> None:
    assert upgrading.upgrade(workspace, newer(exercise, "# new\n", tmp_path)) == {"value": "conflict"}
    assert workspace.file(exercise).read_bytes() == MINE
    assert (workspace.root / "value" / "value.NEW.py").read_text(encoding="utf-8") == "# new\n"


def test_a_pass_is_stale_when_the_file_changes(workspace: Workspace, exercise: Exercise) -> None:
    from tinygrad_edu.homework.judge.verdict import Verdict

    workspace.record(exercise, [Verdict(check, "pass") for check in exercise.checks.values()])
    assert workspace.standing(exercise) == (exercise.points, True, False)
    workspace.file(exercise).write_bytes(MINE + b"# more\n")
    assert workspace.standing(exercise) == (exercise.points, True, True)
    assert workspace.last_failures(exercise) == []


def test_a_japanese_folder_gets_japanese_starters_and_another_language_later_changes_nothing(tmp_path: Path) -> None:
    exercise = load().exercises["tensor"]
    workspace = Workspace.create(tmp_path, "ja", "full")
    workspace.start(exercise)
    assert workspace.file(exercise).read_text(encoding="utf-8") == exercise.starter_in("ja") != exercise.starter
    mine = exercise.starter_in("ja") + "\nmine = 1\n"
    workspace.file(exercise).write_text(mine, encoding="utf-8")
    english = Workspace.create(tmp_path, "en", "full")
    assert upgrading.upgrade(english, load()) == {"tensor": upgrading.UNCHANGED}
    assert english.file(exercise).read_text(encoding="utf-8") == mine
    english.reset(exercise)
    assert english.file(exercise).read_text(encoding="utf-8") == exercise.starter


def passes(exercise: Exercise) -> list[Verdict]:
    return [Verdict(check, "pass") for check in exercise.checks.values()]


def test_two_checks_at_once_both_leave_their_record(workspace: Workspace, exercise: Exercise) -> None:
    other = load().exercises["tensor"]
    first, second = Workspace(workspace.root), Workspace(workspace.root)  # both have read the state
    first.record(exercise, passes(exercise), first.hash_of(exercise))
    second.record(other, passes(other), "")
    again = Workspace(workspace.root)
    assert again.standing(exercise) == (exercise.points, True, False)
    assert again.standing(other)[1]


def test_what_is_saved_during_a_check_has_not_passed(workspace: Workspace, exercise: Exercise) -> None:
    judged = workspace.hash_of(exercise)
    workspace.file(exercise).write_bytes(b"# written while it was checked")
    workspace.record(exercise, passes(exercise), judged)
    assert workspace.standing(exercise) == (exercise.points, True, True)  # changed since


def test_what_was_found_out_before_ctrl_c_is_remembered(
    workspace: Workspace, exercise: Exercise, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> Iterator[Verdict]:
        yield passes(exercise)[0]
        raise KeyboardInterrupt

    monkeypatch.setattr(checking, "_verdicts", interrupted)
    with pytest.raises(KeyboardInterrupt):
        checking.run_checks(Screen(io.StringIO(), width=80), workspace, load(), exercise, "en")
    assert Workspace(workspace.root).last(exercise)["forward"]["state"] == "pass"
