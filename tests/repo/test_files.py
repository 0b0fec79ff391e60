"""Every file keeps the house rules that a machine can check: size, opening docstring, no private places."""

import ast
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
FOLDERS = ("tinygrad_edu", "cli", "homework", "tests", "benchmarks", "docs", "scripts", ".ci")
MOST_LINES = 400
TEXT = {".py", ".md", ".toml", ".sh", ".txt", ".cfg", ".yml", ".yaml", ".html", ".js", ".css", ""}

# Folders of one person's machine, and options that name one company's package index.
PRIVATE = re.compile(
    r"/(?:home|Users|root|work|workspace|opt|mnt)/\w"
    r"|/tmp/\w|[A-Za-z]:\\+(?:Users|Documents)"
    r"|(?:extra-)?index-url|find-links|trusted-host"
)


def files() -> list[Path]:
    """Every text file of the project, without what tools leave behind."""
    inside = [file for folder in FOLDERS for file in (PROJECT / folder).rglob("*")]
    # (Python files at the top are a user's own experiments: the project has none there. In a git worktree, .git is a
    # file that holds the worktree's place.)
    top = [file for file in PROJECT.iterdir() if file.suffix != ".py" and file.name != ".git"]
    found = [file for file in [*top, *inside] if file.is_file() and file.suffix in TEXT]
    return sorted(file for file in found if "__pycache__" not in file.parts and file.name != ".DS_Store")


PYTHON = [file for file in files() if file.suffix == ".py"]


def name(file: Path) -> str:
    return file.relative_to(PROJECT).as_posix()


@pytest.mark.parametrize("file", PYTHON, ids=name)
def test_a_module_opens_with_its_one_idea_and_stays_short(file: Path) -> None:
    source = file.read_text(encoding="utf-8")
    lines = len(source.splitlines())
    assert lines <= MOST_LINES, f"{name(file)} has {lines} lines; look for the second idea in it"
    assert ast.get_docstring(ast.parse(source)), f"{name(file)} does not open with a docstring"


@pytest.mark.parametrize("file", [f for f in files() if f != Path(__file__)], ids=name)
def test_a_file_names_no_private_place(file: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    found = [f"{i}: {line}" for i, line in enumerate(lines, 1) if PRIVATE.search(line)]
    assert found == [], "\n".join([name(file), *found])


def test_a_private_place_would_be_found() -> None:
    assert PRIVATE.search("/home/ada/project")
    assert PRIVATE.search(r"C:\Users\ada")
    assert not PRIVATE.search("https://pytorch.org/docs/ and a/b, lr/2")
