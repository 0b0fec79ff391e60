"""Recipes: the text of a kernel from the few lines that say what becomes of a line of elements.

A recipe::

    top m: a                 m, the largest of the elements a of a line but nan
    become a: exp(a - m)     from here on an element is its exponential
    add s: a                 s, their sum over the line
    out: a / s               what is written to the place of each

Letters in `far` stand for the elements of a line of an array, those in `near` for the elements of an array that has one
for each place of a line; `place` is where in the line the element stands. Any other line is Python of the line, run by
all of its threads: `k` is the line, `leader` true for one thread of a line that is there. ``add s, u: x; y`` makes two
sums in one go; ``column u: x`` adds up over lines, for each place.

How threads share the work, and why no cell has two writers, stands in `held`.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

__all__ = ["Deal", "Recipe", "text_of"]

_LANES = 4  # partial sums of a thread, so that an addition does not wait for the one before


class Recipe(NamedTuple):
    """What is computed, and the names of a kernel's arguments beside the elements."""

    name: str
    text: str
    far: str
    near: str = ""
    more: str = ""  # arguments after the sizes
    results: str = ""  # arrays that leaders write
    out: bool = True  # whether there is a result for each element
    columns: str = ""  # the letters of sums over lines


class Deal(NamedTuple):
    """How a kernel's threads share the work; `full`: no chunk lacks elements; `lines` in a block."""

    size: int
    width: int
    lines: int
    chunks: int
    full: bool


class _Writer:
    """Text of a kernel, step by step."""

    def __init__(self, recipe: Recipe, deal: Deal) -> None:
        self.recipe, self.deal = recipe, deal
        self.lines: list[str] = []
        self.indent = 8
        self.become: dict[str, str] = {}  # of a line that is not held: what elements have become

    def put(self, *lines: str, deeper: int = 0) -> None:
        self.lines += [" " * (self.indent + deeper) + line for line in lines]

    def used(self, expressions: list[str], letters: str) -> str:
        return "".join(x for x in letters if any(re.search(rf"\b{x}\b", e) for e in expressions))

    def read(self, letters: str, c: int, near: bool) -> list[str]:
        """Load chunk c of arrays."""
        size, found = self.deal.size, []
        for x in letters:
            at = f"at_{x} + {'' if near else 'start + '}j + {c * size * self.deal.width}"
            array = x.upper()
            if size == 4:
                found.append(f"{', '.join(f'{x}{c}_{i}' for i in range(4))} = four({array}, {at})")
            else:
                found.append(f"{x}{c}_0 = TYPE({array}[uint64({at})])")
        return found

    def named(self, expression: str, c: int, i: int, letters: str) -> str:
        """The expression for element i of chunk c."""
        expression = re.sub(rf"\b([{letters}])\b", rf"\g<1>{c}_{i}", expression)
        return re.sub(r"\bplace\b", f"(j + {c * self.deal.size * self.deal.width + i})", expression)

    def lane(self, c: int, i: int) -> int:
        return i if self.deal.size == 4 else c % _LANES

    def steps(self, chunks: int, guarded: bool, body: Any) -> None:
        """The lines ``body(c)`` for so many chunks; a guarded last one may lack elements."""
        for c in range(chunks):
            deeper = 0
            if guarded and c == chunks - 1:
                self.put(f"if j + {c * self.deal.size * self.deal.width} < length:")
                deeper = 4
            self.put(*body(c), deeper=deeper)

    def visit(self, expressions: list[str], target: Any, store: bool = False) -> None:
        """``target(c, i, expressions)`` for every element of the line, with the elements read where they must be."""
        recipe, deal = self.recipe, self.deal
        letters = recipe.far + recipe.near
        if not deal.chunks:
            expressions = [self.unfolded(e) for e in expressions]
        far, near = self.used(expressions, recipe.far), self.used(expressions, recipe.near)

        def body(c: int) -> list[str]:
            found = self.read(near, c, True) if near else []
            for i in range(deal.size):
                found += target(c, i, [self.named(e, c, i, letters) for e in expressions])
            return found

        def stored(c: int) -> list[str]:
            if deal.size == 4:
                values = ", ".join(f"o{c}_{i}" for i in range(4))
                return [f"put_four(OUT, start + j + {c * 4 * deal.width}, {values})"]
            return [f"OUT[uint64(start + j + {c * deal.width})] = STORE(o{c}_0)"]

        if deal.chunks:
            self.steps(deal.chunks, not deal.full, body)
            if store:
                if deal.lines > 1:
                    self.put("if here:")
                    self.indent += 4
                self.steps(deal.chunks, not deal.full, stored)
                self.indent -= 4 * (deal.lines > 1)
            return
        many = 4 if len(far + near) < 2 else 2
        piece = deal.size * deal.width
        whole = f"length // {many * piece} * {many * piece}"
        for several, bounds in (
            (many, f"{deal.size} * t, {whole}, {many * piece}"), (1, f"{whole} + {deal.size} * t, length, {piece}"),
        ):  # fmt: skip
            self.put(f"for j in range({bounds}):")
            self.indent += 4
            for c in range(several):
                self.put(*self.read(far, c, False))
            self.steps(several, False, body)
            if store:
                self.steps(several, False, stored)
            self.indent -= 4

    def unfolded(self, expression: str) -> str:
        return re.sub(r"\b([a-z])\b", lambda x: self.become.get(x[1], x[1]), expression)

    def gather(self, verb: str, names: list[str], expressions: list[str]) -> None:
        """Sums, or the largest, of a line."""
        lanes = _LANES if self.deal.size == 4 or not self.deal.chunks else min(_LANES, self.deal.chunks)
        for name in names:
            self.put(*[f"{name}_{i} = {'LEAST' if verb == 'top' else 'ZERO'}" for i in range(lanes)])

        def target(c: int, i: int, found: list[str]) -> list[str]:
            lines = []
            for name, e in zip(names, found, strict=True):
                sum_ = f"{name}_{self.lane(c, i)}"
                if verb == "add":
                    lines.append(f"{sum_} += {e}")
                else:
                    lines += [f"x = {e}", f"{sum_} = x if x > {sum_} else {sum_}"]
            return lines

        self.visit(expressions, target)
        for name in names:
            if verb == "add":
                halves = [" + ".join(f"{name}_{i}" for i in range(lanes)[part : part + 2]) for part in (0, 2)]
                self.put(f"{name} = line_add({' + '.join(f'({h})' for h in halves if h)}, cells)")
                continue
            self.put(*[f"{name}_0 = {name}_{i} if {name}_{i} > {name}_0 else {name}_0" for i in range(1, lanes)])
            self.put(f"{name} = line_max({name}_0, cells)")

    def step(self, line: str) -> None:
        """One line of a recipe."""
        words = re.match(r"(add|top|become|out|column)\b ?([\w, ]*): (.*)", line)
        if not words:
            self.put(line)
            return
        verb, names, expressions = words[1], words[2].split(", "), words[3].split("; ")
        if verb in ("add", "top"):
            self.gather(verb, names, expressions)
        elif verb == "become" and not self.deal.chunks:
            self.become[names[0]] = f"({self.unfolded(expressions[0])})"
        elif verb == "become":
            self.visit(expressions, lambda c, i, found: [f"{names[0]}{c}_{i} = {found[0]}"])
        elif verb == "out":
            self.visit(expressions, lambda c, i, found: [f"o{c}_{i} = {found[0]}"], store=True)
        elif self.deal.chunks:
            several = self.deal.lines > 1
            add = "{0} += {1} if here else ZERO" if several else "{0} += {1}"
            self.visit(expressions, lambda c, i, found: [add.format(f"{names[0]}{c}_{i}", found[0])])

    def columns(self, groups: str) -> None:
        """After all lines: the sums over them to PART, (sums, groups, length)."""
        for n, x in enumerate(self.recipe.columns):
            at = f"({n} * {groups} + cuda.blockIdx.x * {self.deal.lines} + line) * length + j"

            def stored(c: int, x: str = x, at: str = at) -> list[str]:
                place = f"{at} + {c * self.deal.size * self.deal.width}"
                if self.deal.size == 4:
                    return [f"put_four(PART, {place}, {', '.join(f'{x}{c}_{i}' for i in range(4))})"]
                return [f"PART[uint64({place})] = {x}{c}_0"]

            self.steps(self.deal.chunks, not self.deal.full, stored)


def text_of(recipe: Recipe, deal: Deal) -> str:
    """The text of the kernel of a recipe.

    >>> print(text_of(Recipe("sum", "add s: a", "a", results="TO"), Deal(1, 32, 4, 1, True)).splitlines()[0])
    def kernel(lines, length, A, at_a, OUT, TO):
    """
    held, columns = deal.chunks > 0, recipe.columns if deal.chunks else ""
    names = ["lines", "length", *filter(None, recipe.more.split(", "))]
    names += [part for x in recipe.far + recipe.near for part in (x.upper(), f"at_{x}")]
    names += ["OUT", *filter(None, recipe.results.split(", ")), *(["PART"] if columns else [])]
    writer = _Writer(recipe, deal)
    writer.indent = 4
    writer.put(
        f"t = cuda.threadIdx.x & {deal.width - 1}", "cells = cuda.shared.array(CELLS, TYPE)",
        f"line = cuda.threadIdx.x >> {deal.width.bit_length() - 1}",
        f"j = {deal.size} * t" if held else "", f"at = cuda.blockIdx.x * {deal.lines}",
    )  # fmt: skip
    for x in columns:
        writer.put(*[f"{x}{c}_{i} = ZERO" for c in range(deal.chunks) for i in range(deal.size)])
    writer.put("while at < lines:")  # a range would divide by its step
    writer.indent = 8
    writer.put("k = at + line")
    if deal.lines > 1:  # all threads of a block come round as often
        writer.put("here = k < lines", "k = k if here else lines - 1")
    writer.put("leader = t == 0 and here" if deal.lines > 1 else "leader = t == 0", "start = k * length")
    if held:
        writer.steps(deal.chunks, not deal.full, lambda c: writer.read(recipe.far, c, False))
    for line in recipe.text.strip().splitlines():
        writer.step(line)
    writer.put(f"at += cuda.gridDim.x * {deal.lines}")
    writer.indent = 4
    if columns:
        writer.columns(f"cuda.gridDim.x * {deal.lines}")
    return f"def kernel({', '.join(names)}):\n" + "\n".join(filter(str.strip, writer.lines)) + "\n"
