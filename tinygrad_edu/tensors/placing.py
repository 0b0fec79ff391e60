"""Moving a Tensor to another device, recorded: its gradient comes back to where the Tensor was."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.ops.registry import cases, structured
from tinygrad_edu.tensors.device import cpu, device_of, moved
from tinygrad_edu.tensors.device import device as Device
from tinygrad_edu.tensors.record import record
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["beside", "placed"]


@structured(method=False, grad_name="ToCopyBackward0", oracle="")
def to_device(input: Any, /, device: Any, source: Any, non_blocking: bool = False) -> Any:
    """The elements on another device. The gradient goes back to where they came from."""
    return moved(input, device, non_blocking)


@to_device.vjp
def _(g: Any, _out: Any, _input: Any, device: Any, source: Any, non_blocking: bool) -> Any:
    return to_device(g, source, device, non_blocking)


to_device.samples = cases(([(2, 3)], (cpu, cpu)))


def placed(self: Tensor, device: Device, non_blocking: bool = False) -> Tensor:
    """The Tensor on a device; itself if it is there."""
    source = self.device
    out: Tensor = self if device == source else record(to_device, (self,), (device, source, non_blocking))
    return out


def beside(array: Any, like: Tensor) -> Tensor:
    """A Tensor around an array that was made on the CPU, on the device of another Tensor."""
    return Tensor._wrap(moved(array, device_of(like._data)))


Tensor._placed = placed  # type: ignore[attr-defined]
