"""Which files have kernels that stand in for those of the specification."""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib import import_module
from typing import Any

__all__ = ["ANEW", "FILES", "own"]

FILES: tuple[str, ...] = (
    "spot", "softmax", "spreads", "steps", "dropout", "several", "convolution", "norms", "channels", "losses",
    "pooling", "attention", "ordering", "special",
)
# What these launch differs from call to call, by numbers of a step or a draw, or tells of arrays by their addresses:
# it is not done again by `replay`.
ANEW: tuple[str, ...] = ("steps", "dropout", "several")


@functools.cache
def own(name: str) -> Callable[..., Any] | None:
    """The kernel of that name that has been written for the device, or None."""
    for file in FILES:
        module = import_module(f"tinygrad_edu.kernels.numba_cuda.{file}")
        if name in module.__all__:
            found: Callable[..., Any] = getattr(module, name)
            return found
    return None
