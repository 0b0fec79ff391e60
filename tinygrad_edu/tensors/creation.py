"""New Tensors: from data, and filled with one number."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from tinygrad_edu.errors import ShapeError
from tinygrad_edu.kernels import devices, kernels
from tinygrad_edu.tensors.data import checked, default_float, fits, to_array
from tinygrad_edu.tensors.device import as_device, chosen_default, cuda, device_of, moved, pinned
from tinygrad_edu.tensors.dtype import as_dtype
from tinygrad_edu.tensors.out import with_out
from tinygrad_edu.tensors.promotion import result_type
from tinygrad_edu.tensors.tensor import Tensor

__all__ = [
    "as_tensor", "empty", "empty_like", "eye", "from_numpy", "full", "full_like", "ones", "ones_like",
    "scalar_tensor", "tensor", "zeros", "zeros_like",
]  # fmt: skip

_Made = TypeVar("_Made", bound=Callable[..., Tensor])


def creating(function: _Made) -> _Made:
    """Decorator: a function that makes a Tensor also takes ``out=``."""
    return with_out(function, creates=True)  # type: ignore[return-value]


def shaped_like(function: _Made) -> _Made:
    """Decorator: a ``*_like`` function also takes ``memory_format=``; without it the elements lie as the input's."""

    @functools.wraps(function)
    def call(*args: Any, memory_format: Any = None, requires_grad: bool = False, **options: Any) -> Any:
        made = function(*args, **options)
        if memory_format is not None and getattr(memory_format, "name", "") != "preserve_format":
            made = made.contiguous(memory_format=memory_format)
        elif args and isinstance(args[0], Tensor) and not args[0]._data.flags.c_contiguous:
            made._data = _lying_as(made._array(), args[0]._array())
        return made.requires_grad_() if requires_grad else made

    return call  # type: ignore[return-value]


def _lying_as(made: Any, like: Any) -> Any:
    """A new array with its elements in the order of another one's, if those lie without gaps or overlaps."""
    order = sorted(range(like.ndim), key=lambda d: -like.strides[d])
    if not like.transpose(order).flags.c_contiguous:
        return made
    return kernels.ascontiguousarray(made.transpose(order)).transpose(sorted(range(like.ndim), key=order.__getitem__))


def finish(array: Any, device: Any, requires_grad: bool, operation: str, pin_memory: bool = False) -> Tensor:
    """A leaf Tensor around a new array.

    Raises:
        DeviceError: the device is unknown or not available; GradError: a gradient was asked for an integer Tensor.
    """
    if device is not None or chosen_default():
        array = moved(array, as_device(device, operation))
    if pin_memory:
        array = pinned(array, operation)
    out = Tensor._wrap(array)
    return out.requires_grad_() if requires_grad else out


def made(function: str, shape: Any, device: Any, operation: str, *args: Any) -> Any:
    """A new array by NumPy's function of that name, made where it is to live: not on the CPU, to be copied."""
    place = as_device(device, operation)
    maker = devices.maker(function) if place is cuda else getattr(np, function)
    return maker(shape, *args)


def check_device(device: Any, operation: str) -> None:
    """Refuse a device that is unknown or not usable here."""
    if device is not None:
        as_device(device, operation)


def numpy_type(dtype: Any, operation: str, default: np.dtype[Any] | None = None) -> np.dtype[Any] | None:
    """NumPy's name for a dtype; `default` for None."""
    return default if dtype is None else as_dtype(dtype, operation).numpy


def sizes_of(size: Sequence[Any], operation: str) -> tuple[int, ...]:
    """A shape from ``f(2, 3)`` or ``f((2, 3))``.

    Raises:
        ShapeError: a negative size. TypeError: something that is no integer.
    """
    if len(size) == 1 and not isinstance(size[0], (int, np.integer, Tensor)):
        size = tuple(size[0])
    for s in size:
        if isinstance(s, (bool, float, str)) or not hasattr(s, "__index__"):
            raise TypeError(f"{operation}(): sizes must be integers, got {s!r} ({type(s).__name__})")
    shape = tuple(s.__index__() for s in size)
    for s in shape:
        if s < 0:
            raise ShapeError(f"{operation}: Trying to create tensor with negative dimension {s}: {shape}")
        if s >= 2**63:
            raise TypeError(f"{operation}(): argument 'size': Overflow when unpacking long long: {s} is beyond int64")
    if math.prod(shape) >= 2**60:
        raise RuntimeError(f"{operation}: Storage size calculation overflowed with sizes={list(shape)}")
    return shape


def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:
    """A Tensor with a copy of the data: a number, nested lists, an ndarray, or another Tensor.

    Floats become the default float type, integers int64, bools bool; arrays keep their type.

    Raises:
        ValueError: nested lists of unequal length. TypeError: text or other things that are no numbers.
        GradError: `requires_grad` for integers or bools.

    >>> tensor([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    >>> tensor([1.0, 2.0], requires_grad=True)
    tensor([1., 2.], requires_grad=True)
    """
    array = to_array(data, numpy_type(dtype, "tensor"))
    here = device is None and hasattr(array, "block")  # a copy of a Tensor on the GPU is there too
    return finish(array, device_of(array) if here else device, requires_grad, "tensor", pin_memory)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """The data as a Tensor, sharing memory with an ndarray or Tensor of the right type.

    >>> import numpy as np
    >>> a = np.zeros(2); t = as_tensor(a); a[0] = 5; t
    tensor([5., 0.], dtype=torch.float64)
    """
    place = as_device(device, "as_tensor")
    wanted = numpy_type(dtype, "as_tensor")
    if isinstance(data, Tensor):
        data = data if device is None else data.to(place)
        return data if wanted is None else data._cast(wanted)
    if not isinstance(data, np.ndarray) and hasattr(data, "__cuda_array_interface__") and devices.available():
        shared = Tensor._wrap(checked(devices.exchange().from_interface(data)))
        return as_tensor(shared, dtype, device)
    if place is cuda:
        return finish(to_array(data, wanted), place, False, "as_tensor")
    if isinstance(data, np.ndarray):
        array = checked(data)
        return Tensor._wrap(array if wanted is None or array.dtype == wanted else array.astype(wanted))
    return Tensor._wrap(to_array(data, wanted))


def from_numpy(array: np.ndarray[Any, Any]) -> Tensor:
    """A Tensor on an ndarray's memory: changes are seen on both sides.

    Raises:
        TypeError: not an ndarray, or one of a type that Tensors do not have.
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"from_numpy: expected np.ndarray (got {type(array).__name__}); use tensor() for other data")
    if any(stride < 0 for stride in array.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides are not "
            "currently supported. (You can work around this with array.copy().)"
        )
    return Tensor._wrap(checked(array))


@creating
def full(size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A Tensor of shape `size` in which every element is `fill_value`; its type is the number's unless given.

    >>> full((2, 2), 7)
    tensor([[7, 7],
            [7, 7]])
    """
    if not isinstance(size, (tuple, list)):
        raise TypeError(f"full(): argument 'size' (position 1) must be tuple of ints, not {type(size).__name__}")
    number = fill_value.item() if isinstance(fill_value, (Tensor, np.generic)) else fill_value
    if not isinstance(number, (bool, int, float)):
        raise TypeError(f"full(): argument 'fill_value' (position 2) must be Number, not {type(number).__name__}")
    kind = numpy_type(dtype, "full") or result_type((), (), [type(number)])
    shape = sizes_of(tuple(size), "full")
    filled = made("full", shape, device, "full", fits(number, kind, "full"), kind)
    return finish(filled, device, requires_grad, "full")


def _filled(name: str, doc: str) -> Any:
    def create(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, **names: Any) -> Tensor:
        size = (names.pop("size"),) if "size" in names else size
        pin_memory = names.pop("pin_memory", False)
        if names:
            raise TypeError(f"{name}() got an unexpected keyword argument {next(iter(names))!r}")
        if not size:
            raise TypeError(f"{name}() is missing the argument 'size': a single number has the size ()")
        array = made(name, sizes_of(size, name), device, name, numpy_type(dtype, name, default_float()))
        return finish(array, device, requires_grad, name, pin_memory)

    create.__name__, create.__qualname__, create.__doc__ = name, name, doc
    return creating(create)


zeros = _filled("zeros", "A Tensor of zeros: ``zeros(2, 3)`` or ``zeros((2, 3))``; by default float32.")
ones = _filled("ones", "A Tensor of ones: ``ones(2, 3)`` or ``ones((2, 3))``; by default float32.")
empty = _filled("empty", "A Tensor whose elements are whatever was in memory: fill it before you read it.")


def place_of(like: Tensor) -> Any:
    """Where a Tensor like another is made, if nobody says: where that one is. None for the usual place."""
    data = getattr(like, "_data", None)  # what is no Tensor is refused by who asks
    return device_of(data) if hasattr(data, "block") or chosen_default() else None


def like_options(like: Tensor, dtype: Any, name: str) -> tuple[tuple[int, ...], Any]:
    """Shape and NumPy type for the ``*_like`` functions."""
    if not isinstance(like, Tensor):
        raise TypeError(f"{name}(): argument 'input' must be Tensor, not {type(like).__name__}")
    return like._data.shape, numpy_type(dtype, name, like._data.dtype)


@shaped_like
def zeros_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros with the shape and type of another Tensor."""
    place, (shape, kind) = device or place_of(input), like_options(input, dtype, "zeros_like")
    return finish(made("zeros", shape, place, "zeros_like", kind), place, requires_grad, "zeros_like")


@shaped_like
def ones_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones with the shape and type of another Tensor."""
    place, (shape, kind) = device or place_of(input), like_options(input, dtype, "ones_like")
    return finish(made("ones", shape, place, "ones_like", kind), place, requires_grad, "ones_like")


@shaped_like
def empty_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Uninitialised memory with the shape and type of another Tensor."""
    place, (shape, kind) = device or place_of(input), like_options(input, dtype, "empty_like")
    return finish(made("empty", shape, place, "empty_like", kind), place, requires_grad, "empty_like")


@shaped_like
def full_like(
    input: Tensor, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """One number everywhere, with the shape and type of another Tensor."""
    shape, kind = like_options(input, dtype, "full_like")
    number = fill_value.item() if isinstance(fill_value, (Tensor, np.generic)) else fill_value
    if not isinstance(number, (bool, int, float)):
        raise TypeError(f"full_like(): argument 'fill_value' must be Number, not {type(number).__name__}")
    place = device or place_of(input)
    filled = made("full", shape, place, "full_like", fits(number, kind, "full_like"), kind)
    return finish(filled, place, requires_grad, "full_like")


def scalar_tensor(s: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A Tensor without dimensions, of the default floating-point type."""
    kind = numpy_type(dtype, "scalar_tensor", default_float())
    if not isinstance(s, (int, float, np.number, np.bool_)):
        raise TypeError(f"scalar_tensor(): argument 's' (position 1) must be Number, not {type(s).__name__}")
    return finish(np.asarray(s, kind), device, requires_grad, "scalar_tensor")


@creating
def eye(n: int, m: int | None = None, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """The identity matrix, `n` rows and `m` (by default `n`) columns."""
    sizes_of((n, n if m is None else m), "eye")
    values = made("eye", n, device, "eye", m, 0, numpy_type(dtype, "eye", default_float()))
    return finish(values, device, requires_grad, "eye")


def _new(name: str) -> Any:
    def method(self: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
        if not size:
            raise TypeError(f"{name}() is missing the argument 'size': a single number has the size ()")
        kind, place = numpy_type(dtype, name, self._data.dtype), device or place_of(self)
        array = made(name.removeprefix("new_"), sizes_of(size, name), place, name, kind)
        return finish(array, place, requires_grad, name)

    method.__doc__ = f"{name.removeprefix('new_').capitalize()} of the given shape, with this Tensor's type."
    return method


def _new_tensor(
    self: Tensor, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A Tensor of this one's type with a copy of the data."""
    return tensor(data, dtype=dtype or self.dtype, device=device or place_of(self), requires_grad=requires_grad)


def _new_full(
    self: Tensor, size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A Tensor of this one's type, filled with one number."""
    return full(
        size, fill_value, dtype=dtype or self.dtype, device=device or place_of(self), requires_grad=requires_grad
    )


for _name in ("new_zeros", "new_ones", "new_empty"):
    setattr(Tensor, _name, _new(_name))
for _name, _method in {"new_tensor": _new_tensor, "new_full": _new_full}.items():
    setattr(Tensor, _name, _method)
