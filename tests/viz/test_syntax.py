"""Reading DOT: what it counts, and the line it blames."""

import pytest

from tinygrad_edu.errors import RenderError
from tinygrad_edu.viz.layout import layout
from tinygrad_edu.viz.syntax import read_dot

GOOD = {
    "digraph {}": (0, 0),
    "graph { a -- b -- c }": (3, 2),
    "strict digraph G { a -> b; a -> b; }": (2, 2),
    "DiGraph{a->b[label=x,color=red;style=bold][weight=2]}": (2, 1),
    "digraph { {a b} -> {c d e} }": (5, 6),
    "digraph { subgraph cluster_0 { label=in; a; b } -> c -> subgraph { d } }": (4, 3),
    'digraph { "a b":port:ne -> "c\\"d" }': (2, 1),
    "digraph { node [shape=box]; edge [color=red]; graph [rankdir=LR]; rankdir=TB; a }": (1, 0),
    "digraph { -1.5 -> .5 -> 3. }": (3, 2),
    'digraph { a [label="x" + "y"] }': (1, 0),
    "// one\n# two\n/* three\n */ digraph { a // four\n /* } */ b }": (2, 0),
    "digraph 日本 { 変数 -> é_1 }": (2, 1),
    'digraph { a [label="{ not } -> syntax // here"] }': (1, 0),
    'digraph { "two\nlines" -> b }': (2, 1),
    "digraph { subgraph { subgraph { {a} } } b }": (2, 0),
}
BAD = {
    "": (1, "expected 'digraph' or 'graph'"),
    "hello": (1, "hello"),
    "digraph {\n a -> b": (2, "the end of the text"),
    "digraph {\n a ->\n}": (3, "found }"),
    "digraph {\n a -- b\n}": (2, "expected '->'"),
    "graph {\n a -> b\n}": (2, "expected '--'"),
    'digraph {\n a\n b [label="x"\n c d\n}': (4, "expected '='"),
    'digraph {\n a [label="x]\n}': (2, "a string that is not closed"),
    "digraph {\n a [label=<b]\n}": (2, "'<' that is not closed"),
    "digraph { a }\ndigraph { b }": (2, "one graph per text"),
    "digraph {\n my node?\n}": (2, "'?'"),
    "digraph {\n a } }": (2, "one graph per text"),
    "digraph {\n node\n}": (3, "expected '['"),
    "digraph {\n a:\n}": (3, "a port"),
    'digraph { a [label="x" + y] }': (1, "a quoted string after"),
    "digraph { a\0 }": (1, "NUL"),
}


@pytest.mark.parametrize("source", GOOD)
def test_counts_agree_and_the_engine_reads_it_too(source):
    found = read_dot(source)
    assert (found.nodes, found.edges) == GOOD[source]
    assert "<svg" in layout(source)


@pytest.mark.parametrize("source", BAD)
def test_a_mistake_is_found_on_its_line(source):
    line, problem = BAD[source]
    with pytest.raises(RenderError, match=f"line {line}: ") as caught:
        read_dot(source)
    assert problem in str(caught.value)


def test_html_labels_and_images_are_noticed():
    found = read_dot('digraph {\n a [label=<<b>x</b>>]\n b [image="x.png"] c [image=""]\n}')
    assert (found.html, found.image) == (2, 3)


def test_deep_nesting_needs_no_recursion():
    assert read_dot("digraph {" + "{" * 5000 + "a" + "}" * 5000 + "}").nodes == 1
