"""From a list of samples to one batch: Tensors are stacked, containers keep their form.

`default_collate` puts a new first dimension, the batch, in front; `default_convert` only turns arrays into Tensors and
is what a DataLoader without batches uses.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.tensors.creation import as_tensor, tensor
from tinygrad_edu.tensors.dtype import float64
from tinygrad_edu.tensors.functions import stack
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["default_collate", "default_convert"]


def default_collate(batch: Sequence[Any]) -> Any:
    """One batch of a list of samples.

    Tensors and arrays of one shape (...) become a Tensor (N, ...); Python's floats a float64, integers an int64, bools
    a bool Tensor (N,); text stays as it is. Dicts, named tuples and sequences are collated part by part; a tuple
    becomes a list.

    Raises:
        TypeError: something else, such as None or a picture. RuntimeError: sequences or Tensors of unequal size.

    >>> default_collate([{"x": 1.5, "y": (0, "a")}, {"x": 2.5, "y": (1, "b")}])
    {'x': tensor([1.5000, 2.5000], dtype=torch.float64), 'y': [tensor([0, 1]), ('a', 'b')]}
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return stack(list(batch))
    if isinstance(first, (np.ndarray, np.generic)) and not isinstance(first, (str, bytes)):
        if first.dtype.kind in "USO":
            raise _unknown(f"an array of {first.dtype}")
        return stack([as_tensor(np.asarray(each)) for each in batch])
    if isinstance(first, float):
        return tensor(batch, dtype=float64)
    if isinstance(first, int):
        return tensor(batch)
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        return _mapping(first, lambda key: default_collate([sample[key] for sample in batch]))
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*(default_collate(column) for column in zip(*batch, strict=True)))
    if isinstance(first, Sequence):
        sizes = [len(sample) for sample in batch]
        if len(set(sizes)) > 1:
            raise RuntimeError(
                f"default_collate: each element in list of batch should be of equal size, got {sizes}. "
                "Pad the samples, or pass a collate_fn that does."
            )
        return _sequence(first, [default_collate(column) for column in zip(*batch, strict=True)])
    raise _unknown(str(type(first)))


def default_convert(data: Any) -> Any:
    """Arrays become Tensors, inside containers too; everything else stays as it is.

    >>> default_convert({"x": np.array([1, 2]), "name": "a"})
    {'x': tensor([1, 2]), 'name': 'a'}
    """
    if isinstance(data, (Tensor, str, bytes)):
        return data
    if isinstance(data, (np.ndarray, np.generic)):
        return data if data.dtype.kind in "USO" else as_tensor(np.asarray(data))
    if isinstance(data, Mapping):
        return _mapping(data, lambda key: default_convert(data[key]))
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(default_convert(part) for part in data))
    if isinstance(data, Sequence):
        return _sequence(data, [default_convert(part) for part in data])
    return data


def _mapping(like: Mapping[Any, Any], value: Callable[[Any], Any]) -> Any:
    """A mapping of the same class (a copy, so that its other attributes survive), else a dict."""
    items = {key: value(key) for key in like}
    try:
        if not isinstance(like, MutableMapping):
            return type(like)(items)  # type: ignore[call-arg]
        out = copy.copy(like)
        out.update(items)
        return out
    except TypeError:
        return items


def _sequence(like: Sequence[Any], items: list[Any]) -> Any:
    """A sequence of the same class; a list for tuples and for classes that cannot be made of one."""
    if type(like) in (list, tuple):
        return items
    try:
        if isinstance(like, tuple) or not isinstance(like, MutableSequence):
            return items if isinstance(like, (tuple, range)) else type(like)(items)  # type: ignore[call-arg]
        out = copy.copy(like)
        for i, item in enumerate(items):
            out[i] = item
        return out
    except TypeError:
        return items


def _unknown(found: str) -> TypeError:
    return TypeError(
        f"default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {found}. "
        "Convert the samples (a picture with transforms.ToTensor()), or pass a collate_fn to the DataLoader."
    )
