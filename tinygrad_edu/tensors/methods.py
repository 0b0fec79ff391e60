"""What can be done with a Tensor: its operators, and a method for every operation in the table.

An operation that is defined later, in your own file, becomes a method as well: that is all this module does with
the table. Methods that PyTorch shapes in its own way (``max`` with and without a dim, ``to`` ...) are written out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.errors import DimError, DTypeError, ShapeError
from tinygrad_edu.kernels import devices, kernels
from tinygrad_edu.ops import compare, elementwise, index, linalg, reduce, shape
from tinygrad_edu.ops.blend import scaled_by
from tinygrad_edu.ops.families import subscribe
from tinygrad_edu.ops.registry import Operation, cases, structured
from tinygrad_edu.tensors.device import as_device
from tinygrad_edu.tensors.device import device as Device
from tinygrad_edu.tensors.dtype import (
    as_dtype,
    bfloat16,
    dtype,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
)
from tinygrad_edu.tensors.dtype import bool as bool_
from tinygrad_edu.tensors.indexing import as_index, integers_first
from tinygrad_edu.tensors.operands import common_type
from tinygrad_edu.tensors.placing import placed
from tinygrad_edu.tensors.record import record
from tinygrad_edu.tensors.shortcuts import binary, method, pair, single, view
from tinygrad_edu.tensors.tensor import Tensor

__all__: list[str] = []


@structured(method=False, grad_name="ToCopyBackward0", oracle="")
def cast(input: Any, /, dtype: Any) -> Any:
    """The elements converted to another type. The gradient is converted back."""
    return input.astype(dtype)


@cast.vjp
def _(g: Any, _out: Any, _input: Any, _dtype: Any) -> Any:
    return g  # the backward pass gives every gradient its input's type


def _attach(operation: Operation) -> None:
    name = operation.method_name
    if isinstance(name, str) and name not in vars(Tensor) and not operation.variadic:
        setattr(Tensor, name, method(operation))


def _reflected(operation: Any) -> Callable[..., Any]:
    def apply(self: Tensor, other: Any) -> Any:
        return record(operation, (other, self), ())

    return apply


def _pow(self: Tensor, exponent: Any) -> Any:
    if isinstance(exponent, (bool, int, float)):
        if self._data.dtype.kind in "iu" and isinstance(exponent, int) and exponent < 0:
            raise DTypeError(
                "pow: Integers to negative integer powers are not allowed: use .float(), or a float exponent"
            )
        return _to_power(self, (exponent,))
    return record(elementwise.pow, (self, exponent), ())


_to_power = single(elementwise.pow_scalar)
_permute = view(shape.permute)
_transpose = view(shape.transpose)
_reversed = [(tuple(range(ndim))[::-1],) for ndim in range(65)]  # NumPy's arrays have up to 64 dimensions


def _scaled(operation: Any) -> Callable[..., Any]:
    """add and sub as methods: ``alpha`` multiplies the other operand."""
    operator = binary(operation)

    def apply(self: Tensor, other: Any, *, alpha: Any = 1) -> Any:
        if alpha.__class__ is not int or alpha != 1:
            other = scaled(operation.name, self, other, alpha)
        return _taken(operation, other, operator(self, other))

    apply.__doc__ = operation.__doc__
    return apply


def scaled(operation: str, one: Any, other: Any, alpha: Any) -> Any:
    """`alpha` times the other of two operands, in the type that they have in common.

    Raises:
        TypeError: alpha or other is no number. RuntimeError: alpha is a float and both are whole numbers, or it is a
            bool and they are not.
    """
    if not isinstance(alpha, (bool, int, float, np.generic)):
        raise TypeError(f"{operation}(): argument 'alpha' must be Number, not {type(alpha).__name__}")
    if not isinstance(other, (Tensor, bool, int, float, np.generic)):
        raise TypeError(f"{operation}(): argument 'other' must be Tensor, not {type(other).__name__}")
    kind = common_type([x._data if isinstance(x, Tensor) else x for x in (one, other)])
    if isinstance(alpha, bool) and kind.kind != "b":
        raise RuntimeError(f"{operation}: Boolean alpha only supported for Boolean results, this one is {kind}")
    if isinstance(alpha, (float, np.floating)) and kind.kind != "f":
        raise RuntimeError(
            f"{operation}: For integral input tensors, argument alpha must not be a floating point number, got {alpha}"
        )
    operand: Any = other._cast(kind) if isinstance(other, Tensor) else other
    if kind.kind == "f" and isinstance(other, Tensor):
        return record(scaled_by, (operand,), (float(alpha),))
    return operand & bool(alpha) if kind.kind == "b" else operand * alpha


def _taken(operation: Any, other: Any, result: Any) -> Any:
    """A result; an operator's NotImplemented is for Python to see, and an error in a method."""
    if result is NotImplemented:
        raise TypeError(f"{operation.name}(): argument 'other' must be Tensor, not {type(other).__name__}")
    return result


def _product(self: Tensor, other: Any) -> Any:
    """The elements' products, with broadcasting."""
    return _taken(elementwise.mul, other, _times(self, other))


_times = binary(elementwise.mul)


def _invert(self: Tensor) -> Any:
    if self._data.dtype.kind == "f":
        raise TypeError(
            f"~ (operator.invert) is only implemented on integer and Boolean-type tensors, this one is {self.dtype}"
        )
    return record(compare.bitwise_not, (self,), ())


def _compare(operation: Any) -> Callable[..., Any]:
    def apply(self: Tensor, other: Any) -> Any:
        if not isinstance(other, (Tensor, bool, int, float, np.ndarray, np.generic)):
            return NotImplemented
        return record(operation, (self, other), ())

    apply.__doc__ = operation.__doc__
    return apply


_take = view(index.getitem)


def _getitem(self: Tensor, position: Any) -> Any:
    """``x[i]``, ``x[1:3, None]``, ``x[mask]`` ...: a view for integers, slices, None and Ellipsis, else a copy."""
    if position.__class__ is int:  # the usual case, quickly
        shape = self._data.shape
        if shape and -shape[0] <= position < shape[0]:
            return _take(self, ((position, Ellipsis),))
    items = as_index(position, self)
    apart = integers_first(items)
    if apart is not None:
        self, items = _take(self, (apart[0],)), apart[1]
    return _take(self, (items,))


class Extreme(NamedTuple):
    """The largest or smallest elements along a dimension, and where they are."""

    values: Any
    indices: Any

    def __repr__(self) -> str:
        return f"torch.return_types.{type(self).__name__}(\nvalues={self.values!r},\nindices={self.indices!r})"


class max(Extreme):  # noqa: N801 - PyTorch prints this name
    __slots__ = ()


class min(Extreme):  # noqa: N801
    __slots__ = ()


def _extreme(kind: Any, along: Any, whole: Any, pairwise: Any) -> Callable[..., Any]:
    def apply(self: Tensor, dim: Any = None, keepdim: bool = False, **names: Any) -> Any:
        if names.get("out", 0) is None:  # np.max(tensor, axis=1), which wants the values alone
            dims = names.get("axis", names.get("dim", dim))
            values = getattr(self, f"a{kind.__name__}")
            return values(() if dims is None else dims, names.get("keepdims", keepdim))
        dim, keepdim = names.pop("axis", names.pop("other", dim)), names.pop("keepdims", keepdim)
        if names:
            raise TypeError(f"{kind.__name__}() got an unexpected keyword argument {next(iter(names))!r}")
        if isinstance(dim, Tensor):
            return record(pairwise, (self, dim), ())
        if dim is None:
            if self._data.size == 0:
                raise ShapeError(
                    f"{kind.__name__}(): Expected reduction dim to be specified for input.numel() == 0: an empty one "
                    "has no largest or smallest element"
                )
            return record(whole, (self,), ())
        return kind(*record(along, (self,), (dim, keepdim)))

    apply.__doc__ = f"The {kind.__name__}imum of all elements; with `dim` (values, indices); with a Tensor by element."
    return apply


def _cast(self: Tensor, numpy_dtype: Any) -> Tensor:
    return self if self._data.dtype == numpy_dtype else record(cast, (self,), (numpy_dtype,))


def _to(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
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
    out = out if wanted is None else _cast(out, as_dtype(wanted, "to").numpy)
    return out.clone() if copy and out is self else out


def _conversion(target: dtype) -> Callable[[Tensor], Tensor]:
    def apply(self: Tensor) -> Tensor:
        return _cast(self, target.numpy)

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


def _contiguous(self: Tensor) -> Tensor:
    """The Tensor itself if its elements lie row by row in memory, else a copy where they do."""
    return self if self.is_contiguous() else record(contiguous_copy, (self,), ())


def _view(self: Tensor, *sizes: Any) -> Tensor:
    """The same memory in another shape.

    Raises:
        ShapeError: the shape does not fit, or the elements do not lie in memory in that order.
    """
    if len(sizes) == 1 and isinstance(sizes[0], dtype):
        raise DTypeError("view(dtype) is not supported: use .to(dtype), which converts the values")
    target = tuple(sizes[0]) if len(sizes) == 1 and not isinstance(sizes[0], int) else sizes
    out: Tensor = record(shape.reshape, (self,), (target,))
    if out._base is None and self._data.size:
        raise ShapeError(
            f"view size {target} is not compatible with input tensor's size {tuple(self.shape)} and stride "
            f"{self.stride()}: its elements do not lie in memory in that order. Use .reshape(...), which copies."
        )
    return out


def _argextreme(name: str) -> Callable[..., Any]:
    largest = name == "argmax"

    def apply(self: Tensor, dim: int | None = None, keepdim: bool = False, *, axis: int | None = None) -> Tensor:
        dim = axis if dim is None else dim
        if self._data.dtype.kind == "b":
            raise DTypeError(f"{name}(): does not support bool input: convert with .int()")
        if dim is None:
            if not self._data.size:
                raise DimError(f"{name}(): Expected reduction dim to be specified for input.numel() == 0")
            flat = self._data.argmax() if largest else self._data.argmin()
            if hasattr(flat, "block"):
                return Tensor._wrap(flat.reshape((1,) * self._data.ndim) if keepdim else flat)
            return Tensor._wrap(np.int64(flat).reshape((1,) * self._data.ndim) if keepdim else np.int64(flat))
        along = reduce.max_along if largest else reduce.min_along
        indices: Tensor = record(along, (self.detach(),), (dim, keepdim))[1]
        return indices

    apply.__doc__ = f"The index of the {'largest' if largest else 'smallest'} element; of equal ones the first."
    return apply


def _as_other(name: str, change: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """A method that makes a Tensor like another one."""

    def apply(self: Tensor, other: Tensor) -> Tensor:
        if not isinstance(other, Tensor):
            raise TypeError(f"{name}(): argument 'other' (position 1) must be Tensor, not {type(other).__name__}")
        return change(self, other)

    apply.__name__ = name
    apply.__doc__ = f"``{name}(other)``: as another Tensor is."
    return apply


def _install() -> None:
    """Give Tensor its operators and the methods that are not simply rows of the table."""
    own: dict[str, Any] = {
        "_record": staticmethod(record),
        "_cast": _cast,
        "__add__": binary(elementwise.add),
        "__radd__": binary(elementwise.add),
        "__sub__": binary(elementwise.sub),
        "__rsub__": binary(elementwise.rsub),
        "__mul__": binary(elementwise.mul),
        "__rmul__": binary(elementwise.mul),
        "__truediv__": binary(elementwise.div),
        "__rtruediv__": lambda self, other: self.reciprocal() * other,
        "__pow__": _pow,
        "__rpow__": _reflected(elementwise.pow),
        "__matmul__": pair(linalg.matmul),
        "__rmatmul__": _reflected(linalg.matmul),
        "__neg__": method(elementwise.neg),
        "__pos__": lambda self: self,
        "__abs__": method(elementwise.abs),
        "__invert__": _invert,
        "__and__": _compare(compare.bitwise_and),
        "__rand__": _compare(compare.bitwise_and),
        "__or__": _compare(compare.bitwise_or),
        "__ror__": _compare(compare.bitwise_or),
        "__xor__": _compare(compare.bitwise_xor),
        "__rxor__": _compare(compare.bitwise_xor),
        "__eq__": _compare(compare.eq),
        "__ne__": _compare(compare.ne),
        "__lt__": _compare(compare.lt),
        "__le__": _compare(compare.le),
        "__gt__": _compare(compare.gt),
        "__ge__": _compare(compare.ge),
        "__hash__": object.__hash__,
        "__getitem__": _getitem,
        "add": _scaled(elementwise.add),
        "sub": _scaled(elementwise.sub),
        "mul": _product,
        "pow": _pow,
        "max": _extreme(max, reduce.max_along, reduce.max_of_all, elementwise.maximum),
        "min": _extreme(min, reduce.min_along, reduce.min_of_all, elementwise.minimum),
        "argmax": _argextreme("argmax"),
        "argmin": _argextreme("argmin"),
        "to": _to,
        "type_as": _as_other("type_as", lambda self, other: _cast(self, other._data.dtype)),
        "contiguous": _contiguous,
        "view": _view,
        "view_as": _as_other("view_as", lambda self, other: _view(self, tuple(other.shape))),
        "reshape_as": _as_other("reshape_as", lambda self, other: self.reshape(other.shape)),
        "expand_as": _as_other("expand_as", lambda self, other: self.expand(*other.shape)),
        "T": property(lambda self: _permute(self, _reversed[self._data.ndim])),
        "mT": property(lambda self: _transpose(self, (-2, -1))),
    }
    for name, target in _conversions.items():
        own[name] = _conversion(target)
    own["bfloat16"] = lambda self: self.to(bfloat16)
    for name, value in own.items():
        setattr(Tensor, name, value)


_conversions = {
    "float": float32, "double": float64, "half": float16, "int": int32, "long": int64, "short": int16, "char": int8,
    "byte": uint8, "bool": bool_,
}  # fmt: skip


_install()
subscribe(_attach)
