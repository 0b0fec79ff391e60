"""How many kernels a training step launches: that is what small networks wait for. docs/gpu.md states the numbers."""

from __future__ import annotations

from typing import Any

import pytest

import tinygrad_edu as torch
from tinygrad_edu import nn
from tinygrad_edu.kernels.numba_cuda.runtime import launches


def mlp() -> tuple[nn.Module, Any]:
    return nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3)), torch.randn(4, 6)


def cnn() -> tuple[nn.Module, Any]:
    first = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2))
    second = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.MaxPool2d(2))
    return nn.Sequential(first, second, nn.Flatten(), nn.Linear(3, 3)), torch.randn(2, 1, 12, 12)


@pytest.mark.parametrize(
    "make, optimizer, expected", [(mlp, "SGD", 21), (mlp, "Adam", 21), pytest.param(cnn, "SGD", 32)]
)
def test_launches_of_a_training_step(make: Any, optimizer: str, expected: int) -> None:
    net, x = make()
    net, x, target = net.to("cuda"), x.to("cuda"), torch.arange(len(x), device="cuda") % 3
    steps = getattr(torch.optim, optimizer)(net.parameters(), lr=0.1)
    counts = []
    for _ in range(3):  # the first makes the optimizer's state
        steps.zero_grad()
        before = launches.count
        nn.functional.cross_entropy(net(x), target).backward()
        steps.step()
        counts.append(launches.count - before)
    # sums over larger batches are cut into parts, and take one more launch each
    assert counts[1] == counts[2] == expected, counts
