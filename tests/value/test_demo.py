"""micrograd's moons demo, run with our Value, prints the losses that its public notebook shows."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2]))  # benchmarks/ is not installed; last, so that tinygrad_edu is

from benchmarks import moons
from tinygrad_edu import Value


def test_the_demo_prints_the_published_losses() -> None:
    history = moons.train(Value, steps=100)
    for step, (loss, accuracy) in moons.PUBLISHED.items():
        # Operands may be added in another order than the notebook's; training magnifies the last bit.
        assert history[step][0] == pytest.approx(loss, rel=1e-9), f"step {step}"
        assert history[step][1] == accuracy, f"step {step}"


def test_the_readme_expression_gives_the_published_numbers() -> None:
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert round(g.data, 4) == 24.7041
    assert round(a.grad, 4) == 138.8338
    assert round(b.grad, 4) == 645.5773
