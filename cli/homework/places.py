"""`hw init`, `list`, `start`, `reset`, `undo`, `upgrade`: the student's folder and what is in it."""

from __future__ import annotations

from pathlib import Path

import click

from tinygrad_edu.cli.homework.common import (
    current_exercise,
    exercise_named,
    explained,
    here,
    language,
    language_option,
    load,
    tell_of_aside,
)
from tinygrad_edu.homework.course import TRACKS, Exercise
from tinygrad_edu.homework.show.screen import Screen
from tinygrad_edu.homework.show.verdicts import legend
from tinygrad_edu.homework.show.words import word
from tinygrad_edu.homework.workspace import HIDDEN, Workspace, write_atomically

__all__ = ["init_command", "list_command", "reset_command", "start_command", "undo_command", "upgrade_command"]


@click.command("init")
@click.argument("folder", default=".", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--track", type=click.Choice(TRACKS), default=None, help="The three homeworks of the lecture, or all exercises."
)
@language_option
@explained
def init_command(folder: Path, track: str | None, lang: str | None) -> None:
    """Make a homework folder (the current one by default). Files that are there stay."""
    old = Workspace(folder) if (folder / HIDDEN).is_dir() else None
    if old:
        tell_of_aside(old)
    chosen = language(lang, old)
    workspace = Workspace.create(folder, chosen, track or (old.track if old else "full"))
    screen, course = Screen(), load()
    screen.line(word("done.init", chosen, folder=folder.resolve(), track=workspace.track))
    slug = current_exercise(workspace, course).slug
    if folder.resolve() == Path.cwd().resolve():
        screen.line(word("done.init_next", chosen, slug=slug))
    else:  # (the other commands look for the folder from where they are)
        shown = f'"{folder}"' if " " in str(folder) else str(folder)
        screen.line(word("done.init_next_there", chosen, folder=shown, slug=slug))


@click.command("list")
@language_option
@explained
def list_command(lang: str | None = None) -> None:
    """Show the exercises, what is done, and the next step."""
    workspace, course = here(), load()
    lang, screen = language(lang, workspace), Screen()
    exercises = workspace.exercises(course)
    standings = {exercise.slug: workspace.standing(exercise) for exercise in exercises}
    screen.line(
        word(
            "list.head", lang,
            done=sum(done for _, done, _ in standings.values()), of=len(exercises),
            earned=sum(points for points, _, _ in standings.values()), points=sum(e.points for e in exercises),
        ),
        style="bold",
    )  # fmt: skip
    rows = [_row(workspace, exercise, lang) for exercise in exercises]
    screen.table(rows)
    signs = [word("legend.list", lang), *legend(lang), word("legend.stretch", lang)]
    screen.flow(signs, 2, "dim", gap=3, further=0)
    undone = [exercise for exercise in exercises if not standings[exercise.slug][1]]
    if not undone:
        screen.line(word("list.all_done", lang))
        return
    at = current_exercise(workspace, course)
    key = "list.next_check" if workspace.file(at).exists() else "list.next_start"
    screen.line(word(key, lang, slug=at.slug))


def _row(workspace: Workspace, exercise: Exercise, lang: str) -> tuple[str, ...]:
    points, done, stale = workspace.standing(exercise)
    versions = {row.get("version") for row in workspace.last(exercise).values()}
    if done and versions - {exercise.version}:
        state = word("list.older", lang, version=min(v for v in versions if isinstance(v, int)))
    elif done:
        state = word("list.stale" if stale else "list.done", lang)
    else:
        state = word("list.started" if workspace.file(exercise).exists() else "list.fresh", lang)
    return (
        f"  {'✓' if done else ' '}",
        f"{exercise.number:02d}",
        exercise.slug,
        "★" * exercise.stars,
        exercise.title[lang],
        f"{points}/{exercise.points}",
        state,
    )


@click.command("start")
@click.argument("name")
@click.option("--html", is_flag=True, help="Write the statement as an HTML page that needs no network.")
@language_option
@explained
def start_command(name: str, html: bool, lang: str | None) -> None:
    """Put an exercise's starter in place and show its statement."""
    workspace, course = here(), load()
    exercise, lang, screen = exercise_named(course, name), language(lang, workspace), Screen()
    fresh = workspace.start(exercise)
    shown = workspace.file(exercise).relative_to(workspace.root)
    if html:
        from tinygrad_edu.homework.show.page import page

        target = workspace.file(exercise).parent / f"statement.{lang}.html"
        write_atomically(target, page(exercise.title[lang], exercise.statement(lang), lang).encode("utf-8"))
        screen.line(word("done.page", lang, file=target.relative_to(workspace.root)))
    else:
        screen.markdown(exercise.statement(lang))
        screen.line()
    screen.line(word("done.started" if fresh else "done.kept", lang, file=shown))
    screen.line(word("done.start_next", lang, file=shown, slug=exercise.slug))


@click.command("reset")
@click.argument("name")
@language_option
@explained
def reset_command(name: str, lang: str | None) -> None:
    """Put the starter back. Your own file is kept; `undo` brings it back."""
    workspace, course = here(), load()
    exercise, lang, screen = exercise_named(course, name), language(lang, workspace), Screen()
    kept = workspace.reset(exercise)
    screen.line(word("done.reset", lang, file=workspace.file(exercise).relative_to(workspace.root)))
    if kept:
        screen.line(word("done.reset_kept", lang, kept=kept.relative_to(workspace.root)))


@click.command("undo")
@language_option
@explained
def undo_command(lang: str | None) -> None:
    """Bring back the file that the last reset, upgrade or undo replaced."""
    workspace, course = here(), load()
    exercise, folder = workspace.undo(course)
    file = workspace.file(exercise).relative_to(workspace.root)
    Screen().line(word("done.undo", language(lang, workspace), file=file, folder=folder.relative_to(workspace.root)))


@click.command("upgrade")
@language_option
@explained
def upgrade_command(lang: str | None) -> None:
    """Take over the installed version's starters; your own changes are kept, or merged."""
    from tinygrad_edu.homework.upgrade import upgrade

    workspace, course = here(), load()
    lang, screen = language(lang, workspace), Screen()
    outcomes = upgrade(workspace, course)
    if not outcomes:
        screen.line(word("done.upgrade_none", lang))
    for slug, outcome in outcomes.items():
        new = f"{course.exercises[slug].module}.NEW.py"
        screen.line(word(f"done.{outcome}", lang, slug=slug, new=new))
