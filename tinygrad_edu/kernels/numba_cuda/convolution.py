"""Convolutions of one and two spatial dimensions and their ways back: matrix products, operands never laid out.

Each is a product of `tiles`; where an element of a window stands is worked out as it is loaded (implicit GEMM), so
nothing but the arrays themselves is read or stored. With c a channel, (y, x) a place and (ky, kx) a tap of the kernel:

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
from tinygrad_edu.kernels.numba_cuda.tiles import MOST_BLOCKS, Loads, added, launch_tiles, parts_for

__all__ = ["convolution", "convolution_input", "convolution_weight"]

Sizes = tuple[int, ...]

# of x: c channels in a group, height h, width w; of the result: o channels in a group, m by n places
_SIZES = ("groups", "c_", "h_", "w_", "o_", "m_", "n_", "kh_", "kw_", "sy", "sx", "py", "px", "dy", "dx")
_ARRAYS = ("A", "at_a", "B", "at_b", "OUT")

_WINDOW = (  # an element of x that place (y, x) of an image meets at tap (ky, kx)
    "yy = y * sy - py + ky * dy",
    "xx = x * sx - px + kx * dx",
    "if yy >= 0 and yy < h_ and xx >= 0 and xx < w_:",
    "    v = CAST(B[at_b + ((image * groups + batch) * c_ + channel) * (h_ * w_) + yy * w_ + xx])",
)
_TAP = ("tap = {of} % (kh_ * kw_)", "channel = {of} // (kh_ * kw_)", "ky = tap // kw_", "kx = tap % kw_")
_PLACE = ("image = {of} // ({h} * {w})", "place = {of} % ({h} * {w})", "y = place // {w}", "x = place % {w}")


def _filled(lines: tuple[str, ...], **names: str) -> tuple[str, ...]:
    return tuple([line.format(**names) for line in lines])


_FORWARD = Loads(
    arguments=(*_SIZES, *_ARRAYS, "BIAS", "at_bias", "has_bias"),
    setup=_filled(_PLACE, of="col", h="m_", w="n_"),  # neighbouring threads keep a column each
    a=("v = CAST(A[at_a + (batch * o_ + r) * inner + k])",),
    b=(*_filled(_TAP, of="k"), *_WINDOW),
    store=(
        "if has_bias:",
        "    v += CAST(BIAS[at_bias + batch * o_ + r])",
        "places = m_ * n_",
        "OUT[((c // places * groups + batch) * o_ + r) * places + c % places] = STORE(v)",
    ),
    a_along_k=True,
    b_along_k=False,
)
_INPUT = Loads(
    arguments=(*_SIZES, *_ARRAYS),
    setup=_filled(_PLACE, of="col", h="h_", w="w_"),
    a=(*_filled(_TAP, of="k"), "v = CAST(A[at_a + ((batch * o_ + channel) * c_ + r) * (kh_ * kw_) + tap])"),
    b=(
        *_filled(_TAP, of="k"),
        "yy = y + py - ky * dy",
        "xx = x + px - kx * dx",
        "if yy >= 0 and xx >= 0 and yy % sy == 0 and xx % sx == 0 and yy // sy < m_ and xx // sx < n_:",
        "    v = CAST(B[at_b + ((image * groups + batch) * o_ + channel) * (m_ * n_) + yy // sy * n_ + xx // sx])",
    ),
    store=(
        "places = h_ * w_",
        "OUT[((c // places * groups + batch) * c_ + r) * places + c % places] = STORE(v)",
    ),
    a_along_k=True,
    b_along_k=False,
)
_WEIGHT = Loads(
    arguments=(*_SIZES, *_ARRAYS),
    setup=(),
    a=(
        "v = CAST(A[at_a + ((k // (m_ * n_) * groups + batch) * o_ + r) * (m_ * n_) + k % (m_ * n_)])",
    ),
    b=(*_filled(_TAP, of="c"), *_filled(_PLACE, of="k", h="m_", w="n_"), *_WINDOW),
    store=("OUT[((part * groups + batch) * rows + r) * columns + c] = STORE(v)",),
    a_along_k=True,
    b_along_k=True,
)  # fmt: skip


def _suits(groups: int, spatial: int, *arrays: Any) -> bool:
    first = arrays[0]
    return (
        spatial in (1, 2)
        and groups <= MOST_BLOCKS
        and first.dtype.kind == "f"
        and all(a.__class__ is DeviceArray and a.dtype == first.dtype for a in arrays if a is not None)
    )


def _two(sizes: Sizes, first: int) -> Sizes:
    return (first, *sizes) if len(sizes) == 1 else tuple(sizes)


def _numbers(
    x: Sizes, places: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int, out: int
) -> Sizes:
    """The arguments called _SIZES; `x` is the shape of the input, `out` the number of output channels."""
    return (
        groups, x[1] // groups, *_two(x[2:], 1), out // groups, *_two(places, 1), *_two(kernel, 1), *_two(stride, 1),
        *_two(padding, 0), *_two(dilation, 1),
    )  # fmt: skip


def _typed(*arrays: DeviceArray) -> list[Any]:
    return [part for a in arrays for part in (a.block.typed(a.dtype), a.offset // a.itemsize)]


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
        numbers = _numbers(x.shape, places, kernel, stride, padding, dilation, groups, len(weight))
        launch_tiles(
            _FORWARD, sizes, groups, 1, _gathered(x.dtype), x.dtype, *numbers, *_typed(weight, x),
            out.block.typed(out.dtype), *_typed(added_bias), bias is not None,
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
        numbers = _numbers(out.shape, g.shape[2:], kernel, stride, padding, dilation, groups, len(weight))
        launch_tiles(
            _INPUT, sizes, groups, 1, _gathered(g.dtype), g.dtype, *numbers, *_typed(weight, g),
            out.block.typed(out.dtype),
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
    gathered = _gathered(g.dtype)
    parts = parts_for(rows, columns, groups, inner)
    stored = g.dtype if parts == 1 else gathered
    made = empty((parts, *shape), stored)
    numbers = _numbers(x.shape, g.shape[2:], kernel, stride, padding, dilation, groups, out)
    launch_tiles(
        _WEIGHT, (rows, columns, inner), groups, parts, gathered, stored, *numbers, *_typed(g, x),
        made.block.typed(stored),
    )  # fmt: skip
    return made.reshape(shape) if parts == 1 else added(made, g.dtype)
