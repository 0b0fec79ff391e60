"""What programs set at their start: threads, kernels (see `kernels/choice.py`), and what is only remembered.

And PyTorch's constants.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable
from typing import Any

from tinygrad_edu.kernels.choice import get_backend, set_backend, use_backend
from tinygrad_edu.kernels.matmul_choice import get_matmul, set_matmul, use_matmul
from tinygrad_edu.kernels.threads import get_threads, set_threads
from tinygrad_edu.tensors.device import as_device, cpu, device, get_default, set_default

__all__ = [
    "are_deterministic_algorithms_enabled", "compile", "e", "get_backend", "get_default_device",
    "get_float32_matmul_precision", "get_matmul", "get_num_interop_threads", "get_num_threads", "inf", "nan", "newaxis",
    "pi", "set_backend", "set_default_device", "set_float32_matmul_precision", "set_matmul", "set_num_interop_threads",
    "set_num_threads", "use_backend", "use_deterministic_algorithms", "use_matmul",
]  # fmt: skip

pi, e, inf, nan = math.pi, math.e, math.inf, math.nan
newaxis = None
_state: dict[str, Any] = {
    "deterministic": False, "num_interop_threads": os.cpu_count() or 1, "precision": "highest",
    "told_of_compile": False,
}  # fmt: skip


def compile(model: Callable[..., Any] | None = None, **_options: Any) -> Any:
    """The function or module itself: there is nothing to compile, and the result is the same. Said once, as a warning.

    >>> compile(len) is len, compile(backend="eager")(len) is len
    (True, True)

    Raises:
        AssertionError: it is neither, and cannot be called. (PyTorch's type.)
    """
    if model is None:
        return compile
    if not callable(model):
        raise AssertionError(f"torch.compile: A callable is expected, but got {type(model).__name__}")
    if not _state["told_of_compile"]:
        _state["told_of_compile"] = True
        told = "torch.compile: there is no compiler in tinygrad_edu; the model or function runs as it is."
        warnings.warn(told, UserWarning, stacklevel=2)
    return model


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Remembered; every operation here gives the same result each time anyway."""
    _state["deterministic"] = bool(mode)


def are_deterministic_algorithms_enabled() -> bool:
    """What use_deterministic_algorithms was told."""
    return bool(_state["deterministic"])


def _check_threads(key: str, number: Any) -> None:
    if isinstance(number, bool) or not isinstance(number, int):
        raise RuntimeError(f"set_{key} expects an int, but got {type(number).__name__}")
    if number < 1:
        raise RuntimeError(f"set_{key} expects a positive integer, but got {number}")


def set_num_threads(num: int) -> None:
    """How many threads share the work of a kernel, and of BLAS (there if the package threadpoolctl is installed).

    Raises:
        RuntimeError: not a positive integer.
    """
    _check_threads("num_threads", num)
    set_threads(num)


def get_num_threads() -> int:
    """What set_num_threads was told; at first the number of processors."""
    return get_threads()


def set_num_interop_threads(num: int) -> None:
    """Remembered, for get_num_interop_threads()."""
    _check_threads("num_interop_threads", num)
    _state["num_interop_threads"] = num


def get_num_interop_threads() -> int:
    """What set_num_interop_threads was told; at first the number of processors."""
    return int(_state["num_interop_threads"])


def set_float32_matmul_precision(precision: str) -> None:
    """Remembered; products are computed in full precision, which every setting allows.

    Raises:
        ValueError: not "highest", "high" or "medium".
    """
    if precision not in ("highest", "high", "medium"):
        raise ValueError(f"set_float32_matmul_precision: {precision!r} is not one of 'highest', 'high', 'medium'")
    _state["precision"] = precision


def get_float32_matmul_precision() -> str:
    """What set_float32_matmul_precision was told."""
    return str(_state["precision"])


def get_default_device() -> device:
    """Where new Tensors are made."""
    return get_default()


def set_default_device(device: Any) -> None:
    """Make new Tensors on this device where no other is named; None is the CPU.

    Raises:
        DeviceError: there is no such device.
    """
    set_default(cpu if device is None else as_device(device, "set_default_device"))
