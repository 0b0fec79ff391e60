"""A new exercise's skeleton holds, but for the mistakes that its author has yet to think of; a bad one is found out."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from tinygrad_edu.cli.homework import authoring
from tinygrad_edu.cli.homework.common import FAILED
from tinygrad_edu.homework import exercises
from tinygrad_edu.homework.course import Course, Exercise, load
from tinygrad_edu.homework.matrix import problems, unequal_statements
from tinygrad_edu.homework.mutants import survivors
from tinygrad_edu.homework.picture import draw, look
from tinygrad_edu.homework.scaffold import create
from tinygrad_edu.homework.session import Program
from tinygrad_edu.homework.workspace import WorkspaceError


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Exercise]:
    """A new exercise, importable as one of the course's."""
    import tomllib

    folder = create("made-up", tmp_path)
    monkeypatch.setattr(exercises, "__path__", [*exercises.__path__, str(tmp_path)])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for name in [name for name in sys.modules if ".exercises.made_up" in name]:
        monkeypatch.delitem(sys.modules, name)
    meta = tomllib.loads((folder / "meta.toml").read_text(encoding="utf-8"))
    yield Exercise("made-up", 99, 1, ("full",), folder, meta)


def test_a_skeleton_holds(made: Exercise) -> None:
    assert list(problems(made)) == ["1 mistakes, at least 6 are wanted"]
    assert survivors(made) == []
    seen = look(made, Program(made.solution))
    assert "<svg" in draw(made, seen, "ja")


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("solution/made_up.py.txt", "2 * x", "3 * x", "the solution does not pass first"),
        ("starter/made_up.py.txt", "raise NotImplementedError", "return 2 * x  #", "the starter is not to do"),
        ("mistakes/squared.py.txt", "x * x", "x + x", "declares ['first'] and fails []"),
        ("mistakes/squared.py.txt", "x * x", "2 * x + 0", "cannot tell squared from the solution"),
        ("judges.py", "points=1", "points=2", "worth 2 points"),
        ("probes.py", "def first", "def second", "has no function first"),
        ("text.toml", 'ja = ["見る場所", ', "ja = [", "hints"),
        ("statement.ja.md", "## チェック", "### チェック", "levels of headings"),
        ("statement.ja.md", "| `first` |", "| `second` |", "pieces of code"),
    ],
)
def test_a_bad_exercise_is_found_out(made: Exercise, file: str, old: str, new: str, told: str) -> None:
    path = made.folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    fresh = replace(made)  # (what it has read is cached)
    assert told in "\n".join(problems(fresh))


def test_dev_check_names_mutants_that_no_check_notices(made: Exercise, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made.folder / "solution" / "made_up.py.txt"
    path.write_text(path.read_text(encoding="utf-8") + "\n\ndef unused(x):\n    return x + 1\n", encoding="utf-8")
    monkeypatch.setattr(authoring, "load", lambda: Course(1, {made.slug: replace(made)}))
    done = CliRunner().invoke(authoring.check_command, [made.slug, "--mutants"], standalone_mode=False)
    assert done.return_value == FAILED, done.output
    survive = [line for line in done.output.splitlines() if "a mutant passes every check" in line]
    assert [line.partition("line 9: ")[2] for line in survive] == ["Add becomes Sub", "1 becomes 2"]


def test_numbers_of_both_statements_are_compared() -> None:
    exercise = load().exercises["value"]
    assert list(unequal_statements(exercise)) == []


@pytest.mark.parametrize("slug", ["Made Up", "../evil", "", "a_b", "1st"])
def test_a_bad_name_is_refused(slug: str, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError):
        create(slug, tmp_path)
    assert list(tmp_path.iterdir()) == []
