"""From DOT to files: formats, limits, fonts, and writes that are all or nothing."""

import os
import struct

import graphviz
import pytest

from tinygrad_edu.errors import GraphTooLargeError, MissingExtraError, MissingFontError, RenderError
from tinygrad_edu.viz import render
from tinygrad_edu.viz.font import characters, fonts_for
from tinygrad_edu.viz.output import draw
from tinygrad_edu.viz.raster import MAX_PIXELS, svg_to_png

SOURCE = "digraph { x -> y }"


@pytest.fixture(autouse=True)
def no_extra_font(monkeypatch):
    monkeypatch.delenv("TINYEDU_FONT", raising=False)
    monkeypatch.setattr("tinygrad_edu.viz.font.find_spec", lambda name: None)


def size(png):
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])


def test_every_format(tmp_path):
    for name in ("graph.png", "graph.svg", "graph.dot", "graph.gv"):
        assert render(SOURCE, tmp_path / name) == str(tmp_path / name)
    assert size((tmp_path / "graph.png").read_bytes()) == (165, 309)  # 62 x 116 points, two dots a pixel
    assert ">x</text>" in (tmp_path / "graph.svg").read_text()
    assert (tmp_path / "graph.dot").read_text() == SOURCE


def test_any_object_with_a_source(tmp_path):
    dot = graphviz.Digraph()
    dot.edge("a", "b")
    assert "a&#45;&gt;b" in draw(dot.source, "svg").decode()
    assert os.path.exists(render(dot, tmp_path / "deep" / "folder" / "a.SVG"))
    with pytest.raises(TypeError, match="expected DOT text or a Digraph, got int"):
        render(3, tmp_path / "a.svg")


def test_the_picture_is_the_same_each_time():
    assert draw(SOURCE, "png") == draw(SOURCE, "png")


def test_unknown_endings_and_formats(tmp_path):
    with pytest.raises(RenderError, match="'a.pdf' does not end in a format"):
        render(SOURCE, tmp_path / "a.pdf")
    with pytest.raises(RenderError, match="format 'gif' cannot be drawn"):
        render(SOURCE, tmp_path / "a", format="gif")


def test_a_failure_leaves_the_old_file_as_it_was(tmp_path):
    target = tmp_path / "a.png"
    target.write_text("old")
    with pytest.raises(RenderError, match="line 1"):
        render("digraph {", target)
    assert target.read_text() == "old" and os.listdir(tmp_path) == ["a.png"]


def test_paths_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.png").mkdir()
    for target in (tmp_path / "file" / "a.png", tmp_path / "folder.png"):
        with pytest.raises(RenderError, match="cannot write .* Choose a path"):
            render(SOURCE, target)
    assert sorted(os.listdir(tmp_path)) == ["file", "folder.png"]


def test_too_many_nodes_or_edges_for_a_format():
    chain = "digraph {" + "".join(f"n{i}->n{i + 1};" for i in range(700)) + "}"
    with pytest.raises(GraphTooLargeError, match=r"701 nodes .* PNG \(at most 600 .* write .svg or .dot"):
        draw(chain, "png")
    assert draw(chain, "svg")
    assert draw(chain, "dot") == chain.encode()
    assert size(draw(chain, "png", max_nodes=701))
    many, more = " ".join(f"a{i}" for i in range(60)), " ".join(f"b{i}" for i in range(60))
    dense = f"digraph {{ {{{many}}} -> {{{more}}} }}"
    with pytest.raises(GraphTooLargeError, match="120 nodes and 3600 edges .* write .dot"):
        draw(dense, "svg")


def test_pixels_are_capped():
    svg = '<svg width="40000pt" height="20000pt" viewBox="0 0 2 1" xmlns="http://www.w3.org/2000/svg"></svg>'
    width, height = size(svg_to_png(svg))
    assert 0.9 * MAX_PIXELS < width * height <= 1.01 * MAX_PIXELS
    with pytest.raises(RenderError, match="no width and height"):
        svg_to_png("<svg></svg>")


def test_japanese_stays_text_in_svg_and_is_named_for_png():
    source = 'digraph { 変数 [label="勾配 0.5"] }'
    assert "勾配 0.5" in draw(source, "svg").decode()
    with pytest.raises(
        MissingFontError, match=r"勾 \(U\+52FE\), 配 \(U\+914D\)\. pip install .*TINYEDU_FONT"
    ):
        draw(source, "png")


def test_what_the_shipped_font_has():
    assert len(fonts_for("aé Ωλ∂f/∂x ∇ × ÷ − √ ∑ ≤ ≠ ∞ → ← ↑ ² ₀ │├└─ … “x”\n\u00a0")) == 1


@pytest.fixture
def kanji_font(tmp_path):
    """A font of one character, 日, a filled square."""
    builder_of = pytest.importorskip("fontTools.fontBuilder").FontBuilder
    pen_of = pytest.importorskip("fontTools.pens.ttGlyphPen").TTGlyphPen
    pen = pen_of(None)
    for step, point in enumerate([(0, 0), (0, 800), (800, 800), (800, 0)]):
        pen.lineTo(point) if step else pen.moveTo(point)
    pen.closePath()
    square = pen.glyph()
    font = builder_of(1000, isTTF=True)
    font.setupGlyphOrder([".notdef", "sun"])
    font.setupCharacterMap({ord("日"): "sun"})
    font.setupGlyf({".notdef": square, "sun": square})
    font.setupHorizontalMetrics({".notdef": (1000, 0), "sun": (1000, 0)})
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": "Sun", "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    path = tmp_path / "sun.ttf"
    font.save(path)
    return path


def test_another_font_may_have_what_the_shipped_one_lacks(kanji_font, monkeypatch):
    assert characters(str(kanji_font)) == {"日"}
    monkeypatch.setenv("TINYEDU_FONT", str(kanji_font))
    with_font = draw('digraph { a [label="日"] }', "png")
    assert with_font != draw('digraph { a [label=" "] }', "png")
    with pytest.raises(MissingFontError, match=r"cannot draw 月 \(U\+6708\); sun.ttf lacks them too"):
        draw('digraph { a [label="日月"] }', "png")


def test_a_font_that_is_none(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYEDU_FONT", str(tmp_path / "gone.ttf"))
    with pytest.raises(MissingFontError, match="TINYEDU_FONT names .* not a file"):
        fonts_for("日")
    (tmp_path / "gone.ttf").write_text("this is not a font, only text")
    with pytest.raises(MissingFontError, match="is not a TrueType or OpenType font"):
        fonts_for("日")


def test_png_without_its_package(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "resvg_py", None)
    with pytest.raises(MissingExtraError, match="pip install resvg-py"):
        draw(SOURCE, "png")
