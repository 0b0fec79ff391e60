"""Text of kernels: types by their names, and from the number of an element to its place in memory."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["LETTERS", "added", "computed_in", "name_of", "walk"]

LETTERS = "abcdefghijk"  # of the inputs of a formula


def name_of(kind: np.dtype[Any]) -> str:
    """What kernel text calls a type."""
    return "bool_" if kind.kind == "b" else kind.name


def computed_in(kind: np.dtype[Any]) -> str:
    """What kernel text calls the type in which an input is computed."""
    return "float32" if kind == np.float16 else name_of(kind)


def added(*terms: str) -> str:
    """The text of a sum of products, each step in the kernel's type COUNTER: else Numba computes with 64 bits."""
    total = f"COUNTER({terms[0]})"
    for term in terms[1:]:
        total = f"COUNTER({total} + COUNTER({term}))"
    return total


def walk(letter: str, counter: str, sizes: int, name: str, indent: str) -> list[str]:
    """Lines that turn a counter into the sum of index times stride over dimensions that could not be merged."""
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
