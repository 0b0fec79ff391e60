"""Numbers read well; names come out of the picture as they went in."""

import html
import re

import graphviz
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu.engine.graph import GraphNode
from tinygrad_edu.viz.labels import (
    describe_grad,
    describe_value,
    format_number,
    plain_text,
    record_text,
    visible,
)
from tinygrad_edu.viz.layout import layout


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (24.70408163265306, "24.7041"),
        (0.0, "0.0000"),
        (-0.001, "-0.0010"),
        (6.962555e-05, "6.963e-05"),
        (123456.0, "1.235e+05"),
        (99999.0, "99999.0000"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (7, "7"),
        (10**30, "1e+30"),
        (True, "True"),
    ],
)
def test_numbers(number, text):
    assert format_number(number) == text


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"value": 2.0, "shape": (), "dtype": "float32"}, "2.0000"),
        ({"value": [1.0, 2.0], "shape": (2,), "dtype": "float32"}, "[1, 2]"),
        ({"value": [[1, 2], [3, 4]], "shape": (2, 2), "dtype": "int64"}, "[[1, 2], [3, 4]]"),
        ({"value": [0.0] * 7, "dtype": "float64"}, "float64 (7,)"),
        ({"value": None, "shape": (64, 3), "dtype": "float32"}, "float32 (64, 3)"),
        ({"value": [], "shape": (0,)}, "[]"),
        ({}, ""),
    ],
)
def test_a_short_value_or_dtype_and_shape(facts, text):
    assert describe_value(GraphNode(1, **facts)) == text


def test_gradients():
    assert describe_grad(GraphNode(1)) == ""
    assert describe_grad(GraphNode(1, grad=0.0)) == "0.0000"
    assert describe_grad(GraphNode(1, grad=[0.0] * 9, shape=(3, 3))) == "(3, 3)"


def test_long_names_are_cut_and_controls_spelt_out():
    assert len(visible("x" * 500)) == 60 and visible("x" * 500).endswith("…")
    assert visible("日" * 30) == "日" * 30 and visible("日" * 31) == "日" * 29 + "…"
    assert visible("a\0b\x1b[31m\ud800") == r"a\x00b\x1b[31m\ud800"
    assert visible("日本語 é \u3000") == "日本語 é \u3000"


def shown(label, **attributes):
    """The lines of text that the layout engine draws for a label."""
    dot = graphviz.Digraph()
    dot.node("n", label=label, **attributes)
    found = re.findall(r"<text\b[^>]*>(.*?)</text>", layout(dot.source), flags=re.DOTALL)
    return [html.unescape(each) for each in found]


# Spaces at the ends of a label are Graphviz's to drop; everything else must survive.
NAMES = st.text(
    st.sampled_from("ab1 \"'\\{}|<>&;#%$~^[]()=:,.-+*/_éß日本語∂×→\n") | st.characters(codec="utf-8"),
    min_size=1,
    max_size=12,
)


@given(NAMES)
def test_any_name_survives_in_a_record_and_in_an_ellipse(name):
    lines = [line.strip() for line in visible(name).split("\n")]
    if not all(lines) or name.replace("\n", "").isspace():
        return  # blank lines have no text to compare
    same = [" ".join(line.split()) for line in lines]
    for label, shape in ((plain_text(name), "ellipse"), (record_text(name), "record")):
        drawn = [" ".join(line.replace("\xa0", " ").split()) for line in shown(label, shape=shape)]
        assert drawn == same
