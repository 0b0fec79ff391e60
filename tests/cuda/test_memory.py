"""What the device's memory is kept for, and for how long."""

from __future__ import annotations

import gc

import pytest

import tinygrad_edu as torch
from tinygrad_edu import cuda


def test_streams_come_round_again() -> None:
    """Else a program that makes one in each step would take new memory in each step."""
    for turn in range(70):
        with cuda.stream(cuda.Stream()):
            made = torch.ones(1000, device="cuda")
            del made
        if turn == 32:
            before = cuda.memory_reserved()
    assert cuda.memory_reserved() == before
    assert cuda.Stream() != cuda.Stream()


def test_emptied_of_optimizers_tables() -> None:
    gc.collect()
    cuda.empty_cache()
    before = cuda.memory_allocated()
    param = torch.nn.Parameter(torch.ones(5, device="cuda"))
    param.grad = torch.ones(5, device="cuda")
    for _ in range(2):  # and a table is made again
        torch.optim.SGD([param], lr=0.1).step()
        cuda.empty_cache()
    assert param.detach().cpu()[0].item() == pytest.approx(0.8)
    del param
    assert cuda.memory_allocated() == before
