"""draw_graph and make_dot: their options, and what they refuse."""

import re

import pytest

from tinygrad_edu import Value, tensor
from tinygrad_edu.errors import GraphTooLargeError
from tinygrad_edu.viz import Digraph, draw_graph, graph_to_text, make_dot, render


def labels(dot):
    return re.findall(r'label="?([^"\]]*?)"? ', dot.source)


def test_direction_and_style_are_checked(node):
    with pytest.raises(ValueError, match="unknown direction 'up'"):
        draw_graph(node(), direction="up")
    with pytest.raises(ValueError, match="unknown style 'fancy'"):
        draw_graph(node(), style="fancy")
    with pytest.raises(TypeError, match="float has no graph"):
        draw_graph(1.0)


def test_the_root_chooses_its_style_and_the_caller_may_choose_another(paraboloid):
    assert "{x1|data 2.0000|grad 0.8000}" in draw_graph(paraboloid("value")).source
    assert "x1|2.0000|grad 0.8000" in draw_graph(paraboloid("value"), style="tensor").source


def test_without_values_only_names_and_operations_remain(paraboloid):
    source = draw_graph(paraboloid(), values=False).source
    assert "2.0000" not in source and "grad" not in source and "x1" in source


def test_gradients_of_interior_nodes_come_from_the_root(node):
    x = node(name="x", value=3.0, grad=6.0)
    square = node(x, op="**2", value=9.0)
    square._graph_gradients = lambda: {id(square): 1.0}
    assert "grad 1.0000" not in draw_graph(square).source
    drawn = draw_graph(square, gradients=True).source
    assert "grad 1.0000" in drawn and "grad 6.0000" in drawn
    assert "9.0000" not in draw_graph(square, gradients=True, values=False).source


def test_highlight_by_name_or_by_node(paraboloid):
    root = paraboloid()
    assert draw_graph(root, highlight=["x1", "x2"]).source.count("#d3263f") == 2
    assert draw_graph(root, highlight="f").source.count("#d3263f") == 1
    assert draw_graph(root, highlight=[root._inputs[0]]).source.count("#d3263f") == 1
    with pytest.raises(ValueError, match="highlight 'x3' is not in the graph. Names in it: f, x1, x2"):
        draw_graph(root, highlight=["x3"])


def test_one_node_to_highlight_needs_no_list():
    x = tensor([1.0, 2.0], requires_grad=True)
    y = Value(3.0, name="y")
    assert draw_graph(x.sum(), highlight=x).source.count("#d3263f") == 1
    assert draw_graph(y * 2, highlight=y).source.count("#d3263f") == 1
    with pytest.raises(ValueError, match="highlight Value.* is not in the graph"):
        draw_graph(y * 2, highlight=Value(1.0))


@pytest.mark.parametrize("limit", [0, -1, 2.5, "9"])
def test_a_limit_that_leaves_nothing_is_refused(node, limit, tmp_path):
    x = node(name="x")
    for draw in (
        lambda: draw_graph(x, max_nodes=limit),
        lambda: graph_to_text(x, max_nodes=limit),
        lambda: Digraph(max_nodes=limit),
        lambda: render("digraph { a }", tmp_path / "a.svg", max_nodes=limit),
    ):
        with pytest.raises(ValueError, match=r"max_nodes=.* leaves nothing to draw; give a whole number from 1"):
            draw()


def test_both_operands_of_x_times_x(node):
    x = node(name="x")
    for style in ("tensor", "value"):
        assert len(re.findall(r"n0 -> n1", draw_graph(node(x, x, op="×"), style=style).source)) == 2


def test_the_limit_can_be_raised_for_the_renderer_too(node):
    root = node(name="x")
    for _ in range(1200):
        root = node(root, op="+")
    with pytest.raises(GraphTooLargeError, match="1201 nodes, more than max_nodes=1000"):
        draw_graph(root)
    with pytest.raises(GraphTooLargeError, match="make_dot"):
        make_dot(root)
    assert draw_graph(root, max_nodes=1201).pipe("svg")


def test_make_dot_names_leaves_by_params(node):
    x, b = node(name="x", shape=(2, 2)), node(shape=(2,), requires_grad=False)
    y = node(x, b, op="×", op_name="MulBackward0", shape=(2, 2))
    source = make_dot(y, params={"weight": x}).source
    assert r'"weight\n (2, 2)" fillcolor=lightblue' in source and r"x\n" not in source
    assert r"x\n (2, 2)" in make_dot(y).source
    assert source.count("AccumulateGrad") == 1  # the constant has none
    assert 'out0 [label="(2, 2)" fillcolor=darkolivegreen1]' in source
    with pytest.raises(TypeError, match=r"params must map names .* got list; .*dict\(model.named_parameters"):
        make_dot(y, params=[("weight", x)])


def test_make_dot_of_a_leaf_is_one_green_box(node):
    source = make_dot(node(name="x", shape=(3,))).source
    assert "darkolivegreen1" in source and "->" not in source


def test_make_dot_shortens_attributes(node):
    y = node(node(), op="sum", op_name="SumBackward1", attrs={"dim": (0, 1, 2, 3, 4, 5), "keepdim": False})
    source = make_dot(y, show_attrs=True, max_attr_chars=9).source
    assert r"SumBackward1\n------------------\ndim    : (0, 1,...\nkeepdim: False" in source
