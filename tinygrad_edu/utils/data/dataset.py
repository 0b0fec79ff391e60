"""Datasets: things with a length that give a sample for an index, or that give their samples one after the other.

A dataset may also answer for many indices at once. ``__getitems__(indices)`` is PyTorch's way: a list of samples.
``_collated(indices)`` is ours and faster: the finished batch, taken from each Tensor by one index; the DataLoader asks
for it where batches are collated in the default way.
"""

from __future__ import annotations

import math
import warnings
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from operator import index
from typing import Any, Generic, TypeVar

import numpy as np

from tinygrad_edu.tensors import sampling
from tinygrad_edu.tensors.random import Generator
from tinygrad_edu.tensors.tensor import Tensor

__all__ = [
    "ChainDataset", "ConcatDataset", "Dataset", "IterableDataset", "StackDataset", "Subset", "TensorDataset",
    "random_split",
]  # fmt: skip

Sample = TypeVar("Sample", covariant=True)


class Dataset(Generic[Sample]):
    """Samples by index: subclasses write ``__getitem__``, and ``__len__`` so that they can be shuffled.

    >>> class Squares(Dataset):
    ...     def __len__(self):
    ...         return 5
    ...     def __getitem__(self, i):
    ...         return i * i
    >>> (Squares() + Squares())[7]
    4
    """

    def __getitem__(self, index: Any) -> Sample:
        raise NotImplementedError(f"{type(self).__name__} is a Dataset: it should implement __getitem__(self, index).")

    def __add__(self, other: Any) -> Any:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[Sample]):
    """Samples in the order in which they come: subclasses write ``__iter__``.

    In a DataLoader with workers each worker iterates over a copy of its own; `get_worker_info` tells it which share
    of the samples to give.
    """

    def __iter__(self) -> Iterator[Sample]:
        raise NotImplementedError(f"{type(self).__name__} is an IterableDataset: it should implement __iter__(self).")

    def __add__(self, other: Any) -> Any:
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Sample `i` is the tuple of row `i` of each Tensor: all of shape (N, ...).

    Raises:
        AssertionError: the Tensors differ in their first size.

    >>> import tinygrad_edu as tg
    >>> TensorDataset(tg.arange(3), tg.ones(3, 2))[1]
    (tensor(1), tensor([1., 1.]))
    """

    tensors: tuple[Tensor, ...]

    def __init__(self, *tensors: Tensor) -> None:
        if any(tensors[0].size(0) != tensor.size(0) for tensor in tensors):
            raise AssertionError(
                f"TensorDataset: size mismatch between tensors: their first sizes are {[len(t) for t in tensors]}. "
                "Row i of each belongs to sample i, so all need the same number of rows."
            )
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return int(self.tensors[0].size(0))

    def _collated(self, indices: Sequence[Any]) -> Any:
        if type(self).__getitem__ is not TensorDataset.__getitem__:
            return None  # a subclass with samples of its own
        try:
            rows = np.array([index(i) for i in indices], np.int64)
        except TypeError:
            return None  # a sampler that gives slices or lists
        return [tensor[rows] for tensor in self.tensors]


class StackDataset(Dataset[Any]):
    """Sample `i` puts sample `i` of several datasets side by side: as a tuple, or by name as a dict.

    >>> StackDataset(image=["cat", "dog"], label=[0, 1])[1]
    {'image': 'dog', 'label': 1}
    """

    datasets: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args and kwargs:
            raise ValueError(
                "StackDataset: pass datasets by position (samples are tuples) or by name (dicts), not both."
            )
        parts = args or tuple(kwargs.values())
        if not parts:
            raise ValueError("StackDataset: at least one dataset should be passed.")
        sizes = [len(part) for part in parts]
        if len(set(sizes)) > 1:
            raise ValueError(f"StackDataset: size mismatch between datasets: their lengths are {sizes}.")
        self._length = sizes[0]
        self.datasets = args or kwargs

    def __getitem__(self, index: Any) -> Any:
        if isinstance(self.datasets, dict):
            return {name: part[index] for name, part in self.datasets.items()}
        return tuple(part[index] for part in self.datasets)

    def __len__(self) -> int:
        return self._length


class ConcatDataset(Dataset[Any]):
    """Datasets one behind the other; a negative index counts from the end.

    Raises:
        AssertionError: no dataset, or an IterableDataset. ValueError (on access): an index before the first sample.

    >>> ConcatDataset(["abc", "de"])[3]
    'd'
    """

    datasets: list[Any]
    cumulative_sizes: list[int]

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("ConcatDataset: datasets should not be an empty iterable.")
        if any(isinstance(part, IterableDataset) for part in self.datasets):
            raise AssertionError("ConcatDataset does not support IterableDataset: use ChainDataset.")
        self.cumulative_sizes = list(accumulate(len(part) for part in self.datasets))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: Any) -> Any:
        if index < 0:
            if -index > len(self):
                raise ValueError(
                    f"ConcatDataset: the absolute value of index {index} should not exceed dataset length {len(self)}."
                )
            index += len(self)
        which = bisect_right(self.cumulative_sizes, index)
        if which == len(self.datasets):
            raise IndexError(f"ConcatDataset: index {index} is out of range for {len(self)} samples.")
        return self.datasets[which][index - (self.cumulative_sizes[which - 1] if which else 0)]


class ChainDataset(IterableDataset[Any]):
    """IterableDatasets one after the other.

    Raises:
        AssertionError (when iterated or measured): a part is no IterableDataset.
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = datasets

    def _parts(self) -> Iterator[Any]:
        for part in self.datasets:
            if not isinstance(part, IterableDataset):
                raise AssertionError(
                    f"ChainDataset only supports IterableDataset, not {type(part).__name__}: use ConcatDataset."
                )
            yield part

    def __iter__(self) -> Iterator[Any]:
        for part in self._parts():
            yield from part

    def __len__(self) -> int:
        return sum(len(part) for part in self._parts())


class Subset(Dataset[Any]):
    """The samples of a dataset at the given indices.

    >>> Subset("abcdef", [4, 0])[0]
    'e'
    """

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        if (
            type(self).__getitem__ is not Subset.__getitem__
            and type(self).__getitems__ is Subset.__getitems__  # else DataLoader would pass the new samples by
        ):
            raise NotImplementedError(
                f"{type(self).__name__} overrides __getitem__ of Subset but not __getitems__, which the DataLoader "
                "calls. Add: def __getitems__(self, indices): return [self[i] for i in indices]"
            )
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __getitems__(self, indices: Sequence[Any]) -> list[Any]:
        many = getattr(self.dataset, "__getitems__", None)
        if callable(many):
            samples: list[Any] = many([self.indices[i] for i in indices])
            return samples
        return [self.dataset[self.indices[i]] for i in indices]

    def _collated(self, indices: Sequence[Any]) -> Any:
        inner = getattr(self.dataset, "_collated", None)
        if inner is None or type(self).__getitems__ is not Subset.__getitems__:
            return None
        return inner([self.indices[i] for i in indices])

    def __len__(self) -> int:
        return len(self.indices)


def random_split(dataset: Any, lengths: Sequence[float], generator: Generator | None = None) -> list[Subset]:
    """Cut a dataset at random into parts without overlap: of the given lengths, or fractions that sum to 1.

    Fractions are rounded down, and what is left over goes to the parts in turn, one sample each.

    Raises:
        ValueError: a fraction outside [0, 1], or lengths that do not sum to the dataset's.

    >>> [len(part) for part in random_split(range(10), [0.75, 0.25])]
    [8, 2]
    """
    total = len(dataset)
    given = list(lengths)
    if sum(given) <= 1 and math.isclose(sum(given), 1):
        for i, fraction in enumerate(given):
            if not 0 <= fraction <= 1:
                raise ValueError(f"random_split: Fraction at index {i} is not between 0 and 1: {fraction}.")
        counts = [math.floor(total * fraction) for fraction in given]
        for i in range(total - sum(counts)):
            counts[i % len(counts)] += 1
        lengths = counts
        for i, length in enumerate(lengths):
            if not length:
                warnings.warn(
                    f"Length of split at index {i} is 0. This might result in an empty dataset.", stacklevel=2
                )
    if sum(lengths) != total:
        raise ValueError(
            "random_split: Sum of input lengths does not equal the length of the input dataset! "
            f"{' + '.join(map(str, lengths))} is not {total}. Fractions must sum to 1."
        )
    order = sampling.permutation(generator, total).tolist()
    ends = list(accumulate(int(length) for length in lengths))
    return [Subset(dataset, order[start:end]) for start, end in zip([0, *ends], ends, strict=False)]
