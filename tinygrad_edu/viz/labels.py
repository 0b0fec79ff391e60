"""The words in a picture: numbers, arrays and names as short text, and that text made safe inside DOT.

Formatting is for reading ("24.7041", "[1, 2, 3]", "float32 (64, 3)"); escaping is exact: what a user called a
variable is what the picture shows, whatever characters the name holds.
"""

from __future__ import annotations

import math
import re
import unicodedata
from itertools import accumulate
from typing import Any

from tinygrad_edu.engine.graph import Content, GraphNode

__all__ = ["describe_grad", "describe_value", "format_content", "format_number", "plain_text", "record_text"]

LONGEST_ARRAY = 6  # an array with more numbers is shown by its shape
LONGEST_NAME = 60  # in columns


def format_number(value: Any) -> str:
    """A number in at most about ten characters, four decimals where they tell something.

    >>> [format_number(v) for v in (24.70408163265306, 7, True, 6.96e-05, 1e10, float("-inf"), -0.0)]
    ['24.7041', '7', 'True', '6.96e-05', '1e+10', '-inf', '-0.0000']
    """
    if isinstance(value, (bool, int)):
        return str(value) if -(10**9) < value < 10**9 else f"{float(value):.4g}"
    value = float(value)
    if value == 0 or 1e-3 <= abs(value) < 1e5 or not math.isfinite(value):
        return f"{value:.4f}"
    return f"{value:.4g}"


def format_content(content: Content, shape: tuple[int, ...] | None = None) -> str:
    """A number, a short array in full, or the shape of a longer one.

    >>> format_content(2.0), format_content([1.0, 2.5, 1 / 3]), format_content([0.0] * 7)
    ('2.0000', '[1, 2.5, 0.3333]', '(7,)')
    """
    if content is None:
        return "" if shape is None else str(tuple(shape))
    if not isinstance(content, list):
        return format_number(content)
    if _count(content) > LONGEST_ARRAY:
        return str(tuple(shape) if shape is not None else _shape(content))
    return _listing(content)


def describe_value(node: GraphNode) -> str:
    """The value where it is short, else dtype and shape; empty where neither is known."""
    short = isinstance(node.value, list) and _count(node.value) <= LONGEST_ARRAY
    if node.value is not None and (short or not isinstance(node.value, list)):
        return format_content(node.value)
    shape = format_content(node.value, node.shape)
    return " ".join(part for part in (node.dtype, shape) if part)


def describe_grad(node: GraphNode) -> str:
    """The gradient like a value; empty where there is none."""
    return format_content(node.grad, node.shape) if node.grad is not None else ""


def _count(content: Content) -> int:
    """How many numbers nested lists hold. They nest as deep as arrays do, so this may recurse."""
    return sum(_count(each) for each in content) if isinstance(content, list) else 1


def _shape(content: Content) -> tuple[int, ...]:
    if not isinstance(content, list):
        return ()
    return (len(content), *(_shape(content[0]) if content else ()))


def _listing(content: Content) -> str:
    if isinstance(content, list):
        return "[" + ", ".join(_listing(each) for each in content) + "]"
    if isinstance(content, float) and not isinstance(content, bool):
        return f"{content:.4g}"
    return str(content)


def visible(text: str, longest: int = LONGEST_NAME) -> str:
    """Text that an XML file can hold: control characters and surrogates spelt out, long text cut."""
    # A Chinese or Japanese character counts for two: the layout engine takes it for a little narrower than
    # it is, and a field of more than 30 would run over its box.
    widths = accumulate(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
    fitting = sum(width <= longest for width in widths)
    if fitting < len(text):
        text = text[: fitting - 1] + "…"
    return "".join(
        c if c == "\n" or (c.isprintable() or c.isspace() and ord(c) >= 0xA0) else ascii(c)[1:-1] for c in text
    )


def plain_text(text: str) -> str:
    r"""``text`` as the label of an ordinary node or an edge.

    Backslashes would start an escape, ``&amp;`` would be read as ``&``, and a label in angle brackets as
    HTML.

    >>> print(plain_text("a&b\\n"), plain_text("<b>"))
    a&amp;b\\n &lt;b&gt;
    """
    text = visible(text).replace("\\", "\\\\").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\n", "\\n")


def record_text(text: str) -> str:
    r"""``text`` as one field of a record: ``{ } |`` and runs of spaces are escaped too.

    >>> print(record_text("f{x|y}"))
    f\{x\|y\}
    """
    safe = re.sub(r"([{}|])", r"\\\1", plain_text(text))
    return re.sub(r"^ | (?= )|(?<= ) | $", r"\\ ", safe)
