"""The graph's nodes, for ``isinstance`` and type hints: ``tensor.grad_fn`` is a `Node`."""

from tinygrad_edu.tensors.hooks import RemovableHandle
from tinygrad_edu.tensors.place import Place as Node

__all__ = ["Node", "RemovableHandle"]
