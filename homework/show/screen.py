"""A terminal of any encoding and width: Rich where it helps, plain text where the output is not a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TextIO

from tinygrad_edu.homework.show.words import showable

if TYPE_CHECKING:
    from rich.console import Console

NARROWEST, NARROWEST_CELL = 30, 16


class Screen:
    """Prints styled lines; signs that the encoding lacks are replaced.

    Args:
        file: where to; standard output by default.
        width: of the lines; the terminal's own by default, 100 where there is none.
    """

    def __init__(self, file: TextIO | None = None, width: int | None = None) -> None:
        from rich.console import Console

        self.file: TextIO = file if file is not None else sys.stdout
        self.encoding = getattr(self.file, "encoding", None) or "utf-8"
        self.console: Console = Console(
            file=self.file, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False
        )
        if width is None and not self.console.is_terminal and "COLUMNS" not in self.console._environ:
            self.console.width = 100

    @property
    def width(self) -> int:
        return max(self.console.width, NARROWEST)

    def line(self, text: str = "", style: str = "", indent: int = 0) -> None:
        """One paragraph; what does not fit is wrapped below its own beginning."""
        from rich.text import Text

        from tinygrad_edu.homework.show.wrapped import Wrapped

        body = Wrapped(showable(text, self.encoding), style=style)
        for row in body.wrap(self.console, max(min(self.width, 110) - indent, 20)) or [Text()]:
            row.rstrip()
            self.console.print(Text(" " * indent).append_text(row), crop=False, soft_wrap=True)

    def parts(self, parts: Iterable[tuple[str, str]]) -> None:
        """One line of (text, style) pieces; not wrapped."""
        from rich.text import Text

        text = Text(no_wrap=True, overflow="ignore", end="\n")
        for piece, style in parts:
            text.append(showable(piece, self.encoding), style or None)
        self.console.print(text, crop=False, soft_wrap=True)

    def markdown(self, text: str) -> None:
        """A statement, formatted for a terminal."""
        from tinygrad_edu.homework.show.wrapped import Statement

        self.console.print(Statement(text, self.encoding), width=min(self.width, 100))

    def code(self, text: str) -> None:
        """Source text, coloured on a terminal."""
        from rich.syntax import Syntax

        shown: Any = showable(text, self.encoding)
        if self.console.is_terminal:
            shown = Syntax(shown, "python", background_color="default").highlight(shown)
        # (Lines that are too long are left to the terminal: wrapped by us, they would be another program.)
        self.console.print(shown, crop=False, soft_wrap=True, end="")

    def table(self, rows: Iterable[tuple[str, ...]], indent: int = 0, style: str = "") -> None:
        """Columns that line up, Japanese included.

        Where they do not fit, the cells of the widest are wrapped; where that is not enough, each row is a paragraph.
        """
        found = [tuple(showable(cell, self.encoding) for cell in row) for row in rows]
        widths = [max(cell_len(row[i]) for row in found) for i in range(len(found[0]))] if found else []
        over = indent + sum(widths) + 2 * len(widths) - 2 - self.width
        if found and over > 0:
            widest = widths.index(max(widths))
            widths[widest] -= over
            if widths[widest] < NARROWEST_CELL:
                for row in found:
                    self.flow(row, indent, style)
                return
            found = [part for row in found for part in self._wrapped(row, widest, widths[widest])]
        for row in found:
            cells = [pad(cell, width) for cell, width in zip(row, widths, strict=True)]
            self.parts([(" " * indent + "  ".join(cells).rstrip(), style)])

    def _wrapped(self, row: tuple[str, ...], place: int, width: int) -> list[tuple[str, ...]]:
        """The row with one of its cells in lines: more rows, empty elsewhere."""
        from tinygrad_edu.homework.show.wrapped import Wrapped

        first, *more = [line.plain.rstrip() for line in Wrapped(row[place]).wrap(self.console, width)] or [""]
        rows = [row[:place] + (first,) + row[place + 1 :]]
        return rows + [("",) * place + (line,) + ("",) * (len(row) - place - 1) for line in more]

    def flow(self, cells: Iterable[str], indent: int = 0, style: str = "", gap: int = 2, further: int = 6) -> None:
        """Cells one after another; one that does not fit into the line goes into the next, further in."""
        begun, next_indent = "", indent + further
        for cell in cells:
            if begun.strip() and cell_len(begun) + gap + cell_len(cell) > min(self.width, 110) - indent:
                self.line(begun.rstrip(), style, indent)
                begun, indent = "", next_indent
            begun += (" " * gap if begun else "") + cell
        if begun.strip():
            self.line(begun.rstrip(), style, indent)


def cell_len(text: str) -> int:
    """The columns a text takes on a terminal: a kanji takes two."""
    from rich.cells import cell_len as of_rich

    return of_rich(text)


def pad(text: str, width: int) -> str:
    """The text filled up, or cut, to so many columns."""
    from rich.cells import set_cell_size

    return set_cell_size(text, width) if cell_len(text) > width else text + " " * (width - cell_len(text))


def styles(**more: Any) -> dict[str, str]:
    """The colour of each state; colour is never the only sign."""
    return {
        "pass": "green",
        "fail": "red",
        "error": "red",
        "timeout": "red",
        "blocked": "dim",
        "todo": "yellow",
        **more,
    }
