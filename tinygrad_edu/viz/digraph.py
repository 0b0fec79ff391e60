"""graphviz.Digraph with our renderer in it: graphviz's, micrograd's and torchviz's users need no `dot`.

Everything that builds DOT is inherited; only what would start the `dot` program is replaced.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import graphviz

from tinygrad_edu.errors import RenderError
from tinygrad_edu.viz.limits import check_limit
from tinygrad_edu.viz.output import FORMATS, draw, format_from_path, write_file

if TYPE_CHECKING:
    from tinygrad_edu.engine.graph import Graph

__all__ = ["Digraph"]


class Digraph(graphviz.Digraph):
    """A directed graph in DOT that renders with the packages tinygrad_edu brings: no `dot` program, no fonts.

    Arguments, attributes and methods are those of ``graphviz.Digraph`` (https://graphviz.readthedocs.io). The
    default format is "svg", where graphviz has "pdf"; formats are "svg", "png", "dot" and "gv". ``max_nodes``
    lifts the limits on the number of nodes that `tinygrad_edu.viz.output` keeps.

    >>> dot = Digraph("demo"); dot.edge("a", "b")
    >>> "a -> b" in dot.source, dot.pipe("svg").startswith(b"<?xml")
    (True, True)
    """

    _format = "svg"
    directory: str = ""

    def __init__(self, *args: Any, max_nodes: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.max_nodes = check_limit("Digraph", max_nodes)
        self.model: Graph | None = None  # what draw_graph drew, for the text form

    def _copy_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        """What copy() and subgraph() pass on (graphviz's own hook)."""
        return {**super()._copy_kwargs(**kwargs), "max_nodes": self.max_nodes}

    def render(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,
        renderer: str | None = None,
        formatter: str | None = None,
        neato_no_op: bool | int | None = None,
        quiet: bool = False,
        quiet_view: bool = False,
        *,
        outfile: str | os.PathLike[str] | None = None,
        engine: str | None = None,
        raise_if_result_exists: bool = False,
        overwrite_source: bool = False,
    ) -> str:
        """Write the DOT source and the picture; return the picture's path.

        ``render("graph", format="png")`` writes ``graph`` (the source) and ``graph.png``, as graphviz does;
        ``render(outfile="graph.png")`` names the picture instead, with the source in ``graph.gv``.
        ``cleanup=True`` removes the source afterwards, ``view=True`` opens the picture.

        Raises:
            RenderError: unknown format, DOT that cannot be read, a path that cannot be written; no program to view
                the picture with, which is then written all the same.
            GraphTooLargeError, MissingFontError: see `tinygrad_edu.viz.output`.
        """
        _refuse(renderer=renderer, formatter=formatter, neato_no_op=neato_no_op)
        if filename is not None:
            self.filename = os.fspath(filename)
        if directory is not None:
            self.directory = os.fspath(directory)
        folder = Path(self.directory)
        if outfile is None:
            chosen = format or self.format
            source = folder / self.filename
            target = Path(f"{source}.{chosen}")
        else:
            target = folder / outfile
            chosen = format or format_from_path(target)
            source = target.with_suffix(".gv") if filename is None else folder / filename
        if target == source and not overwrite_source:
            raise ValueError(f"render: the picture {str(target)!r} would overwrite its own DOT source; name another.")
        if raise_if_result_exists and target.exists():
            raise graphviz.FileExistsError(f"output file exists: {os.fspath(target)!r}")
        picture = self.pipe(chosen, engine=engine)  # before anything is written: a failure leaves no files
        if not cleanup:
            write_file(source, self.source.encode(self.encoding))
        elif source.exists() and source != target:
            source.unlink()
        write_file(target, picture)
        if view or quiet_view:
            self._open(target, chosen, quiet_view)
        return os.fspath(target)

    def _open(self, picture: Path, format: str, quiet: bool) -> None:
        """Show the picture with the system's own viewer."""
        try:
            self._view(os.fspath(picture), format=format, quiet=quiet)
        except (OSError, RuntimeError) as error:  # no xdg-open; a platform that graphviz has no viewer for
            raise RenderError(
                f"view: the picture is written to {os.fspath(picture)!r}, but no program here can show it ({error}). "
                "Open the file yourself, or leave view=True out."
            ) from error

    def pipe(
        self,
        format: str | None = None,
        renderer: str | None = None,
        formatter: str | None = None,
        neato_no_op: bool | int | None = None,
        quiet: bool = False,
        *,
        engine: str | None = None,
        encoding: str | None = None,
    ) -> Any:
        """The picture as bytes, or as a string if ``encoding`` is given (SVG and DOT are text)."""
        _refuse(renderer=renderer, formatter=formatter, neato_no_op=neato_no_op)
        data = draw(self.source, format or self.format, engine=engine or self.engine, max_nodes=self.max_nodes)
        return data if encoding is None else data.decode("utf-8").encode(encoding).decode(encoding)

    def unflatten(self, *_: Any, **__: Any) -> Any:
        """Refused: it needs a program of Graphviz. ``graph_attr={"ranksep": ...}`` or direction="TB" help as well."""
        raise RenderError(
            "Digraph: unflatten belongs to the Graphviz programs; tinygrad_edu draws without them. "
            "Leave it out, or save() the DOT and run the program `unflatten` on it."
        )

    def save(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        *,
        skip_existing: bool | None = False,
    ) -> str:
        """Write the DOT source; return its path (``name.gv`` if no file name is given)."""
        if filename is not None:
            self.filename = os.fspath(filename)
        if directory is not None:
            self.directory = os.fspath(directory)
        if not (skip_existing and os.path.exists(self.filepath)):
            write_file(Path(self.filepath), self.source.encode(self.encoding))
        return self.filepath

    @property
    def format(self) -> str:
        """The format that render and pipe use when none is given."""
        return self._format

    @format.setter
    def format(self, format: str | None) -> None:
        if format is not None:
            if format.lower() not in FORMATS:
                raise RenderError(
                    f"Digraph: format {format!r} cannot be drawn; it is one of {', '.join(FORMATS)}. "
                    "For another, save() the DOT and run the Graphviz program on it."
                )
            self._format = format.lower()

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None, **_: Any
    ) -> dict[str, Any]:
        """What a notebook displays: the SVG, and text where only text can be shown."""
        makers = {
            "image/svg+xml": lambda: self.pipe("svg", encoding="utf-8"),
            "image/png": lambda: self.pipe("png"),
            "text/plain": self._as_text,
        }
        wanted = set(include) if include is not None else {"image/svg+xml", "text/plain"}
        return {mime: make() for mime, make in makers.items() if mime in wanted - set(exclude or ())}

    def _as_text(self) -> str:
        if self.model is None:
            return str(self.source)
        from tinygrad_edu.viz.terminal import graph_to_text

        return graph_to_text(self.model)


def _refuse(**options: Any) -> None:
    """Options that only the `dot` program has must not be ignored in silence."""
    for option, value in options.items():
        if value is not None:
            raise RenderError(
                f"Digraph: {option}={value!r} belongs to the Graphviz program; tinygrad_edu draws without "
                "it. Leave it out, or save() the DOT and run the program."
            )
