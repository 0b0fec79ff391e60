"""Random bits on the device: Philox4x32-10, block n of a seed by the thread that counts n.

The same four words for a counter and a key as on the CPU, where the algorithm is written down and its paper named
(``kernels/philox.py``). One writer per cell: block n fills the words 4n to 4n + 3.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty
from tinygrad_edu.kernels.numba_cuda.runtime import compiled, functions, grid_for, launch
from tinygrad_edu.kernels.numba_cuda.vectors import vectors

__all__ = ["CONSTANTS", "ROUNDS", "words"]

# Of block k, counted from the block `first`, under the key: the words w0 to w3, as uint64.
ROUNDS = """
n = first + uint64(k)
w0 = n & MASK
w1 = n >> HALF
w2 = NOTHING
w3 = NOTHING
a = key0
b = key1
for turn in range(10):
    p0 = w0 * M0
    p1 = w2 * M1
    w0 = (p1 >> HALF) ^ w1 ^ a
    w1 = p1 & MASK
    w2 = (p0 >> HALF) ^ w3 ^ b
    w3 = p0 & MASK
    a = (a + S0) & MASK
    b = (b + S1) & MASK
"""
CONSTANTS: dict[str, Any] = {
    name: np.uint64(value)
    for name, value in {
        "MASK": 0xFFFFFFFF, "HALF": 32, "NOTHING": 0, "M0": 0xD2511F53, "M1": 0xCD9E8D57, "S0": 0x9E3779B9,
        "S1": 0xBB67AE85,
    }.items()
}  # fmt: skip
_TEXT = """
def kernel(count, first, key0, key1, OUT):
    for k in range(cuda.grid(1), count, cuda.gridsize(1)):
{rounds}
        put_four(OUT, 4 * k, uint32(w0), uint32(w1), uint32(w2), uint32(w3))
"""


@functools.cache
def _kernel() -> Any:
    names: dict[str, Any] = {**functions(), **vectors(), **CONSTANTS}
    rounds = "\n".join(" " * 8 + line for line in ROUNDS.strip().splitlines())
    exec(compile(_TEXT.format(rounds=rounds), "<cuda kernel: philox>", "exec"), names)
    return compiled(names["kernel"])


def words(seed: int, first: int, count: int) -> DeviceArray:
    """The words of `count` blocks, numbered from `first`, of a seed: (4 * count,) in uint32."""
    out = empty((4 * count,), np.uint32)
    if count:
        key = np.uint64(seed & 0xFFFFFFFF), np.uint64(seed >> 32)
        launch(_kernel(), *grid_for(count), count, np.uint64(first), *key, out.block.typed(np.dtype(np.uint32)))
    return out
