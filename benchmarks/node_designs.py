"""Which node? Scalar and tiny-tensor autograd in several designs, measured before the engine was written and
kept.

`python -m benchmarks.node_designs` prints, per design, nanoseconds a node (scalars) or an operation (Tensors
of 4 elements) for forward and backward, with the collector on and off, and bytes a node. One fresh process
per design. The designs themselves are in scalar_designs.py and tensor_designs.py.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import time
import tracemalloc
from statistics import median
from typing import Any

from benchmarks import harness

SCALARS = ("closure", "tuples", "flat", "flat_generic")
TENSORS = (
    "numpy_floor",
    "closure",
    "function_ctx",
    "static_id",
    "node_edges",
    "node_edges_errstate",
)


def random_graph(value: Any, n_nodes: int) -> Any:
    """A graph of sums, products and ReLUs whose operands are recent nodes; values stay of order 1.

    Depth is kept under 1000 (each node draws from the level before), so that the recursive baseline can run
    it too.
    """
    rng = random.Random(0)
    level = [value(rng.uniform(-1, 1)) for _ in range(max(16, n_nodes // 250))]
    width, made = len(level), 0
    while made < n_nodes:
        above = []
        for _ in range(width):
            a, b = level[int(rng.random() * width)], level[int(rng.random() * width)]
            kind = rng.random()
            above.append(a + b if kind < 0.45 else a * b if kind < 0.9 else a.relu())
        level, made = above, made + width
    return sum(level[1:], level[0])


def measure_scalar(name: str, n_nodes: int, repeat: int) -> harness.Figures:
    """ns a node, forward and backward on the random graph, with and without collector; bytes a node."""
    from benchmarks import scalar_designs
    from benchmarks.value import Nothing

    value = scalar_designs.DESIGNS[name]
    drawing = _time(lambda: random_graph(Nothing, n_nodes))  # of the workload itself
    figures: harness.Figures = {}
    for collector in ("off", "on"):
        (gc.disable if collector == "off" else gc.enable)()
        forward, backward = [], []
        for _ in range(repeat):
            gc.collect()
            start = time.perf_counter()
            root = random_graph(value, n_nodes)
            middle = time.perf_counter()
            root.backward()
            end = time.perf_counter()
            forward.append(middle - start - drawing)
            backward.append(end - middle)
            del root
        figures[f"forward ns, gc {collector}"] = 1e9 * median(forward) / n_nodes
        figures[f"backward ns, gc {collector}"] = 1e9 * median(backward) / n_nodes
    gc.collect()
    tracemalloc.start()
    root = random_graph(value, n_nodes // 10)
    root.backward()
    figures["bytes a node"] = tracemalloc.get_traced_memory()[0] / (n_nodes // 10)
    return figures


def measure_tensor(name: str, repeat: int) -> harness.Figures:
    """ns an operation for 20 times y = y * w + b, sum, backward: 41 operations on 4 elements."""
    from benchmarks import tensor_designs

    step, operations = tensor_designs.STEPS[name]()
    figures: harness.Figures = {}
    for collector in ("off", "on"):
        (gc.disable if collector == "off" else gc.enable)()
        gc.collect()
        figures[f"forward+backward ns, gc {collector}"] = 1e9 * _time(step, repeat, inner=20) / operations
    gc.disable()
    gc.collect()
    step()
    figures["objects left in cycles a step"] = gc.collect()
    return figures


def _time(function: Any, repeat: int = 5, inner: int = 1) -> float:
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        for _ in range(inner):
            function()
        seconds.append((time.perf_counter() - start) / inner)
    return median(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worker", nargs=2, metavar=("KIND", "DESIGN"), help="measure one design in this process")
    parser.add_argument("--nodes", type=int, default=100_000, help="nodes of the scalar graph")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--save", action="store_true", help="keep the result in benchmarks/results")
    options = parser.parse_args()
    began = harness.sources()
    if options.worker:
        kind, name = options.worker
        figures = measure_scalar(name, options.nodes, 5) if kind == "scalar" else measure_tensor(name, 30)
        print(json.dumps(figures))
        return
    for kind, names, baseline in (("scalar", SCALARS, "closure"), ("tensor", TENSORS, "numpy_floor")):
        arguments = ("-m", "benchmarks.node_designs", "--nodes", str(options.nodes), "--worker", kind)
        contenders = [harness.Contender(name, (*arguments, name)) for name in names]
        results = harness.compare(contenders, options.rounds)
        save = f"node_designs_{kind}" if options.save else None
        harness.report(
            f"node designs, {kind}", results, began=began, baseline=baseline, as_json=options.json, save=save
        )
        print()


if __name__ == "__main__":
    main()
