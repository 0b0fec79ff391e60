"""`hw doctor`: tries each limit once and says which hold on this machine; it looks nothing up, it tries."""

from __future__ import annotations

import importlib.util
import platform
import sys
from dataclasses import replace

import click

from tinygrad_edu.cli.homework.common import BROKEN, explained, here, language, language_option, load
from tinygrad_edu.homework.course import Exercise
from tinygrad_edu.homework.judge.verdict import Verdict
from tinygrad_edu.homework.show.screen import Screen
from tinygrad_edu.homework.show.words import showable, word
from tinygrad_edu.homework.workspace import WorkspaceError

__all__ = ["doctor_command"]

TRIALS = {
    "wall": ("while True: pass", "timeout"),
    "memory": ("bytearray(8 << 30)", "memory"),
    "output": ("while True: print('x' * 1000)", "output"),
    "network": ("import socket\nsocket.create_connection(('127.0.0.1', 9))", "error"),
}


@click.command("doctor")
@language_option
@explained
def doctor_command(lang: str | None) -> int:
    """Try what the checks rely on: the worker, its limits, the console, and what is installed."""
    try:
        workspace = here()
    except WorkspaceError:
        workspace = None
    lang, screen = language(lang, workspace), Screen()
    screen.line("  " + word("doctor.python", lang, version=platform.python_version(), executable=sys.executable))
    note = "" if showable("✓²日", screen.encoding) == "✓²日" else word("doctor.encoding_note", lang)
    screen.line("  " + word("doctor.encoding", lang, encoding=screen.encoding, note=note))
    broken = _worker(screen, lang)
    _sandbox(screen, lang)
    _packages(screen, lang)
    if sys.platform != "linux":
        screen.line("! " + word("doctor.untested", lang))
    return BROKEN if broken else 0


def _worker(screen: Screen, lang: str) -> bool:
    """Run one program per limit; whether something essential does not hold."""
    from tinygrad_edu.homework.runner.jobs import start_method

    broken = False
    exercise = load().exercises["value"]
    whole = _try(exercise, exercise.solution)
    if whole.state != "pass" or whole.seen is None:
        what = (whole.seen.error or {}) if whole.seen else {}
        screen.line("✗ " + word("doctor.broken", lang, what=f"worker ({what})"), style="red")
        return True
    screen.line("✓ " + word("doctor.start", lang, method=start_method(), seconds=whole.seconds))
    short = replace(exercise, meta={**exercise.meta, "limits": {"wall": 1.5}})
    for name, (program, kind) in TRIALS.items():
        verdict = _try(short, program + "\n")
        held = verdict.seen is not None and verdict.seen.error is not None and verdict.seen.error["kind"] == kind
        if held:
            screen.line("✓ " + word(f"doctor.{name}", lang))
        elif name == "memory":
            screen.line("! " + word("doctor.memory_not", lang), style="yellow")
        else:
            broken = True
            screen.line("✗ " + word("doctor.broken", lang, what=word(f"doctor.{name}", lang)), style="red")
    return broken


def _try(exercise: Exercise, source: str) -> Verdict:
    from tinygrad_edu.homework.session import Program, check_program

    return next(iter(check_program(exercise, Program(source), only=["forward"], explain=False)))


def _sandbox(screen: Screen, lang: str) -> None:
    if importlib.util.find_spec("tinygrad_edu.homework.sandbox") is None:
        return
    from tinygrad_edu.homework.sandbox import NOT_INSTALLED, why_not_bwrap

    why = why_not_bwrap()
    if why:
        why = word("box.missing", lang) if why == NOT_INSTALLED else why
        screen.line("· " + word("doctor.bwrap_not", lang, why=why))
    else:
        screen.line("✓ " + word("doctor.bwrap", lang))


def _packages(screen: Screen, lang: str) -> None:
    needed: dict[str, list[str]] = {}
    for exercise in load().exercises.values():
        for name in exercise.needs_packages:
            needed.setdefault(name, []).append(exercise.slug)
    for name, slugs in needed.items():
        if importlib.util.find_spec(name) is None:
            screen.line("! " + word("doctor.package_not", lang, name=name, slugs=", ".join(slugs)), style="yellow")
        else:
            screen.line("✓ " + word("doctor.package", lang, name=name))
