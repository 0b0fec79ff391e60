"""Launching a kernel straight by the driver: three calls of C, and no loop over the arguments.

Numba looks at every argument of every launch again, which takes several times as long as a small kernel runs. Here an
argument is made once in the form in which the driver takes it, and then only copied:

* An array is a `Parameters`: the 56 bytes that a kernel of Numba has for an array of one dimension (two numbers that
  are zero here, its length, the size of an element, its address, its length again and its stride). There is a class for
  each type of elements, so that the classes of the arguments say what the kernel is compiled for.
* A launch finds the compiled kernel by those classes, has `struct` write all arguments into memory that was laid out
  once, and calls the driver with addresses that never change.

What is not known here is compiled by Numba, which also loads the driver and makes the thread's context.
"""

from __future__ import annotations

import ctypes
import functools
import struct
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any, ClassVar

import numpy as np

from tinygrad_edu.errors import CudaError

__all__ = ["Launcher", "Parameters", "kinds_of", "launch_by_driver", "launch_prepared", "parameters", "prepared"]

# What each class of argument is to `struct`; every parameter begins at a multiple of eight bytes.
_CODES: dict[Any, str] = {
    int: "q", float: "d", bool: "?7x", np.bool_: "?7x", np.float32: "f4x", np.float64: "d",
    np.int8: "b7x", np.int16: "h6x", np.int32: "i4x", np.int64: "q",
    np.uint8: "B7x", np.uint16: "H6x", np.uint32: "I4x", np.uint64: "Q",
}  # fmt: skip
_ARRAY = struct.Struct("=7q")
# The driver's CUlaunchConfig: three sizes of the grid, three of a block, bytes of dynamic shared memory, the stream,
# and where a list of attributes is and how long.
_CONFIGURATION = "=7I4xQ16x"
_NOT_A_CONTEXT = 201  # CUDA_ERROR_INVALID_CONTEXT: no kernel was launched from this thread yet


class Parameters(bytes):
    """An array of one dimension as kernels take it; made by `parameters`."""

    dtype: ClassVar[np.dtype[Any]]

    @property
    def size(self) -> int:
        """How many elements it has."""
        return int(_ARRAY.unpack(self)[2])

    @property
    def address(self) -> int:
        """Where in the device's memory it begins."""
        return int(_ARRAY.unpack(self)[4])


@functools.cache
def _class_for(dtype: np.dtype[Any]) -> type[Parameters]:
    """The class of arrays with elements of a type."""
    return type(f"Parameters_{dtype.name}", (Parameters,), {"dtype": dtype, "__doc__": Parameters.__doc__})


def parameters(address: int, size: int, dtype: np.dtype[Any]) -> Parameters:
    """So many elements from an address on.

    >>> a = parameters(4096, 3, np.dtype("float32"))
    >>> a.dtype, a.size, a.address, len(a)
    (dtype('float32'), 3, 4096, 56)
    """
    item = dtype.itemsize
    return _class_for(dtype)(_ARRAY.pack(0, 0, size, item, address, size, item))


def kinds_of(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """What a kernel is compiled for.

    Raises:
        TypeError: an argument that no kernel takes.
    """
    kinds = tuple(map(type, args))
    for i, kind in enumerate(kinds):
        if kind not in _CODES and not issubclass(kind, Parameters):
            raise TypeError(f"argument {i} of a kernel is a {kind.__name__}: give numbers, and block.typed(dtype)")
    return kinds


class Launcher:
    """A compiled kernel, with the memory that its arguments are written to.

    Args:
        handle: the driver's, of the compiled kernel.
        call: the driver's cuLaunchKernelEx: the addresses of configuration, kernel and places of parameters, then 0.
        owner: what must live as long as the kernel is used.
    """

    def __init__(self, handle: int, kinds: tuple[Any, ...], call: Callable[..., int], owner: Any = None) -> None:
        self._owner, self._call = owner, call
        counts = [1 if kind in _CODES else _ARRAY.size // 8 for kind in kinds]
        form = struct.Struct(_CONFIGURATION + "".join([_CODES.get(kind, f"{_ARRAY.size}s") for kind in kinds]))
        self._pack = form.pack_into
        self._memory = ctypes.create_string_buffer(form.size)
        start = ctypes.addressof(self._memory)
        first = start + struct.calcsize(_CONFIGURATION)
        self._places = (ctypes.c_void_p * sum(counts))(*range(first, first + 8 * sum(counts), 8))
        self._fixed = tuple(map(ctypes.c_void_p, (start, handle, ctypes.addressof(self._places), 0)))
        self._lock = threading.Lock()  # the driver reads the memory while other threads may run

    def __call__(self, grid: tuple[Any, ...], block: tuple[Any, ...], stream: int, args: tuple[Any, ...]) -> int:
        """Launch; gives what the driver says, 0 for success. `grid` and `block` have three sizes each."""
        with self._lock:
            self._pack(self._memory, 0, *grid, *block, 0, stream, *args)
            return self._call(*self._fixed)


_known: dict[Any, Launcher] = {}  # by the kernel's id (its launcher keeps it) and what it is compiled for


def launch_by_driver(kernel: Any, blocks: Any, threads: Any, stream: Any, args: tuple[Any, ...]) -> None:
    """Launch a kernel of Numba; it is compiled for the types of its arguments when they are new.

    Raises:
        CudaError: the driver refuses; TypeError: arguments that no kernel takes.
    """
    found = _known.get((id(kernel), *map(type, args)))
    if found is None:
        found = _learned(kernel, args)
    grid = (blocks, 1, 1) if blocks.__class__ is int else _three(blocks)
    block = (threads, 1, 1) if threads.__class__ is int else _three(threads)
    launch_prepared((found, grid, block), stream, args)


def prepared(kernel: Any, blocks: Any, threads: Any, kinds: tuple[Any, ...]) -> Any:
    """What `launch_prepared` takes for a kernel that has been launched with arguments of these classes."""
    return _known[(id(kernel), *kinds)], _three(blocks), _three(threads)


def launch_prepared(what: Any, stream: Any, args: Any) -> None:
    """Launch what `prepared` gave.

    Raises:
        CudaError: the driver refuses.
    """
    found, grid, block = what
    number = int(stream) if stream else 0
    status = found(grid, block, number, args)
    if status == _NOT_A_CONTEXT:
        import_module("numba.cuda").current_context()
        status = found(grid, block, number, args)
    if status:
        raise CudaError(f"the driver did not launch a kernel of {grid} blocks of {block} threads: {_named(status)}")


def _three(sizes: Any) -> tuple[Any, ...]:
    return (*sizes, 1, 1)[:3] if sizes.__class__ is tuple else (int(sizes), 1, 1)


def _learned(kernel: Any, args: tuple[Any, ...]) -> Launcher:
    """Have a kernel compiled and loaded, and remember how it is launched."""
    kinds = kinds_of(args)
    compiled = kernel.compile(tuple([_numba_type(kernel, kind) for kind in kinds]))
    handle = compiled._codelibrary.get_cufunc().handle
    found = Launcher(int(getattr(handle, "value", handle)), kinds, _driver().cuLaunchKernelEx, (kernel, compiled))
    _known[(id(kernel), *kinds)] = found
    return found


def _numba_type(kernel: Any, kind: Any) -> Any:
    """What Numba calls a class of arguments."""
    if issubclass(kind, Parameters):
        element = kernel.typeof_pyval(kind.dtype.type(0))
        return import_module("numba.cuda").types.Array(element, 1, "C")
    return kernel.typeof_pyval(kind(0))


@functools.cache
def _driver() -> Any:
    """The driver's library, which Numba has loaded by now."""
    return ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")  # (64 bits know one way to call)


def _named(status: int) -> str:
    try:
        return str(import_module("cuda.bindings.driver").CUresult(status).name)
    except (ImportError, AttributeError, ValueError):
        return f"error {status}"
