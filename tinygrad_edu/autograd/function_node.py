"""The node of a custom function: what its `forward` keeps, and how its `backward` takes part in the pass.

A function may have several outputs, but the pass hands every node one gradient. So each of several outputs has a small
node of its own, `Output`, that passes its gradient on to the function's node under its number: `Shares` add up there.
"""

# mypy: disable-error-code="misc"
from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.engine import anomaly
from tinygrad_edu.engine.order import next_sequence
from tinygrad_edu.engine.saving import Packed, current_hooks
from tinygrad_edu.errors import GradError, ShapeError
from tinygrad_edu.tensors.dtype import of_numpy
from tinygrad_edu.tensors.hooks import Hooks
from tinygrad_edu.tensors.inplace import moved, refuse
from tinygrad_edu.tensors.node import Node
from tinygrad_edu.tensors.place import Place
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["FunctionNode", "Output", "finish"]


class Form(NamedTuple):
    """What a gradient of an output looks like."""

    shape: tuple[int, ...]
    dtype: Any


class Shares:
    """Gradients of some of a function's outputs, by number."""

    __slots__ = ("by_output",)

    def __init__(self, by_output: dict[int, Any]) -> None:
        self.by_output = by_output

    def __add__(self, other: Shares) -> Shares:
        both = dict(self.by_output)
        for index, gradient in other.by_output.items():
            held = both.get(index)
            both[index] = gradient if held is None else held + gradient
        return Shares(both)


class Output(Place):
    """One of several outputs of a custom function."""

    __slots__ = ("__weakref__", "_data", "_hooks", "_index", "_inputs", "_metadata", "_sequence")

    def __init__(self, function: FunctionNode, index: int) -> None:
        self._inputs = (function,)
        self._index = index
        self._data = function._forms[index]
        self._hooks: Hooks | None = None
        self._sequence = next_sequence()

    @property
    def _function(self) -> Any:
        return self._inputs[0]

    def name(self) -> str:
        """The function's."""
        return str(self._function.name())

    def _backward(self, gradient: Any, create_graph: bool, retain_graph: bool) -> Sequence[Any]:
        return (Shares({self._index: gradient}),)

    def _watched(self, gradient: Any, create_graph: bool, retain_graph: bool) -> Sequence[Any]:
        return self._backward(gradient, create_graph, retain_graph)

    def _graph_info(self) -> Any:
        return _info(self, f"output {self._index}", self._data)


class Saved(NamedTuple):
    """A Tensor that was kept: its array, where it stood, and whether it has been changed since."""

    array: Any
    counter: list[int]
    version: int
    place: Any  # a node or a leaf; None for a constant
    output: int | None  # the number of the output that it is: the node cannot refer to that, only make one like it


class FunctionNode(Place):
    """The ``ctx`` of `forward` and `backward`; attributes may be set on it freely.

    Attributes:
        needs_input_grad: for each argument, whether it wants a gradient.
    """

    _forward_cls: Any
    _hooks: Hooks | None = None
    _saved: tuple[Saved | None, ...] | None = ()
    _materialize = True
    _data: Form  # of the only output
    _several = False

    def __init__(self, args: tuple[Any, ...]) -> None:
        self._is_tensor = tuple([isinstance(x, Tensor) for x in args])
        self.needs_input_grad = tuple([isinstance(x, Tensor) and x._requires for x in args])
        self._to_save: tuple[Any, ...] = ()
        self._dirty: tuple[Any, ...] = ()
        self._non_differentiable: tuple[Any, ...] = ()
        self._forms: list[Any] = []
        self._made: list[Any] = []  # weak references to the outputs' nodes
        self._inputs = ()
        self._sequence = 0

    def name(self) -> str:
        """The name PyTorch prints: ``CubeBackward``."""
        return type(self).__name__

    # --- for forward -----------------------------------------------------------------------------------------------

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep Tensors (or None) for `backward`; only this way a change in place is noticed, and nothing leaks."""
        for i, x in enumerate(tensors):
            if x is not None and not isinstance(x, Tensor):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument {i} is of type {type(x).__name__}: keep "
                    "other things as attributes (ctx.n = n)"
                )
        self._to_save = tensors

    def mark_dirty(self, *args: Any) -> None:
        """Say which inputs `forward` changes in place; it must return them."""
        self._dirty = args

    def mark_non_differentiable(self, *args: Any) -> None:
        """Say which outputs have no derivative; `backward` gets zeros for them."""
        self._non_differentiable = args

    def set_materialize_grads(self, value: bool) -> None:
        """Whether `backward` gets zeros (the default) or None for an output that nothing depends on."""
        self._materialize = bool(value)

    # --- for backward ----------------------------------------------------------------------------------------------

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What `save_for_backward` kept.

        Raises:
            GradError: the graph has been freed, or one of the Tensors has been changed in place.
        """
        if self._saved is None:
            raise GradError(
                "Trying to backward through the graph a second time (or directly access saved tensors after they have "
                f"already been freed): {self.name()} has freed what it saved. Say retain_graph=True in the first pass."
            )
        tensors: list[Any] = []
        for i, kept in enumerate(self._saved):
            if kept is None:
                tensors.append(None)
                continue
            packed = kept.array.__class__ is Packed
            if not packed and kept.counter[0] != kept.version:
                raise GradError(
                    "one of the variables needed for gradient computation has been modified by an inplace operation: "
                    f"saved tensor {i} of {self.name()}, of shape {tuple(kept.array.shape)}, is at version "
                    f"{kept.counter[0]}; expected version {kept.version}. clone() it before the change."
                )
            place = kept.place if kept.output is None else self._place(kept.output)
            tensors.append(Place.lift(kept.array.open(None) if packed else kept.array, place))
        return tuple(tensors)

    def _place(self, output: int) -> Any:
        """Where an output stands: here, or at a node of its own."""
        if not self._several:
            return self
        made = self._made[output]()
        if made is None:
            made = Output(self, output)
            self._made[output] = weakref.ref(made)
        return made

    def _backward(self, gradient: Any, create_graph: bool, retain_graph: bool) -> Sequence[Any]:
        if self._saved is None:
            _ = self.saved_tensors  # raises
        gradients = [
            Tensor._wrap(np.zeros(form.shape, form.dtype)) if g is None and form and self._materialize else g
            for g, form in zip(self._unpack(gradient, create_graph), self._forms, strict=True)
        ]
        result = self._forward_cls._derivative()(self, *gradients)
        shares = self._shares(result if isinstance(result, tuple) else (result,), create_graph)
        if self._saved and not retain_graph:
            self._saved = None
        return shares

    def _shares(self, results: tuple[Any, ...], create_graph: bool) -> list[Any]:
        """What `backward` returned, checked and in the shapes and types of the inputs."""
        expected = len(self._is_tensor)
        if len(results) > expected and all(r is None for r in results[expected:]):
            results = results[:expected]
        if len(results) != expected:
            raise GradError(
                f"function {self.name()} returned an incorrect number of gradients (expected {expected}, got "
                f"{len(results)}): backward returns one for each argument of forward, None where there is none"
            )
        shares: list[Any] = []
        for i, (result, is_tensor) in enumerate(zip(results, self._is_tensor, strict=True)):
            if not is_tensor:
                if result is not None:
                    raise GradError(
                        f"function {self.name()} returned a gradient different than None at position {i + 1}, but the "
                        "corresponding forward input was not a Variable"
                    )
                continue
            if result is not None and not isinstance(result, Tensor):
                raise TypeError(f"{self.name()}: expected Variable or None (got {type(result).__name__})")
            place = self._inputs[len(shares)]
            shares.append(None if result is None or place is None else self._fit(result, place, i, create_graph))
        return shares

    def _fit(self, result: Tensor, place: Any, position: int, create_graph: bool) -> Any:
        wanted = place if isinstance(place, Node) else place._data
        shape = tuple(result.shape)
        if shape != wanted.shape:
            padded = (1,) * (len(shape) - len(wanted.shape)) + tuple(wanted.shape)
            if len(padded) != len(shape) or any(p not in (1, s) for p, s in zip(padded, shape, strict=True)):
                raise ShapeError(
                    f"Function {self.name()} returned an invalid gradient at index {position} - got {list(shape)} but "
                    f"expected shape compatible with {list(wanted.shape)}: the gradient has its input's shape"
                )
            lead = len(shape) - len(wanted.shape)
            dims = [d for d, (p, s) in enumerate(zip(padded, shape, strict=True)) if p != s or d < lead]
            result = result.sum(dims, keepdim=True).reshape(wanted.shape)
        result = result._cast(wanted.dtype)
        return result if create_graph else result._data

    def _unpack(self, gradient: Any, create_graph: bool) -> tuple[Any, ...]:
        if not self._several:
            return super()._unpack(gradient, create_graph)
        held = [gradient.by_output.get(i) for i in range(len(self._forms))]
        return tuple([g if g is None or create_graph else Place.lift(g) for g in held])

    def _pack(self, outputs: tuple[Any, ...], create_graph: bool) -> Any:
        if not self._several:
            return super()._pack(outputs, create_graph)
        return Shares({i: g if create_graph else g._data for i, g in enumerate(outputs) if g is not None})

    def _graph_info(self) -> Any:
        return _info(self, self._forward_cls.__name__, None if self._several else self._data)


def finish(ctx: FunctionNode, args: tuple[Any, ...], outputs: tuple[Any, ...], recorded: bool) -> tuple[Any, ...]:
    """Give what `forward` returned its place in the graph, and the node what it is to keep.

    Raises:
        GradError: an input marked as changed was not returned, or may not be changed.
    """
    tensors = [x for x in args if isinstance(x, Tensor)]
    inputs, dirty = {id(x) for x in tensors}, {id(x) for x in ctx._dirty}
    constant = {id(x) for x in ctx._non_differentiable}
    if not dirty <= {id(x) for x in outputs}:
        raise GradError(
            "Some elements marked as dirty during the forward method were not returned as output. The inputs that are "
            "modified inplace must all be outputs of the Function."
        )
    if recorded:
        ctx._inputs = tuple([(x._node or x) if x._requires else None for x in tensors])
        ctx._sequence = next_sequence()
        if anomaly.enabled:
            ctx._mark()
    ctx._several = len(outputs) > 1
    ctx._forms = [Form(o._data.shape, o._data.dtype) if isinstance(o, Tensor) else None for o in outputs]
    ctx._made = [_nothing] * len(outputs)
    results = []
    for i, out in enumerate(outputs):
        if not isinstance(out, Tensor):
            results.append(out)
            continue
        changed = id(out) in dirty and id(out) in inputs
        place: Any = None
        if recorded and id(out) not in constant and out._data.dtype.kind == "f":
            place = ctx if not ctx._several else Output(ctx, i)
            if ctx._several:
                ctx._made[i] = weakref.ref(place)
            if not ctx._several:
                ctx._data = ctx._forms[0]
        if changed:
            if place is not None:
                refuse(out, True, ctx.name())
                moved(out, Place.lift(out._data, place))
        else:
            if id(out) in inputs or out._requires or out._base is not None:  # not the user's own: another Tensor
                shared, out = out, Tensor._wrap(out._array())
                out._counter = shared._counter
                if place is not None and id(shared) not in dirty:  # a view that no rule leads to: never follow its base
                    out._base = shared if shared._base is None else shared._base
                    out._seen, out._unrecorded = out._base._history, ctx.name()
            out._node, out._requires = place, place is not None
        results.append(out)
    if recorded:
        own = {id(o): i for i, o in enumerate(outputs) if id(o) not in inputs or id(o) in dirty}
        ctx._saved = tuple([_keep(x, own.get(id(x)), results) for x in ctx._to_save])
    ctx._to_save = ctx._dirty = ctx._non_differentiable = ()
    return tuple(results)


def _keep(x: Any, output: int | None, results: list[Any]) -> Saved | None:
    if x is None:
        return None
    if output is not None:
        x = results[output]
        if not x._requires:
            output = None
    place = None if output is not None or not x._requires else x._node or x
    hooks = current_hooks()
    array = x._data if hooks is None else Packed(Tensor._wrap(x._data), hooks)
    return Saved(array, x._counter, x._counter[0], place, output)


def _nothing() -> None:
    """Stands for a weak reference whose object is gone."""


def _info(node: Any, label: str, form: Form | None) -> Any:
    from tinygrad_edu.engine.graph import GraphNode

    return GraphNode(
        key=id(node),
        kind="op",
        op=label,
        op_name=node.name(),
        shape=None if form is None else tuple(form.shape),
        dtype=None if form is None else repr(of_numpy(form.dtype)).removeprefix("torch."),
    )
