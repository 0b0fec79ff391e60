"""A Tensor's place in the graph: whether it needs a gradient, where it comes from, and the backward pass."""

# mypy: disable-error-code="misc"
from __future__ import annotations

import functools
import sys
import warnings
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from tinygrad_edu.engine.backward import accumulating
from tinygrad_edu.engine.modes import enable_grad, is_inference_mode_enabled, recording, set_grad_enabled
from tinygrad_edu.errors import DTypeError, GradError, ShapeError
from tinygrad_edu.ops.views import as_strided, lies
from tinygrad_edu.tensors.data import is_whole
from tinygrad_edu.tensors.hooks import Hooks, RemovableHandle, run_hooks, run_node_hooks
from tinygrad_edu.tensors.node import Node, backward_pass
from tinygrad_edu.tensors.untracked import Untracked

__all__ = ["Differentiable", "backward", "seed_of"]


class Differentiable:
    """The half of Tensor that autograd sees."""

    __slots__ = ()

    if TYPE_CHECKING:
        _data: Any
        _base: Any
        _node: Node | None
        _requires: bool
        _counter: Any
        _array: Any
        _record: Any
        _wrap: Any
        _at: Any
        dtype: Any
        shape: Any
        to: Any

    _inputs: tuple[Any, ...] = ()  # a leaf takes part in the graph as its own node, the oldest of all
    _sequence = 0
    _grad: Any = None
    _seen = 0  # of a view: its base's _history when it took its place in the graph
    _history = 0  # how often a recorded in-place operation has changed this Tensor's place in the graph
    _unrecorded: Any = None  # of a view that cannot follow its base: "no_grad", or the operation that made several
    _hooks: Hooks | None = None
    _retains = False  # a result that keeps its gradient
    _metadata: dict[str, Any] | None = None  # of a leaf's place in the graph

    def _refresh(self) -> None:
        """A view whose base has been changed in place follows it to its new place in the graph."""
        base = self._base
        if base is not None and self._seen != base._history:
            if self._unrecorded:
                if not recording():  # nobody asks for its place in the graph
                    return
                raise GradError(
                    self._unrecorded_because("and its base or another view of it has been modified inplace")
                )
            self._seen = base._history
            if base._requires:
                with enable_grad():
                    current = self._record(as_strided, (base,), lies(self._array()))
                self._move(current._node, True)

    def _unrecorded_because(self, what: str) -> str:
        if self._unrecorded == "no_grad":
            return (
                f"A view was created in no_grad mode {what} with grad mode enabled. Given that this use case is "
                "ambiguous and error-prone, it is forbidden: make the view and the change in the same mode."
            )
        return (
            f"Output of {self._unrecorded} is a view {what}. This view is the output of a function that returns "
            "multiple views. Such functions do not allow the output views to be modified inplace. You should replace "
            "the inplace operation by an out-of-place one."
        )

    def _move(self, node: Any, requires: bool) -> None:
        """Stand at another place of the graph. Hooks stay where they were registered, retaining comes along."""
        if self._retains and node is not self._node:
            if self._node is not None and self._node._hooks is not None:
                self._node._hooks.retaining = None
            Hooks.of(node).retaining = weakref.ref(self)
        self._node, self._requires = node, requires

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this Tensor are recorded."""
        self._refresh()
        return self._requires

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Ask for a gradient, or no longer, and return self.

        Raises:
            GradError: integers and bools have no gradient; a result cannot be told to forget its history.
        """
        if not isinstance(requires_grad, (bool, np.bool_)):
            raise TypeError(f"requires_grad must be a bool, not {type(requires_grad).__name__}")
        if requires_grad and self._data.dtype.kind != "f":
            raise GradError(
                f"only Tensors of floating point dtype can require gradients, this one is {self.dtype}: "
                "make it from floats (1.0 instead of 1) or convert it with .float() first"
            )
        if requires_grad and self.is_inference() and not is_inference_mode_enabled():
            raise GradError(
                "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed: clone() it to "
                "get a normal tensor"
            )
        if not requires_grad and self._node is not None:
            raise GradError(
                "you can only change requires_grad flags of leaf variables: this Tensor is the result of an operation. "
                "Use detach() for a copy that does not require grad."
            )
        self._requires = self._requires or bool(requires_grad) if self._node is not None else bool(requires_grad)
        return self

    def is_inference(self) -> bool:
        """True if this Tensor was made under inference_mode: it can take no part in a graph."""
        return isinstance(self._counter, Untracked)

    @property
    def is_leaf(self) -> bool:
        """True if no recorded operation made this Tensor."""
        self._refresh()
        return self._node is None

    @property
    def grad_fn(self) -> Node | None:
        """The node of the operation that made this Tensor; None for a leaf."""
        self._refresh()
        return None if self._node is None else self._node._function

    @property
    def output_nr(self) -> int:
        """Which of its ``grad_fn``'s outputs this Tensor is."""
        self._refresh()
        return 0 if self._node is None else self._node._index

    @property
    def grad(self) -> Self | None:
        """The gradient that backward() has added up here; None before.

        Only leaves, and results that were told to :meth:`retain_grad`, get one; others warn.
        """
        held: Self | None = self._grad
        if held is None and self._node is not None and not self._retains:
            warnings.warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute "
                "won't be populated during autograd.backward(): say retain_grad() on it before, or read the .grad of "
                "the leaf it was computed from.",
                stacklevel=2,
            )
        return held

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is not None:
            if not isinstance(value, Differentiable):
                raise TypeError(f"assigned grad expected to be a Tensor or None but got {type(value).__name__}")
            if value._data.shape != self._data.shape:
                shapes = f"shape {tuple(value.shape)}, but the Tensor has {tuple(self.shape)}"
                raise ShapeError(f"assigned grad has data of a different size: {shapes}")
            if value._data.dtype != self._data.dtype:
                raise DTypeError(f"assigned grad has dtype {value.dtype}, but the Tensor has {self.dtype}")
        self._grad = value

    @property
    def data(self) -> Self:
        """The same memory without history; changes to it are not recorded."""
        out = self._wrap(self._array())
        if self.is_inference():
            out._counter = self._counter
        return out

    @data.setter
    def data(self, value: Any) -> None:
        if not isinstance(value, Differentiable):
            raise TypeError(f"data must be a Tensor, got {type(value).__name__}")
        if self.requires_grad and value._data.dtype.kind != "f":
            raise GradError("data set to a tensor that requires gradients must be floating point")
        self._data = value._array()
        self._counter = [0]

    def detach(self) -> Self:
        """The same memory without history. Changes through either are seen, and noticed, by both."""
        out = self._wrap(self._array())
        out._counter = self._counter
        return out

    def retain_grad(self) -> None:
        """Keep the gradient of a Tensor that is not a leaf in its ``grad``."""
        self._refresh()
        if not self._requires:
            raise GradError("can't retain_grad on Tensor that has requires_grad=False: nothing is recorded for it")
        if self._node is None or self._retains:
            return
        self._retains = True
        Hooks.of(self._node).retaining = weakref.ref(self)  # strong, it would make a cycle

    @property
    def retains_grad(self) -> bool:
        """True if this is not a leaf and its gradient is kept."""
        return self._retains

    def register_hook(self, hook: Callable[[Any], Any]) -> RemovableHandle:
        """Call `hook` with this Tensor's gradient whenever it is computed; what it returns takes its place."""
        self._refresh()
        if not self._requires:
            raise GradError("cannot register a hook on a tensor that doesn't require gradient")
        return RemovableHandle(Hooks.of(self._node or self).tensor, hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Any], None]) -> RemovableHandle:
        """Call ``hook(tensor)`` each time a backward pass has added to the ``grad`` of this leaf.

        The hooks run when all gradients of the pass are complete.
        """
        if not self._requires:
            raise GradError("cannot register a hook on a tensor that doesn't require gradient")
        if not self.is_leaf:
            raise GradError(
                "post accumulate grad hooks cannot be registered on non-leaf tensors: only the grad of a leaf is added "
                "up; register_hook() sees the gradient of a result"
            )
        return RemovableHandle(Hooks.of(self).accumulated, hook)

    def _run_hooks(self, gradient: Any, create_graph: bool, arrived: list[Any]) -> Any:
        hooks = self._hooks
        assert hooks is not None
        gradient = run_hooks(hooks, gradient, create_graph, arrived, self._at)
        if hooks.before:
            (gradient,) = run_node_hooks(hooks.before, (gradient if create_graph else self._wrap(gradient),))
            gradient = gradient if create_graph else gradient._data
        return gradient

    def _accumulated(self) -> None:
        """The gradient of this leaf is complete: tell those who wait for it."""
        hooks = self._hooks
        if hooks is not None:
            run_node_hooks(hooks.after, (), (self._grad,))
            for hook in list(hooks.accumulated.values()):
                if hook(self) is not None:
                    raise RuntimeError("Tensor post accumulate grad hooks should return None.")

    def backward(
        self,
        gradient: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Add the derivative of this Tensor with respect to every leaf to the leaf's ``grad``.

        Args:
            gradient: what the derivative is multiplied by, with this Tensor's shape; 1 for a single element.
            retain_graph: keep what the graph has saved, for another pass; by default as `create_graph`.
            create_graph: record the derivatives too, so that they can be differentiated.
            inputs: the Tensors to compute gradients for; by default all leaves.

        Raises:
            GradError: nothing to differentiate, no `gradient` for a Tensor of several elements, or a graph that
                has been freed; ShapeError: a `gradient` of another shape.
        """
        if inputs is not None or create_graph:
            backward((self,), (gradient,), retain_graph, create_graph, inputs)
            return
        seed = seed_of(self, gradient, False)
        backward_pass([self._node or self], [seed], False, retain_graph=bool(retain_graph))

    def _retain(self, handed: list[Any], create_graph: bool) -> None:
        """Keep a gradient of a result."""
        if self._grad is None:
            self._accumulate(handed, create_graph)
        else:
            gradient = handed.pop()
            self._grad = self._grad + (gradient if create_graph else self._wrap(gradient))

    def _accumulate(self, handed: list[Any], create_graph: bool) -> None:
        """Add a gradient to ``grad``. It comes in a list, so that a reference count can tell whether it is shared."""
        gradient = handed.pop()
        held = self._grad
        if gradient.shape != self._data.shape:
            raise GradError(
                f"a gradient of shape {tuple(gradient.shape)} has arrived at a leaf of shape {tuple(self.shape)}: it "
                "was turned or resized in place since the graph was recorded"
            )
        if create_graph:
            self._grad = gradient if held is None else held + gradient
        elif held is None:
            # 2: the name here and getrefcount's argument. A view, a seed or another leaf's gradient is copied.
            if sys.getrefcount(gradient) > 2 or not gradient.flags.writeable or not is_whole(gradient):
                gradient = gradient.copy()
            self._grad = self._wrap(gradient)
        elif held._requires or isinstance(held._data, np.generic):
            self._grad = held + self._wrap(gradient)
        else:
            np.add(held._data, gradient, out=held._data)
            held._counter[0] += 1


def backward(
    roots: Sequence[Any], gradients: Sequence[Any], retain_graph: bool | None, create_graph: bool, inputs: Any
) -> None:
    """:meth:`Tensor.backward` from several Tensors at once.

    Raises:
        GradError: as there, or an empty list of `inputs`, or one of them that does not require grad.
    """
    if create_graph:
        _warn_of_a_cycle()
    seeds = [seed_of(root, g, create_graph, i) for i, (root, g) in enumerate(zip(roots, gradients, strict=True))]
    keep = create_graph if retain_graph is None else retain_graph
    places = [root._node or root for root in roots]
    if inputs is None:
        backward_pass(places, seeds, create_graph, retain_graph=keep)
        return
    wanted = [inputs] if isinstance(inputs, Differentiable) else list(getattr(inputs, "values", lambda: inputs)())
    if not wanted:
        raise GradError("`inputs` argument to `backward()` cannot be empty: leave it out to reach all leaves")
    for tensor in wanted:
        if not tensor.requires_grad:
            raise GradError("One of the differentiated Tensors does not require grad: set requires_grad_() before")
    targets: list[Any] = [t._node or t for t in wanted]
    caught = backward_pass(places, seeds, create_graph, retain_graph=keep, captured=targets)
    with accumulating, set_grad_enabled(create_graph):
        for tensor, target in zip(wanted, targets, strict=True):
            if target in caught:
                tensor._accumulate([caught[target]], create_graph)
    for tensor in wanted:
        if tensor._node is None:
            tensor._accumulated()


_warned: list[bool] = []


def _warn_of_a_cycle() -> None:
    """Once in the life of the process, as PyTorch."""
    if _warned:
        return
    _warned.append(True)
    warnings.warn(
        "Using backward() with create_graph=True will create a reference cycle between the parameter and its gradient "
        "which can cause a memory leak. Use autograd.grad() instead, or set the grad of the parameters to None after "
        "use.",
        stacklevel=4,
    )


@functools.cache
def _one(dtype: Any) -> Any:
    """The number 1 of a type: what most backward passes start from."""
    return dtype.type(1)


def seed_of(root: Any, gradient: Any, create_graph: bool, index: int = 0) -> Any:
    """The gradient that a backward pass starts from: an array, or a Tensor with create_graph.

    Raises:
        GradError, ShapeError: see :meth:`Tensor.backward`.
    """
    data = root._data
    root._refresh()
    if not root._requires:
        raise GradError(
            f"element {index} of tensors does not require grad and does not have a grad_fn: nothing that led to it was "
            "made with requires_grad=True, or it was computed under no_grad() or detached"
        )
    if gradient is None:
        if data.size != 1:
            raise GradError(
                f"grad can be implicitly created only for scalar outputs: this Tensor has shape {tuple(data.shape)}. "
                "Call .sum() or .mean() first, or pass gradient= with that shape"
            )
        seed = np.ones_like(data) if data.shape or hasattr(data, "block") else _one(data.dtype)
        return root._wrap(seed) if create_graph else seed
    if not isinstance(gradient, Differentiable):
        raise TypeError(f"gradients can be either Tensors or None, but got {type(gradient).__name__}")
    if gradient._data.shape != data.shape:
        raise ShapeError(
            f"Mismatch in shape: grad_output[{index}] has a shape of {gradient.shape} and output[{index}] has a shape "
            f"of {root.shape}: the gradient must have the shape of the Tensor that backward() is called on"
        )
    if create_graph:
        return gradient if gradient._data.dtype == data.dtype else gradient.to(root.dtype)
    return gradient._data.astype(data.dtype, copy=False)
