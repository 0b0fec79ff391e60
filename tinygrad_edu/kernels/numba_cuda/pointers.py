"""Elements that a kernel finds by their address: how one launch reaches arrays whose number nobody knows beforehand.

An array among a kernel's arguments takes 56 bytes of the 4096 that a launch has, an address in a table takes 8, and the
table may be of any length. Whoever calls these answers for the addresses; the simulator, where they are addresses of
the CPU's memory, looks up the elements there.
"""

from __future__ import annotations

import ctypes
import functools
from importlib import import_module
from typing import Any

import numpy as np

from tinygrad_edu.kernels.presence import simulated

__all__ = ["pointers"]


@functools.cache
def pointers() -> dict[str, Any]:
    """What the text of a kernel calls. Elements are of the type of the last argument, or of `like`.

    ``get(address, i, like)`` gives element i of the array that begins there, ``put(address, i, value)`` sets it;
    ``get_four(address, i, like)`` and ``put_four_at(address, i, v0, v1, v2, v3)`` do so with elements i to i + 3, by
    instructions of 128 bits: that address has to be a multiple of 16 bytes.
    """
    if simulated():
        return {"get": _get, "put": _put, "get_four": _get_four, "put_four_at": _put_four_at}
    return _intrinsics()


_TYPES: dict[Any, Any] = {np.float32: ctypes.c_float, np.float64: ctypes.c_double, np.int64: ctypes.c_int64}


def _place(address: Any, i: Any, kind: Any) -> Any:
    return _TYPES[kind].from_address(int(address) + int(i) * np.dtype(kind).itemsize)


def _get(address: Any, i: Any, like: Any) -> Any:
    return type(like)(_place(address, i, type(like)).value)


def _put(address: Any, i: Any, value: Any) -> None:
    _place(address, i, type(value)).value = value.item()


def _refuse_crooked(address: Any, i: Any, kind: Any) -> None:
    if (int(address) + int(i) * np.dtype(kind).itemsize) % 16:
        raise AssertionError(f"element {i} does not lie at a multiple of 16 bytes")


def _get_four(address: Any, i: Any, like: Any) -> tuple[Any, ...]:
    _refuse_crooked(address, i, type(like))
    return tuple([_get(address, i + w, like) for w in range(4)])


def _put_four_at(address: Any, i: Any, *values: Any) -> None:
    _refuse_crooked(address, i, type(values[0]))
    for w, value in enumerate(values):
        _put(address, i + w, value)


def _intrinsics() -> dict[str, Any]:
    """The same for Numba's compiler. The memory is said to be the card's: else every access would look that up."""
    from llvmlite import ir
    from numba import types

    intrinsic = import_module("numba.cuda.extending").intrinsic
    card = 1  # NVVM's number of the memory that all threads see

    def place(context: Any, builder: Any, kind: Any, signature: Any, args: Any) -> Any:
        """The address of element i, as a pointer to numbers."""
        address = context.cast(builder, args[0], signature.args[0], types.int64)
        index = context.cast(builder, args[1], signature.args[1], types.int64)
        return builder.gep(builder.inttoptr(address, kind.as_pointer(card)), [index])

    @intrinsic  # type: ignore[untyped-decorator, unused-ignore]
    def get(typing_context: Any, address: Any, i: Any, like: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            kind = context.get_data_type(like)
            return builder.load(place(context, builder, kind, signature, args), align=context.get_abi_sizeof(kind))

        return like(address, i, like), generate

    @intrinsic  # type: ignore[untyped-decorator, unused-ignore]
    def put(typing_context: Any, address: Any, i: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            kind = args[2].type
            builder.store(args[2], place(context, builder, kind, signature, args), align=context.get_abi_sizeof(kind))
            return context.get_dummy_value()

        return types.void(address, i, value), generate

    @intrinsic  # type: ignore[untyped-decorator, unused-ignore]
    def get_four(typing_context: Any, address: Any, i: Any, like: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            kind = context.get_data_type(like)
            begin = place(context, builder, kind, signature, args)
            vector = builder.load(builder.bitcast(begin, ir.VectorType(kind, 4).as_pointer(card)), align=16)
            parts = [builder.extract_element(vector, ir.Constant(ir.IntType(32), w)) for w in range(4)]
            return context.make_tuple(builder, signature.return_type, parts)

        return types.UniTuple(like, 4)(address, i, like), generate

    @intrinsic  # type: ignore[untyped-decorator, unused-ignore]
    def put_four_at(typing_context: Any, address: Any, i: Any, v0: Any, v1: Any, v2: Any, v3: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            kind = args[2].type
            begin = place(context, builder, kind, signature, args)
            vector = ir.Constant(ir.VectorType(kind, 4), ir.Undefined)
            for w, value in enumerate(args[2:]):
                vector = builder.insert_element(vector, value, ir.Constant(ir.IntType(32), w))
            builder.store(vector, builder.bitcast(begin, ir.VectorType(kind, 4).as_pointer(card)), align=16)
            return context.get_dummy_value()

        return types.void(address, i, v0, v1, v2, v3), generate

    return {"get": get, "put": put, "get_four": get_four, "put_four_at": put_four_at}
