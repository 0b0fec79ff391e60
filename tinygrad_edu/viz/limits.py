"""What ``max_nodes=`` may be: the one check for everything that draws."""

from __future__ import annotations

__all__ = ["check_limit"]


def check_limit(operation: str, max_nodes: int | None) -> int | None:
    """The limit as it is given; ValueError unless it is None or a whole number from 1.

    >>> check_limit("draw_graph", 0)
    Traceback (most recent call last):
    ValueError: draw_graph: max_nodes=0 leaves nothing to draw; give a whole number from 1, or None for the usual limit.
    """
    if max_nodes is not None and not (hasattr(max_nodes, "__index__") and max_nodes >= 1):
        raise ValueError(
            f"{operation}: max_nodes={max_nodes!r} leaves nothing to draw; give a whole number from 1, "
            "or None for the usual limit."
        )
    return max_nodes
