"""Code written for graphviz and torchviz, run on our Digraph: the same files, with no `dot` program."""

import os

import graphviz
import pytest

from tinygrad_edu.errors import RenderError
from tinygrad_edu.viz import Digraph, draw_graph, make_dot


@pytest.fixture(autouse=True)
def in_an_empty_folder_without_dot(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))


def small(**options):
    dot = Digraph("G", **options)
    dot.node("a", "A")
    dot.edge("a", "b", label="1")
    return dot


def test_it_is_a_graphviz_digraph():
    assert isinstance(small(), graphviz.Digraph)
    ours, theirs = small(), graphviz.Digraph("G")
    theirs.node("a", "A")
    theirs.edge("a", "b", label="1")
    assert str(ours) == str(theirs)


def test_render_writes_source_and_picture():
    assert small().render("graph", format="png") == "graph.png"
    assert sorted(os.listdir()) == ["graph", "graph.png"]
    assert open("graph").read() == small().source and open("graph.png", "rb").read(4) == b"\x89PNG"


def test_render_by_default_names():
    assert small().render() == "G.gv.svg"
    assert small(filename="f", directory="d").render(cleanup=True).replace("\\", "/") == "d/f.svg"
    assert os.listdir("d") == ["f.svg"]


def test_render_to_an_outfile():
    assert small().render(outfile="x.png") == "x.png"
    assert sorted(os.listdir()) == ["x.gv", "x.png"]
    with pytest.raises(graphviz.FileExistsError):
        small().render(outfile="x.png", raise_if_result_exists=True)
    with pytest.raises(ValueError, match="overwrite its own DOT source"):
        small().render(outfile="y.gv")


def test_view_opens_the_picture(monkeypatch):
    opened = []
    monkeypatch.setattr(Digraph, "_view", lambda self, path, **kwargs: opened.append(path))
    small().view("graph")
    small().render("other", view=True)
    assert opened == ["graph.svg", "other.svg"]


@pytest.mark.parametrize("error", [FileNotFoundError(2, "No such file", "xdg-open"), RuntimeError("no viewer")])
def test_without_a_viewer_the_error_says_where_the_picture_is(monkeypatch, error):
    def fail(self, path, **kwargs):
        raise error

    monkeypatch.setattr(Digraph, "_view", fail)
    with pytest.raises(RenderError, match=r"view: the picture is written to 'graph\.svg', but .* Open the file"):
        small().view("graph")
    assert "graph.svg" in os.listdir()


def test_pipe():
    assert small().pipe("png").startswith(b"\x89PNG")
    assert small().pipe(encoding="utf-8").startswith("<?xml")
    assert small(format="png").pipe().startswith(b"\x89PNG")


def test_save():
    assert small().save() == "G.gv"
    assert small().save("deep/name.dot").replace("\\", "/") == "deep/name.dot"
    assert open("deep/name.dot").read() == small().source
    open("blocked", "w").close()
    with pytest.raises(RenderError, match="cannot write"):
        small().save("blocked/name.dot")


def test_what_only_the_program_can_do_is_refused():
    for options in ({"format": "pdf"}, {"renderer": "cairo"}, {"formatter": "gd"}, {"neato_no_op": True}):
        with pytest.raises(RenderError):
            small().render("graph", **options)
    with pytest.raises(RenderError, match="unflatten belongs to the Graphviz programs"):
        small().unflatten(stagger=2)
    with pytest.raises(RenderError, match="'pdf' cannot be drawn"):
        small(format="pdf")
    assert os.listdir() == []


def test_a_notebook_displays_it():
    shown = small()._repr_mimebundle_()
    assert set(shown) == {"image/svg+xml", "text/plain"} and shown["text/plain"] == small().source
    assert small()._repr_mimebundle_(include=["image/png"])["image/png"].startswith(b"\x89PNG")
    assert small()._repr_mimebundle_(exclude=["image/svg+xml"]).keys() == {"text/plain"}
    assert small()._repr_image_svg_xml().startswith("<?xml")


def test_a_drawing_in_text(paraboloid):
    assert (
        draw_graph(paraboloid())._repr_mimebundle_(include=["text/plain"])["text/plain"].startswith("f = -")
    )


def test_copies_and_subgraphs_keep_the_limit():
    dot = Digraph(max_nodes=2000)
    with dot.subgraph(name="cluster_0") as part:
        part.node("a")
    assert dot.copy().max_nodes == part.max_nodes == 2000
    assert "subgraph cluster_0" in dot.source


def test_torchvizs_snippet(network):
    make_dot(network(), params={}).render("attached", format="png")
    assert sorted(os.listdir()) == ["attached", "attached.png"]


def test_micrograds_trace_graph():
    dot = Digraph(format="svg", graph_attr={"rankdir": "LR"})
    dot.node(name="1", label="{ a | data 2.0000 | grad 1.0000 }", shape="record")
    dot.node(name="1+", label="+")
    dot.edge("1+", "1")
    assert "data 2.0000" in dot.pipe(encoding="utf-8")
