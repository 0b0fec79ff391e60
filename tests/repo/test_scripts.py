"""The scripts of the README say what a machine lacks that cannot run them, and leave nothing half made."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
NAMES = ["python", "python3", "python3.11", "python3.12", "python3.13", "python3.14"]
OLD = '[ "$1" = --version ] && echo "Python 3.9.2" && exit 0; exit 1'
WITHOUT_VENV = 'case "$2" in *ensurepip*) exit 1;; esac; exit 0'
FAILING_VENV = '[ "$2" = venv ] && mkdir -p "$3/bin" && echo "disk full" >&2 && exit 1; exit 0'

pytestmark = pytest.mark.skipif(shutil.which("sh") is None, reason="needs a POSIX shell")


def run_script(folder: Path, python: str, script: str = "test") -> subprocess.CompletedProcess[str]:
    """Run a script in a copy of the project's root where every interpreter is the made-up one."""
    shutil.copytree(PROJECT / "scripts", folder / "scripts")
    (folder / "pyproject.toml").write_text("", encoding="utf-8")
    programs = folder / "programs"
    programs.mkdir()
    for name in NAMES:
        (programs / name).write_text(f"#!/bin/sh\n{python}\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    environment = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        ["sh", str(folder / "scripts" / script)], env=environment, capture_output=True, encoding="utf-8"
    )


@pytest.mark.parametrize(
    ("python", "told"),
    [
        (OLD, ["needs Python 3.11", "Python 3.9.2"]),
        (WITHOUT_VENV, ["no venv module", "python3-venv"]),
        (FAILING_VENV, ["disk full", "Making .venv failed"]),
    ],
)
def test_a_machine_without_the_means_is_told(python: str, told: list[str], tmp_path: Path) -> None:
    done = run_script(tmp_path, python)
    assert done.returncode == 1
    assert done.stdout == ""
    assert [text for text in told if text not in done.stderr] == []
    assert not (tmp_path / ".venv").exists()


def test_a_broken_environment_is_named(tmp_path: Path) -> None:
    (tmp_path / ".venv").mkdir()
    done = run_script(tmp_path, OLD)
    assert done.returncode == 1
    assert "rm -r" in done.stderr


def test_nothing_is_installed_twice_until_pyproject_changes(tmp_path: Path) -> None:
    """A made-up .venv whose pip only counts its calls: the third run comes after a change."""
    bin_folder = tmp_path / ".venv" / "bin"
    bin_folder.mkdir(parents=True)
    log = tmp_path / "pip.log"
    for name, text in {
        "python": f'[ "$2" = pip ] && echo "$@" >> "{log}"; exit 0',
        "pytest": "exit 7",
    }.items():
        (bin_folder / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (bin_folder / name).chmod(0o755)
    assert run_script(tmp_path, OLD).returncode == 7
    again = ["sh", str(tmp_path / "scripts" / "test")]
    assert subprocess.run(again).returncode == 7
    assert len(log.read_text(encoding="utf-8").splitlines()) == 1
    (tmp_path / "pyproject.toml").write_text("# changed", encoding="utf-8")
    subprocess.run(again)
    assert len(log.read_text(encoding="utf-8").splitlines()) == 2


def test_no_script_uses_what_only_bash_has() -> None:
    for script in ["tinyedu", "test", "typecheck", "venv.sh"]:
        text = (PROJECT / "scripts" / script).read_text(encoding="utf-8")
        assert "[[" not in text and "function " not in text, script
