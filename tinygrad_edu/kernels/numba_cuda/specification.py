"""The specification (``kernels/*.py``) running on the device: the same functions, with another `np`.

A kernel that has no file of its own here is computed by its specification: every NumPy function in it then computes
on the device, one launch each, and the arrays it makes (``np.zeros``, ``np.arange``) are made there. So an operation
has one definition, and a kernel of its own makes it faster and never different.
"""

from __future__ import annotations

import functools
import types
from importlib import import_module
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda import layout
from tinygrad_edu.kernels.numba_cuda.array import DeviceArray
from tinygrad_edu.kernels.numba_cuda.chosen import own
from tinygrad_edu.kernels.numba_cuda.functions import FUNCTIONS

__all__ = ["on_device"]

_ROOM = "tinygrad_edu.kernels."


class _AnyArray(type):
    def __instancecheck__(cls, thing: Any) -> bool:
        return thing.__class__ is DeviceArray or isinstance(thing, np.ndarray)


class _Array(metaclass=_AnyArray):
    """``np.ndarray``: asked whether something is an array, and called to look at an array's memory."""

    def __new__(cls, shape: Any, dtype: Any, buffer: Any, offset: int = 0, strides: Any = None) -> Any:
        return buffer.on(tuple(shape), tuple(strides), buffer.offset + offset)


class _NumPy:
    """NumPy's names, with the functions of the device in place of those that make or take arrays."""

    def __getattr__(self, name: str) -> Any:
        return FUNCTIONS.get(name) or getattr(np, name)

    ndarray = _Array


def _strided(a: DeviceArray, shape: Any = None, strides: Any = None, **_: Any) -> DeviceArray:
    return a.on(tuple(shape), tuple(strides))


def _windows(a: DeviceArray, window_shape: Any, axis: Any = None, **_: Any) -> DeviceArray:
    sizes = (window_shape,) if hasattr(window_shape, "__index__") else tuple(window_shape)
    axes = tuple(range(a.ndim)) if axis is None else (axis,) if hasattr(axis, "__index__") else tuple(axis)
    shape, strides = list(a.shape), list(a.strides)
    for at, size in zip(axes, sizes, strict=True):
        at = layout.checked_axis(at, a.ndim)
        shape[at] -= size - 1
        shape.append(size)
        strides.append(a.strides[at])
    return a.on(tuple(shape), tuple(strides))


_numpy = _NumPy()
_replaced: dict[Any, Any] = {
    np: _numpy,
    np.lib.stride_tricks.as_strided: _strided,
    np.lib.stride_tricks.sliding_window_view: _windows,
    np.ndarray: _Array,
}


@functools.cache
def _names_of(module: str) -> dict[str, Any]:
    """The global names of a file of kernels, as its functions see them on the device."""
    names = dict(vars(import_module(module)))
    seen = _Names()
    for name, value in names.items():
        mine = own(name) if isinstance(value, types.FunctionType) and value.__module__.startswith(_ROOM) else None
        dict.__setitem__(seen, name, mine or on_device(value, seen if value_of(value) == module else None))
    return seen


class _Names(dict[str, Any]):
    """Global names (a type of its own, so that it is seen which are ours)."""


def value_of(value: Any) -> str:
    """The file in which a function stands."""
    return str(getattr(value, "__module__", ""))


def on_device(value: Any, names: dict[str, Any] | None = None) -> Any:
    """A function of the specification as it computes on the device; other things as they are."""
    if value is np.array or value is np.ascontiguousarray or value is np.asarray:
        return FUNCTIONS[value.__name__]
    try:
        if value in _replaced:
            return _replaced[value]
    except TypeError:
        return value
    if not isinstance(value, types.FunctionType) or not value.__module__.startswith(_ROOM):
        return value
    if value.__module__.startswith(
        (_ROOM + "numba_c", _ROOM + "choice", _ROOM + "devices", _ROOM + "presence", _ROOM + "threads")
    ):
        return value
    names = _names_of(value.__module__) if names is None else names
    closure = tuple([_cell(cell, names) for cell in value.__closure__]) if value.__closure__ else None
    made = types.FunctionType(value.__code__, names, value.__name__, value.__defaults__, closure)
    made.__kwdefaults__ = value.__kwdefaults__
    made.__doc__ = value.__doc__
    return made


def _cell(cell: Any, names: dict[str, Any]) -> Any:
    inside = cell.cell_contents
    known = isinstance(inside, types.FunctionType)
    return types.CellType(on_device(inside, names if known and inside.__module__ == names["__name__"] else None))
