"""The total norm of gradients and clipping by one that is known, and orders that undo each other, beside PyTorch."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.oracle import agree

pytestmark = pytest.mark.oracle
A, B = np.random.default_rng(0).standard_normal((2, 3, 4))


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch")


@pytest.mark.parametrize("p", [2.0, 1, 3.5, float("inf")])
def test_the_total_norm(torch: Any, p: float) -> None:
    agree(torch, lambda t, a, b: t.nn.utils.get_total_norm([a, b], p), A, B, name=False)
    agree(torch, lambda t, a: t.nn.utils.get_total_norm(a, p), A, name=False)


def test_of_nothing_and_of_what_is_not_finite(torch: Any) -> None:
    agree(torch, lambda t: t.nn.utils.get_total_norm([]))
    agree(torch, lambda t, a: t.nn.utils.get_total_norm([a * float("inf")], error_if_nonfinite=True), A)


@pytest.mark.parametrize("norm", [0.5, 2.0, 100.0])
def test_clipping_by_a_norm_that_is_known(torch: Any, norm: float) -> None:
    def clipped(t: Any, a: Any, b: Any) -> Any:
        a.grad, b.grad = t.tensor(A), t.tensor(B)
        without = t.ones(2, requires_grad=True)
        t.nn.utils.clip_grads_with_norm_([a, b, without], 1.5, t.tensor(norm, dtype=t.float64))
        return [a.grad.clone(), b.grad.clone(), without.grad is None]

    agree(torch, clipped, A, B)


@pytest.mark.parametrize(
    ("make", "remove"), [("weight_norm", "remove_weight_norm"), ("spectral_norm", "remove_spectral_norm")]
)
def test_a_reparametrization_is_taken_back(torch: Any, make: str, remove: str) -> None:
    def taken_back(t: Any, a: Any) -> Any:
        layer = t.nn.Linear(4, 3).double()
        with t.no_grad():
            layer.weight.copy_(a)
        utils = t.nn.utils
        changed = getattr(utils, make)(layer)
        keys = [*changed.state_dict()]
        back = getattr(utils, remove)(changed)
        with pytest.raises(ValueError, match="not found in"):
            getattr(utils, remove)(layer)
        assert back is layer and sorted(back.state_dict()) == ["bias", "weight"] and layer.weight.is_leaf
        assert type(layer.weight).__name__ == "Parameter"
        return [sorted(keys), layer.weight.detach() if make == "weight_norm" else layer.weight.shape[0]]

    agree(torch, taken_back, A)


def test_an_order_that_is_undone(torch: Any) -> None:
    agree(torch, lambda t, p: t.nn.utils.rnn.invert_permutation(p), np.array([2, 0, 3, 1]))
    agree(torch, lambda t: t.nn.utils.rnn.invert_permutation(None))
