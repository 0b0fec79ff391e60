"""torch.cuda: what a program asks about the GPU, and how it waits for it and measures on it.

Without a GPU (or without Numba) questions are answered, and what needs a device says that there is none. With
``NUMBA_ENABLE_CUDASIM=1`` Numba's simulator stands in for one: right, and very slow.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from tinygrad_edu.absent import refusing
from tinygrad_edu.errors import CudaError, OutOfMemoryError
from tinygrad_edu.kernels import devices
from tinygrad_edu.tensors import random
from tinygrad_edu.tensors.device import as_device

__all__ = [
    "OutOfMemoryError", "device_count", "empty_cache", "is_available", "is_bf16_supported", "is_initialized",
    "manual_seed", "manual_seed_all", "max_memory_allocated", "max_memory_reserved", "memory_allocated",
    "memory_reserved", "reset_peak_memory_stats",
]  # fmt: skip


def is_available() -> bool:
    """Whether Tensors can live on a GPU: there is one, and Numba can use it; or the simulator was asked for."""
    return devices.available()


def device_count() -> int:
    """1 where there is a GPU, else 0. (One is used; CUDA_VISIBLE_DEVICES chooses which.)"""
    return int(is_available())


def is_initialized() -> bool:
    """Whether the GPU has been used in this process."""
    return bool(is_available() and _pool().driver_calls)


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """False: there is no bfloat16."""
    return False


def manual_seed(seed: int) -> None:
    """Seed the numbers that are drawn on the GPU. They come from the same stream as those of the CPU."""
    if is_available():
        random.manual_seed(seed)


manual_seed_all = manual_seed


def _pool() -> Any:
    return import_module("tinygrad_edu.kernels.numba_cuda.memory").pool


def _checked(device: Any, name: str) -> None:
    if device is not None:
        as_device("cuda" if device == 0 else device, f"cuda.{name}")


def empty_cache() -> None:
    """Return to the driver the memory that no Tensor uses."""
    if is_available():
        from tinygrad_edu.kernels.numba_cuda import pieces

        pieces.forget()
        _pool().empty()


def memory_allocated(device: Any = None) -> int:
    """Bytes of the GPU's memory that Tensors use now, in blocks as they were given out."""
    return int(_pool().allocated) if is_available() else 0


def max_memory_allocated(device: Any = None) -> int:
    """The most that was in use at a time, since the start or :func:`reset_peak_memory_stats`."""
    return int(_pool().peak) if is_available() else 0


def memory_reserved(device: Any = None) -> int:
    """Bytes taken from the driver: in use, or kept for the next Tensor."""
    return int(_pool().reserved) if is_available() else 0


def max_memory_reserved(device: Any = None) -> int:
    """The most that was taken from the driver at a time."""
    return int(_pool().peak_reserved) if is_available() else 0


def reset_peak_memory_stats(device: Any = None) -> None:
    """Count the peak from now on."""
    if is_available():
        _pool().reset_peak()


_on_a_device = {
    "Event", "ExternalStream", "Stream", "current_device", "current_stream", "default_stream", "device", "device_of",
    "get_device_capability", "get_device_name", "get_device_properties", "get_rng_state", "get_rng_state_all", "init",
    "initial_seed", "ipc_collect", "launches", "mem_get_info", "memory_stats", "memory_summary", "seed", "seed_all",
    "set_device", "set_per_process_memory_fraction", "set_rng_state", "set_rng_state_all", "set_stream", "stream",
    "synchronize", "utilization",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "amp":
        return import_module("tinygrad_edu.cuda.amp")
    if name not in _on_a_device:
        raise AttributeError(f"module 'tinygrad_edu.cuda' has no attribute {name!r}")
    if is_available():
        found = getattr(import_module("tinygrad_edu.cuda.present"), name, None)
        if found is not None:
            return found
        raise AttributeError(f"module 'tinygrad_edu.cuda' has no attribute {name!r}: it is not provided here")
    told = (
        f"cuda.{name}(): Torch not compiled with CUDA enabled: {devices.why_not()}, and Tensors live on the CPU. Ask "
        "torch.cuda.is_available() before"
    )
    return refusing(name, CudaError(told))
