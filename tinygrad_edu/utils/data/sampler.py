"""Samplers: in which order the indices of a dataset are visited, and how they are grouped into batches.

Every draw that needs a seed takes it when iteration starts, not when the first index is asked for, so that the order
does not depend on what else is drawn meanwhile, nor on whether worker processes run ahead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Generic, TypeVar

import numpy as np

from tinygrad_edu.tensors import sampling
from tinygrad_edu.tensors.creation import from_numpy
from tinygrad_edu.tensors.random import Generator

__all__ = [
    "BatchSampler", "RandomSampler", "Sampler", "SequentialSampler", "SubsetRandomSampler", "WeightedRandomSampler",
]  # fmt: skip

Index = TypeVar("Index", covariant=True)
_CHUNK = 32  # as many indices with replacement are drawn at a time, as in PyTorch


def fresh_seed(generator: Generator | None) -> int:
    """A seed of 63 bits for another generator, drawn from this one (None for the default one)."""
    return int(sampling.integers(generator, (), 0, 2**63 - 1))


def _positive(value: Any, name: str, owner: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError(f"{owner}: {name} should be a positive integer value, but got {name}={value}")


class Sampler(Generic[Index]):
    """Gives indices: subclasses write ``__iter__``, and ``__len__`` if the DataLoader shall have a length."""

    def __init__(self, data_source: Any = None) -> None:
        """Takes a dataset for the sake of older code, and ignores it."""

    def __iter__(self) -> Iterator[Index]:
        raise NotImplementedError(f"{type(self).__name__} is a Sampler: it should implement __iter__(self).")


class SequentialSampler(Sampler[int]):
    """0, 1, 2, ... in order.

    >>> list(SequentialSampler("abc"))
    [0, 1, 2]
    """

    def __init__(self, data_source: Any) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """Indices in random order; with `replacement`, each drawn anew.

    Without replacement and with more than N samples, one permutation follows another.

    Raises:
        TypeError: `replacement` is no bool. ValueError: `num_samples` (by default the dataset's length) is not a
            positive integer.

    >>> sorted(RandomSampler("abcd", generator=Generator().manual_seed(0)))
    [0, 1, 2, 3]
    """

    def __init__(
        self,
        data_source: Any,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        self.data_source, self.replacement, self.generator = data_source, replacement, generator
        self._num_samples = num_samples
        if not isinstance(replacement, bool):
            raise TypeError(
                f"RandomSampler: replacement should be a boolean value, but got replacement={replacement!r}"
            )
        _positive(self.num_samples, "num_samples", "RandomSampler")

    @property
    def num_samples(self) -> int:
        """How many indices one pass gives."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        generator = self.generator
        if generator is None:
            generator = Generator().manual_seed(fresh_seed(None))
        return self._draw(generator)

    def _draw(self, generator: Generator) -> Iterator[int]:
        size, left = len(self.data_source), self.num_samples
        while left > 0:
            if self.replacement:
                chunk = sampling.integers(generator, (min(left, _CHUNK),), 0, size)
            else:
                chunk = sampling.permutation(generator, size)[:left]
            left -= len(chunk)
            yield from chunk.tolist()

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[Any]):
    """The given indices in random order.

    >>> sorted(SubsetRandomSampler([7, 3, 5]))
    [3, 5, 7]
    """

    def __init__(self, indices: Sequence[Any], generator: Generator | None = None) -> None:
        self.indices, self.generator = indices, generator

    def __iter__(self) -> Iterator[Any]:
        order = sampling.permutation(self.generator, len(self.indices)).tolist()
        return (self.indices[i] for i in order)

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """Indices drawn with probabilities in proportion to weights of shape (N,).

    Raises:
        ValueError: `num_samples` is not a positive integer, `replacement` no bool, the weights have no or more
            dimensions. RuntimeError (when iterated): weights that are negative, all 0, or too few for drawing without
            replacement.

    >>> list(WeightedRandomSampler([0.0, 0.0, 3.0], 4))
    [2, 2, 2, 2]
    """

    def __init__(
        self, weights: Any, num_samples: int, replacement: bool = True, generator: Generator | None = None
    ) -> None:
        _positive(num_samples, "num_samples", "WeightedRandomSampler")
        if not isinstance(replacement, bool):
            raise ValueError(
                f"WeightedRandomSampler: replacement should be a boolean value, but got replacement={replacement!r}"
            )
        values = np.array([float(w) for w in weights], np.float64) if np.ndim(weights) == 1 else np.asarray(weights)
        if values.ndim != 1:
            raise ValueError(
                f"WeightedRandomSampler: weights should be a 1d sequence but given weights have shape {values.shape}"
            )
        self.weights, self.num_samples = from_numpy(values.astype(np.float64)), num_samples
        self.replacement, self.generator = replacement, generator

    def __iter__(self) -> Iterator[int]:
        weights = np.asarray(self.weights, np.float64)
        return iter(sampling.multinomial(self.generator, weights, self.num_samples, self.replacement).tolist())

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[Any]]):
    """Lists of `batch_size` indices of another sampler (or any iterable); the last may be shorter, or be dropped.

    Raises:
        ValueError: `batch_size` is not a positive integer, or `drop_last` is no bool.

    >>> list(BatchSampler(range(5), 2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Iterable[Any], batch_size: int, drop_last: bool) -> None:
        _positive(batch_size, "batch_size", "BatchSampler")
        if not isinstance(drop_last, bool):
            raise ValueError(f"BatchSampler: drop_last should be a boolean value, but got drop_last={drop_last!r}")
        self.sampler, self.batch_size, self.drop_last = sampler, batch_size, drop_last

    def __iter__(self) -> Iterator[list[Any]]:
        return self._group(iter(self.sampler))  # not inside the generator: samplers draw their seed now

    def _group(self, indices: Iterator[Any]) -> Iterator[list[Any]]:
        while batch := list(islice(indices, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def __len__(self) -> int:
        count = len(self.sampler)  # type: ignore[arg-type]  # an iterable without a length has no number of batches
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)
