"""What benchmarks/gpu.py does around the kernels; they themselves are checked in tests/cuda."""

from __future__ import annotations

import argparse
import math
from typing import Any

import pytest

from benchmarks import gpu
from benchmarks.gpu_works import WORKS


class Cuda:
    """A device on which each call takes two milliseconds; Python takes no time for it."""

    def __init__(self) -> None:
        self.now = 0.0

    def Event(self, enable_timing: bool) -> Any:  # noqa: N802 - PyTorch's name
        return Event(self)

    def synchronize(self) -> None:
        """Nothing is under way."""


class Event:
    def __init__(self, cuda: Cuda) -> None:
        self.cuda = cuda

    def record(self) -> None:
        self.at = self.cuda.now

    def elapsed_time(self, other: Event) -> float:
        return other.at - self.at


def test_calls_are_timed_in_a_row() -> None:
    cuda, numbers = Cuda(), []

    def call(i: int) -> None:
        cuda.now += 2.0
        numbers.append(i)

    took = gpu.timed(call, cuda, calls=4, budget=0)
    assert took.device == pytest.approx(0.002) and took.calls == 4
    assert numbers == [0, 1, 2, *[0, 1, 2, 3] * 5]
    assert gpu.timed(call, cuda, budget=0).calls == gpu.MOST  # a quick call, as far as the host can tell


def test_no_row_begins_after_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    options = argparse.Namespace(only="", minutes=-1.0, small=True)
    assert gpu.run(options, None, None) == 0
    told = capsys.readouterr().out
    assert told.startswith("Not run, after -1.0 minutes: add, exp,") and "training step, CNN" in told


def test_what_is_checked_is_as_the_cpu_can_do() -> None:
    assert [work.name for work in WORKS[:2]] == ["add", "exp"]
    for work in WORKS:
        assert len({work.name for work in WORKS}) == len(WORKS)
        assert [len(shape) for shape in work.checked] == [len(shape) for shape in work.shapes]
        assert all(math.prod(shape) <= 1 << 26 for shape in work.checked)
