"""Fetching: the samples of one batch out of a dataset, collated. The same code runs with and without workers.

What a dataset raises keeps its own traceback and gets a note that names the sample.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

from tinygrad_edu.utils.data.collate import default_collate
from tinygrad_edu.utils.data.dataset import IterableDataset

__all__ = ["END", "Fetcher", "fetcher_of"]

END = object()  # what `fetch` returns when an IterableDataset has no more samples
Fetcher = Callable[[Any], Any]


def fetcher_of(dataset: Any, batched: bool, collate_fn: Callable[[Any], Any], drop_last: bool) -> Fetcher:
    """A function from an index (or, if `batched`, a list of them) to a finished batch, or END."""
    if isinstance(dataset, IterableDataset):
        return _Stream(dataset, batched, collate_fn, drop_last).fetch
    return _Rows(dataset, batched, collate_fn).fetch


class _Rows:
    """Samples by index, as many at once as the dataset allows."""

    def __init__(self, dataset: Any, batched: bool, collate_fn: Callable[[Any], Any]) -> None:
        self.dataset, self.batched, self.collate_fn = dataset, batched, collate_fn
        self.collated = getattr(dataset, "_collated", None) if collate_fn is default_collate and batched else None
        self.many = getattr(dataset, "__getitems__", None)

    def fetch(self, indices: Any) -> Any:
        samples: Any = []
        try:
            if not self.batched:
                samples = self.dataset[indices]
            elif self.collated is not None and (batch := self.collated(indices)) is not None:
                return batch
            elif self.many is not None:
                samples = self.many(indices)
            else:
                for i in indices:
                    samples.append(self.dataset[i])
        except Exception as error:
            one = f"sample {indices[len(samples)]!r} of " if self.batched and not (self.collated or self.many) else ""
            error.add_note(f"DataLoader: while fetching {one}{_short(indices)}")
            raise
        try:
            return self.collate_fn(samples)
        except Exception as error:
            error.add_note(f"DataLoader: while collating {_short(indices)}")
            raise


class _Stream:
    """Samples in the order of an IterableDataset."""

    def __init__(self, dataset: Any, batched: bool, collate_fn: Callable[[Any], Any], drop_last: bool) -> None:
        self.samples = iter(dataset)
        self.batched, self.collate_fn, self.drop_last = batched, collate_fn, drop_last

    def fetch(self, places: Any) -> Any:
        if not self.batched:
            sample = next(self.samples, END)
            return END if sample is END else self.collate_fn(sample)
        samples = list(islice(self.samples, len(places)))
        if not samples or (self.drop_last and len(samples) < len(places)):
            return END
        return self.collate_fn(samples)


def _short(indices: Any) -> str:
    """The indices of a batch, in at most a line."""
    if not isinstance(indices, list):
        return f"sample {indices!r}"
    listed = ", ".join(map(repr, indices[:16]))
    return f"the batch with indices [{listed}{', ...' if len(indices) > 16 else ''}]"
