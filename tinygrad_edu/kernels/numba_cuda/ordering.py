"""Sorting along an axis: every element counts how many come before it, and that is its place.

Stable, with nan as the largest. n threads a line read n elements each, so lines of many thousands take long. One writer
per cell: no two elements have the same place.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda import layout
from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty
from tinygrad_edu.kernels.numba_cuda.elementwise import mapped
from tinygrad_edu.kernels.numba_cuda.runtime import compiled, functions, grid_for, launch

__all__ = ["argsort"]

_TEXT = """
def kernel(count, length, A, OUT):
    for k in range(cuda.grid(1), count, cuda.gridsize(1)):
        start = k // length * length
        x = A[k]
        place = 0
        for j in range(length):
            y = A[start + j]
            if y < x or (x != x and y == y):
                place += 1
            elif (y == x or (y != y and x != x)) and start + j < k:
                place += 1
        OUT[start + place] = k - start
"""


@functools.cache
def _kernel() -> Any:
    names = {**functions()}
    exec(compile(_TEXT, "<cuda kernel: argsort>", "exec"), names)
    return compiled(names["kernel"])


def argsort(a: DeviceArray, axis: Any = -1) -> DeviceArray:
    """The indices that put each line along an axis in order."""
    if axis is None:
        a, axis = a.reshape(-1), 0
    axis = layout.checked_axis(axis, a.ndim)
    order = [*(i for i in range(a.ndim) if i != axis), axis]
    lines = a.transpose(order)
    lines = mapped("a", (lines,), (a.dtype,), a.dtype, empty(lines.shape, a.dtype))
    out = empty(lines.shape, np.int64)
    if out.size:
        launch(
            _kernel(), *grid_for(out.size), out.size, a.shape[axis], lines.block.typed(a.dtype),
            out.block.typed(out.dtype),
        )  # fmt: skip
    return out.transpose(sorted(range(a.ndim), key=order.__getitem__))
