"""PTX as text: cut into statements, and what is declared outside functions."""

from __future__ import annotations

import bisect
import re
from typing import NamedTuple

from tests.cuda.emulator.instructions import BYTES

__all__ = ["VARIABLE", "Module", "Piece", "pieces"]

_LINES = re.compile(r"^[ \t]*\.(version|target|address_size|file|loc)\b.*$", re.MULTILINE)
VARIABLE = re.compile(
    r"\.(global|shared|local|const|param)\s+(?:\.align\s+(\d+)\s+)?\.(\w+)\s+([\w$]+)(\[(\d*)\])?\s*(=\s*(.*))?$",
    re.DOTALL,
)


class Piece(NamedTuple):
    """A statement, label or brace, with the line it begins on."""

    text: str
    line: int


def pieces(ptx: str) -> list[Piece]:
    """The text cut at semicolons, labels, and the braces that are not part of a statement."""
    text = re.sub(r"//[^\n]*", "", ptx)
    text = _LINES.sub("", text)
    found, begin = [], 0
    depth = 0  # of braces within a statement
    breaks = [0, *(k.start() for k in re.finditer("\n", text)), len(text)]
    for sign in re.finditer("[;:{}]", text):
        now, k = text[begin : sign.start()].strip(), sign.start()
        first = bisect.bisect_left(breaks, begin + len(text[begin:k]) - len(text[begin:k].lstrip()) if now else k)
        if sign[0] == "{":
            if now and not re.search(r"\.(entry|func)\b", now):
                depth += 1
                continue
            found += [Piece(now, first)] if now else []
            found.append(Piece("{", first))
        elif sign[0] == "}":
            if depth:
                depth -= 1
                continue
            found.append(Piece("}", first))
        elif sign[0] == ":" and not re.fullmatch(r"[\w$]+", now):
            continue
        else:
            found.append(Piece(now + (":" if sign[0] == ":" else ""), first))
        begin = k + 1
    return found


class Module:
    """What is declared outside functions: offsets into shared memory, and into the module's own variables."""

    def __init__(self) -> None:
        self.shared: dict[str, int] = {}
        self.statics: dict[str, int] = {}
        self.shared_size = 0
        self.bytes = bytearray()
        self.functions: list[str] = []
        self.kernels: list[str] = []

    def declare(self, text: str) -> None:
        found = VARIABLE.search(text)
        if found is None:
            raise NotImplementedError(f"the emulator does not know the declaration {text[:200]}")
        space, align, kind, name, array, count, _, value = found.groups()
        size = BYTES[kind] * (int(count or 0) if array else 1)
        step = int(align or BYTES[kind])
        if space == "shared":
            self.shared_size = -(-self.shared_size // step) * step
            self.shared[name] = self.shared_size
            self.shared_size += size
        elif space in ("global", "const"):
            self.bytes += bytes(-len(self.bytes) % max(step, 8))
            self.statics[name] = len(self.bytes)
            data = b""
            if value:
                numbers = [int(x, 0) for x in re.findall(r"-?\w+", value)]
                data = b"".join((x % (1 << 8 * BYTES[kind])).to_bytes(BYTES[kind], "little") for x in numbers)
            self.bytes += data + bytes(size - len(data))
        else:
            raise NotImplementedError(f"the emulator does not know {space} memory outside functions")
