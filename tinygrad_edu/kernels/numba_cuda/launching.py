"""Launching a kernel that has been launched before with arguments of the same types: straight by the driver.

Numba looks at every argument of every launch again: its type, whether it lies on the device, its sizes. That takes
several times as long as a small kernel runs. The first launch for some types therefore goes through Numba, which
compiles; later ones write the numbers into memory that was laid out once, and call the driver. A one-dimensional array
is seven numbers to a kernel of Numba: two that are zero here, its length, the size of an element, its address, its
length again and its stride. Whatever is not known here (a tuple, a matrix) goes through Numba, and so does a launch
that the driver refuses, because a thread has no context yet, say.
"""

from __future__ import annotations

import contextlib
import ctypes
import struct
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

__all__ = ["launcher", "learn", "slots"]

# What each class of argument is to `struct`; every parameter has eight bytes.
_CODES: dict[Any, str] = {
    int: "q", float: "d", bool: "?7x", np.bool_: "?7x", np.float32: "f4x", np.float64: "d", np.int32: "i4x",
    np.int64: "q", np.uint32: "I4x", np.uint64: "Q",
}  # fmt: skip
_ARRAY = 7


def slots(kinds: tuple[Any, ...]) -> tuple[str, int]:
    """The layout of parameters for `struct`, and how many there are; types of elements stand for arrays.

    >>> slots((int, np.dtype("float32"), np.float32))
    ('=q7qf4x', 9)
    """
    codes = [_CODES.get(kind, f"{_ARRAY}q") for kind in kinds]
    return "=" + "".join(codes), sum(1 if kind in _CODES else _ARRAY for kind in kinds)


def _kinds(args: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """What Numba would compile for; None where an argument is not known here."""
    found = []
    for a in args:
        kind = a.__class__
        if kind not in _CODES:
            if getattr(a, "ndim", 0) != 1 or a.strides != (a.dtype.itemsize,):
                return None
            kind = a.dtype
        found.append(kind)
    return tuple(found)


class _Launcher:
    """A compiled kernel with the memory that its parameters are written to."""

    def __init__(self, kernel: Any, handle: Any, kinds: tuple[Any, ...], call: Callable[..., Any]) -> None:
        self.kernel = kernel  # Numba's; it owns the code
        self._handle, self._call = handle, call
        form, count = slots(kinds)
        self._pack = struct.Struct(form).pack_into
        self._memory = ctypes.create_string_buffer(8 * count)
        first = ctypes.addressof(self._memory)
        self._places = (ctypes.c_void_p * count)(*range(first, first + 8 * count, 8))
        self._parameters = ctypes.addressof(self._places)
        self._arrays = tuple([kind not in _CODES for kind in kinds])
        self._lock = threading.Lock()  # the driver reads the memory while other threads may run

    def __call__(self, blocks: Any, threads: Any, stream: Any, args: tuple[Any, ...]) -> bool:
        """Launch; False where Numba has to."""
        numbers: list[Any] = []
        for a, is_array in zip(args, self._arrays, strict=True):
            if is_array:
                numbers += _numbers(a)
            else:
                numbers.append(a)
        grid = blocks if blocks.__class__ is tuple else (blocks,)
        block = threads if threads.__class__ is tuple else (threads,)
        grid, block = (*grid, 1, 1)[:3], (*block, 1, 1)[:3]
        with self._lock:
            try:
                self._pack(self._memory, 0, *numbers)
            except struct.error:  # an integer beyond 64 bits
                return False
            result = self._call(self._handle, *grid, *block, 0, int(stream) if stream else 0, self._parameters, 0)
        return int(result[0]) == 0


def _numbers(a: Any) -> tuple[int, ...]:
    """The seven numbers of an array; kept on it, as a block's arrays are launched with again and again."""
    found: tuple[int, ...] | None = getattr(a, "_parameters", None)
    if found is None:
        size, item = int(a.size), a.dtype.itemsize
        found = (0, 0, size, item, int(a.device_ctypes_pointer.value or 0), size, item)
        with contextlib.suppress(AttributeError):  # where Numba's arrays take no attributes
            a._parameters = found
    return found


_known: dict[Any, _Launcher | None] = {}


def launcher(kernel: Any, args: tuple[Any, ...]) -> tuple[Any, _Launcher | None]:
    """The key for `learn`, None where there is nothing to learn; and the launcher, if it is known."""
    kinds = _kinds(args)
    if kinds is None:
        return None, None
    key = (id(kernel), kinds)
    found = _known.get(key)
    return (None if found is None and key in _known else key), found


def learn(key: Any, kernel: Any, args: tuple[Any, ...]) -> None:
    """Remember how to launch the kernel for such arguments, after Numba has compiled it for them."""
    try:
        call = import_module("cuda.bindings.driver").cuLaunchKernel
        signature = tuple(kernel.typeof_pyval(a) for a in args)
        handle = kernel.overloads[signature]._codelibrary.get_cufunc().handle
        _known[key] = _Launcher(kernel, handle, key[1], call)
    except (ImportError, AttributeError, KeyError, TypeError):  # another version of numba-cuda: Numba launches
        _known[key] = None
