"""Convolutions of any number of spatial dimensions, forwards and back: windows laid side by side, and a matrix product.

Arrays are (N, C, *spatial), weights (out, in / groups, *kernel). `stride`, `padding` and `dilation` have a number for
each spatial dimension. The windows of an input hold each of its elements once for every element of the kernel, so
they are never laid out all at once, but for as many images, or rows of one image, as fit into LIMIT bytes. Besides
its result a kernel takes at most three times that, and twice an image with its border.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

Array = Any
Sizes = tuple[int, ...]

__all__ = ["convolution", "convolution_input", "convolution_weight"]

LIMIT = 1 << 21  # bytes: what a processor keeps near it
FEW = 64  # with fewer places than this in an image the images of a block share one matrix product


def convolution(
    x: Array, weight: Array, bias: Array | None, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Array:
    """(N, in, *size) and (out, in / groups, *kernel) give (N, out, *places)."""
    kernel = weight.shape[2:]
    places = tuple(
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(x.shape[2:], kernel, stride, padding, dilation, strict=True)
    )
    out = np.empty((len(x), len(weight), *places), x.dtype)
    rows_of_weight = weight.reshape(groups, len(weight) // groups, -1)
    added = 0 if bias is None else bias.reshape(groups, -1, *(1,) * len(places))
    for images, rows in _blocks(x, kernel, places):
        if rows.start == 0:
            padded = _padded(x[images], padding)
        windows = _windows(padded, kernel, places, stride, dilation, groups)[..., rows, *_all(places)]
        fold = _few(windows, len(places))
        block = _split(out[images], groups)[:, :, :, rows]
        product = rows_of_weight @ _laid(windows, len(places), fold)
        np.add(_stood(product, block.shape, len(places), fold), added, out=block)
    return out


def convolution_input(
    g: Array, weight: Array, size: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Array:
    """The transpose of :func:`convolution` as a function of its input of `size`: g (N, out, *places) is spread out.

    Each place adds the kernel times its value to the window it was computed from: no zeros between the places.
    """
    kernel, places = weight.shape[2:], g.shape[2:]
    channels = weight.shape[1] * groups
    x = np.empty((len(g), channels, *size), g.dtype)
    columns_of_weight = weight.reshape(groups, len(weight) // groups, -1).transpose(0, 2, 1)
    inside: Any = (..., *(slice(p, p + n) for n, p in zip(size, padding, strict=True)))
    for images, rows in _blocks(x, kernel, places):
        if rows.start == 0:
            padded = np.zeros((*x[images].shape[:2], *(n + 2 * p for n, p in zip(size, padding, strict=True))), g.dtype)
        windows = _windows(padded, kernel, places, stride, dilation, groups)[..., rows, *_all(places)]
        fold = _few(windows, len(places))
        block = _split(g[images], groups)[:, :, :, rows]
        product = columns_of_weight @ _laid(block, len(places), fold)
        shares = _stood(product, windows.shape, len(places), fold)
        for tap in np.ndindex(*kernel):  # windows overlap; their elements of one tap do not
            at: Any = (slice(None),) * 3 + tap
            windows[at] += shares[at]
        if rows.stop >= places[0]:
            x[images] = padded[inside]
    return x


def convolution_weight(
    g: Array, x: Array, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Array:
    """The transpose of :func:`convolution` as a function of its weight: what each tap of the kernel met, times g."""
    places, out = g.shape[2:], g.shape[1]
    total = np.zeros((groups, out // groups, x.shape[1] // groups * math.prod(kernel)), g.dtype)
    for images, rows in _blocks(x, kernel, places):
        if rows.start == 0:
            padded = _padded(x[images], padding)
        windows = _windows(padded, kernel, places, stride, dilation, groups)[..., rows, *_all(places)]
        fold = _few(windows, len(places), out // groups)
        block = _split(g[images], groups)[:, :, :, rows]
        laid = _laid(windows, len(places), fold)
        product = _laid(block, len(places), fold) @ np.swapaxes(laid, -1, -2)
        total += product if fold else product.sum(0)
    return total.reshape(out, x.shape[1] // groups, *kernel)


def _blocks(x: Array, kernel: Sizes, places: Sizes) -> Iterator[tuple[slice, slice]]:
    """Which images, and which rows of their places, to work on at a time; the rows of an image in order."""
    one = max(x.shape[1] * math.prod(kernel) * math.prod(places) * x.itemsize, 1)
    images = max(LIMIT // one, 1)
    rows = max(LIMIT * places[0] // one, 1) if one > LIMIT else places[0]
    for first in range(0, len(x), images):
        for row in range(0, places[0], rows):
            yield slice(first, first + images), slice(row, row + rows)


def _all(places: Sizes) -> tuple[slice, ...]:
    return (slice(None),) * (len(places) - 1)


def _padded(x: Array, padding: Sizes) -> Array:
    """The array with zeros around its spatial dimensions."""
    if not any(padding):
        return x
    whole = np.zeros((*x.shape[:2], *(n + 2 * p for n, p in zip(x.shape[2:], padding, strict=True))), x.dtype)
    inside: Any = (..., *(slice(p, p + n) for n, p in zip(x.shape[2:], padding, strict=True)))
    whole[inside] = x
    return whole


def _split(a: Array, groups: int) -> Array:
    """(N, C, ...) seen as (N, groups, C / groups, ...)."""
    return a.reshape(len(a), groups, a.shape[1] // groups, *a.shape[2:])


def _windows(x: Array, kernel: Sizes, places: Sizes, stride: Sizes, dilation: Sizes, groups: int) -> Array:
    """A view of all windows: (N, groups, C / groups, *kernel, *places)."""
    steps = x.strides[2:]
    apart = tuple(a * b for a, b in zip(steps, dilation, strict=True))
    jumps = tuple(a * b for a, b in zip(steps, stride, strict=True))
    channels = x.shape[1] // groups
    shape = (len(x), groups, channels, *kernel, *places)
    return as_strided(x, shape, (x.strides[0], x.strides[1] * channels, x.strides[1], *apart, *jumps))


def _few(windows: Array, spatial: int, least: int = 0) -> bool:
    return math.prod(windows.shape[-spatial:]) < max(FEW, least)


def _laid(a: Array, spatial: int, fold: bool) -> Array:
    """(N, groups, ..., *places) as matrices with a column per place: one per image and group, or `fold`: per group."""
    rows, columns = math.prod(a.shape[2:-spatial]), math.prod(a.shape[-spatial:])
    if not fold:
        return a.reshape(*a.shape[:2], rows, columns)
    return np.moveaxis(a, 0, a.ndim - 1 - spatial).reshape(a.shape[1], rows, len(a) * columns)


def _stood(matrices: Array, shape: Sizes, spatial: int, fold: bool) -> Array:
    """The inverse of :func:`_laid`."""
    if not fold:
        return matrices.reshape(shape)
    inner = len(shape) - 1 - spatial
    return np.moveaxis(matrices.reshape(*shape[1:-spatial], shape[0], *shape[-spatial:]), inner, 0)
