"""Fair side-by-side measurement: one fresh process per contender, rounds interleaved, medians, ratios.

Two libraries in one process disturb each other (thread pools spin, the heap is shared, one's garbage is the
other's collection), so a contender is a command line that prints one JSON object of figures as its last line.
Rounds alternate between the contenders, so that a slow minute of the machine hits all of them; the median
then drops it.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")

Figures = dict[str, float]


@dataclass(frozen=True)
class Contender:
    """A name for the table and the arguments after `python` that run it."""

    name: str
    arguments: tuple[str, ...]


def run(contender: Contender, threads: int = 1) -> Figures:
    """Run a contender once in a fresh process and return the figures it printed.

    Raises RuntimeError with the process's own message when it fails: a contender that cannot run is not left
    out.
    """
    environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads)), "PYTHONHASHSEED": "0"}
    command = [sys.executable, *contender.arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        message = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise RuntimeError(f"{contender.name}: {' '.join(command[1:])} ended with {done.returncode}: {message[0]}")
    figures: Figures = json.loads(done.stdout.strip().splitlines()[-1])
    return figures


def compare(contenders: Sequence[Contender], rounds: int = 3, threads: int = 1) -> dict[str, Figures]:
    """Median of every figure over `rounds` interleaved runs, by contender."""
    samples: dict[str, list[Figures]] = {c.name: [] for c in contenders}
    for _ in range(rounds):
        for contender in contenders:
            samples[contender.name].append(run(contender, threads))
    return {
        name: {key: statistics.median(r[key] for r in runs if key in r) for key in runs[0]}
        for name, runs in samples.items()
    }


def timed(function: Callable[[], object], repeat: int = 10, warmup: int = 2) -> float:
    """Median seconds of one call of `function`, after `warmup` calls that do not count."""
    for _ in range(warmup):
        function()
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def sources() -> str:
    """A fingerprint of what is measured: every Python file of the library and of the benchmarks.

    Taken before and after, it tells whether somebody edited the code in between: such figures mix two programs.
    """
    digest = hashlib.sha256()
    for room in ("tinygrad_edu", "cli", "homework", "benchmarks"):
        for path in sorted((ROOT / room).rglob("*.py")):
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def doubts(began: str, load: float | None = None) -> list[str]:
    """Why the figures of a run that started with the fingerprint `began` should not be kept; empty if none.

    `load` is that of the machine before a run that keeps all cores busy itself; without it, the load now is taken.
    """
    found = []
    if sources() != began:
        found.append("the source changed during the run: the figures mix two programs")
    cores = os.cpu_count() or 1
    load = load_now() if load is None else load
    if load > cores:
        found.append(f"load {load:.1f} on {cores} cores: other programs took part of the time")
    return found


def load_now() -> float:
    """How many processes have wanted to run in the last minute; 0 where the system does not say."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def machine() -> dict[str, Any]:
    """What the figures depend on: processor, cores, Python and the library versions that are installed."""
    from importlib import metadata

    versions = {}
    for name in ("numpy", "numba", "torch", "tinygrad_edu"):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **versions,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not Linux
        return platform.processor() or "unknown"
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


def table(results: Mapping[str, Figures], baseline: str | None = None) -> str:
    """One row per figure, one column per contender; the ratio to the baseline, if named, in brackets."""
    rows = [["", *results]]
    reference = results.get(baseline or "", {})
    for key in dict.fromkeys(key for figures in results.values() for key in figures):
        row = [key]
        for figures in results.values():
            figure = figures.get(key)
            text = "-" if figure is None else f"{figure:,.4g}" if abs(figure) < 1000 else f"{figure:,.0f}"
            if figure is not None and reference.get(key) and figures is not reference:
                text += f" ({figure / reference[key]:.3g})"
            row.append(text)
        rows.append(row)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = (cell.rjust(width + 3) for cell, width in zip(row[1:], widths[1:], strict=True))
        lines.append(row[0].ljust(widths[0]) + "".join(cells))
    return "\n".join(lines)


def report(
    title: str,
    results: Mapping[str, Figures],
    *,
    began: str,
    baseline: str | None = None,
    threads: int = 1,
    checks: Sequence[tuple[str, float, float]] = (),
    as_json: bool = False,
    save: str | None = None,
    load: float | None = None,
) -> None:
    """Print the table (or one JSON object), each limit with its figure, and keep the JSON in
    benchmarks/results.

    `began` is what `sources()` said before the first run. Where `doubts` speak against the figures they are shown
    with them, no limit is judged, and nothing is saved.

    `checks` are (what, figure, limit) where the figure must not exceed the limit. They are reported, not
    enforced: a busy machine must not fail anyone's build.
    """
    doubtful = doubts(began, load)
    judged = [
        {"what": w, "figure": f, "limit": limit, "ok": None if doubtful else f <= limit} for w, f, limit in checks
    ]
    document = {
        "schema": "tinygrad_edu.benchmark/1",
        "title": title,
        "machine": machine(),
        "sources": began,
        "doubts": doubtful,
        "threads": threads,
        "results": results,
        "checks": judged,
    }
    text = json.dumps(document, indent=1, allow_nan=False)
    if save and not doubtful:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{save}.json").write_text(text + "\n")
    if as_json:
        print(text)
        return
    facts = ", ".join(f"{key} {fact}" for key, fact in machine().items())
    print(f"{title}\n{facts}, threads {threads}\n\n{table(results, baseline)}")
    for check in judged:
        verdict = "?   " if doubtful else "ok  " if check["ok"] else "OVER"
        print(f"{verdict}  {check['what']}: {check['figure']:.4g} (limit {check['limit']:g})")
    for doubt in doubtful:
        print(f"NOT JUDGED{', NOT SAVED' if save else ''}: {doubt}")
