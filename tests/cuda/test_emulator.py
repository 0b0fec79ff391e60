"""The emulated card: its checks find what is wrong, and find nothing in kernels that are right."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tinygrad_edu.kernels.presence import simulated

MISSING = 77
ROOT = Path(__file__).resolve().parents[2]


def emulated(*arguments: str) -> str:
    """What a program says that runs on the emulated card."""
    pytest.importorskip("numba", reason="Numba compiles")
    command = [sys.executable, "-m", "tests.cuda.emulator", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1800)
    if done.returncode == MISSING:
        pytest.skip(done.stdout)
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-2000:]}"
    return done.stdout


@pytest.mark.slow
@pytest.mark.skipif(simulated(), reason="the simulator has nothing to compile")
def test_faults_are_found() -> None:
    assert " 0 wrong" in emulated("tests/cuda/emulator/faults.py")
