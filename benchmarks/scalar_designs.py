"""Scalar nodes in four designs, each only as much engine as the random graph needs: +, *, relu, backward.

closure       the baseline: a closure per node, parents in a set, recursion (benchmarks/closure_engine.py)
tuples        a node keeps its parents and the local derivatives in two tuples; iterative depth-first order
flat          parents and derivatives are plain slots, ordered by creation number; everything written inline
flat_generic  the same node, operators made from definitions (a rule and its partials) when the class is made
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from operator import attrgetter
from typing import Any

from benchmarks import closure_engine

number = count(1).__next__
by_number = attrgetter("number")


class Tuples:
    """Parents and local derivatives as tuples; backward walks an explicit stack."""

    __slots__ = ("data", "grad", "parents", "partials")

    def __init__(self, data: float, parents: tuple[Any, ...] = (), partials: tuple[float, ...] = ()) -> None:
        self.data, self.grad, self.parents, self.partials = data, 0.0, parents, partials

    def __add__(self, other: Any) -> Tuples:
        other = other if isinstance(other, Tuples) else Tuples(other)
        return Tuples(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Any) -> Tuples:
        other = other if isinstance(other, Tuples) else Tuples(other)
        return Tuples(self.data * other.data, (self, other), (other.data, self.data))

    def relu(self) -> Tuples:
        return Tuples(self.data, (self,), (1.0,)) if self.data > 0 else Tuples(0.0, (self,), (0.0,))

    def backward(self) -> None:
        order: list[Tuples] = []
        seen: set[Tuples] = set()
        stack = [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack.extend((parent, False) for parent in node.parents)
        self.grad = 1.0
        for node in reversed(order):
            grad = node.grad
            for parent, partial in zip(node.parents, node.partials, strict=True):
                parent.grad += partial * grad


class Flat:
    """Two parents, two derivatives in slots; the creation number is the order. Operators spelled out."""

    __slots__ = ("a", "b", "da", "data", "db", "grad", "mark", "number")

    def __init__(self, data: float, a: Any = None, da: float = 0.0, b: Any = None, db: float = 0.0) -> None:
        self.data, self.grad, self.mark, self.number = data, 0.0, 0, number()
        self.a, self.da, self.b, self.db = a, da, b, db

    def __add__(self, other: Any) -> Any:
        if not isinstance(other, Flat):
            other = Flat(other)
        return Flat(self.data + other.data, self, 1.0, other, 1.0)

    def __mul__(self, other: Any) -> Any:
        if not isinstance(other, Flat):
            other = Flat(other)
        return Flat(self.data * other.data, self, other.data, other, self.data)

    def relu(self) -> Any:
        return Flat(self.data, self, 1.0) if self.data > 0 else Flat(0.0, self, 0.0)

    def backward(self) -> None:
        this = self.mark = number()  # a mark newer than any other walk's
        order, stack = [self], [self]
        while stack:
            node = stack.pop()
            a, b = node.a, node.b
            if a is not None and a.mark != this:
                a.mark = this
                order.append(a)
                if a.a is not None:  # interior gradients belong to one pass, leaves add up
                    a.grad = 0.0
                    stack.append(a)
            if b is not None and b.mark != this:
                b.mark = this
                order.append(b)
                if b.a is not None:
                    b.grad = 0.0
                    stack.append(b)
        order.sort(key=by_number, reverse=True)
        self.grad = 1.0
        for node in order:
            a = node.a
            if a is not None:
                grad, b = node.grad, node.b
                a.grad += node.da * grad
                if b is not None:
                    b.grad += node.db * grad


def _binary(rule: Callable[..., float], partials: Callable[..., tuple[float, float]]) -> Callable[..., Any]:
    """An operator of two operands from its definition, as a generic engine makes them."""

    def operator(self: Any, other: Any) -> Any:
        if other.__class__ is not FlatGeneric:
            other = FlatGeneric(other)
        a, b = self.data, other.data
        out = FlatGeneric(rule(a, b))
        out.a, out.b = self, other
        out.da, out.db = partials(out.data, a, b)
        return out

    return operator


def _unary(rule: Callable[..., float], partials: Callable[..., float]) -> Callable[..., Any]:
    def operator(self: Any) -> Any:
        out = FlatGeneric(rule(self.data))
        out.a = self
        out.da = partials(out.data, self.data)
        return out

    return operator


class FlatGeneric:
    """The flat node whose operators come from definitions: a rule and its partial derivatives."""

    __slots__ = ("a", "b", "da", "data", "db", "grad", "mark", "number")

    def __init__(self, data: float) -> None:
        self.data, self.grad, self.mark, self.number = data, 0.0, 0, number()
        self.a: Any = None
        self.b: Any = None
        self.da = self.db = 0.0

    __add__ = _binary(lambda a, b: a + b, lambda out, a, b: (1.0, 1.0))
    __mul__ = _binary(lambda a, b: a * b, lambda out, a, b: (b, a))
    relu = _unary(lambda a: a if a > 0 else 0.0, lambda out, a: 1.0 if a > 0 else 0.0)
    backward = Flat.backward


DESIGNS: dict[str, Any] = {
    "closure": closure_engine.Value,
    "tuples": Tuples,
    "flat": Flat,
    "flat_generic": FlatGeneric,
}
