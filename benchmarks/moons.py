"""One workload for every scalar engine: the two-moons classification that micrograd's demo trains (MLP
2-16-16-1).

The network, loss and data are written against any class with `data`, `grad`, `+`, `*`, `relu` and `backward`,
so the same lines drive our Value and the closure engine; with the same seed both must print the published
losses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygrad_edu.cli.moons_net import MLP, POINTS, SEED, SIZES, loss_and_accuracy, make_moons, rate

__all__ = [
    "MLP", "POINTS", "PUBLISHED", "SEED", "SIZES", "loss_and_accuracy", "make_moons", "train", "train_step",
]  # fmt: skip

# What the demo's public notebook shows for its full-batch run with this seed: step -> (loss, accuracy in
# percent).
PUBLISHED = {
    0: (0.8958441028683222, 50.0),
    1: (1.7235905336972022, 81.0),
    2: (0.7429006313851131, 77.0),
    10: (0.24507023853658053, 91.0),
    25: (0.16049097780801674, 95.0),
    50: (0.09875114765619622, 96.0),
    75: (0.011845398205364453, 100.0),
    99: (0.010978370135492717, 100.0),
}


def train_step(value: Any, model: MLP, points: Sequence[Any], labels: Sequence[Any], lr: float) -> tuple[float, float]:
    """One full-batch gradient step; returns the loss before the update and the accuracy in percent."""
    loss, accuracy = loss_and_accuracy(value, model, points, labels)
    for p in model.parameters():
        p.grad = 0
    loss.backward()
    for p in model.parameters():
        p.data -= lr * p.grad
    return loss.data, accuracy


def train(value: Any, steps: int = 100) -> list[tuple[float, float]]:
    """The demo: lr falls linearly from 1.0 to 0.1 over 100 steps; returns (loss, accuracy) of each."""
    points, labels = make_moons()
    model = MLP(value)
    return [train_step(value, model, points, labels, lr=rate(k)) for k in range(steps)]
