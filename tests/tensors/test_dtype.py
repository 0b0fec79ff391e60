"""Element types: one object each, printed as PyTorch prints them, with a default for new floats."""

import copy
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tinygrad_edu.errors import DTypeError
from tinygrad_edu.tensors import dtype as types
from tinygrad_edu.tensors import limits

STORED = list(types.BY_NUMPY.values())


@pytest.fixture(autouse=True)
def default_restored() -> Iterator[None]:
    yield
    types.set_default_dtype(types.float32)


def test_facts_of_a_type() -> None:
    assert repr(types.float32) == str(types.float32) == "torch.float32"
    assert (types.float16.itemsize, types.float64.itemsize, types.bool.itemsize) == (2, 8, 1)
    assert types.float32.is_floating_point and not types.int32.is_floating_point
    assert types.int8.is_signed and not types.uint8.is_signed and not types.bool.is_signed
    assert not any(each.is_complex for each in STORED)


def test_short_names_are_the_same_objects() -> None:
    assert types.half is types.float16 and types.float is types.float32 and types.double is types.float64
    assert types.short is types.int16 and types.int is types.int32 and types.long is types.int64
    assert types.bool is types.bool_


@pytest.mark.parametrize("each", [*STORED, types.bfloat16], ids=repr)
def test_pickles_and_copies_are_the_same_object(each: types.dtype) -> None:
    assert pickle.loads(pickle.dumps(each)) is each
    assert copy.copy(each) is each and copy.deepcopy([each])[0] is each


def test_numpy_and_back() -> None:
    for each in STORED:
        assert types.of_numpy(each.numpy) is each
    with pytest.raises(TypeError, match=r"cannot hold NumPy's complex128.*float32"):
        types.of_numpy(np.dtype("complex128"))
    with pytest.raises(ValueError, match="byte order"):
        types.of_numpy(np.dtype("float32").newbyteorder())


def test_new_types_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="cannot be made"):
        types.dtype()


def test_bfloat16_has_a_name_and_a_reason() -> None:
    assert repr(types.bfloat16) == "torch.bfloat16"
    assert types.bfloat16.is_floating_point and types.bfloat16.itemsize == 2
    with pytest.raises(DTypeError, match=r"NumPy has no bfloat16.*float32"):
        _ = types.bfloat16.numpy
    with pytest.raises(DTypeError, match="bfloat16"):
        types.set_default_dtype(types.bfloat16)


def test_what_a_caller_may_ask_for() -> None:
    assert types.as_dtype(types.int8, "zeros") is types.int8
    assert types.as_dtype(float, "zeros") is types.float64  # as PyTorch: Python's float is double
    assert types.as_dtype(int, "zeros") is types.int64
    assert types.as_dtype(bool, "zeros") is types.bool
    wrong: list[Any] = ["float32", np.float32, np.dtype("float32"), None, 3]
    for value in wrong:
        with pytest.raises(TypeError, match="zeros: dtype must be"):
            types.as_dtype(value, "zeros")
    with pytest.raises(DTypeError):
        types.as_dtype(types.bfloat16, "zeros")


def test_default_type() -> None:
    calls: list[types.dtype] = []
    types.on_default_change(lambda: calls.append(types.get_default_dtype()))
    assert types.get_default_dtype() is types.float32
    types.set_default_dtype(types.float64)
    assert types.get_default_dtype() is types.float64 and calls == [types.float64]
    wrong: list[Any] = [types.int64, types.bool, "float32", float]
    for value in wrong:
        with pytest.raises(TypeError, match="only floating-point"):
            types.set_default_dtype(value)
    assert types.get_default_dtype() is types.float64


def test_limits() -> None:
    info = limits.finfo(types.float32)
    assert (info.bits, info.dtype, info.eps) == (32, "float32", 2.0**-23)
    assert type(info.max) is float and info.min == -info.max and info.tiny == info.smallest_normal
    assert limits.finfo() == info and hash(limits.finfo()) == hash(info) and info != limits.finfo(types.half)
    whole = limits.iinfo(types.uint8)
    assert (whole.min, whole.max, whole.bits) == (0, 255, 8) and type(whole.max) is int
    assert whole == limits.iinfo(types.uint8) and hash(whole) == hash(limits.iinfo(types.uint8))
    with pytest.raises(TypeError, match="iinfo"):
        limits.finfo(types.int64)
    with pytest.raises(TypeError, match="finfo"):
        limits.iinfo(types.float32)
    with pytest.raises(TypeError, match="bool"):
        limits.iinfo(types.bool)
    wrong: Any = "float32"
    with pytest.raises(TypeError, match="element type"):
        limits.finfo(wrong)


@pytest.mark.oracle
def test_as_pytorch() -> None:
    torch = pytest.importorskip("torch")
    for each in [*STORED, types.bfloat16]:
        theirs = getattr(torch, each.name)
        for fact in ("itemsize", "is_floating_point", "is_signed", "is_complex", "__repr__"):
            ours, expected = getattr(each, fact), getattr(theirs, fact)
            assert (ours() if callable(ours) else ours) == (expected() if callable(expected) else expected)
    for name in ("float16", "float32", "float64"):
        ours_f, theirs_f = limits.finfo(getattr(types, name)), torch.finfo(getattr(torch, name))
        assert repr(ours_f) == repr(theirs_f)
        for fact in ("bits", "eps", "max", "min", "tiny", "smallest_normal", "resolution", "dtype"):
            assert getattr(ours_f, fact) == getattr(theirs_f, fact), (name, fact)
    for name in ("uint8", "int8", "int16", "int32", "int64"):
        ours_i, theirs_i = limits.iinfo(getattr(types, name)), torch.iinfo(getattr(torch, name))
        assert repr(ours_i) == repr(theirs_i)
        for fact in ("bits", "max", "min", "dtype"):
            assert getattr(ours_i, fact) == getattr(theirs_i, fact), (name, fact)
