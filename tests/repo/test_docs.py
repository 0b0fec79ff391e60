"""Every page of the documentation, README included, is executed; its commands and files exist."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
NEEDS = re.compile(r"<!-- needs: (\w+) -->")
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


def run(page: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Execute a page in a process of its own: what it registers or patches must not reach the other tests."""
    command = [sys.executable, str(PROJECT / "docs" / "run_page.py"), str(page)]
    plain = {"PYTHONUTF8": "1", "NO_COLOR": "1", "COLUMNS": "100", "MPLBACKEND": "Agg"}
    return subprocess.run(
        command, cwd=folder, env={**os.environ, **plain},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
    )  # fmt: skip


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_does_what_it_shows(page: Path, tmp_path: Path) -> None:
    for module in NEEDS.findall(page.read_text(encoding="utf-8")):
        pytest.importorskip(module)
    done = run(page, tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_scripts_of_the_readme_exist_and_ci_runs_its_test_command() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    first = re.search(r"```sh\n(.*?)```", readme, re.S)
    assert first, "README.md opens with the two commands"
    commands = [line.partition("#")[0].strip() for line in first[1].splitlines()]
    assert len(commands) == 2
    for command in commands:
        assert (PROJECT / command.split()[1]).is_file()
    assert commands[1] in (PROJECT / ".ci" / "run").read_text(encoding="utf-8")


PAGE_THAT_WORKS = """
```python
x = 3
print(x + 0.125)
```
```text
3.1...
```
```sh
this is for reading
```
```python
assert x == 3
```
"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("", "", None),
        ("3.1...", "4", "+ 3.125"),
        ("assert x == 3", "assert x == 4", "AssertionError"),
        ("```sh\nthis", "```python\nthis", "SyntaxError"),
        ("```sh\nthis is for reading", "```console\n$ python -c 'print(1)'\n2", "+ 1"),
        ("```sh\nthis is for reading", "```console\n$ python -c 'print(1)'", "+ 1"),
        ("```sh\nthis is for reading", "```console\n$ python -c 'exit(3)'", "exit code 3"),
        ("```sh\nthis", "<!-- no-run -->\n```python\nthis", None),
    ],
)
def test_a_page_that_shows_something_else_is_found(old: str, new: str, told: str | None, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE_THAT_WORKS.replace(old, new, 1) if old else PAGE_THAT_WORKS, encoding="utf-8")
    done = run(page, tmp_path)
    assert (done.returncode == 0) == (told is None), done.stdout
    assert told is None or told in done.stdout


def test_the_architecture_page_shows_every_room() -> None:
    page = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")
    package = PROJECT / "tinygrad_edu"
    rooms = [f"{file.parent.name}/" for file in package.glob("*/__init__.py")]
    rooms += [file.name for file in package.glob("*.py") if file.name != "__init__.py"]
    assert [room for room in rooms if f"[{room}]" not in page] == []
