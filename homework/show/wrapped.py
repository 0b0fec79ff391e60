"""Rich's text and Markdown with the line breaks of `homework/japanese.py`. (Loads Rich: import it where it is used.)"""

from __future__ import annotations

from typing import Any, ClassVar

from rich.console import Console
from rich.containers import Lines
from rich.markdown import Markdown, MarkdownContext, MarkdownElement, Paragraph, TableDataElement
from rich.text import Text

from tinygrad_edu.homework.japanese import breaks, is_japanese
from tinygrad_edu.homework.show.words import showable


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
