"""The student's own drawing, laid out: their DOT text as SVG."""

from __future__ import annotations

from typing import Any

PARAMS = {"names": ["x", "weight", "bias"], "sizes": [2, 3, 5]}
ABOUT = {
    "en": "the graph of sum(relu(x @ w + b)²) as your own draw_graph describes it",
    "ja": "あなたの draw_graph が描いた sum(relu(x @ w + b)²) の計算グラフ",
}


def draw(o: dict[str, Any], p: dict[str, Any], lang: str) -> str:
    """SVG of the DOT text in `o["dot"]`.

    Raises:
        ValueError: it cannot be laid out.
    """
    from tinygrad_edu.errors import RenderError
    from tinygrad_edu.viz.output import draw as lay_out

    try:
        return lay_out(o["dot"], "svg").decode("utf-8")
    except RenderError as error:
        raise ValueError(str(error)) from error
