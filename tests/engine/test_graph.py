"""The graph model: order, edges, several results, and the limit on size."""

import pytest

from tinygrad_edu.engine.graph import GraphNode, collect, graph_key
from tinygrad_edu.errors import GraphTooLargeError


class Node:
    made = 0

    def __init__(self, *inputs, name=None):
        self._inputs, self._sequence, self.name = inputs, 0, name
        if inputs:
            Node.made += 1
            self._sequence = Node.made

    def _graph_info(self):
        return GraphNode(id(self), "op" if self._inputs else "leaf", name=self.name)


class Result:
    """Like a Tensor: points to a node and knows what the node does not."""

    def __init__(self, node):
        self.node = node

    def _graph_node(self):
        return self.node

    def _graph_info(self):
        return GraphNode(id(self), "output", name="loss", value=2.5, grad=1.0)


def names(graph):
    return [node.name for node in graph.nodes]


def test_inputs_come_before_what_uses_them_and_leaves_where_they_are_used():
    a, b, c = Node(name="a"), Node(name="b"), Node(name="c")
    root = Node(Node(a, b, name="ab"), Node(b, c, name="bc"), name="root")
    for _ in range(3):
        assert names(collect(root)) == ["a", "b", "ab", "c", "bc", "root"]


def test_both_edges_of_x_times_x_are_there_in_order():
    x = Node()
    graph = collect(Node(x, x))
    assert [(edge.source, edge.index) for edge in graph.edges] == [(id(x), 0), (id(x), 1)]
    assert graph.inputs()[graph.roots[0]] == [id(x), id(x)]


def test_constants_leave_the_other_operand_its_number():
    x = Node()
    assert [edge.index for edge in collect(Node(None, x)).edges] == [1]


def test_a_leaf_alone_is_a_graph():
    graph = collect(Node(name="x"))
    assert names(graph) == ["x"] and graph.edges == []


def test_several_results_share_what_they_share():
    x = Node(name="x")
    a = Node(x, name="a")
    b = Node(a, name="b")
    graph = collect((a, b))
    assert names(graph) == ["x", "a", "b"] and graph.roots == (id(a), id(b))
    assert collect([a, a]).roots == (id(a),)


def test_a_result_tells_its_node_name_value_and_gradient():
    node = Node(Node())
    graph = collect(Result(node))
    last = graph.nodes[-1]
    assert (last.key, last.kind, last.name, last.value, last.grad) == (id(node), "op", "loss", 2.5, 1.0)
    assert graph_key(Result(node)) == graph_key(node) == id(node)


def test_a_long_chain_needs_no_recursion():
    node = Node()
    for _ in range(50_000):
        node = Node(node)
    assert len(collect(node).nodes) == 50_001


def test_too_large_a_graph_says_what_to_do_before_any_node_is_asked():
    class Silent(Node):
        def _graph_info(self):
            raise AssertionError("asked")

    node = Silent()
    for _ in range(10):
        node = Silent(node)
    with pytest.raises(GraphTooLargeError, match=r"draw_graph: .* 11 nodes.*max_nodes=10.*max_nodes=11"):
        collect(node, max_nodes=10)


@pytest.mark.parametrize("root", [2.0, None, "x", [1.0]])
def test_what_has_no_graph_is_refused(root):
    with pytest.raises(TypeError, match="make_dot: .* has no graph"):
        collect(root, operation="make_dot")


def test_no_results_at_all():
    with pytest.raises(ValueError, match="nothing to draw"):
        collect([])
