"""Cross-entropy by class indices with the softmax in it, and its way back: lines by `held`, or a thread for a place.

The formulas stand in ``kernels/losses.py``. Scores that lie side by side, (N, C), are read once; where they lie across
memory, (N, C, ...), a thread takes a place, finds the largest score and the sum of exponentials beside it together, and
reads once more for label smoothing. float32 is added up in float32.

One writer per cell: the cost, the largest and the logarithm of a place are written by its thread, or the leader of its
line; a score's gradient by the thread that has it; a sum of a block by its thread 0.
"""

from __future__ import annotations

import functools
import math
from textwrap import indent
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda import held
from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty, to_host
from tinygrad_edu.kernels.numba_cuda.blocks import blocks_for, from_text, gathered_in, places, suit, width_for
from tinygrad_edu.kernels.numba_cuda.recipes import Recipe
from tinygrad_edu.kernels.numba_cuda.reductions import reduce
from tinygrad_edu.kernels.numba_cuda.runtime import grid_for, launch

__all__ = ["class_kinds", "counted", "cross_entropy", "cross_entropy_back"]

NONE = -1  # what no target is

_COST = """
top m: a
become a: a - m
add s: exp(a)
low = TYPE(log(s)) if m > LEAST or s != s else LEAST - LEAST
y = Y[uint64(at_y + k)]
cost = ZERO
if y != ignored:
    cost = exact * (low - (TYPE(A[uint64(at_a + start + y)]) - m)) * {weight_y}
{smoothing}
if leader:
    COST[uint64(k)] = STORE(cost)
    TOP[uint64(k)] = STORE(m)
    LOW[uint64(k)] = STORE(low)
"""
_SMOOTHING = """add u: (low - a) * {weight_j}
if y != ignored:
    cost += even * u"""
_KNOWN = """
m = TYPE(TOP[uint64(at_top + k)])
low = TYPE(LOW[uint64(at_low + k)])
y = Y[uint64(at_y + k)]
g = TYPE(G[uint64(at_g + k * g_step)])
named = ZERO
spread = ZERO
if y != ignored:
    named = g * exact * {weight_y}
    spread = g * even
total = named + spread * {each}
"""
_BACK = (
    _KNOWN
    + """
become a: exp((a - m) - low) * total if total != ZERO else ZERO
out: a - spread * {weight_j} - (named if place == y else ZERO)
"""
)
# The same, one thread for each place, where scores lie across memory.
_COST_ACROSS = """
def kernel(lines, length, step, Y, at_y, C, at_c, ignored, exact, even, A, at_a, COST, TOP, LOW):
    for k in range(cuda.grid(1), lines, cuda.gridsize(1)):
        start = at_a + k // step * (length * step) + k % step
        m = LEAST
        s = ZERO
        for j in range(length):
            x = TYPE(A[uint64(start + j * step)])
            if x > m:
                s = s * exp(m - x) + exp(x - x)
                m = x
            elif x > LEAST or x != x:
                s += exp(x - m)
        low = TYPE(log(s)) if m > LEAST or s != s else LEAST - LEAST
        y = Y[uint64(at_y + k)]
        cost = ZERO
        if y != ignored:
            cost = exact * (low - (TYPE(A[uint64(start + y * step)]) - m)) * {weight_y}
        {smoothing}
        COST[uint64(k)] = STORE(cost)
        TOP[uint64(k)] = STORE(m)
        LOW[uint64(k)] = STORE(low)
"""
_SMOOTHING_ACROSS = """s = ZERO
        for j in range(length):
            s += (low - (TYPE(A[uint64(start + j * step)]) - m)) * {weight_j}
        if y != ignored:
            cost += even * s"""
_BACK_ACROSS = """
def kernel(lines, length, step, g_step, G, at_g, Y, at_y, TOP, at_top, LOW, at_low, C, at_c, EACH, ignored, exact,
           even, A, at_a, OUT):
    for k in range(cuda.grid(1), lines, cuda.gridsize(1)):
        start = k // step * (length * step) + k % step
{known}
        for j in range(length):
            p = start + j * step
            share = ZERO
            if total != ZERO:
                share = exp((TYPE(A[uint64(at_a + p)]) - m) - low) * total
            share -= spread * {weight_j}
            if j == y:
                share -= named
            OUT[uint64(p)] = STORE(share)
"""
# Of each place 0 for a class, 1 for the ignored one, 2 for what is neither: the largest of all.
_KINDS = """
def kernel(count, Y, at_y, ignored, classes, OUT):
    t = cuda.threadIdx.x
    cells = cuda.shared.array(CELLS, TYPE)
    s = ZERO
    for k in range(cuda.blockIdx.x * WIDTH + t, count, cuda.gridDim.x * WIDTH):
        y = int64(Y[at_y + k])
        if y == ignored:
            s = max(s, ONE)
        elif y < 0 or y >= classes:
            s = ONE + ONE
    s = block_max(s, cells)
    if t == 0:
        OUT[cuda.blockIdx.x] = s
"""
# What a place counts.
_SUM = """
def kernel(count, Y, at_y, W, at_w, ignored, OUT):
    t = cuda.threadIdx.x
    cells = cuda.shared.array(CELLS, TYPE)
    s = ZERO
    for k in range(cuda.blockIdx.x * WIDTH + t, count, cuda.gridDim.x * WIDTH):
        y = int64(Y[at_y + k])
        if y != ignored:
            s += {term}
    s = block_add(s, cells)
    if t == 0:
        OUT[cuda.blockIdx.x] = STORE(s)
"""


def _words(weighted: bool, smooth: bool, weight_j: str) -> dict[str, str]:
    return {
        "weight_y": "TYPE(C[uint64(at_c + y)])" if weighted else "ONE", "weight_j": weight_j if weighted else "ONE",
        "each": "TYPE(EACH[0])" if weighted and smooth else "TYPE(length)",
    }  # fmt: skip


@functools.cache
def _recipe(back: bool, weighted: bool, smooth: bool) -> Recipe:
    words = _words(weighted, smooth, "w")
    words["smoothing"] = _SMOOTHING.format(**words) if smooth else ""
    near = "w" if weighted and smooth else ""
    if not smooth:
        words["weight_j"] = "ZERO"
    numbers = "C, at_c, {}ignored, exact, even"
    if back:
        more = "g_step, G, at_g, Y, at_y, TOP, at_top, LOW, at_low, " + numbers.format("EACH, ")
        return Recipe("cross_entropy_back", _BACK.format(**words), "a", near, more)
    return Recipe("cross_entropy", _COST.format(**words), "a", near, "Y, at_y, " + numbers.format(""),
                  "COST, TOP, LOW", out=False)  # fmt: skip


@functools.cache
def _across(back: bool, weighted: bool, smooth: bool, gathered: Any, stored: Any) -> Any:
    words = _words(weighted, smooth, "TYPE(C[uint64(at_c + j)])")
    words["smoothing"] = _SMOOTHING_ACROSS.format(**words) if smooth else ""
    words["known"] = indent(_KNOWN.format(**words).strip(), " " * 8)
    text = (_BACK_ACROSS if back else _COST_ACROSS).format(**words)
    return from_text(text, "cross_entropy", gathered, 2, STORE=stored.type)


def _meant(a: Any, target: Any, weight: Any, *others: Any) -> bool:
    many = (a, *others) if weight is None else (a, weight, *others)
    return target.__class__ is DeviceArray and target.dtype == np.int64 and suit(*many)


def _run(
    back: bool, a: DeviceArray, weight: Any, smoothing: float, ignored: int, arguments: list[Any],
    *results: DeviceArray,
) -> None:  # fmt: skip
    """A launch; `arguments` are those between the sizes and `ignored`."""
    length = a.shape[min(1, a.ndim - 1)]
    lines, step = a.size // length, math.prod(a.shape[2:])
    gathered, weighted, smooth = gathered_in(a.dtype), weight is not None, smoothing != 0
    more = (*arguments, int(ignored), gathered.type(1 - smoothing), gathered.type(smoothing / length))
    if step == 1:
        recipe = _recipe(back, weighted, smooth)
        arrays = [a, weight] if recipe.near else [a]
        out, others = (results[0], results[1:]) if back else (None, results)
        held.run(recipe, (lines, length), (gathered, a.dtype), more, arrays, out, *others)
        return
    kernel = _across(back, weighted, smooth, gathered, a.dtype)
    memory = [r.block.typed(r.dtype) for r in results]
    launch(kernel, *grid_for(lines), lines, length, step, *more, *places(a), *memory)


def cross_entropy(a: Any, target: Any, weight: Any, ignore_index: int | None, smoothing: float) -> Any:
    """The cost of each place, 0 where it is ignored; the largest score but nan, and the logarithm of the sum beside it.

    Args:
        a: scores (N, C, ...) or (C,).
        target: classes (N, ...) or (), in int64; each is below C, or the ignored one.
        weight: what each class counts, (C,); None: 1.
    """
    if not _meant(a, target, weight):
        return NotImplemented
    cost, top, low = (empty(target.shape, a.dtype) for _ in "ctl")
    arguments = places(target, a if weight is None else weight)
    _run(False, a, weight, smoothing, NONE if ignore_index is None else ignore_index, arguments, cost, top, low)
    return cost, top, low


def cross_entropy_back(
    a: Any, g: Any, target: Any, top: Any, low: Any, weight: Any, ignore_index: int | None, smoothing: float
) -> Any:
    """The gradient of the scores; g has one element for each place."""
    if not _meant(a, target, weight, g, top, low):
        return NotImplemented
    out = empty(a.shape, a.dtype)
    each = a if weight is None or not smoothing else reduce("add", weight, None, weight.dtype)
    # the gradient of a mean or a sum is one number for all places: it is read where it is
    same = not any(g.strides)
    arguments = [0 if same else 1, *places(g.on((1,), (g.itemsize,)) if same else g)]
    arguments += [*places(target, top, low, a if weight is None else weight), each.block.typed(a.dtype)]
    _run(True, a, weight, smoothing, NONE if ignore_index is None else ignore_index, arguments, out)
    return out


def _blocks_over(count: int) -> tuple[int, int]:
    """Blocks and threads for so many places."""
    width = width_for(count)
    return max(1, min(blocks_for(-(-count // (16 * width))), 1024)), width


@functools.cache
def _kinds_kernel(width: int) -> Any:
    return from_text(_KINDS, "class_kinds", np.float32, width)


@functools.cache
def _sum_kernel(weighted: bool, gathered: Any, stored: Any, width: int) -> Any:
    text = _SUM.format(term="TYPE(W[at_w + y])" if weighted else "ONE")
    return from_text(text, "counted", gathered, width, STORE=stored.type)


def class_kinds(target: Any, count: int, ignore_index: int) -> Any:
    """0 if each is one of so many classes, 1 if some are the ignored one, 2 if some are neither. Waits for the card."""
    if target.__class__ is not DeviceArray or not target.size:
        return NotImplemented
    blocks, width = _blocks_over(target.size)
    out = empty((blocks,), np.float32)
    launch(_kinds_kernel(width), blocks, width, target.size, *places(target), int(ignore_index), count,
           out.block.typed(out.dtype))  # fmt: skip
    return int(to_host(out).max())


def counted(target: Any, weight: Any, ignore_index: int, dtype: Any) -> Any:
    """What the places that are not ignored count together, on the device."""
    if target.__class__ is not DeviceArray or not target.size or not (weight is None or suit(weight)):
        return NotImplemented
    gathered = np.dtype(np.float64) if weight is None else gathered_in(weight.dtype)
    blocks, width = _blocks_over(target.size)
    sums = empty((blocks,), gathered if blocks > 1 else dtype)
    launch(
        _sum_kernel(weight is not None, gathered, sums.dtype, width), blocks, width, target.size,
        *places(target, target if weight is None else weight), NONE if ignore_index is None else int(ignore_index),
        sums.block.typed(sums.dtype),
    )  # fmt: skip
    return reduce("add", sums, None, dtype) if blocks > 1 else sums.reshape(())
