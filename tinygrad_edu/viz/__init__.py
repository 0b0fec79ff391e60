"""Drawing computations: graph model, then DOT, then SVG, PNG or terminal text; nothing here but pip packages.

The public names load on first use, so that importing tinygrad_edu costs nothing for those who draw nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tinygrad_edu.viz.digraph import Digraph
    from tinygrad_edu.viz.dot import draw_graph
    from tinygrad_edu.viz.output import render
    from tinygrad_edu.viz.terminal import graph_to_text
    from tinygrad_edu.viz.torchviz import make_dot

__all__ = ["Digraph", "draw_graph", "graph_to_text", "make_dot", "render"]

_HOME = {
    "Digraph": "digraph",
    "draw_graph": "dot",
    "graph_to_text": "terminal",
    "make_dot": "torchviz",
    "render": "output",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
