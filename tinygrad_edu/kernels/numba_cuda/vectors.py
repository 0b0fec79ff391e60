"""Neighbouring elements at once: reads and writes of up to 128 bits, which take a card one instruction for several.

Numba reads and writes an array element by element, and its compiler may not join them: it does not know that they begin
at a multiple of 16 bytes. `four` and `put_four`, and their kin for two and for eight, tell it so. Whoever calls them
answers for it; the simulator's twins refuse anything else.
"""

from __future__ import annotations

import functools
from importlib import import_module
from typing import Any

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray
from tinygrad_edu.kernels.presence import simulated

__all__ = ["ALIGNED", "WORDS", "in_fours", "vectors"]

ALIGNED = "" if simulated() else ", 16"  # what a shared array of fours is told; the simulator takes no alignment
WORDS = {2: "two", 4: "four", 8: "eight"}


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
    ``put_four(array, at, v0, v1, v2, v3)`` sets them; at is not negative, and a multiple of 4 from an element that is
    aligned to the size of all four. ``two``, ``put_two``, ``eight`` and ``put_eight`` are alike. An element may be of
    any type, as long as all together have no more than 16 bytes.
    """
    made = _plain if simulated() else _intrinsics
    return {name: function for count, word in WORDS.items() for name, function in made(count, word).items()}


def _plain(count: int, word: str) -> dict[str, Any]:
    """The simulator's."""

    def checked(array: Any, at: Any) -> int:
        at = int(at)
        if at < 0 or at % count:
            raise AssertionError(f"elements from {at} on do not begin at a multiple of {count}")
        return at

    def get(array: Any, at: Any) -> tuple[Any, ...]:
        at = checked(array, at)
        return tuple([array[at + i] for i in range(count)])

    def put(array: Any, at: Any, *values: Any) -> None:
        at = checked(array, at)
        for i, value in enumerate(values):
            array[at + i] = value

    return {word: get, f"put_{word}": put}


def _intrinsics(count: int, word: str) -> dict[str, Any]:
    """The same for Numba's compiler, which is told what instructions to make."""
    from llvmlite import ir
    from numba import types

    intrinsic = import_module("numba.cuda.extending").intrinsic

    def lane(i: int) -> Any:
        return ir.Constant(ir.IntType(32), i)

    def pointed(context: Any, builder: Any, signature: Any, args: Any) -> tuple[Any, Any, int, Any]:
        """The elements' model and bytes, those of each, and where they begin, as a pointer to a vector.

        The vector is of the elements, or, where they have less than 4 bytes, of words of up to 32 bits: the compiler
        would make several instructions of eight small elements.
        """
        array, at = signature.args[:2]
        first = context.make_array(array)(context, builder, value=args[0]).data
        index = context.cast(builder, args[1], at, types.intp if at.signed else types.uintp)
        element = context.get_data_type(array.dtype)
        each = context.get_abi_sizeof(element)
        if each < 4:
            word = min(each * count, 4)
            vector = ir.VectorType(ir.IntType(8 * word), each * count // word)
        else:
            vector = ir.VectorType(element, count)
        pointer = builder.bitcast(builder.gep(first, [index]), vector.as_pointer())
        return context.data_model_manager[array.dtype], pointer, each, element

    @intrinsic  # type: ignore[untyped-decorator, unused-ignore]
    def get(typing_context: Any, array: Any, at: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            model, pointer, each, element = pointed(context, builder, signature, args)
            vector = builder.load(pointer, align=each * count)
            parts = []
            for i in range(count):
                if each < 4:
                    in_word = min(each * count, 4) // each
                    word = builder.extract_element(vector, lane(i // in_word))
                    shifted = builder.lshr(word, ir.Constant(word.type, 8 * each * (i % in_word)))
                    part = builder.trunc(shifted, ir.IntType(8 * each)) if in_word > 1 else shifted
                    part = builder.bitcast(part, element)
                else:
                    part = builder.extract_element(vector, lane(i))
                parts.append(model.from_data(builder, part))
            return context.make_tuple(builder, signature.return_type, parts)

        return types.UniTuple(array.dtype, count)(array, at), generate

    def stores(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        model, pointer, each, _ = pointed(context, builder, signature, args)
        parts = [model.as_data(builder, value) for value in args[2:]]
        kind = pointer.type.pointee
        if each < 4:
            in_word = min(each * count, 4) // each
            small = [builder.bitcast(part, ir.IntType(8 * each)) for part in parts]
            parts = []
            for i in range(0, count, in_word):
                word = ir.Constant(kind.element, 0)
                for j, part in enumerate(small[i : i + in_word]):
                    wide = builder.zext(part, kind.element) if in_word > 1 else part
                    word = builder.or_(word, builder.shl(wide, ir.Constant(kind.element, 8 * each * j)))
                parts.append(word)
        vector = ir.Constant(kind, ir.Undefined)
        for i, part in enumerate(parts):
            vector = builder.insert_element(vector, part, lane(i))
        builder.store(vector, pointer, align=each * count)
        return context.get_dummy_value()

    # (an intrinsic's arguments are counted, not gathered: its text names each)
    names = ", ".join(f"v{i}" for i in range(count))
    text = f"def put(typing_context, array, at, {names}):\n    return signature(array, at), stores"
    space = {"signature": lambda array, at: types.void(array, at, *(array.dtype,) * count), "stores": stores}
    exec(compile(text, f"<put_{word}>", "exec"), space)
    return {word: get, f"put_{word}": intrinsic(space["put"])}
