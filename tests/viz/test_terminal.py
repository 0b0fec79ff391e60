"""The drawing for a terminal."""

import pytest

from tinygrad_edu.errors import GraphTooLargeError
from tinygrad_edu.viz import graph_to_text


def test_a_tree_with_values_and_gradients(paraboloid):
    assert graph_to_text(paraboloid()).split("\n")[:6] == [
        "f = - · -3.4000 · grad 1.0000",
        "├─ + · 1.6000 · grad 1.0000",
        "│  ├─ × · 0.8000 · grad 1.0000",
        "│  │  ├─ 0.2000 · grad 4.0000",
        "│  │  └─ **2 · 4.0000 · grad 0.2000",
        "│  │     └─ x1 · 2.0000 · grad 0.8000",
    ]


def test_a_shared_node_is_printed_once(network):
    text = graph_to_text(network(), values=False)
    assert text.count("relu") == 1
    assert text.endswith("   ├─ [1] -\n" + text.split("[1] -\n")[1]) and text.endswith("└─ ↑[1] -")


def test_an_exponentially_shared_graph_stays_small(node):
    y = node(name="x")
    for _ in range(200):
        y = node(y, y, op="+")
    assert len(graph_to_text(y).split("\n")) == 401


@pytest.mark.parametrize("encoding", ["ascii", "cp932", "latin-1", "utf-8"])
def test_it_fits_the_console(hostile, paraboloid, encoding):
    for root in (hostile(), paraboloid()):
        text = graph_to_text(root, encoding=encoding)
        text.encode(encoding)
        assert "\0" not in text
    assert "|- " in graph_to_text(paraboloid(), encoding="ascii")
    assert "* " in graph_to_text(paraboloid(), encoding="ascii").replace("*,", "* ")


def test_several_results(node):
    x = node(name="x")
    a = node(x, op="exp")
    b = node(a, op="log")
    assert graph_to_text([a, b], values=False) == "[1] exp\n└─ x\nlog\n└─ ↑[1] exp"


def test_a_deep_graph_is_no_recursion_and_a_large_one_an_error(node):
    y = node(name="x")
    for _ in range(3000):
        y = node(y, op="+")
    assert graph_to_text(y, values=False, max_nodes=3001).count("\n") == 3000
    with pytest.raises(GraphTooLargeError, match="graph_to_text"):
        graph_to_text(y)
