"""Optimizers on the device: the bits of the CPU, and one launch a step, however many parameters there are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_edu as torch
from tinygrad_edu.kernels.numba_cuda.runtime import launches

optim = torch.optim
CASES: list[tuple[Any, dict[str, Any]]] = [
    (optim.SGD, {"lr": 0.1, "momentum": 0.9, "dampening": 0.5}),
    (optim.Adam, {"lr": 0.1, "weight_decay": 0.1}),
    (optim.AdamW, {"lr": 0.1, "amsgrad": True}),
    (optim.RMSprop, {"lr": 0.1, "centered": True, "momentum": 0.9}),
    (optim.Adagrad, {"lr": 0.1, "lr_decay": 0.2, "initial_accumulator_value": 0.1}),
    (optim.Adadelta, {"weight_decay": 0.1}),
    (optim.Adamax, {"lr": 0.1, "betas": [0.8, 0.7]}),
    (optim.NAdam, {"lr": 0.1, "decoupled_weight_decay": True, "weight_decay": 0.1}),
    (optim.RAdam, {"lr": 0.1, "betas": (0.9, 0.8)}),
    (optim.Rprop, {"lr": 0.1}),
]
SIZES = [(3, 5), (4,), (), (2, 3)]


def trained(kind: Any, options: dict[str, Any], device: str, steps: int) -> tuple[list[Any], list[int]]:
    """Parameters and state after some steps, and how many kernels each step launched."""
    draw = np.random.default_rng(1)
    values = [draw.standard_normal(size).astype(np.float32) for size in SIZES]
    params = [torch.tensor(value, device=device) for value in values]
    params[3] = params[3].T.contiguous().T  # by columns
    optimizer = kind([p.requires_grad_() for p in params], **options)
    counts = []
    for _ in range(steps):
        for p in params:
            p.grad = torch.tensor(draw.standard_normal(tuple(p.shape)).astype(np.float32), device=device)
        params[3].grad = params[3].grad.T.contiguous().T
        before = launches.count
        optimizer.step()
        counts.append(launches.count - before)
    state = [value for entries in optimizer.state_dict()["state"].values() for value in entries.values()]
    return [t.detach().cpu().numpy() for t in [*params, *state]], counts


@pytest.mark.parametrize("kind, options", CASES)
def test_same_bits_as_on_the_cpu(kind: Any, options: dict[str, Any]) -> None:
    here, counts = trained(kind, options, "cuda", 3)
    there, _ = trained(kind, options, "cpu", 3)
    assert len(here) == len(there)
    for one, other in zip(here, there, strict=True):
        np.testing.assert_array_equal(one, other)
    assert counts[1:] == [1, 1]
    made = (len(here) - len(SIZES)) // len(SIZES)  # arrays and counters of the state, of each parameter
    assert counts[0] <= 1 + made * len(SIZES)  # the state is filled, and the same kernel steps
