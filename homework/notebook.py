"""A notebook as a view of an exercise: statement, the student's file in a cell that writes it back, and checks.

The `.py` file stays the truth. The cell `%%hw_file` saves into it (a copy of the old one is kept), `%hw_check` runs the
same checks as the command. `%load_ext tinygrad_edu.homework.notebook` in the first cell brings both.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tinygrad_edu.homework.course import Exercise, load
from tinygrad_edu.homework.encodings import other_encoding
from tinygrad_edu.homework.workspace import STATE, Workspace, WorkspaceError, read_source, write_atomically

WORDS = {
    "en": ("Run the next cell to save your file and the one after it to check.", "one check:"),
    "ja": ("次のセルを実行するとファイルに保存され、その次のセルでチェックします。", "チェックを 1 つだけ:"),
}


def notebook(exercise: Exercise, source: str, lang: str) -> str:
    """The text of the `.ipynb` (format 4.5): no outputs, and nothing in it that the file does not hold."""
    first_check = next(iter(exercise.checks))
    cells = [
        _cell("markdown", exercise.statement(lang)),
        _cell("code", "%load_ext tinygrad_edu.homework.notebook"),
        _cell("markdown", WORDS[lang][0]),
        _cell("code", f"%%hw_file {exercise.slug}\n{source}"),
        _cell("code", f"%hw_check {exercise.slug}\n# {WORDS[lang][1]} %hw_check {exercise.slug}/{first_check}"),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"{exercise.slug}-{number}"
    data = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def _cell(kind: str, text: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": text.splitlines(keepends=True)}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return cell


def write(workspace: Workspace, exercise: Exercise, lang: str) -> Path:
    """Write the notebook beside the student's file; an older one is kept as `.old.ipynb`.

    Raises:
        WorkspaceError: the file cannot be read, or is no UTF-8.
    """
    source, file = read_source(workspace.file(exercise)), workspace.file(exercise)
    encoding = other_encoding(source.encode("utf-8", "surrogateescape"))
    if encoding:  # (a notebook is UTF-8: the cell would save something else than what was in the file)
        raise WorkspaceError("encoding", name=file.name, encoding=encoding)
    target = file.with_suffix(".ipynb")
    if target.exists():
        write_atomically(target.with_suffix(".old.ipynb"), target.read_bytes())
    write_atomically(target, notebook(exercise, source, lang).encode("utf-8", "replace"))
    return target


def hw_file(line: str, cell: str) -> None:
    """The magic `%%hw_file SLUG`: save the cell as the student's file of the exercise, the old one backed up."""
    workspace, exercise = Workspace.find(), load().exercises[line.strip()]
    path, content = workspace.file(exercise), cell.encode("utf-8", "surrogateescape")
    if path.exists() and path.read_bytes() == content:
        print(f"{path.name}: unchanged")
        return
    workspace.back_up(exercise)
    write_atomically(path, content)
    print(f"wrote {exercise.slug}/{path.name}")


def hw_check(line: str) -> None:
    """The magic `%hw_check SLUG[/CHECK]`: what `tinyedu hw check` prints."""
    from tinygrad_edu.homework import session
    from tinygrad_edu.homework.base import program_of
    from tinygrad_edu.homework.show import verdicts as shown
    from tinygrad_edu.homework.show.screen import Screen
    from tinygrad_edu.homework.show.words import word

    workspace, course = Workspace.find(), load()
    if workspace.aside is not None:
        why, kept = word(f"note.{workspace.aside.why}", workspace.lang), workspace.aside.kept
        print(word("note.aside", workspace.lang, file=kept.with_name(STATE), kept=kept.name, why=why))
    slug, _, check = line.partition("#")[0].strip().partition("/")
    exercise, lang, screen = course.exercises[slug], workspace.lang, Screen(width=100)
    shown.head(screen, exercise, lang, word("head.public", lang, seed=session.PUBLIC_SEED))
    found = []
    program, only = program_of(workspace, course, exercise), [check] if check else []
    for verdict in session.check_program(exercise, program, only=only, first=workspace.last_failures(exercise)):
        found.append(verdict)
        shown.show(screen, exercise, verdict, lang)
    workspace.record(exercise, found)
    shown.foot(screen, workspace, course, exercise, found, lang, complete=not check)


def load_ipython_extension(ipython: Any) -> None:
    """What `%load_ext tinygrad_edu.homework.notebook` calls."""
    ipython.register_magic_function(hw_file, "cell", "hw_file")
    ipython.register_magic_function(hw_check, "line", "hw_check")
