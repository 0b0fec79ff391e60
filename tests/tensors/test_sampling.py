"""Draws: frozen numbers (the same on every machine), the distributions they follow, and bad arguments.

Nothing here is left to luck: seeds are fixed, and the stream is the same everywhere.
"""

import hashlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_edu.errors import DTypeError, ShapeError
from tinygrad_edu.kernels import philox, portable
from tinygrad_edu.tensors import sampling
from tinygrad_edu.tensors.random import Generator
from tinygrad_edu.tensors.sampling import bernoulli, integers, multinomial, normal, permutation, uniform


def seeded(seed: int = 42) -> Generator:
    return Generator().manual_seed(seed)


GOLDEN: dict[str, tuple[Callable[[], Any], list[Any]]] = {
    "uniform float32": (
        lambda: uniform(seeded(), (4,)),
        [0.6129598617553711, 0.4685865044593811, 0.07323169708251953, 0.3408614993095398],
    ),
    "uniform float64": (
        lambda: uniform(seeded(), (3,), "float64"),
        [0.6129598801477738, 0.07323173687503892, 0.9877186516453577],
    ),
    "uniform float16": (lambda: uniform(seeded(), (3,), "float16"), [0.61279296875, 0.46826171875, 0.07275390625]),
    "uniform range": (
        lambda: uniform(seeded(), (3,), "float32", -1, 3),
        [1.4518394470214844, 0.8743460178375244, -0.7070732116699219],
    ),
    "normal float32": (
        lambda: normal(seeded(), (5,)),
        [-0.9701898097991943, 0.19401895999908447, -1.2356207370758057, 1.9239267110824585, -0.07318150997161865],
    ),
    "normal float64": (
        lambda: normal(seeded(), (4,), "float64"),
        [0.8864975090043556, 0.4393560670449656, -0.15660961822160738, -0.013718678438682937],
    ),
    "normal float16": (lambda: normal(seeded(), (3,), "float16"), [-0.97021484375, 0.1939697265625, -1.2353515625]),
    "normal scaled": (
        lambda: normal(seeded(), (3,), "float32", 10, 2),
        [8.05962085723877, 10.38803768157959, 7.528758525848389],
    ),
    "integers": (lambda: integers(seeded(), (10,), -5, 5), [-2, -4, 2, 2, -2, 0, -1, -4, -2, 4]),
    "integers of 64 bits": (
        lambda: integers(seeded(), (3,), -(2**63), 2**63),
        [2083742018897791291, -7872484918196784169, 8996821133394865405],
    ),
    "permutation": (lambda: permutation(seeded(), 10), [1, 9, 8, 3, 7, 5, 0, 6, 4, 2]),
    "bernoulli": (lambda: bernoulli(seeded(), 0.45, (6,)), [0, 0, 1, 1, 0, 1]),
    "multinomial": (
        lambda: multinomial(seeded(), np.array([1.0, 2, 3, 0]), 8, replacement=True),
        [2, 0, 2, 2, 2, 2, 2, 2],
    ),
    "multinomial without replacement": (
        lambda: multinomial(seeded(), np.array([[1.0, 2, 3, 0], [4, 0, 1, 1]]), 3),
        [[2, 0, 1], [0, 2, 3]],
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_frozen_numbers(name: str) -> None:
    draw, expected = GOLDEN[name]
    assert draw().tolist() == expected


@pytest.mark.parametrize(
    ("draw", "start"),
    [
        (lambda: normal(seeded(), (100_000,)), "1f583cfdd32bd15b"),
        (lambda: normal(seeded(), (100_000,), "float64"), "8f0080a797b86d13"),
        (lambda: uniform(seeded(), (100_000,), "float32", -1, 3), "43188c1b05beece5"),
    ],
)
def test_a_hundred_thousand_frozen_numbers(draw: Callable[[], Any], start: str) -> None:
    numbers = draw()
    little_endian = numbers.astype(numbers.dtype.newbyteorder("<"))
    assert hashlib.sha256(little_endian.tobytes()).hexdigest().startswith(start)


def test_normals_follow_their_recipe_bit_for_bit() -> None:
    """The recipe once more, one number at a time, in the five operations that IEEE 754 rounds correctly."""

    def polynomial(coefficients: list[float], x: float) -> float:
        result = coefficients[-1]
        for coefficient in reversed(coefficients[:-1]):
            result = result * x + coefficient
        return result

    def log(x: float) -> float:
        mantissa, exponent = math.frexp(x)
        if mantissa < portable._SQRT_HALF:
            mantissa, exponent = 2 * mantissa, exponent - 1
        s = (mantissa - 1) / (mantissa + 1)
        return polynomial(portable._LOG, s * s) * s + exponent * portable._LN_2

    def cos_sin(turn: float) -> tuple[float, float]:
        nearest = round(4 * turn)
        angle = (4 * turn - nearest) * portable._QUARTER_TURN
        cos, sin = polynomial(portable._COS, angle * angle), polynomial(portable._SIN, angle * angle) * angle
        return [(cos, sin), (-sin, cos), (-cos, -sin), (sin, -cos)][nearest % 4]

    expected = []
    for u, v in philox.words(42, 0, 100).reshape(-1, 2).tolist():
        radius = math.sqrt(-2.0 * log((u + 1) * 2.0**-32))
        expected += [radius * part for part in cos_sin(v * 2.0**-32)]
    assert normal(seeded(), (400,)).tolist() == np.array(expected).astype(np.float32).tolist()


def test_portable_functions_are_accurate() -> None:
    x = uniform(seeded(), (50_000,), "float64") + 2.0**-60
    assert np.max(np.abs(portable.natural_log(x) / np.log(x) - 1)) < 1e-15
    tiny = np.array([2.0**-53, 2.0**-32, 5e-324, 1.0, 1e300])
    assert np.allclose(portable.natural_log(tiny), np.log(tiny), rtol=1e-15, atol=0)
    turns = np.linspace(0, 1, 4097)  # multiples of 2**-12: the product with 2 pi is the only rounding
    cos, sin = portable.cos_sin_turn(turns)
    assert np.max(np.abs(cos - np.cos(2 * np.pi * turns))) < 1e-15
    assert np.max(np.abs(sin - np.sin(2 * np.pi * turns))) < 1e-15
    assert portable.cos_sin_turn(np.array([0.25, 0.5, 0.75, 1.0]))[1].tolist() == [1, 0, -1, 0]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("draw", [uniform, normal])
def test_shapes_and_types(draw: Any, dtype: str) -> None:
    for shape in ((), (0,), (3, 0), (5,), (2, 3, 4), (1, 20_001)):
        numbers = draw(seeded(), shape, dtype)
        assert numbers.shape == shape and numbers.dtype == dtype and isinstance(numbers, np.ndarray)
    assert np.array_equal(draw(seeded(), (2, 3), dtype).ravel(), draw(seeded(), (6,), dtype))  # row by row


def test_large_normal_draws_have_no_seam() -> None:
    for dtype in ("float32", "float64"):
        count = sampling._AT_A_TIME + 8
        numbers, generator = normal(seeded(), (count,), dtype), seeded()
        generator.take(sampling._AT_A_TIME * (2 if dtype == "float64" else 1) // 4)
        assert np.array_equal(numbers[-8:], normal(generator, (8,), dtype))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_uniform_distribution(dtype: str) -> None:
    numbers = uniform(seeded(1), (100_000,), dtype).astype(np.float64)
    assert numbers.min() >= 0 and numbers.max() < 1
    counts = np.histogram(numbers, 64, (0, 1))[0]
    chi_squared = ((counts - 100_000 / 64) ** 2).sum() / (100_000 / 64)
    assert 30 < chi_squared < 115  # 63 degrees of freedom: beyond with a chance of 2e-4
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.01


def test_uniform_never_reaches_its_upper_bound() -> None:
    for low, high in ((-1.0, -0.9999999), (1e8, 1e8 + 8), (0.0, 1e-45), (5.0, 5.0)):
        numbers = uniform(seeded(), (10_000,), "float32", low, high)
        assert numbers.min() >= np.float32(low)
        assert numbers.max() < np.float32(high) or np.float32(low) == np.float32(high) == numbers.max()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_normal_distribution(dtype: str) -> None:
    numbers = normal(seeded(1), (100_000,), dtype).astype(np.float64)
    assert abs(numbers.mean()) < 0.01 and abs(numbers.std() - 1) < 0.01
    assert abs((numbers**3).mean()) < 0.04 and abs((numbers**4).mean() - 3) < 0.1
    cdf = np.array([0.5 * (1 + math.erf(x / math.sqrt(2))) for x in np.sort(numbers)])
    distance = np.abs(cdf - (np.arange(100_000) + 0.5) / 100_000).max()
    assert distance < 0.0062  # Kolmogorov and Smirnov: beyond with a chance of 1e-3
    assert abs(np.corrcoef(numbers[0::2], numbers[1::2])[0, 1]) < 0.01  # the two of a pair
    assert np.allclose(normal(seeded(1), (8,), dtype, 5.0, 0.0), 5.0)


@pytest.mark.parametrize("span", [1, 2, 10, 1000, 3 * 2**30, 2**32, 2**32 + 1, 3 * 2**61, 2**64])
def test_integers_are_even(span: int) -> None:
    low = -(2**63) if span > 2**62 else -7
    numbers = integers(seeded(3), (40_000,), low, low + span)
    offsets = [int(number) - low for number in numbers]
    assert 0 <= min(offsets) and max(offsets) < span
    bins = min(span, 10)
    counts = np.bincount([offset * bins // span for offset in offsets], minlength=bins)
    chi_squared = ((counts - 40_000 / bins) ** 2).sum() / (40_000 / bins)
    assert chi_squared < 34  # at most 9 degrees of freedom: beyond with a chance of 1e-4


def test_words_of_the_uneven_tail_are_drawn_again() -> None:
    span = 3 * 2**30  # a quarter of the words is of no use
    first = philox.words(42, 0, 25)
    kept = first < span
    assert not kept.all()
    numbers = integers(seeded(), (100,), 0, span)
    assert np.array_equal(numbers[kept], first[kept])
    redrawn = philox.words(42, 25, -(-int((~kept).sum()) // 4))[: int((~kept).sum())]
    assert np.array_equal(numbers[~kept][redrawn < span], redrawn[redrawn < span])


def test_integers_of_other_types() -> None:
    assert integers(seeded(), (9,), 0, 2, "bool").dtype == bool
    assert integers(seeded(), (9,), 250, 256, "uint8").min() >= 250
    assert integers(seeded(), (9,), -128, 128, "int8").dtype == np.int8
    assert integers(seeded(), (3, 2), 0, 5, "float32").dtype == np.float32
    assert integers(seeded(), (), 4, 5) == 4 and integers(seeded(), (0,), 0, 3).shape == (0,)
    for low, high, dtype in ((0, 257, "uint8"), (-1, 3, "uint8"), (0, 3, "bool"), (0, 2**63 + 1, "int64")):
        with pytest.raises(RuntimeError, match=f"do not fit {dtype}"):
            integers(seeded(), (2,), low, high, dtype)
    for low, high in ((3, 3), (3, 1)):
        with pytest.raises(RuntimeError, match="empty"):
            integers(seeded(), (2,), low, high)


def test_permutations() -> None:
    for n in (0, 1, 2, 1000):
        assert sorted(permutation(seeded(), n).tolist()) == list(range(n))
    generator = seeded(5)
    orders = [tuple(permutation(generator, 3).tolist()) for _ in range(3000)]
    counts = np.array([orders.count(order) for order in sorted(set(orders))])
    assert len(counts) == 6 and np.abs(counts - 500).max() < 80  # 3.9 standard deviations
    assert permutation(seeded(), 256, "uint8").dtype == np.uint8
    with pytest.raises(RuntimeError, match="does not fit uint8"):
        permutation(seeded(), 257, "uint8")
    with pytest.raises(ShapeError, match="negative"):
        permutation(seeded(), -1)


def test_bernoulli() -> None:
    assert abs(bernoulli(seeded(), 0.3, (100_000,)).mean() - 0.3) < 0.005
    assert not bernoulli(seeded(), 0.0, (10_000,)).any() and bernoulli(seeded(), 1.0, (10_000,)).all()
    wanted = np.array([[0.0, 1.0, 1.0]], np.float32)
    assert bernoulli(seeded(), wanted).tolist() == wanted.tolist()
    assert bernoulli(seeded(), wanted, (2, 3), "int64").tolist() == [[0, 1, 1]] * 2
    for wrong in (1.5, -0.1, float("nan"), [0.5, 2.0]):
        with pytest.raises(RuntimeError, match=r"in \[0, 1\]"):
            bernoulli(seeded(), wrong)


def test_multinomial_with_replacement() -> None:
    weights = np.array([[0, 1, 2, 0, 5, 0], [3, 0, 0, 0, 0, 1]], np.float32)
    drawn = multinomial(seeded(), weights, 40_000, replacement=True)
    assert drawn.shape == (2, 40_000) and drawn.dtype == np.int64
    for row, weight in zip(drawn, weights, strict=True):
        shares = np.bincount(row, minlength=6) / 40_000
        assert np.abs(shares - weight / weight.sum()).max() < 0.01
        assert not shares[weight == 0].any()
    huge = multinomial(seeded(), np.array([1e308, 1e308]), 100, replacement=True)
    assert 20 < huge.sum() < 80


def test_multinomial_without_replacement_draws_one_after_the_other() -> None:
    weights = np.tile(np.array([1.0, 2.0, 3.0, 0.0]), (20_000, 1))
    drawn = multinomial(seeded(), weights, 3)
    assert np.array_equal(np.sort(drawn, axis=1), np.tile([0, 1, 2], (20_000, 1)))
    for first in range(3):
        assert abs((drawn[:, 0] == first).mean() - (first + 1) / 6) < 0.015
    second_after_2 = drawn[drawn[:, 0] == 2][:, 1]  # 1 and 2 are left: twice as often the latter
    assert abs((second_after_2 == 1).mean() - 2 / 3) < 0.02
    extreme = np.array([0.0, 5e-324, 1e-300, 1e300])
    assert sorted(multinomial(seeded(), extreme, 3).tolist()) == [1, 2, 3]


BAD_WEIGHTS: list[tuple[Any, int, bool, str]] = [
    ([1, 2], 1, True, "floating point"),
    ([1.0, -2.0], 1, True, "negative, inf or nan"),
    ([1.0, float("nan")], 1, True, "negative, inf or nan"),
    ([1.0, float("inf")], 1, True, "negative, inf or nan"),
    ([0.0, 0.0], 1, True, "all weights of a row are 0"),
    ([[1.0, 0.0], [0.0, 0.0]], 1, False, "all weights of a row are 0"),
    ([1.0, 1.0], 3, False, "as many weights above 0"),
    ([1.0, 0.0], 2, False, "as many weights above 0"),
    ([1.0, 1.0], 0, True, "1 or more"),
    (1.0, 1, True, "1 or 2 dimensions"),
    ([[[1.0]]], 1, True, "1 or 2 dimensions"),
]


@pytest.mark.parametrize(("weights", "count", "replacement", "message"), BAD_WEIGHTS)
def test_bad_weights(weights: Any, count: int, replacement: bool, message: str) -> None:
    with pytest.raises(RuntimeError, match=message):
        multinomial(seeded(), np.array(weights), count, replacement)


def test_no_rows() -> None:
    assert multinomial(seeded(), np.ones((0, 3)), 2).shape == (0, 2)
    assert multinomial(seeded(), np.ones((0, 3)), 5, replacement=True).shape == (0, 5)


def test_bad_arguments() -> None:
    for draw in (uniform, normal):
        with pytest.raises(DTypeError, match="int64"):
            draw(seeded(), (2,), "int64")
        with pytest.raises(ShapeError, match="negative size"):
            draw(seeded(), (2, -1))
    for std in (-1.0, float("nan")):
        with pytest.raises(RuntimeError, match="standard deviation"):
            normal(seeded(), (2,), "float32", 0.0, std)
    for low, high in ((2.0, 1.0), (float("nan"), 1.0)):
        with pytest.raises(RuntimeError, match="empty"):
            uniform(seeded(), (2,), "float32", low, high)
    for low, high, dtype in ((0.0, math.inf, "float32"), (0.0, 1e5, "float16"), (-3e38, 3e38, "float32")):
        with pytest.raises(RuntimeError, match="does not fit"):
            uniform(seeded(), (2,), dtype, low, high)


def test_a_refused_draw_leaves_the_stream_where_it_was() -> None:
    generator = seeded()
    before = generator.get_state()
    with pytest.raises(RuntimeError):
        normal(generator, (2,), "float32", 0.0, -1.0)
    with pytest.raises(RuntimeError):
        integers(generator, (2,), 3, 3)
    with pytest.raises(RuntimeError):
        multinomial(generator, np.array([0.0]), 1)
    with pytest.raises(RuntimeError):
        permutation(generator, -1)
    assert np.array_equal(generator.get_state(), before)


@pytest.mark.oracle
def test_errors_as_pytorch() -> None:
    torch = pytest.importorskip("torch")
    for weights, count, replacement, _ in BAD_WEIGHTS:
        if (weights, count) == ([1.0, 0.0], 2):
            continue  # PyTorch returns an index of weight 0 here, against its documentation
        with pytest.raises(RuntimeError):
            torch.multinomial(torch.tensor(weights), count, replacement)
    for call in (
        lambda: torch.randint(3, 3, (2,)),
        lambda: torch.randint(0, 300, (2,), dtype=torch.uint8),
        lambda: torch.randperm(-1),
        lambda: torch.normal(0.0, -1.0, (2,)),
        lambda: torch.rand(2, dtype=torch.int64),
        lambda: torch.bernoulli(torch.tensor([2.0])),
        lambda: torch.empty(2).uniform_(2, 1),
        lambda: torch.rand(-1),
    ):
        with pytest.raises(RuntimeError):
            call()
