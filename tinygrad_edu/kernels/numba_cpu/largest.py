"""The larger of two rows, and where it was: the step of max pooling; and the largest element of a row.

There is no branch for the processor to guess, and four vectors of largest elements stay in registers. Written in
Python, LLVM makes branches of the choices, and guessing those of random numbers costs more than the rest.
"""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from tinygrad_edu.kernels.numba_cpu.compiler import CHECKED, compiled_exactly
from tinygrad_edu.kernels.numba_cpu.instructions import Vectors, loop
from tinygrad_edu.kernels.numba_cpu.tiles import WIDTH

__all__ = ["SLACK", "larger", "top_of"]

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


@intrinsic
def _top_of(typing: Any, row: Any, sign: Any) -> Any:
    """The largest of a contiguous row's elements times the sign, but nan; -inf if there is none."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = signature.args[0]
        vec = Vectors(context, builder, kind.dtype, WIDTH)
        start, size = vec.pointer(kind, args[0], vec.index(0)), vec.index(4 * vec.lanes)
        low = ir.Constant(vec.type, [float("-inf")] * vec.lanes)
        sign = vec.splat(args[1])
        count = context.make_array(kind)(context, builder, args[0]).nitems
        numbers = ir.Constant(ir.VectorType(ir.IntType(64), vec.lanes), list(range(vec.lanes)))

        def larger_of(value: Any, top: Any) -> Any:
            return builder.select(builder.fcmp_ordered(">", value, top), value, top)

        def four(i: Any, tops: list[Any]) -> list[Any]:
            at = builder.gep(start, [builder.mul(i, size)])
            return [larger_of(builder.fmul(vec.load(at, j * vec.lanes), sign), top) for j, top in enumerate(tops)]

        def rest(i: Any, tops: list[Any]) -> list[Any]:
            done = builder.add(whole, builder.mul(i, vec.index(vec.lanes)))
            mask = builder.icmp_signed("<", numbers, vec.repeat(builder.sub(count, done), numbers.type))
            value = builder.fmul(vec.load_some(builder.gep(start, [done]), mask), sign)
            return [larger_of(builder.select(mask, value, low), tops[0])]

        fours = builder.sdiv(count, size)
        tops = loop(builder, fours, [low] * 4, four)
        best = larger_of(larger_of(tops[0], tops[1]), larger_of(tops[2], tops[3]))
        whole = builder.mul(fours, size)
        vectors = builder.add(builder.sub(count, whole), vec.index(vec.lanes - 1))
        best = loop(builder, builder.sdiv(vectors, vec.index(vec.lanes)), [best], rest)[0]
        lanes = [builder.extract_element(best, ir.Constant(ir.IntType(32), j)) for j in range(vec.lanes)]
        while len(lanes) > 1:
            lanes = [larger_of(a, b) for a, b in zip(lanes[::2], lanes[1::2], strict=True)]
        return lanes[0]

    return row.dtype(row, row.dtype), code


@compiled_exactly
def _top_of_checked(row: Array, sign: Any) -> Any:
    top = row.dtype.type(-np.inf)
    for i in range(row.size):
        top = row[i] * sign if row[i] * sign > top else top
    return top


top_of: Any = _top_of_checked if CHECKED else _top_of
larger: Any = _larger_checked if CHECKED else _larger
