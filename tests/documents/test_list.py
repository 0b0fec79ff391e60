"""The list of what is not reproduced has the right form: a section for each document, a known reason in each line."""

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LIST = (HERE / "not_reproduced.md").read_text(encoding="utf-8")
SECTIONS = re.findall(r"^## (\d)\. .*: (test_\w+\.py)\n\n((?:\|.*\n)+)", LIST, re.M)
REASONS = set(re.findall(r"\*\*(\w+)\*\*", LIST))


def test_every_document_has_a_section_and_a_file_of_tests() -> None:
    assert [number for number, _, _ in SECTIONS] == list("12345")
    files = {file.name for file in HERE.glob("test_*.py")} - {"test_list.py"}
    assert {name for _, name, _ in SECTIONS} == files


@pytest.mark.parametrize(("name", "table"), [(name, table) for _, name, table in SECTIONS])
def test_every_line_says_where_what_why_and_what_instead(name: str, table: str) -> None:
    head, rule, *rows = ([cell.strip() for cell in row.strip("|\n").split("|")] for row in table.splitlines())
    assert head == ["where", "what is printed", "why", "what is tested instead"] and set(rule) == {"---"}
    assert rows and all(len(row) == 4 and all(row) for row in rows)
    assert {row[2] for row in rows} <= REASONS


def test_every_reason_is_used() -> None:
    used = {row.split("|")[3].strip() for _, _, table in SECTIONS for row in table.splitlines()[2:]}
    assert used == REASONS


def test_every_file_points_to_the_list() -> None:
    for _, name, _ in SECTIONS:
        assert "not_reproduced.md" in (HERE / name).read_text(encoding="utf-8")
