"""Many Tensors changed at once, where the GPU has a kernel that does it in one launch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygrad_edu.kernels import devices
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["at_once", "changed_at_once"]


def at_once(name: str, *columns: Sequence[Tensor], numbers: Sequence[Any] = ()) -> Any:
    """What the GPU's kernel of that name gives for lists of Tensors; NotImplemented where they are not for it."""
    arrays = [[t._array() for t in column] for column in columns]
    if not arrays[0] or not hasattr(arrays[0][0], "block"):
        return NotImplemented
    kernel = devices.own(name)
    return kernel(*arrays, *numbers)


def changed_at_once(name: str, *columns: Sequence[Tensor], numbers: Sequence[Any] = ()) -> bool:
    """Whether the kernel has changed the first list's Tensors in place; graphs that saved old values will notice."""
    if at_once(name, *columns, numbers=numbers) is NotImplemented:
        return False
    for tensor in columns[0]:
        tensor._counter[0] += 1
    return True
