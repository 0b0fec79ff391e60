"""Small matrix products whose first factor may lie in any direction: as it is or turned, without a copy of it.

The register tile reads single numbers of its first factor and whole vectors of its second, so only the second has to
lie in rows. Attention is seven such products a head, four of them with factors that were just computed.
"""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic

from tinygrad_edu.kernels.numba_cpu.compiler import CHECKED, compiled
from tinygrad_edu.kernels.numba_cpu.instructions import Vectors, loop
from tinygrad_edu.kernels.numba_cpu.tiles import ROWS, VECTORS, WIDTH

__all__ = ["multiply", "rounded"]

Array = Any
DEPTH = 256  # products that are added up before the next tile: that many rows of the second factor stay in the cache


def _tile(vectors: int) -> Any:
    """out[r, q] (+)= sum over k of a[r * down + k * along] * b[k * pitch + q], for ROWS rows."""

    @intrinsic
    def tile(
        typing: Any, a: Any, a0: Any, down: Any, along: Any, b: Any, b0: Any, pitch: Any, depth: Any,
        out: Any, out0: Any, apart: Any, more: Any,
    ) -> Any:  # fmt: skip
        at = types.intp
        signature = types.void(a, at, at, at, b, at, at, at, out, at, at, types.boolean)

        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            vec = Vectors(context, builder, signature.args[0].dtype, WIDTH)
            left, right, into = [vec.pointer(signature.args[i], args[i], args[i + 1]) for i in (0, 4, 8)]
            rows = [builder.gep(left, [builder.mul(vec.index(r), args[2])]) for r in range(ROWS)]

            def step(k: Any, sums: list[Any]) -> list[Any]:
                row = builder.gep(right, [builder.mul(k, args[6])])
                lines = [vec.load(row, j * vec.lanes) for j in range(vectors)]
                here = builder.mul(k, args[3])
                return [
                    vec.muladd(factor, line, sums[r * vectors + j])
                    for r in range(ROWS)
                    for factor in [vec.spread(builder.gep(rows[r], [here]), 0)]
                    for j, line in enumerate(lines)
                ]

            sums = loop(builder, args[7], [vec.zero] * (ROWS * vectors), step)
            vec.end_tile(sums, into, args[10], vectors, args[11])
            return context.get_dummy_value()

        return signature, code

    return tile


_three, _two, _one = _tile(VECTORS), _tile(2), _tile(1)


@compiled
def _tile_fast(
    vectors: int, lanes: int, a: Array, a0: int, down: int, along: int, b: Array, b0: int, pitch: int, depth: int,
    out: Array, out0: int, apart: int, more: bool,
) -> None:  # fmt: skip
    if vectors > 2:
        _three(a, a0, down, along, b, b0, pitch, depth, out, out0, apart, more)
    elif vectors == 2:
        _two(a, a0, down, along, b, b0, pitch, depth, out, out0, apart, more)
    else:
        _one(a, a0, down, along, b, b0, pitch, depth, out, out0, apart, more)


@compiled
def _tile_checked(
    vectors: int, lanes: int, a: Array, a0: int, down: int, along: int, b: Array, b0: int, pitch: int, depth: int,
    out: Array, out0: int, apart: int, more: bool,
) -> None:  # fmt: skip
    for r in range(ROWS):
        for q in range(vectors * lanes):
            total = a.dtype.type(0)
            for k in range(depth):
                total += a[a0 + r * down + k * along] * b[b0 + k * pitch + q]
            at = out0 + r * apart + q
            out[at] = total + out[at] if more else total


_chosen: Any = _tile_checked if CHECKED else _tile_fast


@compiled
def multiply(
    rows: int, depth: int, columns: int, lanes: int, a: Array, down: int, along: int, b: Array, pitch: int,
    out: Array, apart: int, more: bool,
) -> None:  # fmt: skip
    """out (+)= a @ b, of flat arrays: a[r, k] is at ``r * down + k * along``, rows of b and out are `pitch`, `apart`.

    The rows are rounded up to whole tiles, the columns to whole vectors: there, a, b and out are read and written too.
    """
    vectors = (columns + lanes - 1) // lanes
    for k in range(0, depth, DEPTH):
        deep = min(DEPTH, depth - k)
        v = 0
        while v < vectors:
            take = min(vectors - v, VECTORS)
            if vectors - v == 4 and VECTORS == 3:
                take = 2  # one vector alone would wait for its sums
            for r in range(0, rows, ROWS):
                _chosen(
                    take, lanes, a, r * down + k * along, down, along, b, k * pitch + v * lanes, pitch, deep,
                    out, r * apart + v * lanes, apart, more or k > 0,
                )  # fmt: skip
            v += take


def rounded(size: int, lanes: int) -> int:
    """The least size that is whole in tiles of rows and in vectors."""
    unit = max(ROWS, lanes)
    return -(-size // unit) * unit
