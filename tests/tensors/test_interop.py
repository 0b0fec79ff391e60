"""Tensors among NumPy's arrays: operators are ours and recorded, ufuncs compute and give Tensors, memory is shared."""

from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import ExportError, GradError


def leaf(values: list[float]) -> Any:
    return tg.tensor(values, dtype=tg.float64, requires_grad=True)


OPERATORS = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "pow": lambda a, b: a**b,
    "matmul": lambda a, b: a @ b,
}


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_with_an_array_are_recorded_on_either_side(name: str) -> None:
    apply = OPERATORS[name]
    array = np.array([3.0, 5.0])
    for swap in (False, True):
        x, y = leaf([1.5, 2.5]), leaf([1.5, 2.5])
        other = tg.tensor(array)
        got = apply(array, x) if swap else apply(x, array)
        wanted = apply(other, y) if swap else apply(y, other)
        assert isinstance(got, tg.Tensor) and type(got.grad_fn) is type(wanted.grad_fn)
        assert got.tolist() == wanted.tolist()
        got.sum().backward()
        wanted.sum().backward()
        assert x.grad.tolist() == y.grad.tolist()


def test_numpys_numbers_and_lists_on_the_left() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    assert (np.float64(2) - x).dtype is tg.float32 and (np.float64(2) - x).tolist() == [1.0, 0.0]
    assert (np.float32(2) * tg.tensor(3)).dtype is tg.float32 and (np.int64(2) * tg.tensor(1.5)).item() == 3.0
    assert (np.float64(2) * tg.tensor(1.5)).dtype is tg.float32, "a number does not widen a Tensor"
    assert (np.float64(3) // tg.tensor([2.0])).tolist() == [1.0] and (np.float64(3) % tg.tensor([2.0])).item() == 1.0
    assert np.multiply([3, 4], x).tolist() == [3.0, 8.0] and np.multiply(x, [3, 4]).requires_grad
    assert np.negative(x).requires_grad and np.absolute(x).requires_grad


def test_comparisons_and_masks() -> None:
    x = tg.tensor([1.0, 2.0, 3.0])
    array = np.array([2.0, 2.0, 2.0])
    for got, wanted in (
        (array < x, [False, False, True]),
        (array <= x, [False, True, True]),
        (array > x, [True, False, False]),
        (array == x, [False, True, False]),
        (array != x, [True, False, True]),
        (np.array([True, False, True]) & (x > 1), [False, False, True]),
    ):
        assert isinstance(got, tg.Tensor) and got.dtype is tg.bool and got.tolist() == wanted


def test_other_ufuncs_compute_on_the_arrays_and_give_tensors() -> None:
    x = tg.tensor([1.0, 4.0])
    for got in (np.sqrt(x), np.add.reduce(x), np.maximum(x, 2), np.add.outer(x, x), *np.modf(x)):
        assert isinstance(got, tg.Tensor) and got.dtype is tg.float32
    assert np.isfinite(x).tolist() == [True, True] and np.isfinite(x).dtype is tg.bool
    assert np.sqrt(x).tolist() == [1.0, 2.0] and np.add.reduce(x).item() == 5.0


def test_ufuncs_refuse_tensors_that_need_a_gradient() -> None:
    x = leaf([1.0, 2.0])
    with pytest.raises(GradError, match=r"np\.exp: .*tinygrad_edu\.exp\(t\), or t\.detach\(\)"):
        np.exp(x)
    with pytest.raises(RuntimeError, match=r"tinygrad_edu\.asin\(t\)"):
        np.arcsin(x)
    with pytest.raises(GradError, match=r"np\.add\.reduce: .*use t\.detach"):
        np.add.reduce(x)
    with pytest.raises(GradError):
        np.add(x, 1, out=np.zeros(2))
    assert np.exp(x.detach()).tolist() == np.exp([1.0, 2.0]).tolist()


def test_writing_into_arrays_and_tensors() -> None:
    array = np.ones(2)
    same = array
    array += tg.tensor([1.0, 2.0])
    assert array is same and array.tolist() == [2.0, 3.0]
    x = tg.zeros(2)
    before = x._counter[0]
    assert np.exp(np.zeros(2, np.float32), out=x) is x and x.tolist() == [1.0, 1.0]
    np.add.at(x, [0, 0], 1)
    assert x.tolist() == [3.0, 1.0] and x._counter[0] == before + 2, "autograd has to notice"


def test_what_no_tensor_can_hold_is_refused() -> None:
    for wrong in (np.array(["a"]), np.array([1j]), np.array([2**63], np.uint64)):
        with pytest.raises(TypeError, match="cannot hold"):
            wrong * tg.ones(1)
    with pytest.raises(RuntimeError, match="do not broadcast"):
        np.ones(3) * tg.ones(2)


def test_array_shares_memory_where_it_can() -> None:
    x = tg.tensor([1.0, 2.0])
    array = np.asarray(x)
    array[0] = 5.0
    assert x.tolist() == [5.0, 2.0]
    assert np.asarray(x, dtype=np.float64).dtype == np.float64 and np.array(x) is not array
    assert not np.shares_memory(np.array(x), array)
    assert np.asarray((x * 2).sum()).shape == ()
    with pytest.raises(ValueError, match="without a copy"):
        x.__array__(np.float64, copy=False)
    with pytest.raises(RuntimeError, match="detach"):
        np.asarray(leaf([1.0]))
    assert leaf([1.0]).numpy(force=True).tolist() == [1.0]


def test_dlpack_goes_out_with_the_same_memory() -> None:
    x = tg.tensor([1.0, 2.0])
    array = np.from_dlpack(x)
    assert np.shares_memory(array, x.numpy()) and x.__dlpack_device__() == (1, 0)
    for error in (ExportError, BufferError, RuntimeError):
        with pytest.raises(error, match="require gradient"):
            leaf([1.0]).__dlpack__()


def test_value_still_asks_value() -> None:
    out = np.array([1.0, 2.0]) * tg.Value(2.0)
    assert isinstance(out, tg.Value)


@pytest.mark.oracle
def test_dtypes_with_numpys_numbers_are_those_of_pytorch() -> None:
    torch = pytest.importorskip("torch")
    for number in (np.float64(2), np.float32(2), np.float16(2), np.int64(2)):
        for make in (
            lambda m: m.tensor(1.0),
            lambda m: m.tensor(1),
            lambda m: m.ones(2),
            lambda m: m.tensor([1]),
            lambda m: m.tensor(1.0, dtype=m.float64),
        ):
            assert repr((make(tg) * number).dtype) == repr((make(torch) * number).dtype)
            assert repr((number * make(tg)).dtype) == repr((number * make(torch)).dtype)


@pytest.mark.oracle
def test_pytorch_reads_our_memory() -> None:
    torch = pytest.importorskip("torch")
    x = tg.tensor([1.0, 2.0])
    theirs = torch.from_dlpack(x)
    theirs[0] = 7.0
    assert x.tolist() == [7.0, 2.0]


def test_from_dlpack_and_asarray_share_where_they_can() -> None:
    array = np.arange(3.0)
    for t in (tg.from_dlpack(array), tg.asarray(array), tg.as_tensor(array)):
        assert t.data_ptr() == array.ctypes.data and t.dtype is tg.float64
    assert tg.from_dlpack(array, copy=True).data_ptr() != array.ctypes.data
    assert tg.asarray(array, copy=True).data_ptr() != array.ctypes.data
    x = leaf([1.0, 2.0])
    assert tg.asarray(x) is x and not tg.asarray(x, requires_grad=False).requires_grad
    assert tg.asarray([1, 2]).dtype is tg.int64 and tg.asarray([1.0], requires_grad=True).requires_grad
    assert tg.asarray(b"abcd", dtype=tg.uint8).tolist() == [97, 98, 99, 100]
    with pytest.raises(ValueError, match="alias"):
        tg.asarray([1], copy=False)
    with pytest.raises(ValueError, match="alias"):
        tg.asarray(array, copy=False, dtype=tg.int32)
    with pytest.raises(TypeError, match="__dlpack__"):
        tg.from_dlpack(3)
    with pytest.raises(BufferError, match="detach"):
        tg.from_dlpack(x)
    assert tg.frombuffer(bytearray([1, 2, 3]), dtype=tg.uint8, offset=1).tolist() == [2, 3]


@pytest.mark.oracle
def test_we_read_the_memory_of_pytorch_and_numpy() -> None:
    torch = pytest.importorskip("torch")
    theirs = torch.tensor([1.0, 2.0])
    ours = tg.from_dlpack(theirs)
    theirs[0] = 5.0
    assert ours.tolist() == [5.0, 2.0]
    ours[1] = 6.0
    assert theirs.tolist() == [5.0, 6.0]
    with pytest.raises(BufferError):
        tg.from_dlpack(torch.ones(1, requires_grad=True))


def test_numpys_own_helpers_take_tensors() -> None:
    x = tg.tensor([1.0, 2.0, 3.0])
    np.testing.assert_allclose(x, [1, 2, 3])
    np.testing.assert_array_equal(np.array([1.0, 2.0, 3.0]), x)
    with pytest.raises(AssertionError, match="1 / 3"):
        np.testing.assert_allclose(x, [1, 2, 4])
    assert np.allclose(x, [1, 2, 3]) and np.isnan(x).any().item() is False
    assert np.arange(5)[tg.tensor([1, 2])].tolist() == [1, 2] and np.concatenate([x, [4]]).shape == (4,)
    array = np.zeros(3)
    array[:] = x
    assert array.tolist() == [1.0, 2.0, 3.0] and np.array([x[0], x[1]]).tolist() == [1.0, 2.0]
    assert np.reshape(x, (3, 1)).shape == (3, 1) and np.linalg.norm(x) == pytest.approx(14**0.5)
