"""Type promotion: the three ranks, the tables of the hot path, and all pairs against PyTorch."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest

from tinygrad_edu.errors import DTypeError
from tinygrad_edu.tensors import dtype as types
from tinygrad_edu.tensors import promotion
from tinygrad_edu.tensors.promotion import FLOAT, PAIRS, SCALARS, result_type

NAMES = [each.name for each in types.BY_NUMPY.values()]
BOOL, U8, I8, I32, I64, F16, F32, F64 = map(
    np.dtype, ("bool", "uint8", "int8", "int32", "int64", "float16", "float32", "float64")
)


@pytest.fixture(autouse=True)
def default_restored() -> Iterator[None]:
    yield
    types.set_default_dtype(types.float32)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ((F32, False, F64, False), F64),
        ((F32, False, F64, True), F32),  # a tensor of no dimensions does not widen one with dimensions
        ((F32, True, F64, True), F64),
        ((I64, False, F16, True), F16),  # unless its category is higher
        ((I64, False, F16, False), F16),  # NumPy says float64 here
        ((U8, False, I8, False), np.dtype("int16")),
        ((BOOL, False, U8, True), U8),
        ((I8, False, I64, True), I8),
    ],
)
def test_pairs(key: tuple[Any, bool, Any, bool], expected: np.dtype[Any]) -> None:
    assert PAIRS[key] == expected
    a, a_zero_dim, b, b_zero_dim = key
    assert PAIRS[b, b_zero_dim, a, a_zero_dim] == expected
    assert key in PAIRS  # the next time it is one lookup


def test_numbers_rank_lowest() -> None:
    assert SCALARS[I8, int] == I8 and SCALARS[BOOL, int] == I64 and SCALARS[U8, bool] == U8
    assert SCALARS[F16, float] == F16 and SCALARS[I64, float] == F32
    assert SCALARS[F32, np.float64] == F32 and SCALARS[I8, np.int64] == I8 and SCALARS[I8, np.bool_] == I8


def test_numbers_that_have_no_type() -> None:
    with pytest.raises(DTypeError, match="complex numbers are not supported"):
        SCALARS[F32, complex]
    with pytest.raises(DTypeError, match="str has no element type"):
        SCALARS[F32, str]
    assert (F32, str) not in SCALARS


def test_the_default_type_is_followed() -> None:
    assert FLOAT[I64] == F32 and SCALARS[I64, float] == F32
    types.set_default_dtype(types.float64)
    assert FLOAT[I64] == F64 and SCALARS[I64, float] == F64
    assert FLOAT[F16] == F16 and promotion.float_result(BOOL) == F64


def test_many_operands() -> None:
    assert result_type([U8, I8, F16], [F64], [int]) == F16
    assert result_type([], [I8, I32], [float]) == F32
    assert result_type(scalars=[int, bool]) == I64
    with pytest.raises(ValueError, match="no operands"):
        result_type()


def test_sums_and_means() -> None:
    assert promotion.sum_result(BOOL) == promotion.sum_result(U8) == I64 and promotion.sum_result(F16) == F16
    promotion.require_float("mean", F16)
    with pytest.raises(DTypeError, match=r"mean: needs a floating-point tensor, got int64.*x.float\(\)"):
        promotion.require_float("mean", I64)


def test_storing_in_place() -> None:
    promotion.check_cast("add_", F64, F16)
    promotion.check_cast("add_", I64, U8)
    for from_, to in ((F32, I64), (I8, BOOL)):
        with pytest.raises(DTypeError, match="can't be cast"):
            promotion.check_cast("add_", from_, to)


def test_types_that_no_tensor_has() -> None:
    with pytest.raises(TypeError, match="complex128"):
        PAIRS[F32, False, np.dtype("complex128"), False]
    wrong: Any = "float32"
    with pytest.raises(TypeError, match="promote_types"):
        promotion.promote_types(types.float32, wrong)


@pytest.mark.oracle
@pytest.mark.parametrize("default", ["float32", "float64"])
def test_every_pair_as_pytorch(default: str) -> None:
    torch = pytest.importorskip("torch")
    before = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, default))
    types.set_default_dtype(getattr(types, default))
    try:
        for a, b in product(NAMES, NAMES):
            for a_zero_dim, b_zero_dim in product([False, True], [False, True]):
                x = torch.zeros(() if a_zero_dim else (2,), dtype=getattr(torch, a))
                y = torch.zeros(() if b_zero_dim else (2,), dtype=getattr(torch, b))
                expected = str(torch.result_type(x, y))
                ours = PAIRS[np.dtype(a), a_zero_dim, np.dtype(b), b_zero_dim]
                assert f"torch.{ours}" == expected, (a, a_zero_dim, b, b_zero_dim)
            ours_type, their_type = getattr(types, a), getattr(torch, a)
            other, their_other = getattr(types, b), getattr(torch, b)
            assert repr(promotion.promote_types(ours_type, other)) == repr(torch.promote_types(their_type, their_other))
            assert promotion.can_cast(ours_type, other) == torch.can_cast(their_type, their_other)
        for name, zero_dim, number in product(NAMES, [False, True], [True, 3, 2.5]):
            x = torch.zeros(() if zero_dim else (2,), dtype=getattr(torch, name))
            expected = str(torch.result_type(x, number))
            assert f"torch.{SCALARS[np.dtype(name), type(number)]}" == expected, (name, zero_dim, number)
        for name in NAMES:
            x = torch.ones(2, dtype=getattr(torch, name))
            assert f"torch.{FLOAT[np.dtype(name)]}" == str((x / x).dtype) == str(x.exp().dtype)
            assert f"torch.{promotion.sum_result(np.dtype(name))}" == str(x.sum().dtype) == str(x.prod().dtype)
    finally:
        torch.set_default_dtype(before)
