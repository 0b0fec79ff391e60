"""The register tiles of the convolutions: small blocks of a matrix product whose sums never leave the registers.

Written as loops in Python, LLVM keeps the sums in memory and the product runs at a third of the speed; so these
functions emit vector instructions themselves. How many sums fit depends on the processor: `SHAPE` is chosen from its
features. Under bounds checks (`compiler.CHECKED`) loops with checked indices stand in; they are the specification.
The sums of one tile are added up in order, so the same input gives the same bits.
"""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

import platform
from typing import Any, NamedTuple

from llvmlite import binding
from numba import types
from numba.core import cgutils, config
from numba.extending import intrinsic

from tinygrad_edu.kernels.numba_cpu.compiler import CHECKED, compiled
from tinygrad_edu.kernels.numba_cpu.instructions import Vectors, loop

__all__ = ["ROWS", "SHAPE", "VECTORS", "copy_row", "dot", "outer", "product", "shape_for"]

Array = Any


class Shape(NamedTuple):
    """A tile: bytes of a vector, rows, and vectors side by side."""

    width: int
    rows: int
    vectors: int


def shape_for(features: str, machine: str) -> Shape:
    """The largest tile whose sums, factors and one spare fit the vector registers of a processor.

    >>> shape_for("+avx,+avx2,+avx512f,+fma", "x86_64")
    Shape(width=64, rows=8, vectors=3)
    """
    names = {part[1:] for part in features.split(",") if part.startswith("+")}
    if "avx512f" in names:
        return Shape(64, 8, 3)  # 32 registers
    if "avx2" in names or "avx" in names:
        return Shape(32, 4, 3)  # 16 registers
    return Shape(16, 8, 3) if machine.lower() in ("aarch64", "arm64") else Shape(16, 4, 2)


def _features() -> str:
    # what Numba compiles for: its machine code is cached by these features, so a constant made of them may be too
    settings: Any = config
    if settings.CPU_FEATURES is not None:
        return str(settings.CPU_FEATURES)
    try:
        return str(binding.get_host_cpu_features().flatten())
    except RuntimeError:  # unknown to LLVM
        return ""


SHAPE = shape_for(_features(), platform.machine())
WIDTH, ROWS, VECTORS = SHAPE
HALF = ROWS // 2


def _product(rows: int, vectors: int) -> Any:
    """out[r, q] = sum over k of w[k, r] * x[offsets[k] + q]: a row of x for each k, wherever it begins."""

    @intrinsic
    def tile(
        typing: Any, w: Any, w0: Any, x: Any, x0: Any, offsets: Any, k0: Any, count: Any,
        out: Any, out0: Any, pitch: Any,
    ) -> Any:  # fmt: skip
        at = types.intp
        signature = types.void(w, at, x, at, offsets, at, at, out, at, at)

        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            vec = Vectors(context, builder, signature.args[0].dtype, WIDTH)
            pointers = [vec.pointer(signature.args[i], args[i], args[i + 1]) for i in (0, 2, 4, 7)]
            weights, data, table, into = pointers

            def step(k: Any, sums: list[Any]) -> list[Any]:
                row = builder.gep(data, [builder.load(builder.gep(table, [k]))])
                lines = [vec.load(row, j * vec.lanes) for j in range(vectors)]
                at = builder.gep(weights, [builder.mul(k, vec.index(ROWS))])
                return [
                    vec.muladd(factor, line, sums[r * vectors + j])
                    for r in range(rows)
                    for factor in [vec.spread(at, r)]
                    for j, line in enumerate(lines)
                ]

            sums = loop(builder, args[6], [vec.zero] * (rows * vectors), step)
            for r in range(rows):
                line = builder.gep(into, [builder.mul(vec.index(r), args[9])])
                for j in range(vectors):
                    vec.store(sums[r * vectors + j], line, j * vec.lanes)
            return context.get_dummy_value()

        return signature, code

    return tile


def _outer(rows: int, vectors: int) -> Any:
    """out[r, o] += sum over i, j of x[offsets[r] + i * step + j] * g[i * columns + j, o]."""

    @intrinsic
    def tile(
        typing: Any, x: Any, x0: Any, offsets: Any, k0: Any, g: Any, g0: Any, out: Any, out0: Any,
        pitch: Any, lines: Any, columns: Any, step: Any,
    ) -> Any:  # fmt: skip
        signature = types.void(x, types.intp, offsets, types.intp, g, types.intp, out, *[types.intp] * 5)

        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            vec = Vectors(context, builder, signature.args[0].dtype, WIDTH)
            data, table, up, into = [vec.pointer(signature.args[i], args[i], args[i + 1]) for i in (0, 2, 4, 6)]
            pitch, lines, columns, step = args[8:]
            starts = [builder.load(builder.gep(table, [vec.index(r)])) for r in range(rows)]
            from_rows = [builder.gep(data, [start]) for start in starts]
            targets = [builder.gep(into, [builder.mul(vec.index(r), pitch)]) for r in range(rows)]

            def along(i: Any, sums: list[Any]) -> list[Any]:
                here, there = builder.mul(i, step), builder.mul(builder.mul(i, columns), pitch)
                points = [builder.gep(row, [here]) for row in from_rows]
                line = builder.gep(up, [there])

                def one(j: Any, sums: list[Any]) -> list[Any]:
                    at = builder.gep(line, [builder.mul(j, pitch)])
                    factors = [vec.load(at, v * vec.lanes) for v in range(vectors)]
                    return [
                        vec.muladd(spread, factor, sums[r * vectors + v])
                        for r in range(rows)
                        for spread in [vec.spread(builder.gep(points[r], [j]), 0)]
                        for v, factor in enumerate(factors)
                    ]

                return loop(builder, columns, sums, one)

            sums = [vec.load(target, v * vec.lanes) for target in targets for v in range(vectors)]
            sums = loop(builder, lines, sums, along)
            for r, target in enumerate(targets):
                for v in range(vectors):
                    vec.store(sums[r * vectors + v], target, v * vec.lanes)
            return context.get_dummy_value()

        return signature, code

    return tile


@intrinsic
def _copy_row(typing: Any, out: Any, out0: Any, source: Any, source0: Any, count: Any, added: Any) -> Any:
    # out[out0 + i] = source[source0 + i] + added for i below count
    signature = types.void(out, types.intp, source, types.intp, types.intp, out.dtype)

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vec = Vectors(context, builder, signature.args[0].dtype, WIDTH)
        into, data = [vec.pointer(signature.args[i], args[i], args[i + 1]) for i in (0, 2)]
        more = vec.splat(args[5])

        def step(at: Any, mask: Any) -> None:
            elements = vec.load_some(builder.gep(data, [at]), mask)
            vec.store_some(builder.fadd(elements, more), builder.gep(into, [at]), mask)

        vec.by_vectors(args[4], step)
        return context.get_dummy_value()

    return signature, code


@intrinsic
def _dot(typing: Any, x: Any, x0: Any, step: Any, g: Any, g0: Any, lines: Any, columns: Any) -> Any:
    # the sum over i, j of x[x0 + i * step + j] * g[g0 + i * columns + j]
    signature = x.dtype(x, types.intp, types.intp, g, types.intp, types.intp, types.intp)

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vec = Vectors(context, builder, signature.args[0].dtype, WIDTH)
        data, up = vec.pointer(signature.args[0], args[0], args[1]), vec.pointer(signature.args[3], args[3], args[4])
        total = cgutils.alloca_once_value(builder, vec.zero)

        def along(i: Any, _: list[Any]) -> list[Any]:
            row = builder.gep(data, [builder.mul(i, args[2])])
            line = builder.gep(up, [builder.mul(i, args[6])])

            def step(at: Any, mask: Any) -> None:
                one = vec.load_some(builder.gep(row, [at]), mask)
                other = vec.load_some(builder.gep(line, [at]), mask)
                builder.store(vec.muladd(one, other, builder.load(total)), total)

            vec.by_vectors(args[6], step)
            return []

        loop(builder, args[5], [], along)
        return vec.total(builder.load(total))

    return signature, code


# What the convolutions call: `rows` and `vectors` say how much of a tile is in use.
p_full3, p_full2, p_full1 = _product(ROWS, VECTORS), _product(ROWS, 2), _product(ROWS, 1)
p_half3, p_half2, p_half1 = _product(HALF, VECTORS), _product(HALF, 2), _product(HALF, 1)
p_one3, p_one2, p_one1 = _product(1, VECTORS), _product(1, 2), _product(1, 1)
o_full2, o_full1, o_half2, o_half1 = _outer(ROWS, 2), _outer(ROWS, 1), _outer(HALF, 2), _outer(HALF, 1)
o_one2, o_one1 = _outer(1, 2), _outer(1, 1)


@compiled
def _product_fast(
    rows: int, vectors: int, lanes: int, w: Array, w0: int, x: Array, x0: int, offsets: Array, k0: int, count: int,
    out: Array, out0: int, pitch: int,
) -> None:  # fmt: skip
    if rows > HALF:
        if vectors > 2:
            p_full3(w, w0, x, x0, offsets, k0, count, out, out0, pitch)
        elif vectors == 2:
            p_full2(w, w0, x, x0, offsets, k0, count, out, out0, pitch)
        else:
            p_full1(w, w0, x, x0, offsets, k0, count, out, out0, pitch)
    elif rows > 1:
        if vectors > 2:
            p_half3(w, w0, x, x0, offsets, k0, count, out, out0, pitch)
        elif vectors == 2:
            p_half2(w, w0, x, x0, offsets, k0, count, out, out0, pitch)
        else:
            p_half1(w, w0, x, x0, offsets, k0, count, out, out0, pitch)
    elif vectors > 2:
        p_one3(w, w0, x, x0, offsets, k0, count, out, out0, pitch)
    elif vectors == 2:
        p_one2(w, w0, x, x0, offsets, k0, count, out, out0, pitch)
    else:
        p_one1(w, w0, x, x0, offsets, k0, count, out, out0, pitch)


@compiled
def _outer_fast(
    rows: int, vectors: int, lanes: int, x: Array, x0: int, offsets: Array, k0: int, g: Array, g0: int,
    out: Array, out0: int, pitch: int, lines: int, columns: int, step: int,
) -> None:  # fmt: skip
    if rows > HALF:
        if vectors > 1:
            o_full2(x, x0, offsets, k0, g, g0, out, out0, pitch, lines, columns, step)
        else:
            o_full1(x, x0, offsets, k0, g, g0, out, out0, pitch, lines, columns, step)
    elif rows > 1:
        if vectors > 1:
            o_half2(x, x0, offsets, k0, g, g0, out, out0, pitch, lines, columns, step)
        else:
            o_half1(x, x0, offsets, k0, g, g0, out, out0, pitch, lines, columns, step)
    elif vectors > 1:
        o_one2(x, x0, offsets, k0, g, g0, out, out0, pitch, lines, columns, step)
    else:
        o_one1(x, x0, offsets, k0, g, g0, out, out0, pitch, lines, columns, step)


# The same in loops, with every index checked, and the rows that a tile of one of the three heights computes.


@compiled
def _height(rows: int) -> int:
    return ROWS if rows > HALF else HALF if rows > 1 else 1


@compiled
def _product_checked(
    rows: int, vectors: int, lanes: int, w: Array, w0: int, x: Array, x0: int, offsets: Array, k0: int, count: int,
    out: Array, out0: int, pitch: int,
) -> None:  # fmt: skip
    for r in range(_height(rows)):
        for q in range(vectors * lanes):
            total = x.dtype.type(0)
            for k in range(count):
                total += w[w0 + k * ROWS + r] * x[x0 + offsets[k0 + k] + q]
            out[out0 + r * pitch + q] = total


@compiled
def _outer_checked(
    rows: int, vectors: int, lanes: int, x: Array, x0: int, offsets: Array, k0: int, g: Array, g0: int,
    out: Array, out0: int, pitch: int, lines: int, columns: int, step: int,
) -> None:  # fmt: skip
    for r in range(_height(rows)):
        for o in range(vectors * lanes):
            total = out[out0 + r * pitch + o]
            for i in range(lines):
                for j in range(columns):
                    total += x[x0 + offsets[k0 + r] + i * step + j] * g[g0 + (i * columns + j) * pitch + o]
            out[out0 + r * pitch + o] = total


@compiled
def _copy_row_checked(out: Array, out0: int, source: Array, source0: int, count: int, added: Any) -> None:
    for i in range(count):
        out[out0 + i] = source[source0 + i] + added


@compiled
def _dot_checked(x: Array, x0: int, step: int, g: Array, g0: int, lines: int, columns: int) -> Any:
    total = x.dtype.type(0)
    for i in range(lines):
        for j in range(columns):
            total += x[x0 + i * step + j] * g[g0 + i * columns + j]
    return total


_chosen: Any = (
    (_product_checked, _outer_checked, _copy_row_checked, _dot_checked)
    if CHECKED
    else (_product_fast, _outer_fast, _copy_row, _dot)
)
product, outer, copy_row, dot = _chosen
