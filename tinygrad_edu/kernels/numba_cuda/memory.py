"""A caching allocator: blocks that arrays have given back are handed out again, without asking the driver.

A training loop asks for the same sizes in every step, so after its first one it never comes to the driver. Blocks
are of a few sizes only (multiples of 512 bytes, of 1 MiB from 2 MiB on), so that near sizes share them. Kernels run
in the order of their stream, so that a block may be given to the next array while a kernel that is still to run uses
it: that kernel comes first. (A block keeps the stream it was made for, and goes to no other.)
"""

from __future__ import annotations

import threading
from collections import defaultdict
from heapq import heappop, heappush
from typing import Any

import numpy as np

from tinygrad_edu.errors import OutOfMemoryError
from tinygrad_edu.kernels.numba_cuda.launching import parameters
from tinygrad_edu.kernels.numba_cuda.runtime import cuda
from tinygrad_edu.kernels.numba_cuda.streams import current
from tinygrad_edu.kernels.numba_cuda.tape import noting
from tinygrad_edu.kernels.presence import simulated

__all__ = ["Block", "Piece", "Pool", "pool"]

_SMALL, _LARGE = 512, 1 << 20
_BYTE = np.dtype(np.uint8)


class Piece:
    """A piece of the device's memory: Numba's array of bytes, where it begins, and how kernels take it."""

    __slots__ = ("address", "nbytes", "raw", "typed")

    def __init__(self, raw: Any, nbytes: int) -> None:
        self.raw, self.nbytes = raw, nbytes
        self.address = address_of(raw)
        self.typed: dict[Any, Any] = {}


class Block:
    """A piece of memory in use. It goes back to the pool when the last array on it is gone."""

    __slots__ = ("__weakref__", "_key", "nbytes", "piece")

    def __init__(self, piece: Piece, key: Any = None) -> None:
        self.piece = piece
        self.nbytes = piece.nbytes
        self._key = key  # size and stream; None where the memory belongs to somebody else

    @property
    def raw(self) -> Any:
        """Numba's array of the bytes, for copies to and from the CPU."""
        if noting.tape is not None and (tape := noting.mine()):
            tape.spoilt = True
        return self.piece.raw

    def typed(self, dtype: np.dtype[Any]) -> Any:
        """The whole block as a one-dimensional array that kernels take; made once for each type."""
        piece = self.piece
        found = piece.typed.get(dtype)
        if found is None:
            found = piece.typed[dtype] = argument(piece, dtype)
        if noting.tape is not None and (tape := noting.mine()):
            tape.typed(self, found, dtype)
        return found

    def held(self, dtype: np.dtype[Any]) -> Any:
        """The same, which holds the block while it lives: for a copy that nobody has but a launch's arguments."""
        found = self.typed(dtype)
        found = found.view(dtype) if simulated() else type(found)(found)
        found.holds = self
        if noting.tape is not None and (tape := noting.mine()):
            tape.typed(self, found, dtype)
        return found

    def address(self) -> int:
        """Where in the device's memory the block begins."""
        return self.piece.address

    def __del__(self) -> None:
        if self._key is not None and pool is not None:  # None: the interpreter is going down
            pool.give_back(self)


def address_of(raw: Any) -> int:
    """Where Numba's array begins."""
    return int(raw._ary.ctypes.data) if simulated() else int(raw.device_ctypes_pointer.value or 0)


def argument(piece: Piece, dtype: np.dtype[Any]) -> Any:
    """A piece as kernels take it: what the driver reads, or an array of the simulator."""
    size = piece.nbytes // dtype.itemsize
    if not simulated():
        return parameters(piece.address, size, dtype)
    whole = size * dtype.itemsize
    raw = piece.raw if whole == piece.nbytes else piece.raw[:whole]
    return raw if dtype == _BYTE else raw.view(dtype)


class Pool:
    """The blocks that are free, and how much is in use."""

    def __init__(self) -> None:
        # Heaps by address. The lowest is taken first, whatever order they came back in, so that a training loop finds
        # its arrays where they were in the step before, and what was made for those addresses serves again.
        self._free: dict[Any, list[tuple[int, int, Piece]]] = defaultdict(list)
        # All memory that came from the driver, by its id. Held here, because the collector, when it finds a block in a
        # cycle (a traceback's frames, say), runs Numba's finalizers before Block.__del__ can save the memory.
        self._pieces: dict[int, Piece] = {}
        self._lock = threading.RLock()  # a block may be given back by a finalizer that runs inside `take`
        self.allocated = self.peak = self.reserved = self.peak_reserved = 0
        self.driver_calls = 0
        self.limit: int | None = None  # bytes; for tests, and for those who share a device

    def take(self, nbytes: int) -> Block:
        """A block of at least so many bytes, uninitialised.

        Raises:
            OutOfMemoryError: the device has no more, even after all free blocks have been returned to it.
        """
        unit = _SMALL if nbytes < 2 * _LARGE else _LARGE
        size = (nbytes + unit - 1) // unit * unit or unit
        key = (size, current())
        with self._lock:
            free = self._free[key]
            piece = heappop(free)[2] if free else self._from_driver(size)
            self.allocated += size
            if self.allocated > self.peak:
                self.peak = self.allocated
        block = Block(piece, key)
        if noting.tape is not None and (tape := noting.mine()):
            tape.taken(block, nbytes)
        return block

    def give_back(self, block: Block) -> None:
        """Keep the memory of a block that no array uses any more."""
        if noting.tape is not None and (tape := noting.mine()):
            tape.freed(block)
        with self._lock:
            self.allocated -= block.nbytes
            piece = block.piece
            heappush(self._free[block._key], (piece.address, id(piece), piece))

    def _from_driver(self, size: int) -> Piece:
        if self.limit is not None and self.reserved + size > self.limit:
            self.empty()
            if self.reserved + size > self.limit:
                raise self._no_memory(size)
        try:
            raw = self._ask(size)
        except Exception as error:
            if not _is_out_of_memory(error):
                raise
            self.empty()
            try:
                raw = self._ask(size)
            except Exception as again:
                if not _is_out_of_memory(again):
                    raise
                raise self._no_memory(size) from None
        self.driver_calls += 1
        self.reserved += size
        self.peak_reserved = max(self.peak_reserved, self.reserved)
        piece = Piece(raw, size)
        self._pieces[id(piece)] = piece
        return piece

    def _ask(self, size: int) -> Any:
        return cuda().device_array(size, np.uint8)

    def _no_memory(self, size: int) -> OutOfMemoryError:
        free, total = free_and_total()
        if self.limit is not None:
            total = min(total, self.limit)
        return OutOfMemoryError(
            f"CUDA out of memory. Tried to allocate {_readable(size)}. GPU 0 has a total capacity of "
            f"{_readable(total)}, of which {_readable(free)} is free; {_readable(self.allocated)} is in use by tensors "
            "of this process. Let go of tensors you do not need (del, no_grad(), a smaller batch)."
        )

    def empty(self) -> None:
        """Return all free blocks to the driver."""
        with self._lock:
            for (size, _), free in self._free.items():
                self.reserved -= size * len(free)
                for _, _, piece in free:
                    del self._pieces[id(piece)]
            self._free.clear()

    def reset_peak(self) -> None:
        """The peak counts from now on."""
        self.peak, self.peak_reserved = self.allocated, self.reserved


def free_and_total() -> tuple[int, int]:
    """Bytes of the device that are free, and that it has; of the simulator those of a small device."""
    if simulated():
        return max((1 << 34) - pool.reserved, 0), 1 << 34
    info = cuda().current_context().get_memory_info()
    return int(info.free), int(info.total)


def _is_out_of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or "OUT_OF_MEMORY" in str(error) or "out of memory" in str(error).lower()


def _readable(size: int) -> str:
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB")):
        if size >= unit:
            return f"{size / unit:.2f} {name}"
    return f"{size / 1024:.2f} KiB"


pool = Pool()
