"""Indexing reads and writes what NumPy and PyTorch read and write; views share memory, copies do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg

INDICES: list[Any] = [
    0,
    -1,
    (0, 1),
    (1, -1, 2),
    slice(None),
    slice(1, None),
    slice(-1, None),
    slice(0, 3, 2),
    slice(5, 1),
    (slice(None), 1),
    (slice(None), slice(1, 2), 0),
    Ellipsis,
    (Ellipsis, 0),
    (0, Ellipsis, 1),
    (Ellipsis, slice(0, 2)),
    None,
    (None, 1, None),
    (slice(None), None, 0),
    (0, None, Ellipsis, None),
    [0, 1],
    [1, 1, 0],
    [True, False],
    ([0, 1], [1, 2]),
    (slice(None), [0, 2]),
    (slice(None), [0, 2], slice(1, 3)),
    ([0, 1], slice(None), [1, 2]),
    (Ellipsis, [0, 0, 1]),
    np.array([1, 0, 1]),
    np.array([[0, 1], [1, 0]]),
    (np.array([[0], [1]]), np.array([0, 2])),
    np.arange(24).reshape(2, 3, 4) % 3 == 0,
    (slice(None), np.array([True, False, True])),
    (np.array([True, False]), 1),
    np.zeros((2, 3), bool),
    (np.array([[True, False, True], [False, True, False]]), slice(0, 2)),
    np.int64(1),
    (),
]


def data() -> Any:
    return np.arange(24, dtype=np.float32).reshape(2, 3, 4)


def as_tensors(index: Any, library: Any) -> Any:
    """The same index with Tensors in place of its arrays."""
    if isinstance(index, tuple):
        return tuple(as_tensors(i, library) for i in index)
    return library.tensor(index) if isinstance(index, np.ndarray) else index


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_reading_and_its_gradient(index: Any) -> None:
    x = tg.tensor(data(), requires_grad=True)
    for given in (index, as_tensors(index, tg)):
        part = x[given]
        expected = data()[index]
        assert tuple(part.shape) == np.shape(expected)
        np.testing.assert_array_equal(part.detach().numpy(), expected)
    weights = np.arange(1, expected.size + 1, dtype=np.float32).reshape(expected.shape)
    (part * tg.tensor(weights)).sum().backward()
    spread = np.zeros((2, 3, 4), np.float32)
    np.add.at(spread, index, weights)
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), spread)


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_writing_and_its_gradient(index: Any) -> None:
    base = tg.tensor(data(), requires_grad=True)
    value = tg.tensor(2.0, requires_grad=True)
    y = base * 1.0
    y[as_tensors(index, tg)] = value
    expected = data()
    expected[index] = 2.0
    np.testing.assert_array_equal(y.detach().numpy(), expected)
    (y * 3).sum().backward()
    untouched = np.ones((2, 3, 4), np.float32)
    untouched[index] = 0.0
    assert base.grad is not None and value.grad is not None
    np.testing.assert_array_equal(base.grad.numpy(), untouched * 3)
    assert value.grad.item() == 3.0 * expected[index].size, "a place that is named twice counts twice"


@pytest.mark.oracle
@pytest.mark.parametrize("index", INDICES, ids=str)
def test_pytorch_reads_the_same(index: Any) -> None:
    torch = pytest.importorskip("torch")
    theirs = torch.from_numpy(data())[as_tensors(index, torch)]
    ours = tg.tensor(data())[as_tensors(index, tg)]
    assert tuple(ours.shape) == tuple(theirs.shape)
    assert ours.tolist() == theirs.tolist()
    assert ours.is_contiguous() == theirs.is_contiguous() or ours.numel() < 2


def test_simple_indices_are_views_and_lists_are_copies() -> None:
    x = tg.zeros(2, 3)
    x[0][1] = 5.0
    x[:, 2][1] = 7.0
    x[None][0, 1, 0] = 9.0
    assert x.tolist() == [[0.0, 5.0, 0.0], [9.0, 0.0, 7.0]]
    x[[0]][0, 0] = 1.0
    x[x > 6].mul_(0)
    assert x[0, 0].item() == 0.0 and x[1].tolist() == [9.0, 0.0, 7.0]


def test_an_element_is_a_tensor_without_dimensions() -> None:
    x = tg.tensor([1, 2, 3])
    assert isinstance(x[1], tg.Tensor) and x[1].shape == () and x[1].dtype is tg.int64 and x[1].item() == 2
    assert [int(i) for i in x] == [1, 2, 3] and len(x) == 3 and 2 in x and 5 not in x
    first, *rest = x
    assert first.item() == 1 and len(rest) == 2


def test_values_are_broadcast_and_converted() -> None:
    x = tg.zeros(2, 3)
    x[:] = tg.tensor([1, 2, 3])
    x[1] = 4
    x[0, :2] = [7.0, 8.0]
    x[:, 2] = np.array([5.5, 6.5])
    assert x.tolist() == [[7.0, 8.0, 5.5], [4.0, 4.0, 6.5]]
    ints = tg.zeros(2, dtype=tg.int64)
    ints[0] = 2.9
    assert ints.tolist() == [2, 0]
    x[x > 5] = 0
    assert x.tolist() == [[0.0, 0.0, 0.0], [4.0, 4.0, 0.0]]


REFUSED: list[tuple[Any, type[Exception]]] = [
    (2, IndexError),
    (-3, IndexError),
    ((0, 3), IndexError),
    ((0, 0, 0, 0), IndexError),
    ((slice(None), slice(None), slice(None), 0), IndexError),
    ([0, 2], IndexError),
    ((slice(None), [-4]), IndexError),
    (1.0, IndexError),
    ([True, False, True], IndexError),
    ((slice(None), slice(None, None, -1)), ValueError),
    ((slice(None), slice(None, None, 0)), ValueError),
    (([0, 1], [0, 1, 2]), IndexError),
    ((Ellipsis, 0, 0, 0, 0), IndexError),
]


@pytest.mark.parametrize(("index", "error"), REFUSED, ids=lambda x: str(x))
def test_wrong_indices(index: Any, error: type[Exception]) -> None:
    x = tg.tensor(data())
    with pytest.raises(error) as caught:
        x[index]
    assert len(str(caught.value)) > 20
    with pytest.raises(error):
        x[index] = 1.0
    np.testing.assert_array_equal(x.numpy(), data())
    assert x._counter == [0]


@pytest.mark.oracle
@pytest.mark.parametrize(("index", "error"), REFUSED, ids=lambda x: str(x))
def test_pytorch_refuses_them_too(index: Any, error: type[Exception]) -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is the question
        torch.from_numpy(data())[index]
    assert issubclass(error, type(caught.value)) or issubclass(type(caught.value), error)


def test_pytorch_is_laxer_here() -> None:
    for wrong in ("a", [0.5], tg.tensor([0.0])):
        with pytest.raises(IndexError, match="integers|convert"):
            tg.zeros(2)[wrong]


@pytest.mark.parametrize(
    "index",
    [
        (0, slice(None), [1, 2]),
        ([1, 0], slice(None), 2),
        (1, None, [2, 0, 0]),
        (0, slice(1, None), [True, False, False, True]),
        (1, Ellipsis, [0, 3]),
    ],
    ids=str,
)
def test_integers_apart_from_arrays_are_taken_first(index: Any) -> None:
    x = tg.tensor(data(), requires_grad=True)
    part = x[index]
    integer = index[0] if isinstance(index[0], int) else index[2]
    expected = data()[integer][index[1:]] if index[0] is integer else data()[:, :, integer][index[:2]]
    np.testing.assert_array_equal(part.detach().numpy(), expected)
    part.sum().backward()
    y = tg.tensor(data())
    y[index] = -1.0
    assert x.grad is not None
    np.testing.assert_array_equal((y.numpy() == -1), x.grad.numpy() > 0)
    value = tg.tensor(5.0, requires_grad=True)
    z = tg.tensor(data())
    z[index] = value
    z.sum().backward()
    assert value.grad is not None and value.grad.item() == expected.size


@pytest.mark.oracle
def test_pytorch_takes_them_first_too() -> None:
    torch = pytest.importorskip("torch")
    for index in [(0, slice(None), [1, 2]), ([1, 0], slice(None), 2), (1, Ellipsis, [0, 3])]:
        assert tg.tensor(data())[index].tolist() == torch.from_numpy(data())[index].tolist()


def test_values_that_do_not_fit() -> None:
    x = tg.zeros(2, 3)
    for index, value in ((0, tg.ones(2)), (slice(None), tg.ones(3, 2)), ((0, 0), tg.ones(2))):
        with pytest.raises(RuntimeError, match="shape"):
            x[index] = value
    assert x.tolist() == [[0.0] * 3] * 2 and x._counter == [0]
    with pytest.raises(IndexError, match="0 dim|dimension"):
        tg.tensor(1.0)[0]
    with pytest.raises(TypeError):
        len(tg.tensor(1.0))
    with pytest.raises(TypeError):
        iter(tg.tensor(1.0))


# Lists that hold more than numbers: PyTorch 2.13 takes them as tuples.
NESTED: list[Callable[[Any], Any]] = [
    lambda t: [[0, 1], [1, 0]],
    lambda t: [[0, 1]],
    lambda t: [t.tensor([0, 1]), t.tensor([1, 0])],
    lambda t: [t.tensor(0), t.tensor(1)],
    lambda t: [t.tensor([True, False])],
    lambda t: [0, slice(0, 1)],
    lambda t: [None, 0],
]


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore:Using a non-tuple sequence")
@pytest.mark.parametrize("case", range(len(NESTED)))
def test_a_list_of_indices_is_a_tuple_and_says_so(case: int) -> None:
    torch = pytest.importorskip("torch")
    x, y = tg.tensor(data()), torch.from_numpy(data())
    with pytest.warns(UserWarning, match="taken as a tuple") as caught:
        np.testing.assert_array_equal(x[NESTED[case](tg)].numpy(), y[NESTED[case](torch)].numpy())
        x[NESTED[case](tg)] = -1.0
    assert {w.filename for w in caught} == {__file__}
    y[NESTED[case](torch)] = -1.0
    np.testing.assert_array_equal(x.numpy(), y.numpy())


def test_where_arrays_pick_the_places_the_types_match() -> None:
    """As in PyTorch; a number is of any type, and so is one element under a mask, or what goes to a view."""
    x, before = tg.arange(6).view(2, 3), list(range(6))
    for index in ([0], ([0], slice(1, None)), x > 3, (slice(None), tg.tensor([1]))):
        with pytest.raises(RuntimeError, match=r"dtypes match.*int64.*float32"):
            x[index] = tg.ones(2) if isinstance(index, tg.Tensor) else tg.ones(1)
    with pytest.raises(RuntimeError, match="dtypes match"):
        x.index_put_((tg.tensor([0]),), tg.ones(1))
    assert x.flatten().tolist() == before and x._counter == [0]
    x[x > 4] = tg.tensor(7.5)
    x[[0]] = 1.5
    x[1, :2] = tg.tensor([8.5, 9.5])
    assert x.tolist() == [[1, 1, 1], [8, 9, 7]]
