"""torch.amp where there is no GPU: mixed precision is switched off, with PyTorch's warning, and nothing changes.

A program that asks for it by ``enabled=torch.cuda.is_available()`` gets no warning.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

from tinygrad_edu.errors import NotProvidedError
from tinygrad_edu.tensors.dtype import bfloat16, float16

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd", "is_autocast_available"]


def _device_type(operation: str, device: Any) -> str:
    if not isinstance(device, str):
        raise ValueError(f"{operation}: expected a device type such as 'cuda' or 'cpu', got {type(device).__name__}")
    return device


class autocast:
    """A block, or a function, in which PyTorch would compute some operations in half precision on a GPU.

    Here every operation keeps the dtype of its inputs.

    Args:
        device_type: "cuda" warns that there is none. "cpu", where PyTorch would compute in bfloat16, warns that
            full precision is used.
        dtype: accepted.
        enabled: False gives no warning.

    >>> import tinygrad_edu as tg
    >>> with autocast("cuda", enabled=tg.cuda.is_available()):
    ...     print((tg.ones(2, 2) @ tg.ones(2, 2)).dtype)
    torch.float32
    """

    def __init__(
        self, device_type: str, dtype: Any = None, enabled: bool = True, cache_enabled: bool | None = None
    ) -> None:
        self.device = _device_type("autocast", device_type)
        self.fast_dtype = dtype or (bfloat16 if device_type == "cpu" else float16)
        self._enabled = False
        if enabled and device_type == "cpu":
            warnings.warn("autocast('cpu'): tinygrad_edu computes in full precision.", UserWarning, stacklevel=2)
        elif enabled:
            told = f"User provided device_type of {device_type!r}, but it is not available. Disabling"
            warnings.warn(told, UserWarning, stacklevel=2)

    def __enter__(self) -> autocast:
        return self

    def __exit__(self, *_error: Any) -> None:
        pass

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

        return inside


class GradScaler:
    """Scales a loss so that half-precision gradients do not vanish; switched off where there is no GPU.

    Switched off, `scale` gives its argument, `step` calls ``optimizer.step()``, and the rest does nothing, as in
    PyTorch: https://pytorch.org/docs/stable/amp.html#gradient-scaling

    Raises:
        NotProvidedError: enabled for the device "cpu", where there are no half-precision gradients to scale.

    >>> scaler = GradScaler("cuda", enabled=False)
    >>> scaler.scale(3.0), scaler.is_enabled(), scaler.get_scale(), scaler.state_dict()
    (3.0, False, 1.0, {})
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 65536.0,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        self._device = _device_type("GradScaler", device)
        if enabled and device == "cpu":
            raise NotProvidedError(
                "torch.amp.GradScaler('cpu') is not provided. Computation is in full precision: give enabled=False."
            )
        if enabled:
            told = f"torch.{device}.amp.GradScaler is enabled, but {device.upper()} is not available.  Disabling."
            warnings.warn(told, UserWarning, stacklevel=2)

    def is_enabled(self) -> bool:
        """False."""
        return False

    def scale(self, outputs: Any) -> Any:
        """What it is given: a Tensor, or several."""
        return outputs

    def unscale_(self, optimizer: Any) -> None:
        """Nothing was scaled."""

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """``optimizer.step(*args, **kwargs)``."""
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale: Any = None) -> None:
        """There is no scale to update."""

    def get_scale(self) -> float:
        """1.0."""
        return 1.0

    def state_dict(self) -> dict[str, Any]:
        """Empty."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """There is nothing to load."""


def is_autocast_available(device_type: str) -> bool:
    """False: everything is computed in full precision."""
    _device_type("is_autocast_available", device_type)
    return False


def custom_fwd(fwd: Callable[..., Any] | None = None, *, device_type: str = "cuda", cast_inputs: Any = None) -> Any:
    """For the forward of an autograd.Function: the function itself, as nothing is cast."""
    return fwd if fwd is not None else lambda function: function


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: str = "cuda") -> Any:
    """For the backward of an autograd.Function: the function itself."""
    return bwd if bwd is not None else lambda function: function
