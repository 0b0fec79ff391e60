"""Checks one program of one exercise: which checks run, in which order, and what a failure is explained with."""

from __future__ import annotations

import hashlib
import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tinygrad_edu.homework.course import Exercise, Mistake
from tinygrad_edu.homework.encodings import other_encoding
from tinygrad_edu.homework.judge.checks import Check
from tinygrad_edu.homework.judge.fail import Cause, Fail
from tinygrad_edu.homework.judge.verdict import Verdict, decide, same_as
from tinygrad_edu.homework.kit import wire
from tinygrad_edu.homework.locate import called, locate, of_error, without_return
from tinygrad_edu.homework.runner.batch import Batch, Launcher, plain
from tinygrad_edu.homework.runner.jobs import Job
from tinygrad_edu.homework.runner.seen import Seen

PUBLIC_SEED = 7


def params_for(exercise: Exercise, check: Check, seed: int, public: bool = True) -> dict[str, Any]:
    """The parameters of a check: a function of the seed, the exercise and the check's name alone."""
    own = zlib.crc32(f"{exercise.slug}/{check.name}".encode())
    return check.params(np.random.default_rng([seed, own]), public)


@dataclass(frozen=True)
class Program:
    """A program to be checked.

    Attributes:
        source: its text.
        beside: further files, name -> text.
        base: module name -> text of what it builds on.
    """

    source: str
    beside: Mapping[str, str] = field(default_factory=dict)
    base: Mapping[str, str] = field(default_factory=dict)


def reference_base(exercise: Exercise) -> dict[str, str]:
    """What the exercise builds on, as the course's own solutions."""
    from tinygrad_edu.homework.course import load

    return {module: load().exercises[slug].solution for module, slug in exercise.base.items()}


def job_of(exercise: Exercise, check: Check, program: Program, params: Mapping[str, Any], **more: Any) -> Job:
    return Job(
        exercise, program.source, check.probe, params, exercise.limits(check), program.beside, program.base, **more
    )


def with_needs(exercise: Exercise, names: Iterable[str]) -> list[str]:
    """These checks and all that they wait for, prerequisites first."""
    ordered: list[str] = []
    waiting = list(names)[::-1]
    while waiting:
        name = waiting[-1]
        missing = [need for need in exercise.checks[name].needs if need not in ordered]
        if missing:
            waiting += missing
        else:
            waiting.pop()
            if name not in ordered:
                ordered.append(name)
    return ordered


def check_program(
    exercise: Exercise,
    program: Program,
    seed: int = PUBLIC_SEED,
    only: Sequence[str] = (),
    first: Sequence[str] = (),
    launcher: Launcher = plain,
    ignore_needs: bool = False,
    public: bool = True,
    explain: bool = True,
) -> Iterator[Verdict]:
    """The verdicts, each as soon as it is known and in the order in which they are to be shown.

    Args:
        exercise: which one.
        program: the student's file and what goes with it.
        seed: of the parameters that are drawn.
        only: these checks and what they wait for; all if empty.
        first: checks to try before the others (the ones that failed last time).
        launcher: the sandbox.
        ignore_needs: run a check even if another that it waits for fails.
        public: the public parameters, or seeded twins of them.
        explain: look for the known mistake behind a failure.
    """
    wanted = with_needs(exercise, only or exercise.checks)
    order = with_needs(exercise, [name for name in first if name in wanted])
    order += [name for name in wanted if name not in order]
    checks = [exercise.checks[name] for name in order]
    params = [params_for(exercise, check, seed, public) for check in checks]
    jobs = [
        job_of(exercise, check, program, p, waits=bool(check.needs) and not ignore_needs)
        for check, p in zip(checks, params, strict=True)
    ]
    batch = Batch(jobs, launcher=launcher)
    verdicts: dict[str, Verdict] = {}
    shown = 0
    for number, seen in batch:
        verdict = decide(checks[number], with_code(seen, exercise, program), params[number])
        if explain:
            verdict = explained(exercise, program, verdict, params[number], seed, public)
        verdicts[order[number]] = verdict
        _settle(checks, verdicts, batch, ignore_needs)
        while shown < len(order) and order[shown] in verdicts:
            yield verdicts[order[shown]]
            shown += 1
    for name in order[shown:]:
        yield verdicts[name]


def with_code(seen: Seen, exercise: Exercise, program: Program) -> Seen:
    """What faulthandler wrote has numbers of lines only: the lines themselves are in the program.

    And what is no Python because it is no UTF-8 is told as such.
    """
    texts = {exercise.file: program.source, **program.beside}
    if seen.error and seen.error["kind"] == "syntax":
        for name in [seen.frames[-1].file] if seen.frames else texts:
            encoding = other_encoding(texts.get(name, "").encode("utf-8", "surrogateescape"))
            if encoding:
                error = {**seen.error, "kind": "encoding", "text": encoding, "file": name}
                return replace(seen, error=error, frames=())
    frames = []
    for frame in seen.frames:
        lines = texts.get(frame.file, "").splitlines()
        known = not frame.code and 0 < frame.line <= len(lines)
        frames.append(replace(frame, code=lines[frame.line - 1].strip()[:200]) if known else frame)
    return replace(seen, frames=tuple(frames))


def _settle(checks: Sequence[Check], verdicts: dict[str, Verdict], batch: Batch, ignore_needs: bool) -> None:
    """Release the checks whose prerequisites have passed, and block those for which one has not."""
    if ignore_needs:
        return
    for number, check in enumerate(checks):  # (prerequisites come first, so one sweep is enough)
        if check.name in verdicts or not check.needs:
            continue
        known = [verdicts[need] for need in check.needs if need in verdicts]
        against = [verdict for verdict in known if verdict.state != "pass"]
        if against:
            verdicts[check.name] = Verdict(check, "blocked", waits_for=tuple(v.check.name for v in against))
            batch.skip(number)
        elif len(known) == len(check.needs):
            batch.release(number)


def explained(
    exercise: Exercise, program: Program, verdict: Verdict, params: dict[str, Any], seed: int, public: bool
) -> Verdict:
    """A failure with the known mistake behind it and the student's line it is about."""
    if verdict.seen is not None and verdict.seen.error and verdict.seen.error["kind"] == "base":
        return verdict  # (an earlier file cannot be imported: nothing is known about this one)
    if verdict.state in ("fail", "error") and verdict.seen is not None:
        if _fails_on(exercise, verdict.check, params, program.base):
            return verdict.but(base_fails=True)
        error = verdict.seen.error or {}
        verdict = verdict.but(mistake=known_mistake(exercise, verdict.check, params, verdict.seen, program.base))
        if verdict.mistake is None:
            cause = of_error(program.source, str(error.get("text")))
            verdict = verdict.but(cause=cause) if cause else _forgotten_return(exercise, program, verdict)
    if verdict.line is None and verdict.state == "fail":
        text = exercise.check_text(verdict.check.name)
        names = called(program.source, verdict.fail, text.code, text.plain) if verdict.fail else text.code
        verdict = verdict.but(line=locate(program.source, names, exercise.file))
    return verdict


def _forgotten_return(exercise: Exercise, program: Program, verdict: Verdict) -> Verdict:
    """Where something was None: the function of the student's that has no `return`, if it is one."""
    seen, fail = verdict.seen, verdict.fail
    assert seen is not None
    if fail is None and "NoneType" in str((seen.error or {}).get("text")):
        fail = Fail("value", where=seen.doing)
    elif fail is None or fail.cause is not None or not any("None" in str(t) for t in (fail.got, *fail.words.values())):
        return verdict
    text = exercise.check_text(verdict.check.name)
    name = without_return(program.source, fail, text.code, text.plain)
    if name is None:
        return verdict
    line = locate(program.source, [name], exercise.file)
    return verdict.but(cause=Cause("returned_none", {"function": name}), line=verdict.line or line)


def _fails_on(exercise: Exercise, check: Check, params: dict[str, Any], base: Mapping[str, str]) -> bool:
    """Whether the course's own solution fails this check on what the student has built it on."""
    if dict(base) == reference_base(exercise):
        return False
    job = job_of(exercise, check, Program(exercise.solution, {}, base), params)
    return any(decide(check, seen, params).state != "pass" for _, seen in Batch([job]))


def known_mistake(
    exercise: Exercise, check: Check, params: dict[str, Any], seen: Seen, base: Mapping[str, str]
) -> Mistake | None:
    """The mistake of the course that gives exactly this result, found by running each with the same parameters."""
    suspects = [m for m in exercise.mistakes.values() if check.name in m.shown_by]
    if not suspects:
        return None
    found = outcomes(exercise, check, suspects, params, base)
    return next((m for m, other in zip(suspects, found, strict=True) if same_as(check, seen, other, params)), None)


class Kept:
    """What the mistakes of a check came to. `watch` asks for the same ones at every save, `grade` for every student.

    Its threads may grade at the same time, and moving an entry of an OrderedDict is not one step: hence the lock, which
    is not held while mistakes run. (Two threads that ask for the same one both run it, and keep the same.)

    Args:
        most: how many checks are kept; the one that was not asked for longest goes first.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._kept: OrderedDict[bytes, list[Seen]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: bytes) -> list[Seen] | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: bytes, found: list[Seen]) -> None:
        with self._lock:
            self._kept[key] = found
            self._kept.move_to_end(key)
            while len(self._kept) > self.most:
                self._kept.popitem(last=False)


KEPT = Kept(300)


def outcomes(
    exercise: Exercise, check: Check, suspects: Sequence[Mistake], params: Mapping[str, Any], base: Mapping[str, str]
) -> list[Seen]:
    """What each of these mistakes of the exercise comes to with these parameters; run once for each process."""
    sources = [(m.name, m.source) for m in suspects]
    about = [str(exercise.folder), check.name, sources, wire.encode(dict(params)), sorted(base.items())]
    key = hashlib.sha256(repr([*about, exercise.limits(check)]).encode("utf-8", "surrogateescape")).digest()
    known = KEPT.get(key)
    if known is not None:
        return known
    jobs = [job_of(exercise, check, Program(m.source, {}, base), params) for m in suspects]
    ended = dict(Batch(jobs))
    found = [ended[number] for number in range(len(jobs))]
    # (A time-out or an end by force may come of a busy machine, and the next time may come to something else.)
    if not any(one.error and one.error.get("kind") in ("timeout", "killed") for one in found):
        KEPT.put(key, found)
    return found
