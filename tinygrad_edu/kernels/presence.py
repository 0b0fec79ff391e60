"""Whether there can be a GPU in this process: what files and the environment say, without starting a driver."""

from __future__ import annotations

import functools
import os
import sys
from importlib.util import find_spec

__all__ = ["possible", "simulated"]

_DRIVERS = ("/dev/nvidiactl", "/dev/dxg", "/dev/nvhost-ctrl")  # Linux, WSL, Jetson


@functools.cache
def simulated() -> bool:
    """Whether Numba's CUDA simulator was asked for: ``NUMBA_ENABLE_CUDASIM=1``, set before the program starts."""
    return os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0")


def _driver() -> bool:
    if sys.platform == "win32":
        return os.path.exists(os.path.join(os.environ.get("SYSTEMROOT", "C:\\Windows"), "System32", "nvcuda.dll"))
    return any(os.path.exists(path) for path in _DRIVERS)


@functools.cache
def possible() -> bool:
    """Whether there may be arrays on a GPU in this process. Asks the file system only: no driver is started."""
    return (simulated() or _driver()) and find_spec("numba") is not None
