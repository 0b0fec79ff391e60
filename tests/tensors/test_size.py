"""Size: a tuple that prints as torch.Size and stays one."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from tinygrad_edu.tensors.size import Size, size_of

EXPRESSIONS = [
    "S([2, 3])", "S()", "S((4,))", "S([2, 3])[1:]", "S([2, 3])[0]", "S([2, 3])[::-1]", "S([2, 3]) + (1,)",
    "S([2, 3]) + S([1])", "(1,) + S([2])", "S([2]) * 2", "2 * S([2])", "S([2, 3]).numel()", "S([]).numel()",
    "S([2, 0]).numel()", "S([2, 3]) == (2, 3)", "S([True])", "S([2, -1])", "str(S([1, 2]))", "f'{S([2, 3])}'",
    "S([3, 2, 3]).count(3)", "S([3, 2]).index(2)", "list(S([3, 2]))", "S(S([1, 2]))", "hash(S([1, 2])) == hash((1, 2))",
    "len(S([1, 2]))", "2 in S([1, 2])", "S(range(3))", "type(S([2, 3])[1:]).__name__", "type((1,) + S([2])).__name__",
    "S([1.5])", "S(['a'])", "S([[1]])", "S(3)", "S([2]) + [1]", "[1] + S([2])", "S([2]) + 3", "S([2]) + ('a',)",
]  # fmt: skip


def result(expression: str, size: Any) -> str:
    try:
        return repr(eval(expression, {"S": size}))
    except TypeError:
        return "TypeError"


def test_prints_and_stays_a_size() -> None:
    shape = Size([2, 3, 4])
    assert repr(shape) == str(shape) == "torch.Size([2, 3, 4])"
    assert {type(each) for each in (shape[1:], shape + (1,), (1,) + shape, shape * 2)} == {Size}
    assert shape.numel() == 24 and hash(shape) == hash((2, 3, 4)) and shape == (2, 3, 4)
    batch, *rest = shape
    assert (batch, rest) == (2, [3, 4])


def test_entries_become_plain_ints() -> None:
    assert [type(entry) for entry in Size([np.int64(3), True])] == [int, int]


def test_what_is_no_shape() -> None:
    with pytest.raises(TypeError, match=r"item 1 is 'a' \(str\)"):
        Size([1, "a"])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="only a tuple"):
        Size([1]) + [2]


def test_pickle_and_copy() -> None:
    for shape in (Size([2, 3]), Size([])):
        for again in (pickle.loads(pickle.dumps(shape)), copy.copy(shape), copy.deepcopy(shape)):
            assert again == shape and type(again) is Size


def test_unchecked_construction() -> None:
    assert size_of((2, 3)) == Size([2, 3]) and type(size_of(())) is Size


@pytest.mark.oracle
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_as_pytorch(expression: str) -> None:
    torch = pytest.importorskip("torch")
    assert result(expression, Size) == result(expression, torch.Size)
