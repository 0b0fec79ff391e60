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

import functools
import math
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty
from tinygrad_edu.kernels.numba_cuda.blocks import by_rows
from tinygrad_edu.kernels.numba_cuda.tiles import MOST_BLOCKS, Loads, added, launch_tiles, parts_for
from tinygrad_edu.kernels.numba_cuda.vectors import in_fours

__all__ = ["convolution", "convolution_input", "convolution_weight"]

Sizes = tuple[int, ...]

# of x: c channels in a group, height h, width w; of the result: o channels in a group, m by n places
_SIZES = ("groups", "c_", "h_", "w_", "o_", "m_", "n_", "py", "px")
# Numbers of few values stand in the text: a division by a number that is known is a multiplication.
_KNOWN = ("kh", "kw", "sy", "sx", "dy", "dx")
_ARRAYS = ("A", "at_a", "B", "at_b", "OUT")
_LIMIT = 1 << 31  # of all counts: they are divided as numbers of 32 bits, which a card does several times quicker

_TAP = (
    "channel = int64(uint32({of}) // uint32({kh} * {kw}))",
    "tap = {of} - channel * ({kh} * {kw})",
    "ky = int64(uint32(tap) // uint32({kw}))",
    "kx = tap - ky * {kw}",
)
_IMAGE = ("image = int64(uint32({of}) // uint32({h} * {w}))", "place = {of} - image * ({h} * {w})")
_PLACE = (*_IMAGE, "y = int64(uint32(place) // uint32({w}))", "x = place - y * {w}")
_WINDOW = (  # an element of x that the place with its first tap at (top, left) meets at tap (ky, kx)
    "yy = top + ky * {dy}",
    "xx = left + kx * {dx}",
    "if yy >= 0 and yy < h_ and xx >= 0 and xx < w_:",
    "    v = CAST(B[at_x + channel * (h_ * w_) + ky * {dy} * w_ + kx * {dx}])",
)
_FIRST = (  # where the window of a place begins
    "top = y * {sy} - py",
    "left = x * {sx} - px",
    "at_x = at_b + (image * groups + batch) * c_ * (h_ * w_) + top * w_ + left",
)
_FOUR = tuple(f"v{i}" for i in range(4))


def _filled(lines: tuple[str, ...], known: tuple[int, ...], **names: str) -> tuple[str, ...]:
    numbers = dict(zip(_KNOWN, map(str, known), strict=True))
    return tuple([line.format(**numbers, **names) for line in lines])


@functools.cache
def _forward(known: Sizes, fours: bool) -> Loads:
    places = {"h": "m_", "w": "n_"}
    weight = "A[at_a + (batch * o_ + r) * inner + k]"
    at = "at_c + r * (m_ * n_)"
    return Loads(
        arguments=(*_SIZES, *_ARRAYS, "BIAS", "at_bias", "has_bias"),
        setup=(*_filled(_PLACE, known, of="col", **places), *_filled(_FIRST, known)),  # a thread keeps its column
        a=(f"v = CAST({weight})",),
        b_k=_filled(_TAP, known, of="k"),
        b=_filled(_WINDOW, known),
        column=(*_filled(_IMAGE, known, of="c", **places), "at_c = (image * groups + batch) * o_ * (m_ * n_) + place"),
        store=("if has_bias:", "    v += CAST(BIAS[at_bias + batch * o_ + r])", f"OUT[{at}] = STORE(v)"),
        a_along_k=True,
        b_along_k=False,
        a_four=("v0, v1, v2, v3 = four(A, at_a + (batch * o_ + r) * inner + k)",) if fours else (),
        store_four=(
            "if has_bias:", "    w = BIAS[at_bias + batch * o_ + r]", *(f"    {v} += w" for v in _FOUR),
            f"put_four(OUT, {at}, v0, v1, v2, v3)",
        ) if fours else (),
    )  # fmt: skip


@functools.cache
def _input(known: Sizes, fours: bool) -> Loads:
    places, at = {"h": "h_", "w": "w_"}, "at_c + r * (h_ * w_)"
    return Loads(
        arguments=(*_SIZES, *_ARRAYS),
        setup=(
            *_filled(_PLACE, known, of="col", **places),
            "top = y + py",
            "left = x + px",
            "at_g = at_b + (image * groups + batch) * o_ * (m_ * n_)",
        ),
        a_k=_filled(_TAP, known, of="k"),
        a=_filled(("v = CAST(A[at_a + ((batch * o_ + channel) * c_ + r) * ({kh} * {kw}) + tap])",), known),
        b_k=_filled(_TAP, known, of="k"),
        b=_filled((
            "yy = top - ky * {dy}",
            "xx = left - kx * {dx}",
            "if yy >= 0 and xx >= 0 and yy % {sy} == 0 and xx % {sx} == 0:",
            "    yy = yy // {sy}",
            "    xx = xx // {sx}",
            "    if yy < m_ and xx < n_:",
            "        v = CAST(B[at_g + channel * (m_ * n_) + yy * n_ + xx])",
        ), known),
        column=(*_filled(_IMAGE, known, of="c", **places), "at_c = (image * groups + batch) * c_ * (h_ * w_) + place"),
        store=(f"OUT[{at}] = STORE(v)",),
        a_along_k=True,
        b_along_k=False,
        store_four=(f"put_four(OUT, {at}, v0, v1, v2, v3)",) if fours else (),
    )  # fmt: skip


@functools.cache
def _weight(known: Sizes, fours: bool) -> Loads:
    places = {"h": "m_", "w": "n_"}
    at_g, at = "at_k + r * (m_ * n_)", "((part * groups + batch) * rows + r) * columns + c"
    return Loads(
        arguments=(*_SIZES, *_ARRAYS),
        setup=(),
        a_k=(
            *_filled(_IMAGE, known, of="k", **places),
            "at_k = at_a + (image * groups + batch) * o_ * (m_ * n_) + place",
        ),
        a=(f"v = CAST(A[{at_g}])",),
        b_k=(*_filled(_PLACE, known, of="k", **places), *_filled(_FIRST, known)),
        b=(*_filled(_TAP, known, of="c"), *_filled(_WINDOW, known)),
        store=(f"OUT[{at}] = STORE(v)",),
        a_along_k=True,
        b_along_k=True,
        a_four=(f"v0, v1, v2, v3 = four(A, {at_g})",) if fours else (),
        store_four=(f"put_four(OUT, {at}, v0, v1, v2, v3)",) if fours else (),
    )


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
    """The arguments called _SIZES; `x` is the shape of the input, `out` the number of output channels."""
    return (groups, x[1] // groups, *_two(x[2:], 1), out // groups, *_two(places, 1), *_two(padding, 0))


def _known(kernel: Sizes, stride: Sizes, dilation: Sizes) -> Sizes:
    """The numbers called _KNOWN."""
    return (*_two(kernel, 1), *_two(stride, 1), *_two(dilation, 1))


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
        fours = _plain(x.dtype) and in_fours(weight.reshape(len(weight), -1), 1) and math.prod(places) % 4 == 0
        launch_tiles(
            _forward(_known(kernel, stride, dilation), fours), sizes, groups, 1, _gathered(x.dtype), x.dtype,
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
        launch_tiles(
            _input(_known(kernel, stride, dilation), fours), sizes, groups, 1, _gathered(g.dtype), g.dtype,
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
    gathered = _gathered(g.dtype)
    parts = parts_for(rows, columns, groups, inner)
    stored = g.dtype if parts == 1 else gathered
    made = empty((parts, *shape), stored)
    numbers = _numbers(x.shape, g.shape[2:], padding, groups, out)
    fours = _plain(g.dtype) and columns % 4 == 0 and in_fours(g.reshape(*g.shape[:2], -1), 2)
    launch_tiles(
        _weight(_known(kernel, stride, dilation), fours), (rows, columns, inner), groups, parts, gathered, stored,
        *numbers, *_typed(g, x), made.block.typed(stored),
    )  # fmt: skip
    return made.reshape(shape) if parts == 1 else added(made, g.dtype)
