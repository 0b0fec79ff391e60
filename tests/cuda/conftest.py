"""Tests that need a GPU, or Numba's simulator in its place; skipped where there is neither.

``NUMBA_ENABLE_CUDASIM=1 pytest tests/cuda`` runs them in the simulator, ``pytest -m gpu`` on a GPU.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tinygrad_edu.kernels import devices

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents and item.path.name != "test_simulator.py":
            item.add_marker(pytest.mark.gpu)
            if not devices.available():
                item.add_marker(pytest.mark.skip(reason=f"no GPU: {devices.why_not()}"))
