"""A note of what a kernel's call did with the device's memory: what it took, launched and let go of.

While a call is noted down, `memory` and `runtime` tell the tape of everything that they do for the thread. What cannot
be done again by rote spoils the tape: memory that is neither an argument's nor was taken in this call, and copies to or
from the CPU, whose values may differ next time.
"""

from __future__ import annotations

import threading
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Step", "Tape", "noting"]

_NUMBERS = (int, float, bool)


class Step(NamedTuple):
    """A launch, and what goes before and after it; without one, memory that is taken and let go of."""

    taken: tuple[int, ...]  # bytes of the blocks that are taken first
    launch: tuple[Any, ...] | None  # the kernel, blocks, threads, and the classes of its arguments
    arguments: tuple[Any, ...]  # with None where memory stands
    memory: tuple[tuple[int, int, np.dtype[Any]], ...]  # which argument is which block, read as which type
    freed: tuple[int, ...]  # the blocks that nobody needs any more


class Tape:
    """What happened since it was made, in the thread that made it.

    Args:
        blocks: those of the arguments; further ones are numbered as they are taken.
    """

    def __init__(self, blocks: list[Any]) -> None:
        self.thread = threading.get_ident()
        self.spoilt = False
        self.steps: list[Step] = []
        self._blocks = {id(block): i for i, block in enumerate(blocks)}
        self._given = self._count = len(blocks)
        self._arguments: dict[int, tuple[int, np.dtype[Any]]] = {}
        self._taken: list[int] = []
        self._freed: list[int] = []

    def number_of(self, block: Any) -> int | None:
        """Which block it is; None for one that the tape knows nothing of."""
        return self._blocks.get(id(block))

    def taken(self, block: Any, nbytes: int) -> None:
        """A block came from the pool."""
        if self._freed:  # what was let go of before is let go of before
            self._close()
            if self._freed:
                self._without_launch()
        self._blocks[id(block)] = self._count
        self._taken.append(nbytes)
        self._count += 1

    def typed(self, block: Any, argument: Any, dtype: np.dtype[Any]) -> None:
        """A block was asked for as an argument."""
        number = self._blocks.get(id(block))
        if number is None:
            self.spoilt = True
        else:
            self._arguments[id(argument)] = number, dtype

    def freed(self, block: Any) -> None:
        """A block goes back to the pool (or one that is nothing to this call, when the collector runs)."""
        number = self._blocks.pop(id(block), None)
        if number is not None and number >= self._given:
            self._freed.append(number)

    def launched(self, kernel: Any, blocks: Any, threads: Any, args: tuple[Any, ...]) -> None:
        """A kernel is about to be launched."""
        arguments, memory = list(args), []
        for i, x in enumerate(args):
            if x.__class__ in _NUMBERS or isinstance(x, np.generic):
                continue
            found = self._arguments.get(id(x))
            if found is None:
                self.spoilt = True
                return
            arguments[i] = None
            memory.append((i, *found))
        self._close()
        what = (kernel, blocks, threads, tuple(map(type, args)))
        self.steps.append(Step(tuple(self._taken), what, tuple(arguments), tuple(memory), ()))
        self._taken.clear()

    def _close(self) -> None:
        """What the steps took and was let go of since belongs to the last one: nothing later reads that memory."""
        before = self._count - len(self._taken)
        if self.steps:
            freed = tuple([number for number in self._freed if number < before])
            self.steps[-1] = self.steps[-1]._replace(freed=(*self.steps[-1].freed, *freed))
            self._freed = [number for number in self._freed if number >= before]

    def finished(self) -> tuple[Step, ...]:
        """All steps."""
        self._close()
        if self._taken:
            self._without_launch()
        return tuple(self.steps)

    def _without_launch(self) -> None:
        self.steps.append(Step(tuple(self._taken), None, (), (), tuple(self._freed)))
        self._taken.clear()
        self._freed.clear()


class _Noting:
    """Which tape is written, if any: one at a time in a program."""

    tape: Tape | None = None

    def mine(self) -> Tape | None:
        """The tape, if this thread writes it."""
        tape = self.tape
        return tape if tape is not None and tape.thread == threading.get_ident() else None


noting = _Noting()
