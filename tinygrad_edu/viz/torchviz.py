"""torchviz's picture of a graph: backward functions by PyTorch's names, leaves in blue, the result in green.

So that code and lectures written for ``torchviz.make_dot`` (https://github.com/szagoruyko/pytorchviz) run
unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinygrad_edu.engine.graph import GraphNode, collect, graph_key
from tinygrad_edu.viz.digraph import Digraph
from tinygrad_edu.viz.dot import MAX_NODES
from tinygrad_edu.viz.font import FONT
from tinygrad_edu.viz.labels import plain_text

__all__ = ["make_dot"]

LEAF, SAVED, OUTPUT = "lightblue", "orange", "darkolivegreen1"  # torchviz's own colours


def make_dot(
    var: Any,
    params: Mapping[str, Any] | None = None,
    show_attrs: bool = False,
    show_saved: bool = False,
    max_attr_chars: int = 50,
) -> Digraph:
    """The backward graph of ``var`` as torchviz draws it.

    Args:
        var: the result, or a list or tuple of results.
        params: names for leaves, such as ``dict(model.named_parameters())``; ``{"x": x}`` for one input.
        show_attrs: also the parameters of each operation (``dim``, an exponent).
        show_saved: also, in orange, what each operation keeps for its backward pass.
        max_attr_chars: the longest attribute shown in full.

    Raises:
        TypeError: ``params`` is not a mapping from names to Tensors, or ``var`` has no graph.
        GraphTooLargeError: more than 1,000 nodes.
    """
    if params is not None and not isinstance(params, Mapping):
        raise TypeError(
            f"make_dot: params must map names to Tensors, got {type(params).__name__}; "
            "for a module pass dict(model.named_parameters())."
        )
    names = {graph_key(tensor): str(name) for name, tensor in (params or {}).items()}
    graph = collect(var, max_nodes=MAX_NODES, operation="make_dot")
    dot = Digraph(
        node_attr={
            "style": "filled",
            "shape": "box",
            "align": "left",
            "fontsize": "10",
            "ranksep": "0.1",
            "height": "0.2",
            "fontname": FONT,
        },
    )
    dot.model = graph
    operands = graph.inputs()
    nodes = {node.key: node for node in graph.nodes}
    function: dict[int, str] = {}  # the DOT node of each backward function; constants have none
    for number, node in enumerate(graph.nodes):
        if node.kind == "op":
            function[node.key] = f"n{number}"
            dot.node(f"n{number}", _function_label(node, show_attrs, max_attr_chars), fillcolor="lightgrey")
        elif node.requires_grad and node.key not in graph.roots:
            function[node.key] = f"n{number}"
            dot.node(f"n{number}v", _tensor_label(names.get(node.key, node.name), node.shape), fillcolor=LEAF)
            dot.node(f"n{number}", "AccumulateGrad", fillcolor="lightgrey")
            dot.edge(f"n{number}v", f"n{number}")
        for source in operands[node.key]:
            if source in function:
                dot.edge(function[source], function[node.key])
        if show_saved:
            for index, (name, shape) in enumerate(node.saved):
                dot.node(f"n{number}s{index}", _tensor_label(name, shape), fillcolor=SAVED)
                dot.edge(f"n{number}", f"n{number}s{index}", dir="none")
    for number, key in enumerate(graph.roots):
        root = nodes[key]
        dot.node(f"out{number}", _tensor_label(names.get(key, root.name), root.shape), fillcolor=OUTPUT)
        if key in function:
            dot.edge(function[key], f"out{number}")
    return dot


def _tensor_label(name: str | None, shape: tuple[int, ...] | None) -> str:
    """A tensor's name above its size, as torchviz writes a size: (2, 3), (4), ()."""
    size = "" if shape is None else "(" + ", ".join(map(str, shape)) + ")"
    return plain_text(f"{name}\n {size}" if name else size)


def _function_label(node: GraphNode, show_attrs: bool, max_attr_chars: int) -> str:
    title = node.op_name or node.op or "op"
    if not show_attrs or not node.attrs:
        return plain_text(title)
    longest = max(max_attr_chars, 3)
    texts = {key: str(value) for key, value in node.attrs.items()}
    cut = {key: text if len(text) <= longest else text[: longest - 3] + "..." for key, text in texts.items()}
    width = max(map(len, cut))
    rows = [f"{key:<{width}}: {text}" for key, text in cut.items()]
    rule = "-" * max(len(title), *map(len, rows))
    return "\\n".join(plain_text(line) for line in (title, rule, *rows))
