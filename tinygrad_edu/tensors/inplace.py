"""In-place operations: the result is computed as usual and then written into the Tensor's memory.

The version counter notices the change, so that a graph which saved the old value refuses to use the new one; the
Tensor itself moves on in the graph to the node of the result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import modes
from tinygrad_edu.errors import GradError, ShapeError
from tinygrad_edu.ops.registry import Operation, cases, structured, subscribe
from tinygrad_edu.ops.shape import sum_to
from tinygrad_edu.tensors.data import checked
from tinygrad_edu.tensors.methods import as_index
from tinygrad_edu.tensors.promotion import check_cast
from tinygrad_edu.tensors.record import record
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["write"]


def write(target: Tensor, result: Tensor, operation: str) -> Tensor:
    """Put a result into a Tensor's memory and place in the graph, and return the Tensor.

    Raises:
        GradError: the Tensor is a leaf that needs a gradient, or a view of one; ShapeError, DTypeError: the result
            does not fit. Nothing has been changed then.
    """
    recorded = result._requires and modes.grad
    refuse(target, recorded, operation)
    data = result._data
    if data.shape != target._data.shape:
        raise ShapeError(
            f"output with shape {tuple(target.shape)} doesn't match the broadcast shape {tuple(data.shape)}: "
            f"{operation} works in place, so the result must have the shape of the Tensor it is written to"
        )
    check_cast(operation, data.dtype, target._data.dtype)
    target._array()[...] = data
    target._version[0] += 1
    if recorded:
        target._node, target._requires = result._node, True
    elif target._node is not None and modes.grad:
        target._node, target._requires = None, False  # overwritten by something that has no history
    return target


def refuse(target: Tensor, recorded: bool, operation: str) -> None:
    """Raise for in-place changes that autograd cannot follow."""
    if not modes.grad:
        return
    if target._requires and target._node is None:
        raise GradError(
            f"{operation}: a leaf Variable that requires grad is being used in an in-place operation. Do it under "
            "no_grad() if you mean to update a parameter, or use the operation that makes a new Tensor"
        )
    base = target._base
    if base is not None and (recorded or base._requires or target._requires):
        kind = "a leaf Variable that requires grad" if base._requires and base._node is None else "a recorded Tensor"
        raise GradError(
            f"{operation}: this Tensor is a view of {kind}, and a recorded in-place change of a view is not supported: "
            "clone() it first, or assign through the base"
        )
    array = target._array()
    if not array.flags.writeable or (array.size and 0 in array.strides and array.size > 1):
        raise RuntimeError(
            f"{operation}: unsupported operation: more than one element of the written-to tensor refers to a single "
            "memory location (it was expanded): clone() the tensor first"
        )


def _inplace(operation: Operation) -> Callable[..., Tensor]:
    name = f"{operation.name}_"

    def apply(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        function = getattr(self, operation.name)
        return write(self, function(*args, **kwargs), name)

    apply.__doc__ = f"{operation.__doc__}\n\nThis form writes the result into the Tensor itself."
    return apply


def _augmented(name: str) -> Callable[..., Any]:
    operator = getattr(Tensor, f"__{name}__")

    def apply(self: Tensor, other: Any) -> Any:
        result = operator(self, other)
        return result if result is NotImplemented else write(self, result, f"__i{name}__")

    return apply


@structured(
    method=False,
    grad_name="IndexPutBackward0",
    samples=cases(([(3, 4), (4,)], ((1,),)), ([(3, 4), ()], (([0, 2], 1),))),
    oracle="",
)
def index_put(input: Any, value: Any, /, index: Any) -> Any:
    """A copy of the input with the value, broadcast, in the places that the index names."""
    changed = np.array(input)
    changed[index] = value
    return changed


@index_put.vjp
def _(g: Any, _out: Any, _input: Any, value_shape: Any, index: Any) -> Any:
    def to_input() -> Any:
        return index_put(g, g.sum() * 0, index)

    return to_input, lambda: sum_to(g[index], value_shape)


def _setitem(self: Tensor, position: Any, value: Any) -> None:
    """``x[i] = value``, ``x[mask] = 0``, ``x[:, 1] = row``: the value is converted and broadcast."""
    index = as_index(position, self)
    if not isinstance(value, Tensor):
        value = Tensor._wrap(checked(np.asarray(value, dtype=None if hasattr(value, "dtype") else self._data.dtype)))
    recorded = modes.grad and (value._requires or self._requires)
    refuse(self, recorded, "__setitem__")
    target = self._array()
    places = target[index].shape
    try:
        np.broadcast_to(value._data, places)
    except ValueError:
        while value._data.ndim > len(places) and value._data.shape[0] == 1:
            value = value[0]
        if value._data.shape != places:
            raise ShapeError(
                f"shape mismatch: value tensor of shape {tuple(value.shape)} cannot be broadcast to indexing result of "
                f"shape {tuple(places)}"
            ) from None
    if recorded:
        result = record(index_put, (self, value._cast(target.dtype)), (index,))
        self._node, self._requires = result._node, True
    target[index] = value._data
    self._version[0] += 1


def _zero(self: Tensor) -> Tensor:
    """Fill the Tensor with zeros."""
    return write(self, Tensor._wrap(np.zeros_like(self._data)), "zero_")


def _fill(self: Tensor, value: Any) -> Tensor:
    """Fill the Tensor with one number."""
    number = value.item() if isinstance(value, Tensor) else value
    return write(self, Tensor._wrap(np.full_like(self._data, number)), "fill_")


def _copy(self: Tensor, source: Any, non_blocking: bool = False) -> Tensor:
    """Copy another Tensor's elements here, broadcast and converted."""
    if not isinstance(source, Tensor):
        raise TypeError(f"copy_(): expected a Tensor, got {type(source).__name__}")
    return write(self, source._cast(self._data.dtype).expand(*self._data.shape), "copy_")


def _attach(operation: Operation) -> None:
    if operation.elementwise and operation.rule is not None and isinstance(operation.method_name, str):
        setattr(Tensor, f"{operation.method_name}_", _inplace(operation))


for _name in ("add", "sub", "mul", "truediv", "pow", "and", "or", "xor"):
    setattr(Tensor, f"__i{_name}__", _augmented(_name))
for _name, _function in (("__setitem__", _setitem), ("zero_", _zero), ("fill_", _fill), ("copy_", _copy)):
    setattr(Tensor, _name, _function)
subscribe(_attach)
