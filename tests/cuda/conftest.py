"""Tests that need a GPU, or Numba's simulator in its place; skipped where there is neither.

``NUMBA_ENABLE_CUDASIM=1 pytest tests/cuda`` runs them in the simulator, ``pytest -m gpu`` on a GPU.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygrad_edu.kernels import devices
from tinygrad_edu.kernels.presence import simulated

HERE = Path(__file__).parent
ELSEWHERE = ("test_simulator.py", "test_emulator.py")  # these run tests in processes of their own


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents and item.path.name not in ELSEWHERE:
            item.add_marker(pytest.mark.gpu)
            if not devices.available():
                item.add_marker(pytest.mark.skip(reason=f"no GPU: {devices.why_not()}"))


@pytest.fixture(autouse=True)
def _free_memory_is_spoilt(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is given back is filled at once: whoever goes on reading it gets nan. (A card would still have to run.)"""
    if not (simulated() and devices.available()):
        return
    from tinygrad_edu.kernels.numba_cuda.memory import Block, Pool

    give_back = Pool.give_back

    def spoiling(self: Any, block: Block) -> None:
        block.piece.raw._ary.view(np.uint8)[...] = 0xFF
        give_back(self, block)

    monkeypatch.setattr(Pool, "give_back", spoiling)


@pytest.fixture(autouse=True)
def _calls_are_forgotten() -> None:
    """No test finds what another one's calls launched: some change how kernels are chosen."""
    if devices.available():
        from tinygrad_edu.kernels.numba_cuda import replay

        replay.forget()
