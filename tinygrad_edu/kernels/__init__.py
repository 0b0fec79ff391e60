"""The kernels: how numbers are computed, below everything that knows about gradients.

``numpy.py`` and the files beside it are the specification, short and obviously right. One small interface: arrays in
(contiguous ones, where a compiled kernel stands in), and ``out``, the array to write to, given or made; views and
strides stay above it. NumPy itself is imported with the first array, not with this package, so
that a program of scalars never loads it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from tinygrad_edu.kernels.choice import dispatched
from tinygrad_edu.kernels.devices import wrapped

__all__ = ["elementwise", "kernels"]


_FILES = (
    "places", "activations", "attention", "bends", "convolution", "decompositions", "dropout", "error_function",
    "gates", "indexing", "lines", "losses", "norms", "pooling", "resampling", "special", "statistics",
)  # fmt: skip


_CONVERSIONS = ("array", "asarray", "ascontiguousarray")  # of NumPy's functions those that do not ask their arrays


def _find(name: str) -> Any:
    """The kernel called `name` in plain NumPy, or NumPy's own function."""
    for file in _FILES:
        module = import_module(f"tinygrad_edu.kernels.{file}")
        if name in module.__all__:
            return getattr(module, name)
    return import_module("tinygrad_edu.kernels.numpy").lookup(name)


class _Kernels:
    """``kernels.name`` is the kernel called `name`; each is looked up once."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        plain = _find(name)
        kernel = dispatched(name, plain)
        if (
            hasattr(plain, "__code__") or name in _CONVERSIONS
        ):  # NumPy's other functions ask the arrays where to compute
            kernel = wrapped(name, kernel, plain)
        setattr(self, name, kernel)
        return kernel


kernels = _Kernels()


def elementwise(name: str) -> Any:
    """The function that computes `name` on arrays: ours where NumPy has none, else NumPy's."""
    return getattr(kernels, name)
