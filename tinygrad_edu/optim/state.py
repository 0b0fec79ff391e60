"""What an optimizer remembers of a parameter: arrays and counters by name, made when they are first asked for."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import numpy as np

__all__ = ["Array", "FusedInputs", "State", "buffer", "coming", "count"]

Array = np.ndarray[Any, np.dtype[Any]]
State = MutableMapping[str, Array]
FusedInputs = tuple[tuple[Array, ...], tuple[Any, ...]]


def buffer(state: State, name: str, like: Array, fill: float = 0.0) -> Array:
    """The array remembered under `name`: made on first use, shaped as `like` and filled with `fill`."""
    array = state.get(name)
    if array is None:
        array = state[name] = np.full_like(like, fill)
    return array


def coming(state: State) -> float:
    """The number of the step that comes, from 1 on; the counter is made if it is the first."""
    step = state.get("step")
    if step is None:
        step = state["step"] = np.zeros((), np.float32)
    number: float = step.item() + 1.0
    return number


def count(state: State) -> float:
    """Count a step and return its number, from 1 on (in float32 as PyTorch does: exact up to 16,777,216)."""
    number = coming(state)
    state["step"][()] = number  # ten times faster than `step += 1` on an array without dimensions
    return number
