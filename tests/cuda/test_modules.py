"""Every layer and loss of the table that compares them with PyTorch's, on the GPU: outputs, gradients, buffers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
pytest.importorskip("torch", reason="the table is that of the comparison with PyTorch")

from nn.test_against_pytorch import CASES, arguments, build

import tinygrad_edu as tg

ROWS = [(name, i, row) for name, rows in CASES.items() for i, row in enumerate(rows)]


def computed(module: Any, given: list[Any], device: str) -> list[Any]:
    """In training and in evaluation, each twice: outputs and gradients, and the buffers at the end."""
    module.to(device)
    found: list[Any] = []
    for training in (True, True, False, False):
        module.train(training)
        module.zero_grad()
        leaves = [x.detach().to(device).requires_grad_(x.requires_grad) for x in given]
        out = module(*(x * 1 if x.requires_grad else x for x in leaves))
        assert out.device.type == device
        found.append(out)
        if out.requires_grad:
            pull = np.random.default_rng(5).standard_normal(tuple(out.shape))
            out.backward(tg.tensor(pull, device=device))
            found += [x.grad for x in (*leaves, *module.parameters())]
    found += [value.clone() for value in module.state_dict().values()]
    return [None if x is None else np.array(x.detach().cpu().numpy()) for x in found]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "row"), [(name, row) for name, _, row in ROWS], ids=[f"{n}-{i}" for n, i, _ in ROWS])
def test_a_module(name: str, row: Any) -> None:
    args, options, inputs = row
    sides = []
    for device in ("cpu", "cuda"):
        module, given = build(name, args, options)[0], arguments(inputs)[0]
        sides.append(computed(module, given, device))
    for theirs, mine in zip(*sides, strict=True):
        assert (theirs is None) == (mine is None)
        if theirs is not None:
            assert theirs.dtype == mine.dtype and theirs.shape == mine.shape
            np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-9)
