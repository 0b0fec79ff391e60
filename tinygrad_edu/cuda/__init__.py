"""torch.cuda on a machine without CUDA: questions are answered, and what needs a device says that there is none."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from tinygrad_edu.absent import refusing
from tinygrad_edu.errors import CudaError

__all__ = [
    "device_count", "empty_cache", "is_available", "is_bf16_supported", "is_initialized", "manual_seed",
    "manual_seed_all", "max_memory_allocated", "memory_allocated", "memory_reserved",
]  # fmt: skip


def is_available() -> bool:
    """False: Tensors live on the CPU."""
    return False


def device_count() -> int:
    """0."""
    return 0


is_initialized = is_bf16_supported = is_available


def manual_seed(seed: int) -> None:
    """Seeds no device, as in PyTorch without CUDA."""


manual_seed_all = manual_seed


def empty_cache() -> None:
    """There is no cache to empty."""


def memory_allocated(device: Any = None) -> int:
    """0: no memory of a device is in use."""
    return 0


max_memory_allocated = memory_reserved = max_memory_reserved = memory_allocated

_needs_a_device = {
    "Event", "Stream", "current_device", "current_stream", "default_stream", "device", "get_device_capability",
    "get_device_name", "get_device_properties", "get_rng_state", "init", "ipc_collect", "mem_get_info",
    "memory_stats", "memory_summary", "reset_peak_memory_stats", "seed", "set_device", "set_rng_state", "stream",
    "synchronize", "utilization",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "amp":
        return import_module("tinygrad_edu.cuda.amp")
    if name not in _needs_a_device:
        raise AttributeError(f"module 'tinygrad_edu.cuda' has no attribute {name!r}")
    told = (
        f"cuda.{name}(): Torch not compiled with CUDA enabled: Tensors live on the CPU. Ask "
        "torch.cuda.is_available() before"
    )
    return refusing(name, CudaError(told))
