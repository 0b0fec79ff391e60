"""Applying an operation to Tensors: compute it on their arrays and, where a gradient is wanted, record a node.

This is the general way; the short cuts for the usual operands are in `shortcuts`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import ndarray

from tinygrad_edu.engine import modes
from tinygrad_edu.engine.modes import recording
from tinygrad_edu.errors import DeviceError, DTypeError, broadcast_error
from tinygrad_edu.kernels.numpy import quietly
from tinygrad_edu.ops.operation import LAYOUT, NOTHING, REST, SHAPE, WHOLE, Absent
from tinygrad_edu.tensors.arguments import misfit_in_parameters
from tinygrad_edu.tensors.data import checked
from tinygrad_edu.tensors.node import NUMBERS, Node, new_node
from tinygrad_edu.tensors.operands import prepare
from tinygrad_edu.tensors.tensor import Tensor
from tinygrad_edu.tensors.untracked import untrack

__all__ = ["finish", "plain", "record", "share"]

_new = object.__new__


def record(operation: Any, inputs: tuple[Any, ...], params: tuple[Any, ...]) -> Any:
    """Apply an operation to Tensors, numbers and arrays.

    Returns:
        A Tensor, or a tuple of them for an operation with several results (the first one is differentiable).

    Raises:
        ShapeError: shapes that do not fit; DTypeError: types that the operation does not take; DeviceError.
    """
    payloads = []
    view = not operation.elementwise and operation.view
    for x in inputs:
        if x.__class__ is Tensor or isinstance(x, Tensor):
            if x._base is not None:
                x._refresh()
            payloads.append(x._array() if view else x._data)  # a view needs memory to look at
        elif isinstance(x, np.generic):  # NumPy's numbers are numbers: they do not widen a Tensor
            payloads.append(checked(x).item())
        elif isinstance(x, (bool, int, float)):
            payloads.append(x)
        elif isinstance(x, np.ndarray):
            payloads.append(checked(x))
        else:
            raise TypeError(f"{operation.name}(): expected a Tensor, got {type(x).__name__}")
    if params:
        params = plain(params)
    promote = operation.promote
    ready = promote == "keep" or (promote == "same" and _floats_alike(payloads))
    arrays = tuple(payloads) if ready else prepare(operation.name, promote, payloads, params)
    return finish(operation, inputs, arrays, params, _compute(operation, arrays, params))


def _floats_alike(payloads: list[Any]) -> bool:
    """Whether all are arrays of one type of floats, as usual: then there is nothing to convert, or to complain of."""
    kind = payloads[0].dtype if payloads[0].__class__ is ndarray else None
    if kind is None or kind.kind != "f":
        return False
    for payload in payloads:
        if payload.__class__ is not ndarray or payload.dtype is not kind:
            return False
    return True


def finish(operation: Any, inputs: tuple[Any, ...], arrays: tuple[Any, ...], params: tuple[Any, ...], data: Any) -> Any:
    """Tensors around what an operation has computed, with a node if a gradient is wanted."""
    extra: tuple[Any, ...] = ()
    if data.__class__ is tuple:
        data, *rest = data
        extra = tuple(Tensor._wrap(r) for r in rest)
    out = _new(Tensor)
    out._data = data
    out._base = None
    out._counter = [0]
    out._node = None
    out._requires = False
    if not operation.elementwise and operation.view:
        share(out, inputs[0], operation)
    for x in inputs:  # (a loop, not any(): this runs for every operation)
        if isinstance(x, Tensor) and x._requires:
            requires = recording() and operation.rule is not None and data.dtype.kind == "f"
            break
    else:
        requires = False
    if requires:
        out._requires = True
        out._node = _node(operation, inputs, arrays, params, out, extra)
    elif modes.inference_used:
        untrack(out)
    return (out, *extra) if extra else out


def _compute(operation: Any, arrays: tuple[Any, ...], params: tuple[Any, ...]) -> Any:
    """The operation on arrays, with NumPy's complaints in our words."""
    try:
        return quietly(operation.compute, arrays, params)
    except DeviceError:  # it says itself what is wrong, which is no parameter's type
        raise
    except Exception as error:
        told = misfit_in_parameters(operation, params)
        if told:
            raise TypeError(told) from None
        if error.__class__ is NotImplementedError and any(hasattr(a, "block") for a in arrays):
            raise NotImplementedError(f"{operation.name} on cuda: {error}") from None
        if isinstance(error, (ValueError, OverflowError)):
            shapes = [np.shape(a) for a in (*arrays, *(p for p in params if isinstance(p, np.ndarray)))]
            if operation.elementwise and not _fit(shapes):
                raise broadcast_error(operation.name, *shapes) from None
            raise RuntimeError(f"{operation.name}: {error}") from error
        if isinstance(error, TypeError) and ("ufunc" in str(error) or "numpy boolean" in str(error)):
            types = ", ".join(str(getattr(a, "dtype", type(a).__name__)) for a in arrays)
            raise DTypeError(f"{operation.name}: not defined for {types}: convert with .to() or .float()") from None
        raise


def _fit(shapes: list[tuple[int, ...]]) -> bool:
    """Whether shapes broadcast."""
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        return False
    return True


def _node(
    operation: Any,
    inputs: tuple[Any, ...],
    arrays: tuple[Any, ...],
    params: tuple[Any, ...],
    out: Tensor,
    extra: tuple[Any, ...],
) -> Node:
    """The node of a recorded operation, with what its rule needs."""
    places = tuple([(x._node or x) if isinstance(x, Tensor) and x._requires else None for x in inputs])
    saves_output, kinds = operation.saving(tuple([place is not None for place in places]))
    saved, counters, version = [], [], 0
    for x, a, kind in zip(inputs, arrays, kinds):  # noqa: B905 - strict costs as much as the rest of this loop
        if kind == WHOLE:
            saved.append(a)
            if isinstance(x, Tensor) and a is x._data:
                counters.append(x._counter)
                version += x._counter[0]
            else:
                counters += NUMBERS
        elif kind == NOTHING:
            saved.append(None)
        elif kind == LAYOUT:
            saved.append(a)
        else:
            saved.append(np.shape(a) if kind == SHAPE else Absent(np.shape(a)))
    kept = None
    if saves_output == REST:  # the first result may be changed in place, as by ReLU(inplace=True) after a norm
        kept = (None, *(e._data for e in extra))
        counters += [e._counter for e in extra]
        version += sum(e._counter[0] for e in extra)
    elif saves_output != NOTHING:
        kept = (out._data, *(e._data for e in extra)) if extra else out._data
        counters.append(out._counter)
        version += out._counter[0]
    if not counters and params:
        counters += kept_arrays(params)
    return new_node(operation, places, tuple(saved), kept, params, out._data, tuple(counters), version)


def kept_arrays(params: tuple[Any, ...]) -> tuple[list[int], ...]:
    """The version counters of the arrays among parameters (masks, positions): none of them changes, all are freed."""
    for param in params:
        if hasattr(param, "dtype") or (param.__class__ is tuple and any(hasattr(part, "dtype") for part in param)):
            return NUMBERS
    return ()


def plain(params: tuple[Any, ...]) -> tuple[Any, ...]:
    """Parameters with the Tensors among them (an index, a condition) replaced by their arrays, and lists copied."""
    return tuple([_without_tensors(p) for p in params]) if _need_care(params) else params


_numbers = {int, bool, float, type(None)}


def _need_care(params: tuple[Any, ...]) -> bool:
    """Whether there are Tensors, or lists (which their owner may change), among the parameters."""
    for p in params:
        kind = p.__class__
        if kind in _numbers:
            continue
        if kind is list or (_need_care(p) if kind is tuple else isinstance(p, Tensor)):
            return True
    return False


def _without_tensors(p: Any) -> Any:
    kind = p.__class__
    return kind(map(_without_tensors, p)) if kind is tuple or kind is list else p._data if isinstance(p, Tensor) else p


def _one_block(a: Any, b: Any) -> bool:
    """Whether two arrays of the GPU lie in one block of its memory."""
    return hasattr(a, "block") and a.block is getattr(b, "block", None)


def share(out: Tensor, source: Any, operation: Any) -> bool:
    """Where a result is a view of its input's memory, the two share one version counter. Says whether it is one.

    The view remembers its base, so that it can follow the base through in-place changes.
    """
    data, memory = out._data, source._data
    base = source._base
    looked = data.base if data.__class__ is ndarray else None
    if (
        (looked is None and data.__class__ is not ndarray and _one_block(data, memory))
        or looked is memory
        or data is memory
        or (
            looked is not None
            and (
                looked is memory.base
                or np.may_share_memory(data, (source if base is None else base)._data)  # strided at will
            )
        )
    ):
        out._counter = source._counter
        if base is None:
            base = source
        out._base = base
        if base._history:
            out._seen = base._history
        if operation.several:
            out._unrecorded = operation.several
        elif source._unrecorded:
            out._unrecorded = source._unrecorded
        elif not recording():
            out._unrecorded = "no_grad"
        return True
    return False
