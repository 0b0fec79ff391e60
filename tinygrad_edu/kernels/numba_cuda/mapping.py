"""How an elementwise kernel walks its arrays: which kernel is made for which layouts, and the text of it.

A thread has groups of neighbouring elements: as many as 16 bytes of the widest array hold (at most eight) where all
arrays can be read so, else single ones. It loads a few groups, `GROUPS` or `SINGLES`, before it computes the first, so
that many reads are under way at once; reads hide behind each other, not behind arithmetic. Every array has a form:

| form | where the element of group g stands |
|---|---|
| `flat` | at g: the array fills its memory as the result does |
| `one` | always at the same place: it is read once |
| `steps` | worked out from the indices of the merged dimensions and the array's strides |
| `same` | likewise, and one element serves a whole group: the array is broadcast along the last dimension |

Indices come from dividing g by sizes. Where the numbers fit 32 bits, as nearly always, a division is a multiplication
and a shift by numbers worked out beforehand (Granlund and Montgomery, Division by invariant integers using
multiplication, 1994, section 4): a card has no instruction that divides, and takes dozens for 64 bits.

One writer per cell: a block has groups side by side, GROUPS times as many as it has threads, and thread t of it has
those that are t, t + threads, ... from the first; where that passes the end, the thread does its first group again,
with the values that it read before it wrote any. So each group belongs to one thread. What is left over after the last
whole group, fewer elements than a block has threads, is for the first threads. Results never overlap. The grid has a
thread for all: of a loop over what is left a compiler makes a division and copies of its body.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda import layout, turning
from tinygrad_edu.kernels.numba_cuda.runtime import compiled, cuda, functions
from tinygrad_edu.kernels.numba_cuda.scalars import helpers
from tinygrad_edu.kernels.numba_cuda.vectors import WORDS, vectors
from tinygrad_edu.kernels.numba_cuda.walking import LETTERS, added, computed_in, name_of
from tinygrad_edu.kernels.presence import simulated

__all__ = ["GROUPS", "SINGLES", "THREADS", "Plan", "counters", "divider", "group_of", "plan"]

GROUPS, SINGLES = 2, 4  # that a thread loads before it computes
THREADS = 8 if simulated() else 128  # in a block: as many as a group has elements, or more
widest = 16  # bytes of a group of the widest array; for comparison a benchmark sets 1

_HALF = np.dtype(np.float16)
Kinds = tuple[tuple[np.dtype[Any], bool], ...]


@dataclass(frozen=True)
class Plan:
    """A kernel, and all of its arguments that depend on layouts only.

    Args:
        kernel: it takes `first`, then each array's block and place and its `steps`, the result's first.
        first: the count of elements and what tells the dimensions.
        steps: of the result, then of each input that is an array.
        blocks, threads: to launch it with.
        group: how many elements are read at once; 0: squares of them (see `turning`).
    """

    kernel: Any
    first: tuple[int, ...]
    steps: tuple[tuple[int, ...], ...]
    blocks: Any
    threads: Any
    group: int


def namespace(formula: str, kinds: Kinds, computes: np.dtype[Any]) -> dict[str, Any]:
    """The names of a kernel's text, `f` among them: the formula as a function of the inputs, compiled into it."""
    number = np.float32 if computes == _HALF else computes.type
    names: dict[str, Any] = {**functions(), **helpers(), "TYPE": number}
    names["ZERO"], names["ONE"], names["TWO"] = number(0), number(1), number(2)
    text = f"def f({', '.join(LETTERS[: len(kinds)])}):\n    return {formula}"
    exec(compile(text, f"<formula: {formula}>", "exec"), names)
    if not simulated():
        names["f"] = cuda().jit(names["f"], device=True, forceinline=True)
    return names


def divider(n: int) -> int:
    """What numbers below 2**31 are divided by n > 1 with: the multiplier, and from bit 32 on the shift after it.

    >>> packed = divider(10)
    >>> (123456789 * (packed & 0xFFFFFFFF) >> 32) >> (packed >> 32)
    12345678
    """
    shift = (n - 1).bit_length()  # the least with 2**shift >= n
    return -(-(1 << (31 + shift)) // n) | (shift - 1) << 32


def group_of(parts: list[tuple[int, int, tuple[int, ...]]], size: int) -> int:
    """How many elements can be read at once of all arrays; 1: no more.

    Args:
        parts: of each array, the bytes after the last multiple of 16, those of an element, and its strides in elements;
            none where elements are counted.
        size: of the last dimension, 0 where elements are counted.
    """
    most = min(widest // max(item for _, item, _ in parts), 8)
    lie = [part for part in parts if not part[2] or part[2][-1]]
    for group in (8, 4, 2):
        if group <= most and not size % group:
            fits = [not start % (group * item) and not any(s % group for s in step[:-1]) for start, item, step in lie]
            if all(fits):
                return group
    return 1


@functools.lru_cache(maxsize=4096)
def plan(
    formula: str,
    kinds: Kinds,
    computes: np.dtype[Any],
    types: tuple[np.dtype[Any], ...],
    shape: tuple[int, ...],
    steps: tuple[tuple[int, ...], ...],
    aligned: tuple[int, ...],
    narrow: bool,
) -> Plan:
    """The kernel for arrays that lie so.

    Args:
        kinds: of each input the type it is converted to, and whether it is an array.
        types, steps: of the result and of each input that is an array: type, and strides in elements over `shape`.
        aligned: where each begins: bytes after the last multiple of 16.
        narrow: whether all counts and places fit 31 bits.
    """
    items = tuple([kind.itemsize for kind in types])
    count = int(np.prod(shape, dtype=object)) if shape else 1
    ones = [not any(s and n > 1 for s, n in zip(step, shape, strict=True)) for step in steps]
    filled = layout.covers(shape, steps[0], 1)
    if filled and all(one or step == steps[0] for one, step in zip(ones, steps, strict=True)):
        forms = ["one" if one and i else "flat" for i, one in enumerate(ones)]
        group = group_of([(aligned[i], items[i], ()) for i, form in enumerate(forms) if form == "flat"], 0)
        kernel = _kernel(formula, kinds, computes, types, tuple(forms), 0, group, False)
        return _launched(kernel, count, group, (count,), ((),) * len(steps))
    order = sorted(range(len(shape)), key=lambda d: -abs(steps[0][d]))  # as the result lies, so that writes are joined
    ordered = [tuple([step[d] for d in order]) for step in steps]
    sizes, merged = layout.collapsed(tuple([shape[d] for d in order]), ordered)
    turned = turning.suited(sizes, merged)
    if turned is not None:
        text, first, split, blocks, threads = turning.text_of(turned, sizes, merged, kinds, types)
        return Plan(_turned(text, formula, kinds, computes, narrow), first, split, blocks, threads, 0)
    flat = layout.by_rows(sizes)
    forms = ["one" if one and i else "flat" if filled and step == flat else "steps"
             for i, (one, step) in enumerate(zip(ones, merged, strict=True))]  # fmt: skip
    group = 1
    if merged[0][-1] == 1 and all(step[-1] in (0, 1) for step in merged):
        parts = [(aligned[i], items[i], merged[i]) for i, form in enumerate(forms) if form != "one"]
        group = group_of(parts, sizes[-1])
    if group > 1:
        forms = ["same" if form == "steps" and not step[-1] else form for form, step in zip(forms, merged, strict=True)]
        last = sizes[-1] // group
        sizes = (*sizes[:-1], last) if last > 1 else sizes[:-1]
        merged = [(*step[:-1], step[-1] * group) if last > 1 else step[:-1] for step in merged]
    kernel = _kernel(formula, kinds, computes, types, tuple(forms), len(sizes), group, narrow)
    dividers = tuple([divider(n) for n in sizes[1:]]) if narrow else ()
    given = tuple([step if form in ("steps", "same") else () for step, form in zip(merged, forms, strict=True)])
    return _launched(kernel, count, group, (count, *sizes[1:], *dividers), given)


def _launched(kernel: Any, count: int, group: int, first: tuple[int, ...], steps: Any) -> Plan:
    together = THREADS * (GROUPS if group > 1 else SINGLES)
    return Plan(kernel, first, steps, max(-(-(count // group) // together), 1), THREADS, group)


def _places(forms: tuple[str, ...], letters: list[str], rank: int, group: int, narrow: bool, u: int) -> list[str]:
    """Lines that work out where the arrays' group `g{u}` stands, as `p_{letter}{u}`."""
    lines = []
    if rank:
        lines.append(f"rest = COUNTER(g{u})")
        for d in reversed(range(1, rank)):
            over = f"COUNTER(COUNTER(rest * m{d} >> 32) >> h{d})" if narrow else f"rest // n{d}"
            lines += [f"over = {over}", f"i{d} = COUNTER(rest - COUNTER(over * n{d}))", "rest = over"]
        lines.append("i0 = rest")
    for form, letter in zip(forms, letters, strict=True):
        if form == "flat":
            lines.append(f"p_{letter}{u} = PLACE(at_{letter} + g{u}{f' * {group}' if group > 1 else ''})")
        elif form != "one":
            terms = [f"i{d} * {letter}_{d}" for d in range(rank)]
            lines.append(f"p_{letter}{u} = PLACE({added(f'at_{letter}', *terms)})")
    return lines


def _text(kinds: Kinds, result: str, forms: tuple[str, ...], rank: int, group: int, narrow: bool) -> str:
    """The text of a kernel."""
    arrays = [letter for letter, (_, of) in zip(LETTERS, kinds, strict=False) if of]
    letters = ["out", *arrays]
    form_of = dict(zip(letters, forms, strict=True))
    arguments = ["count", *(f"n{d}" for d in range(1, rank)), *(f"div{d}" for d in range(1, rank) if narrow)]
    # lines before all others; what all elements share, read by those threads only that have elements; what is loaded
    before, shared, loads = [], [], []
    for letter in ("out", *LETTERS[: len(kinds)]):
        form = form_of.get(letter)
        arguments += [f"{letter}_"] if form is None else [letter.upper(), f"at_{letter}"]
        arguments += [f"{letter}_{d}" for d in range(rank)] if form in ("steps", "same") else []
    for letter, (kind, is_array) in zip(LETTERS, kinds, strict=False):
        if not is_array:
            before.append(f"{letter} = {computed_in(kind)}({letter}_)")
        elif form_of[letter] == "one":
            shared.append(f"    {letter} = {computed_in(kind)}({letter.upper()}[PLACE(at_{letter})])")
        else:
            loads.append((letter, computed_in(kind)))
    for d in range(1, rank if narrow else 0):
        before += [f"m{d} = COUNTER(div{d} & 0xFFFFFFFF)", f"h{d} = COUNTER(div{d} >> 32)"]
    many = GROUPS if group > 1 else SINGLES
    before.append("groups = count" + (f" // {group}" if group > 1 else ""))
    before.append(f"g0 = cuda.blockIdx.x * cuda.blockDim.x * {many} + cuda.threadIdx.x")
    body = []
    for u in range(1, many):
        body += [f"g{u} = g0 + cuda.blockDim.x * {u}", f"g{u} = g{u} if g{u} < groups else g0"]
    for u in range(many):
        body += _places(forms, letters, rank, group, narrow, u)
    for u in range(many):
        for letter, _ in loads:
            array, at = letter.upper(), f"p_{letter}{u}"
            if group == 1 or form_of[letter] == "same":
                body.append(f"{letter}{u}_ = {array}[{at}]")
            else:
                body.append(f"{', '.join(f'{letter}{u}_{w}' for w in range(group))} = {WORDS[group]}({array}, {at})")
    given = ", ".join(LETTERS[: len(kinds)])
    for u in range(many):
        values = []
        for w in range(group):
            for letter, number in loads:
                whole = group == 1 or form_of[letter] == "same"
                body.append(f"{letter} = {number}({letter}{u}_{'' if whole else w})")
            body.append(f"v{w} = {result}(f({given}))")
            values.append(f"v{w}")
        if group > 1:
            body.append(f"put_{WORDS[group]}(OUT, p_out{u}, {', '.join(values)})")
        else:
            body.append(f"OUT[p_out{u}] = v0")
    lines = [*before, "if g0 < groups:", *shared, *(f"    {line}" for line in body)]
    if not rank and group > 1:
        lines += [f"rest = groups * {group} + cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x", "if rest < count:"]
        lines += shared
        lines += [f"    {letter} = {number}({letter.upper()}[PLACE(at_{letter} + rest)])" for letter, number in loads]
        lines.append(f"    OUT[PLACE(at_out + rest)] = {result}(f({given}))")
    return "\n".join([f"def kernel({', '.join(arguments)}):", *(f"    {line}" for line in lines)])


@functools.cache
def _kernel(
    formula: str, kinds: Kinds, computes: np.dtype[Any], types: Any, forms: Any, rank: int, group: int, narrow: bool
) -> Any:
    names = namespace(formula, kinds, computes)
    if group > 1:
        names.update(vectors())
    names.update(counters(narrow))
    return _compiled(_text(kinds, name_of(types[0]), forms, rank, group, narrow), formula, names)


@functools.cache
def _turned(text: str, formula: str, kinds: Kinds, computes: np.dtype[Any], narrow: bool) -> Any:
    """The kernel of a text of `turning`, which says nothing of sizes: one serves all shapes."""
    return _compiled(text, formula, {**namespace(formula, kinds, computes), **counters(narrow)})


def counters(narrow: bool) -> dict[str, Any]:
    """The types in which a kernel counts, and of a place in memory: no more bits than it takes."""
    if simulated():
        return {"COUNTER": int, "PLACE": int}
    return {"COUNTER": np.uint32, "PLACE": np.uint32} if narrow else {"COUNTER": np.int64, "PLACE": np.uint64}


def _compiled(text: str, formula: str, names: dict[str, Any]) -> Any:
    exec(compile(text, f"<cuda kernel: {formula}>", "exec"), names)
    return compiled(names["kernel"])
