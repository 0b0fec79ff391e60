"""Random numbers made where they are to live: from the bits to the distribution in one launch.

The bits are those of the stream that the CPU draws from (kernels/philox.py), number for number, and what is made of
them is made by operations that IEEE 754 rounds, in the order in which `tinygrad_edu/tensors/sampling.py` has them, so
one seed gives the same bits on both.

One writer per cell: the thread that counts block n of the stream writes the numbers that its four words make, and no
others. (How many integers have to be drawn again is added up with an atomic, of whole numbers: always the same sum.)
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from tinygrad_edu.kernels import portable
from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty, to_host
from tinygrad_edu.kernels.numba_cuda.blocks import places
from tinygrad_edu.kernels.numba_cuda.elementwise import mapped
from tinygrad_edu.kernels.numba_cuda.making import zeros
from tinygrad_edu.kernels.numba_cuda.philox import CONSTANTS, ROUNDS, words
from tinygrad_edu.kernels.numba_cuda.pieces import product, rounded
from tinygrad_edu.kernels.numba_cuda.runtime import compiled, functions, grid_for, launch
from tinygrad_edu.kernels.numba_cuda.scalars import helpers
from tinygrad_edu.kernels.numba_cuda.vectors import vectors
from tinygrad_edu.kernels.philox import WORDS
from tinygrad_edu.kernels.presence import simulated

__all__ = ["chances", "found", "indented", "integers", "normal", "uniform"]

_HALF, _SINGLE, _DOUBLE, _INT64 = np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.int64)

# The words w0 to w3 of block k become v0 to v3, or, where a number takes two, v0 and v1.
_FRAME = """
def kernel(count, first, key0, key1, OUT{numbers}):
    for k in range(cuda.grid(1), (count + {each} - 1) // {each}, cuda.gridsize(1)):
{words}
{body}
        i = {each} * k
{stores}
"""
_FOUR = """
        if i + 4 <= count:
            put_four(OUT, i, v0, v1, v2, v3)
        else:
            OUT[i] = v0
            if i + 1 < count:
                OUT[i + 1] = v1
            if i + 2 < count:
                OUT[i + 2] = v2
"""
_TWO = """
        OUT[i] = v0
        if i + 1 < count:
            OUT[i + 1] = v1
"""


def indented(lines: str, by: int = 8) -> str:
    """The lines further to the right."""
    return "\n".join(" " * by + line for line in lines.strip().splitlines())


@functools.cache
def _kernel(body: str, each: int, numbers: str) -> Any:
    names = {**functions(), **helpers(), **vectors(), **CONSTANTS, **_parts()}
    names |= {f"S{n}": np.uint64(n) for n in (5, 6, 8, 26)}
    text = _FRAME.format(
        numbers="".join(f", {name}" for name in numbers.split()), each=each, words=indented(ROUNDS),
        body=indented(body), stores=(_FOUR if each == 4 else _TWO).strip("\n"),
    )  # fmt: skip
    exec(compile(text, "<cuda kernel: random numbers>", "exec"), names)
    return compiled(names["kernel"])


def _drawn(body: str, each: int, out: DeviceArray, seed: int, first: int, **numbers: Any) -> DeviceArray:
    if out.size:
        key = np.uint64(seed & 0xFFFFFFFF), np.uint64(seed >> 32)
        kernel = _kernel(body, each, " ".join(numbers))
        place = out.block.typed(out.dtype)
        launch(kernel, *grid_for(-(-out.size // each)), out.size, np.uint64(first), *key, place, *numbers.values())
    return out


# --- pieces of the texts ---------------------------------------------------------------------------------------------


def _horner(coefficients: list[float], x: str) -> str:
    """A polynomial by lines, in the order of kernels/portable.py."""
    head, *rest = reversed(coefficients)
    return f"r = {head!r}\n" + "".join(f"r = r * {x} + {c!r}\n" for c in rest)


_LOG = f"""
def natural_log(x):
    mantissa, exponent = frexp(x)
    low = 0
    if mantissa < {portable._SQRT_HALF!r}:
        mantissa = mantissa + mantissa
        low = 1
    s = (mantissa - 1.0) / (mantissa + 1.0)
    q = s * s
{indented(_horner(portable._LOG, "q"), 4)}
    return r * s + float64(exponent - low) * {portable._LN_2!r}
"""
_TURN = f"""
def cos_sin_turn(turn):
    quarters = turn * 4.0
    nearest = rint(quarters)
    angle = (quarters - nearest) * {portable._QUARTER_TURN!r}
    q = angle * angle
{indented(_horner(portable._COS, "q"), 4)}
    c = r
{indented(_horner(portable._SIN, "q"), 4)}
    s = r * angle
    quadrant = int64(nearest)
    if quadrant & 1:
        c, s = -s, c
    if quadrant & 2:
        return -c, -s
    return c, s
"""


@functools.cache
def _parts() -> dict[str, Any]:
    """Functions of the device that the bodies call: what kernels/portable.py computes, to the last bit."""
    from tinygrad_edu.kernels.numba_cuda.runtime import cuda

    names: dict[str, Any] = {**functions(), **helpers(), "product": product(np.float64)}
    exec(compile(rounded(_LOG) + "\n" + rounded(_TURN), "<logarithm, cosine and sine>", "exec"), names)
    found = {"product": names["product"]}
    for name in ("natural_log", "cos_sin_turn"):
        found[name] = names[name] if simulated() else cuda().jit(names[name], device=True)
    return found


def _wide(word: int) -> str:
    """53 bits of two words, as a float64: a whole number."""
    return f"float64(((w{word} >> S5) << S26) | (w{word + 1} >> S6))"


def _ranged(kind: np.dtype[Any], numbers: int) -> str:
    """From [0, 1) to [low, high), in float64; rounding may reach the bound that is excluded."""
    lines = ""
    for i in range(numbers):
        lines += f"v{i} = {kind.name}(product(float64(v{i}), span) + low)\nv{i} = v{i} if v{i} <= top else top\n"
    return lines


def uniform(
    seed: int, first: int, shape: tuple[int, ...], kind: np.dtype[Any], low: float, high: float
) -> DeviceArray | None:
    """Numbers in [low, high) from block `first` of a seed on. None: there is no kernel for the type.

    Of float32 and float64; `sampling.uniform` says how.
    """
    if kind not in (_SINGLE, _DOUBLE):
        return None
    if kind == _SINGLE:
        body, each = "".join(f"v{i} = float32(uint32(w{i} >> S8)) * float32({2.0**-24!r})\n" for i in range(4)), 4
    else:
        body, each = "".join(f"v{i} = {_wide(2 * i)} * {2.0**-53!r}\n" for i in range(2)), 2
    numbers: dict[str, Any] = {}
    if (low, high) != (0.0, 1.0):
        body += _ranged(kind, each)
        top = np.nextafter(kind.type(high), kind.type(low)) if low < high else kind.type(high)
        numbers = {"span": float(high) - float(low), "low": float(low), "top": kind.type(top)}
    return _drawn(body, each, empty(shape, kind), seed, first, **numbers)


def _pair(u: str, v: str, scale: float, kind: np.dtype[Any], at: int) -> str:
    """Two normal numbers of two uniform ones, by the method of Box and Muller."""
    return f"""
radius = sqrt(product(-2.0, natural_log(product({u} + 1.0, {scale!r}))))
c, s = cos_sin_turn(product({v}, {scale!r}))
v{at} = {kind.name}(product(product(radius, c), std) + mean)
v{at + 1} = {kind.name}(product(product(radius, s), std) + mean)
"""


def normal(
    seed: int, first: int, shape: tuple[int, ...], kind: np.dtype[Any], mean: float, std: float
) -> DeviceArray | None:
    """Normal numbers from block `first` of a seed on. None: there is no kernel for the type."""
    if kind not in (_HALF, _SINGLE, _DOUBLE):
        return None
    if kind == _HALF:  # rounded from float64, once
        body, each = "".join(_pair(f"float64(w{i})", f"float64(w{i + 1})", 2.0**-32, _DOUBLE, i) for i in (0, 2)), 4
        return _drawn(body, each, empty(shape, _DOUBLE), seed, first, mean=float(mean), std=float(std)).astype(kind)
    if kind == _SINGLE:
        body, each = "".join(_pair(f"float64(w{i})", f"float64(w{i + 1})", 2.0**-32, kind, i) for i in (0, 2)), 4
    else:
        body, each = _pair(_wide(0), _wide(2), 2.0**-53, kind, 0), 2
    return _drawn(body, each, empty(shape, kind), seed, first, mean=float(mean), std=float(std))


def integers(seed: int, first: int, count: int, low: int, span: int, words_each: int) -> tuple[DeviceArray, int]:
    """Integers in [low, low + span) in int64, and how many of them have to be drawn again, as they favour some.

    Where none has to, nobody waits for the device.
    """
    total = 2 ** (32 * words_each)
    end = total - total % span
    each, lines = (4, "") if words_each == 1 else (2, "")
    for i in range(each):
        word = f"w{i}" if words_each == 1 else f"((w{2 * i} << HALF) | w{2 * i + 1})"
        lines += f"v{i} = {word}\n"
        if end < total:
            lines += f"if v{i} >= END and {each} * k + {i} < count:\n    cuda.atomic.add(AGAIN, 0, 1)\n"
        if span < total:
            rest = f"uint32(v{i}) % uint32(SPAN)" if words_each == 1 else f"v{i} % SPAN"
            lines += f"v{i} = uint64({rest})\n"
        lines += f"v{i} = int64(v{i} + LOW)\n"
    numbers: dict[str, Any] = {"LOW": np.uint64(low % 2**64)}
    if span < total:
        numbers["SPAN"] = np.uint64(span)
    out, again = empty((count,), _INT64), None
    if end < total:
        again = zeros((1,), np.int32)
        numbers |= {"END": np.uint64(end), "AGAIN": again.block.typed(again.dtype)}
    _drawn(lines, each, out, seed, first, **numbers)
    return out, int(to_host(again)[0]) if again is not None and count else 0


def chances(seed: int, first: int, shape: tuple[int, ...], wanted: Any, kind: Any) -> DeviceArray:
    """Ones with the probability `wanted`, which broadcasts to the shape, else zeros."""
    size = math.prod(shape)
    bits = words(seed, first, -(-size // WORDS))[:size].reshape(shape)
    return mapped(f"a * TYPE({2.0**-32!r}) < b", (bits, wanted), (_DOUBLE, _DOUBLE), kind)


_FOUND = """
def kernel(count, samples, length, SUMS, at_sums, AT, at_at, OUT):
    for k in range(cuda.grid(1), count, cuda.gridsize(1)):
        begin = at_sums + k // samples * length
        low = 0
        high = length
        while low < high:
            middle = (low + high) >> 1
            if SUMS[begin + middle] <= AT[at_at + k]:
                low = middle + 1
            else:
                high = middle
        OUT[k] = low
"""


@functools.cache
def _found_kernel() -> Any:
    names = dict(functions())
    exec(compile(_FOUND, "<cuda kernel: places among sums>", "exec"), names)
    return compiled(names["kernel"])


def found(sums: DeviceArray, at: DeviceArray) -> DeviceArray:
    """For each number of a row how many of that row's sums, which grow, are not above it: (N, K), (N, S) -> (N, S)."""
    out = empty(at.shape, _INT64)
    if out.size:
        launch(
            _found_kernel(), *grid_for(out.size), out.size, at.shape[1], sums.shape[1],
            *places(sums, at), out.block.typed(_INT64),
        )  # fmt: skip
    return out
