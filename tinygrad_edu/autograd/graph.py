"""What belongs to the graph itself: its nodes (``tensor.grad_fn`` is a `Node`), its edges, hooks for what they save.

A hook on several Tensors takes part in a pass through the list of what is put in place at its end: there it waits
until all gradients have been computed, and comes before the first of them is added to a leaf.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.engine.saving import disable_saved_tensors_hooks, saved_tensors_hooks
from tinygrad_edu.errors import GradError
from tinygrad_edu.tensors.hooks import Hooks, RemovableHandle
from tinygrad_edu.tensors.place import AccumulateGrad
from tinygrad_edu.tensors.place import Place as Node
from tinygrad_edu.tensors.tensor import Tensor

__all__ = [
    "GradientEdge", "Node", "RemovableHandle", "disable_saved_tensors_hooks", "get_gradient_edge", "increment_version",
    "register_multi_grad_hook", "save_on_cpu", "saved_tensors_hooks",
]  # fmt: skip


class save_on_cpu(saved_tensors_hooks):  # noqa: N801 - PyTorch's name
    """A context in which what is saved for backward is kept on the CPU, where all Tensors are anyway."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda tensor: tensor.cpu(), lambda tensor: tensor)


class GradientEdge(NamedTuple):
    """A place in the graph without the Tensor: `grad` and `backward` take it for one."""

    node: Any
    output_nr: int
    ownership_token: Any = None  # a Tensor that stands at this place, with memory for one number


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The place of a Tensor in the graph, which stays when the Tensor is gone.

    Raises:
        RuntimeError: the Tensor does not require grad.

    >>> import tinygrad_edu as tg
    >>> x = tg.tensor(3.0, requires_grad=True)
    >>> y = x * x; edge = get_gradient_edge(y); del y
    >>> tg.autograd.grad(edge, x)
    (tensor(6.),)
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(f"get_gradient_edge() takes a Tensor, got {type(tensor).__name__}")
    if not tensor.requires_grad:
        raise GradError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    place = tensor._node
    if place is None:
        return GradientEdge(AccumulateGrad(tensor), 0, tensor)
    number = np.zeros((), tensor._data.dtype)
    alike = np.broadcast_to(number, tensor._data.shape)
    return GradientEdge(tensor.grad_fn, tensor.output_nr, Tensor._at(alike, place))


def increment_version(tensor: Tensor | Iterable[Tensor]) -> None:
    """Count a change of a Tensor's memory that autograd has not seen: by NumPy, say, through ``tensor.numpy()``.

    >>> import tinygrad_edu as tg
    >>> x = tg.zeros(2); x.numpy()[0] = 1; increment_version(x); x._version
    1
    """
    for each in [tensor] if isinstance(tensor, Tensor) else list(tensor):
        each._counter[0] += 1


class _Several:
    """One registered hook; its gradients of a pass lie in the entry that it has in the list of that pass."""

    def __init__(self, fn: Callable[..., Any], count: int, mode: str) -> None:
        self.fn, self.count, self.any = fn, count, mode == "any"

    def watch(self, index: int, gradient: Any, arrived: list[Any]) -> None:
        for call, gradients in arrived:
            if getattr(call, "__self__", None) is self:
                gradients[index] = gradient
                return
        gradients = [None] * self.count
        gradients[index] = gradient
        arrived.insert(0, (self.finish, gradients))
        if self.any:
            self.fn(gradient)

    def finish(self, gradients: list[Any], create_graph: bool) -> None:
        if not self.any:
            self.fn(gradients)


class _Handle(RemovableHandle):
    """Takes a hook away from all its Tensors."""

    def __init__(self, handles: list[RemovableHandle]) -> None:
        self._handles = handles

    def remove(self) -> None:
        for handle in self._handles:
            handle.remove()


def register_multi_grad_hook(
    tensors: Sequence[Tensor], fn: Callable[..., None], *, mode: str = "all"
) -> RemovableHandle:
    """Call `fn` once in each backward pass with the gradients of several Tensors.

    Args:
        fn: with mode "all" it gets a list, with None for Tensors that the pass has not reached, when all are known;
            with "any" the first gradient, as soon as it is there.

    Returns:
        A handle whose ``remove()`` takes the hook away.

    Raises:
        ValueError: another mode. RuntimeError: a Tensor that does not require grad.
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    listed = list(tensors)
    for tensor in listed:
        if not tensor.requires_grad:
            raise GradError("cannot register a hook on a tensor that doesn't require gradient")
    hook, handles = _Several(fn, len(listed), mode), []
    for index, tensor in enumerate(listed):

        def watch(gradient: Any, arrived: list[Any], index: int = index) -> None:
            hook.watch(index, gradient, arrived)

        handles.append(RemovableHandle(Hooks.of(tensor._node or tensor).several, watch))
    return _Handle(handles)
