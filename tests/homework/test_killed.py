"""Killed by SIGKILL at any step of reset, undo, upgrade or record, the program has lost nothing of the student's."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tinygrad_edu.homework.course import load
from tinygrad_edu.homework.upgrade import upgrade
from tinygrad_edu.homework.workspace import Workspace

if sys.platform == "win32":
    pytest.skip("needs SIGKILL and fork", allow_module_level=True)

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.kill_workspace import EDITED, MINE, NEWER, OLDER, VALUE, newer

STARTER = VALUE.starter.encode()
MERGED = NEWER.encode() + b"\nmine = 1\n"
AFTER = {"reset": STARTER, "undo": OLDER, "merge": MERGED, "conflict": MINE, "record": MINE}
LEAST = {"reset": 15, "undo": 10, "merge": 15, "conflict": 15, "record": 5}


def killed_everywhere(action: str, folder: Path) -> list[Workspace]:
    """What each killed run has left, and last what the one that survived has."""
    script = Path(__file__).resolve().parents[1] / "support" / "kill_workspace.py"
    done = subprocess.run(
        [sys.executable, "-B", str(script), action, str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [Workspace(folder / str(number)) for number in range(1, int(done.stdout) + 1)]


def backups(workspace: Workspace) -> list[bytes]:
    return [p.read_bytes() for p in workspace.hidden.glob("backup/*/*") if not p.name.startswith(".")]


@pytest.mark.parametrize("action", ["reset", "undo", "merge", "conflict"])
def test_killed_at_any_step_it_leaves_whole_files_and_the_students_own(action: str, tmp_path: Path) -> None:
    if action == "merge" and shutil.which("git") is None:
        pytest.skip("merging needs git")
    mine = EDITED if action == "merge" else MINE
    left = killed_everywhere(action, tmp_path)
    assert len(left) > LEAST[action], "the hook misses steps"
    assert left[-1].file(VALUE).read_bytes() == AFTER[action]
    for number, workspace in enumerate(left, 1):
        now = workspace.file(VALUE).read_bytes()
        assert now in (mine, AFTER[action]), f"half a file at step {number}"
        assert now == mine or mine in backups(workspace), f"lost at step {number}"
        assert set(backups(workspace)) <= {mine, OLDER}, f"half a backup at step {number}"
        assert Workspace(workspace.root).lang == "en" and not list(workspace.hidden.glob("*broken*"))


@pytest.mark.parametrize("action", ["reset", "undo"])
def test_undo_finds_the_students_file_wherever_it_was_killed(action: str, tmp_path: Path) -> None:
    for number, workspace in enumerate(killed_everywhere(action, tmp_path), 1):
        if workspace.file(VALUE).read_bytes() != MINE:
            workspace.undo(load())
        elif action == "undo":  # (it may have been killed with the backup made and nothing else)
            workspace.undo(load())
            assert workspace.file(VALUE).read_bytes() == OLDER, f"undo is stuck after step {number}"
            workspace.undo(load())
        assert workspace.file(VALUE).read_bytes() == MINE, f"step {number}"


@pytest.mark.parametrize("action", ["merge", "conflict"])
def test_a_killed_upgrade_is_done_by_the_next(action: str, tmp_path: Path) -> None:
    if action == "merge" and shutil.which("git") is None:
        pytest.skip("merging needs git")
    mine = EDITED if action == "merge" else MINE
    left = killed_everywhere(action, tmp_path)
    course = newer(tmp_path / "newer")
    for number, workspace in enumerate(left, 1):
        upgrade(workspace, course)
        assert upgrade(workspace, course) == {"value": "unchanged"}
        assert workspace.file(VALUE).read_bytes() == AFTER[action], f"step {number}"
        assert workspace.file(VALUE).read_bytes() == mine or mine in backups(workspace), f"lost at step {number}"


def test_a_killed_record_is_the_old_one_or_the_new_one(tmp_path: Path) -> None:
    left = killed_everywhere("record", tmp_path)
    assert len(left) > LEAST["record"]
    for workspace in left:
        found = json.loads((workspace.hidden / "state.json").read_text(encoding="utf-8"))["checks"]["value"]
        assert set(found) == set(VALUE.checks) and len({row["state"] for row in found.values()}) == 1
