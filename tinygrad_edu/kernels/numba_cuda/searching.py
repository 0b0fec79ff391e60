"""Where values belong in sorted lines: a thread halves a line for each value. One writer per cell: result k is that of
the one thread that counts k."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty, from_host, one_device
from tinygrad_edu.kernels.numba_cuda.blocks import places
from tinygrad_edu.kernels.numba_cuda.runtime import compiled, functions, grid_for, launch

__all__ = ["searched"]

_TEXT = """
def kernel(count, length, each, A, at_a, V, at_v, OUT):
    for k in range(cuda.grid(1), count, cuda.gridsize(1)):
        x = TYPE(V[at_v + k])
        start = at_a
        if each < count:
            start += k // each * length
        low = 0
        high = length
        while low < high:
            middle = (low + high) >> 1
            y = TYPE(A[start + middle])
            if {before}:
                low = middle + 1
            else:
                high = middle
        OUT[k] = low
"""
_BEFORE = {  # whether y stands before the place of x; nan are the largest
    "left": "y < x or (x != x and y == y)",
    "right": "y <= x or x != x",
}


@functools.cache
def _kernel(side: str, kind: np.dtype[Any]) -> Any:
    names = {**functions(), "TYPE": kind.type}
    exec(compile(_TEXT.format(before=_BEFORE[side]), "<cuda kernel: searchsorted>", "exec"), names)
    return compiled(names["kernel"])


def searched(edges: DeviceArray, values: Any, side: str) -> DeviceArray:
    """The index in a sorted line for each value: edges (n) for all, or (..., n), a line for each line of the values."""
    one_device(edges, values)
    if values.__class__ is not DeviceArray:
        values = from_host(np.asarray(values))
    out = empty(values.shape, np.int64)
    kind = np.result_type(edges.dtype, values.dtype)
    kind = np.dtype({"b": np.uint8}.get(kind.kind, np.float32 if kind == np.float16 else kind))
    if out.size:
        each = values.shape[-1] if edges.ndim > 1 else out.size
        launch(
            _kernel(side, kind), *grid_for(out.size), out.size, edges.shape[-1], each, *places(edges, values),
            out.block.typed(out.dtype),
        )  # fmt: skip
    return out
