"""The graph model becomes DOT: which shapes, colours and words a computation is drawn with.

Two styles. "tensor": one box per leaf and one rounded box per operation, with what the operation gave.
"value": one record per number (name | data | grad) and a small ellipse for the operation that made it, as
micrograd draws. (torchviz's style has a file of its own.)
"""

from __future__ import annotations

from typing import Any, Literal

from tinygrad_edu.engine.graph import Graph, GraphNode, collect, graph_key
from tinygrad_edu.viz.digraph import Digraph
from tinygrad_edu.viz.font import FONT
from tinygrad_edu.viz.labels import describe_grad, describe_value, plain_text, record_text
from tinygrad_edu.viz.limits import check_limit

__all__ = ["MAX_NODES", "draw_graph", "graph_to_dot"]

MAX_NODES = 1000

INK = "#1f2937"
# (fill, border) of each kind of node
LEAF = ("#e3effd", "#3b74b9")
CONSTANT = ("#f1f3f5", "#8b95a1")
OPERATION = ("#fff3d9", "#c28a1c")
RESULT = ("#fffdf6", "#c9a45c")  # what an operation gave, where that has a box of its own
OUTPUT = ("#e2f5e6", "#2f8f4e")
HIGHLIGHT = ("#ffe1e4", "#d3263f")

GRAPH_ATTR = {
    "fontname": FONT,
    "fontsize": "11",
    "bgcolor": "white",
    "nodesep": "0.22",
    "ranksep": "0.38",
    "pad": "0.15",
    "ordering": "in",  # operands in their order, so that a - b and b - a look different
}
NODE_ATTR = {
    "fontname": FONT,
    "fontsize": "11",
    "fontcolor": INK,
    "style": "filled",
    "height": "0.3",
    "margin": "0.11,0.05",
    "penwidth": "1.1",
}
EDGE_ATTR = {"fontname": FONT, "fontsize": "10", "color": "#64748b", "arrowsize": "0.65", "penwidth": "1.1"}


def draw_graph(
    root: Any,
    *,
    name: str | None = None,
    direction: Literal["LR", "TB", "RL", "BT"] = "LR",
    values: bool = True,
    gradients: bool = False,
    max_nodes: int | None = None,
    highlight: Any = (),
    style: Literal["tensor", "value"] | None = None,
) -> Digraph:
    """The computation behind ``root`` as a `Digraph`: render it, save its DOT, or let a notebook display it.

    Args:
        root: a Value, a Tensor, or a list or tuple of them.
        name: the graph's name in the DOT text, and of the file that ``render()`` writes without a file name.
        direction: where the computation runs: "LR" left to right, "TB" top to bottom, "RL", "BT".
        values: show values (of arrays with more than six numbers: dtype and shape) and the gradients there
        are.
        gradients: also compute and show the gradients of interior nodes, where the root can do so without
            touching anyone's ``.grad``.
        max_nodes: the largest graph to draw; 1000 if not given. Given, it also lifts the renderer's own
        limits.
        highlight: names, or the nodes (Values, Tensors) themselves, to draw in red; one, or several in a list.
        style: "tensor" or "value"; by default the one that suits the root.

    Raises:
        GraphTooLargeError: more than ``max_nodes`` nodes.
        ValueError: an unknown direction or style, a limit below 1, or a highlight that is not in the graph.
        TypeError: a root without a graph.
    """
    graph = collect(root, max_nodes=check_limit("draw_graph", max_nodes) or MAX_NODES)
    first = root[0] if isinstance(root, (list, tuple)) else root
    if gradients and hasattr(first, "_graph_gradients"):
        found = first._graph_gradients()
        for node in graph.nodes:
            node.grad = found.get(node.key, node.grad)
    return graph_to_dot(
        graph,
        name=name,
        direction=direction,
        values=values,
        gradients=gradients,
        highlight=highlight,
        style=style or str(getattr(first, "_graph_style", "tensor")),
        max_nodes=max_nodes,
    )


def graph_to_dot(
    graph: Graph,
    *,
    name: str | None = None,
    direction: str = "LR",
    values: bool = True,
    gradients: bool = False,
    highlight: Any = (),
    style: str = "tensor",
    max_nodes: int | None = None,
) -> Digraph:
    """A collected graph as a `Digraph`; the arguments are those of `draw_graph`.

    >>> from tinygrad_edu.engine.graph import Graph, GraphEdge, GraphNode
    >>> x = GraphNode(1, name="x", value=3.0); y = GraphNode(2, "op", op="×", value=9.0)
    >>> dot = graph_to_dot(Graph([x, y], [GraphEdge(1, 2, 0), GraphEdge(1, 2, 1)], (2,)), values=False)
    >>> dot.source.count("n0 -> n1")
    2
    """
    if direction not in ("LR", "TB", "RL", "BT"):
        raise ValueError(f'draw_graph: unknown direction {direction!r}; it is one of "LR", "TB", "RL", "BT".')
    if style not in ("tensor", "value"):
        raise ValueError(f'draw_graph: unknown style {style!r}; it is "tensor" or "value" (make_dot: torchviz).')
    dot = Digraph(
        name=name,
        graph_attr={"rankdir": direction, **GRAPH_ATTR},
        node_attr=NODE_ATTR,
        edge_attr=EDGE_ATTR,
        max_nodes=None if max_nodes is None else 2 * max_nodes,  # a Value is up to two nodes of DOT
    )
    dot.model = graph
    red = _highlighted(graph, highlight)
    flat = direction in ("LR", "RL")
    entry = {node.key: f"n{number}" for number, node in enumerate(graph.nodes)}  # where a node's edges arrive
    leave = dict(entry)  # where they start
    operands = graph.inputs()
    members: dict[str, list[str]] = {}
    for node in graph.nodes:
        fields = _fields(node, values, gradients, "data " if style == "value" else "")
        here = [leave[node.key]]
        look = _look(node, graph.roots, node.key in red, RESULT if style == "value" else OPERATION)
        if style == "value":
            # One row: in a graph drawn left to right, braces turn the fields of a record into a row.
            row = "|".join(map(record_text, _name_first(node, fields)))
            dot.node(leave[node.key], "{" + row + "}" if flat else row, shape="record", **look)
            if operands[node.key] and node.op:
                entry[node.key] = leave[node.key] + "op"
                here.append(entry[node.key])
                dot.node(entry[node.key], plain_text(node.op), **_ellipse())
                dot.edge(entry[node.key], leave[node.key])
        elif node.op is not None and not fields and not node.name:
            dot.node(leave[node.key], plain_text(node.op), **{**_ellipse(), **look})
        else:
            title = [node.op] if node.op is not None else []
            column = "|".join(map(record_text, [*title, *_name_first(node, fields)]))
            shape = "Mrecord" if node.op is not None else "record"
            dot.node(leave[node.key], column if flat else "{" + column + "}", shape=shape, **look)
        if node.scope:
            members.setdefault(node.scope, []).extend(here)
    for target, sources in operands.items():
        for source in sources:
            dot.edge(leave[source], entry[target])
    for number, (scope, inside) in enumerate(members.items()):
        _frame(dot, number, scope, inside)
    return dot


def _fields(node: GraphNode, values: bool, gradients: bool, prefix: str) -> list[str]:
    """What is said about a node after its name: its value, then its gradient."""
    value = describe_value(node)
    fields = [prefix + value] if values and value else []
    if (values or gradients) and node.grad is not None:
        fields.append(f"grad {describe_grad(node)}")
    return fields


def _name_first(node: GraphNode, fields: list[str]) -> list[str]:
    """Name and fields; never nothing at all, or the box would be empty."""
    return [node.name, *fields] if node.name else fields or ([] if node.op else [" "])


def _look(node: GraphNode, roots: tuple[int, ...], highlighted: bool, made: tuple[str, str]) -> dict[str, str]:
    if node.key in roots:
        fill, border = OUTPUT
    elif node.kind == "leaf":
        fill, border = LEAF if node.requires_grad else CONSTANT
    else:
        fill, border = made
    if highlighted:
        fill, border = HIGHLIGHT
    return {"fillcolor": fill, "color": border, **({"penwidth": "2.2"} if highlighted else {})}


def _ellipse() -> dict[str, str]:
    return {
        "shape": "ellipse",
        "width": "0.36",
        "height": "0.32",
        "margin": "0.05,0.02",
        "fillcolor": OPERATION[0],
        "color": OPERATION[1],
    }


def _highlighted(graph: Graph, wanted: Any) -> set[int]:
    """The keys of the nodes to draw in red; a name may belong to several."""
    red: set[int] = set()
    keys = {node.key for node in graph.nodes}
    # A Tensor is asked first: iterating over it would give new ones, which are not in the graph.
    one = isinstance(wanted, (str, int)) or hasattr(wanted, "_graph_node") or hasattr(wanted, "_graph_info")
    for each in [wanted] if one else wanted:
        if isinstance(each, str):
            found = {node.key for node in graph.nodes if node.name == each}
        else:
            found = {each if isinstance(each, int) else graph_key(each)} & keys
        if not found:
            names = ", ".join(sorted({node.name for node in graph.nodes if node.name})) or "none has a name"
            raise ValueError(f"draw_graph: highlight {each!r} is not in the graph. Names in it: {names}.")
        red |= found
    return red


def _frame(dot: Digraph, number: int, scope: str, inside: list[str]) -> None:
    """A labelled frame around the nodes of one module."""
    with dot.subgraph(name=f"cluster_{number}") as frame:
        frame.attr(label=plain_text(scope), labeljust="l", color="#b6c2d1", style="rounded", fontcolor="#475569")
        for each in inside:
            frame.node(each)
