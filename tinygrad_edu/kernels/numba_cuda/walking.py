"""Text of kernels: from the number of an element to its place in memory, over dimensions that could not be merged."""

from __future__ import annotations

__all__ = ["walk"]


def walk(letter: str, counter: str, sizes: int, name: str, indent: str) -> list[str]:
    """Lines that turn a counter into the sum of index times stride over so many merged dimensions."""
    lines = [f"{indent}rest = {counter}"]
    terms = []
    for d in reversed(range(sizes)):
        if d:
            lines += [f"{indent}i{d} = rest % {letter}n{d}", f"{indent}rest = rest // {letter}n{d}"]
        else:
            lines.append(f"{indent}i0 = rest")
        terms.append(f"i{d} * {letter}{name}{d}")
    lines.append(f"{indent}p_{letter}{name} = {' + '.join(terms) or '0'}")
    return lines
