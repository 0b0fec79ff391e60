"""How a Tensor lies in memory changes no result and no gradient: column by column, reversed, spread out, broadcast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.nn import functional as F

Y = tg.tensor([0, 4, 1, 2, 2, 0, 3])
WEIGHT = tg.tensor([1.0, 0.5, 2.0, 0.0, 1.5])
SPREAD = tg.linspace(0.1, 0.9, 35).reshape(7, 5)

CASES: dict[str, Callable[[Any], Any]] = {
    "cross_entropy": lambda x: F.cross_entropy(x, Y),
    "cross_entropy, sum": lambda x: F.cross_entropy(x, Y, reduction="sum"),
    "cross_entropy, none": lambda x: F.cross_entropy(x, Y, reduction="none"),
    "cross_entropy, weights": lambda x: F.cross_entropy(x, Y, WEIGHT, ignore_index=2),
    "cross_entropy, smoothed": lambda x: F.cross_entropy(x, Y, label_smoothing=0.2),
    "cross_entropy, probabilities": lambda x: F.cross_entropy(x, SPREAD),
    "nll_loss": lambda x: F.nll_loss(x, Y),
    "softmax": lambda x: F.softmax(x, 1),
    "log_softmax": lambda x: F.log_softmax(x, 0),
    "logsumexp": lambda x: x.logsumexp(1),
    "layer_norm": lambda x: F.layer_norm(x, (5,), WEIGHT),
    "batch_norm": lambda x: F.batch_norm(x, None, None, WEIGHT, training=True),
    "group_norm": lambda x: F.group_norm(x, 1, WEIGHT),
    "rms_norm": lambda x: F.rms_norm(x, (5,), WEIGHT),
    "gelu": lambda x: F.gelu(x),
    "silu": lambda x: F.silu(x),
    "relu": lambda x: F.relu(x),
    "mse_loss": lambda x: F.mse_loss(x, SPREAD),
    "huber_loss": lambda x: F.huber_loss(x, SPREAD),
    "linear": lambda x: F.linear(x, SPREAD),
    "max": lambda x: x.max(1).values,
    "sort": lambda x: x.sort(0).values,
    "cumsum": lambda x: x.cumsum(1),
    "var": lambda x: x.var(0),
}

LAYOUTS: dict[str, Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]] = {
    "columns": np.asfortranarray,
    "reversed": lambda a: np.ascontiguousarray(a[::-1, ::-1])[::-1, ::-1],
    "every other": lambda a: np.repeat(np.repeat(a, 2, 0), 2, 1)[::2, ::2],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", CASES)
def test_the_layout_changes_nothing(name: str, layout: str) -> None:
    values = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
    found = []
    for array in (values, LAYOUTS[layout](values)):
        x = tg.as_tensor(array).requires_grad_()
        out = CASES[name](x)
        out.backward(tg.linspace(0.5, 1.5, out.numel()).reshape(out.shape))
        assert x.grad is not None
        found.append((out.detach().numpy(), x.grad.numpy()))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-6, atol=2e-6)
