"""Emitting vector instructions: what the tiles say to LLVM, in the words of vectors instead of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils

__all__ = ["Vectors", "loop"]

_INDEX = ir.IntType(64)


class Vectors:
    """Vectors of `width` bytes of one type of float, emitted where `builder` stands."""

    def __init__(self, context: Any, builder: Any, dtype: Any, width: int) -> None:
        self.context, self.builder = context, builder
        self.kind = context.get_value_type(dtype)
        self.bytes = dtype.bitwidth // 8
        self.lanes = width // self.bytes
        self.type = ir.VectorType(self.kind, self.lanes)
        self.suffix = f"v{self.lanes}f{dtype.bitwidth}"
        self.zero = ir.Constant(self.type, [0.0] * self.lanes)

    def index(self, number: int) -> Any:
        return ir.Constant(_INDEX, number)

    def pointer(self, kind: Any, array: Any, start: Any) -> Any:
        """To the element `start` of an array."""
        data = self.context.make_array(kind)(self.context, self.builder, array).data
        return self.builder.gep(data, [start])

    def _vector_at(self, pointer: Any, shift: int, kind: Any = None) -> Any:
        at = self.builder.gep(pointer, [self.index(shift)]) if shift else pointer
        return self.builder.bitcast(at, (kind or self.type).as_pointer())

    def load(self, pointer: Any, shift: int, kind: Any = None) -> Any:
        """`kind`: another type of vector than that of floats."""
        return self.builder.load(self._vector_at(pointer, shift, kind), align=self.bytes)

    def store(self, value: Any, pointer: Any, shift: int) -> None:
        self.builder.store(value, self._vector_at(pointer, shift, value.type), align=self.bytes)

    def splat(self, value: Any) -> Any:
        """A vector of one number."""
        return self.repeat(value, self.type)

    def repeat(self, value: Any, kind: Any) -> Any:
        """A vector of that kind of one number."""
        first = self.builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
        lanes = ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(first, ir.Constant(kind, ir.Undefined), lanes)

    def spread(self, pointer: Any, shift: int) -> Any:
        """A vector of the number there."""
        return self.splat(self.builder.load(self.builder.gep(pointer, [self.index(shift)]) if shift else pointer))

    def _call(self, name: str, result: Any, *args: Any) -> Any:
        kind = ir.FunctionType(result, [a.type for a in args])
        return self.builder.call(cgutils.get_or_insert_function(self.builder.module, kind, name), args)

    def muladd(self, a: Any, b: Any, c: Any) -> Any:
        """a * b + c, rounded once where the processor can."""
        return self._call(f"llvm.fmuladd.{self.suffix}", self.type, a, b, c)

    def total(self, value: Any) -> Any:
        """The sum of the lanes, from the first on."""
        start = ir.Constant(self.kind, -0.0)
        return self._call(f"llvm.vector.reduce.fadd.{self.suffix}", self.kind, start, value)

    def load_some(self, pointer: Any, mask: Any) -> Any:
        """The lanes in the mask; the others are not read, and 0."""
        at, align = self._vector_at(pointer, 0), ir.Constant(ir.IntType(32), self.bytes)
        return self._call(f"llvm.masked.load.{self.suffix}.p0", self.type, at, align, mask, self.zero)

    def store_some(self, value: Any, pointer: Any, mask: Any) -> None:
        at, align = self._vector_at(pointer, 0), ir.Constant(ir.IntType(32), self.bytes)
        self._call(f"llvm.masked.store.{self.suffix}.p0", ir.VoidType(), value, at, align, mask)

    def end_tile(self, sums: list[Any], into: Any, pitch: Any, vectors: int, more: Any) -> None:
        """Write the sums of a tile, added to what is there if `more`.

        They come row after row, so many vectors each. The first row begins at `into`, the others each `pitch` elements
        after the one before.
        """
        builder = self.builder
        targets = [builder.gep(into, [builder.mul(self.index(r), pitch)]) for r in range(len(sums) // vectors)]
        places = [(target, j * self.lanes) for target in targets for j in range(vectors)]
        with builder.if_else(more) as (added, alone):
            with added:
                for total, (target, shift) in zip(sums, places, strict=True):
                    self.store(builder.fadd(total, self.load(target, shift)), target, shift)
            with alone:
                for total, (target, shift) in zip(sums, places, strict=True):
                    self.store(total, target, shift)

    def by_vectors(self, count: Any, step: Callable[[Any, Any], None]) -> None:
        """``step(start, mask)`` for `count` elements, a vector at a time, the mask for those that are left."""
        lanes = self.index(self.lanes)
        vectors = self.builder.sdiv(self.builder.add(count, self.index(self.lanes - 1)), lanes)
        wide = ir.VectorType(_INDEX, self.lanes)
        numbers = ir.Constant(wide, list(range(self.lanes)))

        def body(i: Any, _: list[Any]) -> list[Any]:
            start = self.builder.mul(i, lanes)
            left = self.repeat(self.builder.sub(count, start), wide)
            step(start, self.builder.icmp_signed("<", numbers, left))
            return []

        loop(self.builder, vectors, [], body)


def loop(builder: Any, count: Any, carried: list[Any], step: Callable[[Any, list[Any]], list[Any]]) -> list[Any]:
    """``carried = step(i, carried)`` for i below `count`; returns what is carried out. It stays in registers."""
    before = builder.block
    head = builder.append_basic_block("tile.head")
    body = builder.append_basic_block("tile.body")
    after = builder.append_basic_block("tile.after")
    builder.branch(head)
    builder.position_at_end(head)
    i = builder.phi(_INDEX)
    values = [builder.phi(value.type) for value in carried]
    builder.cbranch(builder.icmp_signed("<", i, count), body, after)
    builder.position_at_end(body)
    changed = step(i, values)
    following = builder.add(i, ir.Constant(_INDEX, 1))
    for phi, first, next_ in zip([i, *values], [ir.Constant(_INDEX, 0), *carried], [following, *changed], strict=True):
        phi.add_incoming(first, before)
        phi.add_incoming(next_, builder.block)
    builder.branch(head)
    builder.position_at_end(after)
    return values
