"""torch.multiprocessing: Python's own `multiprocessing`; Tensors travel between processes as copies.

What PyTorch adds to it is there to be imported, and raises when it is called.
"""

from __future__ import annotations

import multiprocessing as _python
from typing import Any

from tinygrad_edu.absent import absent_function

__all__ = ["get_all_sharing_strategies", "get_sharing_strategy", "set_sharing_strategy", "spawn", "start_processes"]

_COPIES = "Tensors travel between processes as copies, so there is no strategy of sharing. Leave this call away."
_ONE = "tinygrad_edu trains in one process. For other work use multiprocessing.Process, or DataLoader(num_workers=...)."
spawn = absent_function("multiprocessing.spawn", _ONE)
start_processes = absent_function("multiprocessing.start_processes", _ONE)
set_sharing_strategy = absent_function("multiprocessing.set_sharing_strategy", _COPIES)
get_sharing_strategy = absent_function("multiprocessing.get_sharing_strategy", _COPIES)
get_all_sharing_strategies = absent_function("multiprocessing.get_all_sharing_strategies", _COPIES)


def __getattr__(name: str) -> Any:
    if name.startswith("_") or not hasattr(_python, name):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_python, name)


def __dir__() -> list[str]:
    return sorted({*__all__, *_python.__all__})
