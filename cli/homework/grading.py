"""`hw grade`: for teachers. Untrusted programs run in a box, or not at all."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import click

from tinygrad_edu.cli.homework.common import (
    BROKEN,
    demand_packages,
    exercise_named,
    explained,
    language,
    language_option,
    load,
    problem,
)
from tinygrad_edu.homework.course import TRACKS
from tinygrad_edu.homework.runner.batch import Launcher, plain
from tinygrad_edu.homework.show.screen import Screen
from tinygrad_edu.homework.show.words import harmless, word

__all__ = ["grade_command", "gradescope_command"]

PLACE = click.Path(exists=True, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
BOXES = ("auto", "bwrap", "docker", "process")
JOBS = max(1, (os.cpu_count() or 2) // 2)


@click.command("grade")
@click.argument("places", nargs=-1, required=True, type=PLACE)
@click.option("--out", required=True, type=FOLDER, help="Where grades and reports go.")
@click.option("--sandbox", type=click.Choice(BOXES), default="auto", help="For untrusted code.")
@click.option("--image", default="tinyedu-grading", show_default=True, help="Docker's image with Python and NumPy.")
@click.option("--seed-file", type=FILE, help="File with the secret seed of the twins.")
@click.option("--jobs", type=click.IntRange(1, 64), default=JOBS, help="Students at a time.")
@click.option("--roster", type=FILE, help="CSV with id, name, email.")
@click.option("--deadline", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%d %H:%M"]), help="What is newer is late.")
@click.option("--track", type=click.Choice(TRACKS), default="lecture", help="Which exercises (default: the lecture's).")
@click.option("--exercise", "names", multiple=True, help="Grade only this exercise (may be repeated).")
@click.option("--only", multiple=True, help="Grade only this student (id or name) again; the other results stay.")
@language_option
@explained
def grade_command(
    places: tuple[Path, ...], out: Path, sandbox: str, image: str, seed_file: Path | None, jobs: int,
    roster: Path | None, deadline: datetime | None, track: str, names: tuple[str, ...], only: tuple[str, ...],
    lang: str | None,
) -> None:  # fmt: skip
    """Grade submissions (a folder of zips or folders, or zips): CSV, JSON, and a page per student."""
    from tinygrad_edu.homework.grading import batch, report
    from tinygrad_edu.homework.grading.roster import match, read_roster
    from tinygrad_edu.homework.grading.roster import plain as letters
    from tinygrad_edu.homework.grading.submissions import find

    lang, screen, course = language(lang), Screen(), load()
    launcher, kind = _box(sandbox, image, lang)
    exercises = [exercise_named(course, name) for name in names] or course.track(track)
    demand_packages(exercises)
    matched = match(find(places), read_roster(roster) if roster else [])
    if not matched.chosen and not matched.unknown:
        raise problem("no_submissions")
    before: list[report.Result] = []
    about: dict[str, object] = {}
    if only:
        before, about = report.read_json(out / batch.JSON)
    chosen = None
    if only:
        wanted = {letters(name) for name in only}
        chosen = [s for s in matched.chosen if {letters(s.id), letters(s.name)} & wanted]
        if not chosen:
            raise problem("no_student", names=", ".join(only))
    seed = _seed(seed_file, about)
    _demand_writable(out)
    screen.line(word(f"grade.sandbox_{kind}", lang))
    results = batch.run(
        matched, exercises, out, seed, launcher, kind, jobs, deadline, before, chosen,
        lambda number, of, result: screen.line(
            word("grade.progress", lang, number=number, of=of, student=harmless(result.student.id), points=result.total)
        ),
    )  # fmt: skip
    graded = [r for r in results if r.submission]
    screen.line(
        " " + word(
            "grade.done", lang, count=len(graded), of=len(results), file=out / batch.CSV,
            timeouts=sum(map(batch.has_timeout, graded)), unreadable=sum(not batch.has_file(r) for r in graded),
        )
    )  # fmt: skip
    if matched.unknown:
        screen.line(word("grade.unknown", lang, names=harmless(", ".join(s.name for s in matched.unknown))))
    if matched.missing:
        screen.line(word("grade.missing", lang, names=harmless(", ".join(s.id for s in matched.missing))))
    if frequent := batch.frequent_mistakes(results):
        screen.line(word("grade.mistakes", lang, names=", ".join(f"{name} {count}" for name, count in frequent)))


def _demand_writable(out: Path) -> None:
    """What cannot be written is said before an hour of grading, not after it.

    Raises:
        OSError: nothing can be written there.
    """
    import tempfile

    out.mkdir(parents=True, exist_ok=True)
    try:
        tempfile.TemporaryFile(dir=out).close()
    except OSError as error:
        error.filename = str(out)
        raise


def _box(sandbox: str, image: str, lang: str) -> tuple[Launcher, str]:
    """The launcher, and its name.

    Raises:
        Problem: no usable sandbox, and none was waived by name.
    """
    if sandbox == "process":
        return plain, "process"
    from tinygrad_edu.homework import docker
    from tinygrad_edu.homework.sandbox import NOT_INSTALLED, bwrap, why_not_bwrap

    reasons = []
    if sandbox in ("auto", "bwrap"):
        if not (why := why_not_bwrap()):
            return bwrap, "bwrap"
        reasons.append(f'bwrap: "{word("box.missing", lang) if why == NOT_INSTALLED else why}"')
    if sandbox in ("auto", "docker"):
        try:
            return docker.usable(image), "docker"
        except docker.NoDocker as error:
            reasons.append(f'docker: "{word(error.key, lang, **error.filled)}"')
    raise problem("no_sandbox", BROKEN, why=", ".join(reasons))


def _seed(seed_file: Path | None, about: dict[str, object]) -> int:
    """The secret seed: of the file, of the earlier run that is continued, or a new one."""
    import zlib

    from tinygrad_edu.homework.grading.batch import new_seed

    if seed_file is not None:
        return zlib.crc32(seed_file.read_bytes().strip()) + 1000
    earlier = about.get("seed")
    return earlier if isinstance(earlier, int) else new_seed()


@click.command("gradescope")
@click.argument("names", nargs=-1, required=True)
@click.option("--out", default="autograder.zip", type=click.Path(dir_okay=False, path_type=Path), help="The zip.")
@click.option("--seed-file", type=FILE, help="File with the secret seed of the twins.")
@language_option
@explained
def gradescope_command(names: tuple[str, ...], out: Path, seed_file: Path | None, lang: str | None) -> None:
    """Write an autograder for Gradescope: the exercises you name, this version of the course, a secret seed."""
    from tinygrad_edu.homework.grading.gradescope import pack
    from tinygrad_edu.homework.workspace import write_atomically

    course = load()
    exercises = [exercise_named(course, name) for name in names]
    write_atomically(out, pack(exercises, _seed(seed_file, {})))
    Screen().line(word("done.page", language(lang), file=out))
