"""From DOT to a file: which format, how large a graph, and a write that is all or nothing."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from tinygrad_edu.errors import GraphTooLargeError, RenderError
from tinygrad_edu.viz.font import FONT
from tinygrad_edu.viz.layout import layout
from tinygrad_edu.viz.limits import check_limit
from tinygrad_edu.viz.raster import svg_to_png
from tinygrad_edu.viz.syntax import read_dot

__all__ = ["FORMATS", "draw", "format_from_path", "render", "write_file"]

FORMATS = ("svg", "png", "dot", "gv")
# Beyond these nobody can read the result, and layout, whose time goes with the edges, takes minutes: 600
# nodes with 3,000 random edges 26 s, a dense net of 8,750 nodes more than 400 s.
MOST_NODES = {"svg": 1000, "png": 600}
EDGES_PER_NODE = 3
# A browser without DejaVu Sans takes Verdana, which is as wide.
BROWSER_FONTS = f"{FONT},Verdana,sans-serif"


def render(
    dot: Any,
    path: str | os.PathLike[str],
    format: str | None = None,
    engine: str | None = None,
    *,
    max_nodes: int | None = None,
    program: str | None = None,
) -> str:
    """Draw any graph in DOT to a file; return the file's path.

    Args:
        dot: DOT text, or an object that holds it in ``.source`` (a Digraph of ours or of graphviz).
        path: where to; the folder is made if need be, and an old file is replaced only by a whole new one.
        format: "png", "svg", "dot" or "gv"; by default the path's ending says.
        engine: Graphviz's layout, "dot" by default; "neato", "fdp", "circo" ...
        max_nodes: draw graphs up to this size, in place of 600 (PNG) and 1,000 (SVG) nodes of DOT.
        program: a Graphviz program to lay out with ("dot"), in place of the built-in engine.

    Raises:
        RenderError: unknown format, DOT that cannot be read (with the line), a path that cannot be written.
        GraphTooLargeError: more nodes or edges than the format carries.
        MissingFontError: a PNG of characters that no font at hand has.
    """
    source = dot if isinstance(dot, str) else getattr(dot, "source", None)
    if not isinstance(source, str):
        raise TypeError(f"render: expected DOT text or a Digraph, got {type(dot).__name__}.")
    target = Path(path)
    chosen = (format or format_from_path(target)).lower()
    limit = max_nodes if max_nodes is not None else getattr(dot, "max_nodes", None)
    chosen_engine = engine or getattr(dot, "engine", None) or "dot"
    write_file(target, draw(source, chosen, engine=chosen_engine, max_nodes=limit, program=program))
    return os.fspath(target)


def draw(
    source: str, format: str, *, engine: str = "dot", max_nodes: int | None = None, program: str | None = None
) -> bytes:
    """The picture of DOT text as the bytes of a file; arguments and errors as for `render`.

    >>> draw("digraph { a -> b }", "png")[:4]
    b'\\x89PNG'
    """
    format = format.lower()
    if format not in FORMATS:
        raise RenderError(
            f"render: format {format!r} cannot be drawn; it is one of {', '.join(FORMATS)}. "
            "For another, write .dot and run the Graphviz program on it."
        )
    found = read_dot(source)
    if format not in MOST_NODES:
        return source.encode("utf-8")
    most = check_limit("render", max_nodes) or MOST_NODES[format]
    if found.nodes > most or found.edges > most * EDGES_PER_NODE:
        hint = "write .svg or .dot" if format == "png" and found.nodes <= MOST_NODES["svg"] else "write .dot"
        raise GraphTooLargeError(
            f"render: {found.nodes} nodes and {found.edges} edges are too many for {format.upper()} "
            f"(at most {most} and {most * EDGES_PER_NODE}). Draw a smaller part, {hint}, or raise the limit "
            "with max_nodes=."
        )
    svg = layout(source, engine=engine, program=program, refont=format == "png")
    if format == "png":
        return svg_to_png(svg)
    return svg.replace(f'font-family="{FONT}"', f'font-family="{BROWSER_FONTS}"').encode("utf-8")


def format_from_path(path: Path) -> str:
    """The format that a file name's ending asks for."""
    ending = path.suffix.lower().lstrip(".")
    if ending not in FORMATS:
        raise RenderError(
            f"render: {path.name!r} does not end in a format that can be drawn (.{', .'.join(FORMATS)}); "
            "rename it, or say format=."
        )
    return ending


def write_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, making its folder if need be."""
    partial = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name[:40]}.", delete=False) as file:
            partial = Path(file.name)
            file.write(data)
        partial.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        partial.replace(path)
    except OSError as error:
        if partial is not None:
            partial.unlink(missing_ok=True)
        raise RenderError(
            f"render: cannot write {os.fspath(path)!r}: {error.strerror or error}. Choose a path that can be written."
        ) from error


def _umask() -> int:
    """The permissions that new files are not to have (temporary files are made with fewer)."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
