"""The functions of the top-level namespace: the methods as functions, and those that take several Tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.errors import broadcast_error
from tinygrad_edu.ops import elementwise, shape
from tinygrad_edu.ops.registry import operations
from tinygrad_edu.tensors import (
    calculus,
    callables,
    chosen,
    counting,
    draws,
    einsum,
    geometry,
    grids,
    inplace,
    matrices,
    methods,
    parts,
    pointwise,
    products,
    statistics,
)
from tinygrad_edu.tensors.composed import COMPOSED
from tinygrad_edu.tensors.data import fits
from tinygrad_edu.tensors.out import with_out
from tinygrad_edu.tensors.promotion import result_type as _result_type
from tinygrad_edu.tensors.record import record
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["allclose", "broadcast_shapes", "cat", "equal", "functional", "is_tensor", "result_type", "stack", "where"]

concat = concatenate = cat = with_out(shape.cat)
stack = with_out(shape.stack)
# They give Tensor and this package what is called here.
_ = (
    (calculus, callables, chosen, counting, draws, einsum, geometry, grids, inplace),
    (matrices, methods, parts, pointwise, products, statistics),
)


def functional(name: str) -> Callable[..., Any] | None:
    """The function form of a Tensor method that is an operation: ``exp(x)`` calls ``x.exp()``; None for others."""
    if name in COMPOSED:
        return with_out(COMPOSED[name], name)
    table = operations()
    known = name in _composed or (name in table and table[name].method_name == name)
    if not known or not hasattr(Tensor, name):
        return None

    def call(input: Any, *args: Any, **kwargs: Any) -> Any:
        if "out" in kwargs:
            return written(input, *args, **kwargs)
        if not isinstance(input, Tensor):
            if len(args) and isinstance(args[0], Tensor) and name in table and table[name].arity == 2:
                if name in ("add", "sub") and "alpha" in kwargs:
                    args = (methods.scaled(name, input, args[0], kwargs.pop("alpha")), *args[1:])
                return record(table[name], *table[name].bind((input, *args), kwargs))
            raise TypeError(f"{name}(): argument 'input' must be Tensor, not {type(input).__name__}")
        return getattr(input, name)(*args, **kwargs)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = getattr(Tensor, name).__doc__
    written = with_out(call)  # comes back without it
    return call


# Methods that are not rows of the table but have a function form in PyTorch.
_composed = {"max", "min", "argmax", "argmin", "numel", "is_floating_point", "is_complex"}


def is_tensor(obj: Any) -> bool:
    """True for a Tensor."""
    return isinstance(obj, Tensor)


@with_out
def where(condition: Tensor, input: Any = None, other: Any = None) -> Any:
    """`input` where the condition holds, else `other`; with the condition alone, the indices where it holds.

    >>> import tinygrad_edu as tg
    >>> x = tg.tensor([-1.0, 2.0]); tg.where(x > 0, x, 0.0)
    tensor([0., 2.])
    """
    if not isinstance(condition, Tensor):
        raise TypeError(f"where(): argument 'condition' (position 1) must be Tensor, not {type(condition).__name__}")
    for name, given in (("input", input), ("other", other)):
        if given is not None and not isinstance(given, (Tensor, bool, int, float, np.generic)):
            raise TypeError(f"where(): argument {name!r} must be Tensor, not {type(given).__name__}")
    if (input is None) != (other is None):
        raise TypeError("where() takes the condition alone, or with both of 'input' and 'other'")
    if input is None:
        return condition.nonzero(as_tuple=True)
    if condition._data.dtype.kind != "b":
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got {condition.dtype}: compare, or use .bool()"
        )
    if not isinstance(input, Tensor) and not isinstance(other, Tensor):
        from_number = _result_type((), (), [type(input), type(other)])
        input = Tensor._wrap(np.array(input, from_number))
    for number, tensor in ((input, other), (other, input)):
        if isinstance(number, int) and isinstance(tensor, Tensor):
            fits(number, tensor._data.dtype, "where")
    return record(elementwise.choose, (input, other), (condition,))


def broadcast_shapes(*shapes: Any) -> Any:
    """The shape that Tensors of these shapes broadcast to."""
    from tinygrad_edu.tensors.size import Size

    for s in shapes:
        sizes = (s,) if isinstance(s, int) else s
        if not isinstance(sizes, (tuple, list)) or not all(isinstance(n, (int, np.integer)) for n in sizes):
            raise RuntimeError(
                f"broadcast_shapes: Input shapes should be of type ints, a tuple of ints, or a list of ints, got {s!r}"
            )
        if any(n < 0 for n in sizes):
            raise ValueError(f"broadcast_shapes: Attempting to broadcast a dimension with negative length: {s}")
    listed = [(s,) if isinstance(s, int) else tuple(s) for s in shapes]
    try:
        return Size(np.broadcast_shapes(*listed))
    except ValueError:
        raise broadcast_error("broadcast_shapes", *listed) from None


def _two_tensors(operation: str, *given: Any) -> None:
    for name, tensor in zip(("input", "other"), given, strict=True):
        if not isinstance(tensor, Tensor):
            raise TypeError(f"{operation}(): argument {name!r} must be Tensor, not {type(tensor).__name__}")


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """True if all elements differ by at most ``atol + rtol * |other|``."""
    _two_tensors("allclose", input, other)
    if input.dtype is not other.dtype:
        raise RuntimeError(f"allclose: {input.dtype} did not match {other.dtype}: convert one of them")
    for name, bound in (("rtol", rtol), ("atol", atol)):
        if not isinstance(bound, (int, float, np.number)):
            raise TypeError(f"allclose(): argument {name!r} must be float, not {type(bound).__name__}")
        if bound < 0:
            raise RuntimeError(f"allclose: {name} must be greater than or equal to zero, but got {bound}")
    try:
        return bool(np.allclose(input._data, other._data, rtol=rtol, atol=atol, equal_nan=equal_nan))
    except ValueError:
        raise broadcast_error("allclose", input.shape, other.shape) from None


def equal(input: Tensor, other: Tensor) -> bool:
    """True if two Tensors have the same shape and elements."""
    _two_tensors("equal", input, other)
    return bool(np.array_equal(input._data, other._data))


def result_type(tensor1: Any, tensor2: Any) -> Any:
    """The dtype that arithmetic on the two, Tensors or numbers, has."""
    for name, given in (("tensor1", tensor1), ("tensor2", tensor2)):
        if not isinstance(given, (Tensor, bool, int, float, np.generic)):
            raise TypeError(f"result_type(): argument {name!r} must be Tensor or Number, not {type(given).__name__}")
    from tinygrad_edu.tensors.dtype import of_numpy
    from tinygrad_edu.tensors.operands import common_type

    return of_numpy(common_type([x._data if isinstance(x, Tensor) else x for x in (tensor1, tensor2)]))


for _name, _function in (
    ("where", lambda self, condition, other: where(condition, self, other)),
    ("allclose", allclose),
    ("equal", equal),
):
    setattr(Tensor, _name, _function)
