"""One workload for every scalar engine: the two-moons classification that micrograd's demo trains (MLP
2-16-16-1).

The network, loss and data are written against any class with `data`, `grad`, `+`, `*`, `relu` and `backward`,
so the same lines drive our Value and the closure engine; with the same seed both must print the published
losses.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

SEED = 1337
POINTS = 100
SIZES = (2, 16, 16, 1)

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


def make_moons(n_points: int = POINTS, noise: float = 0.1, seed: int = SEED) -> tuple[list[list[float]], list[int]]:
    """Two interleaving half circles, shuffled, with Gaussian noise.

    Returns (N, 2) coordinates and (N,) labels in {-1, +1} as Python numbers. The draws follow the order of
    `sklearn.datasets.make_moons` under `np.random.seed(seed)` (one shuffle, then one normal of shape (N, 2)),
    so the numbers are the same without scikit-learn.

    >>> X, y = make_moons(4)
    >>> len(X), sorted(y)
    (4, [-1, -1, 1, 1])
    """
    import numpy as np  # here and not above: the engines themselves run without NumPy

    generator = np.random.RandomState(seed)
    n_outer = n_points // 2
    outer = np.linspace(0, np.pi, n_outer)
    inner = np.linspace(0, np.pi, n_points - n_outer)
    x = np.concatenate([np.cos(outer), 1 - np.cos(inner)])
    y = np.concatenate([np.sin(outer), 1 - np.sin(inner) - 0.5])
    labels = np.repeat([-1, 1], [n_outer, n_points - n_outer])

    order = np.arange(n_points)
    generator.shuffle(order)
    points = np.stack([x, y], axis=1)[order] + generator.normal(scale=noise, size=(n_points, 2))
    return points.tolist(), labels[order].tolist()


class MLP:
    """Fully connected layers, ReLU between; weights uniform in (-1, 1), biases 0, drawn neuron by neuron."""

    def __init__(self, value: Any, sizes: Sequence[int] = SIZES, rng: random.Random | None = None) -> None:
        rng = rng or random.Random(SEED)
        self.layers = [
            [([value(rng.uniform(-1, 1)) for _ in range(n_in)], value(0)) for _ in range(n_out)]
            for n_in, n_out in zip(sizes, sizes[1:], strict=False)
        ]

    def __call__(self, x: list[Any]) -> Any:
        """(n_in,) values -> the one output value."""
        last = self.layers[-1]
        for layer in self.layers:
            sums = [sum((w * xi for w, xi in zip(weights, x, strict=True)), bias) for weights, bias in layer]
            x = sums if layer is last else [s.relu() for s in sums]
        return x[0]

    def parameters(self) -> list[Any]:
        """Every weight and bias, neuron by neuron, weights before the bias."""
        return [p for layer in self.layers for weights, bias in layer for p in (*weights, bias)]


def loss_and_accuracy(value: Any, model: MLP, points: Sequence[Any], labels: Sequence[Any]) -> tuple[Any, float]:
    """Mean hinge loss max(0, 1 - y score) + 1e-4 |parameters|^2, and the accuracy in percent."""
    scores = [model([value(coordinate) for coordinate in point]) for point in points]
    hinges = [(1 + -label * score).relu() for label, score in zip(labels, scores, strict=True)]
    data_loss = sum(hinges) * (1.0 / len(hinges))
    penalty = 1e-4 * sum(p * p for p in model.parameters())
    hits = sum((label > 0) == (score.data > 0) for label, score in zip(labels, scores, strict=True))
    return data_loss + penalty, 100.0 * hits / len(scores)


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
    return [train_step(value, model, points, labels, lr=1.0 - 0.9 * k / 100) for k in range(steps)]
