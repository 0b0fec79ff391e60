"""Which files have kernels that stand in for those of the specification."""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib import import_module
from typing import Any

__all__ = ["FILES", "own"]

FILES: tuple[str, ...] = (
    "spot", "softmax", "spreads", "steps", "dropout", "several", "convolution", "norms", "channels", "losses",
    "pooling", "attention", "ordering", "special",
)


@functools.cache
def own(name: str) -> Callable[..., Any] | None:
    """The kernel of that name that has been written for the device, or None."""
    for file in FILES:
        module = import_module(f"tinygrad_edu.kernels.numba_cuda.{file}")
        if name in module.__all__:
            found: Callable[..., Any] = getattr(module, name)
            return found
    return None
