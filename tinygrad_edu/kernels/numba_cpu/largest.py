"""The larger of two rows, and where it was: the step of max pooling, without a branch for the processor to guess.

Written in Python, LLVM makes branches of the choices, and guessing those of random numbers costs more than the rest.
"""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from tinygrad_edu.kernels.numba_cpu.compiler import CHECKED, compiled_exactly
from tinygrad_edu.kernels.numba_cpu.instructions import Vectors
from tinygrad_edu.kernels.numba_cpu.tiles import WIDTH

__all__ = ["SLACK", "larger"]

SLACK = WIDTH  # elements behind the last one of each row that are read, and written as they were

Array = Any


@intrinsic
def _larger(typing: Any, row: Any, tops: Any, places: Any, first: Any, count: Any, at: Any, step: Any) -> Any:
    """tops[first + j] = row[j], and places[first + j] = at + j * step, where it is larger, or nan, or the first."""
    signature = types.void(row, tops, places, *[types.intp] * 4)

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vec = Vectors(context, builder, signature.args[0].dtype, WIDTH)
        zero = vec.index(0)
        elements, best, found = [
            vec.pointer(kind, array, start)
            for kind, array, start in zip(signature.args, args[:3], (zero, args[3], args[3]), strict=False)
        ]
        wide = ir.VectorType(ir.IntType(64), vec.lanes)
        numbers = ir.Constant(wide, list(range(vec.lanes)))

        def step(start: Any, mask: Any) -> None:
            # whole vectors: what has just been stored through a mask would be slow to load again
            row, tops, places = (builder.gep(pointer, [start]) for pointer in (elements, best, found))
            value, top, index = vec.load(row, 0), vec.load(tops, 0), vec.load(places, 0, wide)
            better = builder.or_(builder.fcmp_ordered(">", value, top), builder.fcmp_unordered("uno", value, value))
            better = builder.or_(better, builder.icmp_signed("<", index, ir.Constant(wide, [0] * vec.lanes)))
            better = builder.and_(better, mask)
            apart = builder.mul(numbers, vec.repeat(args[6], wide))
            here = builder.add(vec.repeat(builder.add(args[5], builder.mul(start, args[6])), wide), apart)
            vec.store(builder.select(better, value, top), tops, 0)
            vec.store(builder.select(better, here, index), places, 0)

        vec.by_vectors(args[4], step)
        return context.get_dummy_value()

    return signature, code


@compiled_exactly
def _larger_checked(row: Array, tops: Array, places: Array, first: int, count: int, at: int, step: int) -> None:
    for j in range(count):
        if row[j] > tops[first + j] or row[j] != row[j] or places[first + j] < 0:
            tops[first + j], places[first + j] = row[j], at + j * step


larger: Any = _larger_checked if CHECKED else _larger
