"""Losses whose derivative is not that of their formula where the formula breaks down."""

from __future__ import annotations

import math
from typing import Any

from tinygrad_edu.kernels import elementwise as on_arrays
from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.elementwise import clamp, log
from tinygrad_edu.ops.ieee import guarded
from tinygrad_edu.ops.registry import elementwise

_log = guarded(math.log, at_pole=-math.inf)


def _on_arrays(input: Any, target: Any) -> Any:
    return -(target * kernels.clamp(on_arrays("log")(input), -100, None) + (1 - target) * _other(input))


def _other(input: Any) -> Any:
    return kernels.clamp(on_arrays("log1p")(-input), -100, None)


@elementwise(array=_on_arrays, method=False, promote="same", domain=(0.05, 0.95), oracle="")
def cross_entropy_of_two(input: Any, target: Any, /) -> Any:
    """``-t log(p) - (1 - t) log(1 - p)`` with logarithms of at least -100: what the event t costs that p foretold."""
    return -(target * max(_log(input), -100.0) + (1 - target) * max(_log(1 - input), -100.0))


@cross_entropy_of_two.partials(uses=("a b", "a"))
def _(_out: Any, a: Any, b: Any) -> Any:
    # PyTorch's: steep, but finite, at 0 and 1.
    return (
        lambda: (a - b) / clamp(a * (1 - a), 1e-12, None),
        lambda: clamp(log(1 - a), -100, None) - clamp(log(a), -100, None),
    )
