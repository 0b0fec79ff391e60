"""How many kernels a training step launches: that is what small networks wait for. docs/gpu.md states the numbers."""

from __future__ import annotations

import pytest

import tinygrad_edu as torch
from tinygrad_edu.cli.bench import NETWORKS, training_step
from tinygrad_edu.kernels.numba_cuda import convolution, matmul
from tinygrad_edu.kernels.numba_cuda.runtime import launches

# Of products that are not cut into parts: each that is takes one more, and how many are depends on device and batch.
EXPECTED = {"MLP 784-512-512-10": 26, "CNN 1-32-64": 35}


@pytest.mark.parametrize(
    "optimizer", ["Adam", pytest.param("SGD", marks=pytest.mark.slow), pytest.param("AdamW", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("network", NETWORKS)
def test_launches_of_a_training_step(network: str, optimizer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (convolution, matmul):
        monkeypatch.setattr(module, "parts_for", lambda *_: 1)
    step = training_step(torch, network, "cuda", small=True, optimizer=optimizer)
    counts = []
    for _ in range(3):  # the first makes the optimizer's state
        before = launches.count
        step()
        counts.append(launches.count - before)
    assert counts[1] == counts[2] == EXPECTED[network], counts
