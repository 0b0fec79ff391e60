"""Where everything lies in the copy of an image that the compiled convolutions read: made once for each geometry.

An image, which has depth, rows and columns, is copied between zeros and split by the stride into phases, those planes,
rows and columns that neighbouring places meet at the same tap. There a tap of the kernel is an offset: what place q
meets is the element q further on.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.kernels.numba_cpu.tiles import ROWS, VECTORS

__all__ = ["Layout", "Plan", "forward_plan", "input_plan", "slack"]

Array = Any
Sizes = tuple[int, ...]
RUN = 8  # tiles side by side before their sums are copied out


class Layout(NamedTuple):
    """How an image is copied: row i of a phase is the image's row ``step * i + phase - above``."""

    planes: int  # of a phase
    lines: int
    columns: int
    deep_step: int  # the stride, of planes, of rows and of columns
    step: int
    across: int
    front: int  # zeros before the first plane, the first row, and the first column
    above: int
    before: int
    deep: Array  # the phases in use
    high: Array
    wide: Array


class Plan(NamedTuple):
    """The layout, and the tables.

    A job is one convolution of stride 1 from the copy to a part of one plane of the result: where its offsets begin and
    how many they are; where its weights begin; its rows and columns of places; where the first of them stands in the
    plane, and how far apart they are there; how far into the copy it starts; where the plane begins in the result.
    """

    layout: Layout
    offsets: Array
    jobs: Array
    taps: Sequence[Any]  # of each table of offsets: the planes, rows and columns of the kernel in it, and its length

    def size(self, channels: int) -> int:
        """Elements of a copy."""
        at = self.layout
        return channels * len(at.deep) * len(at.high) * len(at.wide) * at.planes * at.lines * at.columns

    def run(self, lanes: int) -> int:
        """Elements of a run of sums: no more than an image needs."""
        places = max(int((job[3] - 1) * self.layout.columns + job[4]) for job in self.jobs)
        return min(RUN * VECTORS, -(-places // lanes)) * lanes

    def products(self) -> int:
        """Products for one channel of one image."""
        return sum(int(job[1] * job[3] * job[4]) for job in self.jobs)


def slack(lanes: int) -> int:
    """So far behind the last place a tile may read."""
    return VECTORS * lanes


def _slice(taps: Sequence[int]) -> slice:
    """Those that meet a phase are equally far apart."""
    if not taps:
        return slice(0, 0)
    return slice(taps[0], taps[-1] + 1, taps[1] - taps[0] if len(taps) > 1 else 1)


def _table(channels: int, image: int, *along: Sequence[int]) -> Array:
    """The offsets of all taps: the sums of what each dimension adds."""
    at = np.arange(channels) * image
    for shifts in along:
        at = np.add.outer(at, np.array(shifts, np.int64))
    return at.reshape(-1).astype(np.int64)


def _layout(inside: Sizes, step: Sizes, before: Sizes, phases: Any) -> Layout:
    return Layout(*inside, *step, *before, *(np.array(p, np.int64) for p in phases))


@functools.lru_cache(256)
def forward_plan(channels: int, kernel: Sizes, places: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes) -> Plan:
    """For the convolution and the gradient of its weight; `channels` of one group."""
    shifts = [[t * d for t in range(k)] for k, d in zip(kernel, dilation, strict=True)]
    phases = [sorted({shift % s for shift in along}) for along, s in zip(shifts, stride, strict=True)]
    inside = tuple(o + along[-1] // s for o, along, s in zip(places, shifts, stride, strict=True))
    volume, plane = math.prod(inside), inside[1] * inside[2]
    # a phase of columns is a volume, one of rows all of those, one of planes all of these
    sizes = (len(phases[1]) * len(phases[2]) * volume, len(phases[2]) * volume, volume)
    taps = [
        [met.index(shift % s) * size + shift // s * apart for shift in along]
        for along, met, s, size, apart in zip(shifts, phases, stride, sizes, (plane, inside[2], 1), strict=True)
    ]
    offsets = _table(channels, len(phases[0]) * sizes[0], *taps)
    area = places[1] * places[2]
    jobs = [[0, len(offsets), 0, *places[1:], 0, 0, 1, 1, i * plane, i * area] for i in range(places[0])]
    return Plan(_layout(inside, stride, padding, phases), offsets, np.array(jobs, np.int64), ())


@functools.lru_cache(256)
def input_plan(
    channels: int, groups: int, rows: int, size: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes
) -> Plan:
    """For the gradient of the input: of each phase of the stride which taps meet it, and how many places back.

    Element ``stride * t + phase - padding`` of the input was met by tap k at the place ``t - (k * dilation - phase) /
    stride``, if that is whole. `rows` are the channels of the input, `channels` those of the gradient, of a group.
    """
    directions = []
    for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True):
        parts = []
        for phase in range(s):
            first, last = -((phase - p) // s), (n - 1 + p - phase) // s
            taps = [t for t in range(k) if t * d % s == phase]
            if last >= first:
                parts.append((first, last, s * first + phase - p, taps, [(t * d - phase) // s for t in taps]))
        low = min(first for first, *_ in parts) - (k - 1) * d // s
        directions.append((parts, low, max(last for _, last, *_ in parts) - low + 1))
    (deep, front, planes), (high, above, lines), (wide, left, columns) = directions
    plane = lines * columns
    jobs, tables, met, done, weights = [], [], [], 0, 0
    for (s0, s1, d0, taps_d, back_d), (t0, t1, h0, taps_h, back_h), (u0, u1, w0, taps_w, back_w) in itertools.product(
        deep, high, wide
    ):
        table = _table(
            channels, planes * plane, [(s0 - m - front) * plane for m in back_d],
            [(t0 - m - above) * columns for m in back_h], [u0 - m - left for m in back_w],
        )  # fmt: skip
        for i in range(s1 - s0 + 1):
            start = (d0 + i * stride[0]) * size[1] * size[2]
            places = (t1 - t0 + 1, u1 - u0 + 1)
            jobs.append([done, len(table), weights, *places, h0, w0, *stride[1:], i * plane, start])
        tables.append(table)
        met.append((_slice(taps_d), _slice(taps_h), _slice(taps_w), len(table)))
        done, weights = done + len(table), weights + groups * -(-rows // ROWS) * ROWS * len(table)
    layout = _layout((planes, lines, columns), (1, 1, 1), (-front, -above, -left), ([0], [0], [0]))
    return Plan(layout, np.concatenate(tables), np.array(jobs, np.int64), met)
