"""The stream on which kernels and copies are put: the default one, unless a program has chosen another."""

from __future__ import annotations

import threading
from typing import Any

__all__ = ["choose", "current"]


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
