"""An autograder for Gradescope from the same exercises: `setup.sh`, `run_autograder`, and `results.json` in its format.

There the grading program and the student's share one container, so the worker runs as the user nobody, in a folder of
its own; the course lies where only root can read, and `results.json` is written last, after any that exists is deleted.
Format: https://gradescope-autograders.readthedocs.io/en/latest/specs/
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tinygrad_edu.homework.course import LANGUAGES, Exercise, load
from tinygrad_edu.homework.grading.grade import Graded, grade
from tinygrad_edu.homework.grading.submissions import read
from tinygrad_edu.homework.runner.batch import Launcher, plain
from tinygrad_edu.homework.show.verdicts import reason
from tinygrad_edu.homework.show.words import harmless, word
from tinygrad_edu.homework.workspace import write_atomically

SETUP = """#!/usr/bin/env bash
# Runs once, when the autograder's image is built.
set -e
apt-get update && apt-get install -y python3 python3-pip python3-venv util-linux
python3 -m venv /autograder/env
/autograder/env/bin/pip install {needs}
chmod -R go-rwx /autograder/source
"""

RUN = """#!/usr/bin/env bash
# Runs for every submission, as root. The student's program runs as nobody.
rm -rf /autograder/results/results.json
chmod 700 /autograder/results /autograder/source
cd /autograder/source
PYTHONPATH=/autograder/source /autograder/env/bin/python -m tinygrad_edu.homework.grading.gradescope \\
    /autograder/submission /autograder/results/results.json {slugs}
"""


def as_nobody(root: Path, site: list[str]) -> tuple[list[str], list[str]]:
    """A launcher: the worker as nobody, who can write to the batch's output folders only."""
    command, site = plain(root, site)
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        raise RuntimeError("the autograder must be started by root, with setpriv (util-linux) installed")
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", "--inh-caps=-all"]
    return [*drop, "--", *command], site


def results(graded: Sequence[Graded], seconds: float) -> dict[str, Any]:
    """What Gradescope reads: one test per check, its words in both languages."""
    tests = []
    for one in graded:
        exercise = one.exercise
        number = f"{exercise.number:02d}"
        if not one.handed_in or one.problem:
            key = "grade.problem" if one.problem else "grade.not_handed_in"
            told = " / ".join(word(key, lang) for lang in LANGUAGES)
            tests.append(_test(exercise.slug, number, 0, exercise.points, "failed", told))
            continue
        for place, verdict in enumerate(one.verdicts, 1):
            titles = exercise.check_text(verdict.check.name).title
            lines = [line for lang in LANGUAGES for line in (titles[lang], *reason(exercise, verdict, lang), "")]
            status = "passed" if verdict.state == "pass" else "failed"
            name = f"{exercise.slug}/{verdict.check.name}"
            test = _test(name, f"{number}.{place}", verdict.earned, verdict.check.points, status, "\n".join(lines))
            test["extra_data"] = {"state": verdict.state, "mistake": verdict.mistake.name if verdict.mistake else None}
            tests.append(test)
    return {
        "score": sum(one.points for one in graded),
        "execution_time": round(seconds),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
    }


def _test(name: str, number: str, score: int, most: int, status: str, output: str) -> dict[str, Any]:
    return {
        "name": name, "number": number, "score": score, "max_score": most, "status": status,
        "output": harmless(output.strip()), "output_format": "text", "visibility": "visible",
    }  # fmt: skip


def run(submission: Path, target: Path, exercises: Sequence[Exercise], seed: int, launcher: Launcher) -> dict[str, Any]:
    """Grade one submission and write `results.json`."""
    target.unlink(missing_ok=True)
    began = time.monotonic()
    graded = grade(read(submission), exercises, seed, launcher)
    found = results(graded, time.monotonic() - began)
    write_atomically(target, json.dumps(found, ensure_ascii=False, indent=1).encode("utf-8"))
    return found


def pack(exercises: Sequence[Exercise], seed: int) -> bytes:
    """The autograder's zip: two scripts, the seed, and the installed package."""
    import tinygrad_edu
    import tinygrad_edu.homework

    packages = {name for exercise in exercises for name in (*exercise.packages, *exercise.needs_packages)}
    needs = " ".join(sorted({"numpy", "rich", "graphviz", *packages} - {"llvmlite"}))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (
            ("setup.sh", SETUP.format(needs=needs)),
            ("run_autograder", RUN.format(slugs=" ".join(exercise.slug for exercise in exercises))),
        ):
            entry = zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0))
            entry.external_attr = 0o755 << 16
            archive.writestr(entry, text)
        archive.writestr("seed.txt", str(seed))
        done = set()
        for module in (tinygrad_edu, tinygrad_edu.homework):
            folder = Path(str(module.__file__)).parent
            inside = module.__name__.replace(".", "/")
            for file in sorted(folder.rglob("*")):
                name = f"{inside}/{file.relative_to(folder).as_posix()}"
                if file.is_file() and "__pycache__" not in file.parts and name not in done:
                    done.add(name)
                    archive.write(file, name)
    return buffer.getvalue()


def main(arguments: Sequence[str]) -> None:
    """What `run_autograder` calls: SUBMISSION RESULTS SLUG..."""
    submission, target, *slugs = arguments
    os.umask(0)  # what `lay_out` makes may be written by nobody; it lies in a folder that only this run knows
    course = load()
    seed_file = Path("seed.txt")
    seed = int(seed_file.read_text(encoding="ascii")) if seed_file.exists() else 0
    run(Path(submission), Path(target), [course.exercises[slug] for slug in slugs], seed, as_nobody)


if __name__ == "__main__":
    main(sys.argv[1:])
