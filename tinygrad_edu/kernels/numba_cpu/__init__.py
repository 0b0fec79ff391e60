"""The compiled kernels: the same as those in plain NumPy, which specify them, in one pass and several threads.

A module here has the kernels of one kind. Each kernel is two functions: one on plain arrays that brings them into the
layout it needs (contiguous rows), or returns NotImplemented where NumPy shall do it; and one or more compiled ones,
which see contiguous arrays only and never write outside of what they are given.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["MODULES", "functions"]

MODULES = (
    "activations",
    "attention",
    "channels",
    "convolution",
    "dropout",
    "exponentials",
    "extremes",
    "gates",
    "groups",
    "losses",
    "more_steps",
    "norms",
    "pooling",
    "products",
    "reductions",
    "rows",
    "scatter",
    "steps",
)


def functions() -> dict[str, Any]:
    """All kernels by name. Imports Numba; a cached kernel is loaded, any other compiled, at its first call."""
    found: dict[str, Any] = {}
    for name in MODULES:
        module = import_module(f"{__name__}.{name}")
        found.update({kernel: getattr(module, kernel) for kernel in module.__all__})
    return found
