"""The backward pass for graphs that are differentiated lazily: walk newest first, hand every node its gradient once.

A node offers ``_backward(gradient, create_graph, retain_graph)``, which returns one gradient per input (None where
an input is a constant). Where it has ``_hooks``, ``_run_hooks(gradient, create_graph, arrived)`` shows them its
gradient, and ``_observed`` stands in for ``_backward``. A leaf offers ``_accumulate([gradient], create_graph)``.

Gradients are put in their places at the very end, when nothing can fail any more: if a rule or a hook raises, no
Tensor has been touched.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from threading import RLock
from typing import Any

from tinygrad_edu.engine import anomaly
from tinygrad_edu.engine.order import leading_to, topological

__all__ = ["accumulating", "backpropagate"]

accumulating = RLock()  # two threads may add to the gradient of one leaf


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
    order = topological(*roots)
    caught: dict[Any, Any] = {}
    wanted = None if captured is None else set(captured)
    walked = None if wanted is None else leading_to(order, wanted)
    arrived: list[tuple[Callable[..., None], list[Any]]] = []  # where gradients will be put, and they
    observed: list[Any] = []  # leaves with hooks
    watched = anomaly.enabled
    take, held_for = pending.pop, pending.get
    for node in order:
        gradient = take(node, None)
        if gradient is None or (wanted is not None and node not in walked and node not in wanted):  # type: ignore[operator]
            continue
        hooks = node._hooks
        if hooks is not None:
            gradient = node._run_hooks(gradient, create_graph, arrived)
        if wanted is not None:
            if node in wanted:
                caught[node] = gradient
            if node not in walked:  # type: ignore[operator]
                continue
        sources = node._inputs
        if sources:
            if hooks is None and not watched:
                shares = node._backward(gradient, create_graph, retain_graph)
            else:
                shares = node._observed(gradient, create_graph, retain_graph)
            for source, share in zip(sources, shares):  # noqa: B905
                if share is not None:
                    held = held_for(source)
                    pending[source] = share if held is None else add(held, share)
        elif wanted is None:
            # A leaf. The list holds the only reference, so that the leaf can tell whether the gradient is its own.
            handed, gradient = [gradient], None
            arrived.append((node._accumulate, handed))
            if hooks is not None:
                observed.append(node)
    shares = share = gradient = held = None
    with accumulating:
        for accumulate, handed in arrived:
            accumulate(handed, create_graph)
    for node in observed:
        node._accumulated()
    return caught
