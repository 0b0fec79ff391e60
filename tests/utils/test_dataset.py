"""Datasets, samplers and collating: what they give, in which order, and what they refuse."""

from collections import OrderedDict, UserDict, UserList, namedtuple
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.tensors.random import Generator
from tinygrad_edu.utils import data
from tinygrad_edu.utils.data import default_collate, default_convert

Point = namedtuple("Point", "x y")


class Count(data.IterableDataset):
    def __init__(self, start: int, stop: int) -> None:
        self.start, self.stop = start, stop

    def __iter__(self) -> Any:
        return iter(range(self.start, self.stop))

    def __len__(self) -> int:
        return self.stop - self.start


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


# --- datasets ----------------------------------------------------------------------------------------------------


def test_base_classes_name_the_method_to_write() -> None:
    with pytest.raises(NotImplementedError, match="__getitem__"):
        data.Dataset()[0]
    with pytest.raises(NotImplementedError, match="__iter__"):
        iter(data.IterableDataset())
    with pytest.raises(NotImplementedError, match="__iter__"):
        iter(data.Sampler())


def test_tensor_dataset_gives_rows_and_refuses_unequal_lengths() -> None:
    rows = data.TensorDataset(tg.arange(6).reshape(3, 2), tg.tensor([7, 8, 9]))
    assert [part.tolist() for part in rows[-1]] == [[4, 5], 9]
    assert len(rows) == 3
    with pytest.raises(AssertionError, match=r"size mismatch.*\[3, 2\]"):
        data.TensorDataset(tg.ones(3), tg.ones(2))


def test_concat_counts_through_its_parts() -> None:
    joined = data.ConcatDataset(["ab", "", "cde"])
    assert [joined[i] for i in range(-5, 5)] == list("abcde" * 2)
    with pytest.raises(ValueError, match="should not exceed dataset length 5"):
        joined[-6]
    with pytest.raises(IndexError, match="index 5 is out of range"):
        joined[5]
    with pytest.raises(AssertionError, match="empty"):
        data.ConcatDataset([])
    with pytest.raises(AssertionError, match="IterableDataset"):
        data.ConcatDataset([Count(0, 1)])


def test_plus_joins_datasets() -> None:
    assert isinstance(data.TensorDataset(tg.ones(2)) + data.TensorDataset(tg.ones(3)), data.ConcatDataset)
    chain = Count(0, 2) + Count(5, 7)
    assert list(chain) == [0, 1, 5, 6] and len(chain) == 4
    with pytest.raises(AssertionError, match="only supports IterableDataset"):
        list(data.ChainDataset([[1, 2]]))


def test_stack_puts_samples_side_by_side() -> None:
    assert data.StackDataset("ab", [1, 2])[1] == ("b", 2)
    assert data.StackDataset(letter="ab", number=[1, 2])[0] == {"letter": "a", "number": 1}
    for parts, named, said in (
        ((), {}, "At least|at least"),
        (("a",), {"b": "c"}, "not both"),
        (("a", "bc"), {}, "mism"),
    ):
        with pytest.raises(ValueError, match=said):
            data.StackDataset(*parts, **named)


def test_a_subset_of_a_subset() -> None:
    inner = data.Subset("abcdef", [5, 3, 1])
    outer = data.Subset(inner, [2, 0])
    assert [outer[0], outer[1], len(outer)] == ["b", "f", 2]
    assert outer.__getitems__([1, 0]) == ["f", "b"]


def test_a_subset_with_samples_of_its_own_must_say_so_for_many() -> None:
    class Loud(data.Subset):
        def __getitem__(self, index: Any) -> Any:
            return super().__getitem__(index).upper()

    with pytest.raises(NotImplementedError, match="__getitems__"):
        Loud("abc", [0])


@pytest.mark.parametrize(
    ("lengths", "sizes"), [([7, 3], [7, 3]), ([0.75, 0.25], [8, 2]), ([1 / 3] * 3, [4, 3, 3]), ([10, 0], [10, 0])]
)
def test_random_split_cuts_without_overlap(lengths: Any, sizes: list[int]) -> None:
    parts = data.random_split(range(10), lengths, generator=seeded())
    assert [len(part) for part in parts] == sizes
    assert sorted(part[i] for part in parts for i in range(len(part))) == list(range(10))
    again = data.random_split(range(10), lengths, generator=seeded())
    assert [part.indices for part in parts] == [part.indices for part in again]


def test_random_split_refuses_and_warns() -> None:
    with pytest.raises(ValueError, match="7 [+] 2 is not 10"):
        data.random_split(range(10), [7, 2])
    with pytest.raises(ValueError, match="index 0 is not between"):
        data.random_split(range(10), [-0.5, 1.5])
    with pytest.warns(UserWarning, match="index 1 is 0"):
        data.random_split(range(1), [0.5, 0.5])


# --- samplers ----------------------------------------------------------------------------------------------------


def test_random_sampler_visits_each_once_or_draws_anew() -> None:
    assert sorted(data.RandomSampler(range(50), generator=seeded())) == list(range(50))
    several = list(data.RandomSampler(range(3), num_samples=8, generator=seeded()))
    assert sorted(several[:3]) == sorted(several[3:6]) == [0, 1, 2] and len(set(several[6:])) == 2
    drawn = list(data.RandomSampler(range(3), replacement=True, num_samples=100, generator=seeded()))
    assert len(drawn) == 100 and set(drawn) == {0, 1, 2}


def test_sequential_sampler_asks_only_for_the_length() -> None:
    class Sized:
        def __len__(self) -> int:
            return 3

    sampler = data.SequentialSampler(Sized())
    assert list(sampler) == list(sampler) == [0, 1, 2] and len(sampler) == 3


def test_random_samplers_repeat_with_their_seed_and_change_by_epoch() -> None:
    weights = [0.1, 0.4, 0.2, 0.9]
    for make in (
        lambda g: data.RandomSampler(range(20), generator=g),
        lambda g: data.SubsetRandomSampler(list(range(20)), generator=g),
        lambda g: data.WeightedRandomSampler(weights, 20, generator=g),
    ):
        generator = seeded(3)
        sampler = make(generator)
        first, second = list(sampler), list(sampler)
        assert list(make(seeded(3))) == first != second
        tg.manual_seed(5)
        default = list(make(None))
        tg.manual_seed(5)
        assert list(make(None)) == default


def test_the_order_does_not_depend_on_draws_after_iteration_began() -> None:
    tg.manual_seed(1)
    plain = list(data.BatchSampler(data.RandomSampler(range(9)), 2, False))
    tg.manual_seed(1)
    batches = iter(data.BatchSampler(data.RandomSampler(range(9)), 2, False))
    tg.rand(3)
    assert list(batches) == plain


def test_weighted_sampler_without_replacement_gives_each_once() -> None:
    sampler = data.WeightedRandomSampler(tg.tensor([1.0, 2.0, 0.0, 4.0]), 3, replacement=False, generator=seeded())
    assert sorted(sampler) == [0, 1, 3] and len(sampler) == 3


def test_batches_of_indices() -> None:
    assert list(data.BatchSampler(range(5), 2, True)) == [[0, 1], [2, 3]]
    assert [len(data.BatchSampler(range(5), 2, drop)) for drop in (True, False)] == [2, 3]


def test_samplers_refuse_wrong_options() -> None:
    wrong: list[tuple[type[Exception], Any]] = [
        (ValueError, lambda: data.BatchSampler(range(3), 0, False)),
        (ValueError, lambda: data.BatchSampler(range(3), True, False)),
        (ValueError, lambda: data.BatchSampler(range(3), 2, 1)),  # type: ignore[arg-type]
        (TypeError, lambda: data.RandomSampler(range(3), replacement=1)),  # type: ignore[arg-type]
        (ValueError, lambda: data.RandomSampler([])),
        (ValueError, lambda: data.WeightedRandomSampler([[1.0]], 1)),
        (ValueError, lambda: data.WeightedRandomSampler([1.0], 1, replacement=0)),  # type: ignore[arg-type]
        (ValueError, lambda: data.WeightedRandomSampler([1.0], -1)),
    ]
    for error, make in wrong:
        with pytest.raises(error, match="should be"):
            make()


# --- collating ---------------------------------------------------------------------------------------------------


def test_numbers_arrays_and_text() -> None:
    assert default_collate([1, 2]).dtype == tg.int64
    assert default_collate([1.0, 2.0]).dtype == tg.float64
    assert default_collate([True, False]).dtype == tg.bool
    assert default_collate([np.float32(1), np.float32(2)]).dtype == tg.float32
    assert default_collate([np.zeros(3, np.float32)] * 2).shape == (2, 3)
    assert default_collate([tg.ones(2, 3)] * 4).shape == (4, 2, 3)
    assert default_collate(["a", "b"]) == ["a", "b"]


def test_containers_keep_their_form() -> None:
    batch = default_collate([(Point(1, {"a": 2.0}), [tg.ones(2)], "p"), (Point(3, {"a": 4.0}), [tg.zeros(2)], "q")])
    point, listed, text = batch
    assert isinstance(batch, list) and isinstance(point, Point)
    assert point.x.tolist() == [1, 3] and point.y["a"].tolist() == [2.0, 4.0]
    assert listed[0].tolist() == [[1.0, 1.0], [0.0, 0.0]] and text == ("p", "q")
    ordered = default_collate([OrderedDict(b=1, a=2), OrderedDict(b=3, a=4)])
    assert isinstance(ordered, OrderedDict) and list(ordered) == ["b", "a"]
    assert isinstance(default_collate([UserDict(a=1)]), UserDict)
    assert isinstance(default_collate([UserList([1])]), UserList)


def test_what_cannot_be_collated() -> None:
    for thing in (None, object(), np.array(["a"])):
        with pytest.raises(TypeError, match="default_collate: batch must contain"):
            default_collate([thing])
    with pytest.raises(RuntimeError, match=r"equal size, got \[1, 2\]"):
        default_collate([[1], [1, 2]])
    with pytest.raises(RuntimeError):
        default_collate([tg.ones(2), tg.ones(3)])


def test_convert_makes_tensors_of_arrays_only() -> None:
    out = default_convert({"a": [np.ones(2), 3, "x"], "p": Point(np.float32(1), None), "t": (np.array(["s"]),)})
    assert tg.is_tensor(out["a"][0]) and out["a"][1:] == [3, "x"]
    assert tg.is_tensor(out["p"].x) and out["p"].y is None
    assert isinstance(out["t"], list) and isinstance(out["t"][0], np.ndarray)
