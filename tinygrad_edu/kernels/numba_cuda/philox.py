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

__all__ = ["words"]

_TEXT = """
def kernel(count, first, key0, key1, OUT):
    for k in range(cuda.grid(1), count, cuda.gridsize(1)):
        n = first + uint64(k)
        c0 = n & MASK
        c1 = n >> HALF
        c2 = NOTHING
        c3 = NOTHING
        a = key0
        b = key1
        for turn in range(10):
            p0 = c0 * M0
            p1 = c2 * M1
            c0 = (p1 >> HALF) ^ c1 ^ a
            c1 = p1 & MASK
            c2 = (p0 >> HALF) ^ c3 ^ b
            c3 = p0 & MASK
            a = (a + S0) & MASK
            b = (b + S1) & MASK
        OUT[4 * k] = uint32(c0)
        OUT[4 * k + 1] = uint32(c1)
        OUT[4 * k + 2] = uint32(c2)
        OUT[4 * k + 3] = uint32(c3)
"""


@functools.cache
def _kernel() -> Any:
    names: dict[str, Any] = {**functions()}
    constants = {
        "MASK": 0xFFFFFFFF, "HALF": 32, "NOTHING": 0, "M0": 0xD2511F53, "M1": 0xCD9E8D57, "S0": 0x9E3779B9,
        "S1": 0xBB67AE85,
    }  # fmt: skip
    names.update({name: np.uint64(value) for name, value in constants.items()})
    exec(compile(_TEXT, "<cuda kernel: philox>", "exec"), names)
    return compiled(names["kernel"])


def words(seed: int, first: int, count: int) -> DeviceArray:
    """The words of `count` blocks, numbered from `first`, of a seed: (4 * count,) in uint32."""
    out = empty((4 * count,), np.uint32)
    if count:
        key = np.uint64(seed & 0xFFFFFFFF), np.uint64(seed >> 32)
        launch(_kernel(), *grid_for(count), count, np.uint64(first), *key, out.block.typed(np.dtype(np.uint32)))
    return out
