"""Reading, writing and adding at places that an array names: the kernel under all indexing with arrays.

The places are offsets in an array of their own. A thread works out where its value, and the number of its place, stand
(as `mapping` does: by groups of up to 16 bytes where rows are moved whole, as of an embedding; divisions by
multiplying), and acts there.

One writer per cell when gathering: a group of the result belongs to one thread, as in `mapping`. When scattering, two
places may be the same: `put` then leaves one of the values, as NumPy and PyTorch do, and a thread that comes to its
group twice writes the same again; adding, and keeping the larger or the smaller, use atomics, each group once. (A nan
that is to be kept is written without one: whoever else writes to that place writes nan, or finds it and leaves it.)
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda import layout
from tinygrad_edu.kernels.numba_cuda.array import DeviceArray
from tinygrad_edu.kernels.numba_cuda.mapping import GROUPS, SINGLES, THREADS, counters, divider, group_of
from tinygrad_edu.kernels.numba_cuda.runtime import compiled, functions, launch
from tinygrad_edu.kernels.numba_cuda.vectors import WORDS, vectors
from tinygrad_edu.kernels.numba_cuda.walking import added

__all__ = ["act"]

NARROW = 1 << 31  # counts and places from here on take 64 bits; tests lower it
_INT = np.dtype(np.int64)
# What happens at place p of the array A, for a value.
_ATOMICS = {
    "add": "cuda.atomic.add(A, p, STORE({}))",
    "maximum": "cuda.atomic.max(A, p, STORE({}))",
    "minimum": "cuda.atomic.min(A, p, STORE({}))",
}


def act(
    action: str,
    a: DeviceArray,
    steps: tuple[int, ...],
    values: DeviceArray,
    places: DeviceArray,
    spread: tuple[int, ...],
    units: tuple[int, ...],
) -> None:
    """Run an action for every element of `values`, which "gather" writes and all others read.

    Args:
        action: "gather", "put", "add", "maximum" or "minimum".
        steps, spread: strides of `a` and of the places over the shape of the values, in elements.
        places: offsets, in elements from the first of `a`.
        units: every place is a sum of multiples of these.
    """
    mine = tuple([s // values.itemsize for s in values.strides])
    sizes, (sa, sv, sp) = layout.collapsed(values.shape, [steps, mine, spread])
    sizes, sa, sv, sp = (sizes, sa, sv, sp) if sizes else ((1,), (0,), (0,), (0,))
    stored = values.dtype if action == "gather" else a.dtype
    typed = a.block.typed(a.dtype)
    if action == "add" and a.dtype == _INT:  # two's complement adds alike, and only the unsigned type has the atomic
        stored, typed = np.dtype(np.uint64), a.block.typed(np.dtype(np.uint64))
    group = 1
    if sa[-1] == 1 and sp[-1] == 0 and (sv[-1] == 1 or not sv[-1] and action != "gather"):
        starts = [((x.offset + x.block.address()) % 16, x.itemsize) for x in (a, values)]
        group = group_of([(*starts[0], (*units, *sa)), (*starts[1], sv)], sizes[-1])
    alike = not sv[-1]  # one value for a group
    if group > 1:
        last = sizes[-1] // group
        sizes = (*sizes[:-1], last) if last > 1 or len(sizes) == 1 else sizes[:-1]
        sa, sv, sp = ((*s[:-1], s[-1] * group)[: len(sizes)] for s in (sa, sv, sp))
    counted = max(values.size, *(x.block.nbytes // x.itemsize for x in (a, values, places)))
    narrow = counted < NARROW
    kernel = _kernel(action, stored, len(sizes), group, alike and group > 1, narrow)
    groups = values.size // group
    dividers = [divider(n) for n in sizes[1:]] if narrow else []
    arguments: list[Any] = [groups, *sizes[1:], *dividers]
    arguments += [typed, a.offset // a.itemsize, *sa]
    arguments += [values.block.typed(values.dtype), values.offset // values.itemsize, *sv]
    arguments += [places.block.typed(_INT), places.offset // 8, *sp]
    together = THREADS * _many(action, group)
    launch(kernel, -(-groups // together), THREADS, *arguments)


def _many(action: str, group: int) -> int:
    """How many groups a thread has: several under way at once where none need be counted."""
    return 1 if action in _ATOMICS else GROUPS if group > 1 else SINGLES


def _joined(action: str, value: str) -> list[str]:
    """Lines that join a value to place p. The atomics for extremes pass over nan, which shall win: it is written."""
    line = _ATOMICS[action].format(value)
    return (
        [line] if action == "add" else [f"if {value} == {value}:", f"    {line}", "else:", f"    A[p] = STORE({value})"]
    )


def _text(action: str, rank: int, group: int, alike: bool, narrow: bool) -> str:
    many = _many(action, group)
    names = ["groups", *(f"n{d}" for d in range(1, rank)), *(f"div{d}" for d in range(1, rank) if narrow)]
    for letter in "AVP":
        names += [letter, f"at_{letter}", *(f"step_{letter}{d}" for d in range(rank))]
    lines = []
    for d in range(1, rank if narrow else 0):
        lines += [f"m{d} = COUNTER(div{d} & 0xFFFFFFFF)", f"h{d} = COUNTER(div{d} >> 32)"]
    lines.append(f"g0 = cuda.blockIdx.x * cuda.blockDim.x * {many} + cuda.threadIdx.x")
    body = []
    for u in range(1, many):
        body += [f"g{u} = g0 + cuda.blockDim.x * {u}", f"g{u} = g{u} if g{u} < groups else g0"]
    for u in range(many):
        body.append(f"rest = COUNTER(g{u})")
        for d in reversed(range(1, rank)):
            over = f"COUNTER(COUNTER(rest * m{d} >> 32) >> h{d})" if narrow else f"rest // n{d}"
            body += [f"over = {over}", f"i{d} = COUNTER(rest - COUNTER(over * n{d}))", "rest = over"]
        body.append("i0 = rest")
        for letter, name in (("A", "begin"), ("V", "v"), ("P", "q")):
            terms = [f"i{d} * step_{letter}{d}" for d in range(rank)]
            body.append(f"{name}{u} = {added(f'at_{letter}', *terms)}")
    body += [f"place{u} = P[PLACE(q{u})]" for u in range(many)]
    body += [f"p{u} = PLACE(begin{u} + place{u})" for u in range(many)]
    source, at = ("A", "p{}") if action == "gather" else ("V", "PLACE(v{})")
    read = [[f"x{u}_{w}" for w in range(1 if alike else group)] for u in range(many)]
    for u in range(many):
        if len(read[u]) > 1:
            body.append(f"{', '.join(read[u])} = {WORDS[group]}({source}, {at.format(u)})")
        else:
            body.append(f"{read[u][0]} = {source}[{at.format(u)}]")
    target, at = ("V", "PLACE(v{})") if action == "gather" else ("A", "p{}")
    for u in range(many):
        values = read[u] * group if len(read[u]) < group else read[u]
        if action in _ATOMICS:
            for w, value in enumerate(values):
                body += [f"p = PLACE(p{u} + {w})" if w else f"p = p{u}", *_joined(action, value)]
        elif group > 1:
            stored = ", ".join(f"STORE({value})" for value in values)
            body.append(f"put_{WORDS[group]}({target}, {at.format(u)}, {stored})")
        else:
            body.append(f"{target}[{at.format(u)}] = STORE({values[0]})")
    lines += ["if g0 < groups:", *(f"    {line}" for line in body)]
    return "\n".join([f"def kernel({', '.join(names)}):", *(f"    {line}" for line in lines)])


@functools.cache
def _kernel(action: str, stored: Any, rank: int, group: int, alike: bool, narrow: bool) -> Any:
    names: dict[str, Any] = {**functions(), **counters(narrow), "STORE": stored.type}
    if group > 1:
        names.update(vectors())
    text = _text(action, rank, group, alike, narrow)
    exec(compile(text, f"<cuda kernel: {action}>", "exec"), names)
    return compiled(names["kernel"])
