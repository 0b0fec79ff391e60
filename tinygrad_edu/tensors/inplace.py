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
from tinygrad_edu.errors import DeviceError, GradError, ShapeError
from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.index import getitem
from tinygrad_edu.ops.operation import Operation
from tinygrad_edu.ops.registry import cases, structured, subscribe
from tinygrad_edu.ops.shape import sum_to
from tinygrad_edu.ops.views import beside, lies
from tinygrad_edu.tensors import methods
from tinygrad_edu.tensors.data import checked, fits
from tinygrad_edu.tensors.device import one_device
from tinygrad_edu.tensors.indexing import as_index, check_types, integers_first
from tinygrad_edu.tensors.node import Node, new_node
from tinygrad_edu.tensors.promotion import check_cast
from tinygrad_edu.tensors.record import record
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["may_change", "write"]

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
    if hasattr(data, "block") and not hasattr(target._data, "block"):
        raise DeviceError(
            "Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu! "
            f"{operation} writes to a Tensor of the CPU: give it .cpu()"
        )
    check_cast(operation, data.dtype, target._data.dtype)
    if not result._requires and target._requires and recording():  # what was there does not count any more
        result = record(index_put, (target, result._cast(target._data.dtype)), ((Ellipsis,),))
        data = result._data
    _keep_old(target, result._node)
    target._array()[...] = data
    moved(target, result)
    _keep_new(target, result, result._node)
    return target


def _keep_old(target: Tensor, node: Node | None) -> None:
    """Where the rule of ``y *= x`` has saved y itself, it gets a copy: y is about to change.

    (Not where y stands for x too, in ``y *= y``: PyTorch refuses that on the way back, and so do we.)
    """
    if node is None or not node.saved or node.saved[0] is not target._data:
        return
    node.saved = (target._data.copy(), *node.saved[1:])
    counters, shared = list(node.counters), target._counter
    counters[next(i for i, counter in enumerate(counters) if counter is shared)] = [0]  # the copy's own counter
    node.counters = tuple(counters)
    node.version -= shared[0]


def _keep_new(target: Tensor, result: Tensor, node: Node | None) -> None:
    """Where the rule has saved its result, that is the Tensor now: changes that follow will be noticed."""
    if node is None or node.out is not result._data or node.out.dtype != target._data.dtype:
        return
    if node.operation.name == "div":  # PyTorch's rule keeps the operands instead, so its result may change
        return
    node.out = target._data
    node.counters = tuple(target._counter if counter is result._counter else counter for counter in node.counters)
    node.version += target._counter[0]


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
    params = (lies(target._array()), lies(base._array()))
    base._move(new_node(write_view, places, (None, None), None, params, base._data, (), 0), True)
    base._history += 1
    target._refresh()


@structured(method=False, grad_name="CopySlices", oracle="")
def write_view(input: Any, value: Any, /, view: Any, base: Any) -> Any:
    """A copy of the input, a base, in which a view of it is replaced by the value.

    Args:
        view: how the view lies in memory: its size, its strides and its offset, in elements.
        base: how the base lies there.
    """
    changed = np.copy(input, order="C")
    places = _places(view, base)
    inside = places >= 0
    if hasattr(value, "strides") and value.ndim:
        value = np.broadcast_to(value, places.shape)[inside]
    changed.reshape(-1)[places[inside]] = value
    return changed


def _places(view: Any, base: Any) -> Any:
    """Where the elements of the view stand in the base, row by row; -1: not in the base."""
    return kernels.flat_places(*base[:2], *view[:2], view[2] - base[2])


@write_view.vjp
def _(g: Any, _out: Any, _input: Any, _value: Any, view: Any, base: Any) -> Any:
    def to_value() -> Any:
        places = _places(view, base)
        share = getitem(g.reshape(math.prod(g.shape)), (places,))
        return share * beside(places >= 0, share) if (places < 0).any() else share

    return lambda: write_view(g, 0.0, view, base), to_value


def _written(make: Any) -> Any:
    by_rows = ((3, 4), (4, 1), 0)
    yield (make(3, 4), make(4)), (((4,), (1,), 4), by_rows)  # a row
    yield (make(3, 4), make(2, 3)), (((2, 3), (2, 4), 1), by_rows)  # columns
    # a base whose columns lie one after the other, in memory with room before and behind it
    yield (make(2, 3), make(2, 2)), (((2, 2), (3, 1), 1), ((2, 3), (1, 2), 2))


write_view.samples = _written


def refuse(target: Tensor, recorded: bool, operation: str) -> None:
    """Raise for memory that cannot be written to, and for in-place changes that autograd cannot follow."""
    _memory(target, target._data, operation)  # (a NumPy scalar has none that others could see; it is given some)
    may_change(target, recorded, operation)


def _memory(target: Tensor, part: Any, operation: str) -> None:
    """Raise if a part of a Tensor's array cannot be written to."""
    if 0 in part.strides and part.size:
        if any(stride == 0 and size > 1 for stride, size in zip(part.strides, part.shape, strict=True)):
            raise RuntimeError(
                f"{operation}: unsupported operation: more than one element of the written-to tensor refers to a "
                "single memory location (it was expanded): clone() the tensor first"
            )
    if isinstance(part, np.ndarray) and not _writeable(target):
        raise RuntimeError(f"{operation}: this Tensor's memory is read-only (it came from such an array): clone() it")


def _writeable(target: Tensor) -> bool:
    """Whether a Tensor's memory may be written to. (NumPy locks what it expands, and every part of that.)"""
    array, base = target._data, target._base
    if not array.flags.writeable and base is not None and base._array().flags.writeable:
        array.flags.writeable = True
    return bool(array.flags.writeable)


def may_change(target: Tensor, recorded: bool, operation: str) -> None:
    """Raise for in-place changes that autograd cannot follow.

    Raises:
        GradError: the Tensor is an inference tensor, a leaf that requires grad, a view of one, or a view that was not
            recorded as one.
    """
    if target.is_inference() and not is_inference_mode_enabled():
        raise GradError(
            f"{operation}: Inplace update to inference tensor outside InferenceMode is not allowed. You can make a "
            "clone to get a normal tensor before doing inplace update."
        )
    if not recording():
        return
    if target._unrecorded and (recorded or target._base._requires):
        raise GradError(f"{operation}: {target._unrecorded_because('and is being modified inplace')}")
    target._refresh()
    if target._requires and target._node is None:
        raise GradError(
            f"{operation}: a leaf Variable that requires grad is being used in an in-place operation. Do it under "
            "no_grad() if you mean to update a parameter, or use the operation that makes a new Tensor"
        )
    base = target._base
    if base is not None and base._requires and base._node is None:
        raise GradError(
            f"{operation}: a view of a leaf Variable that requires grad is being used in an in-place operation. Do it "
            "under no_grad() if you mean to update a parameter, or clone() first"
        )


def refuse_overlap(target: Tensor, sources: tuple[Any, ...], operation: str) -> None:
    """Raise where a Tensor would be written while a shifted or turned view of the same memory is read.

    As PyTorch, this asks for the ranges of memory, and only of Tensors whose elements fill theirs.
    """
    for source in sources:
        if not isinstance(source, Tensor) or source._counter is not target._counter or source is target:
            continue
        a, b = target._array(), source._array()
        if not a.size or not b.size or not (_dense(a) and _dense(b)):
            continue
        start, other = kernels.address(a), kernels.address(b)
        if start == other and a.size == b.size and a.strides == b.strides:
            continue
        if start < other + b.nbytes and other < start + a.nbytes:
            raise RuntimeError(
                f"{operation}: unsupported operation: some elements of the input tensor and the written-to tensor "
                "refer to a single memory location. Please clone() the tensor before performing the operation."
            )


def _dense(array: np.ndarray[Any, Any]) -> bool:
    """Whether an array's elements fill a range of memory, each place once, in any order."""
    expected = array.itemsize
    for stride, size in sorted(zip(array.strides, array.shape, strict=True)):
        if size != 1:
            if stride != expected:
                return False
            expected *= size
    return True


def _inplace(operation: Operation) -> Callable[..., Tensor]:
    name = f"{operation.name}_"

    def apply(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if args:
            refuse_overlap(self, args, name)
        function = getattr(self, operation.name)
        return write(self, function(*args, **kwargs), name)

    apply.__doc__ = f"{operation.__doc__}\n\nThis form writes the result into the Tensor itself."
    return apply


def _augmented(name: str) -> Callable[..., Any]:
    operator = getattr(Tensor, f"__{name}__")

    def apply(self: Tensor, other: Any) -> Any:
        if other.__class__ is Tensor and other._counter is self._counter:
            refuse_overlap(self, (other,), f"__i{name}__")
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
    changed = np.copy(input)
    changed[index] = value
    return changed


@index_put.vjp
def _(g: Any, _out: Any, _input: Any, value_shape: Any, index: Any) -> Any:
    def to_input() -> Any:
        return index_put(g, 0.0, index)

    return to_input, lambda: sum_to(g[index], value_shape)


def _setitem(self: Tensor, position: Any, value: Any) -> None:
    """``x[i] = value``, ``x[mask] = 0``, ``x[:, 1] = row``: the value is converted and broadcast."""
    index = as_index(position, self)
    given = isinstance(value, Tensor)
    apart = integers_first(index)
    if apart is not None:
        return _setitem(self[apart[0]], apart[1], value)
    if not isinstance(value, Tensor):
        if value is None:
            raise TypeError(f"__setitem__: can't assign a NoneType to a Tensor of {self.dtype}; write nan")
        if isinstance(value, (bool, int, float)):
            value = fits(value, self._data.dtype, "__setitem__")
        try:
            array = np.asarray(value, dtype=None if hasattr(value, "dtype") else self._data.dtype)
        except (ValueError, TypeError):
            raise TypeError(f"__setitem__: can't assign a {type(value).__name__} to a Tensor of {self.dtype}") from None
        value = Tensor._wrap(checked(array))
    else:
        check_types("__setitem__", self, value, index)
    if value._data.ndim and value.device != self.device:
        if given and any(hasattr(item, "dtype") for item in index):
            one_device("index_put_", self._data, value._data)
        value = value.to(self.device)
    recorded = recording() and (value._requires or self._requires)
    may_change(self, recorded, "__setitem__")
    target = self._array()
    region = target[index]
    looks = not any(hasattr(item, "dtype") for item in index)  # at a part of the memory; arrays pick copies
    _memory(self, region if looks else target, "__setitem__")
    if looks and value._counter is self._counter:
        refuse_overlap(self[index], (value,), "__setitem__")
    places = region.shape
    while value._data.ndim > len(places) and value._data.shape[0] == 1:
        value = value[0]
    try:
        np.broadcast_to(value._data, places)
    except ValueError:
        raise ShapeError(
            f"shape mismatch: value tensor of shape {tuple(value.shape)} cannot be broadcast to indexing result of "
            f"shape {tuple(places)}"
        ) from None
    if recorded and looks and 0 in target.strides:
        write(self[index], value._cast(target.dtype).expand(places), "__setitem__")  # all that share it change
    elif recorded:
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
    filled = _all_the_same(self, 0, "zero_")
    return _overwrite(self, 0, "zero_") if filled is None else filled


def _all_the_same(self: Tensor, number: Any, operation: str) -> Tensor | None:
    """An expanded Tensor, filled with one number: its elements may share their memory. None for another Tensor."""
    array = self._data
    if (recording() and self.requires_grad) or 0 not in array.strides or not _writeable(self):
        return None
    may_change(self, False, operation)
    array[...] = number
    self._counter[0] += 1
    return self


def _fill(self: Tensor, value: Any) -> Tensor:
    """Fill the Tensor with one number."""
    if isinstance(value, Tensor) and value._data.ndim:
        raise RuntimeError(f"fill_ only supports 0-dimension value tensor but got tensor with {value.ndim} dimensions")
    if isinstance(value, (bool, int, float)):
        value = fits(value, self._data.dtype, "fill_")
        filled = _all_the_same(self, value, "fill_")
        if filled is not None:
            return filled
    return _overwrite(self, value, "fill_")


def _copy(self: Tensor, source: Any, non_blocking: bool = False) -> Tensor:
    """Copy another Tensor's elements here, broadcast and converted."""
    if isinstance(source, (bool, int, float)):
        return _fill(self, source)
    if not isinstance(source, Tensor):
        raise TypeError(f"copy_(): argument 'other' (position 1) must be Tensor, not {type(source).__name__}")
    refuse_overlap(self, (source,), "copy_")
    source = source._placed(self.device, non_blocking)
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
