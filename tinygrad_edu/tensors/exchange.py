"""Tensors from what other libraries hold: by DLPack, the buffer protocol, or as an array, shared where that can be."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from tinygrad_edu.kernels import devices
from tinygrad_edu.tensors.creation import as_tensor, check_device, finish, from_numpy, numpy_type, tensor
from tinygrad_edu.tensors.data import checked
from tinygrad_edu.tensors.device import as_device
from tinygrad_edu.tensors.tables import is_table
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["asarray", "from_dlpack", "frombuffer"]


class _Capsule:
    """A capsule of DLPack, as an object that lends what is in it."""

    def __init__(self, capsule: Any) -> None:
        look = ctypes.pythonapi.PyCapsule_GetPointer
        look.restype, look.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
        try:
            address = look(capsule, b"dltensor")
        except ValueError:  # its name is another: PyCapsule_GetPointer called with incorrect name
            raise RuntimeError(
                "from_dlpack received an invalid capsule. Note that DLTensor capsules can be consumed only once, so "
                "you might have already constructed a tensor from it once."
            ) from None
        self._capsule = capsule
        self._device = ctypes.c_int32.from_address(address + ctypes.sizeof(ctypes.c_void_p)).value  # after the pointer

    def __dlpack__(self, **_: Any) -> Any:
        return self._capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._device, 0


class _Writable:
    """Memory that NumPy takes for read-only as an older capsule does not say; who gives one away lends it."""

    def __init__(self, array: Any) -> None:
        self._lent = array
        self.__array_interface__ = {**array.__array_interface__, "data": (array.ctypes.data, False)}


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A Tensor on the memory of another library's array, by the DLPack protocol; or what is in a capsule of it.

    Raises:
        TypeError: the object does not speak DLPack, or its elements have a type that Tensors do not have.
        RuntimeError: the capsule has been used before.
        BufferError: its owner does not lend it (it needs a gradient, or lies on another device).

    >>> import numpy as np
    >>> array = np.zeros(2); t = from_dlpack(array); array[0] = 5.0; t
    tensor([5., 0.], dtype=torch.float64)
    """
    check_device(device, "from_dlpack")
    if lent_once := type(ext_tensor).__name__ == "PyCapsule":
        ext_tensor = _Capsule(ext_tensor)
    if not hasattr(ext_tensor, "__dlpack__"):
        raise TypeError(
            f"from_dlpack: {type(ext_tensor).__name__} does not offer __dlpack__: give the array itself, or copy the "
            "data with tensor()"
        )
    if devices.available() and ext_tensor.__dlpack_device__()[0] == devices.exchange().ON_CUDA:
        lent = Tensor._wrap(checked(devices.exchange().from_capsule(ext_tensor.__dlpack__(stream=1))))
        return lent.clone() if copy else lent
    # A library's older capsules arrive as read-only arrays; the memory is what it is, so the Tensor says so too.
    array = np.from_dlpack(ext_tensor)
    out = Tensor._wrap(checked(np.asarray(_Writable(array)) if lent_once else array))
    return out.clone() if copy else out


def frombuffer(buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False) -> Tensor:
    """A one-dimensional Tensor on the memory of an object such as a ``bytearray``.

    >>> import tinygrad_edu as tg
    >>> frombuffer(bytearray([1, 2, 3]), dtype=tg.uint8, offset=1)
    tensor([2, 3], dtype=torch.uint8)
    """
    array = np.frombuffer(buffer, numpy_type(dtype, "frombuffer"), count, offset)
    return finish(array, None, requires_grad, "frombuffer")


def asarray(
    obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None, requires_grad: bool | None = None
) -> Tensor:
    """The object as a Tensor: on its own memory if it is a Tensor, an ndarray, speaks DLPack or is a buffer.

    Args:
        copy: True always copies, False never does (ValueError where it would have to), None where there is no
            other way.
        device: of the result; by default where the object lies.
        requires_grad: of the result; by default that of a Tensor given, else False.

    >>> asarray([1.0, 2.0], requires_grad=True)
    tensor([1., 2.], requires_grad=True)
    """
    place = None if device is None else as_device(device, "asarray")
    wanted = numpy_type(dtype, "asarray")
    if isinstance(obj, Tensor):
        held = obj
    elif isinstance(obj, np.ndarray):
        held = from_numpy(obj)
    elif hasattr(obj, "__dlpack__") and not is_table(obj):
        held = from_dlpack(obj)
    elif isinstance(obj, (bytes, bytearray, memoryview)):
        held = Tensor._wrap(np.frombuffer(obj, wanted or np.dtype(np.float32)))
    elif copy is False:
        raise ValueError("asarray: can't alias arbitrary sequence into a tensor: lists have to be copied")
    else:
        return tensor(obj, dtype=dtype, device=device, requires_grad=bool(requires_grad))
    if place is not None and held.device != place:
        if copy is False:
            raise ValueError(f"asarray: can't alias tensor on {held.device} on {place}: that is a copy")
        held, copy = held.to(place), None
    if wanted is not None and held._data.dtype != wanted:
        if copy is False:
            raise ValueError(f"asarray: can't alias tensor with dtype {held.dtype} into dtype {dtype}: that is a copy")
        held = as_tensor(held, dtype)
    elif copy:
        held = held.clone()
    if requires_grad is None or requires_grad == held.requires_grad:
        return held
    return held.detach().requires_grad_(requires_grad)
