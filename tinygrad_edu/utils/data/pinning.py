"""Batches in page-locked memory, for a DataLoader with ``pin_memory=True``: copies to a GPU need not be waited for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["Pinned", "pinned"]


def pinned(batch: Any) -> Any:
    """The batch with its Tensors in page-locked memory: in tuples, lists and mappings, and what has `pin_memory`."""
    if isinstance(batch, Tensor):
        return batch if hasattr(batch._data, "block") else batch.pin_memory()
    if isinstance(batch, (str, bytes)):
        return batch
    if hasattr(batch, "pin_memory"):
        return batch.pin_memory()
    if isinstance(batch, Mapping):
        pairs = {key: pinned(value) for key, value in batch.items()}
        return pairs if type(batch) is dict else type(batch)(pairs)  # type: ignore[call-arg]
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):
        return type(batch)(*map(pinned, batch))
    if isinstance(batch, (tuple, list)):
        return type(batch)(map(pinned, batch))
    return batch


class Pinned:
    """One epoch over the batches of another iterator, each pinned."""

    def __init__(self, batches: Any) -> None:
        self._batches = batches

    def __iter__(self) -> Iterator[Any]:
        return self

    def __len__(self) -> int:
        return len(self._batches)

    def __next__(self) -> Any:
        return pinned(next(self._batches))
