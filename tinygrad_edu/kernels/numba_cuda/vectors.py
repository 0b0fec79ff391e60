"""Four neighbouring elements at once: reads and writes of 128 bits, which take a card one instruction instead of four.

Numba reads and writes an array element by element, and its compiler may not join them: it does not know that they begin
at a multiple of 16 bytes. `four` and `put_four` tell it so. Whoever calls them answers for it; the simulator's twins
refuse anything else.
"""

from __future__ import annotations

import functools
from importlib import import_module
from typing import Any

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray
from tinygrad_edu.kernels.presence import simulated

__all__ = ["ALIGNED", "in_fours", "vectors"]

ALIGNED = "" if simulated() else ", 16"  # what a shared array of fours is told; the simulator takes no alignment


def in_fours(a: DeviceArray, axis: int) -> bool:
    """Whether the array can be read in fours along an axis: they lie side by side, none is cut, each begins aligned."""
    four = 4 * a.itemsize
    if a.strides[axis] != a.itemsize or a.shape[axis] % 4 or a.offset % four or a.block.address() % 16:
        return False
    steps = zip(a.strides, a.shape, strict=True)
    return all(step % four == 0 for d, (step, size) in enumerate(steps) if size != 1 and d != axis % a.ndim)


@functools.cache
def vectors() -> dict[str, Any]:
    """What the text of a kernel calls.

    ``four(array, at)`` gives the elements at, at + 1, at + 2, at + 3 of an array of one dimension, and
    ``put_four(array, at, v0, v1, v2, v3)`` sets them; at is not negative, and a multiple of 4 from an aligned element.
    """
    if simulated():
        return {"four": _four, "put_four": _put_four}
    return _intrinsics()


def _checked(array: Any, at: Any) -> int:
    at = int(at)
    if at < 0 or at % 4:
        raise AssertionError(f"elements from {at} on do not begin at a multiple of 16 bytes")
    return at


def _four(array: Any, at: Any) -> tuple[Any, ...]:
    at = _checked(array, at)
    return array[at], array[at + 1], array[at + 2], array[at + 3]


def _put_four(array: Any, at: Any, *values: Any) -> None:
    at = _checked(array, at)
    for i, value in enumerate(values):
        array[at + i] = value


def _intrinsics() -> dict[str, Any]:
    """The same for Numba's compiler, which is told what instructions to make."""
    from llvmlite import ir
    from numba import types

    intrinsic = import_module("numba.cuda.extending").intrinsic

    def place(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        """Where the four elements begin, as a pointer to a vector."""
        array, at = signature.args[:2]
        first = context.make_array(array)(context, builder, value=args[0]).data
        index = context.cast(builder, args[1], at, types.intp)
        vector = ir.VectorType(context.get_data_type(array.dtype), 4)
        return builder.bitcast(builder.gep(first, [index]), vector.as_pointer())

    @intrinsic  # type: ignore[untyped-decorator, unused-ignore]
    def four(typing_context: Any, array: Any, at: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            vector = builder.load(place(context, builder, signature, args), align=16)
            parts = [builder.extract_element(vector, ir.Constant(ir.IntType(32), i)) for i in range(4)]
            return context.make_tuple(builder, signature.return_type, parts)

        return types.UniTuple(array.dtype, 4)(array, at), generate

    @intrinsic  # type: ignore[untyped-decorator, unused-ignore]
    def put_four(typing_context: Any, array: Any, at: Any, v0: Any, v1: Any, v2: Any, v3: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            target = place(context, builder, signature, args)
            vector = ir.Constant(ir.VectorType(args[2].type, 4), ir.Undefined)
            for i, value in enumerate(args[2:]):
                vector = builder.insert_element(vector, value, ir.Constant(ir.IntType(32), i))
            builder.store(vector, target, align=16)
            return context.get_dummy_value()

        return types.void(array, at, *(array.dtype,) * 4), generate

    return {"four": four, "put_four": put_four}
