"""What is to be run, and the folder in which it is laid out: copies only, so that no accident reaches a file."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tinygrad_edu.homework.course import HOME, Exercise
from tinygrad_edu.homework.kit import wire

QUIET = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "2"}
COPIED = ("numpy", "numpy.libs", "numba", "llvmlite", "scipy", "scipy.libs")


@dataclass(frozen=True)
class Job:
    """One probe of one program.

    Attributes:
        exercise: whose probes and limits.
        source: the program: its text. (Files beside it come in `beside`.)
        probe: the function of `probes.py`.
        params: its parameters.
        limits: seconds, megabytes, bytes of output.
        beside: further files of the student's: name -> text.
        base: module name -> text of the program that the exercise builds on.
        needs: keys of jobs that must be released first; see `Batch`.
        key: whatever the caller tells it by.
    """

    exercise: Exercise
    source: str
    probe: str
    params: Mapping[str, Any]
    limits: Mapping[str, Any]
    beside: Mapping[str, str] = field(default_factory=dict)
    base: Mapping[str, str] = field(default_factory=dict)
    waits: bool = False
    key: Any = None


def sites(packages: Sequence[str]) -> list[str]:
    """The folders in which these libraries are installed; the worker starts without any."""
    found = []
    for name in packages:
        spec = find_spec(name)
        if spec is not None and spec.origin:
            found.append(str(Path(spec.origin).parent.parent))
    return list(dict.fromkeys(found))


def start_method() -> str:
    """`fork` on Linux, where it is safe and fast; `spawn` elsewhere. TINYEDU_START overrides it."""
    return os.environ.get("TINYEDU_START") or ("fork" if sys.platform == "linux" else "spawn")


def lay_out(jobs: Sequence[Job], root: Path, site: Sequence[str], at_once: int, start: str) -> None:
    """Write kit, probes, programs and `jobs.json` under `root`; nothing in it refers to a place outside but `site`."""
    shutil.copytree(HOME / "kit", root / "kit", ignore=shutil.ignore_patterns("__pycache__"))
    places: dict[tuple[Any, ...], Path] = {}
    rows = []
    for number, job in enumerate(jobs):
        beside, base = tuple(sorted(job.beside.items())), tuple(sorted(job.base.items()))
        same = (job.exercise.slug, job.source, beside, base)
        if same not in places:
            places[same] = _subject(job, root / "subjects" / str(len(places)))
        place = places[same]
        probes = root / "probes" / f"{job.exercise.folder.name}.py"
        if not probes.exists():
            probes.parent.mkdir(exist_ok=True)
            shutil.copyfile(job.exercise.folder / "probes.py", probes)
        folder = root / "out" / str(number)
        (folder / "cwd").mkdir(parents=True)
        if not job.waits:
            (folder / "go").touch()
        rows.append(
            {
                "folder": f"out/{number}",
                "file": str((place / "student" / job.exercise.file).relative_to(root)),
                "module": job.exercise.module,
                "probes": str(probes.relative_to(root)),
                "probe": job.probe,
                "params": wire.encode(dict(job.params)),
                "limits": dict(job.limits),
                "forbid": list(job.exercise.forbid),
                "base": {name: str((place / "base" / f"{name}.py").relative_to(root)) for name in job.base},
                "imports": list(job.exercise.imports),
                "environment": {**QUIET, **job.exercise.environment},
            }
        )
    settings = {"start": start, "at_once": at_once, "site": list(site), "jobs": rows}
    (root / "jobs.json").write_text(json.dumps(settings), encoding="utf-8")


def _subject(job: Job, place: Path) -> Path:
    (place / "student").mkdir(parents=True)
    for name, text in {**job.beside, job.exercise.file: job.source}.items():
        _write(place / "student" / Path(name).name, text)
    for name, text in job.base.items():
        (place / "base").mkdir(exist_ok=True)
        _write(place / "base" / f"{name}.py", text)
    return place


def _write(path: Path, text: str) -> None:
    # (surrogateescape: a file in another encoding than UTF-8 must reach the student's Python as it is.)
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
