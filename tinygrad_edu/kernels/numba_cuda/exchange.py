"""Memory of the GPU that is shared with other libraries: by DLPack, and by the CUDA array interface.

DLPack (github.com/dmlc/dlpack, version 0.x of its structures) hands over a pointer to a description in a capsule; who
takes the capsule calls the description's `deleter` when done. Both ways share memory: nothing is copied.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray
from tinygrad_edu.kernels.numba_cuda.memory import Block, Piece
from tinygrad_edu.kernels.numba_cuda.runtime import cuda
from tinygrad_edu.kernels.presence import simulated

__all__ = ["ON_CUDA", "capsule_of", "from_capsule", "from_interface"]

ON_CUDA = 2  # DLPack's number for memory of a CUDA device
_CODES = {"i": 0, "u": 1, "f": 2, "b": 6}
_KINDS = {code: kind for kind, code in _CODES.items()}
_NAME, _USED = b"dltensor", b"used_dltensor"


class _Description(ctypes.Structure):
    """DLManagedTensor: a tensor, and what to call when its memory is not needed any more."""

    _fields_ = [
        ("data", ctypes.c_void_p), ("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32), ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)), ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64), ("context", ctypes.c_void_p), ("deleter", ctypes.c_void_p),
    ]  # fmt: skip


_lent: dict[int, Any] = {}  # by the description's address: what must live while somebody uses it
_Deleter = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_api = ctypes.pythonapi
_api.PyCapsule_New.restype = ctypes.py_object
_api.PyCapsule_New.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
_api.PyCapsule_GetPointer.restype = ctypes.c_void_p
_api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
_api.PyCapsule_IsValid.argtypes = [ctypes.py_object, ctypes.c_char_p]
_api.PyCapsule_SetName.argtypes = [ctypes.py_object, ctypes.c_char_p]
# A capsule that is being freed is passed as its address: a reference to it may not be made any more.
_dying_valid = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p)(("PyCapsule_IsValid", _api))
_dying_pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)(("PyCapsule_GetPointer", _api))


@_Deleter
def _give_back(address: int) -> None:
    _lent.pop(address, None)


@ctypes.PYFUNCTYPE(None, ctypes.c_void_p)
def _capsule_freed(capsule: int) -> None:
    if _dying_valid(capsule, _NAME):  # nobody has taken what is in it
        _lent.pop(_dying_pointer(capsule, _NAME), None)


def capsule_of(a: DeviceArray) -> Any:
    """A DLPack capsule on the array's memory."""
    cuda().synchronize()  # who takes it may work on another stream
    shape = (ctypes.c_int64 * max(a.ndim, 1))(*a.shape)
    strides = (ctypes.c_int64 * max(a.ndim, 1))(*(s // a.itemsize for s in a.strides))
    described = _Description(
        a.address, ON_CUDA, 0, a.ndim, _CODES[a.dtype.kind], a.itemsize * 8, 1, shape, strides, 0, None,
        ctypes.cast(_give_back, ctypes.c_void_p),
    )  # fmt: skip
    address = ctypes.addressof(described)
    _lent[address] = (a.block, described, shape, strides)
    return _api.PyCapsule_New(address, _NAME, ctypes.cast(_capsule_freed, ctypes.c_void_p))


class _Owner:
    """Calls a description's deleter when the last array on its memory is gone."""

    def __init__(self, address: int) -> None:
        self.address = address

    def __del__(self) -> None:
        deleter = _Description.from_address(self.address).deleter
        if deleter:
            _Deleter(deleter)(self.address)


def from_capsule(capsule: Any) -> DeviceArray:
    """An array on the memory that a capsule describes.

    Raises:
        BufferError: the memory is not on a CUDA device, or was taken already; TypeError: a type that is not there.
    """
    if not _api.PyCapsule_IsValid(capsule, _NAME):
        raise BufferError("from_dlpack: this capsule has been used already, or is none of DLPack")
    address = _api.PyCapsule_GetPointer(capsule, _NAME)
    d = _Description.from_address(address)
    if d.device_type != ON_CUDA or d.device_id != 0:
        raise BufferError(f"from_dlpack: memory of device {d.device_type}:{d.device_id}; only the first GPU is used")
    if d.lanes != 1 or d.code not in _KINDS:
        raise TypeError(f"from_dlpack: elements of DLPack type {d.code} with {d.bits} bits are not supported")
    dtype = np.dtype(bool) if d.code == _CODES["b"] else np.dtype(f"{_KINDS[d.code]}{d.bits // 8}")
    shape = tuple(d.shape[i] for i in range(d.ndim))
    strides = tuple(d.strides[i] * dtype.itemsize for i in range(d.ndim)) if d.strides else None
    _api.PyCapsule_SetName(capsule, _USED)
    return _array_at(int(d.data or 0) + d.byte_offset, shape, strides, dtype, _Owner(address))


def from_interface(thing: Any) -> DeviceArray:
    """An array on the memory of an object with ``__cuda_array_interface__``.

    Raises:
        TypeError: a type that is not there; BufferError: a mask.
    """
    told = thing.__cuda_array_interface__
    if told.get("mask") is not None:
        raise BufferError("__cuda_array_interface__ with a mask is not supported")
    dtype = np.dtype(told["typestr"])
    if dtype.kind not in _CODES:
        raise TypeError(f"elements of type {dtype} are not supported")
    if told.get("stream") is not None:
        cuda().synchronize()
    pointer, read_only = told["data"]
    out = _array_at(int(pointer), tuple(told["shape"]), told.get("strides"), dtype, thing)
    out.setflags(write=not read_only)
    return out


def _array_at(pointer: int, shape: tuple[int, ...], strides: Any, dtype: np.dtype[Any], owner: Any) -> DeviceArray:
    from tinygrad_edu.kernels.numba_cuda import layout

    steps = tuple(strides) if strides is not None else layout.by_rows(shape, dtype.itemsize)
    if any(s % dtype.itemsize or s < 0 for s in steps):
        raise BufferError(f"strides {steps} of elements of {dtype.itemsize} bytes are not supported")
    span = sum((n - 1) * s for n, s in zip(shape, steps, strict=True)) + dtype.itemsize if 0 not in shape else 0
    block = Block(Piece(_bytes_at(pointer, span, owner), span))
    return DeviceArray(block, 0, shape, steps, dtype)


class _Memory:
    """A piece of memory as Numba's `as_cuda_array` takes it; keeps its owner alive."""

    def __init__(self, pointer: int, size: int, owner: Any) -> None:
        self.owner = owner
        self.__cuda_array_interface__ = {
            "shape": (size,), "typestr": "|u1", "data": (pointer, False), "strides": None, "version": 3,
        }  # fmt: skip


def _bytes_at(pointer: int, size: int, owner: Any) -> Any:
    """Numba's array of so many bytes of somebody else's memory."""
    if not size:
        return cuda().device_array(1, np.uint8)[:0]
    if simulated():
        memory = (ctypes.c_uint8 * size).from_address(pointer)
        memory.owner = owner  # type: ignore[attr-defined]
        raw = cuda().device_array(1, np.uint8)
        raw._ary = np.ctypeslib.as_array(memory)
        return raw
    return cuda().as_cuda_array(_Memory(pointer, size, owner))
