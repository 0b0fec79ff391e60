"""Reads DOT text into nodes, labels and edges: what a drawing says, whatever it looks like. Never starts a program.

The grammar is that of https://graphviz.org/doc/info/lang.html, without HTML's meaning: an HTML label is its text.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

MOST_CHARACTERS, MOST_TOKENS, MOST_DEPTH = 400_000, 60_000, 30

TOKEN = re.compile(
    r"""(?P<skip>\s+|//[^\n]*|/\*.*?\*/|^\#[^\n]*)
      | (?P<quoted>"(?:[^"\\]|\\.)*")
      | (?P<edge>->|--)
      | (?P<number>-?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?))
      | (?P<name>[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*)
      | (?P<sign>[{}\[\];,=:+])""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)


class DotError(ValueError):
    """The text is no DOT; the message says on which line."""


@dataclass
class Drawing:
    """A directed graph: labels of nodes in the order of appearance, and edges with their labels, repeats included."""

    labels: dict[str, str] = field(default_factory=dict)
    edges: list[tuple[str, str, str]] = field(default_factory=list)
    records: set[str] = field(default_factory=set)
    """Nodes of shape record, in whose labels further signs have a meaning."""

    def parents(self, node: str) -> list[str]:
        """Where the edges into a node come from, once per edge."""
        return [tail for tail, head, _ in self.edges if head == node]


def plain(label: str) -> str:
    """The label as it is read: escapes of DOT, records and HTML resolved.

    >>> plain(r"a \\"b\\" \\<c\\> &lt;d&gt;")
    'a "b" <c> <d>'
    """
    text = label.replace("\\n", "\n").replace("\\l", "\n").replace("\\r", "\n")
    return html.unescape(re.sub(r"\\(.)", r"\1", text, flags=re.S))


def read(text: str) -> Drawing:
    """Parse a digraph.

    Raises:
        DotError: it is not DOT, not directed, or too large.
    """
    if len(text) > MOST_CHARACTERS:
        raise DotError(f"{len(text)} characters")
    return _Reader(_tokens(text)).graph()


def _tokens(text: str) -> list[tuple[str, str, int]]:
    found, at, line = [], 0, 1
    while at < len(text):
        if text[at] == "<":
            end = _html_end(text, at, line)
            kind, piece = "html", text[at:end]
        else:
            match = TOKEN.match(text, at)
            if match is None:
                raise DotError(f"line {line}: {text[at : at + 20]!r}")
            kind, piece, end = str(match.lastgroup), match.group(), match.end()
        if kind != "skip":
            found.append((kind, piece, line))
        line += piece.count("\n")
        at = end
        if len(found) > MOST_TOKENS:
            raise DotError("too many parts")
    return found


def _html_end(text: str, at: int, line: int) -> int:
    depth = 0
    for place in range(at, len(text)):
        depth += {"<": 1, ">": -1}.get(text[place], 0)
        if depth == 0:
            return place + 1
    raise DotError(f"line {line}: '<' without '>'")


class _Reader:
    """Recursive descent over the tokens; subgraphs to a limited depth."""

    def __init__(self, tokens: list[tuple[str, str, int]]) -> None:
        self.tokens, self.at = tokens, 0
        self.drawing = Drawing()

    def fail(self) -> DotError:
        if self.at >= len(self.tokens):
            return DotError("the text ends too early")
        _, piece, line = self.tokens[self.at]
        return DotError(f"line {line}: unexpected {piece[:20]!r}")

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self, *wanted: str) -> str:
        piece = self.peek()
        if not piece or (wanted and piece.lower() not in wanted):
            raise self.fail()
        self.at += 1
        return piece

    def identifier(self) -> str:
        if self.at >= len(self.tokens) or self.tokens[self.at][0] not in ("quoted", "html", "number", "name"):
            raise self.fail()
        kind, piece, _ = self.tokens[self.at]
        self.at += 1
        if kind == "html":
            return re.sub(r"<[^<>]*>", " ", piece[1:-1]).replace("\\", "\\\\")  # (no escapes in there)
        text = piece[1:-1].replace('\\"', '"').replace("\\\n", "") if kind == "quoted" else piece
        while kind == "quoted" and self.peek() == "+":
            self.at += 1
            text += self.identifier()
        return text

    def graph(self) -> Drawing:
        strict = self.peek().lower() == "strict"
        self.at += strict
        self.take("digraph")
        if self.peek() != "{":
            self.identifier()
        self.body({}, 0)
        if self.at < len(self.tokens):
            raise self.fail()
        if strict:  # at most one edge from a node to another
            self.drawing.edges = list({edge[:2]: edge for edge in self.drawing.edges}.values())
        return self.drawing

    def body(self, defaults: dict[str, str], depth: int) -> list[str]:
        """The statements between braces; returns the nodes named in them."""
        if depth > MOST_DEPTH:
            raise DotError("too deep")
        self.take("{")
        named: list[str] = []
        defaults = dict(defaults)
        while self.peek() != "}":
            kind, piece = self.tokens[self.at][:2] if self.at < len(self.tokens) else ("", "")
            word = piece.lower() if kind == "name" else ""
            if word in ("graph", "node", "edge"):
                self.at += 1
                attributes = self.attributes()
                if word == "node":
                    defaults.update(attributes)
            elif piece == ";":
                self.at += 1
            else:
                named += self.statement(defaults, depth)
        self.take("}")
        return named

    def statement(self, defaults: dict[str, str], depth: int) -> list[str]:
        groups = [self.operand(defaults, depth)]
        if self.peek() == "=" and len(groups[0]) == 1:  # rankdir=LR
            self.at += 1
            self.identifier()
            return []
        while self.peek() in ("->", "--"):
            if self.take() == "--":
                raise DotError("an edge of a digraph is written ->")
            groups.append(self.operand(defaults, depth))
        attributes = self.attributes()
        for group in groups:
            for node in group:
                self.drawing.labels.setdefault(node, defaults.get("label", node))
        if len(groups) == 1:
            if "label" in attributes:
                for node in groups[0]:
                    self.drawing.labels[node] = attributes["label"]
            if "record" in {**defaults, **attributes}.get("shape", "").lower():
                self.drawing.records.update(groups[0])
        for tails, heads in zip(groups, groups[1:], strict=False):
            self.drawing.edges += [(t, h, attributes.get("label", "")) for t in tails for h in heads]
        return [node for group in groups for node in group]

    def operand(self, defaults: dict[str, str], depth: int) -> list[str]:
        if self.peek().lower() == "subgraph":
            self.at += 1
            if self.peek() != "{":
                self.identifier()
        if self.peek() == "{":
            return self.body(defaults, depth + 1)
        node = self.identifier()
        while self.peek() == ":":  # a port, perhaps with a compass point
            self.at += 1
            self.identifier()
        return [node]

    def attributes(self) -> dict[str, str]:
        found = {}
        while self.peek() == "[":
            self.at += 1
            while self.peek() != "]":
                key = self.identifier()
                found[key] = "true"
                if self.peek() == "=":
                    self.at += 1
                    found[key] = self.identifier()
                if self.peek() in (",", ";"):
                    self.at += 1
            self.take("]")
        return found
