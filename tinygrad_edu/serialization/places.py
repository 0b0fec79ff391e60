"""Where a Tensor that is read shall lie."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.kernels import devices
from tinygrad_edu.tensors.device import as_device, cpu, device
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["moved_to", "placement"]


def placement(map_location: Any, saved_on: str) -> device:
    """The device for a Tensor that was saved on another, by what `load` was told.

    Raises:
        RuntimeError: it was saved on the GPU, there is none, and nobody said where to put it.
    """
    if isinstance(map_location, dict):
        map_location = map_location.get(saved_on, map_location.get(saved_on.partition(":")[0]))
    elif callable(map_location):
        return cpu
    if map_location is not None:
        return as_device(map_location, "load")
    if saved_on != "cpu" and not devices.available():
        raise RuntimeError(
            "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is False. If you are "
            "running on a CPU-only machine, please use torch.load with map_location=torch.device('cpu') to map your "
            "storages to the CPU."
        )
    return as_device(saved_on, "load")


def moved_to(map_location: Any, thing: Any) -> Any:
    """Dicts and lists of Tensors of the CPU, with the Tensors where they shall lie."""
    place = placement(map_location, "cpu")
    if place.type == "cpu":
        return thing
    if isinstance(thing, Tensor):
        return thing.to(place)
    waiting = [thing]
    while waiting:
        held = waiting.pop()
        for key, value in list(held.items() if isinstance(held, dict) else enumerate(held)):
            if isinstance(value, Tensor):
                held[key] = value.to(place)
            elif isinstance(value, (dict, list)):
                waiting.append(value)
    return thing
