"""What does a tiny Tensor cost? Call overhead beside PyTorch, with hand-written NumPy as the floor.

`python -m benchmarks.tensor` measures, one process per library, on 4 and 16 elements:
- a chain: 20 times y = y * w + b, its sum, backward (41 operations);
- single operations, forward without recording, forward recorded, and forward plus backward through a sum;
- 1000 steps down the Rosenbrock function, by hand and with Adam.
The ratio to PyTorch stands in brackets. The same source drives both libraries: they have the same names.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from importlib import import_module
from typing import Any

from benchmarks import harness

LIBRARIES = {"torch": "torch", "tinygrad_edu": "tinygrad_edu"}
SIZES = (4, 16)
CHAIN = 20

Step = Callable[[], object]


def chain(lib: Any, size: int) -> Step:
    """20 times y = y * w + b, sum, backward; the gradients are dropped, so that each call does the same."""
    x, w, b = (lib.full((size,), fill, requires_grad=True) for fill in (1.0, 0.9, 0.1))

    def step() -> object:
        x.grad = w.grad = b.grad = None
        y = x
        for _ in range(CHAIN):
            y = y * w + b
        y.sum().backward()
        return w.grad

    return step


def operations(lib: Any, size: int) -> dict[str, tuple[tuple[Any, ...], Callable[..., Any]]]:
    """Name -> (leaves, function): the operations of the table. The matrices have `size` elements."""
    side = round(size**0.5)
    a, b = (lib.full((size,), fill, requires_grad=True) for fill in (0.5, 1.5))
    m, n = (lib.full((side, side), fill, requires_grad=True) for fill in (0.5, 1.5))
    row = lib.full((1, side), 2.0, requires_grad=True)
    return {
        "a + b": ((a, b), lambda x, y: x + y),
        "a * b": ((a, b), lambda x, y: x * y),
        "a * 2.0": ((a,), lambda x: x * 2.0),
        "a ** 2": ((a,), lambda x: x**2),
        "m + row": ((m, row), lambda x, y: x + y),
        "exp": ((a,), lambda x: x.exp()),
        "relu": ((a,), lambda x: x.relu()),
        "sum": ((a,), lambda x: x.sum()),
        "mean(dim)": ((m,), lambda x: x.mean(dim=0)),
        "m @ n": ((m, n), lambda x, y: x @ y),
        "a[0]": ((a,), lambda x: x[0]),
        "m.T": ((m,), lambda x: x.T),
        "reshape": ((m,), lambda x: x.reshape(-1)),
    }


def rosenbrock(x: Any, a: float = 1.0, b: float = 5.0) -> Any:
    """(a - x1)^2 + b (x2 - x1^2)^2 of a Tensor of two elements."""
    x1, x2 = x[0], x[1]
    return (a - x1) ** 2 + b * (x2 - x1**2) ** 2


def rosenbrock_by_hand(lib: Any, steps: int = 1000, lr: float = 0.01) -> list[float]:
    """Gradient descent as a course first writes it: backward, update without recording, gradient to zero."""
    x = lib.tensor([-1.0, 1.0], requires_grad=True)
    for _ in range(steps):
        rosenbrock(x).backward()
        with lib.no_grad():
            x -= lr * x.grad
        x.grad.zero_()
    return [float(v) for v in x.tolist()]


def rosenbrock_adam(lib: Any, steps: int = 1000, lr: float = 0.05) -> list[float]:
    """The same descent with the library's Adam."""
    x = lib.tensor([-1.0, 1.0], requires_grad=True)
    optimizer = import_module(f"{lib.__name__}.optim").Adam([x], lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        rosenbrock(x).backward()
        optimizer.step()
    return [float(v) for v in x.tolist()]


def measure_library(name: str) -> harness.Figures:
    """Microseconds of every workload for one library."""
    lib = import_module(LIBRARIES[name])
    if name == "torch":
        lib.set_num_threads(1)
    figures: harness.Figures = {}
    for size in SIZES:
        figures[f"chain, {size}: ns an operation"] = 1e9 * _seconds(chain(lib, size)) / (2 * CHAIN + 1)
    for size in SIZES:
        for label, (leaves, function) in operations(lib, size).items():
            figures[f"{label}, {size}: not recorded ns"] = 1e9 * _not_recorded(lib, function, leaves)
            figures[f"{label}, {size}: recorded ns"] = 1e9 * _seconds(lambda f=function, x=leaves: f(*x))  # type: ignore[misc]
            figures[f"{label}, {size}: with backward ns"] = 1e9 * _with_backward(function, leaves)
    figures["Rosenbrock by hand, 1000 steps: ms"] = 1e3 * harness.timed(lambda: rosenbrock_by_hand(lib), 5, 1)
    figures["Rosenbrock Adam, 1000 steps: ms"] = 1e3 * harness.timed(lambda: rosenbrock_adam(lib), 5, 1)
    return figures


def _seconds(step: Step, calls: int = 200, repeat: int = 15) -> float:
    """Median seconds of one call, timed in batches: a single one is shorter than the clock is fine."""

    def batch() -> None:
        for _ in range(calls):
            step()

    return harness.timed(batch, repeat, 2) / calls


def _not_recorded(lib: Any, function: Callable[..., Any], leaves: tuple[Any, ...]) -> float:
    with lib.no_grad():
        return _seconds(lambda: function(*leaves))


def _with_backward(function: Callable[..., Any], leaves: tuple[Any, ...]) -> float:
    def step() -> None:
        for leaf in leaves:
            leaf.grad = None
        function(*leaves).sum().backward()

    return _seconds(step)


def measure_numpy() -> harness.Figures:
    """The floor: the same arithmetic on arrays, gradients derived by hand."""
    import numpy as np

    def chain_step(size: int) -> Step:
        x, w, b = (np.full(size, fill, dtype=np.float32) for fill in (1.0, 0.9, 0.1))

        def step() -> object:
            states, y = [], x
            for _ in range(CHAIN):
                states.append(y)
                y = y * w + b
            np.add.reduce(y)
            grad = np.ones_like(y)
            w_grad, b_grad = np.zeros_like(w), np.zeros_like(b)
            for state in reversed(states):
                b_grad = b_grad + grad
                w_grad = w_grad + grad * state
                grad = grad * w
            return w_grad

        return step

    def gradient(x: Any) -> Any:
        x1, x2 = x[0], x[1]
        inner = x2 - x1 * x1
        return np.array([-2 * (1 - x1) - 20 * x1 * inner, 10 * inner], dtype=np.float32)

    def by_hand() -> None:
        x = np.array([-1.0, 1.0], dtype=np.float32)
        for _ in range(1000):
            x -= np.float32(0.01) * gradient(x)

    def adam() -> None:
        x = np.array([-1.0, 1.0], dtype=np.float32)
        m, v = np.zeros_like(x), np.zeros_like(x)
        for t in range(1, 1001):
            g = gradient(x)
            m = 0.9 * m + 0.1 * g
            v = 0.999 * v + 0.001 * g * g
            x -= 0.05 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)

    figures = {f"chain, {size}: ns an operation": 1e9 * _seconds(chain_step(size)) / (2 * CHAIN + 1) for size in SIZES}
    figures["Rosenbrock by hand, 1000 steps: ms"] = 1e3 * harness.timed(by_hand, 5, 1)
    figures["Rosenbrock Adam, 1000 steps: ms"] = 1e3 * harness.timed(adam, 5, 1)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worker", choices=["numpy", *LIBRARIES], help="measure one library in this process")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--save", action="store_true", help="keep the result in benchmarks/results")
    options = parser.parse_args()
    began = harness.sources()
    if options.worker:
        print(json.dumps(measure_numpy() if options.worker == "numpy" else measure_library(options.worker)))
        return
    contenders = [harness.Contender(n, ("-m", "benchmarks.tensor", "--worker", n)) for n in ("numpy", *LIBRARIES)]
    results = harness.compare(contenders, options.rounds)
    harness.report(
        "tiny Tensors beside PyTorch",
        results,
        baseline="torch",
        began=began,
        as_json=options.json,
        save="tensor" if options.save else None,
    )


if __name__ == "__main__":
    main()
