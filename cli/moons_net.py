"""micrograd's demo, written against any class of numbers: two moons, an MLP 2-16-16-1, the max-margin loss.

Network, loss and data ask only for `data`, `grad`, `+`, `*`, `relu` and `backward`. With the seed of micrograd's public
notebook they give the losses that it prints; `benchmarks/moons.py` runs other engines on the same lines.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

__all__ = ["MLP", "POINTS", "SEED", "SIZES", "loss_and_accuracy", "make_moons", "rate"]

SEED = 1337
POINTS = 100
SIZES = (2, 16, 16, 1)
PENALTY = 1e-4  # of the squares of all parameters


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
    penalty = PENALTY * sum(p * p for p in model.parameters())
    hits = sum((label > 0) == (score.data > 0) for label, score in zip(labels, scores, strict=True))
    return data_loss + penalty, 100.0 * hits / len(scores)


def rate(step: int, steps: int = 100, first: float = 1.0) -> float:
    """The learning rate of a step: it falls in a straight line to a tenth.

    >>> rate(0), rate(50)
    (1.0, 0.55)
    """
    return first * (1.0 - 0.9 * step / steps)
