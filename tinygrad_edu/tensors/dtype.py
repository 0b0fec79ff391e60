"""The element types: one object for each, with the NumPy type that stores it, and the default for new floats.

The last lines give the objects PyTorch's short names (``float``, ``int``, ``bool`` ...); they hide Python's
types of the same names in this module, which is why annotations here say ``builtins.bool``.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from tinygrad_edu.errors import DTypeError

__all__ = [
    "BY_NUMPY", "as_dtype", "bfloat16", "bool", "bool_", "double", "dtype", "float", "float16", "float32",
    "float64", "get_default_dtype", "half", "int", "int8", "int16", "int32", "int64", "long", "of_numpy",
    "on_default_change", "set_default_dtype", "short", "uint8",
]  # fmt: skip


class dtype:
    """The type of a tensor's elements: exactly one object per type, to be compared with ``==`` or ``is``.

    ``numpy`` is the `numpy.dtype` that stores it, ``itemsize`` its size in bytes. It prints as PyTorch prints
    it, because the printed output of lectures must not change.

    >>> float32, float32.itemsize, float32.is_floating_point, int64.numpy
    (torch.float32, 4, True, dtype('int64'))
    """

    __slots__ = ("name", "numpy", "itemsize", "is_floating_point", "is_signed", "is_complex")

    name: builtins.str
    numpy: np.dtype[Any]
    itemsize: builtins.int
    is_floating_point: builtins.bool
    is_signed: builtins.bool
    is_complex: builtins.bool

    def __new__(cls, *args: Any, **kwargs: Any) -> dtype:
        raise TypeError("dtype(): new element types cannot be made; use one that exists, such as tinygrad_edu.float32.")

    def __repr__(self) -> builtins.str:
        return f"torch.{self.name}"

    def __reduce__(self) -> builtins.str:
        return self.name  # pickle and copy look the name up in this module: the same object comes back


class _Unavailable(dtype):
    """A type that has a name, so that code can mention it, but no NumPy type that could store it."""

    __slots__ = ()

    @property
    def numpy(self) -> NoReturn:  # type: ignore[override]
        raise DTypeError(
            f"{self.name} cannot be used: tensors live in NumPy arrays, and NumPy has no {self.name}. "
            "Use float32, or float16 where memory matters."
        )


BY_NUMPY: dict[np.dtype[Any], dtype] = {}  # the fast way from an array's dtype to ours


def _describe(new: dtype, name: builtins.str, itemsize: builtins.int, kind: builtins.str) -> dtype:
    new.name, new.itemsize = name, itemsize
    new.is_floating_point = kind == "f"
    new.is_signed = kind in "fi"
    new.is_complex = False
    return new


def _stored(name: builtins.str) -> dtype:
    stored = np.dtype(name)
    new = _describe(object.__new__(dtype), name, stored.itemsize, stored.kind)
    new.numpy = stored
    BY_NUMPY[stored] = new
    return new


float16, float32, float64 = _stored("float16"), _stored("float32"), _stored("float64")
int8, int16, int32, int64 = _stored("int8"), _stored("int16"), _stored("int32"), _stored("int64")
uint8 = _stored("uint8")
bool_ = _stored("bool")
bfloat16 = _describe(object.__new__(_Unavailable), "bfloat16", 2, "f")

_PYTHON: dict[Any, dtype] = {builtins.float: float64, builtins.int: int64, builtins.bool: bool_}
_default: dtype = float32
_when_default_changes: list[Callable[[], object]] = []


def of_numpy(numpy_dtype: np.dtype[Any], operation: builtins.str = "from_numpy") -> dtype:
    """Our type for a NumPy one.

    Raises TypeError for types a tensor cannot hold (complex, text, dates, objects, unsigned beyond uint8) and
    ValueError for foreign byte order, as PyTorch does.

    >>> of_numpy(np.dtype("int32"))
    torch.int32
    """
    try:
        return BY_NUMPY[numpy_dtype]
    except KeyError:
        pass
    known = ", ".join(each.name for each in BY_NUMPY.values())
    if numpy_dtype.newbyteorder("=") in BY_NUMPY:
        raise ValueError(
            f"{operation}: the array's byte order ({numpy_dtype.str}) is not this machine's. "
            "Convert it first: array.astype(array.dtype.newbyteorder('='))."
        )
    raise TypeError(
        f"{operation}: a tensor cannot hold NumPy's {numpy_dtype}. Its elements are one of {known}; "
        "convert first, for example array.astype('float32')."
    )


def as_dtype(value: Any, operation: builtins.str) -> dtype:
    """The dtype a caller asked for: one of ours, or Python's float, int or bool as PyTorch takes them.

    Raises TypeError for anything else (a string, a NumPy type), DTypeError for a type with a name but no
    storage.

    >>> as_dtype(builtins.float, "zeros")
    torch.float64
    """
    if isinstance(value, dtype):
        value.numpy  # noqa: B018  (bfloat16 explains itself here, before any work is done)
        return value
    if isinstance(value, type) and value in _PYTHON:
        return _PYTHON[value]
    raise TypeError(
        f"{operation}: dtype must be an element type such as tinygrad_edu.float32, "
        f"not {value!r} ({type(value).__name__})."
    )


def get_default_dtype() -> dtype:
    """The type of tensors made from Python floats, and of results that turn integers into floats."""
    return _default


def set_default_dtype(d: dtype) -> None:
    """Choose the default floating-point type (float32 at the start). Raises TypeError for other types.

    >>> set_default_dtype(float64); get_default_dtype()
    torch.float64
    >>> set_default_dtype(float32)
    """
    global _default
    if not isinstance(d, dtype) or not d.is_floating_point:
        raise TypeError(
            f"set_default_dtype: only floating-point types can be the default, not {d!r}. "
            "Use float32, float64 or float16."
        )
    _default = as_dtype(d, "set_default_dtype")
    for callback in _when_default_changes:
        callback()


def on_default_change(callback: Callable[[], object]) -> None:
    """Call back after each set_default_dtype: for tables computed from the default (see promotion.py)."""
    _when_default_changes.append(callback)


half: dtype = float16
float: dtype = float32
double: dtype = float64
short: dtype = int16
int: dtype = int32
long: dtype = int64
bool: dtype = bool_
