"""Dropout as one operation: the elements that are kept are chosen by a stream of random bits, which is a parameter."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.registry import cases, structured


@structured(
    method=False,
    promote="keep",
    grad_name="MulBackward0",
    oracle="",
    samples=cases(([(2, 3)], (7, 0, 0.5)), ([(40,)], (2**64 - 1, 2**64 - 5, 0.3)), ([(3,)], (0, 0, 1.0))),
)
def dropped(input: Any, /, seed: int, first: int, p: float) -> Any:
    """The input divided by 1 - p, and with probability p times 0 instead; and which elements were kept, in bool.

    The bits are those of the stream of `seed` from block `first` on: see kernels/philox.py.
    """
    return kernels.dropout(input, seed, first, p)


@dropped.vjp
def _(g: Any, out: Any, _input: Any, _seed: int, _first: int, p: float) -> Any:
    kept = getattr(out[1], "_data", out[1])
    if not hasattr(g, "_record"):
        return kernels.dropout_back(g, kept, p)
    return g * kernels.dropout_back(kernels.ones_like(g._data), kept, p)
