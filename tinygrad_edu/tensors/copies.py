"""The same elements elsewhere: in another type, on another device, in memory of their own, in another order there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.errors import ShapeError
from tinygrad_edu.kernels import devices, kernels
from tinygrad_edu.ops import shape
from tinygrad_edu.ops.registry import cases, structured
from tinygrad_edu.tensors.device import as_device
from tinygrad_edu.tensors.device import device as Device
from tinygrad_edu.tensors.dtype import as_dtype, dtype
from tinygrad_edu.tensors.placing import placed
from tinygrad_edu.tensors.record import record
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["as_other", "as_type", "cast", "clone", "contiguous", "contiguous_copy", "conversion", "to", "view"]


@structured(method=False, grad_name="ToCopyBackward0", oracle="")
def cast(input: Any, /, dtype: Any) -> Any:
    """The elements converted to another type. The gradient is converted back."""
    return input.astype(dtype)


@cast.vjp
def _(g: Any, _out: Any, _input: Any, _dtype: Any) -> Any:
    return g  # the backward pass gives every gradient its input's type


def as_type(self: Tensor, numpy_dtype: Any) -> Tensor:
    return self if self._data.dtype == numpy_dtype else record(cast, (self,), (numpy_dtype,))


def to(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """The Tensor with another dtype or device (given by object, name, or by another Tensor); itself if it has them."""
    non_blocking = bool(kwargs.pop("non_blocking", False))
    copy = kwargs.pop("copy", False)
    wanted: Any = kwargs.pop("dtype", None)
    place: Any = kwargs.pop("device", None)
    other = kwargs.pop("other", None)
    if kwargs:
        raise TypeError(f"to() got an unexpected keyword argument {next(iter(kwargs))!r}")
    for arg in (*args, other):
        if isinstance(arg, Tensor):
            wanted, place = arg.dtype, arg.device
        elif isinstance(arg, (str, Device)) or (arg.__class__ is int and devices.available()):
            place = arg
        elif isinstance(arg, dtype) or arg in (float, int, bool):
            wanted = arg
        elif arg is not None and not isinstance(arg, bool):
            raise TypeError(f"to() takes a dtype, a device or a Tensor, got {type(arg).__name__}")
    out = self if place is None else placed(self, as_device(place, "to"), non_blocking)
    out = out if wanted is None else as_type(out, as_dtype(wanted, "to").numpy)
    return out.clone() if copy and out is self else out


def conversion(target: dtype) -> Callable[[Tensor], Tensor]:
    def apply(self: Tensor) -> Tensor:
        return as_type(self, target.numpy)

    apply.__doc__ = f"The elements as {target!r}; the Tensor itself if they are so already."
    return apply


@structured(grad_name="CloneBackward0")
def clone(input: Any, /) -> Any:
    """A copy with memory of its own; gradients flow through."""
    return kernels.copied(input)


@clone.vjp
def _(g: Any, _out: Any, _input: Any) -> Any:
    return g


@structured(method=False, label="contiguous", grad_name="CloneBackward0", oracle="")
def contiguous_copy(input: Any, /) -> Any:
    """A copy whose elements lie row by row in memory."""
    return np.copy(input, order="C")


@contiguous_copy.vjp
def _(g: Any, _out: Any, _input: Any) -> Any:
    return g


clone.samples = contiguous_copy.samples = cases(([(2, 3)], ()))
cast.samples = lambda make: iter([((make(2, 3),), (np.dtype(np.float64),))])


def contiguous(self: Tensor) -> Tensor:
    """The Tensor itself if its elements lie row by row in memory, else a copy where they do."""
    return self if self.is_contiguous() else record(contiguous_copy, (self,), ())


def view(self: Tensor, *sizes: Any, **named: Any) -> Tensor:
    """The same memory in another shape; with a dtype, its bytes read as another type.

    >>> import tinygrad_edu as tg
    >>> tg.tensor([1.0, -2.0]).view(tg.int32)
    tensor([ 1065353216, -1073741824], dtype=torch.int32)

    Raises:
        ShapeError: the shape does not fit, or the elements do not lie in memory in that order.
    """
    if named:
        if sizes or len(named) > 1 or not named.keys() <= {"size", "dtype"}:
            raise TypeError(f"view() takes a size or a dtype, got {', '.join(named)} by name beside {sizes}")
        sizes = tuple(named.values())
    if len(sizes) == 1 and isinstance(sizes[0], dtype):
        return _read_as(self, sizes[0])
    target = tuple(sizes[0]) if len(sizes) == 1 and not isinstance(sizes[0], int) else sizes
    out: Tensor = record(shape.reshape, (self,), (target,))
    if out._base is None and self._data.size:
        raise ShapeError(
            f"view size {target} is not compatible with input tensor's size {tuple(self.shape)} and stride "
            f"{self.stride()}: its elements do not lie in memory in that order. Use .reshape(...), which copies."
        )
    return out


def _read_as(self: Tensor, kind: dtype) -> Tensor:
    """The bytes as elements of another type, without history; the last dimension shrinks or grows with their size."""
    array, size = self._array(), kind.itemsize
    told, times = f"to view {self.dtype} as {kind} (different element sizes)", size // array.itemsize
    if size != array.itemsize:
        if not array.ndim:
            raise ShapeError(f"self.dim() cannot be 0 {told}")
        if self.stride(-1) != 1:
            raise ShapeError(f"self.stride(-1) must be 1 {told}, but got {self.stride(-1)}: call .contiguous() first")
        if array.shape[-1] * array.itemsize % size:
            raise ShapeError(f"self.size(-1) must be divisible by {times} {told}, got {array.shape[-1]}")
        steps = (*array.strides[:-1], kernels.storage(array)[1] * array.itemsize)
        if size > array.itemsize and any(step % size for step in steps):
            raise ShapeError(
                f"the strides {self.stride()} and the offset must be divisible by {times} {told}"
            )
    out = self._wrap(array.view(kind.numpy))
    out._counter = self._counter
    return out


def as_other(name: str, change: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """A method that makes a Tensor like another one."""

    def apply(self: Tensor, other: Tensor) -> Tensor:
        if not isinstance(other, Tensor):
            raise TypeError(f"{name}(): argument 'other' (position 1) must be Tensor, not {type(other).__name__}")
        return change(self, other)

    apply.__name__ = name
    apply.__doc__ = f"``{name}(other)``: as another Tensor is."
    return apply
