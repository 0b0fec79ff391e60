"""How many threads compute, and how a kernel's rows are shared out among them.

A compiled kernel is an ordinary function that lets go of Python's lock; threads of our own run it on blocks of rows.
Numba's parallel loops would do the sharing too, but the layer below them differs from machine to machine: `workqueue`
aborts the process when two threads of Python enter it, OpenMP kills a forked child. This way is the same everywhere,
an error in a kernel reaches its caller, and there is one version of each kernel. Waking a thread and waiting for it
takes some tens of microseconds, so it is done for large arrays only.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Lock, main_thread
from typing import Any

__all__ = ["get_threads", "on_blocks", "on_pieces", "set_threads"]

WORTH = 1 << 18  # elements for which a thread is worth waking: some 100 µs of exponentials


def _processors() -> int:
    """Those that this process may run on: on a shared machine often fewer than there are."""
    allowed = getattr(os, "sched_getaffinity", None)  # Linux has it
    return len(allowed(0)) if allowed else os.cpu_count() or 1


class _Team:
    """The threads of this process. After a fork the child starts without: they are the parent's."""

    def __init__(self) -> None:
        said = os.environ.get("OMP_NUM_THREADS", "")  # as PyTorch and BLAS take it
        self.number = int(said) if said.isdigit() and int(said) else _processors()
        self.forget()

    def forget(self) -> None:
        self.lock = Lock()
        self.pool: ThreadPoolExecutor | None = None

    def submit(self, function: Callable[..., Any], *arrays: Any) -> Any:
        try:
            with self.lock:
                if self.pool is None:
                    self.pool = ThreadPoolExecutor(max(self.number - 1, 1), "tinygrad_edu kernel")
                return self.pool.submit(function, *arrays)
        except RuntimeError as error:
            if main_thread().is_alive() and "interpreter shutdown" not in str(error):
                raise
        # The program is ending, and Python starts no thread any more; a thread of the user's may still compute, or a
        # function that was registered for the end.
        done: Future[Any] = Future()
        done.set_result(function(*arrays))
        return done

    def resize(self, number: int) -> None:
        with self.lock:
            self.number = number
            pool, self.pool = self.pool, None
        if pool is not None:
            pool.shutdown(wait=False)  # what it has begun is finished


_team = _Team()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_team.forget)


def get_threads() -> int:
    """How many threads share a kernel's work; at first OMP_NUM_THREADS, or the processors that there are for us."""
    return _team.number


def set_threads(number: int) -> None:
    """Let kernels, and BLAS inside them, use as many threads. (For BLAS the package threadpoolctl is needed.)"""
    _team.resize(number)
    limits = _blas_limits()
    if limits is not None:
        limits(limits=number, user_api="blas")


def _blas_limits() -> Any:
    try:
        import numpy as np  # noqa: F401 - the library to be limited has to be there
        from threadpoolctl import threadpool_limits
    except ImportError:
        return None
    return threadpool_limits


def on_blocks(function: Callable[..., Any], elements: int, *arrays: Any, extra: Sequence[Any] = ()) -> list[Any]:
    """Call ``function(*blocks, *extra)`` on blocks of rows (dimension 0) of the arrays, which all have as many.

    Returns the results in the order of the rows. How the rows are divided depends on their number, on `elements` and
    on the number of threads only: the same input gives the same bits.
    """
    rows = len(arrays[0])
    parts = min(_team.number, rows, max(elements // WORTH, 1))
    if parts <= 1:
        return [function(*arrays, *extra)]
    bounds = [rows * i // parts for i in range(parts + 1)]
    blocks = [[a[i:j] for a in arrays] for i, j in zip(bounds, bounds[1:], strict=False)]
    waiting = [_team.submit(function, *block, *extra) for block in blocks[1:]]
    try:
        first = function(*blocks[0], *extra)
    finally:
        wait(waiting)  # after Ctrl-C too: nothing is written any more when the caller goes on
    return [first, *(future.result() for future in waiting)]


def on_pieces(function: Callable[..., Any], table: Any, itemsize: int, *, extra: Sequence[Any] = ()) -> None:
    """Call ``function(table, *extra)``, each thread with its part of a table of arrays that are stepped side by side.

    A row is the number of elements and the address of each array. A part holds as many elements as another; an array
    may be cut for that, so what the function does with an element must not depend on its neighbours.
    """
    elements = int(table[:, 0].sum()) if _team.number > 1 else 0
    parts = min(_team.number, max(elements // WORTH, 1))
    if parts <= 1:
        function(table, *extra)
        return
    tables = [_cut(table, elements * i // parts, elements * (i + 1) // parts, itemsize) for i in range(parts)]
    waiting = [_team.submit(function, part, *extra) for part in tables[1:]]
    try:
        function(tables[0], *extra)
    finally:
        wait(waiting)  # as above; and nobody but the caller keeps the arrays behind the addresses
    for future in waiting:
        future.result()


def _cut(table: Any, begin: int, end: int, itemsize: int) -> Any:
    """The rows of elements `begin` to `end`, counted through all rows."""
    ends = table[:, 0].cumsum()
    starts = ends - table[:, 0]
    skipped = (begin - starts).clip(0, table[:, 0])
    part = table.copy()
    part[:, 1:] += skipped[:, None] * itemsize
    part[:, 0] = (end - starts).clip(0, table[:, 0]) - skipped
    return part[part[:, 0] > 0]
