"""Applying an operation to Tensors: compute it on their arrays and, where a gradient is wanted, record a node.

``record`` is the general way, and `unary` and `binary` make the short cuts for arithmetic on floats of one type;
all three do the same. The time an operation on a tiny tensor takes is spent in this file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import modes
from tinygrad_edu.errors import DTypeError, broadcast_error
from tinygrad_edu.kernels.numpy import quiet
from tinygrad_edu.ops.registry import NOTHING, SHAPE, WHOLE, Operation
from tinygrad_edu.tensors.data import checked
from tinygrad_edu.tensors.node import Node
from tinygrad_edu.tensors.operands import prepare
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["binary", "method", "record", "unary"]

_f32, _f64 = np.dtype(np.float32), np.dtype(np.float64)
_new = object.__new__


def unary(operation: Any) -> Callable[[Tensor], Tensor]:
    """The method of an elementwise operation with one input and no parameters."""
    forward, saves_input, saves_output = operation.array, operation.saves[0] == WHOLE, operation.saves_output == WHOLE

    def apply(self: Tensor) -> Tensor:
        a = self._data
        dtype = a.dtype
        if dtype is not _f32 and dtype is not _f64:
            return record(operation, (self,), ())
        data = quiet.run(forward, a)
        out = _new(Tensor)
        out._data = data
        out._version = version = [0]
        if self._requires and modes.grad:
            out._requires = True
            out._node = Node(
                operation,
                (self._node or self,),
                (a if saves_input else None,),
                data if saves_output else None,
                (),
                data,
                (self._version,) if saves_input else (version,) if saves_output else (),
                self._version[0] if saves_input else 0,
            )
        else:
            out._requires = False
            out._node = None
        return out

    apply.__doc__ = operation.__doc__
    apply.__name__ = apply.__qualname__ = operation.name
    return apply


def binary(operation: Any) -> Callable[[Tensor, Any], Any]:
    """The operator of an elementwise operation with two inputs."""
    forward, saves_output = operation.array, operation.saves_output == WHOLE
    saves_a, saves_b = (kind == WHOLE for kind in operation.saves)

    def apply(self: Tensor, other: Any) -> Any:
        a = self._data
        dtype = a.dtype
        if dtype is not _f32 and dtype is not _f64:
            return _general(operation, self, other)
        kind = other.__class__
        if kind is Tensor or isinstance(other, Tensor):
            b = other._data
            if b.dtype is not dtype:
                return _general(operation, self, other)
            requires = self._requires or other._requires
        elif kind is float or kind is int:
            b = other
            requires = self._requires
        else:
            return _general(operation, self, other)
        try:
            data = quiet.run(forward, a, b)
        except ValueError:
            raise broadcast_error(operation.name, np.shape(a), np.shape(b)) from None
        out = _new(Tensor)
        out._data = data
        out._version = [0]
        if requires and modes.grad:
            out._requires = True
            counters: tuple[Any, ...] = ()
            version = 0
            if saves_a:
                counters = (self._version,)
                version = self._version[0]
            if b is other:
                source: Any = None
            else:
                source = (other._node or other) if other._requires else None
                if saves_b:
                    counters = (*counters, other._version)
                    version += other._version[0]
            if saves_output:
                counters = (*counters, out._version)
            out._node = Node(
                operation,
                ((self._node or self) if self._requires else None, source),
                (a if saves_a else None, b if saves_b else None),
                data if saves_output else None,
                (),
                data,
                counters,
                version,
            )
        else:
            out._requires = False
            out._node = None
        return out

    apply.__doc__ = operation.__doc__
    apply.__name__ = apply.__qualname__ = operation.name
    return apply


def _general(operation: Operation, self: Tensor, other: Any) -> Any:
    """The operator on anything but two float tensors of one type, or a number."""
    if not isinstance(other, (Tensor, bool, int, float, np.ndarray, np.generic)):
        return NotImplemented
    return record(operation, (self, other), ())


def method(operation: Operation) -> Callable[..., Any]:
    """The method of any operation: its parameters as PyTorch's method takes them."""
    if operation.elementwise and not operation.parameters and operation.rule is not None:
        if operation.arity == 1:
            return unary(operation)

    def apply(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        return record(operation, *operation.bind((self, *args), kwargs))

    apply.__doc__ = operation.__doc__
    apply.__name__ = operation.name
    apply.__wrapped__ = operation.function  # type: ignore[attr-defined]
    return apply


def record(operation: Any, inputs: tuple[Any, ...], params: tuple[Any, ...]) -> Any:
    """Apply an operation to Tensors, numbers and arrays.

    Returns:
        A Tensor, or a tuple of them for an operation with several results (the first one is differentiable).

    Raises:
        ShapeError: shapes that do not fit; DTypeError: types that the operation does not take; DeviceError.
    """
    payloads, requires = [], False
    view = not operation.elementwise and operation.view
    for x in inputs:
        if isinstance(x, Tensor):
            payloads.append(x._array() if view else x._data)  # a view needs memory to look at
            requires = requires or x._requires
        elif isinstance(x, (bool, int, float)):
            payloads.append(x)
        elif isinstance(x, (np.ndarray, np.generic)):
            payloads.append(checked(x))
        else:
            raise TypeError(f"{operation.name}(): expected a Tensor, got {type(x).__name__}")
    arrays = prepare(operation.name, operation.promote, payloads)
    params = plain(params)
    try:
        data = quiet.run(operation.compute, arrays, params)
    except ValueError as error:
        if operation.elementwise:
            raise broadcast_error(operation.name, *(np.shape(a) for a in arrays)) from None
        raise RuntimeError(f"{operation.name}: {error}") from error
    except TypeError as error:
        if "ufunc" in str(error) or "numpy boolean" in str(error):
            types = ", ".join(str(getattr(a, "dtype", type(a).__name__)) for a in arrays)
            raise DTypeError(f"{operation.name}: not defined for {types}: convert with .to() or .float()") from None
        raise
    extra: tuple[Any, ...] = ()
    if data.__class__ is tuple:
        data, *rest = data
        extra = tuple(Tensor._wrap(r) for r in rest)
    out = Tensor._wrap(data)
    if view:
        _share(out, inputs[0])
    if requires and modes.grad and operation.rule is not None and data.dtype.kind == "f":
        out._requires = True
        kinds = operation.saves * len(inputs) if operation.variadic else operation.saves
        saved, counters = [], []
        for x, a, kind in zip(inputs, arrays, kinds, strict=True):
            saved.append(a if kind == WHOLE else np.shape(a) if kind == SHAPE else None)
            if kind == WHOLE and isinstance(x, Tensor) and a is x._data:
                counters.append(x._version)
        kept = None
        if operation.saves_output != NOTHING:
            kept = (data, *(e._data for e in extra)) if extra else data
            counters.append(out._version)
        out._node = Node(
            operation,
            tuple((x._node or x) if isinstance(x, Tensor) and x._requires else None for x in inputs),
            tuple(saved),
            kept,
            params,
            data,
            tuple(counters),
            sum(counter[0] for counter in counters),
        )
    return (out, *extra) if extra else out


def plain(params: tuple[Any, ...]) -> tuple[Any, ...]:
    """Parameters with the Tensors among them (an index, a condition) replaced by their arrays."""
    for p in params:
        if isinstance(p, (Tensor, tuple, list)):
            return tuple(
                p._data if isinstance(p, Tensor) else type(p)(plain(tuple(p))) if type(p) in (tuple, list) else p
                for p in params
            )
    return params


def _share(out: Tensor, source: Any) -> None:
    """Where a result is a view of its input's memory, the two share one version counter."""
    if not isinstance(out._data, np.ndarray) or not isinstance(source, Tensor):
        return
    if np.may_share_memory(out._data, source._data):
        out._version = source._version
        out._base = source._base if source._base is not None else source
