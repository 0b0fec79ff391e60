"""The DOT text of every kind of drawing, compared with a file: a change of looks must be seen and wanted.

TINYEDU_UPDATE_GOLDEN=1 writes the files anew; then look at the pictures before committing them.
"""

import os
from pathlib import Path

import pytest

from tinygrad_edu.viz import draw_graph, make_dot, render

GOLDEN = Path(__file__).with_name("golden")


@pytest.fixture
def kinds(paraboloid, network, hostile):
    loss = network()
    error = loss._inputs[0]._inputs[0]
    weights = {"first": error._inputs[0]._inputs[0]._inputs[0]._inputs[0]._inputs[0]._inputs[1]}
    return {
        "tensor": lambda: draw_graph(paraboloid()),
        "value": lambda: draw_graph(paraboloid("value"), name="paraboloid"),
        "value_top_down": lambda: draw_graph(paraboloid("value"), direction="TB", highlight=["x1", "f"]),
        "network": lambda: draw_graph(loss, direction="TB"),
        "operations_only": lambda: draw_graph(loss, values=False),
        "hostile": lambda: draw_graph(hostile()),
        "torchviz": lambda: make_dot(loss, params=weights),
        "torchviz_full": lambda: make_dot((loss, error), show_attrs=True, show_saved=True),
    }


@pytest.mark.parametrize(
    "kind",
    [
        "tensor",
        "value",
        "value_top_down",
        "network",
        "operations_only",
        "hostile",
        "torchviz",
        "torchviz_full",
    ],
)
def test_dot_of_every_kind(kind, kinds, tmp_path):
    dot = kinds[kind]()
    golden = GOLDEN / f"{kind}.dot"
    if os.environ.get("TINYEDU_UPDATE_GOLDEN"):
        golden.write_text(dot.source, encoding="utf-8")
    assert dot.source == golden.read_text(encoding="utf-8")
    assert Path(render(dot, tmp_path / "picture.png")).read_bytes().startswith(b"\x89PNG")
