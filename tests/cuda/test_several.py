"""What is done to all gradients or weights at once: the CPU's results, in one launch or a few, however many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as torch
from tinygrad_edu.kernels.numba_cuda.runtime import launches

utils, swa = torch.nn.utils, torch.optim.swa_utils
SIZES = [(3, 7), (5,), (2, 9), (), (1, 1), (17,)]


def _stepped(params: list[Any]) -> None:
    torch.optim.SGD(params, lr=0.5, maximize=True).step()


def _averaged(rule: Any) -> Callable[[list[Any]], Any]:
    def change(params: list[Any]) -> None:
        rule([p.detach() for p in params], [p.grad for p in params], torch.tensor(2))

    return change


# What is done with parameters and their gradients, and how many launches it takes.
CASES: list[tuple[Callable[[list[Any]], Any], int]] = [
    (lambda ps: utils.clip_grad_norm_(ps, 1.0), 7),
    (lambda ps: utils.clip_grad_norm_(ps, 1e9), 7),
    (lambda ps: utils.clip_grad_value_(ps, 1.0), 1),
    (lambda ps: utils.clip_grad_value_(ps, -1.0), 1),  # bounds the wrong way round: the upper one counts
    (lambda ps: utils.get_total_norm([p.grad for p in ps]), 2),
    (lambda ps: torch.optim.SGD(ps, lr=0.1).zero_grad(set_to_none=False), 1),
    (_stepped, 2),
    (_averaged(swa.get_swa_multi_avg_fn()), 1),
    (_averaged(swa.get_ema_multi_avg_fn(0.9)), 1),
]


def done(change: Callable[[list[Any]], Any], device: str, twins: bool = False) -> tuple[list[Any], int]:
    draw = np.random.default_rng(2)
    params = [torch.tensor(draw.standard_normal(size).astype(np.float32), device=device) for size in SIZES]
    for p in params:
        p.requires_grad_().grad = torch.tensor(draw.standard_normal(tuple(p.shape)).astype(np.float32), device=device)
    params[0].grad = params[0].grad.T.contiguous().T if twins else params[0].grad
    if twins:  # the memory of one gradient is that of another
        params[1].grad = params[5].grad[3:8]
        params[5].grad = params[5].grad[:17]
    versions = [p.grad._version for p in params]
    before = launches.count
    result = change(params)
    count = launches.count - before
    grads = [p.grad.cpu().numpy() for p in params]
    changed = [p.grad._version > version for p, version in zip(params, versions, strict=True)]
    values = [p.detach().cpu().numpy() for p in params]
    return [*grads, *values, changed, *([result.cpu().numpy()] if result is not None else [])], count


@pytest.mark.parametrize("case", range(len(CASES)))
def test_as_on_the_cpu(case: int) -> None:
    change, most = CASES[case]
    for twins in (False, True):
        here, _ = done(change, "cpu", twins)
        there, count = done(change, "cuda", twins)
        for one, other in zip(here, there, strict=True):
            np.testing.assert_allclose(one, other, 1e-6, 1e-7)
        assert twins or count <= most


def test_a_norm_that_is_not_finite_is_told() -> None:
    p = torch.ones(5, device="cuda").requires_grad_()
    p.grad = torch.tensor([1.0, float("nan"), 1.0, 1.0, 1.0], device="cuda")
    with pytest.raises(RuntimeError, match="non-finite"):
        utils.clip_grad_norm_([p], 1.0, error_if_nonfinite=True)
