"""What every node of the graph can do beside its rule: be shown (name, inputs, metadata), have hooks, be watched.

An operation's node and a custom function's node share this; neither pays for it until it is used.
"""

# mypy: disable-error-code="misc"
from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_edu.engine import anomaly
from tinygrad_edu.errors import GradError
from tinygrad_edu.tensors.hooks import Hooks, RemovableHandle, run_hooks, run_node_hooks

__all__ = ["AccumulateGrad", "Place"]

_running: ContextVar[Any] = ContextVar("running", default=None)  # in anomaly mode: the node whose rule is running


class Place:
    """A node of the graph as PyTorch shows one: ``tensor.grad_fn``."""

    __slots__ = ()

    lift: Callable[..., Any]  # (array, node) -> Tensor: set by the module of Tensor, which stands above this one
    _index = 0  # which of a function's outputs this is

    if TYPE_CHECKING:
        _inputs: tuple[Any, ...]
        _hooks: Hooks | None
        _metadata: dict[str, Any]
        _backward: Any
        name: Any

    # --- what PyTorch shows of a grad_fn ---------------------------------------------------------------------------

    @property
    def _function(self) -> Any:
        """The node that a user sees: this one, except for one of several outputs of a custom function."""
        return self

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The nodes of the inputs, each with the number of that node's output; (None, 0) for constants."""
        return tuple(
            (None, 0) if s is None else (s._function, s._index) if isinstance(s, Place) else (AccumulateGrad(s), 0)
            for s in self._inputs
        )

    @property
    def metadata(self) -> dict[str, Any]:
        """A dictionary for the user's notes; anomaly mode puts the traceback of the forward call here."""
        try:
            return self._metadata
        except AttributeError:
            self._metadata = {}
            return self._metadata

    def register_hook(self, fn: Callable[[Any, Any], Any]) -> RemovableHandle:
        """Call ``fn(grad_inputs, grad_outputs)`` after this node's rule; a tuple it returns replaces grad_inputs."""
        return RemovableHandle(Hooks.of(self).after, fn)

    def register_prehook(self, fn: Callable[[Any], Any]) -> RemovableHandle:
        """Call ``fn(grad_outputs)`` before this node's rule; a tuple it returns replaces grad_outputs."""
        return RemovableHandle(Hooks.of(self).before, fn)

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"

    # --- in the backward pass --------------------------------------------------------------------------------------

    def _run_hooks(self, gradient: Any, create_graph: bool, arrived: list[Any]) -> Any:
        """Show the gradient to the Tensor's hooks; what one of them returns takes its place."""
        assert self._hooks is not None
        return run_hooks(self._hooks, gradient, create_graph, arrived, Place.lift)

    def _observed(self, gradient: Any, create_graph: bool, retain_graph: bool) -> Sequence[Any]:
        """``_backward`` between the node's own hooks, and watched in anomaly mode."""
        hooks = self._hooks
        outputs: tuple[Any, ...] = ()
        if hooks is not None and (hooks.before or hooks.after):
            outputs = self._unpack(gradient, create_graph)
            if hooks.before:
                outputs = run_node_hooks(hooks.before, outputs)
                gradient = self._pack(outputs, create_graph)
        shares = self._watched(gradient, create_graph, retain_graph)
        if hooks is not None and hooks.after:
            lift = Place.lift
            inputs = tuple([share if share is None or create_graph else lift(share) for share in shares])
            inputs = run_node_hooks(hooks.after, inputs, outputs)
            shares = [share if share is None or create_graph else share._data for share in inputs]
        return shares

    def _unpack(self, gradient: Any, create_graph: bool) -> tuple[Any, ...]:
        """The gradients of the node's outputs, as Tensors."""
        return (gradient if create_graph else Place.lift(gradient),)

    def _pack(self, outputs: tuple[Any, ...], create_graph: bool) -> Any:
        """The same as the pass hands them on."""
        gradient = outputs[0]
        if gradient is None:
            raise GradError(f"{self.name()}: a prehook may not take away the only gradient: return zeros instead")
        return gradient if create_graph else gradient._data

    def _watched(self, gradient: Any, create_graph: bool, retain_graph: bool) -> Sequence[Any]:
        if not anomaly.enabled:
            shares: Sequence[Any] = self._backward(gradient, create_graph, retain_graph)
            return shares
        before = _running.set(self)  # nodes that the rule records have this one as their parent
        try:
            shares = self._backward(gradient, create_graph, retain_graph)
        except Exception:
            self._tell()
            raise
        finally:
            _running.reset(before)
        for i, share in enumerate(shares):
            if anomaly.check_nan and share is not None and np.isnan(getattr(share, "_data", share)).any():
                self._tell()
                raise GradError(f"Function '{self.name()}' returned nan values in its {i}th output.")
        return shares

    def _mark(self) -> None:
        """In anomaly mode: remember which line records this node, and in which node's rule, if in one."""
        self._metadata = {"traceback_": anomaly.forward_call()}
        parent = _running.get()
        if parent is not None:
            self._metadata["parent_"] = parent

    def _tell(self) -> None:
        """Warn with the traceback of the call that recorded this node, and of what led to it."""
        what, then = f"Error detected in {self.name()}", "caused the error"
        node: Any = self
        while node is not None:
            lines = node.metadata.get("traceback_")
            if lines is None:
                text = "No forward pass information available: enable anomaly mode during the forward pass too."
            else:
                text = f"Traceback of forward call that {then}:\n{''.join(lines)}"
            warnings.warn(f"{what}. {text}", stacklevel=2)
            node, then = node.metadata.get("parent_"), "induced the previous calculation"
            what = f"\n\nPrevious calculation was induced by {node.name()}" if node is not None else ""


class AccumulateGrad:
    """Stands for a leaf in ``next_functions``: the place where its gradient adds up."""

    def __init__(self, variable: Any) -> None:
        self.variable = variable
        self.next_functions: tuple[Any, ...] = ()

    def name(self) -> str:
        """The name PyTorch prints."""
        return "AccumulateGrad"

    @property
    def metadata(self) -> dict[str, Any]:
        """A dictionary for the user's notes."""
        leaf = self.variable
        if leaf._metadata is None:
            leaf._metadata = {}
        notes: dict[str, Any] = leaf._metadata
        return notes

    def register_hook(self, fn: Callable[[Any, Any], Any]) -> RemovableHandle:
        """Call ``fn((), (grad,))`` when the leaf's gradient has been added up."""
        return RemovableHandle(Hooks.of(self.variable).after, fn)

    def register_prehook(self, fn: Callable[[Any], Any]) -> RemovableHandle:
        """Call ``fn((grad,))`` before the gradient is added; a tuple it returns replaces it."""
        return RemovableHandle(Hooks.of(self.variable).before, fn)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AccumulateGrad) and other.variable is self.variable

    def __hash__(self) -> int:
        return id(self.variable)

    def __repr__(self) -> str:
        return f"<AccumulateGrad object at {id(self.variable):#x}>"
