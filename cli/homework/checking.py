"""`hw check`: run the checks of an exercise and print each verdict as soon as it is known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click

from tinygrad_edu.cli.homework.common import (
    FAILED,
    check_named,
    current_exercise,
    demand_file,
    demand_packages,
    exercise_named,
    explained,
    here,
    language,
    language_option,
    load,
    remembering,
    split_name,
)
from tinygrad_edu.homework.course import Course, Exercise
from tinygrad_edu.homework.judge.verdict import Verdict
from tinygrad_edu.homework.show.screen import Screen
from tinygrad_edu.homework.workspace import Workspace

__all__ = ["check_command", "run_checks"]


@click.command("check")
@click.argument("name", required=False)
@click.option(
    "--base", type=click.Choice(["mine", "ref"]), help="Build on your own earlier exercise, or on the course's."
)
@click.option("--seed", type=click.IntRange(min=0), default=None, help="Seed of the parameters that are drawn.")
@click.option("-v", "--verbose", is_flag=True, help="Show every wrong element, and what your program printed.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdicts as JSON.")
@click.option(
    "--here", "in_process", is_flag=True, help="In this process, without limits: for breakpoint() and debuggers."
)
@language_option
@explained
def check_command(
    name: str | None,
    base: str | None,
    seed: int | None,
    verbose: bool,
    as_json: bool,
    in_process: bool,
    lang: str | None,
) -> int:
    """Check an exercise (value) or one check of it (value/reuse).

    The checks that failed last time come first. Exit code 0 if all public checks pass, 1 if not.
    """
    workspace, course = here(), load()
    slug, check = split_name(name or current_exercise(workspace, course).slug)
    exercise = exercise_named(course, slug)
    only = [check_named(exercise, check)] if check else []
    demand_file(workspace, exercise)
    demand_packages([exercise])
    if as_json:
        judged = workspace.hash_of(exercise)  # (it may be saved again while it is checked)
        verdicts = list(_verdicts(workspace, course, exercise, seed, only, base, in_process))
        with remembering(workspace, language(lang, workspace)):
            workspace.record(exercise, verdicts, judged)
        click.echo(json.dumps(_as_data(exercise, verdicts, language(lang, workspace)), ensure_ascii=False, indent=1))
    else:
        screen = Screen()
        verdicts = run_checks(
            screen, workspace, course, exercise, language(lang, workspace), seed, only, base, verbose, in_process
        )
    return 0 if all(v.state == "pass" or v.check.stretch for v in verdicts) else FAILED


def _verdicts(
    workspace: Workspace, course: Course, exercise: Exercise, seed: int | None, only: list[str], base: str | None,
    in_process: bool,
) -> Iterator[Verdict]:  # fmt: skip
    from tinygrad_edu.homework import session
    from tinygrad_edu.homework.base import program_of

    program = program_of(workspace, course, exercise, base)
    if in_process:
        from tinygrad_edu.homework.runner.here import check_here

        return check_here(
            exercise, program, session.PUBLIC_SEED if seed is None else seed, only, workspace.file(exercise)
        )
    return session.check_program(
        exercise, program, seed=session.PUBLIC_SEED if seed is None else seed, only=only,
        first=workspace.last_failures(exercise),
    )  # fmt: skip


def run_checks(
    screen: Screen, workspace: Workspace, course: Course, exercise: Exercise, lang: str, seed: int | None = None,
    only: list[str] | None = None, base: str | None = None, verbose: bool = False, in_process: bool = False,
) -> list[Verdict]:  # fmt: skip
    """Check, print as it goes, remember, and print what comes next."""
    from tinygrad_edu.homework.session import PUBLIC_SEED
    from tinygrad_edu.homework.show import verdicts as shown
    from tinygrad_edu.homework.show.words import word

    shown.head(screen, exercise, lang, word("head.public", lang, seed=PUBLIC_SEED if seed is None else seed))
    verdicts: list[Verdict] = []
    judged = workspace.hash_of(exercise)
    try:
        for verdict in _verdicts(workspace, course, exercise, seed, only or [], base, in_process):
            verdicts.append(verdict)
            shown.show(screen, exercise, verdict, lang, verbose)
            print(end="", flush=True)  # (there may be no standard output: `>&-`)
    finally:  # Ctrl-C, or a reader that has seen enough: what was found out is remembered
        if verdicts:
            with remembering(workspace, lang):
                workspace.record(exercise, verdicts, judged)
    shown.foot(screen, workspace, course, exercise, verdicts, lang, complete=not only, base=base)
    return verdicts


def _as_data(exercise: Exercise, verdicts: list[Verdict], lang: str) -> dict[str, Any]:
    from tinygrad_edu.homework.show.verdicts import reason

    return {
        "exercise": exercise.slug,
        "version": exercise.version,
        "checks": [
            {
                "name": v.check.name,
                "state": v.state,
                "points": v.earned,
                "of": v.check.points,
                "seconds": v.seconds,
                "reason": reason(exercise, v, lang),
                "mistake": v.mistake.name if v.mistake else None,
                "line": {"file": v.line.file, "line": v.line.line} if v.line else None,
            }
            for v in verdicts
        ],
    }
