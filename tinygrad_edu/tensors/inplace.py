"""In-place operations: the result is computed as usual and then written into the Tensor's memory.

The version counter notices the change, so that a graph which saved the old value refuses to use the new one; the
Tensor itself moves on in the graph to the node of the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import is_inference_mode_enabled, recording
from tinygrad_edu.errors import GradError, ShapeError
from tinygrad_edu.ops.index import getitem
from tinygrad_edu.ops.registry import Operation, cases, structured, subscribe
from tinygrad_edu.ops.shape import sum_to, transpose
from tinygrad_edu.tensors import methods
from tinygrad_edu.tensors.data import checked
from tinygrad_edu.tensors.indexing import as_index, integers_first
from tinygrad_edu.tensors.node import Node, new_node
from tinygrad_edu.tensors.promotion import check_cast
from tinygrad_edu.tensors.record import record
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["write"]

assert methods  # it gives Tensor the operators whose in-place forms are made here


def write(target: Tensor, result: Tensor, operation: str) -> Tensor:
    """Put a result into a Tensor's memory and place in the graph, and return the Tensor.

    Raises:
        GradError: the Tensor is a leaf that needs a gradient, or a view of one; ShapeError, DTypeError: the result
            does not fit. Nothing has been changed then.
    """
    refuse(target, result._requires, operation)
    data = result._data
    if data.shape != target._data.shape:
        raise ShapeError(
            f"output with shape {tuple(target.shape)} doesn't match the broadcast shape {tuple(data.shape)}: "
            f"{operation} works in place, so the result must have the shape of the Tensor it is written to"
        )
    check_cast(operation, data.dtype, target._data.dtype)
    _keep_old(target, result._node)
    target._array()[...] = data
    moved(target, result)
    return target


def _keep_old(target: Tensor, node: Node | None) -> None:
    """Where the rule of ``y *= x`` has saved y itself, it gets a copy: y is about to change."""
    if node is None or node.saved is None or not any(kept is target._data for kept in node.saved):
        return
    old, shared = target._data.copy(), target._counter
    counters = list(node.counters)
    for kept in node.saved:
        at = [i for i, counter in enumerate(counters) if counter is shared] if kept is target._data else []
        if at:
            counters[at[0]] = [0]  # the copy's own counter
            node.version -= shared[0]
    node.saved = tuple(old if kept is target._data else kept for kept in node.saved)
    node.counters = tuple(counters)


def moved(target: Tensor, result: Tensor) -> None:
    """The Tensor's memory has changed to `result`: count it, and move the Tensor in the graph if that is recorded."""
    target._counter[0] += 1
    if not (result._requires and recording()):
        return
    base = target._base
    if result._data.dtype != target._data.dtype:
        result = result._cast(target._data.dtype)
    if base is None:
        target._move(result._node, True)
        target._history += 1  # views of it will notice
        return
    # The base is now what it was, with the view's part replaced. Its views, this one too, follow when next used.
    places = tuple(t._node or t if t._requires else None for t in (base, result))
    base._move(new_node(write_view, places, (None, None), None, (target._chain,), base._data, (), 0), True)
    base._history += 1
    target._refresh()


def _places(shape: tuple[int, ...], chain: tuple[Any, ...]) -> Any:
    """Where the elements of a view stand in its base, row by row: the view of the positions."""
    positions = np.arange(math.prod(shape)).reshape(shape)
    for operation, params in chain:
        positions = operation.compute((positions,), params)
    return positions


@structured(method=False, grad_name="CopySlices", oracle="")
def write_view(input: Any, value: Any, /, chain: Any) -> Any:
    """A copy of the input in which the view that `chain` leads to is replaced by the value."""
    changed = np.array(input, order="C")
    changed.reshape(-1)[_places(changed.shape, chain)] = value
    return changed


@write_view.vjp
def _(g: Any, _out: Any, _input: Any, _value: Any, chain: Any) -> Any:
    def to_value() -> Any:
        # as_strided counts places in memory: the gradient's must lie as the base's do
        share = methods.contiguous_copy(g) if any(operation.name == "as_strided" for operation, _ in chain) else g
        for operation, params in chain:
            share = operation(share, *params)
        return share

    return lambda: write_view(g, to_value() * 0, chain), to_value


def _written(make: Any) -> Any:
    yield (make(3, 4), make(4)), (((getitem, ((1, Ellipsis),)),),)
    yield (make(2, 3), make(3)), (((transpose, (0, 1)), (getitem, ((slice(None), 1, Ellipsis),))),)


write_view.samples = _written


def refuse(target: Tensor, recorded: bool, operation: str) -> None:
    """Raise for in-place changes that autograd cannot follow."""
    array = target._data  # (a NumPy scalar has no memory that others could see; it is given some when written)
    if any(stride == 0 and size > 1 for stride, size in zip(array.strides, array.shape, strict=True)) and array.size:
        raise RuntimeError(
            f"{operation}: unsupported operation: more than one element of the written-to tensor refers to a single "
            "memory location (it was expanded): clone() the tensor first"
        )
    if isinstance(array, np.ndarray) and not array.flags.writeable:
        raise RuntimeError(f"{operation}: this Tensor's memory is read-only (it came from such an array): clone() it")
    if target.is_inference() and not is_inference_mode_enabled():
        raise GradError(
            f"{operation}: Inplace update to inference tensor outside InferenceMode is not allowed. You can make a "
            "clone to get a normal tensor before doing inplace update."
        )
    if not recording():
        return
    target._refresh()
    if target._requires and target._node is None:
        raise GradError(
            f"{operation}: a leaf Variable that requires grad is being used in an in-place operation. Do it under "
            "no_grad() if you mean to update a parameter, or use the operation that makes a new Tensor"
        )
    base = target._base
    if base is None:
        return
    if base._requires and base._node is None:
        raise GradError(
            f"{operation}: a view of a leaf Variable that requires grad is being used in an in-place operation. Do it "
            "under no_grad() if you mean to update a parameter, or clone() first"
        )
    if target._unrecorded and (recorded or base._requires):
        raise GradError(
            f"{operation}: a view was created in no_grad mode and is being modified inplace with grad mode enabled: "
            "make the view and the change in the same mode"
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
    grad_name="CopySlices",
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
    apart = integers_first(index)
    if apart is not None:
        return _setitem(self[apart[0]], apart[1], value)
    if not isinstance(value, Tensor):
        if value is None:
            raise TypeError(f"__setitem__: can't assign a NoneType to a Tensor of {self.dtype}; write nan")
        try:
            array = np.asarray(value, dtype=None if hasattr(value, "dtype") else self._data.dtype)
        except (ValueError, TypeError):
            raise TypeError(f"__setitem__: can't assign a {type(value).__name__} to a Tensor of {self.dtype}") from None
        value = Tensor._wrap(checked(array))
    recorded = recording() and (value._requires or self._requires)
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
        target[index] = value._data
        moved(self, result)
    else:
        target[index] = value._data
        self._counter[0] += 1


def _overwrite(self: Tensor, value: Any, operation: str) -> Tensor:
    """Every element replaced: the old ones get no gradient any more."""
    return write(self, record(index_put, (self, value), ((Ellipsis,),)), operation)


def _zero(self: Tensor) -> Tensor:
    """Fill the Tensor with zeros."""
    return _overwrite(self, 0, "zero_")


def _fill(self: Tensor, value: Any) -> Tensor:
    """Fill the Tensor with one number."""
    if isinstance(value, Tensor) and value._data.ndim:
        raise RuntimeError(f"fill_ only supports 0-dimension value tensor but got tensor with {value.ndim} dimensions")
    return _overwrite(self, value, "fill_")


def _copy(self: Tensor, source: Any, non_blocking: bool = False) -> Tensor:
    """Copy another Tensor's elements here, broadcast and converted."""
    if not isinstance(source, Tensor):
        raise TypeError(f"copy_(): expected a Tensor, got {type(source).__name__}")
    return _overwrite(self, source._cast(self._data.dtype).expand(self._data.shape), "copy_")


def _attach(operation: Operation) -> None:
    # (A rule comes after the operation: it cannot say yet whether this one has a derivative.)
    if (
        operation.elementwise
        and operation.promote not in ("compare", "keep")
        and isinstance(operation.method_name, str)
    ):
        setattr(Tensor, f"{operation.method_name}_", _inplace(operation))


for _name in ("add", "sub", "mul", "truediv", "pow", "and", "or", "xor"):
    setattr(Tensor, f"__i{_name}__", _augmented(_name))
for _name, _function in (("__setitem__", _setitem), ("zero_", _zero), ("fill_", _fill), ("copy_", _copy)):
    setattr(Tensor, _name, _function)
subscribe(_attach)
