"""The stream on which kernels and copies are put: the default one, unless a program has chosen another."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["another", "choose", "current"]

_MOST = 32  # streams of a program, as PyTorch has them: memory that was taken for one goes to no other
_made: list[Any] = []
_turns = itertools.count()


class _Current(threading.local):
    stream: Any = 0  # of Numba: 0 is the default stream


_current = _Current()


def current() -> Any:
    """Numba's handle of the current stream of this thread; 0 for the default one."""
    return _current.stream


def choose(stream: Any) -> Any:
    """Make another stream the current one of this thread; gives the one before."""
    before, _current.stream = _current.stream, stream
    return before


def another(make: Callable[[], Any]) -> Any:
    """Numba's handle of a stream, which `make` makes; after so many the first comes round again."""
    turn = next(_turns) % _MOST
    if turn >= len(_made):
        _made.append(make())
        return _made[-1]
    return _made[turn]
