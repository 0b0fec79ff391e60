"""How a Tensor lies in memory, and on which device: its storage, offset and order; the answers to ``cuda()``."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.errors import CudaError
from tinygrad_edu.kernels import devices, kernels
from tinygrad_edu.tensors import methods
from tinygrad_edu.tensors.device import as_device, cpu, device_of, pinned
from tinygrad_edu.tensors.tensor import Tensor

__all__ = [
    "UntypedStorage", "channels_last", "channels_last_3d", "contiguous_format", "is_storage", "layout",
    "memory_format", "preserve_format", "strided",
]  # fmt: skip

assert methods  # what is set here goes before what it sets


class _Constant:
    """A name that stands for itself."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name


class memory_format(_Constant):  # noqa: N801 - PyTorch's name
    """The order in which the elements lie: by rows, or with the channels last."""


class layout(_Constant):  # noqa: N801
    """How the elements are stored: ``strided``, as an array."""


contiguous_format, preserve_format = memory_format("contiguous_format"), memory_format("preserve_format")
channels_last, channels_last_3d = memory_format("channels_last"), memory_format("channels_last_3d")
strided = layout("strided")
_channels = {channels_last: 4, channels_last_3d: 5}


class UntypedStorage:
    """The block of memory that a Tensor looks at, shared by its views."""

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self._array = array
        self.device = device_of(array)

    def data_ptr(self) -> int:
        """The address of its first byte."""
        return int(kernels.address(self._array))

    def nbytes(self) -> int:
        """Its size in bytes."""
        return int(self._array.nbytes)

    size = __len__ = nbytes

    def __repr__(self) -> str:
        return f"[torch.storage.UntypedStorage(device={self.device}) of size {self.nbytes()}]"


def is_storage(obj: Any) -> bool:
    """True for what ``Tensor.untyped_storage()`` gives."""
    return isinstance(obj, UntypedStorage)


def _untyped_storage(self: Tensor) -> UntypedStorage:
    """The memory behind the Tensor: the same for a Tensor and its views."""
    return UntypedStorage(kernels.storage(self._array())[0])


def _storage_offset(self: Tensor) -> int:
    """How many elements lie in the storage before the first one of the Tensor."""
    return int(kernels.storage(self._array())[1])


def _channels_order(self: Tensor, format: Any, name: str) -> list[int] | None:
    """The dimensions in the order in which they should lie in memory; None for row by row."""
    if not isinstance(format, memory_format):
        raise TypeError(f"{name}(): argument 'memory_format' must be torch.memory_format, not {type(format).__name__}")
    if format not in _channels:
        return None
    return [0, *range(2, self._data.ndim), 1]


def _is_contiguous(self: Tensor, memory_format: Any = contiguous_format) -> bool:
    """True if the elements lie in memory row by row, or in the order of another format."""
    if memory_format is contiguous_format:
        return bool(self._data.flags.c_contiguous)
    order = _channels_order(self, memory_format, "is_contiguous")
    if order is None:
        raise RuntimeError("is_contiguous(): preserve_format names no order: ask for channels_last, say")
    return self._data.ndim == _channels[memory_format] and bool(self._array().transpose(order).flags.c_contiguous)


_by_rows: Any = vars(Tensor)["contiguous"]


def _contiguous(self: Tensor, memory_format: Any = contiguous_format) -> Tensor:
    """The Tensor itself if its elements lie in memory row by row (or in another format), else a copy where they do."""
    if memory_format is contiguous_format:
        out: Tensor = _by_rows(self)
        return out
    order = _channels_order(self, memory_format, "contiguous")
    if order is None:
        raise RuntimeError("contiguous(): preserve memory format is unsupported: it names no order; use clone()")
    if self._data.ndim != _channels[memory_format]:
        raise RuntimeError(
            f"contiguous(): required rank {_channels[memory_format]} tensor to use {memory_format.name} format, this "
            f"one has {self._data.ndim} dimensions"
        )
    if _is_contiguous(self, memory_format):
        return self
    back = sorted(range(len(order)), key=order.__getitem__)
    turned: Tensor = _by_rows(self.permute(order)).permute(back)
    return turned


def _cuda(self: Tensor, device: Any = None, non_blocking: bool = False, memory_format: Any = preserve_format) -> Any:
    """The Tensor in the memory of the GPU; itself if it is there.

    Raises:
        CudaError (a RuntimeError and an AssertionError): there is no GPU.
    """
    if not devices.available():
        raise CudaError(
            f"cuda(): Torch not compiled with CUDA enabled: {devices.why_not()}. Write .to(device) with a device "
            "chosen by 'cuda' if torch.cuda.is_available() else 'cpu'"
        )
    return self._placed(as_device("cuda" if device is None else device, "cuda"), non_blocking)


def _pin_memory(self: Tensor, device: Any = None) -> Any:
    """A copy in page-locked memory, from which copies to the GPU are quicker and need not be waited for.

    Raises:
        DeviceError: there is no GPU. RuntimeError: the Tensor is on it already.
    """
    return self if _is_pinned(self) else Tensor._wrap(pinned(self._array(), "pin_memory()"))


def _is_pinned(self: Tensor, device: Any = None) -> bool:
    """True if the Tensor lies in page-locked memory."""
    return devices.is_pinned(self._data)


def _answer(value: Any, doc: str) -> Any:
    return property(lambda self: value, doc=doc)


for _name, _value in {
    "untyped_storage": _untyped_storage,
    "storage_offset": _storage_offset,
    "is_contiguous": _is_contiguous,
    "contiguous": _contiguous,
    "cuda": _cuda,
    "cpu": lambda self, memory_format=preserve_format: self._placed(cpu),
    "pin_memory": _pin_memory,
    "is_pinned": _is_pinned,
    "is_shared": lambda self: False,
    "get_device": lambda self: 0 if hasattr(self._data, "block") else -1,
    "ndimension": lambda self: int(self._data.ndim),
    "is_same_size": lambda self, other: self._data.shape == other._data.shape,
    "_is_view": lambda self: self._base is not None,
    "nbytes": property(lambda self: int(self._data.nbytes), doc="Bytes that the elements take."),
    "is_cpu": property(lambda self: not hasattr(self._data, "block"), doc="True if the elements lie on the CPU."),
    "is_cuda": property(lambda self: hasattr(self._data, "block"), doc="True if the elements lie on the GPU."),
    "layout": _answer(strided, "How the elements are stored."),
    **{
        f"is_{what}": _answer(False, f"False: there are no such Tensors ({what}).")
        for what in ("mps", "xpu", "meta", "sparse", "quantized", "mkldnn", "nested")
    },
}.items():
    setattr(Tensor, _name, _value)
