"""From Python data to arrays: numbers, nested lists, ndarrays and Tensors become an ndarray of a known type."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.errors import IntegerOverflowError, TextError
from tinygrad_edu.kernels import devices
from tinygrad_edu.kernels.numpy import quietly
from tinygrad_edu.tensors.device import cpu, moved
from tinygrad_edu.tensors.dtype import get_default_dtype, of_numpy
from tinygrad_edu.tensors.promotion import result_type, scalar_type
from tinygrad_edu.tensors.tables import from_table, is_table

__all__ = ["checked", "default_float", "fits", "is_whole", "legacy_array", "to_array"]


def default_float() -> np.dtype[Any]:
    """NumPy's name for the default float type."""
    dtype: np.dtype[Any] = get_default_dtype().numpy
    return dtype


def checked(array: Any) -> Any:
    """The array, if its elements have a type that Tensors know.

    Raises:
        TypeError: text, objects, dates. ValueError: a byte order that is not this machine's.
    """
    of_numpy(array.dtype, "tensor")
    return array


def fits(number: Any, dtype: np.dtype[Any], operation: str) -> Any:
    """A Python number as it is stored in an array of this type: floats lose their fraction in one of integers.

    Raises:
        RuntimeError: the number is out of the type's range. (PyTorch lets -1 be 255 in uint8, and so do we.)
    """
    if isinstance(number, int) and not -(2**63) <= number < 2**64:
        raise OverflowError(f"{operation}: int too big to convert: {number} does not fit in 64 bits")
    if dtype.kind == "b":
        return bool(number)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        if not (limits.min or -limits.max) <= number <= limits.max:
            raise _overflow(number, dtype, operation)
        return np.asarray(int(number)).astype(dtype)[()]
    if math.isfinite(number) and abs(number) > float(np.finfo(dtype).max):
        raise _overflow(number, dtype, operation)
    return number


def _overflow(number: Any, dtype: np.dtype[Any], operation: str) -> RuntimeError:
    return RuntimeError(
        f"{operation}: value cannot be converted to type {dtype} without overflow: {number} is outside its range"
    )


def to_array(data: Any, dtype: np.dtype[Any] | None = None) -> Any:
    """A new array from anything that holds numbers.

    Args:
        data: a number, nested lists or tuples (Tensors may be among them), an ndarray, or anything that offers
            ``__array__``; a column or a frame of pandas or Polars (see `tables`).
        dtype: the element type; by default floats become the default float type, ints int64, bools bool, and
            arrays keep theirs.

    Raises:
        ValueError: nested lists of unequal length. TypeError: elements that are not numbers.
    """
    if hasattr(data, "_data") and hasattr(data, "_counter"):
        data = data._data
    if hasattr(data, "block"):  # an array of the GPU stays there
        return np.copy(data) if dtype is None else np.copy(data).astype(dtype)
    if hasattr(data, "__cuda_array_interface__") and devices.available():
        copied = checked(np.copy(devices.exchange().from_interface(data)))
        return copied if dtype is None else copied.astype(dtype)
    if is_table(data):
        data = from_table(data)
    if isinstance(data, (np.ndarray, np.generic)) or hasattr(data, "__array__"):
        return checked(np.array(data)) if dtype is None else checked(np.array(data)).astype(dtype)
    kept = None
    if isinstance(data, (list, tuple)) and any(map(_has_type, _kinds(data))):
        kept = result_type({_type_of(x) for x in _leaves(data)} - {None}) if dtype is None else None
        data = _as_numbers(data)
    array = _from_lists(data, dtype)
    if dtype is not None:
        if dtype.kind in "iu" and array.size and not _holds_arrays(data):
            for extreme in (array.min(), array.max()):  # nan is both
                fits(extreme.item(), dtype, "tensor")
        return quietly(array.astype, dtype)
    if kept is not None:
        return quietly(array.astype, kept)
    return quietly(array.astype, default_float()) if array.dtype.kind == "f" else array


def _from_lists(data: Any, dtype: Any = None) -> Any:
    try:
        array = np.array(data)
        if array.dtype.kind in "uO" and dtype is not None and dtype.kind == "f" and isinstance(_first(data), int):
            array = np.array(data, np.float64)  # integers beyond int64
    except ValueError as error:
        _explain_ragged(data)
        raise ValueError(f"cannot make a Tensor from these lists: {error}") from None
    except OverflowError as error:
        raise IntegerOverflowError("Overflow when unpacking long long: an integer does not fit in int64") from error
    if not array.size and array.dtype == np.float64:
        return array.astype(default_float())
    if array.dtype.kind == "u" and array.dtype.itemsize > 1 or array.dtype == object:
        _explain_object(data)
    if array.dtype.kind not in "fiub":
        odd = next(x for x in _leaves(data) if not isinstance(x, (bool, int, float, np.generic)))
        told = (
            f"cannot make a Tensor from elements of type {type(odd).__name__} ({odd!r}): Tensors hold numbers and "
            f"bools; {'for a missing one write nan' if odd is None else 'encode text as integers first'}"
        )
        if isinstance(odd, (str, bytes)):
            raise TextError(told)
        if isinstance(odd, (complex, np.complexfloating)):
            raise TypeError(told)  # PyTorch has complex Tensors, so it has no error of its own for them
        raise RuntimeError(f"Could not infer dtype of {type(odd).__name__}: {told}")
    return array


def _kinds(data: Any) -> set[type]:
    """The classes of what stands in nested lists. (Without a step of Python for each number: lists are long.)"""
    kinds = set(map(type, data))
    if any(issubclass(kind, (list, tuple)) for kind in kinds):
        for row in data:
            if isinstance(row, (list, tuple)):
                kinds |= _kinds(row)
    return kinds


def _has_type(kind: type) -> bool:
    return issubclass(kind, (np.ndarray, np.generic)) or hasattr(kind, "_wrap")


def _type_of(element: Any) -> Any:
    """The type that an element brings along; None for what is no number."""
    if _has_type(type(element)):
        return getattr(element, "_data", element).dtype
    return scalar_type(type(element)) if isinstance(element, (bool, int, float)) else None


def _as_numbers(data: Any) -> Any:
    """Nested lists with arrays in place of the Tensors, and numbers in place of those of one element."""
    if isinstance(data, (list, tuple)):
        return [_as_numbers(x) for x in data]
    if not hasattr(data, "_wrap"):
        return data
    array = moved(data._data, cpu)
    return array.reshape(())[()] if array.size == 1 else array


def _holds_arrays(data: Any) -> bool:
    """True if the first element is an array or NumPy number, whose type is then kept."""
    first = _first(data)
    return isinstance(first, (np.ndarray, np.generic)) and not isinstance(first, float)


def _leaves(data: Any) -> Iterator[Any]:
    """The elements of nested lists, in order."""
    waiting = [data]
    while waiting:
        element = waiting.pop()
        if isinstance(element, (list, tuple)):
            waiting += reversed(element)
        else:
            yield element


def _first(data: Any) -> Any:
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return data


def _explain_ragged(data: Any, path: str = "") -> None:
    """Raise an error that names the first list whose length differs from its neighbours'."""
    if not isinstance(data, (list, tuple)):
        return
    lengths = [len(x) if isinstance(x, (list, tuple)) else None for x in data]
    for i, length in enumerate(lengths):
        if (length is None) != (lengths[0] is None):
            raise ValueError(
                f"data{path} mixes numbers and lists: [0] is {'a number' if lengths[0] is None else 'a list'} "
                f"and [{i}] is not; all elements of one level are numbers, or all are lists"
            )
        if length != lengths[0]:
            raise ValueError(
                f"expected sequence of length {lengths[0]} at dim {path.count('[') + 1} (got {length}): "
                f"data{path}[{i}] differs from data{path}[0]; all lists of one level need the same length"
            )
    for i, x in enumerate(data):
        _explain_ragged(x, f"{path}[{i}]")


def _explain_object(data: Any) -> None:
    if all(isinstance(x, (bool, int, float)) for x in _leaves(data)):
        raise IntegerOverflowError("Overflow when unpacking long long: an integer does not fit in int64")


def legacy_array(args: Sequence[Any], dtype: np.dtype[Any], name: str) -> Any:
    """What ``Tensor(...)``, ``FloatTensor(...)`` and their kin hold: sizes give uninitialised memory, lists data."""
    if not args:
        return np.empty(0, dtype)
    if all(isinstance(a, (int, np.integer)) and not isinstance(a, bool) for a in args):
        return np.empty([int(a) for a in args], dtype)
    if len(args) > 1:
        raise TypeError(f"{name}() takes sizes (integers) or one sequence of data, got {len(args)} arguments")
    data = args[0]
    if type(data).__name__ == "Size":
        return np.empty(tuple(data), dtype)
    if isinstance(data, float):
        raise TypeError(f"new(): data must be a sequence (got float): write {name}([{data}]) or tensor({data})")
    return to_array(data, dtype)


def is_whole(gradient: Any) -> bool:
    """Whether an array is nobody else's memory: its own, or all of that of an array that only it still refers to.

    The gradient of a weight that was transposed, turned back, is such a view.
    """
    base = gradient.base
    if base is None:
        return True
    # 3: the name here, the view, and getrefcount's argument.
    alone = base.__class__ is np.ndarray and base.base is None and sys.getrefcount(base) == 3
    return alone and bool(base.flags.owndata) and gradient.size == base.size and bool(gradient.flags.c_contiguous)
