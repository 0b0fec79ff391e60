"""A graph as text: a tree from the result down to the leaves, each shared node printed once.

It needs no renderer and no font, so it is the drawing for a terminal, a log, or an error report.
"""

from __future__ import annotations

from typing import Any

from tinygrad_edu.engine.graph import Graph, GraphNode, collect
from tinygrad_edu.viz.labels import describe_grad, describe_value, visible
from tinygrad_edu.viz.limits import check_limit

__all__ = ["graph_to_text"]

MAX_NODES = 1000
LINES = ("├─ ", "└─ ", "│  ", "   ", " · ", "↑")
ASCII_LINES = ("|- ", "`- ", "|  ", "   ", ", ", "see ")
ASCII_SIGNS = {
    "×": "*",
    "÷": "/",
    "−": "-",
    "…": "...",
    "→": "->",
    "√": "sqrt",
    "Σ": "sum",
    "∂": "d",
    "²": "**2",
    "·": "*",
}


def graph_to_text(root: Any, *, values: bool = True, max_nodes: int | None = None, encoding: str = "utf-8") -> str:
    """The graph of a Value or Tensor (or a collected `Graph`) as lines of text, without a closing newline.

    Each line is a node: ``name = operation``, its value (or dtype and shape) and its gradient; below it,
    indented, its operands in order. A node used more than once gets a number, ``[1]``, and is then only
    referred to.

    Args:
        values: show values and gradients.
        max_nodes: the largest graph to print; 1000 if not given.
        encoding: what the text must fit into, usually ``sys.stdout.encoding``: characters it lacks are
        replaced
            (``×`` by ``*``), the lines by ``|- ``; "ascii" fits everywhere.

    >>> from tinygrad_edu.engine.graph import GraphEdge
    >>> x = GraphNode(1, name="x", value=3.0); y = GraphNode(2, "op", op="×", value=9.0)
    >>> print(graph_to_text(Graph([x, y], [GraphEdge(1, 2, 0), GraphEdge(1, 2, 1)], (2,)), encoding="ascii"))
    *, 9.0000
    |- [1] x, 3.0000
    `- see [1] x

    Raises:
        GraphTooLargeError: more than ``max_nodes`` nodes.
        TypeError: a root without a graph.
    """
    if isinstance(root, Graph):
        graph = root
    else:
        graph = collect(root, max_nodes=check_limit("graph_to_text", max_nodes) or MAX_NODES, operation="graph_to_text")
    lines = LINES if _fits("".join(LINES), encoding) else ASCII_LINES
    branch, last_branch, beside, below, dot, see = lines
    nodes = {node.key: node for node in graph.nodes}
    operands = graph.inputs()
    uses: dict[int, int] = {}
    for edge in graph.edges:
        uses[edge.source] = uses.get(edge.source, 0) + 1
    numbers: dict[int, int] = {}
    text: list[str] = []
    # Depth first without recursion: a graph may be deeper than Python's stack.
    waiting = [(key, "", "") for key in reversed(graph.roots)]
    while waiting:
        key, lead, indent = waiting.pop()
        node = nodes[key]
        if key in numbers:
            text.append(f"{lead}{see}[{numbers[key]}] {_title(node)}")
            continue
        mark = ""
        if uses.get(key, 0) + (key in graph.roots) > 1:
            numbers[key] = len(numbers) + 1
            mark = f"[{numbers[key]}] "
        text.append(lead + mark + _line(node, values, dot))
        children = operands[key]
        for position in range(len(children) - 1, -1, -1):
            final = position == len(children) - 1
            waiting.append(
                (
                    children[position],
                    indent + (last_branch if final else branch),
                    indent + (below if final else beside),
                )
            )
    return "\n".join(_fitting(line, encoding) for line in text)


def _title(node: GraphNode) -> str:
    """``name = operation``, or as much of it as there is."""
    name = visible(node.name or "").replace("\n", " ")
    op = visible(node.op or "").replace("\n", " ")
    return f"{name} = {op}" if name and op else name or op


def _line(node: GraphNode, values: bool, dot: str) -> str:
    parts = [_title(node)]
    if values:
        parts.append(describe_value(node))
        parts.append(f"grad {describe_grad(node)}" if node.grad is not None else "")
    return dot.join(part for part in parts if part) or "(unnamed)"


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _fitting(line: str, encoding: str) -> str:
    """The line with what the encoding lacks replaced, by a sign that means the same where there is one."""
    if _fits(line, encoding):
        return line
    for sign, plain in ASCII_SIGNS.items():
        if not _fits(sign, encoding):
            line = line.replace(sign, plain)
    return line.encode(encoding, "backslashreplace").decode(encoding)
