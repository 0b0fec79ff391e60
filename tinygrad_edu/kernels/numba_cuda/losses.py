"""Cross-entropy by class indices with the softmax in it, and its way back: a block for each place, or a thread.

The formulas stand in ``kernels/losses.py``. One reading finds the largest score and the sum of exponentials beside it
together, as in `softmax`; label smoothing takes one more. float32 is added up in float32. A block takes a place where
its scores lie side by side (N, C), a thread where they lie across memory (N, C, ...).

One writer per cell: the cost, the largest and the logarithm of a place are written by its thread, or its block's
thread 0; score j's gradient by the one thread of the place's one block with j % WIDTH = t;
a sum of a block by its thread 0.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty, to_host
from tinygrad_edu.kernels.numba_cuda.blocks import blocks_for, from_text, gathered_in, places, suit, width_for
from tinygrad_edu.kernels.numba_cuda.reductions import reduce
from tinygrad_edu.kernels.numba_cuda.runtime import grid_for, launch

__all__ = ["are_classes", "counted", "cross_entropy", "cross_entropy_back"]

NONE = -1  # what no target is

_COST = """
def kernel(lines, length, step, A, at_a, Y, at_y, W, at_w, ignored, exact, even, COST, TOP, LOW):
    t = cuda.threadIdx.x
    {cells}
    for k in range({first}, lines, {blocks}):
        start = at_a + k // step * (length * step) + k % step
        m = LEAST
        s = ZERO
        for j in range({t}, length, {width}):
            x = TYPE(A[start + j * step])
            if x > m:
                s = s * exp(m - x) + exp(x - x)
                m = x
            elif x > LEAST or x != x:
                s += exp(x - m)
        {together}
        low = TYPE(log(s)) if m > LEAST or s != s else LEAST - LEAST
        y = Y[at_y + k]
        cost = ZERO
        if y != ignored:
            cost = exact * (low - (TYPE(A[start + y * step]) - m)) * {weight_y}
        {smoothing}
        if {leader}:
            COST[k] = STORE(cost)
            TOP[k] = STORE(m)
            LOW[k] = STORE(low)
"""
_SMOOTHING = """s = ZERO
        for j in range({t}, length, {width}):
            s += (low - (TYPE(A[start + j * step]) - m)) * {weight_j}
        {together_sum}
        if y != ignored:
            cost += even * s"""
_BACK = """
def kernel(lines, length, step, g_step, G, at_g, A, at_a, Y, at_y, TOP, at_top, LOW, at_low, W, at_w, EACH, ignored,
           exact, even, OUT):
    t = cuda.threadIdx.x
    for k in range({first}, lines, {blocks}):
        start = k // step * (length * step) + k % step
        m = TYPE(TOP[at_top + k])
        low = TYPE(LOW[at_low + k])
        y = Y[at_y + k]
        g = TYPE(G[at_g + k * g_step])
        named = ZERO
        spread = ZERO
        if y != ignored:
            named = g * exact * {weight_y}
            spread = g * even
        total = named + spread * {each}
        for j in range({t}, length, {width}):
            p = start + j * step
            share = ZERO
            if total != ZERO:
                share = exp((TYPE(A[at_a + p]) - m) - low) * total
            share -= spread * {weight_j}
            if j == y:
                share -= named
            OUT[p] = STORE(share)
"""
# What a place counts; or 1 where its class is none.
_SUM = """
def kernel(count, Y, at_y, W, at_w, ignored, classes, OUT):
    t = cuda.threadIdx.x
    cells = cuda.shared.array(CELLS, TYPE)
    s = ZERO
    for k in range(cuda.blockIdx.x * WIDTH + t, count, cuda.gridDim.x * WIDTH):
        y = int64(Y[at_y + k])
        if y != ignored{condition}:
            s += {term}
    s = block_add(s, cells)
    if t == 0:
        OUT[cuda.blockIdx.x] = STORE(s)
"""
_BLOCK = {"cells": "cells = cuda.shared.array(CELLS, TYPE)", "first": "cuda.blockIdx.x", "blocks": "cuda.gridDim.x",
          "t": "t", "width": "WIDTH", "leader": "t == 0", "together_sum": "s = block_add(s, cells)",
          "together": """whole = block_max(m, cells)
        s = block_add(s * exp(m - whole) if m > LEAST else s, cells)
        m = whole"""}  # fmt: skip
_THREAD = {"cells": "", "first": "cuda.grid(1)", "blocks": "cuda.gridsize(1)", "t": "0", "width": "1",
           "leader": "True", "together_sum": "", "together": ""}  # fmt: skip


@functools.cache
def _kernel(back: bool, weighted: bool, smooth: bool, gathered: Any, stored: Any, width: int) -> Any:
    """`width` 0: a thread for each place."""
    parts = {**(_BLOCK if width else _THREAD)}
    parts["weight_y"] = "TYPE(W[at_w + y])" if weighted else "ONE"
    parts["weight_j"] = "TYPE(W[at_w + j])" if weighted else "ONE"
    parts["each"] = "TYPE(EACH[0])" if weighted and smooth else "TYPE(length)"
    parts["smoothing"] = _SMOOTHING.format(**parts) if smooth else ""
    return from_text((_BACK if back else _COST).format(**parts), "cross_entropy", gathered, width or 2,
                     STORE=stored.type)  # fmt: skip


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
    width = width_for(length) if step == 1 else 0
    blocks, threads = (blocks_for(lines), width) if width else grid_for(lines)
    gathered = gathered_in(a.dtype)
    kernel = _kernel(back, weight is not None, smoothing != 0, gathered, a.dtype, width)
    exact, even = gathered.type(1 - smoothing), gathered.type(smoothing / length)
    launch(
        kernel, blocks, threads, lines, length, step, *arguments, int(ignored), exact, even,
        *[r.block.typed(r.dtype) for r in results],
    )  # fmt: skip


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
    arguments = places(a, target, a if weight is None else weight)
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
    arguments += [*places(a, target, top, low, a if weight is None else weight), each.block.typed(a.dtype)]
    _run(True, a, weight, smoothing, NONE if ignore_index is None else ignore_index, arguments, out)
    return out


@functools.cache
def _sum_kernel(wrong: bool, weighted: bool, gathered: Any, stored: Any, width: int) -> Any:
    condition = " and (y < 0 or y >= classes)" if wrong else ""
    text = _SUM.format(condition=condition, term="TYPE(W[at_w + y])" if weighted else "ONE")
    return from_text(text, "classes", gathered, width, STORE=stored.type)


def _summed(target: DeviceArray, weight: Any, ignored: int, classes: int, dtype: Any) -> DeviceArray:
    """One sum for each block; of one block in the type."""
    gathered = np.dtype(np.float64) if weight is None else gathered_in(weight.dtype)
    width = width_for(target.size)
    blocks = max(1, min(blocks_for(-(-target.size // (16 * width))), 1024))
    out = empty((blocks,), gathered if blocks > 1 else dtype)
    kernel = _sum_kernel(classes > 0, weight is not None, gathered, out.dtype, width)
    launch(
        kernel, out.size, width, target.size, *places(target, target if weight is None else weight), int(ignored),
        classes, out.block.typed(out.dtype),
    )  # fmt: skip
    return out


def are_classes(target: Any, count: int, ignore_index: int) -> Any:
    """Whether each of them is one of so many classes, or the ignored one. Waits for the device."""
    if target.__class__ is not DeviceArray or not target.size or not count:
        return NotImplemented
    return not to_host(_summed(target, None, ignore_index, count, np.float64)).any()


def counted(target: Any, weight: Any, ignore_index: int, dtype: Any) -> Any:
    """What the places that are not ignored count together, on the device."""
    if target.__class__ is not DeviceArray or not target.size or not (weight is None or suit(weight)):
        return NotImplemented
    sums = _summed(target, weight, ignore_index, 0, dtype)
    return reduce("add", sums, None, dtype) if sums.size > 1 else sums.reshape(())
