"""The emulated card: its checks find what is wrong, and find nothing in our kernels. In processes of their own."""

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


@pytest.mark.slow
@pytest.mark.skipif(simulated(), reason="the simulator has nothing to compile")
@pytest.mark.parametrize("order", ["forward", "backward"])
def test_every_kernel_on_the_emulated_card(order: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMULATED_ORDER", order)
    plugin = ("-p", "tests.cuda.emulator.plugin", "-p", "no:cacheprovider")
    said = emulated("-m", "pytest", "-q", *plugin, "tests/cuda/test_kernels.py", "-k", "first_case")
    assert " passed" in said and " failed" not in said and " skipped" not in said
