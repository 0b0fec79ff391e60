"""torch.mps on a machine without it: questions are answered, and what needs the device says that there is none."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.absent import refusing
from tinygrad_edu.errors import DeviceError

__all__ = ["device_count", "is_available", "manual_seed"]


def is_available() -> bool:
    """False: Tensors live on the CPU."""
    return False


def device_count() -> int:
    """0."""
    return 0


def manual_seed(seed: int) -> None:
    """Seeds no device."""


_needs_a_device = {
    "current_allocated_memory", "driver_allocated_memory", "empty_cache", "get_rng_state", "recommended_max_memory",
    "seed", "set_per_process_memory_fraction", "set_rng_state", "synchronize",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _needs_a_device:
        raise AttributeError(f"module 'tinygrad_edu.mps' has no attribute {name!r}")
    told = f"mps.{name}(): there is no MPS device: ask torch.backends.mps.is_available() before"
    return refusing(name, DeviceError(told))
