"""Memory with bands of a known pattern around it: what a kernel writes beside its arrays is seen afterwards."""

from __future__ import annotations

from typing import Any

import numpy as np


class Guarded:
    """Stands for NumPy in a kernel's module: every array it makes lies between bands that are looked at afterwards."""

    def __init__(self) -> None:
        self.made: list[tuple[Any, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def empty(self, shape: Any, dtype: Any) -> Any:
        return self.between(np.full(shape, 7, dtype))

    def zeros(self, shape: Any, dtype: Any = float) -> Any:
        return self.between(np.zeros(shape, dtype))

    def between(self, inside: Any) -> Any:
        """The same numbers, with bytes of 0xA5 before and after them."""
        band = 4096
        memory = np.full(inside.nbytes + 2 * band, 0xA5, np.uint8)
        middle = memory[band : band + inside.nbytes].view(inside.dtype).reshape(inside.shape)
        middle[...] = inside
        self.made.append((memory, inside.nbytes))
        return middle

    def check(self) -> None:
        for memory, size in self.made:
            assert (memory[:4096] == 0xA5).all() and (memory[4096 + size :] == 0xA5).all()
