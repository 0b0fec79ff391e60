"""finfo and iinfo: how large, how small and how fine the numbers of an element type are."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.tensors.dtype import dtype, get_default_dtype

__all__ = ["finfo", "iinfo"]


def _checked(function: str, type: Any) -> dtype:
    if not isinstance(type, dtype):
        raise TypeError(f"{function}(): type must be an element type such as tinygrad_edu.float32, not {type!r}.")
    return type


class finfo:
    """The limits of a floating-point type (the default type if none is given).

    ``eps`` is the gap from 1 to the next number, ``smallest_normal`` (also ``tiny``) the smallest number at
    full precision, ``resolution`` ten to the minus the number of reliable digits. Raises TypeError for other
    types.

    >>> from tinygrad_edu.tensors.dtype import float32
    >>> finfo(float32).eps
    1.1920928955078125e-07
    """

    __slots__ = ("bits", "dtype", "eps", "max", "min", "resolution", "smallest_normal", "tiny")

    def __init__(self, type: dtype | None = None) -> None:
        kind = _checked("finfo", get_default_dtype() if type is None else type)
        if not kind.is_floating_point:
            raise TypeError(f"finfo(): {kind} is not a floating-point type. Use iinfo for integers.")
        info = np.finfo(kind.numpy)
        self.bits, self.dtype = int(info.bits), kind.name
        self.eps, self.max, self.min = float(info.eps), float(info.max), float(info.min)
        self.smallest_normal = self.tiny = float(info.smallest_normal)
        self.resolution = 10.0**-info.precision

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )

    def __eq__(self, other: object) -> bool:
        return self.dtype == other.dtype if isinstance(other, finfo) else NotImplemented

    def __hash__(self) -> int:
        return hash((finfo, self.dtype))


class iinfo:
    """The limits of an integer type. Raises TypeError for floating-point types and for bool.

    >>> from tinygrad_edu.tensors.dtype import uint8
    >>> iinfo(uint8).max
    255
    """

    __slots__ = ("bits", "dtype", "max", "min")

    def __init__(self, type: dtype) -> None:
        kind = _checked("iinfo", type)
        if kind.is_floating_point:
            raise TypeError(f"iinfo(): {kind} is not an integer type. Use finfo for floating-point types.")
        if kind.numpy == np.bool_:
            raise TypeError("iinfo(): bool has no integer limits; its values are False and True.")
        info = np.iinfo(kind.numpy)
        self.bits, self.dtype = int(info.bits), kind.name
        self.max, self.min = int(info.max), int(info.min)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"

    def __eq__(self, other: object) -> bool:
        return self.dtype == other.dtype if isinstance(other, iinfo) else NotImplemented

    def __hash__(self) -> int:
        return hash((iinfo, self.dtype))
