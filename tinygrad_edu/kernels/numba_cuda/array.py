"""`DeviceArray`: an array on the GPU, with NumPy's face.

It knows its block of memory, where in it its elements begin, shape, strides and type; a view is another such array on
the same block. What NumPy's functions and operators do with one is in `protocol` and the files of kernels beside it;
nothing here computes, and nothing here ever copies elements to the CPU unasked.
"""

from __future__ import annotations

import functools
import math
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_edu.errors import DeviceError
from tinygrad_edu.kernels.numba_cuda import layout

__all__ = ["DeviceArray", "empty", "from_host", "put", "to_host"]


class _Flags:
    """NumPy's ``flags``, as far as kernels ask for them."""

    __slots__ = ("_of",)

    def __init__(self, of: DeviceArray) -> None:
        self._of = of

    @property
    def c_contiguous(self) -> bool:
        a = self._of
        return layout.is_by_rows(a.shape, a.strides, a.itemsize)

    @property
    def f_contiguous(self) -> bool:
        a = self._of
        return layout.is_by_rows(a.shape[::-1], a.strides[::-1], a.itemsize)

    @property
    def writeable(self) -> bool:
        return self._of._writeable

    @writeable.setter
    def writeable(self, value: bool) -> None:
        self._of._writeable = bool(value)


class DeviceArray:
    """An array whose elements lie in the memory of the GPU.

    Attributes:
        block: the memory, shared by views.
        offset: where in the block the first element lies, in bytes.
        shape, strides (in bytes), dtype, ndim, size, itemsize: as NumPy's.
    """

    __slots__ = (
        "__weakref__", "_writeable", "block", "dtype", "itemsize", "ndim", "offset", "shape", "size", "strides",
    )  # fmt: skip
    __hash__ = None  # type: ignore[assignment]

    if TYPE_CHECKING:  # what `protocol` gives it

        def __getattr__(self, name: str) -> Any: ...
        def __getitem__(self, index: Any) -> DeviceArray: ...
        def __setitem__(self, index: Any, value: Any) -> None: ...
        def __add__(self, other: Any) -> DeviceArray: ...
        def __sub__(self, other: Any) -> DeviceArray: ...
        def __mul__(self, other: Any) -> DeviceArray: ...
        def __ne__(self, other: object) -> DeviceArray: ...  # type: ignore[override]
        def __eq__(self, other: object) -> DeviceArray: ...  # type: ignore[override]
        def __le__(self, other: Any) -> DeviceArray: ...
        def __ge__(self, other: Any) -> DeviceArray: ...

    def __init__(
        self,
        block: Any,
        offset: int,
        shape: tuple[int, ...],
        strides: tuple[int, ...],
        dtype: Any,
        writeable: bool = True,
    ) -> None:
        self.block = block
        self.offset = offset
        self.shape = shape
        self.strides = strides
        self.dtype = dtype
        self.itemsize = dtype.itemsize
        self.ndim = len(shape)
        self.size = math.prod(shape)
        self._writeable = writeable

    # --- what it is ------------------------------------------------------------------------------------------------

    @property
    def nbytes(self) -> int:
        """Bytes that the elements take."""
        return self.size * self.itemsize

    @property
    def flags(self) -> _Flags:
        """Whether the elements lie row by row, and may be written to."""
        return _Flags(self)

    def setflags(self, write: bool | None = None) -> None:
        """Allow or forbid writing through this array."""
        if write is not None:
            self._writeable = bool(write)

    @property
    def device(self) -> str:
        """The device's name, as PyTorch writes it."""
        return "cuda:0"

    @property
    def base(self) -> Any:
        """The block, if other arrays share it; NumPy's own `base` is the array that a view looks at."""
        return self.block if sys.getrefcount(self.block) > 2 else None  # 2: here, and getrefcount's argument

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __repr__(self) -> str:
        return f"<DeviceArray of shape {self.shape}, {self.dtype}, on {self.device}>"

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        """How other libraries of CUDA read this memory (version 3 of the protocol)."""
        return {
            "shape": self.shape,
            "typestr": self.dtype.str,
            "data": (self.address if self.size else 0, not self._writeable),
            "strides": None if self.flags.c_contiguous else self.strides,
            "version": 3,
            "stream": 1,
        }

    @property
    def address(self) -> int:
        """Where in the device's memory the first element lies."""
        return int(self.block.address()) + self.offset

    # --- views -----------------------------------------------------------------------------------------------------

    def on(self, shape: tuple[int, ...], strides: tuple[int, ...], offset: int | None = None) -> DeviceArray:
        """Another look at the same memory; `offset` and `strides` in bytes."""
        return DeviceArray(
            self.block, self.offset if offset is None else offset, shape, strides, self.dtype, self._writeable
        )

    def reshape(self, *shape: Any, order: str = "C", copy: bool | None = None) -> DeviceArray:
        """The elements in another shape: a view where the memory allows it, else a copy."""
        if len(shape) == 1 and not hasattr(shape[0], "__index__"):
            shape = tuple(shape[0])
        sizes = [int(size) for size in shape]
        if -1 in sizes:
            at = sizes.index(-1)
            rest = -math.prod(sizes)
            if rest <= 0 or self.size % rest:
                raise ValueError(f"cannot reshape array of size {self.size} into shape {tuple(sizes)}")
            sizes[at] = self.size // rest
        target = tuple(sizes)
        if math.prod(target) != self.size:
            raise ValueError(f"cannot reshape array of size {self.size} into shape {target}")
        if target == self.shape:
            return self.on(self.shape, self.strides)
        strides = layout.reshaped_strides(self.shape, self.strides, target, self.itemsize)
        if strides is None:
            dense: DeviceArray = self.copy()
            return dense.reshape(target)
        return self.on(target, strides)

    def transpose(self, *axes: Any) -> DeviceArray:
        """The dimensions in another order."""
        if len(axes) == 1 and not hasattr(axes[0], "__index__"):
            axes = tuple(axes[0]) if axes[0] is not None else ()
        order = tuple([layout.checked_axis(axis, self.ndim) for axis in axes]) or tuple(range(self.ndim))[::-1]
        if sorted(order) != list(range(self.ndim)):
            raise ValueError("axes don't match array")
        return self.on(tuple([self.shape[i] for i in order]), tuple([self.strides[i] for i in order]))

    @property
    def T(self) -> DeviceArray:  # noqa: N802 - NumPy's name
        """The dimensions in reverse order."""
        return self.transpose()

    def swapaxes(self, one: int, other: int) -> DeviceArray:
        """Two dimensions exchanged."""
        order = list(range(self.ndim))
        i, j = layout.checked_axis(one, self.ndim), layout.checked_axis(other, self.ndim)
        order[i], order[j] = order[j], order[i]
        return self.transpose(order)

    def squeeze(self, axis: Any = None) -> DeviceArray:
        """Dimensions of size 1 taken away."""
        axes = range(self.ndim) if axis is None else (axis,) if hasattr(axis, "__index__") else axis
        gone = {layout.checked_axis(i, self.ndim) for i in axes}
        if axis is None:
            gone = {i for i in gone if self.shape[i] == 1}
        if any(self.shape[i] != 1 for i in gone):
            raise ValueError("cannot select an axis to squeeze out which has size not equal to one")
        kept = [i for i in range(self.ndim) if i not in gone]
        return self.on(tuple([self.shape[i] for i in kept]), tuple([self.strides[i] for i in kept]))

    def ravel(self) -> DeviceArray:
        """The elements in one dimension."""
        return self.reshape(-1)

    def view(self, dtype: Any) -> DeviceArray:
        """The same bytes read as another type of the same size."""
        kind = np.dtype(dtype)
        if kind.itemsize != self.itemsize:
            raise NotImplementedError(
                f"view of {self.dtype} as {kind} on cuda: only types of one size share their bytes"
            )
        return DeviceArray(self.block, self.offset, self.shape, self.strides, kind, self._writeable)

    def broadcast_to(self, shape: tuple[int, ...]) -> DeviceArray:
        """A read-only view of another shape. ValueError where the shapes do not fit."""
        if layout.broadcast((self.shape, shape)) != shape:
            raise ValueError(f"cannot broadcast shape {self.shape} to {shape}")
        out = self.on(shape, layout.spread_strides(self.shape, self.strides, shape))
        out._writeable = False
        return out

    # --- ways out, always asked for ---------------------------------------------------------------------------------

    def item(self) -> Any:
        """The only element as a Python number. Waits for the device."""
        if self.size != 1:
            raise ValueError("can only convert an array of size 1 to a Python scalar")
        return to_host(self).item()

    def tolist(self) -> Any:
        """The elements as nested lists. Waits for the device."""
        return to_host(self).tolist()

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError("The truth value of an array with more than one element is ambiguous. Use any() or all()")
        return bool(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __index__(self) -> int:
        if self.dtype.kind not in "iub" or self.size != 1:
            raise TypeError("only integer arrays of a single element can be converted to an index")
        return int(self.item())

    def __reduce__(self) -> Any:
        return from_host, (to_host(self),)

    def __array__(self, *_args: Any, **_options: Any) -> Any:
        raise NotImplementedError(
            "can't convert cuda:0 device type tensor to numpy: there is no kernel for this on cuda. Use Tensor.cpu() "
            "to copy the tensor to host memory first"
        )


def empty(shape: tuple[int, ...], dtype: Any) -> DeviceArray:
    """Uninitialised memory, row by row."""
    from tinygrad_edu.kernels.numba_cuda.memory import pool

    nbytes, strides, kind = _rows(shape, dtype)
    return DeviceArray(pool.take(nbytes), 0, shape, strides, kind)


@functools.lru_cache(maxsize=4096)
def _rows(shape: tuple[int, ...], dtype: Any) -> tuple[int, tuple[int, ...], np.dtype[Any]]:
    """Bytes, strides and type of an array that lies row by row."""
    kind = np.dtype(dtype)
    return math.prod(shape) * kind.itemsize, layout.by_rows(shape, kind.itemsize), kind


def from_host(array: Any, non_blocking: bool = False) -> DeviceArray:
    """A copy of an array of the CPU on the device."""
    host = np.asarray(array)
    out = empty(host.shape, host.dtype)
    put(host, out, non_blocking)
    return out


def put(array: Any, out: DeviceArray, non_blocking: bool = False) -> None:
    """Copy an array of the CPU into one of the device that has its size and type, and lies row by row."""
    from tinygrad_edu.kernels.numba_cuda import streams
    from tinygrad_edu.kernels.numba_cuda.runtime import cuda

    if out.size:
        stream = streams.current()
        there = out.block.raw[out.offset : out.offset + out.nbytes]
        there.copy_to_device(np.ascontiguousarray(array).reshape(-1).view(np.uint8), stream=stream)
        if not non_blocking and stream:
            cuda().synchronize()


def to_host(a: DeviceArray) -> Any:
    """A copy of the array in the CPU's memory. Waits for the device."""
    from tinygrad_edu.kernels.numba_cuda import streams

    if not a.size:
        return np.empty(a.shape, a.dtype)
    dense = layout.covers(a.shape, a.strides, a.itemsize)
    source = a if dense else a.copy()
    stream = streams.current()
    host = source.block.raw[source.offset : source.offset + a.nbytes].copy_to_host(stream=stream).view(a.dtype)
    if stream:
        stream.synchronize()
    return np.lib.stride_tricks.as_strided(host, a.shape, source.strides)


def one_device(*arrays: Any) -> None:
    """Refuse arrays of which some are here and some on the GPU; numbers without dimensions may be anywhere.

    Raises:
        DeviceError: as PyTorch says it.
    """
    for a in arrays:
        if isinstance(a, np.ndarray) and a.ndim:
            raise DeviceError(
                "Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu! "
                "Move one with .to(device)"
            )
