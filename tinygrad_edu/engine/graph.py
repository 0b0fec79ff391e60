"""The graph model that every drawing is made from: plain nodes and edges, free of arrays and of pictures.

``collect`` walks a recorded computation once and asks each node to describe itself; what draws it (DOT, text,
a step-through viewer) sees nothing but this model.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from tinygrad_edu.engine.order import topological
from tinygrad_edu.errors import GraphTooLargeError

__all__ = ["Graph", "GraphEdge", "GraphNode", "collect", "graph_key"]

# A number, or nested lists of numbers; None where the value is not known or too long to show.
Content = float | int | bool | list | None


@dataclass
class GraphNode:
    """One node: a leaf (data), or an operation together with the result it gave.

    ``key`` is the ``id()`` of the node it describes. ``op`` is the short sign ("×", "@"), ``op_name`` the
    name PyTorch prints ("MulBackward0"). ``attrs`` holds the operation's parameters (``{"dim": 1}``) and
    ``saved`` the name and shape of what it keeps for the backward pass; torchviz's style can show both. Of
    kind "output" is how a Tensor that an operation made describes itself; `collect` merges that into the
    operation's node.
    """

    key: int
    kind: Literal["leaf", "op", "output"] = "leaf"
    op: str | None = None
    op_name: str | None = None
    name: str | None = None
    value: Content = None
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    grad: Content = None
    requires_grad: bool = True
    scope: str | None = None
    attrs: dict[str, Any] = field(default_factory=dict)
    saved: tuple[tuple[str, tuple[int, ...]], ...] = ()


@dataclass(frozen=True)
class GraphEdge:
    """``source`` is operand number ``index`` of ``target``; ``x * x`` has two edges, 0 and 1."""

    source: int
    target: int
    index: int


@dataclass
class Graph:
    """Nodes oldest first (inputs before their users), edges in operand order, and the keys of the results."""

    nodes: list[GraphNode]
    edges: list[GraphEdge]
    roots: tuple[int, ...] = ()

    def inputs(self) -> dict[int, list[int]]:
        """For every node, the keys of its operands in order; the same key twice for ``x * x``."""
        operands: dict[int, list[int]] = {node.key: [] for node in self.nodes}
        for edge in sorted(self.edges, key=lambda edge: edge.index):
            operands[edge.target].append(edge.source)
        return operands


def collect(root: Any, *, max_nodes: int | None = None, operation: str = "draw_graph") -> Graph:
    """The graph behind ``root``: a node, an object with ``_graph_node()``, or a list or tuple of them.

    A node offers ``_inputs`` and ``_sequence`` (see `tinygrad_edu.engine.order`) and ``_graph_info()``, which
    returns a `GraphNode`. A Tensor points to its node with ``_graph_node()``; only the results asked for
    still have theirs, and tell their name, value and gradient with a ``_graph_info()`` of their own.

    Raises:
        GraphTooLargeError: more than ``max_nodes`` nodes; raised before any node is asked to describe itself.
    """
    roots = list(root) if isinstance(root, (list, tuple)) else [root]
    if not roots:
        raise ValueError(f"{operation}: nothing to draw: the sequence of results is empty. Give at least one result.")
    starts = [_node_of(each, operation) for each in roots]
    order = topological(*starts)
    if max_nodes is not None and len(order) > max_nodes:
        raise GraphTooLargeError(
            f"{operation}: the graph has {len(order)} nodes, more than max_nodes={max_nodes}; a picture of "
            "it would be slow to lay out and too dense to read. Draw a smaller part (the loss of one "
            f"sample, one layer), or pass max_nodes={len(order)} if you want all of it."
        )
    graph = Graph([], [])
    known: dict[int, GraphNode] = {}
    for node in _leaves_where_used(order):
        info = known[id(node)] = node._graph_info()
        graph.nodes.append(info)
        for index, source in enumerate(node._inputs):
            if source is not None:  # None stands for a constant, which has no node
                graph.edges.append(GraphEdge(known[id(source)].key, info.key, index))
    for each, start in zip(roots, starts, strict=True):
        if each is not start and hasattr(each, "_graph_info"):
            info, result = known[id(start)], each._graph_info()
            info.name, info.value, info.grad = result.name or info.name, result.value, result.grad
    graph.roots = tuple(dict.fromkeys(known[id(start)].key for start in starts))
    return graph


def graph_key(node: Any) -> int:
    """The key in a `Graph` of a Tensor, a Value or a node."""
    return id(_pointed_to(node))


def _pointed_to(root: Any) -> Any:
    pointer = getattr(root, "_graph_node", None)
    return root if pointer is None else pointer()


def _node_of(root: Any, operation: str) -> Any:
    """The node that a root is or points to."""
    node = _pointed_to(root)
    if not hasattr(node, "_graph_info") or not hasattr(node, "_inputs"):
        raise TypeError(
            f"{operation}: {type(root).__name__} has no graph; the root must be a Value or a Tensor "
            "(or a list or tuple of them), such as the loss before it is turned into a float."
        )
    return node


def _leaves_where_used(newest_first: list[Any]) -> Iterable[Any]:
    """Oldest first, each leaf just before its first use.

    Leaves share one creation number, and a drawing must not change from run to run.
    """
    placed: set[int] = set()
    for node in reversed(newest_first):
        if not node._inputs:
            continue
        for source in node._inputs:
            if source is not None and id(source) not in placed:
                placed.add(id(source))
                yield source
        if id(node) not in placed:
            placed.add(id(node))
            yield node
    for node in newest_first:  # a root that is itself a leaf is used by nothing
        if id(node) not in placed:
            placed.add(id(node))
            yield node
