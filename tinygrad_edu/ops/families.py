"""All families of operations: to import this is to define them, so that who subscribes here hears of every one."""

from tinygrad_edu.ops import (
    activations,
    attention,
    bends,
    blend,
    compare,
    elementwise,
    exponential,
    index,
    linalg,
    ordering,
    reduce,
    rounding,
    scans,
    shape,
    special,
    standard,
    statistics,
    trigonometry,
)
from tinygrad_edu.ops.registry import subscribe

__all__ = ["FAMILIES", "subscribe"]

FAMILIES = (
    activations, attention, bends, blend, compare, elementwise, exponential, index, linalg, ordering, reduce, rounding,
    scans, shape, special, standard, statistics, trigonometry,
)  # fmt: skip
