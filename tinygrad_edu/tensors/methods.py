"""What can be done with a Tensor: its operators, and a method for every operation in the table.

An operation that is defined later, in your own file, becomes a method as well: that is all this module does with
the table. Methods that PyTorch shapes in its own way (``max`` with and without a dim, ``to`` ...) are written out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.errors import DTypeError
from tinygrad_edu.ops import compare, elementwise, index, linalg, reduce, shape
from tinygrad_edu.ops.blend import scaled_by
from tinygrad_edu.ops.families import subscribe
from tinygrad_edu.ops.operation import Operation
from tinygrad_edu.tensors import copies, extremes
from tinygrad_edu.tensors.dtype import (
    bfloat16,
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
from tinygrad_edu.tensors.record import record
from tinygrad_edu.tensors.shortcuts import binary, method, pair, single, view
from tinygrad_edu.tensors.tensor import Tensor

__all__: list[str] = []


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


def _install() -> None:
    """Give Tensor its operators and the methods that are not simply rows of the table."""
    own: dict[str, Any] = {
        "_record": staticmethod(record),
        "_cast": copies.as_type,
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
        "max": extremes.extreme(extremes.max, reduce.max_along, reduce.max_of_all, elementwise.maximum),
        "min": extremes.extreme(extremes.min, reduce.min_along, reduce.min_of_all, elementwise.minimum),
        "argmax": extremes.argextreme("argmax"),
        "argmin": extremes.argextreme("argmin"),
        "to": copies.to,
        "type_as": copies.as_other("type_as", lambda self, other: copies.as_type(self, other._data.dtype)),
        "contiguous": copies.contiguous,
        "view": copies.view,
        "view_as": copies.as_other("view_as", lambda self, other: copies.view(self, tuple(other.shape))),
        "reshape_as": copies.as_other("reshape_as", lambda self, other: self.reshape(other.shape)),
        "expand_as": copies.as_other("expand_as", lambda self, other: self.expand(*other.shape)),
        "T": property(lambda self: _permute(self, _reversed[self._data.ndim])),
        "mT": property(lambda self: _transpose(self, (-2, -1))),
    }
    for name, target in _conversions.items():
        own[name] = copies.conversion(target)
    own["bfloat16"] = lambda self: self.to(bfloat16)
    for name, value in own.items():
        setattr(Tensor, name, value)


_conversions = {
    "float": float32, "double": float64, "half": float16, "int": int32, "long": int64, "short": int16, "char": int8,
    "byte": uint8, "bool": bool_,
}  # fmt: skip


_install()
subscribe(_attach)
