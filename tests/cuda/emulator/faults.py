"""Kernels with a fault each, which the emulator must find, and right ones beside them, in which it must find nothing.

Run under ``python -m tests.cuda.emulator``; ends with an error where something was missed or invented.
"""

from __future__ import annotations

import ctypes
import sys
import warnings
from typing import Any

import numpy as np
from numba import cuda, float32

from tests.cuda.emulator import driver
from tinygrad_edu.kernels.numba_cuda.vectors import vectors

THREADS = 64
four = vectors()["four"]


@cuda.jit
def right(a, out):
    cells = cuda.shared.array(64, float32)
    t = cuda.threadIdx.x
    cells[t] = a[t]
    cuda.syncthreads()
    out[t] = cells[63 - t]


@cuda.jit
def race_in_shared_memory(a, out):
    cells = cuda.shared.array(64, float32)
    t = cuda.threadIdx.x
    cells[t] = a[t]
    out[t] = cells[63 - t]


@cuda.jit
def overwritten_before_read(a, out):
    cells = cuda.shared.array(64, float32)
    t = cuda.threadIdx.x
    cells[t] = a[t]
    cuda.syncthreads()
    out[t] = cells[63 - t]
    cells[t] = out[t] + a[t]


@cuda.jit
def one_cell_by_all(a, out):
    out[0] = a[cuda.threadIdx.x]


@cuda.jit
def between_blocks(a, out):
    if cuda.blockIdx.x == 0:
        out[0] = a[0]
    elif cuda.threadIdx.x == 0:
        out[1] = out[0]


@cuda.jit
def by_atomics(a, out):
    if cuda.grid(1) == 0:
        out[0] = a[0]
    cuda.syncthreads()
    if cuda.blockIdx.x == 0:
        cuda.atomic.add(out, 0, a[cuda.threadIdx.x])


@cuda.jit
def past_the_end(a, out):
    out[cuda.threadIdx.x] = a[cuda.threadIdx.x + 1]


@cuda.jit
def never_written(a, out):
    a[cuda.threadIdx.x] = out[cuda.threadIdx.x]


@cuda.jit
def shared_never_written(a, out):
    cells = cuda.shared.array(64, float32)
    t = cuda.threadIdx.x
    if t > 0:
        cells[t] = a[t]
    cuda.syncthreads()
    out[t] = cells[63 - t]


@cuda.jit
def barrier_missed(a, out):
    if cuda.threadIdx.x == 5:
        return
    cuda.syncthreads()
    out[cuda.threadIdx.x] = a[cuda.threadIdx.x]


@cuda.jit
def two_barriers(a, out):
    if a[cuda.threadIdx.x] > 3:
        cuda.syncthreads()
        out[cuda.threadIdx.x] = 1
    else:
        cuda.syncthreads()
        out[cuda.threadIdx.x] = 2


@cuda.jit
def not_aligned(a, out):
    x, y, z, w = four(a, 2 + cuda.threadIdx.x // 64)
    out[cuda.threadIdx.x] = x + y + z + w


@cuda.jit
def within_a_warp(a, out):
    out[cuda.threadIdx.x] = cuda.shfl_down_sync(0xFFFFFFFF, a[cuda.threadIdx.x], 1)


@cuda.jit
def half_a_warp(a, out):
    if cuda.threadIdx.x < 16:
        out[cuda.threadIdx.x] = cuda.shfl_down_sync(0xFFFFFFFF, a[cuda.threadIdx.x], 1)


@cuda.jit
def counted_at_barriers(a, out):
    t = cuda.threadIdx.x
    count, large = cuda.syncthreads_count(np.int32(a[t] > 3)), np.int32(a[t] > 5)
    some, every = cuda.syncthreads_or(large), cuda.syncthreads_and(large)
    out[t] = count + (1000 if some else 0) + (10000 if every else 0)


def expected_down(a: np.ndarray) -> np.ndarray:
    return np.where(np.arange(THREADS) % 32 == 31, a, np.roll(a, -1))


# What a finding says, or what a right one computes.
CASES = {
    right: lambda a: a[::-1],
    within_a_warp: expected_down,
    counted_at_barriers: lambda a: np.full(THREADS, np.float32(1000 + (a > 3).sum())),
    by_atomics: None,
    race_in_shared_memory: "never written|no thread of this block has written",
    overwritten_before_read: "a race: ",
    one_cell_by_all: "a race: writes global memory",
    between_blocks: "a race: ",
    past_the_end: "outside every array",
    never_written: "which nobody has written",
    shared_never_written: "no thread of this block has written",
    barrier_missed: "has ended",
    two_barriers: "waits at another",
    not_aligned: "not a multiple",
    half_a_warp: "elsewhere|waits for",
}


def finding_of(kernel: Any, a: np.ndarray) -> tuple[str, np.ndarray]:
    """What the emulator says of a launch, and what the kernel computed where it says nothing."""
    given, out = cuda.to_device(a), cuda.device_array(THREADS, np.float32)
    driver().emu_finding.restype = ctypes.c_char_p
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of small grids
            kernel[2 if kernel is between_blocks else 1, THREADS](given, out)
    except Exception:
        return driver().emu_finding().decode(), a
    return "", out.copy_to_host()


def main() -> int:
    a = np.arange(THREADS, dtype=np.float32)
    wrong = []
    for kernel, wanted in CASES.items():
        found, out = finding_of(kernel, a)
        name = kernel.__name__
        if isinstance(wanted, str):
            if not any(part in found for part in wanted.split("|")):
                wrong.append(f"{name}: {found or 'nothing found'}")
        elif found or (wanted is not None and not np.array_equal(out, wanted(a))):
            wrong.append(f"{name}: {found or out}")
    print(*wrong, f"{len(CASES)} kernels, {len(wrong)} wrong", sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
