"""Order along a dimension in as few launches as sorting takes: see `sorting`; and the most frequent elements."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.kernels.numba_cuda import reductions
from tinygrad_edu.kernels.numba_cuda.array import DeviceArray
from tinygrad_edu.kernels.numba_cuda.elementwise import mapped
from tinygrad_edu.kernels.numba_cuda.making import FUNCTIONS
from tinygrad_edu.kernels.numba_cuda.sorting import sorted_lines

__all__ = ["in_order", "mode"]


def in_order(a: Any, axis: int, descending: bool) -> Any:
    """The elements in order and where they were; equals stay as they stood, and nan counts as the largest."""
    if a.__class__ is not DeviceArray:
        return NotImplemented
    if a.ndim:
        return sorted_lines(a, axis, descending)
    values, order = sorted_lines(a.reshape(1), 0, descending)
    assert values is not None
    return values.reshape(()), order.reshape(())


def mode(a: Any, axis: int, keepdim: bool) -> Any:
    """The most frequent element, of several the smallest, and the last index that has it.

    Of the sorted line, the place where the longest run of equals ends: the first of the longest, as the smallest is
    wanted, and its last element, as equals stand in the order of their indices.
    """
    if a.__class__ is not DeviceArray:
        return NotImplemented
    axis = axis % max(a.ndim, 1)
    line = a if a.ndim else a.reshape(1)
    values, order = in_order(line, axis, False)
    before = values[(slice(None),) * axis + (slice(None, -1),)]
    after = values[(slice(None),) * axis + (slice(1, None),)]
    places = FUNCTIONS["arange"](line.shape[axis]).reshape([-1 if i == axis else 1 for i in range(line.ndim)])
    starts = FUNCTIONS["zeros"](line.shape, places.dtype)
    later = (slice(None),) * axis + (slice(1, None),)
    starts[later] = mapped(
        "c if a != b and (a == a or b == b) else ZERO", (before, after, places[later]),
        (a.dtype, a.dtype, places.dtype), places.dtype,
    )  # fmt: skip
    starts = reductions.accumulate("maximum", starts, axis)
    ends = reductions.arg_extreme(places - starts, axis, True, keepdims=True)
    found = [FUNCTIONS["take_along_axis"](x, ends, axis) for x in (values, order)]
    if not a.ndim:
        return tuple(x.reshape(()) for x in found)
    return tuple(found) if keepdim else tuple(x.squeeze(axis) for x in found)
