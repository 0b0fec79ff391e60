"""Size: the shape of a tensor, a tuple of ints that prints as PyTorch's and stays a Size when sliced."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from operator import index
from typing import Any, SupportsIndex

__all__ = ["Size", "size_of"]


class Size(tuple[int, ...]):
    """The shape of a tensor.

    Raises TypeError if an entry is not an integer.

    >>> shape = Size([2, 3, 4])
    >>> shape[1:], shape + (5,), shape.numel(), shape == (2, 3, 4)
    (torch.Size([3, 4]), torch.Size([2, 3, 4, 5]), 24, True)
    """

    __slots__ = ()

    def __new__(cls, sizes: Iterable[SupportsIndex] = ()) -> Size:
        entries = tuple(sizes)
        for position, entry in enumerate(entries):
            if not hasattr(entry, "__index__"):
                raise TypeError(
                    f"Size: takes whole numbers, one per dimension; item {position} is {entry!r} "
                    f"({type(entry).__name__})."
                )
        return tuple.__new__(cls, (int(index(entry)) for entry in entries))

    def numel(self) -> int:
        """How many elements a tensor of this shape has: the product of the sizes, 1 for no dimensions."""
        return prod(self)

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"

    __str__ = __repr__

    def __getitem__(self, key: Any) -> Any:
        found = tuple.__getitem__(self, key)
        return size_of(found) if isinstance(key, slice) else found

    def __add__(self, other: Any) -> Size:
        if not isinstance(other, tuple):
            raise TypeError(f"Size: only a tuple can be joined to it, not {type(other).__name__}. Use tuple(...).")
        return Size(tuple.__add__(self, other))

    def __radd__(self, other: Any) -> Size:
        if not isinstance(other, tuple):
            raise TypeError(f"Size: can only be joined to a tuple, not {type(other).__name__}. Use tuple(...).")
        return Size(tuple.__add__(other, self))

    def __mul__(self, times: SupportsIndex) -> Size:
        return size_of(tuple.__mul__(self, times))

    __rmul__ = __mul__

    def __reduce__(self) -> tuple[Any, ...]:
        return Size, (tuple(self),)


def size_of(shape: tuple[int, ...]) -> Size:
    """A Size from a tuple known to hold ints (an array's shape): no checks, for the hot path.

    >>> size_of((2, 3))
    torch.Size([2, 3])
    """
    return tuple.__new__(Size, shape)
