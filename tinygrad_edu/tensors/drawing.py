"""A Tensor's part in drawings of the graph: how it starts one, how it describes itself, and its gradients in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_edu.engine.order import topological
from tinygrad_edu.errors import GradError
from tinygrad_edu.tensors.gradients import seed_of
from tinygrad_edu.tensors.node import Node, backward_pass

__all__ = ["Drawable"]


class Drawable:
    """The part of Tensor that pictures see."""

    __slots__ = ()

    if TYPE_CHECKING:
        _data: Any
        _node: Any
        _grad: Any
        _requires: bool
        dtype: Any

    def draw_graph(self, **options: Any) -> Any:
        """The graph that led to this Tensor, as a ``graphviz.Digraph`` that draws itself without Graphviz installed.

        Args:
            options: those of :func:`tinygrad_edu.viz.draw_graph` (direction, gradients, max_nodes, highlight, ...).
        """
        from tinygrad_edu.viz import draw_graph

        return draw_graph(self, **options)

    def _graph_node(self) -> Any:
        return self._node or self

    def _graph_info(self) -> Any:
        from tinygrad_edu.engine.graph import GraphNode

        small = self._data.size <= 16
        grad = self._grad
        return GraphNode(
            key=id(self),
            kind="leaf" if self._node is None else "output",
            name=getattr(self, "name", None),
            value=self._data.tolist() if small else None,
            shape=tuple(self._data.shape),
            dtype=repr(self.dtype).removeprefix("torch."),
            grad=grad._data.tolist() if grad is not None and small else None,
            requires_grad=self._requires,
        )

    def _graph_gradients(self) -> dict[int, Any]:
        """The gradient of every node behind this Tensor, by graph key, computed without touching any ``grad``."""
        root: Any = self._node or self
        nodes = topological(root)
        seed = seed_of(self, None, False)
        if any(node.saved is None for node in nodes if isinstance(node, Node)):
            raise GradError(
                "draw_graph(gradients=True) runs backward again, but a backward() has already freed this graph: draw "
                "first, or say backward(retain_graph=True)"
            )
        caught = backward_pass([root], [seed], False, retain_graph=True, captured=nodes)
        return {
            id(node): gradient.tolist()
            for node, gradient in caught.items()
            if isinstance(gradient, (np.ndarray, np.generic)) and gradient.size <= 16
        }
