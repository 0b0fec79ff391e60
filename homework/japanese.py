"""Japanese text in lines: where a line may end (kinsoku), and where a line break of a source stands for nothing.

Japanese is written without spaces, so a terminal that breaks lines at spaces, or after any character, separates
particles from their nouns and puts a full stop at the beginning of a line. The rules are those that Japanese
typesetting calls kinsoku (JIS X 4051; W3C, "Requirements for Japanese Text Layout", 3.1.7 to 3.1.10), and a guess at
phrases from the kinds of characters: a phrase usually begins where kanji, katakana, a bracket or a Latin word follow
hiragana.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

NOT_FIRST = frozenset(
    "、。，．・：；？！）」』】〕〉》”’ゝゞ々ー゠…‥〜ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ,.:;?!)]}%"
)
"""What may not begin a line."""
NOT_LAST = frozenset("（「『【〔〈《“‘([{")
"""What may not end one."""
STOPS = frozenset("、。，．・：；？！")
CLOSING = frozenset("）」』】〕〉》”’)]}")
OPERATORS = frozenset("=+-−*/@·×<>≤≥→&|")

NEVER, TORN, INSIDE, BETWEEN = range(4)
"""How well a line ends in a place: not at all; in a word or before its particle; in a phrase; between phrases."""

_STEM = frozenset("いえきぎけげしせちてねびべみめりれ")
"""A single hiragana between two kanji that more often joins them (取り込む, 足し合わせる) than ends a phrase."""

_BLOCK = re.compile(r"\s*([-*+] |\d+[.)] |[#>|]|```|~~~|$)")
_CODE = re.compile(r"`[^`]+`")


def kind(sign: str) -> str:
    """`hiragana`, `katakana`, `kanji`, `sign` (of Japanese punctuation, and full-width forms), `space`, or `other`.

    >>> [kind(sign) for sign in "はカ漢。 x"]
    ['hiragana', 'katakana', 'kanji', 'sign', 'space', 'other']
    """
    if sign.isspace():
        return "space"
    if "\u3041" <= sign <= "\u309f":
        return "hiragana"
    if "\u30a0" <= sign <= "\u30ff" and sign != "・":
        return "katakana"
    if "\u4e00" <= sign <= "\u9fff" or "\u3400" <= sign <= "\u4dbf" or sign in "々〆":
        return "kanji"
    return "sign" if "\u3000" <= sign <= "\u303f" or "\uff00" <= sign <= "\uffef" or sign == "・" else "other"


def is_japanese(text: str) -> bool:
    """Whether there is any Japanese in it."""
    return any(kind(sign) not in ("space", "other") for sign in text)


def joined(markdown: str) -> str:
    """The text without the line breaks between Japanese characters, which every Markdown reader would show as spaces.

    Breaks after or before Japanese punctuation go too; those beside Latin words stay, as do code and tables.

    >>> joined("勾配を\\n求めます。\\nThe end")
    '勾配を求めます。The end'
    """
    lines: list[str] = []
    fenced = False
    for line in markdown.split("\n"):
        fence = line.lstrip().startswith(("```", "~~~"))
        text = line.lstrip()
        if not fenced and lines and not _BLOCK.match(line) and _no_space(lines[-1], text):
            lines[-1] += text
        else:
            lines.append(line)
        fenced ^= fence
    return "\n".join(lines)


def _no_space(before: str, after: str) -> bool:
    """Whether the second line goes on where the first ends."""
    if before.startswith(("    ", "#", "|", "```", "~~~")):
        return False
    last, first = kind(before.rstrip("*")[-1:] or " "), kind(after.lstrip("*")[:1] or " ")
    return "sign" in (last, first) or not {last, first} & {"space", "other"}


def breaks(text: str, width: int) -> list[int]:
    """Where to break a paragraph so that no line is wider than `width` columns, spaces at its end left out.

    The widest line that ends between two phrases is taken, if it is at least half full; else the widest that
    ends inside of a phrase, if that is; else the widest. A word that is wider than the line is cut.

    >>> breaks("勾配は、届いたものを足し合わせます。", 20)
    [10]
    """
    from rich.cells import cell_len

    widths = [cell_len(sign) for sign in text]
    allowed = list(_allowed(text))
    found: list[int] = []
    start = 0
    while True:
        ends: dict[int, tuple[int, int]] = {}  # the last place of each quality, and the width up to there
        used, end = 0, start
        while end < len(text) and (used + widths[end] <= width or text[end].isspace()):
            used += widths[end]
            end += 1
            if end < len(text) and allowed[end] != NEVER:
                ends[allowed[end]] = (end, used)
        if end == len(text):
            return found
        full = [ends[quality] for quality in sorted(ends, reverse=True) if ends[quality][1] * 2 >= width]
        start = full[0][0] if full else max(ends.values())[0] if ends else max(end, start + 1)
        if start == len(text):
            return found
        found.append(start)


def _allowed(text: str) -> Iterator[int]:
    """For each place before a character: whether a line may end there."""
    code = [False] * (len(text) + 1)
    for span in _CODE.finditer(text):
        code[span.start() + 1 : span.end()] = [True] * (span.end() - span.start() - 1)
    yield NEVER
    for place in range(1, len(text)):
        here = _between(text, place)
        yield min(here, INSIDE) if code[place] else here


def _between(text: str, place: int) -> int:
    first = text[place]
    if first.isspace():
        return NEVER
    before = text[:place].rstrip()[-1:]
    spaced = text[place - 1].isspace()
    if not before or first in NOT_FIRST or before in NOT_LAST:
        return NEVER if not spaced or first in STOPS else INSIDE
    left, right = kind(before), kind(first)
    if left == right == "other":
        return NEVER if not spaced else INSIDE if first in OPERATORS or before in OPERATORS else BETWEEN
    if before in STOPS:
        return BETWEEN
    if right == "hiragana":
        return BETWEEN if before == "を" else TORN
    if left == "hiragana":
        earlier = kind(text[place - 2 : place - 1] or "x")
        joins = right == "kanji" and before in _STEM and earlier == "kanji"
        honorific = before in "おご" and earlier != "hiragana"
        return TORN if joins or honorific else BETWEEN
    if right == "sign" or first in NOT_LAST or before in CLOSING:
        return BETWEEN
    if "other" not in (left, right):
        return TORN
    return INSIDE if right == "other" or before.isdigit() else BETWEEN
