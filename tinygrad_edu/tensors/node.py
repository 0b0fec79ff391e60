"""What a Tensor remembers of how it was made: the operation, its inputs' places in the graph, and what its rule needs.

A node refers to the nodes of its inputs (a leaf Tensor is its own), never to its own output and never to a closure:
reference counting frees a graph as soon as nobody holds its result.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from tinygrad_edu.engine.order import next_sequence
from tinygrad_edu.errors import GradError
from tinygrad_edu.kernels import kernels
from tinygrad_edu.kernels.numpy import quiet
from tinygrad_edu.ops.registry import WHOLE
from tinygrad_edu.ops.shape import sum_to
from tinygrad_edu.tensors.dtype import of_numpy
from tinygrad_edu.tensors.hooks import run_hooks

__all__ = ["Node"]


class Node:
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
        "_sequence",
        "dtype",
        "operation",
        "out",
        "params",
        "saved",
        "shape",
        "versions",
    )

    lift: Callable[..., Any]  # (array, node) -> Tensor: set by the module of Tensor, which stands above this one

    def __init__(
        self,
        operation: Any,
        inputs: tuple[Any, ...],
        saved: tuple[Any, ...],
        out: Any,
        params: tuple[Any, ...],
        data: Any,
        versions: tuple[Any, ...],
    ) -> None:
        self.operation = operation
        self._inputs = inputs
        self.saved: Any = saved
        self.out = out
        self.params = params
        self.shape = data.shape
        self.dtype = data.dtype
        self.versions = versions  # (counter, its value when saved, counter, value, ...)
        self._hooks: dict[int, Any] | None = None
        self._sequence = next_sequence()

    # --- what the backward pass asks for ---------------------------------------------------------------------------

    def _backward(self, gradient: Any, create_graph: bool) -> tuple[Any, ...]:
        """One gradient per input, None for constants. Arrays in and out, or recorded Tensors with create_graph."""
        if self.saved is None:
            raise GradError(
                f"Trying to backward through the graph a second time: {self.name()} has freed what it saved. "
                "Say retain_graph=True in the first backward() (or autograd.grad()) if you need two passes, or "
                "compute the result anew; a loop that grows must detach() what it carries over."
            )
        versions = self.versions
        for i in range(0, len(versions), 2):
            if versions[i][0] != versions[i + 1]:
                raise GradError(
                    f"one of the variables needed for gradient computation has been modified by an inplace operation: "
                    f"a tensor that {self.name()} saved is at version {versions[i][0]}; expected version "
                    f"{versions[i + 1]}. Use the operation that makes a new tensor, or clone() before the change."
                )
        if create_graph:
            return self._shares(gradient, True)
        shares: tuple[Any, ...] = quiet.run(self._shares, gradient, False)
        return shares

    def _shares(self, gradient: Any, create_graph: bool) -> tuple[Any, ...]:
        operation, inputs = self.operation, self._inputs
        saved, out = (self._rewrap() if create_graph else (self.saved, self.out))
        if not operation.elementwise:
            needs = [source is not None for source in inputs]
            shares = operation.gradients(gradient, out, saved, self.params, needs)
        else:
            shares = []
            for source, d in zip(inputs, operation.derivatives(out, *saved, *self.params), strict=True):
                if source is None or d is None:
                    shares.append(None)
                elif d.__class__ is int and (d == 1 or d == -1):  # nothing has to be multiplied
                    shares.append(gradient if d == 1 else -gradient)
                else:
                    shares.append(gradient * d)
        fitted = []
        for source, share in zip(inputs, shares, strict=True):
            if share is not None:
                target = source if source.__class__ is Node else source._data
                if create_graph:
                    share = _fit_recorded(share, target)
                else:
                    if share.shape != target.shape:
                        share = kernels.sum_to(share, target.shape)
                    if share.dtype is not target.dtype:
                        share = share.astype(target.dtype)
            fitted.append(share)
        return tuple(fitted)

    def _rewrap(self) -> tuple[tuple[Any, ...], Any]:
        """The saved arrays as Tensors that stand where the originals stood in the graph."""
        lift = Node.lift
        saved = []
        for kept, source, kind in zip(self.saved, self._inputs, self._kinds(), strict=True):
            if kind != WHOLE or not hasattr(kept, "dtype"):
                saved.append(kept)
            else:
                saved.append(lift(kept, source))
        out = self.out
        if out.__class__ is tuple:
            out = (lift(out[0], self), *out[1:])
        elif out is not None:
            out = lift(out, self)
        return tuple(saved), out

    def _kinds(self) -> tuple[int, ...]:
        kinds = self.operation.saves
        return kinds * len(self._inputs) if self.operation.variadic else kinds

    def _release(self) -> None:
        """Let go of what was saved; a second pass through this node is then an error, if anything was."""
        if self.versions:
            self.saved = self.out = None

    def _run_hooks(self, gradient: Any, create_graph: bool) -> Any:
        """Show the gradient to the hooks; what one of them returns takes its place."""
        return run_hooks(self._hooks, gradient, create_graph, Node.lift)

    # --- what PyTorch shows of a grad_fn ---------------------------------------------------------------------------

    def name(self) -> str:
        """The name PyTorch prints: ``MulBackward0``."""
        name = self.operation.grad_name
        return name if isinstance(name, str) else name(*self.params)

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The nodes of the inputs, each with 0, the number of that node's output; None for constants."""
        return tuple((AccumulateGrad(s) if s is not None and s.__class__ is not Node else s, 0) for s in self._inputs)

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"

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


class AccumulateGrad:
    """Stands for a leaf in ``next_functions``: the place where its gradient adds up."""

    def __init__(self, variable: Any) -> None:
        self.variable = variable
        self.next_functions: tuple[Any, ...] = ()

    def name(self) -> str:
        """The name PyTorch prints."""
        return "AccumulateGrad"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AccumulateGrad) and other.variable is self.variable

    def __hash__(self) -> int:
        return id(self.variable)

    def __repr__(self) -> str:
        return f"<AccumulateGrad object at {id(self.variable):#x}>"


def _fit_recorded(share: Any, target: Any) -> Any:
    if tuple(share.shape) != target.shape:
        share = sum_to(share, target.shape)
    return share if share._data.dtype == target.dtype else share._cast(target.dtype)


def add_arrays(a: Any, b: Any) -> Any:
    """Two gradients of one node, added (never in place: they may be shared)."""
    return quiet.run(operator.add, a, b)
