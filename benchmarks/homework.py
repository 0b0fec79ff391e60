"""How long does a student wait for a verdict, and a teacher for the grades? Wall and processor time, in seconds.

`python -m benchmarks.homework` measures, for each of the exercises 1 to 9, as `watch` does it:

- first failure: from a save to the first failing check, that check being tried first because it failed the last time
  (limit 1 s): the worst and the median over the known mistakes of the exercise, explained by the known mistake. `again`
  is the same save a second time, when what the mistakes come to is known; a mistake that ends in a time-out is left
  out, for it waits for its clock. Where this takes too long, `--mistakes N` takes the first N of each exercise.
- whole: the course's solution from a save to the last verdict (limit 5 s).

and then `tinyedu hw grade` on `--submissions N` (60) submissions of `--track`: `lecture` (limit 600 s for 60), `full`,
the twelve exercises (no limit; the training of `digits` and the compilers make it several times as long), or `both`. A
third of them are the solution, the others known mistakes, a different one for each student. Processor time is that of
all processes that ended, and hardly depends on what else runs.

    python -m benchmarks.homework --track both --save

does all of it; a line for each submission goes to standard error as it is graded.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from benchmarks import harness
from tinygrad_edu.homework.course import TRACKS, Exercise, Mistake, load
from tinygrad_edu.homework.session import Program, check_program, reference_base

FIRST_LIMIT, WHOLE_LIMIT, GRADING_LIMIT = 1.0, 5.0, 600.0
FAILURES = ("fail", "error")


def processor_seconds() -> float:
    """User and system time of this process and of its children that have ended; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0.0
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(used.ru_utime + used.ru_stime for used in both)


def measured(function: Callable[[], object]) -> tuple[float, float]:
    """(wall, processor) seconds of one call."""
    wall, busy = time.perf_counter(), processor_seconds()
    function()
    return time.perf_counter() - wall, processor_seconds() - busy


def first_failure(exercise: Exercise, mistake: Mistake) -> None:
    """What happens from a save of this mistake to the first failing check, which failed the last time too."""
    fails = [name for name in exercise.checks if name in mistake.fails and name not in mistake.timeout]
    verdicts = check_program(exercise, Program(mistake.source, {}, reference_base(exercise)), first=fails[:1])
    if not any(verdict.state in FAILURES for verdict in verdicts):
        raise RuntimeError(f"{exercise.slug}/{mistake.name} does not fail")
    verdicts.close()  # type: ignore[attr-defined]  (a generator: the checks that still run are ended)


def whole(exercise: Exercise) -> None:
    """All checks of the course's solution."""
    verdicts = list(check_program(exercise, Program(exercise.solution, {}, reference_base(exercise))))
    if wrong := [verdict.check.name for verdict in verdicts if verdict.state != "pass"]:
        raise RuntimeError(f"the solution of {exercise.slug} does not pass {', '.join(wrong)}")


def student(exercise: Exercise, most: int) -> harness.Figures:
    """The figures of one exercise."""
    _ = exercise.checks, load()  # what `watch` has loaded long before the save
    mistakes = [m for m in exercise.mistakes.values() if set(m.fails) - set(m.timeout)][:most]
    once = [measured(lambda mistake=mistake: first_failure(exercise, mistake)) for mistake in mistakes]
    again = [measured(lambda mistake=mistake: first_failure(exercise, mistake)) for mistake in mistakes]
    all_of_it = measured(lambda: whole(exercise))
    return {
        "first failure, worst": max(wall for wall, _ in once),
        "first failure, median": median(wall for wall, _ in once),
        "again, worst": max(wall for wall, _ in again),
        "again, median": median(wall for wall, _ in again),
        "first failure, processor, worst": max(busy for _, busy in once),
        "again, processor, worst": max(busy for _, busy in again),
        "whole": all_of_it[0],
        "whole, processor": all_of_it[1],
    }


def write_submissions(exercises: Sequence[Exercise], number: int, folder: Path) -> None:
    """A folder of this many submissions: every third the solution, the others one known mistake after the other."""
    for student in range(number):
        for exercise in exercises:
            mistakes = list(exercise.mistakes.values())
            right = student % 3 == 0 or not mistakes
            source = exercise.solution if right else mistakes[student % len(mistakes)].source
            path = folder / f"s{student:07d}" / exercise.slug / exercise.file
            path.parent.mkdir(parents=True)
            path.write_text(source, encoding="utf-8")


def teacher(track: str, number: int, sandbox: str) -> harness.Figures:
    """`tinyedu hw grade` from its start to its end."""
    with tempfile.TemporaryDirectory(prefix="tinyedu-") as folder:
        places = Path(folder)
        write_submissions(load().track(track), number, places / "in")
        command = [str(Path(sys.executable).with_name("tinyedu")), "hw", "grade", str(places / "in")]
        command += ["--out", str(places / "out"), "--track", track, "--sandbox", sandbox]
        # (Its progress goes to standard error, apart from the figures.)
        wall, busy = measured(lambda: subprocess.run(command, check=True, stdout=2))
        lines = (places / "out" / "grades.csv").read_text(encoding="utf-8-sig").splitlines()
    if len(lines) != number + 1:
        raise RuntimeError(f"{len(lines) - 1} of {number} submissions are in the table")
    figures = {"wall": wall, "processor": busy}
    return figures | {f"{name} a submission": seconds / number for name, seconds in figures.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exercise", action="append", default=[], help="only this one (may be repeated)")
    parser.add_argument("--mistakes", type=int, default=1000, metavar="N", help="at most N mistakes of each exercise")
    parser.add_argument("--submissions", type=int, default=60, metavar="N", help="how many are graded; 0: none")
    parser.add_argument("--track", choices=[*TRACKS, "both"], default="lecture")
    parser.add_argument("--sandbox", choices=["auto", "bwrap", "process"], default="auto")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--save", action="store_true", help="keep the result in benchmarks/results")
    options = parser.parse_args()
    began, busy = harness.sources(), harness.load_now()
    course = load()
    chosen = [course.exercises[slug] for slug in options.exercise] or list(course.exercises.values())[:9]
    results: dict[str, harness.Figures] = {}
    checks: list[tuple[str, float, float]] = []
    for exercise in chosen:
        print(f"{exercise.slug} ...", file=sys.stderr, flush=True)
        figures = results[exercise.slug] = student(exercise, options.mistakes)
        checks.append((f"{exercise.slug}: first failure, worst, s", figures["first failure, worst"], FIRST_LIMIT))
        checks.append((f"{exercise.slug}: whole, s", figures["whole"], WHOLE_LIMIT))
    for track in TRACKS if options.track == "both" else [options.track]:
        if not options.submissions:
            break
        name = f"{options.submissions} submissions, {track}"
        print(f"{name} ...", file=sys.stderr, flush=True)
        results[name] = teacher(track, options.submissions, options.sandbox)
        if track == "lecture":
            checks.append((f"{name}, s", results[name]["wall"], GRADING_LIMIT * options.submissions / 60))
    harness.report(
        "homework", results, checks=checks, began=began, load=busy, as_json=options.json,
        save="homework" if options.save else None,
    )  # fmt: skip


if __name__ == "__main__":
    main()
