"""The baseline: a scalar autograd engine of the kind most tutorials build, with its three habits kept on
purpose.

1. Every operation stores a closure that captures its own output, so each result is a reference cycle
   (`out -> _backward -> cell -> out`) and only the garbage collector can free a graph.
2. The operands are kept in a set, so `x * x` loses an edge and the operand order is lost.
3. The order of the backward pass comes from a recursion over the graph, so a deep chain hits Python's limit.

It is a yardstick, not a part of the library: `tests/benchmarks` makes sure that it keeps the three habits,
since a baseline without them would make our engine look slower or faster for the wrong reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def nothing() -> None:
    """A leaf has nothing to pass on."""


class Value:
    """A number that remembers how it was made, by closures.

    >>> x = Value(3.0)
    >>> y = x * 2 + 1
    >>> y.backward()
    >>> x.grad
    2.0
    """

    def __init__(self, data: Any, parents: tuple[Value, ...] = (), op: str = "") -> None:
        self.data = data
        self.grad: Any = 0.0
        self._backward: Callable[[], None] = nothing
        self._prev = set(parents)
        self._op = op

    def __add__(self, other: Any) -> Value:
        rhs = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + rhs.data, (self, rhs), "+")

        def backward() -> None:
            self.grad += out.grad
            rhs.grad += out.grad

        out._backward = backward
        return out

    def __mul__(self, other: Any) -> Value:
        rhs = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * rhs.data, (self, rhs), "*")

        def backward() -> None:
            self.grad += rhs.data * out.grad
            rhs.grad += self.data * out.grad

        out._backward = backward
        return out

    def __pow__(self, exponent: float) -> Value:
        out = Value(self.data**exponent, (self,), f"**{exponent}")

        def backward() -> None:
            self.grad += exponent * self.data ** (exponent - 1) * out.grad

        out._backward = backward
        return out

    def relu(self) -> Value:
        """max(0, x); the derivative at 0 is 0."""
        out = Value(self.data if self.data > 0 else 0, (self,), "ReLU")

        def backward() -> None:
            self.grad += (out.data > 0) * out.grad

        out._backward = backward
        return out

    def backward(self) -> None:
        """Add d self / d node to the gradient of every node that self was made from."""
        order: list[Value] = []
        seen: set[Value] = set()

        def visit(node: Value) -> None:
            if node in seen:
                return
            seen.add(node)
            for parent in node._prev:
                visit(parent)
            order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            node._backward()

    # The remaining operators are compositions of the four above, as such engines have them: `a - b` is two
    # nodes and a constant, `a / b` two nodes.
    def __neg__(self) -> Value:
        return self * -1

    def __sub__(self, other: Any) -> Value:
        return self + (-other)

    def __truediv__(self, other: Any) -> Value:
        return self * other**-1

    def __radd__(self, other: Any) -> Value:
        return self + other

    def __rmul__(self, other: Any) -> Value:
        return self * other

    def __rsub__(self, other: Any) -> Value:
        return (-self) + other

    def __rtruediv__(self, other: Any) -> Value:
        return other * self**-1

    def __repr__(self) -> str:
        return f"Value(data={self.data}, grad={self.grad})"
