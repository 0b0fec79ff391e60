"""Tensor nodes in several designs, each only as much engine as `y = y * w + b`, `sum` and `backward` need.

numpy_floor         the same arithmetic with the backward pass written by hand: what no engine can beat
closure             a closure per result that captures the result (cycles), recursion
function_ctx        a Function subclass per operation with a context object, as PyTorch's Python API shows it
static_id           Tensor is its own node: static backward function, tuple of inputs, creation number
node_edges          Tensor points to a Node(operation, inputs, saved payloads, parameters, number)
node_edges_errstate the same, every ufunc inside a contextvars.Context where NumPy's warnings are off
All of them broadcast: a gradient is summed back to its input's shape where the shapes differ.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from itertools import count
from operator import attrgetter
from typing import Any

import numpy as np

number = count(1).__next__
by_number = attrgetter("number")
LENGTH = 20  # of the chain
OPERATIONS = 2 * LENGTH + 1
SIZE = 4


def fit(grad: Any, shape: tuple[int, ...]) -> Any:
    """Sum a gradient back to the shape that was broadcast."""
    if grad.shape == shape:
        return grad
    lead = grad.ndim - len(shape)
    axes = tuple(range(lead)) + tuple(i + lead for i, n in enumerate(shape) if n == 1)
    return np.add.reduce(grad, axis=axes).reshape(shape)


def newest_first(root: Any) -> list[Any]:
    """Every node that `root` was made from, by creation number."""
    seen, order, stack = {root}, [root], [root]
    while stack:
        for parent in stack.pop().inputs:
            if parent is not None and parent not in seen:
                seen.add(parent)
                order.append(parent)
                stack.append(parent)
    order.sort(key=by_number, reverse=True)
    return order


class ClosureTensor:
    """micrograd's design with arrays."""

    def __init__(self, data: Any, parents: tuple[Any, ...] = ()) -> None:
        self.data, self.parents = data, parents
        self.grad: Any = None
        self.run: Callable[[], None] = lambda: None

    def collect(self, grad: Any) -> None:
        grad = fit(grad, self.data.shape)
        self.grad = grad if self.grad is None else self.grad + grad

    def __mul__(self, other: ClosureTensor) -> ClosureTensor:
        out = ClosureTensor(self.data * other.data, (self, other))

        def run() -> None:
            self.collect(out.grad * other.data)
            other.collect(out.grad * self.data)

        out.run = run
        return out

    def __add__(self, other: ClosureTensor) -> ClosureTensor:
        out = ClosureTensor(self.data + other.data, (self, other))

        def run() -> None:
            self.collect(out.grad)
            other.collect(out.grad)

        out.run = run
        return out

    def sum(self) -> ClosureTensor:
        out = ClosureTensor(np.add.reduce(self.data, axis=None), (self,))

        def run() -> None:
            self.collect(np.broadcast_to(out.grad, self.data.shape))

        out.run = run
        return out

    def backward(self) -> None:
        order: list[ClosureTensor] = []
        seen: set[ClosureTensor] = set()

        def visit(node: ClosureTensor) -> None:
            if node not in seen:
                seen.add(node)
                for parent in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        self.grad = np.ones_like(self.data)
        for node in reversed(order):
            node.run()


class Recorded:
    """A Tensor that is its own node; the subclasses differ in what they keep of an operation."""

    __slots__ = ("data", "grad", "inputs", "kept", "number", "rule")

    def __init__(self, data: Any, rule: Any = None, inputs: tuple[Any, ...] = (), kept: Any = None) -> None:
        self.data, self.grad, self.rule, self.inputs, self.kept = data, None, rule, inputs, kept
        self.number = number()

    def grads(self, grad: Any) -> Any:
        return self.rule(grad, self)

    def backward(self) -> None:
        order = newest_first(self)
        self.grad = np.ones_like(self.data)
        for node in order:
            if node.rule is None:
                continue
            for parent, grad in zip(node.inputs, node.grads(node.grad), strict=True):
                grad = fit(grad, parent.data.shape)
                parent.grad = grad if parent.grad is None else parent.grad + grad
            node.grad = None


class StaticTensor(Recorded):
    """A module-level function knows the derivative and reads the operands from the node."""

    __slots__ = ()

    def __mul__(self, other: Any) -> Any:
        return StaticTensor(self.data * other.data, _mul_rule, (self, other))

    def __add__(self, other: Any) -> Any:
        return StaticTensor(self.data + other.data, _add_rule, (self, other))

    def sum(self) -> Any:
        return StaticTensor(np.add.reduce(self.data, axis=None), _sum_rule, (self,))


def _mul_rule(grad: Any, node: Any) -> Any:
    a, b = node.inputs
    return grad * b.data, grad * a.data


def _add_rule(grad: Any, node: Any) -> Any:
    return grad, grad


def _sum_rule(grad: Any, node: Any) -> Any:
    return (np.broadcast_to(grad, node.inputs[0].data.shape),)


class Context:
    """What a Function saves between forward and backward."""

    def __init__(self) -> None:
        self.saved: tuple[Any, ...] = ()

    def save_for_backward(self, *arrays: Any) -> None:
        self.saved = arrays


class Function:
    """PyTorch's shape of an operation: two static methods and a context."""

    forward: Any
    backward: Any

    @classmethod
    def apply(cls, *tensors: Any) -> Any:
        context = Context()
        data = cls.forward(context, *[t.data for t in tensors])
        return FunctionTensor(data, cls, tensors, context)


class Mul(Function):
    @staticmethod
    def forward(context: Context, *arrays: Any) -> Any:
        context.save_for_backward(*arrays)
        return arrays[0] * arrays[1]

    @staticmethod
    def backward(context: Context, grad: Any) -> Any:
        a, b = context.saved
        return grad * b, grad * a


class Add(Function):
    @staticmethod
    def forward(context: Context, *arrays: Any) -> Any:
        return arrays[0] + arrays[1]

    @staticmethod
    def backward(context: Context, grad: Any) -> Any:
        return grad, grad


class Sum(Function):
    @staticmethod
    def forward(context: Context, *arrays: Any) -> Any:
        context.save_for_backward(arrays[0].shape)
        return np.add.reduce(arrays[0], axis=None)

    @staticmethod
    def backward(context: Context, grad: Any) -> Any:
        return (np.broadcast_to(grad, context.saved[0]),)


class FunctionTensor(Recorded):
    """A Tensor made by a Function."""

    __slots__ = ()

    def grads(self, grad: Any) -> Any:
        return self.rule.backward(self.kept, grad)

    def __mul__(self, other: Any) -> Any:
        return Mul.apply(self, other)

    def __add__(self, other: Any) -> Any:
        return Add.apply(self, other)

    def sum(self) -> Any:
        return Sum.apply(self)


class Node:
    """One recorded operation; an input is another Node or the node of a leaf."""

    __slots__ = ("inputs", "leaf", "number", "operation", "params", "saved", "shapes")

    def __init__(self, operation: Any, inputs: Any, saved: Any, shapes: Any, params: Any, leaf: Any = None) -> None:
        self.operation, self.inputs, self.saved, self.shapes = operation, inputs, saved, shapes
        self.params, self.leaf, self.number = params, leaf, number()


class Operation:
    """A definition: how to compute, the derivatives, and what they need."""

    __slots__ = ("compute", "keep", "vjp")

    def __init__(self, compute: Any, vjp: Any, keep: bool) -> None:
        self.compute, self.vjp, self.keep = compute, vjp, keep


MUL = Operation(np.multiply, lambda g, saved, params: (g * saved[1], g * saved[0]), True)
ADD = Operation(np.add, lambda g, saved, params: (g, g), False)
SUM = Operation(lambda a: np.add.reduce(a, axis=None), lambda g, saved, params: (np.broadcast_to(g, params),), False)
quiet = copy_context()
quiet.run(np.seterr, all="ignore")


def plainly(function: Any, *arrays: Any) -> Any:
    return function(*arrays)


class NodeTensor:
    """Payload and a pointer to the node; `kind` stands for the promotion test of a real Tensor."""

    __slots__ = ("_data", "_node", "grad", "kind", "requires_grad")
    run: Any = None

    def __init__(self, data: Any, requires_grad: bool = False) -> None:
        self._data, self.requires_grad, self.kind = data, requires_grad, data.dtype
        self._node: Any = None
        self.grad: Any = None

    def edge(self) -> Any:
        if self._node is None and self.requires_grad:
            self._node = Node(None, (), None, (), None, self)
        return self._node

    def apply2(self, operation: Operation, other: NodeTensor) -> Any:
        a, b = self._data, other._data
        if self.kind is not other.kind:
            raise TypeError("promotion is not part of this prototype")
        run = self.run
        data = operation.compute(a, b) if run is None else run(operation.compute, a, b)
        cls = self.__class__
        out = cls.__new__(cls)
        out._data, out.kind, out.grad = data, self.kind, None
        if self.requires_grad or other.requires_grad:
            saved = (a, b) if operation.keep else None
            out._node = Node(operation, (self.edge(), other.edge()), saved, (a.shape, b.shape), None)
            out.requires_grad = True
        else:
            out._node, out.requires_grad = None, False
        return out

    def __mul__(self, other: Any) -> Any:
        return self.apply2(MUL, other)

    def __add__(self, other: Any) -> Any:
        return self.apply2(ADD, other)

    def sum(self) -> Any:
        out = self.__class__(SUM.compute(self._data), self.requires_grad)
        shape = self._data.shape
        out._node = Node(SUM, (self.edge(),), None, (shape,), shape)
        return out

    def backward(self) -> None:
        order = newest_first(self._node)
        pending = {self._node: np.ones_like(self._data)}
        run = self.run or plainly
        for node in order:
            grad = pending.pop(node)
            if node.leaf is not None:
                leaf = node.leaf
                leaf.grad = grad if leaf.grad is None else leaf.grad + grad
                continue
            grads = run(node.operation.vjp, grad, node.saved, node.params)
            for parent, shape, part in zip(node.inputs, node.shapes, grads, strict=True):
                if parent is not None:
                    part = part if part.shape == shape else fit(part, shape)
                    old = pending.get(parent)
                    pending[parent] = part if old is None else old + part


class QuietNodeTensor(NodeTensor):
    """NodeTensor whose array work runs with NumPy's floating-point warnings off."""

    __slots__ = ()
    run = staticmethod(quiet.run)


def engine_step(make: Callable[[Any], Any]) -> tuple[Callable[[], Any], int]:
    """The workload for an engine: 20 times y = y * w + b, the sum, backward; clears the leaves' gradients."""
    x, w, b = (make(np.full(SIZE, v, dtype=np.float32)) for v in (1.0, 0.9, 0.1))

    def step() -> Any:
        x.grad = w.grad = b.grad = None
        y = x
        for _ in range(LENGTH):
            y = y * w + b
        y.sum().backward()
        return w.grad

    return step, OPERATIONS


def numpy_step() -> tuple[Callable[[], Any], int]:
    """The floor: forward keeps the states in a list, backward is the chain rule by hand."""
    x, w, b = (np.full(SIZE, v, dtype=np.float32) for v in (1.0, 0.9, 0.1))

    def step() -> Any:
        states, y = [], x
        for _ in range(LENGTH):
            states.append(y)
            y = y * w + b
        y.sum()
        grad = np.ones_like(y)
        w_grad, b_grad = np.zeros_like(w), np.zeros_like(b)
        for state in reversed(states):
            b_grad = b_grad + grad
            w_grad = w_grad + grad * state
            grad = grad * w
        return w_grad

    return step, OPERATIONS


STEPS: dict[str, Callable[[], tuple[Callable[[], Any], int]]] = {
    "numpy_floor": numpy_step,
    "closure": lambda: engine_step(ClosureTensor),
    "function_ctx": lambda: engine_step(FunctionTensor),
    "static_id": lambda: engine_step(StaticTensor),
    "node_edges": lambda: engine_step(lambda a: NodeTensor(a, True)),
    "node_edges_errstate": lambda: engine_step(lambda a: QuietNodeTensor(a, True)),
}
