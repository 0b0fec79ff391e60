"""Keeping the memory of large arrays, so that the next one of that size need not be fetched from the system.

The C library of Linux gives a freed block of some megabytes back at once, and the next array pays for every page of it
again, which takes longer than to compute with it: training on arrays of 4 MB runs three to eight times as fast without.
"""

from __future__ import annotations

import os
import sys

__all__ = ["keep_memory"]

_TRIM, _MMAP = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of <malloc.h>
KEPT, LARGEST = 1 << 30, 1 << 25  # bytes that stay at hand; blocks above this go back to the system as before


def keep_memory() -> bool:
    """Tell malloc, once for the process; whether it has been told. ``TINYEDU_KEEP_MEMORY=0`` leaves it as it is.

    What the user has set through malloc's own variables is not touched.
    """
    own = any(name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ)
    if not sys.platform.startswith("linux") or own or os.environ.get("TINYEDU_KEEP_MEMORY") == "0":
        return False
    import ctypes

    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library, which keeps memory by other rules
        return False
    return bool(mallopt(_TRIM, KEPT) and mallopt(_MMAP, LARGEST))
