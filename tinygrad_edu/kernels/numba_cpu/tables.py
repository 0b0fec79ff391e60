"""Handing many arrays to compiled code at once: a table of their addresses, a row for each parameter that is stepped.

Handing over an array takes as long as computing hundreds of its elements, so an optimizer's kernel gets one table.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import types
from numba.extending import intrinsic

from tinygrad_edu.kernels.numba_cpu.compiler import compiled_exactly
from tinygrad_edu.kernels.numba_cpu.layout import suits
from tinygrad_edu.kernels.threads import on_pieces

__all__ = ["column", "stepped"]

Array = Any
carray: Any = getattr(numba, "carray")  # noqa: B009 - Numba does not name it for type checkers


def _pointer_code(typing: Any, address: Any, kind: Any) -> Any:
    """The address of numbers like `kind` as a pointer to them."""

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    return types.CPointer(kind)(address, kind), emit


_pointer: Any = intrinsic(_pointer_code)


@compiled_exactly
def column(table: Array, row: int, number: int, like: Any) -> Any:
    """In a kernel: array `number`, counted from 0, of a row of the table. Its elements are of the type of `like`."""
    return carray(_pointer(table[row, number + 1], like), table[row, 0])


@compiled_exactly
def _enter(table: Array, row: int, *arrays: Array) -> None:
    """The row of these arrays, which have one dimension, in the table."""
    table[row, 0] = arrays[0].size
    for number in range(len(arrays)):
        table[row, number + 1] = arrays[number].ctypes.data


def stepped(function: Any, columns: tuple[list[Array], ...], numbers: tuple[float, ...], *flags: bool) -> Any:
    """Run the compiled step on all parameters, shared among the threads; NotImplemented if one is not for it.

    A column has an array of each parameter: ``function(table, *numbers, *flags)`` finds them with :func:`column`. The
    numbers come in the parameters' type, so that they are rounded as NumPy rounds them.
    """
    first = columns[0][0]
    if not suits(first):
        return NotImplemented
    kind, table = first.dtype, np.empty((len(columns[0]), 1 + len(columns)), np.int64)
    for row, arrays in enumerate(zip(*columns, strict=True)):
        shape = arrays[0].shape
        for a in arrays:
            # carray: contiguous, and may be written to
            if a.__class__ is not np.ndarray or a.dtype != kind or a.shape != shape or not a.flags.carray:
                return NotImplemented
        _enter(table, row, *[a.reshape(-1) for a in arrays])
    on_pieces(function, table, kind.itemsize, extra=[*map(kind.type, numbers), *flags])
    return None
