"""Runs one submission: every check with the public numbers and, where these pass, with twins that nobody has seen."""

from __future__ import annotations

import dataclasses
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field

from tinygrad_edu.homework.course import Exercise
from tinygrad_edu.homework.grading.submissions import Submission, program_files
from tinygrad_edu.homework.judge.checks import Check
from tinygrad_edu.homework.judge.verdict import Verdict, decide
from tinygrad_edu.homework.runner.batch import Batch, Launcher
from tinygrad_edu.homework.runner.seen import Seen
from tinygrad_edu.homework.session import (
    PUBLIC_SEED,
    Program,
    explained,
    job_of,
    params_for,
    reference_base,
    with_code,
    with_needs,
)


@dataclass
class Graded:
    """One exercise of one submission.

    Attributes:
        verdicts: of every check, or empty where there is no file.
        handed_in: whether there was a file.
        problem: the checker's own failure, in words for the teacher; the batch goes on.
    """

    exercise: Exercise
    verdicts: list[Verdict] = field(default_factory=list)
    handed_in: bool = True
    problem: str = ""

    @property
    def points(self) -> int:
        return sum(verdict.earned for verdict in self.verdicts)


def grade(submission: Submission, exercises: Sequence[Exercise], seed: int, launcher: Launcher) -> list[Graded]:
    """Every exercise of a submission. Never raises: a failure of ours is a `problem` of that exercise."""
    found = []
    for exercise in exercises:
        try:
            source, beside = program_files(submission, exercise)
            if source is None:
                found.append(Graded(exercise, handed_in=False))
                continue
            # (Always on the course's own base: points do not depend on an earlier exercise.)
            program = Program(source, beside, reference_base(exercise))
            found.append(Graded(exercise, grade_program(exercise, program, seed, launcher)))
        except Exception:
            found.append(Graded(exercise, problem=traceback.format_exc(limit=-3)))
    return found


@dataclass
class Trial:
    """One run of one check: with the public numbers, or with the n-th twin."""

    check: Check
    twin: int  # 0: the public numbers
    seed: int


def grade_program(exercise: Exercise, program: Program, seed: int, launcher: Launcher) -> list[Verdict]:
    """The verdict of every check: pass only if the public numbers and all twins pass."""
    checks = [exercise.checks[name] for name in with_needs(exercise, exercise.checks)]
    trials = [Trial(check, 0, PUBLIC_SEED) for check in checks]
    trials += [Trial(check, n, seed + n) for check in checks for n in range(1, check.twins + 1)]
    params = [params_for(exercise, t.check, t.seed, public=t.twin == 0) for t in trials]
    jobs = [
        job_of(exercise, trial.check, program, p, waits=bool(trial.twin or trial.check.needs))
        for trial, p in zip(trials, params, strict=True)
    ]
    batch = Batch(jobs, launcher=launcher)
    verdicts: dict[str, Verdict] = {}
    of_twins: dict[str, list[Verdict]] = {check.name: [] for check in checks}
    for number, seen in batch:
        trial = trials[number]
        verdict = _decided(exercise, program, trial, seen, params[number])
        if trial.twin:
            of_twins[trial.check.name].append(verdict)
            continue
        verdicts[trial.check.name] = verdict
        _settle(trials, verdicts, batch)
    ordered = [verdicts[name] for name in exercise.checks]
    return [_with_twins(verdict, of_twins[verdict.check.name]) for verdict in ordered]


def _decided(exercise: Exercise, program: Program, trial: Trial, seen: Seen, params: dict[str, object]) -> Verdict:
    verdict = decide(trial.check, with_code(seen, exercise, program), params)
    verdict = explained(exercise, program, verdict, params, trial.seed, trial.twin == 0)
    return verdict.but(twin=bool(trial.twin) and verdict.state != "pass")


def _settle(trials: Sequence[Trial], verdicts: dict[str, Verdict], batch: Batch) -> None:
    """Let go what waits for a check that passed; give up what waits for one that did not."""
    for number, trial in enumerate(trials):
        name = trial.check.name
        if trial.twin == 0 and name not in verdicts and trial.check.needs:
            known = [verdicts[need] for need in trial.check.needs if need in verdicts]
            against = tuple(v.check.name for v in known if v.state != "pass")
            if against:
                verdicts[name] = Verdict(trial.check, "blocked", waits_for=against)
                batch.skip(number)
            elif len(known) == len(trial.check.needs):
                batch.release(number)
    for number, trial in enumerate(trials):
        if trial.twin and trial.check.name in verdicts:
            if verdicts[trial.check.name].state == "pass":
                batch.release(number)
            else:
                batch.skip(number)


def _with_twins(public: Verdict, twins: Sequence[Verdict]) -> Verdict:
    if public.state != "pass":
        return public
    if len(twins) < public.check.twins:  # one got lost with its supervisor
        return dataclasses.replace(public, state="error", twin=True)
    return next((twin for twin in twins if twin.state != "pass"), public)
