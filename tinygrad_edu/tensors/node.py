"""What a Tensor remembers of how it was made: the operation, its inputs' places in the graph, and what its rule needs.

A node refers to the nodes of its inputs (a leaf Tensor is its own), never to its own output and never to a closure:
reference counting frees a graph as soon as nobody holds its result.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import cache
from types import FunctionType
from typing import Any

from numpy import dtype, ndarray

from tinygrad_edu.engine import anomaly
from tinygrad_edu.engine.backward import backpropagate
from tinygrad_edu.engine.modes import record_gradients
from tinygrad_edu.engine.order import next_sequence
from tinygrad_edu.engine.saving import Packed, current_hooks
from tinygrad_edu.errors import GradError
from tinygrad_edu.kernels import kernels
from tinygrad_edu.kernels.devices import possible, to_host
from tinygrad_edu.kernels.numpy import quiet
from tinygrad_edu.ops.elementwise import choose
from tinygrad_edu.ops.operation import WHOLE
from tinygrad_edu.ops.shape import sum_to
from tinygrad_edu.tensors.dtype import of_numpy
from tinygrad_edu.tensors.hooks import Hooks
from tinygrad_edu.tensors.place import Place

__all__ = ["NUMBERS", "Node", "backward_pass", "new_node"]

# The version counter of what nobody can change: of a number. A node that keeps one frees it as everything else, so
# that a second backward pass through ``x * 2`` is refused as PyTorch refuses it.
NUMBERS: tuple[list[int], ...] = ([0],)

_new = object.__new__
_BOOL = dtype(bool)
_GPU = possible()  # where there can be none, nothing is asked about devices


class Node(Place):
    """One recorded operation.

    Attributes:
        operation: its definition, with the rule.
        params: its parameters (a dim, an exponent, ...).
        shape, dtype: of its output, as NumPy has them.
    """

    __slots__ = (
        "__weakref__",
        "_hooks",
        "_inputs",
        "_metadata",  # not set before it is used
        "_sequence",
        "block",  # set where the output lives on a GPU, as arrays there have it
        "counters",
        "dtype",
        "operation",
        "out",
        "params",
        "saved",
        "shape",
        "version",
    )

    operation: Any
    saved: Any
    out: Any
    params: tuple[Any, ...]
    shape: tuple[int, ...]
    dtype: Any
    counters: tuple[Any, ...]
    version: int
    _hooks: Hooks | None
    _sequence: int
    block: bool

    # --- what the backward pass asks for ---------------------------------------------------------------------------

    def _backward(self, gradient: Any, create_graph: bool, retain_graph: bool) -> Sequence[Any]:
        """One gradient per input, None for constants. Arrays in and out, or recorded Tensors with create_graph.

        The caller has switched NumPy's floating-point warnings off (see :func:`backward_pass`).
        """
        saved, counters = self.saved, self.counters
        shares: Sequence[Any]
        if saved is None:
            raise self._freed()
        if counters:
            version = 0
            for counter in counters:
                version += counter[0]
            if version != self.version:
                raise self._changed(version)
        if create_graph:
            shares = self._recorded(gradient)
        elif self.operation.elementwise:
            # The rule gives local derivatives; the chain rule multiplies the gradient by them.
            # (Written out for one input and for two: this is the hottest place of all.)
            inputs, operation = self._inputs, self.operation
            if not operation.plain:
                shares = self._particular(gradient, saved)
            elif len(inputs) == 1:
                shares = (_chain(inputs[0], gradient, operation.rule(self.out, *saved, *self.params)),)
            elif len(inputs) == 2:
                (a, b), (da, db) = inputs, operation.rule(self.out, *saved, *self.params)
                shares = (
                    None if a is None else _chain(a, gradient, da),
                    None if b is None else _chain(b, gradient, db),
                )
            else:
                shares = [
                    None if source is None else _chain(source, gradient, d)
                    for source, d in zip(inputs, operation.rule(self.out, *saved, *self.params), strict=True)
                ]
        else:
            inputs = self._inputs
            shares = self.operation.gradients(gradient, self.out, saved, self.params, inputs)
            if len(inputs) == 1:
                (share,) = shares
                shares = (None if share is None else _fit(inputs[0], share),)
            else:
                shares = [
                    None if source is None or share is None else _fit(source, share)
                    for source, share in zip(inputs, shares, strict=True)
                ]
        if counters and not retain_graph:  # a second pass is then an error; rules that need nothing can run again
            self.saved = self.out = None
        return shares

    def _particular(self, gradient: Any, saved: Any) -> list[Any]:
        """The shares of an operation that does not just multiply: one with a kernel of its own, or a gate."""
        operation, inputs = self.operation, self._inputs
        if operation.back is not None:
            kept = saved[0] if self.out is None else self.out
            return [_fit(inputs[0], operation.multiplied(gradient, kept, self.params))]
        return [
            None if s is None else _chain(s, kernels.kept_where(gradient * d, d != 0), 1)
            for s, d in zip(inputs, operation.local(self.out, *saved, *self.params), strict=True)
        ]

    def _recorded(self, gradient: Any) -> list[Any]:
        """The same with Tensors, which record what the rule computes."""
        operation, inputs = self.operation, self._inputs
        saved, out = self._rewrap()
        if operation.elementwise:
            local = operation.derivatives(out, *saved, *self.params)
            local = [
                d() if s is not None and d.__class__ is FunctionType else d for s, d in zip(inputs, local, strict=True)
            ]
            gate = operation.gate
            shares = [None if s is None else _times(gradient, d, gate) for s, d in zip(inputs, local, strict=True)]
        else:
            shares = operation.gradients(gradient, out, saved, self.params, inputs)
        return [
            None if source is None or share is None else _fit_recorded(source, share)
            for source, share in zip(inputs, shares, strict=True)
        ]

    def _freed(self) -> GradError:
        return GradError(
            f"Trying to backward through the graph a second time: {self.name()} has freed what it saved. "
            "Say retain_graph=True in the first backward() (or autograd.grad()) if you need two passes, or "
            "compute the result anew; a loop that grows must detach() what it carries over."
        )

    def _changed(self, version: int) -> GradError:
        return GradError(
            "one of the variables needed for gradient computation has been modified by an inplace operation: what "
            f"{self.name()} saved is at version {version}; expected version {self.version}. Use the operation that "
            "makes a new tensor, or clone() before the change."
        )

    def _rewrap(self) -> tuple[tuple[Any, ...], Any]:
        """The saved arrays as Tensors that stand where the originals stood in the graph."""
        lift = Place.lift
        saved = [
            lift(kept, source) if hasattr(kept, "dtype") else kept
            for kept, source in zip(self.saved, self._inputs, strict=True)
        ]
        out = self.out
        if out.__class__ is tuple:
            out = (None if out[0] is None else lift(out[0], self), *out[1:])
        elif out is not None:
            out = lift(out, self)
        return tuple(saved), out

    # --- what PyTorch shows of a grad_fn ---------------------------------------------------------------------------

    @property
    def _function(self) -> Node:
        """This node for a user, under a class of its operation's name: ``type(y.grad_fn).__name__``.

        PyTorch has a class for every operation. Here a node gets one when it is first looked at, so that recording pays
        nothing for it.
        """
        name = self.name()
        if self.__class__.__name__ != name:
            self.__class__ = _class_named(name, self.__class__)  # type: ignore[arg-type]
        return self

    @property
    def _data(self) -> Node:
        """What has this node's shape and type, for those who ask a place that is no plain `Node`."""
        return self

    def name(self) -> str:
        """The name PyTorch prints: ``MulBackward0``."""
        name = self.operation.grad_name
        return name if isinstance(name, str) else name(self)

    @property
    def input_shapes(self) -> list[Any]:
        """The shapes of the inputs; None for constants, which are not part of the graph."""
        return [None if s is None else s.shape if s.__class__ is Node else s._data.shape for s in self._inputs]

    def _graph_info(self) -> Any:
        from tinygrad_edu.engine.graph import GraphNode

        names = self.operation.parameters
        return GraphNode(
            key=id(self),
            kind="op",
            op=self.operation.label.format(*self.params),
            op_name=self.name(),
            shape=tuple(self.shape),
            dtype=repr(of_numpy(self.dtype)).removeprefix("torch."),
            attrs={name: value for name, value in zip(names, self.params, strict=False) if not hasattr(value, "dtype")},
            saved=tuple(
                (name, tuple(kept.shape))
                for name, kept in zip(self.operation.input_names, self.saved or (), strict=False)
                if hasattr(kept, "shape")
            ),
        )


@cache
def _class_named(name: str, base: type[Node]) -> type[Node]:
    """The class under which users see the nodes of an operation; one for each name."""
    return type(name, (base,), {"__slots__": (), "__doc__": base.__doc__, "__module__": base.__module__})


def new_node(
    operation: Any,
    inputs: tuple[Any, ...],
    saved: tuple[Any, ...],
    out: Any,
    params: tuple[Any, ...],
    data: Any,
    counters: tuple[Any, ...],
    version: int,
) -> Node:
    """A node for what `operation` has computed. (A function, since a class with ``__init__`` takes twice the time.)

    Args:
        inputs: the places of the inputs in the graph, None for constants.
        saved, out: what the rule needs of the inputs and of the output.
        data: the output, for its shape and type.
        counters: the version counters of what is saved.
        version: their sum now. Counters only grow, so any change shows.
    """
    node = _new(Node)
    node.operation = operation
    node._inputs = inputs
    node.saved = saved
    node.out = out
    node.params = params
    node.shape = data.shape
    node.dtype = data.dtype
    node.counters = counters
    node.version = version
    node._hooks = None
    node._sequence = next_sequence()
    if _GPU and hasattr(data, "block"):
        node.block = True
    if anomaly.observed:
        _observe(node)
    return node


def _observe(node: Node) -> None:
    """Mark a new node in anomaly mode, and hand what it saves to the hooks for that."""
    if anomaly.enabled:
        node._mark()
    hooks = current_hooks()
    if hooks is None:
        return
    kinds = node.operation.saving(tuple([source is not None for source in node._inputs]))[1]
    saved = [
        Packed(Place.lift(a), hooks) if kind == WHOLE and hasattr(a, "dtype") else a
        for a, kind in zip(node.saved, kinds, strict=True)
    ]
    out = node.out
    if out.__class__ is tuple:
        out = tuple([Packed(Place.lift(a), hooks) for a in out])
    elif out is not None:
        out = Packed(Place.lift(out), hooks)
    if out is not None or any(a.__class__ is Packed for a in saved):
        node.saved, node.out, node.counters, node.version = tuple(saved), out, (), 0
        node.__class__ = PackedNode


class PackedNode(Node):
    """A node whose saved Tensors went through hooks: they are unpacked while its rule runs."""

    __slots__ = ()

    def _backward(self, gradient: Any, create_graph: bool, retain_graph: bool) -> Sequence[Any]:
        saved, out = self.saved, self.out
        if saved is None:
            raise self._freed()
        self.saved = tuple([_opened(a, source) for a, source in zip(saved, self._inputs, strict=True)])
        self.out = tuple([_opened(a, self) for a in out]) if out.__class__ is tuple else _opened(out, self)
        try:
            return super()._backward(gradient, create_graph, True)
        finally:
            self.saved, self.out = (saved, out) if retain_graph else (None, None)


def _opened(kept: Any, place: Any) -> Any:
    if kept.__class__ is not Packed:
        return kept
    return kept.open(None if place is None else place.shape if isinstance(place, Node) else place._data.shape)


def _chain(source: Any, gradient: Any, d: Any) -> Any:
    """The gradient times the local derivative, in the shape and type of the input."""
    kind = d.__class__
    if kind is ndarray:
        share = gradient * d if d.dtype is not _BOOL else kernels.kept_where(gradient, d)
    elif kind is int and (d == 1 or d == -1):  # nothing to multiply by
        share = gradient if d == 1 else -gradient
    elif kind is FunctionType:
        return _chain(source, gradient, d())
    elif d is None:
        return None
    elif getattr(d, "dtype", None) is _BOOL:  # a number, or an array of the GPU
        share = kernels.kept_where(gradient, d)
    else:
        share = gradient * d
    target = source if source.__class__ is Node else source._data
    if share.shape != target.shape:
        share = kernels.sum_to(share, target.shape)
    if share.dtype is not target.dtype:
        share = share.astype(target.dtype)
    return _brought_home(share, target) if _GPU else share


def _brought_home(share: Any, target: Any) -> Any:
    """The gradient of a number of the CPU that was used beside Tensors of a GPU, on the CPU."""
    return to_host(share) if hasattr(share, "block") and not hasattr(target, "block") else share


def _times(gradient: Any, d: Any, gate: bool) -> Any:
    """The gradient times the local derivative, recorded."""
    condition = getattr(d, "_data", d)
    if getattr(condition, "dtype", None) is _BOOL:
        return choose(gradient, 0.0, condition)
    return choose(gradient * d, 0.0, d != 0) if gate else gradient * d


def _fit(source: Any, share: Any) -> Any:
    """A gradient in the shape and type of the input that it belongs to."""
    target = source if source.__class__ is Node else source._data
    if share.shape != target.shape:
        share = kernels.sum_to(share, target.shape)
    if share.dtype is not target.dtype:
        share = share.astype(target.dtype)
    return _brought_home(share, target) if _GPU else share


def _fit_recorded(source: Any, share: Any) -> Any:
    target = source if source.__class__ is Node else source._data
    if tuple(share.shape) != target.shape:
        share = sum_to(share, target.shape)
    if _GPU and hasattr(share._data, "block") and not hasattr(target, "block"):
        share = share.cpu()
    return share if share._data.dtype == target.dtype else share._cast(target.dtype)


def backward_pass(roots: Sequence[Any], seeds: Sequence[Any], create_graph: bool, **options: Any) -> dict[Any, Any]:
    """The engine's backward pass over Tensors' nodes, in a context where NumPy gives no floating-point warnings.

    The context is a copy, because passes nest: a hook may call backward().
    """
    caught: dict[Any, Any] = quiet.context.copy().run(_pass, roots, seeds, create_graph, options)
    return caught


def _pass(roots: Sequence[Any], seeds: Sequence[Any], create_graph: bool, options: dict[str, Any]) -> Any:
    record_gradients(create_graph)  # for rules and hooks alike; the context is thrown away afterwards
    return backpropagate(roots, seeds, add=operator.add, create_graph=create_graph, **options)
