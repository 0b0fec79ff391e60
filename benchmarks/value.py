"""How fast is `Value`? The moons demo against the closure engine, and graphs of a million nodes.

`python -m benchmarks.value` reports, with the limits of the project beside them:
- milliseconds a training step of MLP(2,16,16,1) on 100 points, median of 10, collector on and off;
- bytes a node of that graph after its backward pass;
- nanoseconds a node, forward plus backward, for a chain and for a random graph of 10^6 nodes.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import time
import tracemalloc
from collections.abc import Callable
from statistics import median
from typing import Any

from benchmarks import harness, moons

ENGINES = ("closure", "value")


def load(engine: str) -> Any:
    """The class that an engine's name stands for; only that engine is imported."""
    if engine == "closure":
        from benchmarks.closure_engine import Value as ClosureValue

        return ClosureValue
    from tinygrad_edu import Value

    return Value


def count_nodes(root: Any) -> int:
    """Distinct nodes that `root` was made from, itself included."""
    seen, stack = {root}, [root]
    while stack:
        for parent in stack.pop()._prev:
            if parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return len(seen)


def measure_demo(engine: str, collector: bool, steps: int = 10) -> harness.Figures:
    """Median milliseconds of a step of the demo, which trains on while it is timed."""
    value = load(engine)
    points, labels = moons.make_moons()
    model = moons.MLP(value)
    (gc.enable if collector else gc.disable)()
    seconds = []
    for _ in range(steps):
        start = time.perf_counter()
        moons.train_step(value, model, points, labels, lr=0.5)
        seconds.append(time.perf_counter() - start)
        if not collector:
            gc.collect()  # outside the clock: the closure engine's graphs are freed by nothing else
    return {f"demo step ms, gc {'on' if collector else 'off'}": 1e3 * median(seconds)}


def measure_memory(engine: str) -> harness.Figures:
    """Bytes a node of the demo's graph, gradients included; parameters and data are part of the graph."""
    value = load(engine)
    points, labels = moons.make_moons()
    moons.train_step(value, moons.MLP(value), points, labels, lr=0.5)  # caches that stay are not the graph's
    gc.collect()
    tracemalloc.start()
    model = moons.MLP(value)
    loss, _ = moons.loss_and_accuracy(value, model, points, labels)
    loss.backward()
    gc.collect()
    bytes_held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    nodes = count_nodes(loss)
    return {"demo nodes": nodes, "bytes a node": bytes_held / nodes}


def chain(value: Any, n_nodes: int) -> Any:
    """One operation after the other, `n_nodes` of them: the deepest graph there is."""
    x, w = value(1.0), value(0.999999)
    for _ in range(n_nodes // 2):
        x = x * w + w
    return x


def random_graph(value: Any, n_nodes: int) -> Any:
    """Sums, products and ReLUs of nodes among the last thousand, by the plan drawn before the clock runs."""
    nodes = [value(uniform) for uniform in _UNIFORM]
    append = nodes.append
    for kind, i, j in _DRAWS:
        a, b = nodes[i], nodes[j]
        append(a + b if kind == 0 else a * b if kind == 1 else a.relu())
    root = nodes[-1]
    for node in nodes[-1000:-1]:
        root = root + node
    return root


_UNIFORM: list[float] = []
_DRAWS: list[tuple[int, int, int]] = []


class Nothing:
    """A node that records nothing."""

    def __init__(self, data: float) -> None:
        self.data = data

    def __add__(self, other: Nothing) -> Nothing:
        return self

    __mul__ = __add__

    def relu(self) -> Nothing:
        return self


def draw_graph_plan(n_nodes: int) -> None:
    """Fill the plan of `random_graph`: what each node is and which earlier nodes it reads."""
    rng = random.Random(0)
    _UNIFORM[:] = [rng.uniform(-1, 1) for _ in range(1000)]
    _DRAWS[:] = [
        (
            0 if (u := rng.random()) < 0.45 else 1 if u < 0.9 else 2,
            i + rng.randrange(1000),
            i + rng.randrange(1000),
        )
        for i in range(n_nodes - 1999)
    ]


def measure_million(engine: str, shape: str, collector: bool, n_nodes: int = 1_000_000) -> harness.Figures:
    """Nanoseconds a node of `n_nodes`, forward, backward and freeing the graph, once, in a fresh process.

    The time that the workload's own loop takes (measured with a class that records nothing) is subtracted.
    """
    value = load(engine)
    build: Callable[[Any, int], Any] = chain if shape == "chain" else random_graph
    if shape == "random":
        draw_graph_plan(n_nodes)
    start = time.perf_counter()
    build(Nothing, n_nodes)
    workload = time.perf_counter() - start
    gc.collect()
    gc.freeze()  # the plan itself is not the engine's garbage
    (gc.enable if collector else gc.disable)()
    start = time.perf_counter()
    root = build(value, n_nodes)
    recorded = time.perf_counter()
    root.backward()
    derived = time.perf_counter()
    del root
    freed = time.perf_counter()
    scale = 1e9 / n_nodes
    name = f"{shape} ns a node, gc {'on' if collector else 'off'}"
    return {
        f"{name}: forward": scale * (recorded - start - workload),
        f"{name}: backward": scale * (derived - recorded),
        f"{name}: both": scale * (derived - start - workload),
        f"{name}: free": scale * (freed - derived),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worker", nargs=3, metavar=("WHAT", "ENGINE", "GC"), help="measure in this process")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--save", action="store_true", help="keep the result in benchmarks/results")
    options = parser.parse_args()
    began = harness.sources()
    if options.worker:
        what, engine, collector = options.worker
        if what == "demo":
            figures = measure_demo(engine, collector == "on")
        elif what == "memory":
            figures = measure_memory(engine)
        else:
            figures = measure_million(engine, what, collector == "on")
        print(json.dumps(figures))
        return

    def contender(what: str, engine: str, collector: str) -> harness.Contender:
        return harness.Contender(engine, ("-m", "benchmarks.value", "--worker", what, engine, collector))

    results: dict[str, harness.Figures] = {engine: {} for engine in ENGINES}
    for what, collector in (("demo", "on"), ("demo", "off"), ("memory", "off")):
        both = [contender(what, engine, collector) for engine in ENGINES]
        for engine, figures in harness.compare(both, 1 if what == "memory" else options.rounds).items():
            results[engine].update(figures)
    million: harness.Figures = {}
    for shape in ("chain", "random"):
        for collector in ("on", "off"):
            runs = harness.compare([contender(shape, "value", collector)], options.rounds)
            million.update(runs["value"])
    results["value"].update({f"10^6 {name}": ns for name, ns in million.items()})

    ours, theirs = results["value"], results["closure"]
    on, off = "demo step ms, gc on", "demo step ms, gc off"
    checks = [
        ("demo step, collector on, of the closure engine's time", ours[on] / theirs[on], 1 / 8),
        ("demo step, collector off, of the closure engine's time", ours[off] / theirs[off], 0.6),
        ("bytes a node", ours["bytes a node"], 180.0),
        *((f"10^6 nodes, {name}", ns, 1500.0) for name, ns in million.items() if name.endswith("both")),
    ]
    save = "value" if options.save else None
    harness.report(
        "Value against a closure engine",
        results,
        baseline="closure",
        checks=checks,
        began=began,
        as_json=options.json,
        save=save,
    )


if __name__ == "__main__":
    main()
