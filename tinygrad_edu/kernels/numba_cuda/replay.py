"""Doing a kernel's call again: its launches alone, where everything else was worked out before.

What a call works out (shapes, strides, tiles, grids, which of several kernels) follows from how its arrays lie and from
its numbers, not from what stands in the arrays. A training loop makes the same calls in every step. So a call is noted
down (`tape`) when it comes for the second time with arguments of the same description; from the third time on, memory
is taken as it was then, and the same kernels are launched on it. That is a CUDA graph's idea, one call at a time, and
without any of its rules for the program: arrays may be anywhere, and a call of another kind goes the long way.

A description has everything that a call may depend on: of each array the layout, type, where it begins in its block,
whether it may be written to, and which others share its memory; of anything else its value. What has none (functions,
arrays of the CPU), what reads values on the CPU, and what uses memory of its own, is never done again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from math import copysign
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray
from tinygrad_edu.kernels.numba_cuda.memory import pool
from tinygrad_edu.kernels.numba_cuda.runtime import launch_ready, ready
from tinygrad_edu.kernels.numba_cuda.tape import Step, Tape, noting
from tinygrad_edu.kernels.pooling import Windows

__all__ = ["forget", "replayed"]

enabled = True  # or all calls are made, every time: for those who watch what they launch
_MOST = 4096  # descriptions; then all are forgotten
_LONGEST = 256  # parts of a description: longer ones take as long as what they save
_UNKNOWN = object()
_PLAIN = {int, bool, str, type(None), type(Ellipsis)}
_seen: set[Any] = set()
_known: dict[Any, Any] = {}  # a Replay, or None for what cannot be done again
_one_at_a_time = threading.Lock()


class Replay:
    """The steps of a call, and how its result is made of the blocks."""

    __slots__ = ("result", "steps")

    def __init__(self, steps: tuple[Step, ...], result: Any) -> None:
        self.steps = [step._replace(launch=step.launch and ready(*step.launch)) for step in steps]
        self.result = result

    def run(self, arrays: list[DeviceArray]) -> Any:
        """What the call would give for these arrays, in the order in which they are met."""
        blocks: list[Any] = [x.block for x in arrays]
        for taken, what, arguments, memory, freed in self.steps:
            for nbytes in taken:
                blocks.append(pool.take(nbytes))
            if what is not None:
                filled = list(arguments)
                for at, number, dtype in memory:
                    filled[at] = blocks[number].typed(dtype)
                launch_ready(what, filled)
            for number in freed:
                blocks[number] = None
        return _made(self.result, arrays, blocks)


def _made(result: Any, arrays: list[DeviceArray], blocks: list[Any]) -> Any:
    kind = result.__class__
    if kind is int:  # an argument itself
        return arrays[result]
    if kind is list:
        return result[0]([_made(part, arrays, blocks) for part in result[1:]])
    if result is None:
        return None
    number, *rest = result
    return DeviceArray(blocks[number], *rest)


def _told(result: Any, tape: Tape, arrays: list[DeviceArray], met: set[int]) -> Any:
    """How a result is made: None, the number of an argument, ``(block, offset, ...)``, or a list of a type and parts.

    Raises:
        ValueError: it is made of something else, or one array is in it twice.
    """
    kind = result.__class__
    if kind is DeviceArray:
        if id(result) in met:
            raise ValueError("one array twice")
        met.add(id(result))
        for i, x in enumerate(arrays):
            if x is result:
                return i
        number = tape.number_of(result.block)
        if number is None:
            raise ValueError("memory of its own")
        return number, result.offset, result.shape, result.strides, result.dtype, result._writeable
    if kind is tuple or kind is list:
        return [kind, *[_told(part, tape, arrays, met) for part in result]]
    if result is None:
        return None
    raise ValueError(f"a result of type {kind.__name__}")


def _described(x: Any, key: list[Any], arrays: list[DeviceArray]) -> bool:
    """Add to the key what a call may depend on of an argument; False if that cannot be told."""
    kind = x.__class__
    if kind is DeviceArray:
        block = x.block
        piece = block.piece
        key += (x.shape, x.strides, x.dtype, x.offset, piece.address & 15, piece.nbytes, x._writeable)
        arrays.append(x)
    elif kind in _PLAIN:
        key += (kind, x)
    elif kind is tuple or kind is list:
        key += (kind, len(x))
        for part in x:
            if len(key) > _LONGEST or not _described(part, key, arrays):
                return False
    elif kind is float:
        if x != x:
            return False
        key += (kind, x, copysign(1.0, x))
    elif kind is slice:
        key.append(kind)
        return _described((x.start, x.stop, x.step), key, arrays)
    elif kind is Windows:
        key += (kind, x.how)
    elif isinstance(x, (np.dtype, type)):
        key += (np.dtype, x)
    else:
        return False
    return True


def replayed(call: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """``call(*args, **options)``, or what it did before with arguments of this description.

    Args:
        call: a function that lives as long as the program.
    """
    if noting.tape is not None or not enabled:
        return call(*args, **options)
    key: list[Any] = [call]
    arrays: list[DeviceArray] = []
    for x in args:
        if not _described(x, key, arrays):
            return call(*args, **options)
    for option, x in options.items():
        key.append(option)
        if not _described(x, key, arrays):
            return call(*args, **options)
    if len(key) > _LONGEST:
        return call(*args, **options)
    if len(arrays) > 1:
        owners = [id(x.block) for x in arrays]
        if len(set(owners)) < len(owners):
            key += [owners.index(one) for one in owners]
    described = tuple(key)
    found = _known.get(described, _UNKNOWN)  # (another thread may forget all at any time)
    if found is not _UNKNOWN:
        return call(*args, **options) if found is None else found.run(arrays)
    if described not in _seen:
        if len(_seen) >= _MOST:
            _seen.clear()
        _seen.add(described)
        return call(*args, **options)
    return _noted(described, call, args, options, arrays)


def _noted(
    key: Any, call: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any], arrays: list[DeviceArray]
) -> Any:
    """Make the call, and note down what it does."""
    if not _one_at_a_time.acquire(blocking=False):
        return call(*args, **options)
    try:
        tape = noting.tape = Tape([x.block for x in arrays])
        try:
            result = call(*args, **options)
        finally:
            noting.tape = None
        if len(_known) >= _MOST:
            _known.clear()
        try:
            _known[key] = None if tape.spoilt else Replay(tape.finished(), _told(result, tape, arrays, set()))
        except ValueError:
            _known[key] = None
        return result
    finally:
        _one_at_a_time.release()


def forget() -> None:
    """Forget all calls: for those who change how kernels are chosen."""
    _seen.clear()
    _known.clear()
