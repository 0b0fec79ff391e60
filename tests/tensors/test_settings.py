"""Settings that programs read and write at their start, where there is little to set: they answer as PyTorch does."""

from __future__ import annotations

import subprocess
import sys

import pytest

import tinygrad_edu as tg


def test_precision_of_products() -> None:
    before = tg.get_float32_matmul_precision()
    assert before == "highest"
    try:
        for precision in ("high", "medium", "highest"):
            tg.set_float32_matmul_precision(precision)
            assert tg.get_float32_matmul_precision() == precision
        with pytest.raises((RuntimeError, ValueError), match="low"):
            tg.set_float32_matmul_precision("low")
    finally:
        tg.set_float32_matmul_precision(before)


def test_threads_between_operations() -> None:
    count = tg.get_num_interop_threads()
    assert isinstance(count, int) and count >= 1
    with pytest.raises((RuntimeError, TypeError, ValueError)):
        tg.set_num_interop_threads(0)


def test_memory_is_not_shared_between_processes() -> None:
    assert tg.ones(2).is_shared() is False


def test_the_notebook_extension_comes_and_goes() -> None:
    """In a process of its own: it decides what ``import torch`` gives."""
    program = """
import sys, tinygrad_edu as tg
tg.load_ipython_extension(None)
import torch
assert torch.tensor is tg.tensor
tg.unload_ipython_extension(None)
assert "torch" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
