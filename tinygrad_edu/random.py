"""torch.random: the functions that seed and save the stream of random numbers, and a context that puts it back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tinygrad_edu.tensors.draws import get_rng_state, set_rng_state
from tinygrad_edu.tensors.random import default_generator, initial_seed, manual_seed, seed

__all__ = ["default_generator", "fork_rng", "get_rng_state", "initial_seed", "manual_seed", "seed", "set_rng_state"]


@contextmanager
def fork_rng(devices: Any = None, enabled: bool = True, **_options: Any) -> Iterator[None]:
    """Random numbers drawn inside leave the stream outside where it was.

    >>> import tinygrad_edu as tg
    >>> _ = tg.manual_seed(1); first = tg.rand(1)
    >>> _ = tg.manual_seed(1)
    >>> with fork_rng():
    ...     _ = tg.rand(5)
    >>> tg.equal(tg.rand(1), first)
    True
    """
    state = get_rng_state()
    try:
        yield
    finally:
        if enabled:
            set_rng_state(state)
