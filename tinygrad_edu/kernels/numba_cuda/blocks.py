"""How lines are dealt out to blocks, and kernels made from text that works on them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty
from tinygrad_edu.kernels.numba_cuda.elementwise import mapped
from tinygrad_edu.kernels.numba_cuda.runtime import compiled, functions, multiprocessors
from tinygrad_edu.kernels.numba_cuda.scalars import helpers
from tinygrad_edu.kernels.numba_cuda.warps import MAX, cells_for, together
from tinygrad_edu.kernels.presence import simulated

__all__ = ["blocks_for", "by_rows", "from_text", "gathered_in", "lines_of", "places", "suit", "width_for"]


def width_for(length: int) -> int:
    """Threads of a block that works on lines so long: a power of 2."""
    if simulated():
        return 4
    return 256 if length > 256 else 64 if length > 32 else 32


def blocks_for(lines: int) -> int:
    """Blocks for so many lines; each takes every so manyth."""
    return min(lines, 2 if simulated() else 32 * multiprocessors())


def from_text(text: str, name: str, kind: Any, width: int, **more: Any) -> Any:
    """A kernel from its text, with TYPE, ZERO, ONE for `kind`, WIDTH, and `block_add`, `block_max`."""
    number = np.dtype(kind).type
    names: dict[str, Any] = {**functions(), **helpers(), "TYPE": number, "ZERO": number(0), "ONE": number(1)}
    names |= {
        "block_add": together("s + x", kind, width),
        "block_max": together(MAX, kind, width),
        "WIDTH": width,
        **more,
    }
    names["CELLS"] = cells_for(width)
    names["LEAST"] = number(-np.inf)
    exec(compile(text, f"<cuda kernel: {name}>", "exec"), names)
    return compiled(names["kernel"])


def by_rows(a: DeviceArray) -> DeviceArray:
    """The array itself if its elements lie row by row, else a copy that does."""
    return a if a.flags.c_contiguous else mapped("a", (a,), (a.dtype,), a.dtype, empty(a.shape, a.dtype))


def places(*arrays: DeviceArray) -> list[Any]:
    """For a launch: where the elements of each array lie, row by row, and at which of them it begins."""
    found: list[Any] = []
    for a in arrays:
        rows = by_rows(a)
        memory = rows.block.typed(rows.dtype) if rows is a else rows.block.held(rows.dtype)
        found += [memory, rows.offset // rows.itemsize]
    return found


def suit(*arrays: Any) -> bool:
    """Whether these are arrays of the device with elements, floats of one type."""
    first = arrays[0]
    return first.dtype.kind == "f" and first.size > 0 and all(
        a.__class__ is DeviceArray and a.dtype == first.dtype for a in arrays
    )  # fmt: skip


def gathered_in(kind: Any) -> np.dtype[Any]:
    """The type in which floats are added up by a block."""
    return np.dtype(np.float32) if kind == np.float16 else np.dtype(kind)


def lines_of(shape: tuple[int, ...], axis: int) -> tuple[int, int, int]:
    """How many lines along an axis there are, how long they are, and how far apart their elements lie."""
    inner = 1
    for size in shape[axis + 1 :]:
        inner *= size
    length = shape[axis]
    outer = 1
    for size in shape[:axis]:
        outer *= size
    return outer * inner, length, inner
