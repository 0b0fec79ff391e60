"""The toy sets: shapes, classes, the curves they lie on, and their seeds."""

from typing import Any

import pytest

import tinygrad_edu as tg
from tinygrad_edu.tensors.random import Generator
from tinygrad_edu.utils.data import DataLoader, TensorDataset
from tinygrad_edu.vision.datasets import circles, moons, regression, spiral, xor

# From the seed 0; other numbers would break every seeded lecture.
GOLDEN_POINTS = [0.17764, 0.71735, 1.94527, 0.45775, 0.98785, -0.135, -1.00819, -0.02227]
GOLDEN_CLASSES = [1, 1, 0, 0]
EVERY = [circles, moons, regression, spiral, xor]


@pytest.mark.parametrize("make", EVERY)
def test_a_seed_repeats_the_points(make: Any) -> None:
    one, two, other = (make(30, generator=Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert tg.equal(one[0], two[0]) and tg.equal(one[1], two[1]) and not tg.equal(one[0], other[0])
    assert one[0].dtype == tg.float32 and len(one[0]) == len(one[1]) == 30
    tg.manual_seed(3)
    first = make(5)
    tg.manual_seed(3)
    assert tg.equal(make(5)[0], first[0])


@pytest.mark.parametrize("make", [circles, moons, spiral])
@pytest.mark.parametrize("n", [1, 7, 30])
def test_classes_share_the_points_evenly(make: Any, n: int) -> None:
    points, classes = make(n)
    counts = [classes.tolist().count(k) for k in range(3 if make is spiral else 2)]
    assert points.shape == (n, 2) and classes.dtype == tg.int64
    assert sum(counts) == n and max(counts) - min(counts) <= 1


def test_without_noise_the_points_lie_on_their_curves() -> None:
    points, classes = moons(40, noise=0.0)
    for (x, y), k in zip(points.tolist(), classes.tolist(), strict=True):
        x, y = (1 - x, 0.5 - y) if k else (x, y)
        assert abs(x * x + y * y - 1) < 1e-6 and y > -1e-6
    points, classes = circles(40, noise=0.0, factor=0.25)
    radius = points.square().sum(1).sqrt()
    assert tg.allclose(radius, tg.where(classes == 1, 0.25, 1.0))
    points, classes = spiral(40, classes=2, noise=0.0)
    assert points.square().sum(1).max() <= 1.0 + 1e-6


def test_the_first_points_of_a_seed_never_change() -> None:
    points, classes = moons(4, generator=Generator().manual_seed(0))
    assert [round(v, 5) for v in points.flatten().tolist()] == GOLDEN_POINTS
    assert classes.tolist() == GOLDEN_CLASSES


def test_regression_has_a_column_of_targets() -> None:
    x, y = regression(2000, weight=(1.0, -2.0), bias=3.0, noise=0.1, generator=Generator().manual_seed(0))
    assert x.shape == (2000, 2) and y.shape == (2000, 1)
    left = y[:, 0] - (x[:, 0] - 2 * x[:, 1] + 3)
    assert abs(left.mean().item()) < 0.02 and abs(left.std().item() - 0.1) < 0.01


def test_they_fit_a_loader() -> None:
    batches = list(DataLoader(TensorDataset(*moons(10)), batch_size=4))
    assert [len(x) for x, _ in batches] == [4, 4, 2]


@pytest.mark.parametrize("make", EVERY)
def test_wrong_arguments_are_named(make: Any) -> None:
    for n in (0, -1, 2.5, True):
        with pytest.raises(ValueError, match=f"{make.__name__}: n must be a positive integer"):
            make(n)
    with pytest.raises(ValueError, match="noise is a standard deviation"):
        make(4, noise=-1.0)
    with pytest.raises(ValueError, match="factor"):
        circles(4, factor=1.0)
    with pytest.raises(ValueError, match="classes must be"):
        spiral(4, classes=0)
    with pytest.raises(ValueError, match="at least one"):
        regression(4, weight=[])
