"""Every command and option that a page, an exercise or a hint names is one that tinyedu has.

What the commands of a page print is compared by tests/repo/test_docs.py; this is about those it only names.
"""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from itertools import takewhile
from pathlib import Path

import click
import pytest

from tinygrad_edu.cli.main import main

PROJECT = Path(__file__).parents[2]
PAGES = [
    PROJECT / "README.md",
    *sorted((PROJECT / "docs").glob("*.md")),
    PROJECT / "homework" / "AUTHORING.md",
    *sorted((PROJECT / "homework").rglob("statement.*.md")),
    *sorted((PROJECT / "homework").rglob("text.toml")),
]
CODE = re.compile(r"`([^`\n]+)`|^\$ (.+)$", re.M)
NAME = re.compile(r"[a-z][a-z-]*")
OPTION = re.compile(r"--[a-z][a-z-]*")


@cache
def below(group: click.Group) -> dict[str, click.Command]:
    """The commands of a group by name."""
    context = click.Context(group)
    found = {name: group.get_command(context, name) for name in [*group.list_commands(context), "hw"]}
    return {name: command for name, command in found.items() if command is not None}


def options(command: click.Command) -> set[str]:
    return {name for param in command.params for name in (*param.opts, *param.secondary_opts)} | {"--help"}


def every_option(command: click.Command) -> set[str]:
    inside = below(command).values() if isinstance(command, click.Group) else ()
    return options(command).union(*map(every_option, inside))


def unknown(code: str) -> Iterator[str]:
    """What a piece of code names that does not exist: `tinyedu hw check value --base ref`, `hw list`, `--plot DIR`."""
    try:
        words = shlex.split(code)
    except ValueError:  # not a command line
        return
    command: click.Command = main
    if words[:1] in (["tinyedu"], ["hw"]):
        words = words[words[0] == "tinyedu" :]
        while words and isinstance(command, click.Group) and NAME.fullmatch(words[0]):
            if words[0] not in below(command):
                yield f"no command {words[0]} in `{code}`"
                return
            command = below(command)[words.pop(0)]
        if command.name == "run":  # what follows the script is the script's own
            words = list(takewhile(OPTION.fullmatch, words))
    elif not code.startswith("--"):
        return
    known = every_option(command) | options(main)
    yield from (f"no option {word} in `{code}`" for word in words if OPTION.fullmatch(word) and word not in known)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_what_a_page_names_exists(page: Path) -> None:
    found = [one or other for one, other in CODE.findall(page.read_text(encoding="utf-8"))]
    assert [problem for code in found for problem in unknown(code)] == []


@pytest.mark.parametrize(
    "code", ["tinyedu hw chekc value", "hw check value --bsae ref", "tinyedu demo rosenbrock --setps 3", "--plto"]
)
def test_what_does_not_exist_is_found(code: str) -> None:
    assert list(unknown(code))


def test_the_homework_page_names_every_command() -> None:
    page = (PROJECT / "docs" / "homework.md").read_text(encoding="utf-8")
    group = below(main)["homework"]
    assert isinstance(group, click.Group)
    assert [name for name in below(group) if f"hw {name}" not in page] == []
