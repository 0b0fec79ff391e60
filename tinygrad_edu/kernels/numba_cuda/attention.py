"""Scaled dot-product attention in tiles: no (L, S) scores in memory, forward or back.

After T. Dao et al., "FlashAttention", 2022. Forward: a block has BR queries and walks the keys BC at a time; it keeps
the largest score of each query, the sum of exponentials beside it and the unfinished result in registers, and rescales
them when a larger score comes. Back: weights are computed again from the logarithms that the forward pass left; one
kernel gives a tile of queries its gradient walking the keys, another a tile of keys and values theirs walking the
queries, so nothing is added by atomics and the same numbers give the same bits. Sums of float32 are in float32.

Thread (tx, ty) of TX x TX has of a tile the own rows ty + TX i and the others tx + TX j. One writer per cell. Shared
memory: a load's number l, ``t`` modulo THREADS, is one (row, component); the score of (own, other) is written by the
one thread that has both; a barrier stands between all writes of a piece and its reads, and between those and the next
writes. Results: a row belongs to one block, and in it component tx + TX j of row ty + TX i to one thread.
"""

from __future__ import annotations

import functools
import math
from typing import Any

from tinygrad_edu.kernels.numba_cuda import layout
from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty
from tinygrad_edu.kernels.numba_cuda.blocks import by_rows, from_text, gathered_in, suit
from tinygrad_edu.kernels.numba_cuda.elementwise import apply
from tinygrad_edu.kernels.numba_cuda.reductions import reduce
from tinygrad_edu.kernels.numba_cuda.runtime import launch
from tinygrad_edu.kernels.presence import simulated

__all__ = ["attention", "attention_back"]

SHARED = 48 << 10  # bytes of shared memory that every card gives a block
# Own rows and others of a tile, larger ones first: the first that has room is taken.
_FORWARD_TILES, _BACK_TILES = ((64, 32), (32, 32), (32, 16), (16, 16)), ((32, 32), (16, 16))


def _across() -> int:
    return 2 if simulated() else 16


def _padded(size: int) -> int:
    """The components of a row, up to a multiple of the threads across."""
    return -(-size // _across()) * _across()


def _tile(back: bool, width: int, values: int, itemsize: int) -> tuple[int, int] | None:
    """Own rows and others; None where a row is too long for shared memory."""
    for own, others in ((4, 4),) if simulated() else _BACK_TILES if back else _FORWARD_TILES:
        keys, whole = _padded(width), _padded(width) + _padded(values)
        scores = others * (own + 1) * (2 if back else 1)
        cells = whole * (own + 1 + others + 1) if back else keys * (own + others + 2) + others * _padded(values)
        if (cells + scores) * itemsize <= SHARED:
            return own, others
    return None


class _Text:
    """Pieces of a kernel for one tile: OWN x OTHERS scores, rows of EP and FP components."""

    def __init__(self, own: int, others: int, width: int, values: int) -> None:
        self.own, self.others, self.across = own, others, _across()
        self.sizes = {"E": width, "F": values}
        self.i, self.j = range(own // self.across), range(others // self.across)

    def columns(self, letter: str) -> range:
        return range(_padded(self.sizes[letter]) // self.across)

    def load(
        self, cell: str, rows: int, letter: str, array: str, first: str, limit: str, factor: str = ""
    ) -> list[str]:
        """Lines that bring rows of an array into shared memory, turned: component e of row r at e * (rows + 1) + r."""
        size, padded, a = self.sizes[letter], _padded(self.sizes[letter]), array.lower()
        return [
            f"for l in range(t, {padded * rows}, THREADS):",
            f"    r = l // {padded}",
            f"    e = l % {padded}",
            "    v = ZERO",
            f"    if {first} + r < {limit} and e < {size}:",
            f"        v = TYPE({array}[at_{a} + b * {a}0 + ({first} + r) * {a}1 + e * {a}2]){factor}",
            f"    {cell}[e * {rows + 1} + r] = v",
        ]

    def scores(self, name: str, own: str, other: str, letter: str) -> list[str]:
        """Lines that set name{i}_{j} to the product of own row i and other row j."""
        text = [f"{name}{i}_{j} = ZERO" for i in self.i for j in self.j] + [f"for e in range({self.sizes[letter]}):"]
        text += [f"    u{i} = {own}[e * {self.own + 1} + ty + {i * self.across}]" for i in self.i]
        text += [f"    w{j} = {other}[e * {self.others + 1} + tx + {j * self.across}]" for j in self.j]
        return text + [f"    {name}{i}_{j} += u{i} * w{j}" for i in self.i for j in self.j]

    def masked(self, query: str, key: str, otherwise: str, masked: bool, causal: bool) -> list[str]:
        """Lines that add the mask to the score x{i}_{j}; where there is none to add to, `otherwise`."""
        text = []
        for i in self.i:
            for j in self.j:
                names = {"own": f"own0 + ty + {i * self.across}", "other": f"other0 + tx + {j * self.across}"}
                text += [f"r = {query.format(**names)}", f"c = {key.format(**names)}"]
                text.append("if r < queries and c < keys" + (" and c <= r:" if causal else ":"))
                added = f"x{i}_{j} += TYPE(MASK[at_mask + b * mask0 + r * mask1 + c * mask2])" if masked else "pass"
                text += [f"    {added}", "else:", f"    x{i}_{j} = {otherwise}"]
        return text


def _indented(lines: list[str], depth: int) -> list[str]:
    return [" " * 4 * depth + line for line in lines]


_BEGIN = """    t = cuda.threadIdx.x
    tx = t % {across}
    ty = t // {across}
    own0 = cuda.blockIdx.x % tiles * {own}
    b = cuda.blockIdx.x // tiles"""


def _arguments(*names: str) -> str:
    return ", ".join(f"{n.upper()}, at_{n}, {n}0, {n}1, {n}2" for n in names)


def _forward(text: _Text, masked: bool, causal: bool) -> str:
    own, others, across = text.own, text.others, text.across
    padded = _padded(text.sizes["F"])
    lines = [f"def kernel(tiles, queries, keys, scale, {_arguments('q', 'k', 'v', 'mask')}, OUT, LOW):"]
    lines.append(_BEGIN.format(across=across, own=own))
    lines += [
        f"    sq = cuda.shared.array({_padded(text.sizes['E']) * (own + 1)}, TYPE)",
        f"    sk = cuda.shared.array({_padded(text.sizes['E']) * (others + 1)}, TYPE)",
        f"    sv = cuda.shared.array({others * padded}, TYPE)",
        f"    sp = cuda.shared.array({others * (own + 1)}, TYPE)",
    ]
    lines += _indented(text.load("sq", own, "E", "Q", "own0", "queries", " * TYPE(scale)"), 1)
    lines += _indented([x for i in text.i for x in (f"m{i} = LEAST", f"s{i} = ZERO")], 1)
    lines += [f"    o{i}_{j} = ZERO" for i in text.i for j in text.columns("F")]
    lines.append(f"    end = {f'min(keys, own0 + {own})' if causal else 'keys'}")
    lines.append(f"    for other0 in range(0, end, {others}):")
    body = ["cuda.syncthreads()", *text.load("sk", others, "E", "K", "other0", "keys")]
    body += [
        f"for l in range(t, {others * padded}, THREADS):",
        f"    r = l // {padded}",
        f"    e = l % {padded}",
        "    v = ZERO",
        f"    if other0 + r < keys and e < {text.sizes['F']}:",
        "        v = TYPE(V[at_v + b * v0 + (other0 + r) * v1 + e * v2])",
        "    sv[l] = v",
        "cuda.syncthreads()",
    ]
    body += text.scores("x", "sq", "sk", "E") + text.masked("{own}", "{other}", "LEAST", masked, causal)
    cell = f"sp[(tx + {{j}}) * {own + 1} + ty + {{i}}]"
    cells = [(i, j, cell.format(i=i * across, j=j * across)) for i in text.i for j in text.j]
    body += [f"{at} = x{i}_{j}" for i, j, at in cells] + ["cuda.syncthreads()"]
    body += [f"n{i} = m{i}" for i in text.i] + [f"for c in range({others}):"]
    for i in text.i:
        body += [f"    x = sp[c * {own + 1} + ty + {i * across}]", f"    if x > n{i} or x != x:", f"        n{i} = x"]
    body.append("cuda.syncthreads()")  # all have read the scores: weights take their places
    body += [f"{at} = exp(x{i}_{j} - n{i}) if x{i}_{j} > LEAST or x{i}_{j} != x{i}_{j} else ZERO" for i, j, at in cells]
    for i in text.i:
        body += [f"f = exp(m{i} - n{i}) if m{i} > LEAST or m{i} != m{i} else ZERO", f"m{i} = n{i}", f"s{i} *= f"]
        body += [f"o{i}_{j} *= f" for j in text.columns("F")]
    body += ["cuda.syncthreads()", f"for c in range({others}):"]
    body += [f"    u{i} = sp[c * {own + 1} + ty + {i * across}]" for i in text.i]
    body += [f"    s{i} += u{i}" for i in text.i]
    body += [f"    w{j} = sv[c * {padded} + tx + {j * across}]" for j in text.columns("F")]
    body += [f"    o{i}_{j} += u{i} * w{j}" for i in text.i for j in text.columns("F")]
    lines += _indented(body, 2)
    for i in text.i:
        end = [f"r = own0 + ty + {i * across}", "if r < queries:", f"    blind = s{i} == ZERO"]
        end += ["    if tx == 0:", f"        LOW[b * queries + r] = STORE(ZERO if blind else TYPE(log(s{i})) + m{i})"]
        for j in text.columns("F"):
            end.append(f"    if tx + {j * across} < {text.sizes['F']}:")
            end.append(
                f"        OUT[(b * queries + r) * {text.sizes['F']} + tx + {j * across}] = "
                f"STORE(ZERO if blind else o{i}_{j} / s{i})"
            )
        lines += _indented(end, 1)
    return "\n".join(lines)


def _back(text: _Text, of_keys: bool, masked: bool, causal: bool) -> str:
    """The gradient of a tile of queries; or with `of_keys` of keys (TO_X) and of values (TO_Y)."""
    own, others, across = text.own, text.others, text.across
    mine, theirs = (("K", "V"), ("Q", "G")) if of_keys else (("Q", "G"), ("K", "V"))
    limit, other_limit = ("keys", "queries") if of_keys else ("queries", "keys")
    factor = {"Q": " * TYPE(scale)"}
    lines = [
        f"def kernel(tiles, queries, keys, scale, {_arguments('q', 'k', 'v', 'mask', 'g')}, LOW, DELTA, TO_X, TO_Y):",
        _BEGIN.format(across=across, own=own),
    ]
    for cell, rows, letter in (("sx", own, "E"), ("sy", own, "F"), ("zx", others, "E"), ("zy", others, "F")):
        lines.append(f"    {cell} = cuda.shared.array({_padded(text.sizes[letter]) * (rows + 1)}, TYPE)")
    lines.append(f"    sd = cuda.shared.array({others * (own + 1)}, TYPE)")
    lines.append(f"    sp = cuda.shared.array({others * (own + 1)}, TYPE)")
    for cell, letter, array in (("sx", "E", mine[0]), ("sy", "F", mine[1])):
        lines += _indented(text.load(cell, own, letter, array, "own0", limit, factor.get(array, "")), 1)
    lines += [f"    d{i}_{j} = ZERO" for i in text.i for j in text.columns("E")]
    lines += [f"    o{i}_{j} = ZERO" for i in text.i for j in text.columns("F")] if of_keys else []
    begin = f"own0 // {others} * {others}" if causal and of_keys else "0"
    end = f"min(keys, own0 + {own})" if causal and not of_keys else other_limit
    lines.append(f"    for other0 in range({begin}, {end}, {others}):")
    body = ["cuda.syncthreads()"]
    for cell, letter, array in (("zx", "E", theirs[0]), ("zy", "F", theirs[1])):
        body += text.load(cell, others, letter, array, "other0", other_limit, factor.get(array, ""))
    body += ["cuda.syncthreads()", *text.scores("x", "sx", "zx", "E"), *text.scores("y", "sy", "zy", "F")]
    query, key = ("{other}", "{own}") if of_keys else ("{own}", "{other}")
    body += text.masked(query, key, "LEAST", masked, causal)
    for i in text.i:
        for j in text.j:
            names = {"own": f"own0 + ty + {i * across}", "other": f"other0 + tx + {j * across}"}
            at = f"(tx + {j * across}) * {own + 1} + ty + {i * across}"
            body += [
                f"r = {query.format(**names)}",
                "p = ZERO",
                "x = ZERO",
                "if r < queries:",
                f"    p = exp(x{i}_{j} - TYPE(LOW[b * queries + r]))",
                f"    x = p * (y{i}_{j} - TYPE(DELTA[b * queries + r]))",
                f"sd[{at}] = x",
                *([f"sp[{at}] = p"] if of_keys else []),
            ]
    body += ["cuda.syncthreads()", f"for c in range({others}):"]
    sums = [("d", "sd", "zx", "E")] + ([("o", "sp", "zy", "F")] if of_keys else [])
    for name, weights, cells, letter in sums:
        body += [f"    u{i} = {weights}[c * {own + 1} + ty + {i * across}]" for i in text.i]
        body += [f"    w{j} = {cells}[(tx + {j * across}) * {others + 1} + c]" for j in text.columns(letter)]
        body += [f"    {name}{i}_{j} += u{i} * w{j}" for i in text.i for j in text.columns(letter)]
    lines += _indented(body, 2)
    for i in text.i:
        end_lines = [f"r = own0 + ty + {i * across}", f"if r < {limit}:"]
        for name, _, _, letter in sums:
            target, scaled = ("TO_X", "" if of_keys else " * TYPE(scale)") if name == "d" else ("TO_Y", "")
            for j in text.columns(letter):
                end_lines.append(f"    if tx + {j * across} < {text.sizes[letter]}:")
                end_lines.append(
                    f"        {target}[(b * {limit} + r) * {text.sizes[letter]} + tx + {j * across}] = "
                    f"STORE({name}{i}_{j}{scaled})"
                )
        lines += _indented(end_lines, 1)
    return "\n".join(lines)


@functools.cache
def _kernel(
    part: str, tile: tuple[int, int], width: int, values: int, masked: bool, causal: bool, gathered: Any, stored: Any
) -> Any:
    text = _Text(*tile, width, values)
    source = _forward(text, masked, causal) if not part else _back(text, part == "keys", masked, causal)
    return from_text(source, "attention", gathered, 2, STORE=stored.type, THREADS=_across() ** 2)


def _matrices(a: DeviceArray, lead: tuple[int, ...], rows: int, columns: int) -> DeviceArray:
    """(B, rows, columns): a view if the memory allows it."""
    whole = (*lead, rows, columns)
    spread = a.on(whole, layout.spread_strides(a.shape, a.strides, whole))
    target = (math.prod(lead), rows, columns)
    strides = layout.reshaped_strides(whole, spread.strides, target, a.itemsize)
    return by_rows(spread).reshape(target) if strides is None else spread.on(target, strides)


def _dense(a: DeviceArray) -> DeviceArray:
    """Row by row, from the beginning of its memory."""
    a = by_rows(a)
    return a.copy() if a.offset else a


def _meant(q: Any, k: Any, v: Any, mask: Any) -> bool:
    alike = mask is None or (mask.__class__ is DeviceArray and mask.dtype == q.dtype)
    return bool(alike and suit(q, k, v) and k.size and v.size)


def _run(
    part: str, tile: tuple[int, int], rows: int, matrices: list[DeviceArray], masked: bool, causal: bool, scale: float,
    *results: DeviceArray,
) -> None:  # fmt: skip
    """A launch with a block for each tile of `rows` rows; `matrices` are q, k, v, the mask and perhaps g."""
    q, k, v = matrices[:3]
    tiles = -(-rows // tile[0])
    arguments: list[Any] = []
    for a in matrices:
        arguments += [a.block.typed(a.dtype), a.offset // a.itemsize, *(s // a.itemsize for s in a.strides)]
    kernel = _kernel(part, tile, q.shape[2], v.shape[2], masked, bool(causal), gathered_in(q.dtype), q.dtype)
    launch(
        kernel, len(q) * tiles, _across() ** 2, tiles, q.shape[1], k.shape[1], float(scale), *arguments,
        *[r.block.typed(r.dtype) for r in results],
    )  # fmt: skip


def attention(q: Any, k: Any, v: Any, mask: Any, causal: bool, scale: float) -> Any:
    """``softmax(q @ k.T * scale + mask) @ v``, and the logarithm of each row's sum of exponentials, (..., L)."""
    if not _meant(q, k, v, mask):
        return NotImplemented
    tile = _tile(False, q.shape[-1], v.shape[-1], gathered_in(q.dtype).itemsize)
    if tile is None:
        return NotImplemented
    lead, length = q.shape[:-2], q.shape[-2]
    out, low = empty((*q.shape[:-1], v.shape[-1]), q.dtype), empty(q.shape[:-1], q.dtype)
    matrices = [_matrices(a, lead, *a.shape[-2:]) for a in (q, k, v)]
    matrices.append(matrices[0] if mask is None else _matrices(mask, lead, length, k.shape[-2]))
    _run("", tile, length, matrices, mask is not None, causal, scale, out, low)
    return out, low


def attention_back(g: Any, q: Any, k: Any, v: Any, low: Any, mask: Any, causal: bool, scale: float) -> Any:
    """The gradients of queries, keys and values. The result is computed once more, for its products with `g`."""
    if not _meant(q, k, v, mask) or not suit(q, g, low):
        return NotImplemented
    tile = _tile(True, q.shape[-1], v.shape[-1], gathered_in(q.dtype).itemsize)
    known = NotImplemented if tile is None else attention(q, k, v, mask, causal, scale)
    if tile is None or known is NotImplemented:
        return NotImplemented
    # sum of weight times share over the keys, which is the result times its gradient, summed over components
    delta = reduce("add", apply("multiply", g, known[0]), -1, q.dtype)
    lead, length, keys = q.shape[:-2], q.shape[-2], k.shape[-2]
    matrices = [_matrices(a, lead, *a.shape[-2:]) for a in (q, k, v)]
    matrices.append(matrices[0] if mask is None else _matrices(mask, lead, length, keys))
    matrices.append(_matrices(g, lead, *g.shape[-2:]))
    to_q, to_k, to_v = (empty(a.shape, a.dtype) for a in (q, k, v))
    rest = (matrices, mask is not None, causal, scale, _dense(low), _dense(delta))
    _run("queries", tile, length, *rest, to_q, to_q)
    _run("keys", tile, keys, *rest, to_k, to_v)
    return to_q, to_k, to_v
