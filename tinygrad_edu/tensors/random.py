"""Generator: a seed and a place in its stream of random bits; and the default one behind manual_seed.

The stream is our own (see kernels/philox.py), so a seed gives the same numbers on every platform and with every
version of NumPy. They are not PyTorch's numbers: the same seed gives other values there. What is drawn from
the bits is in sampling.py.
"""

from __future__ import annotations

import os
from operator import index
from threading import Lock
from typing import Any

import numpy as np

from tinygrad_edu.tensors.device import as_device, device

__all__ = [
    "Generator", "default_generator", "get_rng_state", "initial_seed", "manual_seed", "seed", "set_rng_state",
]  # fmt: skip

DEFAULT_SEED = 67280421310721  # of a new Generator, as in PyTorch
_STATE_BYTES = 16  # the seed and the number of the next block, eight bytes each, low byte first


class Generator:
    """A source of random numbers: every draw starts at the next unused block of its stream.

    Threads may share one. One of "cuda" draws the same numbers, for Tensors there. Raises DeviceError for a device
    that no Tensor can live on.

    >>> g = Generator().manual_seed(7)
    >>> g.initial_seed(), g.device
    (7, device(type='cpu'))
    """

    __slots__ = ("_lock", "_seed", "_next", "device", "__weakref__")

    def __init__(self, device: str | device | None = "cpu") -> None:
        self.device = as_device(device, "Generator")
        self._lock = Lock()
        self._seed, self._next = DEFAULT_SEED, 0

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream of this seed from its beginning; returns the generator.

        Seeds are 64 bits; a negative one counts from the top (-1 is 2**64 - 1). Raises RuntimeError if it is
        no integer, ValueError if it is out of range.
        """
        if isinstance(seed, (bool, np.bool_)) or not hasattr(seed, "__index__"):
            raise RuntimeError(f"manual_seed: the seed must be an integer, not {type(seed).__name__}. Use int(...).")
        number = index(seed)
        if not -(2**63) <= number < 2**64:
            raise ValueError(f"manual_seed: {number} is out of range. A seed has 64 bits: from -2**63 to 2**64 - 1.")
        with self._lock:
            self._seed, self._next = number % 2**64, 0
        return self

    def seed(self) -> int:
        """Seed from the operating system's entropy, and return the seed so that the run can be repeated."""
        number = int.from_bytes(os.urandom(8), "little") >> 1  # 63 bits: fits a signed 64-bit integer anywhere
        self.manual_seed(number)
        return number

    def initial_seed(self) -> int:
        """The seed this stream was started with."""
        return self._seed

    def take(self, blocks: int) -> tuple[int, int]:
        """Reserve the next blocks of the stream: (seed, number of the first). Nobody else gets the same
        ones."""
        with self._lock:
            first = self._next
            self._next = (first + blocks) % 2**64
            return self._seed, first

    def get_state(self) -> np.ndarray[Any, Any]:
        """Seed and place in the stream: an array of 16 uint8, to be given back to set_state."""
        with self._lock:
            text = self._seed.to_bytes(8, "little") + self._next.to_bytes(8, "little")
        return np.frombuffer(text, np.uint8).copy()

    def set_state(self, new_state: Any) -> None:
        """Go back to a state that get_state returned (an array or Tensor of uint8).

        Raises TypeError for another element type, RuntimeError for another size.
        """
        state = np.asarray(getattr(new_state, "_data", new_state))
        if state.dtype != np.uint8:
            raise TypeError(f"set_state: the state must be the uint8 array get_state() returned, not {state.dtype}.")
        if state.shape != (_STATE_BYTES,):
            raise RuntimeError(
                f"set_state: a state has {_STATE_BYTES} bytes, this one has shape {state.shape}. "
                "Pass what get_state() of this library returned; PyTorch's states describe another stream."
            )
        text = state.tobytes()
        with self._lock:
            self._seed, self._next = int.from_bytes(text[:8], "little"), int.from_bytes(text[8:], "little")

    def clone_state(self) -> Generator:
        """Another generator at the same place in the same stream."""
        return _restore(self.get_state(), self.device.type)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.get_state(), self.device.type)  # pickle and copy: the place in the stream, not the lock


def _restore(state: np.ndarray[Any, Any], place: str = "cpu") -> Generator:
    generator = Generator(place)
    generator.set_state(state)
    return generator


default_generator = Generator()
default_generator.seed()  # unseeded programs differ from run to run


def manual_seed(seed: Any) -> Generator:
    """Seed the default generator, and return it. A number that is no integer is truncated, as in PyTorch."""
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Seed the default generator from the operating system's entropy; returns the seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed of the default generator."""
    return default_generator.initial_seed()


def get_rng_state() -> np.ndarray[Any, Any]:
    """The state of the default generator: an array of 16 uint8."""
    return default_generator.get_state()


def set_rng_state(new_state: Any) -> None:
    """Put the default generator into a state that get_rng_state returned."""
    default_generator.set_state(new_state)
