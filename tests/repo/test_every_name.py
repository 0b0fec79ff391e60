"""A public name that no test mentions fails the build, in the rooms whose names are not all rows of one table.

Tables that are complete by themselves: torch and Tensor (tests/tensors/test_every_name.py), nn.functional
(tests/nn/test_every_function.py and test_spatial_functions.py), modules of nn (tests/nn/test_against_pytorch.py),
optimizers, schedules, distributions, special functions and transforms (each in its room's tests).
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
# The module, and where its names are tested.
NAMES = {
    "autograd": "autograd engine tensors",
    "autograd.functional": "autograd",
    "linalg": "tensors",
    "nn.init": "nn",
    "nn.utils": "nn",
    "nn.utils.rnn": "nn",
    "optim.swa_utils": "optim",
    "random": "tensors",
    "serialization": "serialization",
    "utils.data": "utils compat",
    "vision.datasets": "vision",
    "vision.utils": "vision",
}
# Submodules, whose own names count.
MODULES = {"anomaly_mode", "clip_grad", "convert_parameters"}


@pytest.mark.parametrize("module", NAMES)
def test_every_name_is_tested(module: str) -> None:
    files = [file for room in NAMES[module].split() for file in (TESTS / room).rglob("*.py")]
    source = "\n".join(file.read_text(encoding="utf-8") for file in files)
    public = set(import_module(f"tinygrad_edu.{module}").__all__) - MODULES
    missing = sorted(name for name in public if not re.search(rf"\b{name}\b", source))
    assert not missing, f"names of {module} without a test in tests/{NAMES[module]}: {missing}"
