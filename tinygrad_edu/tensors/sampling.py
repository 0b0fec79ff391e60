"""Random arrays: distributions drawn from a Generator's bits.

Each function takes a generator (None for the default one) and returns a new array. Every number is made of
whole 32-bit words by exact or correctly rounded steps (IEEE 754), so all results are the same, bit for bit,
on every platform and with every version of NumPy. A draw of n numbers uses the words in order, starting on a
new block.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from tinygrad_edu.errors import DTypeError, ShapeError
from tinygrad_edu.kernels import devices, philox
from tinygrad_edu.kernels.portable import cos_sin_turn, natural_log
from tinygrad_edu.tensors.device import cpu, cuda, device
from tinygrad_edu.tensors.random import Generator, default_generator

__all__ = ["bernoulli", "integers", "multinomial", "normal", "permutation", "reserved", "uniform"]

Array = np.ndarray[Any, Any]

_FLOAT32, _FLOAT64, _INT64 = np.dtype("float32"), np.dtype("float64"), np.dtype("int64")
_UNIFORM_BITS = {
    2: 11,
    4: 24,
}  # by item size: as many as the significand holds; float64 takes 53 from two words
_AT_A_TIME = 16384  # normals whose intermediate results stay in the processor's cache


def _size(operation: str, shape: Sequence[int]) -> int:
    if any(size < 0 for size in shape):
        raise ShapeError(f"{operation}: shape {tuple(shape)} has a negative size. Sizes are 0 or more.")
    return prod(shape)


def _float_type(operation: str, dtype: Any) -> np.dtype[Any]:
    kind = np.dtype(dtype)
    if kind.kind != "f":
        raise DTypeError(f"{operation}: gives floating-point numbers, not {kind}. Use randint for integers.")
    return kind


def reserved(count: int, generator: Generator | None = None) -> tuple[int, int]:
    """Take the blocks of so many words out of a generator's stream: (seed, number of the first)."""
    if generator is not None and not isinstance(generator, Generator):
        raise TypeError(f"argument 'generator' must be torch.Generator, not {type(generator).__name__}")
    return (generator or default_generator).take(-(-count // philox.WORDS))


def _words(generator: Generator | None, count: int, place: device = cpu) -> Array:
    made: Array = _made(place)(*reserved(count, generator), -(-count // philox.WORDS))
    return made[:count]


def _made(place: device) -> Any:
    """What makes the words: the same ones on each device."""
    return philox.words if place.type == "cpu" else devices.random_words


def _wide(generator: Generator | None, count: int, words_each: int, place: device = cpu) -> Array:
    """Integers of 32 bits (one word each) or 64 bits (two), in uint64."""
    words = _words(generator, count * words_each, place).astype(np.uint64)
    return words if words_each == 1 else (words[0::2] << np.uint64(32)) | words[1::2]


def _integers53(words: Array) -> Array:
    """Pairs of words -> integers below 2**53 in uint64: 27 bits of the one, 26 of the other."""
    high = words[0::2].astype(np.uint64) >> np.uint64(5)
    return (high << np.uint64(26)) | (words[1::2] >> np.uint32(6))


def uniform(
    generator: Generator | None,
    shape: Sequence[int],
    dtype: Any = _FLOAT32,
    low: float = 0.0,
    high: float = 1.0,
    place: device = cpu,
) -> Array:
    """Numbers in [low, high): steps of 2**-24 of the range (2**-53 in float64), all equally likely.

    Raises DTypeError for integer types, RuntimeError if low > high or the range does not fit the type.

    >>> uniform(Generator().manual_seed(0), (2, 2)).dtype
    dtype('float32')
    """
    kind = _float_type("uniform", dtype)
    largest = float(np.finfo(kind).max)
    if not low <= high:
        raise RuntimeError(f"uniform: the range [{low}, {high}) is empty. low must not be greater than high.")
    if low < -largest or high > largest or float(high) - float(low) > largest:
        raise RuntimeError(f"uniform: the range [{low}, {high}) does not fit {kind}. Use smaller bounds.")
    n = _size("uniform", shape)
    count = 2 * n if kind == _FLOAT64 else n
    seed, first = reserved(count, generator)
    if place.type != "cpu":
        drawn: Array | None = devices.draws().uniform(seed, first, tuple(shape), kind, low, high)
        if drawn is not None:
            return drawn
    words = _made(place)(seed, first, -(-count // philox.WORDS))[:count]
    if kind == _FLOAT64:
        numbers = _integers53(words) * 2.0**-53
    else:
        bits = _UNIFORM_BITS[kind.itemsize]
        numbers = (words >> np.uint32(32 - bits)).astype(kind)
        numbers *= kind.type(2.0**-bits)
    if (low, high) != (0.0, 1.0):
        numbers = (numbers.astype(_FLOAT64) * (float(high) - float(low)) + float(low)).astype(kind)
        if low < high:  # rounding may reach the bound that is excluded
            numbers = np.minimum(numbers, np.nextafter(kind.type(high), kind.type(low)))
    return numbers.reshape(shape)


def normal(
    generator: Generator | None,
    shape: Sequence[int],
    dtype: Any = _FLOAT32,
    mean: float = 0.0,
    std: float = 1.0,
    place: device = cpu,
) -> Array:
    """Normal numbers by the method of Box and Muller (1958): two from two uniforms.

    Computed in float64 and rounded once; float64 takes 53 random bits per uniform, the others 32 (so |z| <
    6.7). Raises DTypeError for integer types, RuntimeError if std is negative.

    >>> normal(Generator().manual_seed(0), (3,)).shape
    (3,)
    """
    kind = _float_type("normal", dtype)
    if not std >= 0:
        raise RuntimeError(f"normal: the standard deviation must be 0 or more, got {std}.")
    n = _size("normal", shape)
    words_each = 2 if kind == _FLOAT64 else 1
    seed, first = (generator or default_generator).take(-(-n * words_each // philox.WORDS))
    if place.type != "cpu":
        drawn: Array | None = devices.draws().normal(seed, first, tuple(shape), kind, mean, std)
        if drawn is not None:
            return drawn
        numbers = _box_muller(_made(place)(seed, first, -(-n * words_each // philox.WORDS)), words_each)[:n]
        return (numbers * float(std) + float(mean)).astype(kind).reshape(shape)
    result = np.empty(n, kind)
    with np.errstate(over="ignore", invalid="ignore"):  # inf where the type is too small, silently as everywhere
        for start in range(0, n, _AT_A_TIME):
            part = result[start : start + _AT_A_TIME]
            block = first + start * words_each // philox.WORDS
            words = philox.words(seed, block, -(-len(part) * words_each // philox.WORDS))
            numbers = _box_muller(words, words_each)[: len(part)]
            if (mean, std) != (0.0, 1.0):
                numbers = numbers * float(std) + float(mean)
            part[:] = numbers
    return result.reshape(shape)


def _box_muller(words: Array, words_each: int) -> Array:
    """Uniforms u in (0, 1] and v in [0, 1), taken in turn -> sqrt(-2 log u) times cos and sin of v turns."""
    uniforms = (words if words_each == 1 else _integers53(words)).astype(np.float64)
    u, v = uniforms[0::2], uniforms[1::2]
    scale = 2.0**-32 if words_each == 1 else 2.0**-53
    radius = np.sqrt(-2.0 * natural_log((u + 1.0) * scale))
    cos, sin = cos_sin_turn(v * scale)
    result = np.empty_like(uniforms)
    np.multiply(radius, cos, out=result[0::2])
    np.multiply(radius, sin, out=result[1::2])
    return result


def integers(
    generator: Generator | None, shape: Sequence[int], low: int, high: int, dtype: Any = _INT64, place: device = cpu
) -> Array:
    """Integers in [low, high), all exactly equally likely.

    What is left over when the range of a word is divided evenly among the results is drawn again.
    Ranges up to 2**32 take one word a number, wider ones two. Raises RuntimeError if low >= high or if a
    value of the range does not fit the dtype.

    >>> set(integers(Generator().manual_seed(0), (100,), 0, 3).tolist())
    {0, 1, 2}
    """
    kind = np.dtype(dtype)
    if low >= high:
        raise RuntimeError(f"randint: the range [{low}, {high}) is empty. low must be less than high.")
    least, most = _whole_limits(kind)
    if low < least or high - 1 > most:
        raise RuntimeError(
            f"randint: values of [{low}, {high}) do not fit {kind}. Use a smaller range or a wider type."
        )
    n, span = _size("randint", shape), high - low
    words_each = 1 if span <= 2**32 else 2
    total = 2 ** (32 * words_each)
    end = total - total % span  # from here on a remainder would favour the small results
    if place.type != "cpu":
        return _integers_there(generator, n, low, span, words_each, place).astype(kind, copy=False).reshape(shape)
    numbers = _wide(generator, n, words_each)
    if end < total:
        while (redo := np.flatnonzero(numbers >= np.uint64(end))).size:
            numbers[redo] = _wide(generator, redo.size, words_each)
    if span < 2**64:
        numbers %= np.uint64(span)
    numbers += np.uint64(low % 2**64)  # wraps into two's complement, which the view reads
    return numbers.view(np.int64).astype(kind).reshape(shape)


def _integers_there(
    generator: Generator | None, n: int, low: int, span: int, words_each: int, place: device
) -> Array:
    """The same integers in int64, drawn on the GPU."""
    make, total = devices.draws().integers, 2 ** (32 * words_each)
    end = np.uint64((total - total % span) % 2**64)
    numbers: Array | None = None
    redo: Array | None = None
    count = n
    while True:
        seed, first = reserved(count * words_each, generator)
        drawn, again = make(seed, first, count, low, span, words_each)
        if numbers is None or redo is None:
            numbers = drawn
        else:
            numbers[redo] = drawn
        if not again:
            return numbers
        raw = make(seed, first, count, 0, total, words_each)[0].view(np.uint64)  # which of them it is
        places = np.flatnonzero(raw >= end)
        redo, count = places if redo is None else redo[places], again


def _whole_limits(kind: np.dtype[Any]) -> tuple[int, int]:
    """The least and the greatest whole number of the type that int64 holds as well."""
    if kind.kind == "b":
        return 0, 1
    limits: Any = np.finfo(kind) if kind.kind == "f" else np.iinfo(kind)
    return max(int(limits.min), -(2**63)), min(int(limits.max), 2**63 - 1)


def permutation(generator: Generator | None, n: int, dtype: Any = _INT64, place: device = cpu) -> Array:
    """The numbers 0 to n - 1 in random order: (n,).

    They are sorted by random keys of 64 bits (by a stable sort, so that even a tie is repeatable).
    Raises ShapeError if n is negative, RuntimeError if n - 1 does not fit the dtype.

    >>> sorted(permutation(Generator().manual_seed(0), 4).tolist())
    [0, 1, 2, 3]
    """
    kind = np.dtype(dtype)
    _size("randperm", (n,))
    if n - 1 > _whole_limits(kind)[1]:
        raise RuntimeError(f"randperm: {n - 1} does not fit {kind}. Use a wider type, such as int64.")
    return np.argsort(_wide(generator, n, 2, place), kind="stable").astype(kind, copy=False)


def bernoulli(
    generator: Generator | None,
    probability: Any,
    shape: Sequence[int] | None = None,
    dtype: Any = _FLOAT32,
    place: device = cpu,
) -> Array:
    """Ones with the given probability (a number, or an array that broadcasts to the shape), else zeros.

    Resolution 2**-32; 0 never and 1 always gives a one. Raises RuntimeError for probabilities outside [0, 1].

    >>> bernoulli(Generator().manual_seed(0), 1.0, (3,))
    array([1., 1., 1.], dtype=float32)
    """
    wanted = probability.astype(_FLOAT64) if hasattr(probability, "block") else np.asarray(probability, np.float64)
    if not np.all((wanted >= 0) & (wanted <= 1)):  # also refuses nan
        raise RuntimeError("bernoulli: every probability must be in [0, 1], and not nan.")
    shape = wanted.shape if shape is None else tuple(shape)
    if place.type != "cpu":
        there: Array = devices.draws().chances(*reserved(_size("bernoulli", shape), generator), shape, wanted, dtype)
        return there
    words = _words(generator, _size("bernoulli", shape)).reshape(shape)
    return np.asarray(words * 2.0**-32 < wanted).astype(dtype)


def multinomial(generator: Generator | None, weights: Array, num_samples: int, replacement: bool = False) -> Array:
    """Indices drawn in proportion to weights: (K,) -> (S,), or a row each (N, K) -> (N, S), in int64.

    The weights need not sum to 1. Without replacement the order is that of drawing one after the other
    (exponential clocks: Efraimidis and Spirakis, 2006). Raises RuntimeError, saying which rule is broken:
    weights floating point, finite, not negative, not all 0; 1 or 2 dimensions; at least 1 sample, and without
    replacement no more than there are weights above 0.

    >>> multinomial(Generator().manual_seed(0), np.array([0.0, 1.0]), 3, replacement=True)
    array([1, 1, 1])
    """
    there = hasattr(weights, "block")
    weights = weights if there else np.asarray(weights)
    if weights.dtype.kind != "f":
        raise DTypeError(f"multinomial: the weights must be floating point, not {weights.dtype}. Use weights.float().")
    if weights.ndim not in (1, 2):
        raise ShapeError(f"multinomial: the weights must have 1 or 2 dimensions, got shape {weights.shape}.")
    if num_samples <= 0:
        raise RuntimeError(f"multinomial: num_samples must be 1 or more, got {num_samples}.")
    rows = weights.reshape(-1, weights.shape[-1]).astype(np.float64)
    if not bool(((rows >= 0) & (rows < np.inf)).all()):
        raise RuntimeError("multinomial: a weight is negative, inf or nan. Weights are finite and 0 or more.")
    possible = int((rows != 0).sum(axis=1).min()) if rows.size else rows.shape[1]
    if len(rows) and possible == 0:
        raise RuntimeError("multinomial: all weights of a row are 0, so nothing can be drawn.")
    if not replacement and num_samples > possible:
        raise RuntimeError(
            f"multinomial: {num_samples} samples without replacement need as many weights above 0, "
            f"but a row has only {possible}. Draw fewer, or pass replacement=True."
        )
    place = cuda if there else cpu
    drawn = (_with_replacement if replacement else _without_replacement)(generator, rows, num_samples, place)
    return drawn.reshape(*weights.shape[:-1], num_samples)


def _with_replacement(generator: Generator | None, rows: Array, count: int, place: device) -> Array:
    sums = np.cumsum(rows / rows.max(axis=1, keepdims=True) if rows.size else rows, axis=1)  # no overflow
    at = uniform(generator, (len(rows), count), _FLOAT64, place=place) * sums[:, -1:]  # always below the last sum
    if place.type != "cpu":
        there: Array = devices.draws().found(sums, at)
        return there
    found = [np.searchsorted(edges, x, side="right") for edges, x in zip(sums, at, strict=True)]
    return np.array(found, np.int64).reshape(len(rows), count)


def _without_replacement(generator: Generator | None, rows: Array, count: int, place: device) -> Array:
    # The clock of index i rings after an exponential time of rate weight i; the first to ring are drawn.
    bits = _integers53(_words(generator, 2 * rows.size, place)) >> np.uint64(1)
    waiting = -natural_log((bits + 0.5) * 2.0**-52).reshape(rows.shape)
    with np.errstate(divide="ignore", over="ignore"):
        rings = np.minimum(waiting / rows, np.finfo(np.float64).max)  # a tiny weight: very late
    rings = np.where(rows == 0, np.inf, rings)  # no weight: never
    return np.argsort(rings, axis=1, kind="stable")[:, :count].astype(np.int64)
