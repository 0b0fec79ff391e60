"""Memory of large arrays stays with the process, unless the user has said how malloc shall do it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
import numpy as np
from tinygrad_edu.kernels.allocation import keep_memory
told = keep_memory()
for _ in range(3):
    arrays = [np.ones(1_000_000, "f4") for _ in range(4)]
    del arrays
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    arrays = [np.ones(1_000_000, "f4") for _ in range(4)]
    del arrays
print(told, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(**variables: str) -> tuple[str, int]:
    """Whether malloc was told, and how many pages the system gave in twenty rounds over 16 MB (4096 pages of 4 KB)."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_"))} | variables
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment, check=True)
    told, pages = done.stdout.split()
    return told, int(pages)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="malloc of Linux")
def test_pages_are_used_again() -> None:
    told, pages = faults()
    if told != "True":
        pytest.skip("not the C library that gives memory back")
    assert pages < 500
    assert faults(TINYEDU_KEEP_MEMORY="0")[0] == "False"
    assert faults(MALLOC_TOP_PAD_="0")[0] == "False"
