"""Rich's text and Markdown with the line breaks of `homework/japanese.py`. (Loads Rich: import it where it is used.)"""

from __future__ import annotations

from typing import Any, ClassVar

from rich.console import Console, ConsoleOptions, RenderResult
from rich.containers import Lines
from rich.markdown import Markdown, MarkdownContext, MarkdownElement, Paragraph, TableDataElement, TableElement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tinygrad_edu.homework.japanese import breaks, is_japanese
from tinygrad_edu.homework.show.words import showable

NARROW = 60  # columns


class Wrapped(Text):
    """A text that is wrapped by the rules of Japanese where it is Japanese, and as Rich does it elsewhere."""

    def wrap(self, console: Console, width: int, **options: Any) -> Lines:
        """The text in lines of at most `width` columns."""
        if not is_japanese(self.plain) or options.get("no_wrap"):
            return super().wrap(console, width, **options)
        lines = Lines()
        for paragraph in self.split(allow_blank=True):
            for line in paragraph.divide(breaks(paragraph.plain, width)):
                line.rstrip()
                lines.append(line)
        return lines


class _Paragraph(Paragraph):
    def on_enter(self, context: MarkdownContext) -> None:
        super().on_enter(context)
        self.text = Wrapped(justify="left")


class _Cell(TableDataElement):
    def __init__(self, justify: Any) -> None:
        super().__init__(justify)
        self.content = Wrapped("", justify=justify)


class _Table(TableElement):
    """A table; on a narrow terminal that it does not fit, a paragraph for each row."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        (table,) = super().__rich_console__(console, options)
        whole = isinstance(table, Table) and table.__rich_measure__(console, options.update(width=1000)).maximum
        fits = options.max_width >= NARROW or (whole and whole <= options.max_width)
        if fits or self.body is None:
            yield table
            return
        yield Text()
        if self.header is not None and self.header.row is not None:
            yield from self._row([cell.content for cell in self.header.row.cells], "markdown.table.header")
        for row in self.body.rows:
            yield from self._row([cell.content for cell in row.cells])

    @staticmethod
    def _row(cells: list[Text], style: str = "") -> RenderResult:
        for place, cell in enumerate(cells):
            shown = cell.copy()
            shown.stylize(style)
            yield Padding(shown, (0, 0, 0, 2 * (place > 0)))


class Statement(Markdown):
    """Markdown for a terminal.

    Args:
        markup: the source.
        encoding: of the terminal. A sign that it lacks is replaced after the source is parsed: a · that becomes a * is
            a product, not the beginning of an emphasis.
    """

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "paragraph_open": _Paragraph,
        "table_open": _Table,
        "td_open": _Cell,
        "th_open": _Cell,
    }

    def __init__(self, markup: str, encoding: str = "utf-8") -> None:
        super().__init__(markup)
        waiting = list(self.parsed)
        while waiting:
            token = waiting.pop()
            token.content = showable(token.content, encoding)
            waiting.extend(token.children or ())
