"""Convolutions in one to three dimensions without laying windows side by side: a table of offsets stands for them.

A row of the matrix that im2col would make is a piece of the copy of an image that `offsets.py` describes, so the
register tiles of `tiles.py` multiply straight from it. Columns behind the ends of rows are no places; they are
computed and dropped. Every image has depth, rows and columns here, of which one or two may be 1; a plane of the result
is convolved at a time.

* Gradient of the input: each phase of the stride is a convolution, of stride 1, of the gradient with the taps that
  meet the phase. No zeros are put between the elements.
* Gradient of the weight: the copy at an offset times the gradient, which is turned to have its channels side by side.

Besides its result a call takes, for each thread, one copy of an image and ROWS times a run of sums; for the weight's
gradient a sum of its size, and copies and turned images up to NEAR bytes each, or one copy and one turned line if
those are more. Once for all threads: the weight in the order of the tiles, and what is not contiguous again.
"""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cpu.compiler import compiled
from tinygrad_edu.kernels.numba_cpu.layout import ready, suits
from tinygrad_edu.kernels.numba_cpu.offsets import Plan, forward_plan, input_plan, slack
from tinygrad_edu.kernels.numba_cpu.tiles import ROWS, SHAPE, VECTORS, copy_row, dot, outer, product
from tinygrad_edu.kernels.threads import on_blocks

__all__ = ["convolution", "convolution_input", "convolution_weight"]  # and `every`, for other kernels

Array = Any
Sizes = tuple[int, ...]
NEAR = 1 << 17  # bytes: what stays in the second cache beside other things


@compiled
def _copy(image: Array, buffer: Array, base: int, at: Any) -> None:
    """An image (channels, depth, height, width) to `buffer` from `base` on, where there are zeros around it already."""
    channels, depth, height, width = image.shape
    flat = image.reshape(-1)
    into = base
    for c in range(channels):
        for deep in at.deep:
            for high in at.high:
                for wide in at.wide:
                    first = max(-((wide - at.before) // at.across), 0)
                    count = min((width - 1 + at.before - wide) // at.across + 1, at.columns) - first
                    for i in range(at.planes * at.lines):
                        plane = at.deep_step * (i // at.lines) + deep - at.front
                        row = at.step * (i % at.lines) + high - at.above
                        if 0 <= plane < depth and 0 <= row < height and count > 0:
                            line = (c * depth + plane) * height + row
                            source = line * width + first * at.across + wide - at.before
                            if at.across == 1:
                                copy_row(buffer, into + first, flat, source, count, -buffer.dtype.type(0))
                            else:
                                every(buffer[into + first : into + first + count], flat[source:], at.across)
                        into += at.columns


@compiled
def every(row: Array, elements: Array, step: int) -> None:
    # for kernels: each `step`-th of the elements, side by side
    if step == 2:  # a constant, of which the compiler makes vectors
        for j in range(row.size):
            row[j] = elements[2 * j]
    else:
        for j in range(row.size):
            row[j] = elements[step * j]


@compiled
def _emit(
    sums: Array, row: int, start: int, stop: int, columns: int, flat: Array, base: int, width: int, job: Any, added: Any
) -> None:
    """Places `start` to `stop` of one channel, less what is no place, to their rows of the result."""
    wide, down, right = job[4], job[7], job[8]
    q = start
    while q < stop:
        i, j = q // columns, q % columns
        count = min(wide - j, stop - q)
        if count > 0:
            into = base + (job[5] + down * i) * width + job[6] + right * j
            if right == 1:
                copy_row(flat, into, sums, row + q - start, count, added)
            else:
                part, rest = sums[row + q - start : row + q - start + count], flat[into:]
                for k in range(part.size):
                    rest[right * k] = part[k] + added
        q += columns - j


@compiled
def _copied(channels: int, at: Any) -> int:
    """Elements of the copy of so many channels."""
    return channels * len(at.deep) * len(at.high) * len(at.wide) * at.planes * at.lines * at.columns


@compiled
def _correlate(
    x: Array, out: Array, buffer: Array, sums: Array, w: Array, bias: Array, offsets: Array, jobs: Array, at: Any,
    groups: int, lanes: int,
) -> None:  # fmt: skip
    """The jobs of a plan, image by image: a run of places, and the rows of a tile, at a time."""
    channels, width, columns = out.shape[1] // groups, out.shape[4], at.columns
    area = out.shape[2] * out.shape[3] * width
    blocks = -(-channels // ROWS)
    group = _copied(x.shape[1] // groups, at)
    run = sums.size // ROWS
    for n in range(len(x)):
        _copy(x[n], buffer, 0, at)
        flat = out[n].reshape(-1)
        for job in jobs:
            first, count, weights = job[0], job[1], job[2]
            places = (job[3] - 1) * columns + job[4]
            for start in range(0, places, run):
                stop = min(start + run, places)
                vectors = (stop - start + lanes - 1) // lanes
                for block in range(groups * blocks):
                    g, b = block // blocks, block % blocks
                    rows = min(channels - b * ROWS, ROWS)
                    v = 0
                    while v < vectors:
                        take = min(vectors - v, VECTORS)
                        if vectors - v == 4 and VECTORS == 3:
                            take = 2  # one vector alone would wait for its sums
                        product(
                            rows, take, lanes, w, weights + block * count * ROWS, buffer,
                            g * group + job[9] + start + v * lanes, offsets, first, count, sums, v * lanes, run,
                        )  # fmt: skip
                        v += take
                    channel = g * channels + b * ROWS
                    for r in range(rows):
                        base = (channel + r) * area + job[10]
                        _emit(sums, r * run, start, stop, columns, flat, base, width, job, bias[channel + r])


@compiled
def _turn(image: Array, groups: int, first: int, places: int, turned: Array, base: int, pitch: int) -> None:
    """Some places of an image of the gradient as (groups, places, channels of a group)."""
    channels, area = image.shape[0] // groups, image.shape[1] * image.shape[2] * image.shape[3]
    flat = image.reshape(-1)
    for c in range(groups):
        for q in range(places):
            into = base + (c * places + q) * pitch
            row, column = turned[into : into + channels], flat[c * channels * area + first + q :]
            for o in range(channels):
                row[o] = column[o * area]


@compiled
def _weigh(
    g: Array, x: Array, total: Array, buffer: Array, turned: Array, offsets: Array, taps: int, at: Any,
    groups: int, lanes: int, images: int, lines: int,
) -> None:  # fmt: skip
    """total (groups, taps and more, channels and more) plus what some images, or some lines of one, add to it."""
    height, width, pitch, tall = g.shape[3], g.shape[4], total.shape[2], total.shape[1]
    group, plane = _copied(x.shape[1] // groups, at), at.lines * at.columns
    pieces = -(-height // lines)
    sums = total.reshape(-1)
    for block in range(0, len(x), images):
        many = min(images, len(x) - block)
        for n in range(many):
            _copy(x[block + n], buffer, n * group * groups, at)
        for piece in range(g.shape[2] * pieces):
            deep, first = piece // pieces, piece % pieces * lines
            some = min(lines, height - first)
            size = some * width * pitch
            for n in range(many):
                up = (deep * height + first) * width
                _turn(g[block + n], groups, up, some * width, turned, n * groups * size, pitch)
            for c in range(groups):
                for k in range(0, taps, ROWS):
                    for o in range(0, pitch, 2 * lanes):
                        for n in range(many):
                            outer(
                                min(taps - k, ROWS), min((pitch - o) // lanes, 2), lanes, buffer,
                                (n * groups + c) * group + deep * plane + first * at.columns, offsets, k, turned,
                                (n * groups + c) * size + o, sums, (c * tall + k) * pitch + o, pitch, some, width,
                                at.columns,
                            )  # fmt: skip


@compiled
def _weigh_few(
    g: Array, x: Array, total: Array, buffer: Array, offsets: Array, taps: int, at: Any, groups: int
) -> None:
    """The same where a group has so few channels that there is no vector of them: along the places."""
    channels, planes, lines, width = g.shape[1] // groups, g.shape[2], g.shape[3], g.shape[4]
    group, plane = _copied(x.shape[1] // groups, at), at.lines * at.columns
    for n in range(len(x)):
        _copy(x[n], buffer, 0, at)
        flat = g[n].reshape(-1)
        for c in range(groups):
            for k in range(taps):
                for o in range(channels):
                    for deep in range(planes):
                        up = ((c * channels + o) * planes + deep) * lines * width
                        start = c * group + deep * plane + offsets[k]
                        total[c, k, o] += dot(buffer, start, at.columns, flat, up, lines, width)


def _packed(weight: Array) -> Array:
    """(groups, rows, taps) in the order of the tiles: of each ROWS rows the numbers of a tap side by side."""
    groups, rows, taps = weight.shape
    blocks = -(-rows // ROWS)
    whole = np.zeros((groups, blocks * ROWS, taps), weight.dtype)
    whole[:, :rows] = weight
    return np.ascontiguousarray(whole.reshape(groups, blocks, ROWS, taps).transpose(0, 1, 3, 2)).reshape(-1)


def _fits(*arrays: Array) -> bool:
    return suits(*arrays) and arrays[0].ndim in (3, 4, 5) and all(a.size for a in arrays)


def _solid(a: Array) -> Array:
    """(N, C, *spatial) with three spatial dimensions, the first of which may be of size 1."""
    return ready(a).reshape(*a.shape[:2], *(1,) * (5 - a.ndim), *a.shape[2:])


def _three(lead: int, *sizes: Sizes) -> tuple[Sizes, ...]:
    return tuple((*(lead,) * (3 - len(s)), *s) for s in sizes)


def _zeros(size: int, dtype: Any) -> Array:
    made = np.empty((size,), dtype)
    made[...] = 0
    return made


def _run(x: Array, out: Array, plan: Plan, w: Array, bias: Array, groups: int) -> None:
    lanes = SHAPE.width // x.itemsize
    size, run = plan.size(x.shape[1]) + slack(lanes), plan.run(lanes)

    def some(x: Array, out: Array) -> None:
        buffer, sums = _zeros(size, x.dtype), np.empty((ROWS * run,), x.dtype)
        _correlate(x, out, buffer, sums, w, bias, plan.offsets, plan.jobs, plan.layout, groups, lanes)

    on_blocks(some, plan.products() * out.shape[1] * len(out) // 8, x, out)


def convolution(
    x: Array, weight: Array, bias: Array | None, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Array:
    if not _fits(x, weight, *(() if bias is None else (bias,))):
        return NotImplemented
    places = tuple(
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(x.shape[2:], weight.shape[2:], stride, padding, dilation, strict=True)
    )
    out = np.empty((len(x), len(weight), *places), x.dtype)
    x, w, solid = _solid(x), _solid(weight), _solid(out)
    (stride, dilation), (padding,) = _three(1, stride, dilation), _three(0, padding)
    plan = forward_plan(w.shape[1], w.shape[2:], solid.shape[2:], stride, padding, dilation)
    added = np.full(len(w), -0.0, x.dtype) if bias is None else ready(bias)  # adding -0 changes nothing
    _run(x, solid, plan, _packed(w.reshape(groups, len(w) // groups, -1)), added, groups)
    return out


def convolution_input(
    g: Array, weight: Array, size: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Array:
    if not _fits(g, weight) or 0 in size:
        return NotImplemented
    out = np.empty((len(g), weight.shape[1] * groups, *size), g.dtype)
    g, w, solid = _solid(g), _solid(weight), _solid(out)
    (stride, dilation), (padding,) = _three(1, stride, dilation), _three(0, padding)
    channels, rows = len(w) // groups, w.shape[1]
    plan = input_plan(channels, groups, rows, solid.shape[2:], w.shape[2:], stride, padding, dilation)
    parts = w.reshape(groups, channels, *w.shape[1:]).transpose(0, 2, 1, 3, 4, 5)
    packed = [_packed(parts[:, :, :, *taps].reshape(groups, rows, count)) for *taps, count in plan.taps]
    _run(g, solid, plan, np.concatenate(packed), np.full(rows * groups, -0.0, g.dtype), groups)
    return out


def convolution_weight(
    g: Array, x: Array, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Array:
    if not _fits(g, x):
        return NotImplemented
    shape = (g.shape[1], x.shape[1] // groups, *kernel)
    g, x = _solid(g), _solid(x)
    (kernel, stride, dilation), (padding,) = _three(1, kernel, stride, dilation), _three(0, padding)
    lanes, channels, width = SHAPE.width // g.itemsize, g.shape[1] // groups, g.shape[4]
    plan = forward_plan(shape[1], kernel, g.shape[2:], stride, padding, dilation)
    taps, few, copy = len(plan.offsets), 4 * channels <= lanes, plan.size(x.shape[1])
    pitch, tall = (channels if few else -(-channels // lanes) * lanes), -(-taps // ROWS) * ROWS
    offsets = np.zeros(tall, np.int64)  # a tile reads as many as it has rows
    offsets[:taps] = plan.offsets
    line = width * pitch * groups * g.itemsize
    lines = min(max(NEAR // line, 1), g.shape[3])
    images = max(min(NEAR // max(line * lines, copy * g.itemsize), len(g)), 1) if lines == g.shape[3] else 1

    def some(g: Array, x: Array) -> Array:
        total = _zeros(groups * tall * pitch, g.dtype).reshape(groups, tall, pitch)
        if few:
            _weigh_few(g, x, total, _zeros(copy + slack(lanes), g.dtype), offsets, taps, plan.layout, groups)
        else:
            buffer = _zeros(images * copy + slack(lanes), g.dtype)
            turned = _zeros(images * lines * width * pitch * groups, g.dtype)
            _weigh(g, x, total, buffer, turned, offsets, taps, plan.layout, groups, lanes, images, lines)
        return total

    totals = on_blocks(some, g.size * taps // 8, g, x)
    total = functools.reduce(np.add, totals)[:, :taps, :channels]
    return np.ascontiguousarray(total.transpose(0, 2, 1)).reshape(shape)
