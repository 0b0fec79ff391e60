"""Short cuts: what :func:`tinygrad_edu.tensors.record.record` does, for the operands that are usual, in less time.

Each takes an operation and returns a method in which everything that can be known beforehand has been looked up.
Operands that are not float Tensors of one type go the general way. The time that an operation on a tiny Tensor takes
is spent in this file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import ndarray

from tinygrad_edu.engine import modes
from tinygrad_edu.engine.modes import recording
from tinygrad_edu.errors import broadcast_error
from tinygrad_edu.kernels.numpy import quiet
from tinygrad_edu.ops.operation import NOTHING, SHAPE, WHOLE, Absent, Operation
from tinygrad_edu.tensors.node import NUMBERS, new_node
from tinygrad_edu.tensors.promotion import sum_result
from tinygrad_edu.tensors.record import finish, kept_arrays, plain, record, share
from tinygrad_edu.tensors.tensor import Tensor
from tinygrad_edu.tensors.untracked import untrack

__all__ = ["binary", "method", "pair", "single", "unary", "view"]

_f32, _f64 = np.dtype(np.float32), np.dtype(np.float64)
_new = object.__new__


def unary(operation: Any) -> Callable[[Tensor], Tensor]:
    """The method of an elementwise operation with one input and no parameters."""
    forward, saves_input, saves_output = operation.array, operation.saves[0] == WHOLE, operation.saves_output == WHOLE

    def apply(self: Tensor) -> Tensor:
        if self._base is not None:
            self._refresh()
        a = self._data
        dtype = a.dtype
        if dtype is not _f32 and dtype is not _f64:
            return record(operation, (self,), ())
        try:
            data = quiet.run(forward, a)
        except RuntimeError:
            return record(operation, (self,), ())
        out = _new(Tensor)
        out._data = data
        out._base = None
        out._counter = version = [0]
        if self._requires and recording():
            out._requires = True
            out._node = new_node(
                operation,
                (self._node or self,),
                (a if saves_input else None,),
                data if saves_output else None,
                (),
                data,
                (self._counter,) if saves_input else (version,) if saves_output else (),
                self._counter[0] if saves_input else 0,
            )
        else:
            out._requires = False
            out._node = None
            if modes.inference_used:
                untrack(out)
        return out

    apply.__doc__ = operation.__doc__
    apply.__name__ = apply.__qualname__ = operation.name
    return apply


def binary(operation: Any) -> Callable[[Tensor, Any], Any]:
    """The operator of an elementwise operation with two inputs."""
    forward = operation.array
    # what has to be saved (of the output, and of the inputs) where both want a gradient, or one of them
    both, first, second = (_flags(operation, needs) for needs in ((True, True), (True, False), (False, True)))

    def apply(self: Tensor, other: Any) -> Any:
        if self._base is not None:
            self._refresh()
        a = self._data
        dtype = a.dtype
        if dtype is not _f32 and dtype is not _f64:
            return _general(operation, self, other)
        kind = other.__class__
        if kind is Tensor or isinstance(other, Tensor):
            if other._base is not None:
                other._refresh()
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
        except RuntimeError:
            return record(operation, (self, other), ())
        out = _new(Tensor)
        out._data = data
        out._base = None
        out._counter = [0]
        if requires and recording():
            out._requires = True
            mine = (self._node or self) if self._requires else None
            if b is other:
                saves_out, (saves_a, saves_b) = first
                theirs: Any = None
            elif other._requires:
                saves_out, (saves_a, saves_b) = second if mine is None else both
                theirs = other._node or other
            else:
                saves_out, (saves_a, saves_b) = first
                theirs = None
            counters: tuple[Any, ...] = ()
            version = 0
            if saves_a:
                if saves_b and b is not other:
                    counters = (self._counter, other._counter)
                    version = self._counter[0] + other._counter[0]
                else:
                    counters = (self._counter,)
                    version = self._counter[0]
            elif saves_b:
                if b is other:
                    counters = NUMBERS
                else:
                    counters = (other._counter,)
                    version = other._counter[0]
            if saves_out:
                counters = (*counters, out._counter)
            out._node = new_node(
                operation,
                (mine, theirs),
                (a if saves_a else None, b if saves_b else None),
                data if saves_out else None,
                (),
                data,
                counters,
                version,
            )
        else:
            out._requires = False
            out._node = None
            if modes.inference_used:
                untrack(out)
        return out

    apply.__doc__ = operation.__doc__
    apply.__name__ = apply.__qualname__ = operation.name
    return apply


def _flags(operation: Any, needs: tuple[bool, bool]) -> tuple[bool, tuple[bool, ...]]:
    saves_output, kinds = operation.saving(needs)
    return saves_output == WHOLE, tuple(kind == WHOLE for kind in kinds)


def _general(operation: Operation, self: Tensor, other: Any) -> Any:
    """The operator on anything but two float tensors of one type, or a number."""
    if not isinstance(other, (Tensor, bool, int, float, np.ndarray, np.generic)):
        return NotImplemented
    return record(operation, (self, other), ())


def _kept(a: Any, kind: int) -> Any:
    """What is saved of an input."""
    if kind == WHOLE:
        return a
    return None if kind == NOTHING else np.shape(a) if kind == SHAPE else Absent(np.shape(a))


def single(operation: Any) -> Callable[[Tensor, tuple[Any, ...]], Any]:
    """Apply an operation with one input to it and the parameters, among which there are no Tensors (see `plain`)."""
    function = operation.array if operation.elementwise else operation.function

    def apply(self: Tensor, params: tuple[Any, ...]) -> Any:
        if self._base is not None:
            self._refresh()
        a = self._data
        dtype = a.dtype
        if dtype is not _f32 and dtype is not _f64:
            return record(operation, (self,), params)
        try:
            data = quiet.run(function, a, *params)
        except Exception:
            return record(operation, (self,), params)  # fails again, and says so in our words
        if data.__class__ is tuple:
            return finish(operation, (self,), (a,), params, data)
        out = _new(Tensor)
        out._data = data
        out._base = None
        out._counter = [0]
        if self._requires and data.dtype is dtype and recording() and operation.rule is not None:
            kind, saves_output = operation.saves[0], operation.saves_output == WHOLE
            counters: tuple[Any, ...] = ()
            version = 0
            if kind == WHOLE:
                counters, version = (self._counter,), self._counter[0]
            if saves_output:
                counters = (*counters, out._counter)
            out._requires = True
            out._node = new_node(
                operation,
                (self._node or self,),
                (a.shape if kind == SHAPE else _kept(a, kind),),
                data if saves_output else None,
                params,
                data,
                counters,
                version,
            )
        else:
            out._requires = False
            out._node = None
            if modes.inference_used:
                untrack(out)
        return out

    return apply


def view(operation: Any) -> Callable[[Tensor, tuple[Any, ...]], Any]:
    """The same for an operation that looks at its input's memory: it computes nothing, and takes any type."""
    function = operation.function

    def apply(self: Tensor, params: tuple[Any, ...]) -> Any:
        if self._base is not None:
            self._refresh()
        a = self._data
        if a.__class__ is not ndarray:
            a = self._array()  # a view needs memory to look at
        try:
            data = function(a, *params)
        except Exception:
            return record(operation, (self,), params)  # fails again, and says so in our words
        out = _new(Tensor)
        out._data = data
        out._base = None
        out._node = None
        out._requires = False
        shares = share(out, self, operation)
        if not shares:
            out._counter = [0]
        if self._requires and recording():
            kind = operation.saves[0]
            out._requires = True
            kept = a.shape if kind == SHAPE else _kept(a, kind)
            counters = () if shares else kept_arrays(params)
            out._node = new_node(operation, (self._node or self,), (kept,), None, params, data, counters, 0)
        elif modes.inference_used:
            untrack(out)
        return out

    return apply


def pair(operation: Any) -> Callable[[Tensor, Any], Any]:
    """The method of a structured operation with two inputs and no parameters, such as a matrix product."""
    function = operation.function
    cases = {needs: operation.saving(needs) for needs in ((True, True), (True, False), (False, True))}

    def apply(self: Tensor, other: Any) -> Any:
        if other.__class__ is not Tensor and not isinstance(other, Tensor):  # (a Parameter is one)
            return _general(operation, self, other)
        if self._base is not None:
            self._refresh()
        if other._base is not None:
            other._refresh()
        a, b = self._data, other._data
        dtype = a.dtype
        if b.dtype is not dtype or (dtype is not _f32 and dtype is not _f64):
            return record(operation, (self, other), ())
        try:
            data = quiet.run(function, a, b)
        except RuntimeError:
            return record(operation, (self, other), ())
        out = _new(Tensor)
        out._data = data
        out._base = None
        out._counter = [0]
        mine, theirs = self._requires, other._requires
        if not (mine or theirs) or not recording():
            out._requires = False
            out._node = None
            if modes.inference_used:
                untrack(out)
            return out
        saves_output, (kind_a, kind_b) = cases[mine, theirs]
        counters, version = [], 0
        for kind, counter in ((kind_a, self._counter), (kind_b, other._counter), (saves_output, out._counter)):
            if kind == WHOLE:
                counters.append(counter)
                version += counter[0]
        out._requires = True
        out._node = new_node(
            operation,
            ((self._node or self) if mine else None, (other._node or other) if theirs else None),
            (_kept(a, kind_a), _kept(b, kind_b)),
            data if saves_output else None,
            (),
            data,
            tuple(counters),
            version,
        )
        return out

    apply.__doc__ = operation.__doc__
    apply.__name__ = apply.__qualname__ = operation.name
    return apply


# Ways of promoting (see `operands`) that leave a single float32 or float64 input as it is.
_UNCHANGED = {"keep", "sum", "float", "floating", "numeric", "same", "alike", "difference", "arithmetic"}


def method(operation: Any) -> Callable[..., Any]:
    """The method of any operation: its parameters as PyTorch's method takes them."""
    if operation.elementwise and not operation.parameters and operation.rule is not None:
        if operation.arity == 1:
            return unary(operation)

    if not operation.elementwise and operation.arity == 1 and not operation.variadic:
        if operation.promote in _UNCHANGED:
            call, casts, bind = (view if operation.view else single)(operation), operation.casts, operation.bind
            usual = operation.completed(1)

            def apply(self: Tensor, *args: Any, **kwargs: Any) -> Any:
                if usual is not None and not args and not kwargs:
                    return call(self, usual)
                if kwargs and casts and "dtype" in kwargs:
                    self, wanted, kwargs = _converted(self, **kwargs)
                    # (sums of small integers and bools are int64; modulo the smaller type they are the same)
                    return call(self, plain(bind((self, *args), kwargs)[1]))._cast(wanted)
                return call(self, plain(bind((self, *args), kwargs)[1]))

            return _named(apply, operation)

    def general(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        return record(operation, *operation.bind((self, *args), kwargs))

    return _named(general, operation)


def _converted(x: Tensor, dtype: Any = None, **rest: Any) -> tuple[Tensor, Any, dict[str, Any]]:
    """What ``sum(..., dtype=float64)`` is taken of, the type of its result, and the other arguments."""
    if dtype is None:
        return x, sum_result(x._data.dtype), rest
    x = x.to(dtype)
    return x, x._data.dtype, rest


def _named(apply: Any, operation: Operation) -> Callable[..., Any]:
    apply.__doc__ = operation.__doc__
    apply.__name__ = operation.name
    apply.__wrapped__ = operation.function
    return apply
