"""Toy sets: points in the plane that a small network learns to tell apart, and a straight line behind noise.

Each function gives the inputs and the targets, ``TensorDataset(*moons(200))`` makes a dataset of them. The numbers come
from our own stream and our own sine and cosine: one seed gives the same points on every platform.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.kernels.portable import cos_sin_turn
from tinygrad_edu.tensors import sampling
from tinygrad_edu.tensors.random import Generator
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["circles", "moons", "regression", "spiral", "xor"]

Array = np.ndarray[Any, Any]


def moons(n: int = 100, noise: float = 0.1, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
    """Two half circles that reach into each other, in random order.

    Args:
        n: how many points, half of them (rounded down) on the upper half circle, class 0.
        noise: the standard deviation of the normal noise on each coordinate.
        generator: draws noise and order; by default the default generator.

    Returns:
        The points, float32 (n, 2), and their classes 0 and 1, int64 (n,).

    Raises:
        ValueError: `n` is not a positive integer, or `noise` is negative.

    >>> points, classes = moons(6, generator=Generator().manual_seed(0))
    >>> points.shape, sorted(classes.tolist())
    (torch.Size([6, 2]), [0, 0, 0, 1, 1, 1])
    """
    upper, lower = _share(n, 2, "moons")
    x, y = _circle(np.linspace(0, 0.5, upper))
    u, v = _circle(np.linspace(0, 0.5, lower))
    return _scattered([np.stack([x, y], 1), np.stack([1 - u, 0.5 - v], 1)], noise, generator, "moons")


def circles(
    n: int = 100, noise: float = 0.05, factor: float = 0.5, generator: Generator | None = None
) -> tuple[Tensor, Tensor]:
    """A circle of radius 1, class 0, around one of radius `factor`, class 1; otherwise as `moons`.

    Raises:
        ValueError: as `moons`, or `factor` is not in [0, 1).

    >>> points, _ = circles(4, noise=0.0)
    >>> sorted(points.square().sum(1).tolist())
    [0.25, 0.25, 1.0, 1.0]
    """
    if not 0 <= factor < 1:
        raise ValueError(f"circles: factor is the radius of the inner circle, in [0, 1), got {factor}.")
    sizes = _share(n, 2, "circles")
    rings = [np.stack(_circle(np.arange(size) / max(size, 1)), 1) for size in sizes]
    return _scattered([rings[0], factor * rings[1]], noise, generator, "circles")


def spiral(
    n: int = 300, classes: int = 3, noise: float = 0.02, turns: float = 0.6, generator: Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Arms that leave the centre and wind around it for `turns` turns, one for each class; otherwise as `moons`.

    >>> spiral(30, classes=5)[1].bincount()
    tensor([6, 6, 6, 6, 6])
    """
    arms = []
    for k, size in enumerate(_share(n, classes, "spiral")):
        radius = np.linspace(0, 1, size)
        x, y = _circle((k / classes + turns * radius) % 1)
        arms.append(np.stack([radius * x, radius * y], 1))
    return _scattered(arms, noise, generator, "spiral")


def xor(n: int = 100, noise: float = 0.0, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
    """Points drawn evenly from the square [-1, 1)²: class 1 where exactly one coordinate is positive, else 0.

    The noise is added after the class was found.

    >>> points, classes = xor(50)
    >>> bool(((points[:, 0] * points[:, 1] < 0) == classes.bool()).all())
    True
    """
    _share(n, 1, "xor")
    points = sampling.uniform(generator, (n, 2), np.float32, -1.0, 1.0)
    classes = (points[:, 0] > 0) != (points[:, 1] > 0)
    points = points + _noise((n, 2), noise, generator, "xor").astype(np.float32)
    return Tensor._wrap(points), Tensor._wrap(classes.astype(np.int64))


def regression(
    n: int = 100,
    weight: Sequence[float] = (0.2, -1.3, -0.5),
    bias: float = 0.0,
    noise: float = 1.0,
    generator: Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """A linear function of normal inputs, behind normal noise.

    Returns:
        The inputs, float32 (n, len(weight)), and the targets, float32 (n, 1).

    >>> x, y = regression(5, weight=[2.0], bias=1.0, noise=0.0)
    >>> bool((y == 2 * x + 1).all())
    True
    """
    _share(n, 1, "regression")
    slopes = np.array([float(w) for w in weight], np.float64)
    if not slopes.size:
        raise ValueError("regression: weight needs at least one number, one for each input.")
    x = sampling.normal(generator, (n, slopes.size), np.float32)
    y = np.full(n, float(bias))
    for column, slope in zip(x.T.astype(np.float64), slopes, strict=True):  # a sum in one order on every machine
        y += slope * column
    y += _noise((n,), noise, generator, "regression")
    return Tensor._wrap(x), Tensor._wrap(y.astype(np.float32)[:, None])


def _circle(turns: Array) -> tuple[Array, Array]:
    """The points of the unit circle at these angles, in turns (1 is the whole circle)."""
    cos, sin = cos_sin_turn(np.asarray(turns, np.float64))
    return cos, sin


def _share(n: int, classes: int, name: str) -> list[int]:
    """How many of n points each class gets: as even as can be, the last ones the most."""
    for value, what in ((n, "n"), (classes, "classes")):
        if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
            raise ValueError(f"{name}: {what} must be a positive integer, got {value!r}.")
    return [(n + k) // classes for k in range(classes)]


def _noise(shape: tuple[int, ...], noise: float, generator: Generator | None, name: str) -> Array:
    if not noise >= 0:
        raise ValueError(f"{name}: noise is a standard deviation, 0 or more, got {noise}.")
    return sampling.normal(generator, shape, np.float64, 0.0, noise) if noise else np.zeros(shape)


def _scattered(parts: list[Array], noise: float, generator: Generator | None, name: str) -> tuple[Tensor, Tensor]:
    """The points of all classes, moved by noise, in random order; and their classes."""
    points = np.concatenate(parts)
    points = points + _noise(points.shape, noise, generator, name)
    classes = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    order = sampling.permutation(generator, len(points))
    return Tensor._wrap(points[order].astype(np.float32)), Tensor._wrap(classes[order].astype(np.int64))
