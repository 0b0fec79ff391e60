"""The CPU table: the project's workloads beside PyTorch, on plain NumPy and on the compiled kernels.

`python -m benchmarks.cpu` runs every workload of `benchmarks/workloads.py`, one process per library, backend and
thread count, in interleaved rounds, and prints the medians with the ratio to PyTorch (below 1 is faster) and what the
project reaches for; then a table of what a second thread gains each row (`--no-scaling` leaves it out). `--only TEXT`
(repeatable) chooses rows, `--save` keeps JSON and a plot in benchmarks/results and renews the tables of
docs/cpu-speed.md.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from benchmarks import harness, page
from benchmarks.workloads import WORKLOADS

NUMPY, NUMBA, TORCH = "tinygrad_edu on NumPy", "tinygrad_edu on Numba", "torch"
WORKERS = {TORCH: "torch", NUMPY: "numpy", NUMBA: "numba"}
BATCH_SECONDS = 0.03
SLOW_SECONDS, SLOW_REPEAT = 0.1, 3  # a step that takes so long is timed fewer times in a round: the rounds repeat it


def seconds(step: Callable[[], object], repeat: int) -> float:
    """Median seconds of one call; short steps are timed in batches that the clock can resolve."""
    step()
    step()  # compiled and cached by now
    start = time.perf_counter()
    step()
    once = max(time.perf_counter() - start, 1e-7)
    if once > SLOW_SECONDS:
        return harness.timed(step, min(repeat, SLOW_REPEAT), 0)
    calls = max(1, min(10000, int(BATCH_SECONDS / once)))

    def batch() -> None:
        for _ in range(calls):
            step()

    return harness.timed(batch, repeat, 1) / calls


def measure(worker: str, only: Sequence[str], threads: int, repeat: int, others: bool = False) -> harness.Figures:
    """Microseconds of each workload for one library in this process.

    The rows are those that the table shows with this number of threads, or with `others` all the others.

    A workload that this library cannot run is an error, unless the row says that it is not for it (our own matrix
    products have no plain NumPy): a row that is silently missing would look like a choice.
    """
    if worker != "torch":
        os.environ["TINYEDU_BACKEND"] = worker
    lib: Any = import_module("torch" if worker == "torch" else "tinygrad_edu")
    lib.set_num_threads(threads)
    figures: harness.Figures = {}
    for workload in chosen(only):
        if worker not in workload.workers or (workload.threads == threads) is others:
            continue
        lib.manual_seed(0)
        figures[workload.name] = 1e6 * seconds(workload.build(lib), repeat) / workload.operations
    return figures


def chosen(only: Sequence[str], threads: int | None = None) -> list[Any]:
    """The workloads whose name contains one of the texts (all, if there is none), for this number of threads."""
    named = [w for w in WORKLOADS.values() if not only or any(text in w.name for text in only)]
    return [w for w in named if threads in (None, w.threads)]


def verdicts(results: dict[str, harness.Figures], ours: str) -> list[tuple[str, float, float]]:
    """(row, ratio to PyTorch, what we reach for) of one backend."""
    found = []
    for name, figure in results[ours].items():
        workload = WORKLOADS[name]
        if workload.reach is not None and name in results.get(TORCH, {}):
            found.append((name, figure / results[TORCH][name], workload.reach))
    return found


def plot(results: dict[str, harness.Figures], path: str) -> None:
    """Horizontal bars: the ratio to PyTorch of each row and backend, the goals as ticks."""
    from matplotlib.figure import Figure

    names = [name for name in WORKLOADS if name in results.get(TORCH, {})]
    ours = [key for key in results if key != TORCH]
    figure = Figure(figsize=(10, 1.5 + 0.32 * len(names)), layout="constrained")
    axes = figure.add_subplot()
    height = 0.8 / max(len(ours), 1)
    for i, key in enumerate(ours):
        ratios = [results[key].get(name, float("nan")) / results[TORCH][name] for name in names]
        axes.barh([y + i * height for y in range(len(names))], ratios, height, label=key)
    for y, name in enumerate(names):
        reach = WORKLOADS[name].reach
        if reach is not None:
            axes.plot([reach, reach], [y - height / 2, y + 0.8 - height / 2], color="black", linewidth=1.5)
    axes.axvline(1.0, color="grey", linewidth=0.8)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names), -1)  # from the top, without empty room at both ends
    axes.set_xscale("log")
    axes.set_xlabel("time divided by PyTorch's (black: what we reach for)")
    axes.legend(loc="best")
    figure.savefig(path, dpi=120)


def run(only: Sequence[str], rounds: int, repeat: int, backends: Sequence[str]) -> dict[str, harness.Figures]:
    """All contenders at every thread count that a chosen row asks for."""
    results: dict[str, harness.Figures] = {}
    for threads in sorted({w.threads for w in chosen(only)}):
        options = (*(f"--only={text}" for text in only), "--threads", str(threads), "--repeat", str(repeat))
        contenders = [
            harness.Contender(name, ("-m", "benchmarks.cpu", "--worker", WORKERS[name], *options)) for name in backends
        ]
        for name, figures in harness.compare(contenders, rounds, threads).items():
            results.setdefault(name, {}).update(figures)
    return results


def scaling(results: dict[str, harness.Figures], only: Sequence[str], repeat: int) -> dict[str, harness.Figures]:
    """What a second thread gains: our time and PyTorch's with one thread over that with two, one round each.

    `results` are the table's, which are not measured again.
    """
    times: dict[str, dict[int, harness.Figures]] = {}
    for name in (NUMBA, TORCH):
        for threads in (1, 2):
            options = (*(f"--only={text}" for text in only), "--threads", str(threads), "--repeat", str(repeat))
            command = ("-m", "benchmarks.cpu", "--worker", WORKERS[name], "--others", *options)
            other = harness.run(harness.Contender(name, command), threads)
            shown = {row: time for row, time in results[name].items() if WORKLOADS[row].threads == threads}
            times.setdefault(name, {})[threads] = {row: {**shown, **other}[row] for row in results[name]}
    ours, theirs = times[NUMBA], times[TORCH]
    return {
        "1 thread": ours[1],
        "2 threads": ours[2],
        "gain": {row: ours[1][row] / ours[2][row] for row in ours[1]},
        "PyTorch's gain": {row: theirs[1][row] / theirs[2][row] for row in ours[1] if row in theirs[1]},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worker", choices=WORKERS.values(), help="measure one library in this process")
    parser.add_argument("--threads", type=int, default=1, help="of a worker")
    parser.add_argument("--others", action="store_true", help="of a worker: the rows of other thread counts")
    parser.add_argument("--only", action="append", default=[], help="rows whose name contains this (may be repeated)")
    parser.add_argument("--backends", default="numpy,numba", help="ours, beside PyTorch")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeat", type=int, default=7, help="timed batches of each row in each round")
    parser.add_argument("--no-scaling", action="store_true", help="leave out what a second thread gains")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--save", action="store_true", help="keep JSON and plot in benchmarks/results (of all rows)")
    options = parser.parse_args()
    began = harness.sources()
    if not chosen(options.only):
        parser.error(f"no row's name contains {options.only!r}; the rows are:\n  " + "\n  ".join(WORKLOADS))
    if options.worker:
        found = measure(options.worker, options.only, options.threads, options.repeat, options.others)
        print(json.dumps(found))
        return
    wanted = options.backends.split(",")
    backends = [TORCH, *(name for name, worker in WORKERS.items() if worker in wanted and name != TORCH)]
    results = run(options.only, options.rounds, options.repeat, backends)
    keep = options.save and not options.only
    harness.report(
        "microseconds on the CPU, beside PyTorch eager",
        results,
        baseline=TORCH,
        began=began,
        checks=verdicts(results, backends[-1]),
        as_json=options.json,
        save="cpu" if keep else None,
    )
    if keep and not harness.doubts(began):
        plot(results, str(harness.RESULTS / "cpu.png"))
    if not options.no_scaling and NUMBA in results and (os.cpu_count() or 1) > 1 and not options.json:
        load = harness.load_now()  # before two threads keep two processors busy
        harness.report(
            "\nwhat a second thread gains: microseconds, and time with one thread over time with two",
            scaling(results, options.only, options.repeat),
            began=began,
            threads=2,
            save="cpu-threads" if keep else None,
            load=load,
        )
    if keep:
        page.write()


if __name__ == "__main__":
    main()
