"""What stands in the brackets of ``x[...]``: checked, and put into the form that the kernels take."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from tinygrad_edu.errors import DTypeError
from tinygrad_edu.tensors.record import plain
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["as_index", "check_types", "integers_first"]

_DEEPER = (Tensor, list, tuple, range, slice, np.ndarray, type(None), type(Ellipsis))


def as_index(position: Any, tensor: Tensor) -> tuple[Any, ...]:
    """An index as a tuple of integers, slices, None, Ellipsis and arrays.

    Raises:
        IndexError: too many indices, an integer out of range, or something that is no index.
    """
    if isinstance(position, list) and len(position) < 32 and any(isinstance(item, _DEEPER) for item in position):
        warnings.warn(
            "a list of indices is taken as a tuple here, as PyTorch does until it changes that: write x[tuple(seq)] "
            "for one index in each dimension, or x[torch.tensor(seq)] for one index of more dimensions",
            stacklevel=3,
        )
        position = tuple(position)
    if not isinstance(position, tuple):
        position = (position,)
    sizes, ndim = tensor._data.shape, tensor._data.ndim
    items: list[Any] = []
    for item in position:
        if isinstance(item, Tensor):
            item = item._data
        if item is Ellipsis and any(i is Ellipsis for i in items):
            continue  # a second one has nothing left to stand for
        if isinstance(item, (list, range, tuple)):
            item = np.asarray(plain((list(item),))[0])
            item = item.astype(np.int64) if not item.size else item
        if isinstance(item, (np.ndarray, np.generic)) or hasattr(item, "block"):
            if item.dtype.kind not in "iub" or (item.dtype.kind == "i" and item.dtype.itemsize < 4 and item.ndim):
                raise IndexError(
                    f"tensors used as indices must be long, int, byte or bool tensors, got {item.dtype}: convert with "
                    ".long()"
                )
            if not item.ndim and item.dtype.kind in "iu":
                item = int(item)
            elif item.dtype.kind == "u":
                warnings.warn("indexing with dtype torch.uint8 is deprecated: use torch.bool for a mask", stacklevel=3)
                item = item.astype(bool)
        elif isinstance(item, bool):
            item = np.asarray(item)
        elif not isinstance(item, (int, slice, type(None), type(Ellipsis))):
            raise IndexError(
                "only integers, slices (`:`), ellipsis (`...`), None and long or bool Tensors are valid indices "
                f"(got {type(item).__name__})"
            )
        if isinstance(item, slice) and item.step is not None and item.step <= 0:
            raise ValueError("step must be greater than zero: use .flip() to reverse a dimension")
        items.append(item)
    used = sum(
        i.ndim if hasattr(i, "dtype") and i.dtype.kind == "b" else i is not None and i is not Ellipsis for i in items
    )
    if used > ndim:
        raise IndexError(f"too many indices for tensor of dimension {ndim}: {used} given for shape {tuple(sizes)}")
    if used == ndim:  # NumPy would see arrays on both sides of it as standing apart, and put their dimension in front
        items = [i for i in items if i is not Ellipsis]
    if Ellipsis not in [i for i in items if not hasattr(i, "dtype")]:
        items.append(Ellipsis)  # so that NumPy gives a view, not a copied scalar, for a single element
    _check_range(items, sizes)
    return tuple(items)


def check_types(operation: str, target: Tensor, value: Tensor, items: tuple[Any, ...]) -> None:
    """Raise where arrays pick the places and the value is of another type; one element under a mask is converted."""
    picked = [item for item in items if hasattr(item, "dtype") and item.ndim]
    if not picked or value.dtype is target.dtype:
        return
    if value._data.size == 1 and len(picked) == 1 and picked[0].dtype.kind == "b":
        return
    raise DTypeError(
        f"{operation}: Index put requires the source and destination dtypes match, got {target.dtype} for the "
        f"destination and {value.dtype} for the source: convert the value with .to(x.dtype)"
    )


def _check_range(items: list[Any], sizes: tuple[int, ...]) -> None:
    at = 0
    for i, item in enumerate(items):
        if item is None:
            continue
        if item is Ellipsis:
            rest = [x for x in items[i + 1 :] if x is not None]
            at = len(sizes) - sum(x.ndim if hasattr(x, "dtype") and x.dtype.kind == "b" else 1 for x in rest)
        elif hasattr(item, "dtype"):
            if item.dtype.kind == "b":
                if item.shape != sizes[at : at + item.ndim]:
                    raise IndexError(
                        f"The shape of the mask {item.shape} at index {at} does not match the shape of the indexed "
                        f"tensor {tuple(sizes)} at index {at}"
                    )
                at += item.ndim
                continue
            if hasattr(item, "block"):  # the kernel that takes the elements looks, with the array where it is
                at += 1
                continue
            if item.size and not (-sizes[at] <= item.min() and item.max() < sizes[at]):
                worst = item.max() if item.max() >= sizes[at] else item.min()
                raise IndexError(f"index {worst} is out of bounds for dimension {at} with size {sizes[at]}")
            at += 1
        else:
            if isinstance(item, int) and not -sizes[at] <= item < sizes[at]:
                raise IndexError(f"index {item} is out of bounds for dimension {at} with size {sizes[at]}")
            at += 1


def integers_first(items: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]] | None:
    """An index in two steps, its integers and then the rest; None where one step does the same.

    NumPy counts an integer beside arrays as one of them. In ``x[0, :, [1, 2]]`` they stand apart, and NumPy puts
    their common dimension in front; PyTorch takes the integer first, and then the array has its place.
    """
    arrays = [i for i, item in enumerate(items) if hasattr(item, "dtype")]
    if not arrays:
        return None
    places = [i for i, item in enumerate(items) if isinstance(item, int) or i in arrays]
    if places == arrays or places[-1] - places[0] + 1 == len(places):
        return None
    first: list[Any] = []
    for item in items:
        if isinstance(item, slice) or hasattr(item, "dtype"):
            first += [slice(None)] * (item.ndim if hasattr(item, "dtype") and item.dtype.kind == "b" else 1)
        elif item is not None:
            first.append(item)
    return tuple(first), tuple(item for item in items if not isinstance(item, int))
