"""The tests of this folder in Numba's CUDA simulator, which has to be asked for at the start: in their own process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tinygrad_edu.kernels.presence import simulated


@pytest.mark.skipif(simulated(), reason="this is the simulator")
@pytest.mark.parametrize("marks", [pytest.param("not slow", id="quick"), pytest.param("slow", marks=pytest.mark.slow)])
def test_in_the_simulator(marks: str) -> None:
    pytest.importorskip("numba", reason="Numba's simulator needs Numba")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "-m",
        marks,
        str(Path(__file__).parent),
    ]
    done = subprocess.run(
        command, env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1"}, capture_output=True, text=True, timeout=2400
    )
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
    assert " passed" in done.stdout


@pytest.mark.slow
@pytest.mark.skipif(simulated(), reason="the simulator has nothing to compile")
def test_every_kernel_has_types() -> None:
    pytest.importorskip("numba", reason="Numba compiles")
    script = Path(__file__).with_name("nopython.py")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=2400)
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-2000:]}"


@pytest.mark.slow
@pytest.mark.skipif(simulated(), reason="the simulator has nothing to compile")
def test_every_kernel_is_compiled_for_a_card() -> None:
    pytest.importorskip("numba", reason="Numba compiles")
    script = Path(__file__).with_name("for_a_card.py")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=2400)
    if done.returncode == 77:
        pytest.skip(done.stdout)
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
