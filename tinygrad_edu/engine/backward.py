"""The backward pass for graphs that are differentiated lazily: walk newest first, hand every node its gradient once.

A node offers ``_backward(gradient, create_graph, retain_graph)``, which returns one gradient per input (None where
an input is a constant), and ``_hooks``; a leaf offers ``_accumulate([gradient], create_graph)``.
Leaves are the oldest nodes, so they come last: if a rule or a hook raises,
no leaf has been touched yet.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from tinygrad_edu.engine.order import reaches, topological

__all__ = ["backpropagate"]


def backpropagate(
    roots: Sequence[Any],
    seeds: Sequence[Any],
    *,
    add: Callable[[Any, Any], Any],
    create_graph: bool = False,
    retain_graph: bool = False,
    captured: Collection[Any] | None = None,
) -> dict[Any, Any]:
    """Send the seeds from the roots back through the graph.

    Args:
        roots: the nodes to start from.
        seeds: one gradient for each root.
        add: how two gradients of one node are added.
        create_graph: whether the rules themselves are recorded, for derivatives of derivatives.
        retain_graph: whether the nodes keep what they saved, so that the graph can be walked again.
        captured: the nodes whose gradients are returned instead of accumulated, or None to accumulate in all
            leaves. Only the paths that lead to them are walked.

    Returns:
        The gradients of the captured nodes; those that no root depends on are missing.
    """
    pending: dict[Any, Any] = {}
    for root, seed in zip(roots, seeds, strict=True):
        held = pending.get(root)
        pending[root] = seed if held is None else add(held, seed)
    caught: dict[Any, Any] = {}
    wanted = None if captured is None else set(captured)
    useful = None if wanted is None else reaches(roots, wanted)
    for node in topological(*roots):
        gradient = pending.pop(node, None)
        if gradient is None or (useful is not None and node not in useful):
            continue
        if node._hooks is not None:
            gradient = node._run_hooks(gradient, create_graph)
        if wanted is not None and node in wanted:
            caught[node] = gradient
        sources = node._inputs
        if sources:
            for source, share in zip(sources, node._backward(gradient, create_graph, retain_graph)):  # noqa: B905
                if share is not None:
                    held = pending.get(source)
                    pending[source] = share if held is None else add(held, share)
        elif wanted is None:
            # A leaf. The list gives up its reference, so that it can tell whether the gradient is its own.
            handed, gradient = [gradient], None
            node._accumulate(handed, create_graph)
    return caught
