"""torch.accelerator: whichever accelerator there is, under one name; the first lines of newer programs ask for it."""

from __future__ import annotations

from typing import Any

from tinygrad_edu import cuda
from tinygrad_edu.absent import refusing
from tinygrad_edu.errors import DeviceError
from tinygrad_edu.tensors.device import device

__all__ = ["current_accelerator", "device_count", "is_available"]


def is_available() -> bool:
    """Whether there is an accelerator that Tensors can live on.

    >>> import tinygrad_edu as torch
    >>> torch.accelerator.current_accelerator().type if torch.accelerator.is_available() else "cpu"
    'cpu'
    """
    return cuda.is_available()


def device_count() -> int:
    """How many there are."""
    return cuda.device_count()


def current_accelerator(check_available: bool = False) -> device | None:
    """The device to put Tensors on, without a number; None where there is none."""
    return device("cuda") if cuda.is_available() else None


_needs_a_device = {
    "current_device_idx", "current_device_index", "current_stream", "device_index", "empty_cache",
    "get_device_capability", "get_memory_info", "max_memory_allocated", "max_memory_reserved", "memory_allocated",
    "memory_reserved", "memory_stats", "reset_accumulated_memory_stats", "reset_peak_memory_stats", "set_device_idx",
    "set_device_index", "set_stream", "synchronize",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _needs_a_device:
        raise AttributeError(f"module 'tinygrad_edu.accelerator' has no attribute {name!r}")
    told = (
        f"accelerator.{name}(): Cannot access accelerator device when none is available. Ask "
        "torch.accelerator.is_available() before"
    )
    return refusing(name, DeviceError(told))
