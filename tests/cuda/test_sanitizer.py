"""Every kernel under NVIDIA's compute-sanitizer: races in shared memory, reads outside arrays, barriers not met by all.

Races do not show by outcome. On a GPU where the toolkit's ``compute-sanitizer`` is on the PATH, the first case of each
kernel in test_kernels.py is run under it, in a process of its own; elsewhere these are skipped and say why.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tinygrad_edu.kernels.presence import simulated


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["racecheck", "memcheck", "synccheck"])
def test_sanitizer(tool: str) -> None:
    if simulated():
        pytest.skip("the simulator runs Python, which compute-sanitizer cannot look into")
    sanitizer = shutil.which("compute-sanitizer")
    if sanitizer is None:
        pytest.skip("compute-sanitizer is not on the PATH: it comes with NVIDIA's CUDA toolkit")
    cases = f"{Path(__file__).with_name('test_kernels.py')}"
    program = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", cases, "-k", "test_first_case"]
    command = [sanitizer, "--tool", tool, "--error-exitcode", "9", *program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
    assert " passed" in done.stdout and "0 errors" in done.stdout + done.stderr
