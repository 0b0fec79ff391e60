"""Reading DOT just far enough to say what is in it: how many nodes and edges, and on which line a mistake is.

The layout engine itself reports "failed to parse" and no line, and what it cannot draw (HTML labels, image
files) it leaves out without a word; so the text is read here first. The grammar is
https://graphviz.org/doc/info/lang.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn

from tinygrad_edu.errors import RenderError

__all__ = ["DotText", "read_dot"]

TOKEN = re.compile(
    r"""(?P<skip>\s+|//[^\n]*|/\*.*?\*/|^\#[^\n]*)
      | (?P<quoted>"(?:[^"\\]|\\.)*")
      | (?P<html><)
      | (?P<edge>->|--)
      | (?P<number>-?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?))
      | (?P<name>[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*)
      | (?P<sign>[{}\[\];,=:+])""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
IDENTIFIERS = {"quoted", "html", "number", "name"}
KEYWORDS = {"node", "edge", "graph", "digraph", "subgraph", "strict"}


@dataclass
class DotText:
    """What reading found: counts, where the body starts, and what a renderer must know of."""

    nodes: int = 0
    edges: int = 0
    body: int = 0  # offset just behind the first "{"
    fonts: list[tuple[int, int]] = field(default_factory=list)  # where the values of fontname= stand
    strings: list[tuple[int, int]] = field(default_factory=list)  # where quoted strings stand
    html: int | None = None  # line of the first HTML label
    image: int | None = None  # line of the first image file


@dataclass
class _Token:
    kind: str
    text: str
    start: int
    end: int

    def says(self, word: str) -> bool:
        return self.text == word if self.kind in ("sign", "edge") else self.keyword == word

    @property
    def keyword(self) -> str:
        """The keyword this is, in lower case; an empty string for an ordinary name."""
        return self.text.lower() if self.kind == "name" and self.text.lower() in KEYWORDS else ""

    @property
    def value(self) -> str:
        return self.text[1:-1] if self.kind == "quoted" else self.text


@dataclass
class _Block:
    """One pair of braces being read: the nodes named in it, and the left side of an edge under way."""

    nodes: set[str] = field(default_factory=set)
    left: set[str] | None = None


def read_dot(source: str) -> DotText:
    """Counts and places of ``source``.

    >>> found = read_dot("digraph { a -> {b c} -> d  e [label=hi] }")
    >>> found.nodes, found.edges
    (5, 4)

    Raises:
        RenderError: the text is not one graph in DOT; the message shows the line.
    """
    return _Reader(source).graph()


class _Reader:
    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = list(self._split())
        self.at = 0
        self.found = DotText()

    def _split(self) -> Iterator[_Token]:
        if "\0" in self.source:
            self.fail("found a NUL character", self.source.index("\0"))
        position = 1 if self.source.startswith("\ufeff") else 0
        while position < len(self.source):
            match = TOKEN.match(self.source, position)
            if match is None:
                what = "a string that is not closed" if self.source[position] == '"' else repr(self.source[position])
                self.fail(f"found {what}", position)
            kind, end = str(match.lastgroup), match.end()
            if kind == "html":
                end = self._end_of_html(position)
            if kind != "skip":
                yield _Token(kind, self.source[position:end], position, end)
            position = end
        yield _Token("end", "the end of the text", position, position)

    def _end_of_html(self, start: int) -> int:
        depth = 0
        for bracket in re.finditer("[<>]", self.source[start:]):
            depth += 1 if bracket.group() == "<" else -1
            if depth == 0:
                return start + bracket.end()
        self.fail("found '<' that is not closed", start)

    def fail(self, problem: str, position: int) -> NoReturn:
        line = self.source.count("\n", 0, position) + 1
        shown = (self.source.split("\n")[line - 1]).strip()
        raise RenderError(
            f"render: the DOT text cannot be read: line {line}: {problem}"
            + (f", in: {shown[:80]}" if shown else "")
            + ". Correct that line; names with spaces or signs need double quotes."
        )

    def expected(self, what: str) -> NoReturn:
        token = self.tokens[self.at]
        self.fail(f"expected {what}, found {token.text[:40]}", token.start)

    def take(self, *words: str) -> _Token | None:
        """The next token if it is one of ``words``."""
        token = self.tokens[self.at]
        if any(token.says(word) for word in words):
            self.at += 1
            return token
        return None

    def need(self, word: str) -> _Token:
        return self.take(word) or self.expected(f"'{word}'")

    def identifier(self) -> _Token | None:
        """The next token if it can name something; quoted strings may be glued with '+'."""
        token = self.tokens[self.at]
        if token.kind not in IDENTIFIERS or token.keyword:
            return None
        self.at += 1
        if token.kind == "html" and self.found.html is None:
            self.found.html = self.source.count("\n", 0, token.start) + 1
        while token.kind == "quoted" and self.take("+"):
            if self.tokens[self.at].kind != "quoted":
                self.expected("a quoted string after '+'")
            token = _Token(
                "quoted",
                token.text[:-1] + self.tokens[self.at].text[1:],
                token.start,
                self.tokens[self.at].end,
            )
            self.at += 1
        if token.kind == "quoted":
            self.found.strings.append((token.start, token.end))
        return token

    def graph(self) -> DotText:
        self.take("strict")
        arrow = "->" if self.take("digraph") else "--" if self.take("graph") else self.expected("'digraph' or 'graph'")
        self.identifier()
        self.found.body = self.need("{").end
        stack = [_Block()]
        everything: set[str] = set()
        while stack:
            block = stack[-1]
            if block.left is None and self.take(";"):
                continue
            if block.left is None and self.take("}"):
                stack.pop()
                everything |= block.nodes
                if stack:  # a finished subgraph may itself be the end of an edge
                    self._after_end_point(stack[-1], block.nodes, arrow)
            elif self.take("subgraph"):
                self.identifier()
                self.need("{")
                stack.append(_Block())
            elif self.take("{"):
                stack.append(_Block())
            elif block.left is None and self.take("graph", "node", "edge"):
                if not self._attributes():
                    self.expected("'['")
            else:
                self._node_or_assignment(block, arrow)
        if self.tokens[self.at].kind != "end":
            self.expected("the end of the text after the graph's closing brace (one graph per text)")
        self.found.nodes = len(everything)
        return self.found

    def _node_or_assignment(self, block: _Block, arrow: str) -> None:
        token = self.identifier() or self.expected("a node, an attribute or '}'")
        if block.left is None and self.take("="):
            self._note(token, self.identifier() or self.expected(f"a value for {token.value}"))
            return
        for _ in range(2):  # a port and a compass point
            if self.take(":") and self.identifier() is None:
                self.expected("a port after ':'")
        self._after_end_point(block, {token.value}, arrow)

    def _after_end_point(self, block: _Block, nodes: set[str], arrow: str) -> None:
        """One end of an edge, or a statement of its own, has been read."""
        block.nodes |= nodes
        if block.left is not None:
            self.found.edges += len(block.left) * len(nodes)
        if self.tokens[self.at].kind == "edge":
            if not self.take(arrow):
                self.expected(f"'{arrow}' (a graph that began as {'di' * (arrow == '->')}graph)")
            block.left = nodes
        else:
            block.left = None
            self._attributes()

    def _attributes(self) -> bool:
        """Any number of attribute lists in brackets; whether there was one."""
        seen = False
        while self.take("["):
            seen = True
            while not self.take("]"):
                name = self.identifier() or self.expected("an attribute's name or ']'")
                self.need("=")
                self._note(name, self.identifier() or self.expected(f"a value for {name.value}"))
                self.take(";", ",")
        return seen

    def _note(self, name: _Token, value: _Token) -> None:
        if name.value.lower() == "fontname":
            self.found.fonts.append((value.start, value.end))
        if name.value.lower() == "image" and self.found.image is None and value.value:
            self.found.image = self.source.count("\n", 0, name.start) + 1
