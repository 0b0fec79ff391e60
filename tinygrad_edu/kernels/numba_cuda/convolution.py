"""Convolutions of one and two spatial dimensions and their ways back: matrix products, operands never laid out.

Each is a product of `tiles`; where an element of a window stands is found as it is loaded (implicit GEMM, see
`convolution_text`), so nothing but the arrays themselves is read or stored. With c a channel, (y, x) a place and
(ky, kx) a tap of the kernel:

| | rows | columns | inner |
|---|---|---|---|
| forwards | out channels | images, places | in channels, taps |
| input | in channels | images, elements | out channels, taps |
| weight | out channels | in channels, taps | images, places |

Groups are the batch. A convolution of one dimension is one of two with height 1. More dimensions, and more groups than
a grid has, are the specification's. Why no cell has two writers is said in `tiles`: a row and a column name one cell.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty
from tinygrad_edu.kernels.numba_cuda.blocks import by_rows
from tinygrad_edu.kernels.numba_cuda.convolution_text import Known, forward, segment, to_input, to_weight
from tinygrad_edu.kernels.numba_cuda.tiles import MOST_BLOCKS, added, launch_tiles, parts_for
from tinygrad_edu.kernels.numba_cuda.vectors import in_fours

__all__ = ["convolution", "convolution_input", "convolution_weight"]

Sizes = tuple[int, ...]

_LIMIT = 1 << 31  # of all counts: see `convolution_text`


def _suits(groups: int, spatial: int, *arrays: Any) -> bool:
    first = arrays[0]
    return (
        spatial in (1, 2)
        and groups <= MOST_BLOCKS
        and first.dtype.kind == "f"
        and all(a.size < _LIMIT for a in arrays if a is not None)
        and all(a.__class__ is DeviceArray and a.dtype == first.dtype for a in arrays if a is not None)
    )


def _two(sizes: Sizes, first: int) -> Sizes:
    return (first, *sizes) if len(sizes) == 1 else tuple(sizes)


def _numbers(x: Sizes, places: Sizes, padding: Sizes, groups: int, out: int) -> Sizes:
    """The arguments called _SIZES in `convolution_text`; of an input of shape `x`, and `out` channels."""
    return (groups, x[1] // groups, *_two(x[2:], 1), out // groups, *_two(places, 1), *_two(padding, 0))


def _known(kernel: Sizes, stride: Sizes, dilation: Sizes) -> Known:
    """The numbers called KNOWN in `convolution_text`."""
    kh, kw, sy, sx, dy, dx = (*_two(kernel, 1), *_two(stride, 1), *_two(dilation, 1))
    return kh, kw, sy, sx, dy, dx


def _typed(*arrays: DeviceArray) -> list[Any]:
    return [part for a in arrays for part in (a.block.typed(a.dtype), a.offset // a.itemsize)]


def _plain(kind: Any) -> bool:
    """Whether elements are computed with in their own type."""
    return bool(_gathered(kind) == kind)


def _gathered(kind: Any) -> Any:
    return np.dtype(np.float32) if kind == np.float16 else kind


def convolution(
    x: Any, weight: Any, bias: Any, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Any:  # fmt: skip
    """(N, in, *size) and (out, in / groups, *kernel) give (N, out, *places)."""
    kernel = weight.shape[2:]
    if not _suits(groups, len(kernel), x, weight, bias):
        return NotImplemented
    places = tuple(
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(x.shape[2:], kernel, stride, padding, dilation, strict=True)
    )
    x, weight = by_rows(x), by_rows(weight)
    out = empty((len(x), len(weight), *places), x.dtype)
    if out.size:
        added_bias = weight if bias is None else by_rows(bias)
        sizes = (len(weight) // groups, len(x) * math.prod(places), math.prod(weight.shape[1:]))
        numbers = _numbers(x.shape, places, padding, groups, len(weight))
        plain = _plain(x.dtype)
        loads, pieces = forward(
            _known(kernel, stride, dilation), weight.shape[1], plain and math.prod(places) % 4 == 0,
            plain and in_fours(weight.reshape(len(weight), math.prod(weight.shape[1:])), 1),
        )  # fmt: skip
        launch_tiles(
            loads, sizes, pieces, groups, 1, _gathered(x.dtype), x.dtype,
            *numbers, *_typed(weight, x), out.block.typed(out.dtype), *_typed(added_bias), bias is not None,
        )  # fmt: skip
    return out


def convolution_input(
    g: Any, weight: Any, size: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Any:  # fmt: skip
    """The transpose of :func:`convolution` as a function of its input of `size`."""
    kernel = weight.shape[2:]
    if not _suits(groups, len(kernel), g, weight):
        return NotImplemented
    g, weight = by_rows(g), by_rows(weight)
    out = empty((len(g), weight.shape[1] * groups, *size), g.dtype)
    if out.size:
        rest = len(weight) // groups * math.prod(kernel)
        sizes = (weight.shape[1], len(g) * math.prod(size), rest)
        numbers = _numbers(out.shape, g.shape[2:], padding, groups, len(weight))
        fours = _plain(g.dtype) and math.prod(size) % 4 == 0
        loads, pieces = to_input(_known(kernel, stride, dilation), len(weight) // groups, fours)
        launch_tiles(
            loads, sizes, pieces, groups, 1, _gathered(g.dtype), g.dtype,
            *numbers, *_typed(weight, g), out.block.typed(out.dtype),
        )  # fmt: skip
    return out


def convolution_weight(
    g: Any, x: Any, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Any:  # fmt: skip
    """The transpose of :func:`convolution` as a function of its weight."""
    if not _suits(groups, len(kernel), g, x):
        return NotImplemented
    g, x = by_rows(g), by_rows(x)
    out, channels = g.shape[1], x.shape[1] // groups
    rows, columns, inner = out // groups, channels * math.prod(kernel), len(g) * math.prod(g.shape[2:])
    shape = (out, channels, *kernel)
    if not rows * columns:
        return empty(shape, g.dtype)
    gathered, places, size = _gathered(g.dtype), _two(g.shape[2:], 1), _two(x.shape[2:], 1)
    if math.prod(kernel) == math.prod(stride) == 1 and not any(padding):
        places, size = (1, math.prod(places)), (1, math.prod(size))  # a place is an element: all are one row
    numbers = _numbers((len(x), x.shape[1], *size), places, padding, groups, out)
    step = segment(places[1])
    pieces = len(g) * places[0] * -(-places[1] // step) if step else -(-inner // 8)
    plain = _plain(g.dtype)
    fours = plain and in_fours(g.reshape(*g.shape[:2], math.prod(g.shape[2:])), 2)
    loads = to_weight(_known(kernel, stride, dilation), places[1], fours, plain and columns % 4 == 0)
    parts = parts_for(loads, (rows, columns, inner), groups, gathered)
    stored = g.dtype if parts == 1 else gathered
    made = empty((parts, *shape), stored)
    launch_tiles(
        loads, (rows, columns, inner), pieces, groups, parts, gathered, stored,
        *numbers, *_typed(g, x), made.block.typed(stored),
    )  # fmt: skip
    return made.reshape(shape) if parts == 1 else added(made, g.dtype)
