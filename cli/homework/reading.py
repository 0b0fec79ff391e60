"""`hw hint`, `solution`, `picture`: what helps while writing, and what is worth seeing afterwards."""

from __future__ import annotations

import click

from tinygrad_edu.cli.homework.common import (
    FAILED,
    check_named,
    current_exercise,
    demand_file,
    exercise_named,
    explained,
    here,
    language,
    language_option,
    load,
    problem,
    remembering,
    split_name,
)
from tinygrad_edu.homework.show.screen import Screen
from tinygrad_edu.homework.show.words import word
from tinygrad_edu.homework.workspace import read_source, write_atomically

__all__ = ["hint_command", "picture_command", "solution_command"]


@click.command("hint")
@click.argument("name", required=False)
@language_option
@explained
def hint_command(name: str | None, lang: str | None) -> None:
    """Show the next of three hints: where to look, the idea, nearly the code."""
    workspace, course = here(), load()
    slug, check = split_name(name or current_exercise(workspace, course).slug)
    exercise, lang, screen = exercise_named(course, slug), language(lang, workspace), Screen()
    if check:
        check_named(exercise, check)
    else:
        last = workspace.last(exercise)
        open_checks = [c for c in exercise.checks if last.get(c, {}).get("state") not in ("pass", "blocked")]
        if not open_checks:
            screen.line(word("done.hint_none", lang, slug=exercise.slug))
            return
        check = open_checks[0]
    full = f"{exercise.slug}/{check}"
    hints = exercise.check_text(check).hints
    seen = int(workspace.state["hints"].get(full, 0))
    rungs = range(len(hints)) if seen >= len(hints) else range(seen, seen + 1)
    for rung in rungs:
        screen.line(word("done.hint", lang, rung=rung + 1, of=len(hints), name=full), style="bold")
        screen.line(hints[rung][lang], indent=2)
    with remembering(workspace, lang), workspace.changing() as state:
        state["hints"][full] = min(seen + 1, len(hints))
    last_one = seen + 1 >= len(hints)
    screen.line(word("done.hint_last" if last_one else "done.hint_more", lang, name=full), style="dim")


@click.command("solution")
@click.argument("name")
@click.option("--give-up", is_flag=True, help="Show it although your own does not pass yet; this is recorded.")
@language_option
@explained
def solution_command(name: str, give_up: bool, lang: str | None) -> None:
    """Show the course's solution beside yours, once yours passes."""
    workspace, course = here(), load()
    exercise, lang, screen = exercise_named(course, name), language(lang, workspace), Screen()
    done = workspace.standing(exercise)[1]
    if not done and not give_up:
        raise problem("not_passed", FAILED, slug=exercise.slug)
    if not done and exercise.slug not in workspace.state["given_up"]:
        with workspace.changing() as state:
            state["given_up"].append(exercise.slug)
    path = workspace.file(exercise)
    if path.exists() and screen.console.width >= 160:
        from rich.columns import Columns
        from rich.panel import Panel
        from rich.syntax import Syntax

        half = screen.console.width // 2 - 1
        panels = [
            Panel(Syntax(text, "python", background_color="default"), title=title, width=half)
            for title, text in (
                (word("done.yours", lang), read_source(path)),
                (word("done.ours", lang), exercise.solution),
            )
        ]
        screen.console.print(Columns(panels))
        return
    screen.line(f"# {word('done.ours', lang)}", style="bold")
    screen.code(exercise.solution)


@click.command("picture")
@click.argument("name", required=False)
@click.option(
    "--base", type=click.Choice(["mine", "ref"]), help="Build on your own earlier exercise, or on the course's."
)
@language_option
@explained
def picture_command(name: str | None, base: str | None, lang: str | None) -> int:
    """Draw the exercise's picture from what your code computes (SVG, in pictures/)."""
    import tinygrad_edu.homework.picture as picture
    from tinygrad_edu.homework.base import program_of
    from tinygrad_edu.homework.show.verdicts import frame_line

    workspace, course = here(), load()
    exercise = exercise_named(course, name) if name else current_exercise(workspace, course)
    lang, screen = language(lang, workspace), Screen()
    demand_file(workspace, exercise)
    seen = picture.look(exercise, program_of(workspace, course, exercise, base))
    if not seen.finished:
        error = seen.error or {"kind": "ended", "type": "", "text": ""}
        kind = "timeout_nowhere" if error["kind"] == "timeout" else error["kind"]
        at = {"file": seen.frames[-1].file if seen.frames else exercise.file, "wall": ""}
        screen.line(word(f"error.{kind}", lang, **{**at, **exercise.limits(), **error}))
        for frame in seen.frames[-1:]:
            screen.line(frame_line(frame, lang), indent=2)
        return FAILED
    try:
        svg = picture.draw(exercise, seen, lang)
    except ValueError as error:
        raise problem("not_drawable", FAILED, why=error, slug=exercise.slug) from error
    target = picture.path(workspace.root, exercise)
    write_atomically(target, svg.encode("utf-8"))
    about = picture.about(exercise, lang)
    screen.line(word("done.picture", lang, file=target.relative_to(workspace.root), about=about))
    return 0
