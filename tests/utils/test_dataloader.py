"""The DataLoader in one process: batches, order, lengths, and PyTorch's refusals."""

import copy
import pickle
from typing import Any

import pytest

import tinygrad_edu as tg
from tinygrad_edu.tensors.random import Generator
from tinygrad_edu.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset, WeightedRandomSampler


class Stream(IterableDataset):
    def __iter__(self) -> Any:
        return iter(range(7))


class Measured(Stream):
    def __len__(self) -> int:
        return 7


class Plain(Dataset):
    """Rows like a TensorDataset's, without its short cut."""

    def __init__(self, *tensors: Any) -> None:
        self.tensors = tensors

    def __getitem__(self, index: Any) -> Any:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return len(self.tensors[0])


def lists(loader: Any) -> list[Any]:
    return [[part.tolist() for part in batch] if isinstance(batch, list) else batch.tolist() for batch in loader]


X, Y = tg.arange(14).reshape(7, 2).float(), tg.arange(7)


@pytest.mark.parametrize("options", [{}, {"batch_size": 3}, {"batch_size": 3, "drop_last": True}, {"batch_size": None}])
@pytest.mark.parametrize("wrap", [lambda d: d, lambda d: Subset(d, [6, 2, 4, 4, 0, 1])], ids=["whole", "subset"])
def test_the_short_cut_gives_what_the_long_way_gives(options: Any, wrap: Any) -> None:
    def load(dataset: Any) -> Any:
        return lists(DataLoader(wrap(dataset), shuffle=True, generator=Generator().manual_seed(0), **options))

    short, long = load(TensorDataset(X, Y)), load(Plain(X, Y))
    assert short == long
    for batch in DataLoader(TensorDataset(X), batch_size=2):
        assert isinstance(batch, list) and batch[0].dtype == tg.float32


def test_a_subclass_of_tensor_dataset_keeps_its_samples() -> None:
    class Doubled(TensorDataset):
        def __getitem__(self, index: Any) -> Any:
            return super().__getitem__(index)[0] * 2

    assert lists(DataLoader(Doubled(Y), batch_size=4)) == [[0, 2, 4, 6], [8, 10, 12]]
    assert lists(DataLoader(Subset(Doubled(Y), [1]))) == [[2]]


def test_a_batch_is_a_copy() -> None:
    (batch,) = next(iter(DataLoader(TensorDataset(X), batch_size=7)))
    batch[0] = 100.0
    assert X[0, 0] == 0


def test_gradients_flow_through_a_batch() -> None:
    weight = tg.ones(4, requires_grad=True)
    sum(batch.sum() for (batch,) in DataLoader(TensorDataset(weight * 3), batch_size=2)).backward()  # type: ignore
    assert weight.grad.tolist() == [3.0] * 4


def test_a_dataset_may_answer_for_many_at_once() -> None:
    class Many(Dataset):
        def __len__(self) -> int:
            return 4

        def __getitems__(self, indices: list[int]) -> list[int]:
            return [10 * i for i in indices]

    assert lists(DataLoader(Many(), batch_size=3)) == [[0, 10, 20], [30]]


def test_collate_fn_gets_the_samples() -> None:
    loader = DataLoader(TensorDataset(Y), batch_size=4, collate_fn=len)
    assert list(loader) == [4, 3]
    assert list(DataLoader("ab", batch_size=None, collate_fn=str.upper)) == ["A", "B"]


def test_samplers_of_the_user() -> None:
    assert lists(DataLoader(range(9), sampler=[4, 2, 4], batch_size=2)) == [[4, 2], [4]]
    loader = DataLoader(range(9), batch_sampler=[[1], [2, 3]])
    assert lists(loader) == [[1], [2, 3]] and len(loader) == 2
    assert loader.batch_size is None and loader.drop_last is False


def test_streams() -> None:
    assert lists(DataLoader(Stream(), batch_size=3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert lists(DataLoader(Stream(), batch_size=3, drop_last=True)) == [[0, 1, 2], [3, 4, 5]]
    assert list(DataLoader(Stream(), batch_size=None)) == list(range(7))
    assert [len(DataLoader(Measured(), batch_size=3, drop_last=drop)) for drop in (False, True)] == [3, 2]
    with pytest.raises(TypeError):
        len(DataLoader(Stream()))


def test_each_epoch_has_its_order_and_a_seed_repeats_them() -> None:
    def epochs() -> list[Any]:
        loader = DataLoader(range(20), batch_size=20, shuffle=True, generator=Generator().manual_seed(1))
        return [lists(loader) for _ in range(2)]

    first, second = epochs()
    assert first != second and sorted(first[0]) == list(range(20)) and epochs() == [first, second]


def test_an_error_keeps_its_type_and_names_the_sample() -> None:
    with pytest.raises(IndexError) as caught:
        list(DataLoader(TensorDataset(Y), sampler=[1, 99], batch_size=2))
    assert "indices [1, 99]" in caught.value.__notes__[0]

    class Holed(Dataset):
        def __getitem__(self, index: int) -> int:
            return {0: 0, 1: 1}[index]

    with pytest.raises(KeyError) as missing:
        list(DataLoader(Holed(), sampler=[1, 0, 5, 1], batch_size=4))
    assert "sample 5 of the batch with indices [1, 0, 5, 1]" in missing.value.__notes__[0]
    with pytest.raises(TypeError) as uncollated:
        list(DataLoader([None, None], batch_size=2))
    assert "while collating" in uncollated.value.__notes__[0]


def test_stop_iteration_in_a_dataset_is_not_the_end_of_the_data() -> None:
    class Stops(Dataset):
        def __getitem__(self, index: int) -> int:
            raise StopIteration

    with pytest.raises(RuntimeError):
        list(DataLoader(Stops(), sampler=[0]))


REFUSED: list[tuple[type[Exception], str, dict[str, Any]]] = [
    (ValueError, "num_workers option should be non-negative", {"num_workers": -1}),
    (ValueError, "timeout option should be non-negative", {"timeout": -1}),
    (ValueError, "prefetch_factor option could only", {"prefetch_factor": 2}),
    (ValueError, "prefetch_factor option should be non-neg", {"prefetch_factor": -2, "num_workers": 1}),
    (ValueError, "persistent_workers option needs", {"persistent_workers": True}),
    (ValueError, "mutually exclusive with shuffle", {"sampler": [0], "shuffle": True}),
    (ValueError, "batch_sampler option is mutually exclusive", {"batch_sampler": [[0]], "batch_size": 2}),
    (ValueError, "batch_sampler option is mutually exclusive", {"batch_sampler": [[0]], "drop_last": True}),
    (ValueError, "disables auto-batching", {"batch_size": None, "drop_last": True}),
    (ValueError, "batch_size should be a positive", {"batch_size": 0}),
    (ValueError, "multi-process loading", {"multiprocessing_context": "spawn"}),
    (ValueError, "should be one of", {"multiprocessing_context": "thread", "num_workers": 1}),
    (TypeError, "should be a context object", {"multiprocessing_context": 3, "num_workers": 1}),
    (ValueError, "unspecified shuffle", {"dataset": Stream(), "shuffle": True}),
    (ValueError, "unspecified sampler", {"dataset": Stream(), "sampler": [0]}),
    (ValueError, "unspecified batch_sampler", {"dataset": Stream(), "batch_sampler": [[0]]}),
]


@pytest.mark.parametrize(("error", "told", "options"), REFUSED)
def test_options_that_contradict_each_other(error: Any, told: str, options: Any) -> None:
    with pytest.raises(error, match=told):
        DataLoader(**{"dataset": range(3), **options})


@pytest.mark.oracle
@pytest.mark.parametrize(("error", "told", "options"), REFUSED)
def test_pytorch_refuses_the_same(error: Any, told: str, options: Any) -> None:
    torch = pytest.importorskip("torch")

    given = {"dataset": range(3), **options}
    if isinstance(given["dataset"], Stream):
        given["dataset"] = torch.utils.data.ChainDataset([])
    with pytest.raises(error):
        torch.utils.data.DataLoader(**given)


def test_what_was_built_from_is_fixed_and_the_rest_can_change() -> None:
    loader = DataLoader(range(3), pin_memory=True)
    for name in ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"):
        with pytest.raises(ValueError, match=f"{name} attribute should not be set"):
            setattr(loader, name, None)
    loader.collate_fn = str
    assert list(loader) == ["[0]", "[1]", "[2]"]


@pytest.mark.parametrize("workers", [0, 1])
def test_an_epoch_knows_its_length(workers: int) -> None:
    loader = DataLoader(range(7), batch_size=3, num_workers=workers)
    epoch = iter(loader)
    assert len(epoch) == 3 and iter(epoch) is epoch and len(list(epoch)) == 3  # type: ignore[arg-type]
    assert list(epoch) == []
    if not workers:
        with pytest.raises(TypeError):
            len(iter(DataLoader(Stream())))  # type: ignore[arg-type]


def test_a_loader_can_be_copied_and_annotated() -> None:
    loader = DataLoader(range(7), batch_size=3, num_workers=1, persistent_workers=True)
    assert len(list(loader)) == 3
    for again in (copy.deepcopy(loader), pickle.loads(pickle.dumps(loader))):
        assert lists(again) == [[0, 1, 2], [3, 4, 5], [6]]
        with pytest.raises(ValueError, match="should not be set"):
            again.batch_size = 2
    assert DataLoader[int].__origin__ is DataLoader


def test_weights_may_change_between_epochs() -> None:
    sampler = WeightedRandomSampler([1, 0], 3)
    assert sampler.weights.dtype == tg.float64 and list(sampler) == [0, 0, 0]
    for weights in ([0, 2], tg.tensor([0.0, 1.0])):
        sampler.weights = weights
        assert list(sampler) == [1, 1, 1]
