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

__all__ = ["next_sequence", "topological"]

# Leaves have number 0; recorded nodes count from 1. next() on a count is atomic, so threads may share it.
next_sequence = count(1).__next__

_by_sequence = attrgetter("_sequence")


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


def reaches(roots: Iterable[Any], targets: Iterable[Any]) -> set[Any]:
    """The nodes on a path from a root to a target: what a backward pass restricted to the targets must visit."""
    useful: set[Any] = set(targets)
    for node in reversed(topological(*roots)):  # oldest first: inputs are decided before the nodes that use them
        if any(source in useful for source in node._inputs if source is not None):
            useful.add(node)
    return useful
