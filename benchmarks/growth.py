"""How does time grow with size, and what share of the machine is reached? Families of one operation over many sizes.

`python -m benchmarks.growth` measures every family at every size, one process per library, interleaved rounds, one
thread; `--threads 2` shows how it scales. Beside the times stand the share of the best rate of arithmetic that a large
BLAS product reaches on this machine, and of the rate at which it copies memory: both are measured first, in the same
run; figures well above 100 % mean that the arrays stay in the caches. `--save` keeps JSON and a log-log plot in
benchmarks/results and renews the tables of docs/cpu-speed.md.
"""

from __future__ import annotations

import argparse
import json
import os
from importlib import import_module
from typing import Any

from benchmarks import harness, page
from benchmarks.cpu import NUMBA, NUMPY, TORCH, WORKERS, seconds
from benchmarks.families import BYTES, FAMILIES, FLOPS


def measure(worker: str, threads: int, repeat: int) -> harness.Figures:
    """Microseconds of each family at each size for one library in this process."""
    if worker != "torch":
        os.environ["TINYEDU_BACKEND"] = worker
    lib: Any = import_module("torch" if worker == "torch" else "tinygrad_edu")
    lib.set_num_threads(threads)
    lib.manual_seed(0)
    return {
        f"{family.name}: {n}": 1e6 * seconds(family.build(lib, n), repeat) / family.operations
        for family in FAMILIES
        if worker in family.workers
        for n in family.sizes
    }


def limits() -> harness.Figures:
    """What this machine can do: the rate of a 2048 x 2048 BLAS product, and of copying 256 MB."""
    import numpy as np

    a = np.ones((2048, 2048), np.float32)
    out = np.empty_like(a)
    source, target = np.ones(2**26, np.float32), np.empty(2**26, np.float32)
    return {
        FLOPS: 2e-9 * 2048**3 / harness.timed(lambda: np.matmul(a, a, out=out), 5, 1),
        BYTES: 2e-9 * source.nbytes / harness.timed(lambda: np.copyto(target, source), 5, 1),
    }


def with_shares(figures: harness.Figures, best: harness.Figures) -> harness.Figures:
    """One library's times, each followed by the percentage of the machine's best rate that it reaches."""
    both: harness.Figures = {}
    for family in FAMILIES:
        for n in family.sizes:
            key = f"{family.name}: {n}"
            if key not in figures:
                continue
            both[key] = figures[key]
            if family.work is None:
                continue
            both[f"{key}, % of best"] = 100 * 1e-9 * family.work(n) / (1e-6 * figures[key]) / best[family.unit]
    return both


def plot(results: dict[str, harness.Figures], path: str) -> None:
    """One log-log panel a family, one line a library."""
    from matplotlib.figure import Figure

    down = -(-len(FAMILIES) // 4)
    figure = Figure(figsize=(17, 3.4 * down), layout="constrained")
    panels = figure.subplots(down, 4).flat
    for axes in panels[len(FAMILIES) :]:
        axes.set_axis_off()
    for axes, family in zip(panels, FAMILIES, strict=False):
        for name, figures in results.items():
            times = [figures.get(f"{family.name}: {n}", float("nan")) for n in family.sizes]
            axes.loglog(family.sizes, times, marker="o", label=name)
        axes.set_title(family.name, fontsize=10)
        axes.set_xlabel("n")
        axes.set_ylabel("microseconds")
        axes.grid(alpha=0.3)
    figure.axes[0].legend(fontsize=8)
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worker", choices=[*WORKERS.values(), "limits"], help="measure one library in this process")
    parser.add_argument("--backends", default="numpy,numba", help="ours, beside PyTorch")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--save", action="store_true", help="keep JSON and plot in benchmarks/results")
    options = parser.parse_args()
    began = harness.sources()
    if options.worker:
        figures = limits() if options.worker == "limits" else measure(options.worker, options.threads, options.repeat)
        print(json.dumps(figures))
        return
    wanted = options.backends.split(",")
    common = ("--threads", str(options.threads), "--repeat", str(options.repeat))
    contenders = [
        harness.Contender(name, ("-m", "benchmarks.growth", "--worker", worker, *common))
        for name, worker in WORKERS.items()
        if name == TORCH or (name in (NUMPY, NUMBA) and worker in wanted)
    ]
    machine = harness.Contender("limits", ("-m", "benchmarks.growth", "--worker", "limits"))
    best = harness.run(machine, options.threads)
    results = harness.compare(contenders, options.rounds, options.threads)
    keep = f"growth-{options.threads}" if options.save else None
    harness.report(
        f"how time grows, in microseconds; best here: {best[FLOPS]:.0f} GFLOP/s (BLAS), {best[BYTES]:.1f} GB/s (copy)",
        {name: with_shares(figures, best) for name, figures in results.items()},
        baseline=TORCH,
        began=began,
        threads=options.threads,
        as_json=options.json,
        save=keep,
    )
    if keep and not harness.doubts(began):
        plot(results, str(harness.RESULTS / f"{keep}.png"))
    if keep:
        page.write()


if __name__ == "__main__":
    main()
