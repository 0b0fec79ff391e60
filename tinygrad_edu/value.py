"""`Value`: a number (or an array) that remembers how it was made, and can therefore be differentiated.

This is the class to read first. An operation on Values makes a new Value that keeps its inputs and the local
derivative with respect to each of them; `backward` walks from the result to the inputs and applies the chain rule.
Nothing else happens here: what an operation computes, and its derivative, is defined in :mod:`tinygrad_edu.ops`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

from tinygrad_edu.engine.modes import recording
from tinygrad_edu.engine.order import interior, next_sequence, topological
from tinygrad_edu.errors import GradError
from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops import elementwise, index, linalg, reduce, shape
from tinygrad_edu.ops.families import subscribe
from tinygrad_edu.ops.ieee import Float
from tinygrad_edu.ops.operation import SHAPE, Bound, Operation
from tinygrad_edu.ops.payload import array, computed, listed, number, on_arrays, payload

__all__ = ["Value"]

_new = object.__new__


def unary(operation: Any) -> Callable[[Value], Value]:
    """The method that applies a one-input operation."""
    scalar, derivative = operation.scalar, operation.local

    def method(self: Value) -> Value:
        a = self.data
        if a.__class__ is not float or not recording():
            return Value._record(operation, (self,), ())
        try:
            data = scalar(a)
            (da,) = derivative(data, a)
        except ZeroDivisionError:
            return Value._record(operation, (self,), ())
        return _made(data, operation, self, da, None, None)

    method.__doc__ = operation.__doc__
    return method


def binary(operation: Any) -> Callable[[Value, Any], Value]:
    """The method that applies a two-input operation; plain numbers and arrays become Values."""
    scalar, derivatives = operation._array if callable(operation._array) else operation.scalar, operation.local
    if operation is elementwise.div:
        scalar = operation.scalar  # Python's own division raises at 0

    def method(self: Value, other: Any) -> Value:
        if other.__class__ is not Value:
            other = Value._wrap(other)
            if other is NotImplemented:
                return NotImplemented
        a, b = self.data, other.data
        if a.__class__ is not float or b.__class__ is not float or not recording():
            return Value._record(operation, (self, other), ())
        try:
            data = scalar(a, b)
            da, db = derivatives(data, a, b)
        except ZeroDivisionError:
            return Value._record(operation, (self, other), ())
        out = _new(Value)  # written out here and not called: this is where a program of numbers spends its time
        out.data = data
        out.grad = 0.0
        out.name = None
        out._sequence = next_sequence()
        out._by = operation
        out._a = self
        out._da = da
        out._b = other
        out._db = db
        return out

    method.__doc__ = operation.__doc__
    return method


def reflected(method: Callable[[Value, Any], Value]) -> Callable[[Value, Any], Value]:
    """The same operation with the other operand on the left: ``2 - x`` calls ``x.__rsub__(2)``."""

    def swapped(self: Value, other: Any) -> Value:
        other = Value._wrap(other)
        return NotImplemented if other is NotImplemented else method(other, self)

    return swapped


def with_parameters(operation: Operation) -> Callable[..., Value]:
    """The method for an operation that also takes parameters, such as ``sum(dim)``."""

    def method(self: Value, *args: Any, **kwargs: Any) -> Value:
        return Value._record(operation, *operation.bind((self, *args), kwargs))

    method.__doc__ = operation.__doc__
    return method


def compare(symbol: Callable[[Any, Any], Any]) -> Callable[[Value, Any], Any]:
    """A comparison of the data: a bool, or an array of bools."""

    def method(self: Value, other: Any) -> Any:
        if isinstance(other, Value):
            other = other.data
        elif isinstance(other, (list, tuple)):
            other = payload(other)
        return symbol(self.data, other)

    return method


class Value:
    """A node of the graph: a number or an array, with a gradient.

    Args:
        data: an int or float, or an array: nested lists, or an ndarray. Numbers are kept as float, arrays of
            integers as float64.
        name: shown in drawings. (``label=`` is accepted too.)

    Attributes:
        data: the float or ndarray.
        grad: the derivative of what `backward` was called on, with the shape of `data`; 0.0 before. Leaves add up
            over calls of `backward`, nodes between hold the last one.

    >>> x = Value(3.0)
    >>> y = x * x + x
    >>> y.backward()
    >>> y.data, x.grad
    (12.0, 7.0)
    """

    # Two inputs at most, each beside its local derivative: 150 bytes a node, against 250 with tuples.
    __slots__ = ("_a", "_b", "_by", "_da", "_db", "_sequence", "data", "grad", "name")

    _graph_style = "value"  # drawings show each as name, data and gradient
    __array_ufunc__ = None  # so that ndarray * Value asks Value, instead of making an array of objects

    data: Any
    grad: Any
    name: str | None
    _by: Any
    _a: Any
    _b: Any
    _da: Any
    _db: Any

    def __init__(self, data: Any, name: str | None = None, *, label: str | None = None) -> None:
        if data.__class__ is not float:
            if isinstance(data, Value):
                raise TypeError("Value(value): it is a Value already; use its .data for a copy without history")
            data = payload(data)
        self.data = data
        self.grad = 0.0
        self.name = name if name is not None else label
        self._sequence = 0
        self._by = None  # the operation that made it; None for a leaf
        self._a = self._b = None  # its inputs,
        self._da = self._db = None  # and the local derivatives; None where the operation is not elementwise

    # --- recording ---------------------------------------------------------------------------------------------

    @staticmethod
    def _record(operation: Any, inputs: tuple[Any, ...], params: tuple[Any, ...]) -> Any:
        """Apply any operation to any data: the general way, of which `unary` and `binary` are short cuts."""
        values = tuple(x if isinstance(x, Value) else Value(x) for x in inputs)
        payloads = tuple(v.data if v.data.__class__ is float else payload(v.data) for v in values)
        if operation.rule is None:  # a comparison: a plain bool or array, through which nothing is differentiated
            return computed(operation, payloads, params)
        local: Any = (None, None)
        # (A parameter may be an array: a condition.)
        if operation.elementwise and not any(hasattr(p, "dtype") for p in payloads + params):
            data = operation.scalar(*payloads, *params)
            try:
                local = operation.local(data, *payloads, *params)
            except ZeroDivisionError:  # the rule divides by 0: once more, by IEEE 754
                local = operation.local(Float(data), *map(Float, payloads), *params)
            local = tuple(0.0 if d is None else float(d) for d in local)
        else:
            data, local = on_arrays(operation, payloads, params)
        if not recording():
            return Value(data)
        if len(values) > 2:
            raise TypeError(f"{operation.name}: a Value records operations of one or two inputs, got {len(values)}")
        by = Bound(operation, params) if params else operation
        second = values[1] if len(values) == 2 else None
        return _made(data, by, values[0], local[0], second, local[1] if second is not None else None)

    @staticmethod
    def _wrap(other: Any) -> Any:
        """A plain operand as a Value; NotImplemented for what is neither a number nor an array."""
        if isinstance(other, Value):
            return other
        if isinstance(other, (int, float, list, tuple)) or hasattr(other, "__array__"):
            return Value(other)
        return NotImplemented

    # --- the operators, one line each ------------------------------------------------------------------------------

    __add__ = binary(elementwise.add)
    __sub__ = binary(elementwise.sub)
    __mul__ = binary(elementwise.mul)
    __truediv__ = binary(elementwise.div)
    __matmul__ = with_parameters(linalg.matmul)
    _power = binary(elementwise.pow)
    __radd__ = reflected(__add__)
    __rsub__ = reflected(__sub__)
    __rmul__ = reflected(__mul__)
    __rtruediv__ = reflected(__truediv__)
    __rmatmul__ = reflected(__matmul__)
    __rpow__ = reflected(_power)
    __neg__ = unary(elementwise.neg)
    __abs__ = abs = unary(elementwise.abs)
    exp = unary(elementwise.exp)
    log = unary(elementwise.log)
    sqrt = unary(elementwise.sqrt)
    sin = unary(elementwise.sin)
    cos = unary(elementwise.cos)
    tanh = unary(elementwise.tanh)
    sigmoid = unary(elementwise.sigmoid)
    relu = unary(elementwise.relu)
    sum = with_parameters(reduce.sum)
    mean = with_parameters(reduce.mean)
    max = with_parameters(reduce.amax)
    reshape = with_parameters(shape.reshape)
    transpose = with_parameters(shape.transpose)
    __eq__ = compare(operator.eq)
    __ne__ = compare(operator.ne)
    __lt__ = compare(operator.lt)
    __le__ = compare(operator.le)
    __gt__ = compare(operator.gt)
    __ge__ = compare(operator.ge)
    __hash__ = object.__hash__  # by identity: equal numbers are still different nodes

    def __pow__(self, exponent: Any) -> Value:
        """A power; a constant exponent is part of the operation and gets no gradient."""
        if isinstance(exponent, (int, float)):
            return Value._record(elementwise.pow_scalar, (self,), (exponent,))
        return self._power(exponent)

    def __getitem__(self, position: Any) -> Value:
        """An element, a row, a slice ... of an array."""
        if not self.shape:
            raise IndexError("a Value that holds a number cannot be indexed; make it from a list or an array")
        return Value._record(index.getitem, (self,), (position if isinstance(position, tuple) else (position,),))

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a Value that holds a number has no len(), and cannot be iterated over")
        return self.shape[0]

    def __iter__(self) -> Iterator[Value]:
        return (self[i] for i in range(len(self)))

    # --- the chain rule ------------------------------------------------------------------------------------------

    def backward(self, create_graph: bool = False) -> None:
        """Compute the derivative of this Value with respect to every node that it depends on.

        Args:
            create_graph: record the computation of the gradients too, so that they are Values and can be
                differentiated in turn.

        Raises:
            GradError: this Value is an array, not a single number: sum it first.
        """
        if getattr(self.data, "size", 1) != 1:
            raise GradError(
                f"backward: the derivative starts from one number, but this Value has shape {self.shape}; "
                "call .sum() or .mean() first"
            )
        order = interior(self)  # newest first: a node comes after everything that uses it
        for node in order:
            node.grad = 0.0
        one: Any = 1.0 if self.data.__class__ is float else self.data * 0 + 1
        self.grad = self.grad + (Value(one) if create_graph else one)
        for node in order:
            if create_graph:
                node._pass_back(True)
                continue
            if node.data.__class__ is not float or node._da is None:
                kernels.quietly(node._pass_back, False)  # without NumPy's warnings about inf and nan
                continue
            # The chain rule for numbers: what the result gains from an input is the product along the edge.
            gradient = node.grad
            a, b = node._a, node._b
            a.grad += gradient * node._da
            if b is not None:
                b.grad += gradient * node._db

    def _pass_back(self, create_graph: bool) -> None:
        """The chain rule for arrays, and for gradients that are Values themselves."""
        inputs = self._prev
        operation: Any = self._by
        params: tuple[Any, ...] = ()
        if isinstance(operation, Bound):
            operation, params = operation.operation, operation.params
        gradient: Any = self.grad
        if operation.elementwise:
            local = operation.local(self, *inputs, *params) if create_graph else (self._da, self._db)
            shares = [gradient * (0.0 if d is None else d) for d, _ in zip(local, inputs, strict=False)]
        else:
            # A rule that needs only an input's shape is given that, here as in a Tensor's graph.
            arguments = tuple(
                v.shape if kind == SHAPE else v if create_graph else array(v.data)
                for v, kind in zip(inputs, operation.saves, strict=False)
            )
            out = self if create_graph else array(self.data)
            seed = gradient if create_graph else array(gradient)
            shares = operation.gradients(seed, out, arguments, params, inputs)
        for node, share in zip(inputs, shares, strict=True):
            if getattr(share, "shape", ()) != node.shape:
                share = shape.sum_to(share, node.shape)  # the input was broadcast: add up its copies
            # never in place: two inputs may have been handed the same array
            node.grad = node.grad + (share if create_graph else number(share))

    def zero_grad(self) -> None:
        """Set the gradients of this Value and of every node that it depends on back to 0."""
        for node in topological(self):
            node.grad = 0.0

    # --- looking at it ---------------------------------------------------------------------------------------------

    @property
    def _prev(self) -> tuple[Value, ...]:
        """The inputs in their order; one that is used twice stands twice."""
        if self._b is not None:
            return (self._a, self._b)
        return () if self._a is None else (self._a,)

    _inputs = _prev

    @property
    def _op(self) -> str:
        """The operation that made this Value, as text; empty for a leaf."""
        return "" if self._by is None else str(self._by.text)

    @property
    def shape(self) -> tuple[int, ...]:
        """() for a number, the array's shape otherwise."""
        return tuple(getattr(self.data, "shape", ()))

    @property
    def label(self) -> str:
        """The name, or an empty string."""
        return self.name or ""

    @label.setter
    def label(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"Value(data={self.data}, grad={self.grad})"

    def __float__(self) -> float:
        return float(self.data)

    def __bool__(self) -> bool:
        return bool(self.data)

    def draw_graph(self, **options: Any) -> Any:
        """The graph that led to this Value: a ``graphviz.Digraph`` that needs no Graphviz to draw itself.

        The options are those of :func:`tinygrad_edu.viz.draw_graph`: direction, values, max_nodes, highlight ...
        """
        from tinygrad_edu.viz import draw_graph

        return draw_graph(self, **options)

    def _graph_info(self) -> Any:
        from tinygrad_edu.engine.graph import GraphNode

        kind: Any = "leaf" if self._by is None else "op"
        label = None if self._by is None else self._by.label
        grad = self.grad.data if isinstance(self.grad, Value) else self.grad
        return GraphNode(id(self), kind, label, None, self.name, listed(self.data), self.shape, grad=listed(grad))


def _made(data: Any, by: Any, a: Value, da: Any, b: Value | None, db: Any) -> Value:
    """A Value that an operation has made."""
    out = _new(Value)
    out.data = data
    out.grad = 0.0
    out.name = None
    out._sequence = next_sequence()
    out._by, out._a, out._da, out._b, out._db = by, a, da, b, db
    return out


def _attach(operation: Operation) -> None:
    """An operation defined later becomes a method too; those above are written out."""
    name = operation.method_name
    if isinstance(name, str) and not hasattr(Value, name) and not operation.variadic:
        setattr(Value, name, with_parameters(operation))


subscribe(_attach)
