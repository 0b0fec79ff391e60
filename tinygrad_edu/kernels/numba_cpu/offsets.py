"""Where everything lies in the copy of an image that the compiled convolutions read: made once for each geometry.

An image is copied between zeros and split by the stride into phases, rows and columns that neighbouring places meet at
the same tap. There a tap of the kernel is an offset: what place q meets is the element q further on.
"""

from __future__ import annotations

import functools
import itertools
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

    lines: int  # of a phase
    columns: int
    step: int  # the stride, of rows and of columns
    across: int
    above: int  # zeros before the first row, and the first column
    before: int
    high: Array  # the phases in use
    wide: Array


class Plan(NamedTuple):
    """The layout, and the tables.

    A job is one convolution of stride 1 from the copy to a part of the result: where its offsets begin and how many
    they are; where its weights begin; its rows and columns of places; where the first of them stands in the result,
    and how far apart they are there.
    """

    layout: Layout
    offsets: Array
    jobs: Array
    taps: Sequence[Any]  # of each job: the rows and columns of the kernel in it

    def size(self, channels: int) -> int:
        """Elements of a copy."""
        area = self.layout.lines * self.layout.columns
        return channels * len(self.layout.high) * len(self.layout.wide) * area

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


def _table(channels: int, plane: int, rows: Sequence[int], columns: Sequence[int]) -> Array:
    at = np.arange(channels)[:, None, None] * plane + np.array(rows)[:, None] + np.array(columns)
    return at.reshape(-1).astype(np.int64)


def _layout(inside: Sizes, step: Sizes, above: Sizes, phases: Any) -> Layout:
    return Layout(*inside, *step, *above, *(np.array(p, np.int64) for p in phases))


@functools.lru_cache(256)
def forward_plan(channels: int, kernel: Sizes, places: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes) -> Plan:
    """For the convolution and the gradient of its weight; `channels` of one group."""
    shifts = [[t * d for t in range(k)] for k, d in zip(kernel, dilation, strict=True)]
    phases = [sorted({shift % s for shift in along}) for along, s in zip(shifts, stride, strict=True)]
    lines, columns = (o + along[-1] // s for o, along, s in zip(places, shifts, stride, strict=True))
    area = lines * columns
    band = len(phases[1]) * area  # of the phases of one row
    (down, across), (high, wide) = stride, phases
    rows = [high.index(shift % down) * band + shift // down * columns for shift in shifts[0]]
    taps = [wide.index(shift % across) * area + shift // across for shift in shifts[1]]
    offsets = _table(channels, len(high) * band, rows, taps)
    jobs = np.array([[0, len(offsets), 0, *places, 0, 0, 1, 1]], np.int64)
    return Plan(_layout((lines, columns), stride, padding, phases), offsets, jobs, ())


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
    (high, low, lines), (wide, left, columns) = directions
    jobs, tables, met, done, weights = [], [], [], 0, 0
    for (t0, t1, h0, taps_h, back_h), (u0, u1, w0, taps_w, back_w) in itertools.product(high, wide):
        table = _table(
            channels, lines * columns, [(t0 - m - low) * columns for m in back_h], [u0 - m - left for m in back_w]
        )
        jobs.append([done, len(table), weights, t1 - t0 + 1, u1 - u0 + 1, h0, w0, *stride])
        tables.append(table)
        met.append((_slice(taps_h), _slice(taps_w)))
        done, weights = done + len(table), weights + groups * -(-rows // ROWS) * ROWS * len(table)
    layout = _layout((lines, columns), (1, 1), (-low, -left), ([0], [0]))
    return Plan(layout, np.concatenate(tables), np.array(jobs, np.int64), met)
