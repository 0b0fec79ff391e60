"""The tables of docs/cpu-speed.md and docs/gpu.md, made from benchmarks/results: nobody copies a figure by hand.

`python -m benchmarks.page` writes them anew, as every `--save` does. On the page a table stands between two comments
that name its JSON file. A test fails when page and file differ.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import harness
from benchmarks.workloads import WORKLOADS

PAGES = tuple([harness.ROOT / "docs" / f"{name}.md" for name in ("cpu-speed", "gpu")])
BLOCK = re.compile(r"(<!-- figures: ([\w-]+) -->\n).*?(<!-- end -->)", re.S)
TORCH, NUMPY, NUMBA = "torch", "tinygrad_edu on NumPy", "tinygrad_edu on Numba"

Document = dict[str, Any]

# Why a row stays behind what we reach for: shown under the table where it does.
BINDS = {
    "tiny tensors": "no arithmetic, but Python: an operation makes a Tensor and a node and calls NumPy once, and its "
    "rule calls it again on the way back.",
    "batched matmul": "a thread has to be woken and waited for, which takes as long as some of the products.",
    "sum of": "memory: each number is read once and added once. What is left is the call.",
    "MLP 2-16-16-2": "no arithmetic, but Python: each operation records a node, and each call of NumPy begins anew. "
    "The optimizer steps all six parameters as one.",
    "LSTM": "28 products of 64 x 128 by 128 x 512 that wait for each other, and the copies of their results.",
    "silu": "an exponential and a division for each element, and one pass over memory; PyTorch's has the vector "
    "instructions of a mathematical library.",
    "conv2d": "columns behind the ends of rows that the tile computes and drops, and the copy between its zeros.",
    "own product 'plain'": "LLVM keeps the sums of a tile written in Python in memory, not in registers.",
    "own product 'tile'": "packing both matrices, which counts at small sizes, and prefetching, which we leave to the "
    "processor.",
    "2-layer transformer": "passes over memory between the products: each operation writes its result.",
    "SGD-momentum": "memory: three arrays are read and two written.",
}


def number(x: float) -> str:
    """Three digits that count, without an exponent."""
    return f"{x:,.0f}" if abs(x) >= 100 else f"{x:.3g}"


def rows(header: list[str], body: list[list[str]]) -> str:
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def machine(document: Document) -> str:
    """What the figures depend on, in a line."""
    m = document["machine"]
    if "card" in m:
        return (
            f"{m['date']}: {m['card']}, PyTorch {m['torch']}, TF32 off; a copy moves {number(m['copy TB/s'])} TB/s, "
            f"cuBLAS reaches {number(m['float32 TFLOP/s'])} TFLOP/s in float32."
        )
    versions = ", ".join(f"{key} {m[key]}" for key in ("python", "numpy", "numba", "torch") if key in m)
    return f"{m['date']}: {m['processor']}, {m['cores']} cores, {m['system']}; {versions}."


def picture(name: str, shows: str) -> list[str]:
    path = harness.RESULTS / f"{name}.png"
    return [f"![{shows}](../benchmarks/results/{path.name})"] if path.exists() else []


def cpu(document: Document) -> list[str]:
    """Each row beside PyTorch; then what binds those that are behind."""
    results, body, notes = document["results"], [], []
    for name, workload in WORKLOADS.items():
        base = results[TORCH].get(name)
        if base is None:
            continue
        ratios = [results.get(key, {}).get(name) for key in (NUMPY, NUMBA)]
        goals = [f"{goal:g}" if goal is not None else "" for goal in (workload.reach, workload.stretch)]
        best = next((ratio / base for ratio in reversed(ratios) if ratio is not None), None)
        missed = workload.reach is not None and best is not None and best > workload.reach
        shown = [number(ratio / base) if ratio is not None else "-" for ratio in ratios]
        if missed:
            shown[-1] = f"**{shown[-1]}**"
            notes += [f"- {name}: {why}" for start, why in BINDS.items() if name.startswith(start)]
        body.append([name, number(base), *shown, *goals])
    table = rows(["work", "PyTorch, µs", "on NumPy", "on Numba", "reach", "stretch"], body)
    behind = ["What binds those in bold, which are behind what we reach for:", "\n".join(notes)] if notes else []
    return [table, *behind, *picture("cpu", "time over PyTorch's, by row")]


def threads(document: Document) -> list[str]:
    columns = document["results"]
    body = [[name, *(number(column[name]) if name in column else "-" for column in columns.values())]
            for name in columns["1 thread"]]  # fmt: skip
    return [rows(["work", "1 thread, µs", "2 threads, µs", "gain", "PyTorch's gain"], body)]


def growth(document: Document) -> list[str]:
    results, body = document["results"], []
    for name in [key for key in results[TORCH] if not key.endswith("% of best")]:
        base = results[TORCH][name]
        ratios = [number(results[key][name] / base) if name in results.get(key, {}) else "-" for key in (NUMPY, NUMBA)]
        shares = [share(results.get(key, {}).get(f"{name}, % of best")) for key in (TORCH, NUMBA)]
        body.append([name, number(base), *ratios, *shares])
    header = ["work", "PyTorch, µs", "on NumPy", "on Numba", "PyTorch's share", "our share"]
    best = document["title"].partition("; ")[2]
    return [f"Shares are of the {best}.", rows(header, body), *picture("growth-1", "time over size, log-log")]


def share(percent: float | None) -> str:
    return "" if percent is None else f"{percent:.0f} %"


def startup(document: Document) -> list[str]:
    body = [
        [name, number(figures["median ms"]), number(figures["over bare Python"])]
        for name, figures in document["results"].items()
    ]
    return [rows(["process", "ms", "over bare Python"], body)]


def gpu(document: Document) -> list[str]:
    """Each row beside PyTorch; "host" is until a call returns: where that is the longer one, Python is measured."""
    body = []
    for name, row in document["results"].items():
        shares = [share(100 * row[key] if key in row else None) for key in ("share of copy", "share of float32")]
        launches = f" ({row['launches']:.0f} launches)" if "launches" in row else ""
        times = [f"{row[key]:.3f}" for key in ("ours", "torch")]
        hosts = [number(row[key]) for key in ("host", "torch host")]
        body.append([name + launches, *times, f"{row['ours'] / row['torch']:.2f}", *shares, *hosts])
    header = ["", "ours, ms", "PyTorch, ms", "ratio", "share of copy", "share of float32", "host, µs", "PyTorch's host"]
    return [rows(header, body)]


MAKERS: dict[str, Callable[[Document], list[str]]] = {
    "cpu": cpu, "cpu-threads": threads, "growth-1": growth, "startup": startup, "gpu": gpu,
}  # fmt: skip


def block(name: str, folder: Path = harness.RESULTS) -> str:
    """What stands on the page for a JSON file; a sentence where there is none yet."""
    path = folder / f"{name}.json"
    if not path.exists():
        return f"Not measured yet: `python -m benchmarks.{name.partition('-')[0]} --save`."
    document: Document = json.loads(path.read_text(encoding="utf-8"))
    return "\n\n".join([machine(document), *MAKERS[name](document)])


def made(text: str, folder: Path = harness.RESULTS) -> str:
    """The page with its tables from the files of the folder."""
    return BLOCK.sub(lambda found: f"{found[1]}\n{block(found[2], folder)}\n\n{found[3]}", text)


def write() -> None:
    """Renew the pages."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        new = made(text)
        if new != text:
            page.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    write()
