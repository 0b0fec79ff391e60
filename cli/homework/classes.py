"""`hw stats` and `hw similarity-export`: what a teacher asks of a whole class."""

from __future__ import annotations

from pathlib import Path

import click

from tinygrad_edu.cli.homework.common import exercise_named, explained, language, language_option, load
from tinygrad_edu.homework.course import TRACKS
from tinygrad_edu.homework.show.screen import Screen
from tinygrad_edu.homework.show.words import word

__all__ = ["similarity_export_command", "stats_command"]

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("stats")
@click.argument("out", type=click.Path(exists=True, file_okay=False, path_type=Path))
@language_option
@explained
def stats_command(out: Path, lang: str | None) -> None:
    """Per check: how many pass, and which known mistakes were made. OUT is a folder that `grade` wrote."""
    from tinygrad_edu.homework.grading.batch import JSON
    from tinygrad_edu.homework.grading.report import read_json
    from tinygrad_edu.homework.grading.statistics import statistics
    from tinygrad_edu.homework.judge.verdict import STATES

    lang = language(lang)
    results, _ = read_json(out / JSON)
    head = tuple(word(f"stats.{key}", lang) for key in ("check", "passed", "others", "mistakes"))
    rows = [head]
    for one in statistics(results):
        mistakes = ", ".join(f"{name} {count}" for name, count in one.mistakes.most_common(4))
        passed = f"{one.states['pass']}/{one.handed_in} ({one.pass_rate:.0%})"
        others = ", ".join(
            f"{word(f'state.{state}', lang)} {one.states[state]}" for state in STATES[1:] if one.states[state]
        )
        rows.append((f"{one.exercise}/{one.check}", passed, others, mistakes))
    Screen().table(rows)


@click.command("similarity-export")
@click.argument("places", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Where the folders go.")
@click.option("--roster", type=FILE, help="CSV with id, name, email.")
@click.option("--track", type=click.Choice(TRACKS), default="lecture", help="Which exercises (default: the lecture's).")
@click.option("--exercise", "names", multiple=True, help="Only this exercise (may be repeated).")
@language_option
@explained
def similarity_export_command(
    places: tuple[Path, ...], out: Path, roster: Path | None, track: str, names: tuple[str, ...], lang: str | None
) -> None:
    """Lay submissions out for Dolos or JPlag, with the starter as the template that everybody shares."""
    from tinygrad_edu.homework.grading.roster import match, read_roster
    from tinygrad_edu.homework.grading.similarity import export
    from tinygrad_edu.homework.grading.submissions import find

    course, screen, lang = load(), Screen(), language(lang)
    exercises = [exercise_named(course, name) for name in names] or course.track(track)
    matched = match(find(places), read_roster(roster) if roster else [])
    for slug, count in export(matched, exercises, out).items():
        screen.line(word("stats.exported", lang, slug=slug, count=count, folder=out / slug))
    screen.line(word("stats.programs", lang))
