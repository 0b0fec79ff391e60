"""Reductions by many threads for each result: a block where the elements lie side by side, parts where results are few.

The plain kernel of `reductions` has one thread for each result. That is right where there are very many results and
neighbouring threads read neighbouring elements. Otherwise:

- where the last dimension goes, a block takes a result, and its threads neighbouring elements ("block");
- where the results do not fill the card, the elements are cut into parts, and the parts' results reduced once more.

Floats are added up in float64, and the order is that of the sizes, so the same numbers give the same bits every time.
One writer per cell: result k of part p is written by the one thread, or thread 0 of the one block, that counts p count
+ k.
"""

from __future__ import annotations

import functools
from typing import Any

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty
from tinygrad_edu.kernels.numba_cuda.blocks import blocks_for, width_for
from tinygrad_edu.kernels.numba_cuda.runtime import compiled, cuda, functions, grid_for, launch, multiprocessors
from tinygrad_edu.kernels.numba_cuda.scalars import helpers
from tinygrad_edu.kernels.numba_cuda.walking import walk
from tinygrad_edu.kernels.numba_cuda.warps import shared_type
from tinygrad_edu.kernels.presence import simulated

__all__ = ["plan", "reduce_in_parts"]

# Of these the first element may be counted twice, or there is a value that changes nothing.
_IDEMPOTENT = ("maximum", "minimum", "fmax", "fmin", "logical_and", "logical_or", "bitwise_or", "bitwise_and")


def plan(name: str, count: int, length: int, side_by_side: bool) -> tuple[bool, int]:
    """Whether to give each result a block, and into how many parts to cut its elements."""
    if name not in (*_IDEMPOTENT, "add", "multiply"):
        return False, 1
    block = side_by_side and length >= (4 if simulated() else 32)
    wanted = 8 * multiprocessors() if block else 1024 * multiprocessors()
    short = 8 if simulated() else 1024 if block else 32
    return block, max(1, min(-(-wanted // count), length // short, 3 if simulated() else 1024))


@functools.cache
def _kernel(name: str, combine: str, first: Any, gathered: Any, stored: Any, ranks: tuple[int, int], width: int) -> Any:
    """A block of `width` threads for each result, or with 0 one thread."""
    outer, inner = ranks
    steps = [f"o{x}{d}" for x in ("n", "a") for d in range(outer)] + [f"q{x}{d}" for x in "na" for d in range(inner)]
    lines = [f"def kernel({', '.join(['count', 'length', 'parts', 'A', 'at_a', 'OUT', *steps])}):"]
    if width:
        lines += ["    t = cuda.threadIdx.x", f"    cells = cuda.shared.array({width}, TYPE)"]
        lines.append("    for e in range(cuda.blockIdx.x, count * parts, cuda.gridDim.x):")
    else:
        lines.append("    for e in range(cuda.grid(1), count * parts, cuda.gridsize(1)):")
    lines += [
        "        k = e % count",
        "        begin = e // count * length // parts",
        "        end = (e // count + 1) * length // parts",
        *walk("o", "k", outer, "a", " " * 8),
    ]
    if first is None:  # no element changes nothing: begin with one, which may be counted twice
        lines += [*walk("q", "begin", inner, "a", " " * 8), "        s = CAST(A[at_a + p_oa + p_qa])"]
    else:
        lines.append(f"        s = CAST({first})")
    lines.append(f"        for j in range(begin + {'t' if width else '0'}, end, {width or 1}):")
    lines += [*walk("q", "j", inner, "a", " " * 12), "            x = CAST(A[at_a + p_oa + p_qa])"]
    lines.append(f"            s = CAST({combine})")
    if width:
        lines += [
            "        cells[t] = s",
            "        cuda.syncthreads()",
            f"        half = {width // 2}",
            "        while half > 0:",
            "            if t < half:",
            "                s = cells[t]",
            "                x = cells[t + half]",
            f"                cells[t] = CAST({combine})",
            "            cuda.syncthreads()",
            "            half = half // 2",
            "        if t == 0:",
            "            OUT[e] = STORE(cells[0])",
            "        cuda.syncthreads()",
        ]
    else:
        lines.append("        OUT[e] = STORE(s)")
    names: dict[str, Any] = {**functions(), **helpers(), "CAST": gathered.type, "STORE": stored.type, "cuda": cuda()}
    names["TYPE"] = shared_type(gathered)
    exec(compile("\n".join(lines), f"<cuda kernel: {name} in parts>", "exec"), names)
    return compiled(names["kernel"])


def reduce_in_parts(
    name: str, combine: str, first: Any, a: DeviceArray, sizes: tuple[int, int], outer: Any, inner: Any,
    gathered: Any, stored: Any, block: bool, parts: int,
) -> DeviceArray:  # fmt: skip
    """(parts, count) results; `outer` and `inner` are the merged shapes and strides of what stays and what goes."""
    count, length = sizes
    out = empty((parts, count), gathered if parts > 1 else stored)
    width = width_for(length // parts) if block else 0
    kernel = _kernel(name, combine, first, gathered, out.dtype, (len(outer[0]), len(inner[0])), width)
    blocks, threads = (blocks_for(count * parts), width) if width else grid_for(count * parts)
    launch(
        kernel, blocks, threads, count, length, parts, a.block.typed(a.dtype), a.offset // a.itemsize,
        out.block.typed(out.dtype), *outer[0], *outer[1][0], *inner[0], *inner[1][0],
    )  # fmt: skip
    return out
