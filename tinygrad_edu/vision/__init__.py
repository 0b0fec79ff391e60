"""Pictures: `datasets`, `transforms` and `utils`, with torchvision's names. Each loads when it is first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tinygrad_edu.vision import datasets, transforms, utils

__all__ = ["datasets", "transforms", "utils"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return import_module(f"tinygrad_edu.vision.{name}")
    raise AttributeError(f"module 'tinygrad_edu.vision' has no attribute {name!r}: it has {', '.join(__all__)}.")
