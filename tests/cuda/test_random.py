"""Random numbers drawn on the device: the CPU's, bit for bit, from the same place of the stream to the same place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as torch
from tinygrad_edu.kernels.numba_cuda.runtime import launches

Draw = Callable[[Any], Any]
ROWS = [[0.1, 0.2, 0.0, 4.0], [1.0, 1.0, 1.0, 0.5]]
# A draw on a device; and how many launches it takes.
EXACT: list[tuple[Draw, int]] = [
    *[
        (draw, many)
        for kind, one in ((torch.float32, 1), (torch.float64, 1), (torch.float16, 4))
        for draw, many in (
            (lambda d, kind=kind: torch.rand(3, 7, dtype=kind, device=d), one),
            (lambda d, kind=kind: torch.randn(3, 7, dtype=kind, device=d), 2 if one > 1 else 1),
            (lambda d, kind=kind: torch.empty(11, dtype=kind, device=d).uniform_(-2, 5), 3 * one),
            (lambda d, kind=kind: torch.empty(11, dtype=kind, device=d).normal_(-2, 5), 3),
        )
    ],
    (lambda d: torch.rand(0, 4, device=d), 0),
    (lambda d: torch.empty(9, device=d).bernoulli_(0.3), 4),
    (lambda d: torch.empty(2, 3, device=d).bernoulli_(torch.tensor([0.1, 0.5, 0.9], device=d)), 9),
    (lambda d: torch.bernoulli(torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0], device=d)), 7),
    *[
        (lambda d, low=low, high=high: torch.randint(low, high, (23,), device=d), many)
        for low, high, many in (
            (0, 8, 1), (0, 10, 2), (-5, 2**31, 120), (0, 2**32, 1), (0, 2**33 + 5, 2), (-(2**63), 2**63 - 1, 2),
            (-3, 3 * 2**30, 120), (0, 3 * 2**61, 120),  # a quarter is drawn again, and again
        )
    ],
    (lambda d: torch.randint(0, 7, (2, 3), device=d, dtype=torch.int32), 3),
    (lambda d: torch.randint_like(torch.ones(5, device=d), 3, 9), 4),
    (lambda d: torch.empty(9, device=d).random_(), 5),
    (lambda d: torch.randperm(19, device=d), 9),
    (lambda d: torch.multinomial(torch.tensor(ROWS, device=d), 5, True), 20),
    (lambda d: torch.multinomial(torch.tensor(ROWS[0], device=d), 3), 99),
    (lambda d: torch.nn.functional.dropout(torch.ones(5, 5, device=d), 0.4), 2),
]  # fmt: skip
CLOSE: list[Draw] = [  # their formulas have logarithms and tangents, whose last bits are each library's own
    lambda d: torch.empty(11, device=d).exponential_(2.0),
    lambda d: torch.empty(11, device=d).geometric_(0.3),
    lambda d: torch.empty(11, device=d).cauchy_(),
    lambda d: torch.empty(11, device=d).log_normal_(),
]


def both(draw: Draw) -> tuple[Any, Any, int]:
    """What is drawn here and there, and by how many launches."""
    torch.manual_seed(3)
    here = draw("cpu")
    state = torch.get_rng_state().tolist()
    torch.manual_seed(3)
    before = launches.count
    there = draw("cuda")
    count = launches.count - before
    assert there.device.type == "cuda" and torch.get_rng_state().tolist() == state
    here, there = here.numpy(), there.cpu().numpy()
    assert here.dtype == there.dtype and here.shape == there.shape
    return here, there, count


@pytest.mark.parametrize("case", range(len(EXACT)))
def test_same_bits_as_on_the_cpu(case: int) -> None:
    draw, most = EXACT[case]
    here, there, count = both(draw)
    np.testing.assert_array_equal(here, there)
    assert count <= most


@pytest.mark.parametrize("case", range(len(CLOSE)))
def test_same_numbers_as_on_the_cpu(case: int) -> None:
    here, there, _ = both(CLOSE[case])
    np.testing.assert_allclose(here, there, 1e-6)
