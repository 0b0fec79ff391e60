"""The order in which a graph is walked: from its result back to its inputs, newest node first.

A node knows its inputs (``_inputs``, a tuple; None stands for a constant) and carries a creation number
(``_sequence``). A node is always newer than its inputs, so sorting the reachable nodes by that number, newest
first, is a topological order: nothing recurses, and a chain of a million nodes is as easy as one of ten.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from operator import attrgetter
from typing import Any

__all__ = ["interior", "leading_to", "next_sequence", "topological"]

# Leaves have number 0; recorded nodes count from 1. next() on a count is atomic, so threads may share it.
next_sequence = count(1).__next__

_by_sequence = attrgetter("_sequence")
_visited: Any = object()


def topological(*roots: Any) -> list[Any]:
    """All nodes that the roots depend on, the roots included, each once, newest first.

    >>> class Node:
    ...     def __init__(self, *inputs):
    ...         self._inputs, self._sequence = inputs, next_sequence()
    >>> a = Node(); b = Node(a, a); c = Node(a, b)
    >>> topological(c) == [c, b, a]
    True
    """
    seen: set[Any] = set(roots)
    waiting, found = list(seen), []
    while waiting:
        node = waiting.pop()
        found.append(node)  # depth first: nearly in order already, which makes the sort cheap
        for source in node._inputs:
            if source is not None and source not in seen:
                seen.add(source)
                waiting.append(source)
    found.sort(key=_by_sequence, reverse=True)
    return found


def interior(root: Any) -> list[Any]:
    """The same without the leaves, for nodes with two inputs at most (``_a`` and ``_b``) that hold their gradient.

    Instead of remembering in a set where it has been, this walk marks the nodes themselves: it overwrites ``grad``,
    so the caller sets the gradients of all the nodes that it gets. On a million nodes that saves half of the time.
    """
    order: list[Any] = []
    waiting = [root] if root._a is not None else []
    try:
        # Not `while waiting`: CPython 3.11 makes a function fast after 8 calls or unconditional jumps back, and the
        # jump of that loop is conditional, so the first 7 backward passes of a program would run a fifth slower.
        while True:
            if not waiting:
                break
            node = waiting.pop()
            order.append(node)
            node.grad = _visited
            a, b = node._a, node._b
            if a._a is not None and a.grad is not _visited:
                a.grad = _visited
                waiting.append(a)
            if b is not None and b._a is not None and b.grad is not _visited:
                b.grad = _visited
                waiting.append(b)
        order.sort(key=_by_sequence, reverse=True)
    except BaseException:  # interrupted: no mark may stay behind
        for node in order + waiting:
            node.grad = 0.0
        raise
    return order


def leading_to(order: Iterable[Any], targets: Iterable[Any]) -> set[Any]:
    """The nodes from which a target can be reached: those whose rules a backward pass to the targets must run.

    `order` is newest first, as :func:`topological` gives it. A target is among the nodes only if it leads to another.
    """
    reached, leading = set(targets), set()
    for node in reversed(list(order)):  # oldest first: inputs are decided before the nodes that use them
        for source in node._inputs:
            if source is not None and source in reached:
                reached.add(node)
                leading.add(node)
                break
    return leading
