"""The graph that the student's own objects hold: data and gradient of each value, and the order of visit."""

from __future__ import annotations

from typing import Any

PARAMS = {"x": 0.5, "w": -2.0}
ABOUT = {
    "en": "y = exp(x·x + x·w) as your own objects hold it; numbers ①… are the order in which backward() finished them",
    "ja": "あなたのオブジェクトが持つ y = exp(x·x + x·w) のグラフ。番号は backward() が処理し終えた順",
}


def draw(o: dict[str, Any], p: dict[str, Any], lang: str) -> str:
    """SVG of the observation of the probe `picture`.

    Args:
        o: `nodes` of [name, op, data, grad], `edges` of index pairs, `order` of indices.
        p: the parameters.
        lang: "en" or "ja".
    """
    from tinygrad_edu.viz import Digraph

    dot = Digraph("value", graph_attr={"rankdir": "LR"}, node_attr={"shape": "record"})
    finished = {node: place for place, node in enumerate(o["order"], 1)}
    for number, (name, op, data, grad) in enumerate(o["nodes"]):
        head = _safe(name or op or "?")
        if name and op:
            head = f"{head} = {_safe(op)}"
        place = f"| #{finished[number]}" if number in finished else ""
        dot.node(str(number), f"{{ {head} | data {data:.4g} | grad {grad:.4g} {place} }}")
    for tail, tip in o["edges"]:
        dot.edge(str(int(tail)), str(int(tip)))
    return dot.pipe("svg").decode("utf-8")


def _safe(text: str) -> str:
    """Text of the student's in a record label: what has a meaning there is escaped."""
    return "".join(f"\\{sign}" if sign in '{}|<>\\" ' else sign for sign in str(text)[:40])
