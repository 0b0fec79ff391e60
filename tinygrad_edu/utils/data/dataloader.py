"""The DataLoader: a dataset, the order in which to visit it, and the way from samples to batches, in one loop.

Without workers it is the few lines of `SerialIterator`; with `num_workers` the same fetching runs in other processes.
"""

from __future__ import annotations

import multiprocessing
import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from types import GenericAlias
from typing import Any

from tinygrad_edu.kernels import devices
from tinygrad_edu.tensors.random import Generator
from tinygrad_edu.utils.data.collate import default_collate, default_convert
from tinygrad_edu.utils.data.dataset import IterableDataset
from tinygrad_edu.utils.data.fetch import END, fetcher_of
from tinygrad_edu.utils.data.pinning import Pinned
from tinygrad_edu.utils.data.pool import ParallelIterator, WorkerPool
from tinygrad_edu.utils.data.sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler, fresh_seed
from tinygrad_edu.utils.data.worker import Job, get_worker_info

__all__ = ["DataLoader", "default_collate", "default_convert", "get_worker_info"]

_FIXED = {"batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"}


class _Endless(Sampler[None]):
    """Places instead of indices: an IterableDataset decides itself what comes next."""

    def __iter__(self) -> Iterator[None]:
        return repeat(None)


class DataLoader:
    """Batches of a dataset: ``for x, y in DataLoader(dataset, batch_size=64, shuffle=True)``.

    Args:
        dataset: anything with ``__getitem__`` and ``__len__``, or an IterableDataset.
        batch_size: samples in a batch; None gives single samples.
        shuffle: visit the samples in random order, a new one in each epoch.
        sampler: an iterable of indices, instead of `shuffle`.
        batch_sampler: an iterable of lists of indices, instead of `batch_size`, `shuffle`, `sampler`, `drop_last`.
        num_workers: how many processes load; 0 loads in this one. The order of the batches is the same.
        collate_fn: makes a batch of a list of samples (see `default_collate`).
        pin_memory: give batches in page-locked memory, so that ``.to("cuda", non_blocking=True)`` need not be waited
            for; without effect where there is no GPU.
        drop_last: leave out a last batch that is not full.
        timeout: seconds to wait for a worker's batch; 0 waits as long as it takes.
        worker_init_fn: called in each worker with its number, after seeding.
        multiprocessing_context: "fork", "spawn", "forkserver", or a context; by default the platform's.
        generator: draws the order and the workers' seeds; by default the default generator.
        prefetch_factor: batches that each worker makes ahead, by default 2.
        persistent_workers: keep the workers from one epoch to the next.
        pin_memory_device, in_order: accepted; batches always come in order.

    Raises:
        ValueError: options that exclude each other, or out of range.
        RuntimeError (in the loop): a worker died, or took too long. What a dataset raises in a worker is raised here
            with the same type, and the worker's traceback as its text.

    >>> [batch.tolist() for batch in DataLoader(range(5), batch_size=2)]
    [[0, 1], [2, 3], [4]]
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        self.dataset, self.num_workers, self.timeout = dataset, num_workers, timeout
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.pin_memory, self.pin_memory_device, self.in_order = pin_memory, pin_memory_device, in_order
        self.worker_init_fn, self.generator = worker_init_fn, generator
        self.persistent_workers = persistent_workers
        self.multiprocessing_context = multiprocessing_context
        self._streams = isinstance(dataset, IterableDataset)
        _check_order(self._streams, batch_size, shuffle, sampler, batch_sampler, drop_last)

        if batch_sampler is not None:
            batch_size, drop_last = None, False
        if sampler is None:
            if self._streams:
                sampler = _Endless()
            elif shuffle:
                sampler = RandomSampler(dataset, generator=generator)
            else:
                sampler = SequentialSampler(dataset)
        if batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size, self.drop_last = batch_size, drop_last
        self.sampler, self.batch_sampler = sampler, batch_sampler
        self._batched = batch_sampler is not None
        self.collate_fn = collate_fn or (default_collate if self._batched else default_convert)
        self._pool: WorkerPool | None = None
        self._fixed = True

    def __class_getitem__(cls, item: Any) -> GenericAlias:
        return GenericAlias(cls, item)  # for annotations: DataLoader[int]

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIXED and "_fixed" in self.__dict__:
            raise ValueError(
                f"{name} attribute should not be set after DataLoader is initialized: the samplers were made from it. "
                "Make another DataLoader."
            )
        super().__setattr__(name, value)

    @property
    def multiprocessing_context(self) -> Any:
        """How worker processes are started; None for the platform's way."""
        return self._context

    @multiprocessing_context.setter
    def multiprocessing_context(self, wanted: Any) -> None:
        if wanted is not None:
            if self.num_workers == 0:
                raise ValueError(
                    "DataLoader: multiprocessing_context can only be used with multi-process loading (num_workers > 0)"
                    f", but got num_workers={self.num_workers}"
                )
            known = multiprocessing.get_all_start_methods()
            if isinstance(wanted, str):
                if wanted not in known:
                    raise ValueError(
                        f"DataLoader: multiprocessing_context should be one of {known} here, but got {wanted!r}"
                    )
                wanted = multiprocessing.get_context(wanted)
            elif not isinstance(wanted, multiprocessing.context.BaseContext):
                raise TypeError(
                    "DataLoader: multiprocessing_context should be a context object or the name of a start method "
                    f"({', '.join(known)}), but got {wanted!r}"
                )
        self._context = wanted

    @property
    def _order(self) -> Any:
        return self.batch_sampler if self._batched else self.sampler

    def __len__(self) -> int:
        """The number of batches.

        Raises:
            TypeError: the sampler or the IterableDataset has no length.
        """
        if not self._streams:
            return len(self._order)
        count = len(self.dataset)
        if self.batch_size is None:
            return count
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        batches = self._batches()
        return Pinned(batches) if self.pin_memory and devices.available() else batches

    def _batches(self) -> SerialIterator | ParallelIterator:
        # Both draws come before any batch, in the same order with and without workers.
        seed = fresh_seed(self.generator)
        order = iter(self._order)
        if not self.num_workers:
            return SerialIterator(self, order)
        assert self.prefetch_factor, "prefetch_factor must be greater than 0 to load with workers"
        pool = self._pool
        if pool is None or not pool.close.alive:
            _warn_of_many(self.num_workers)
            job = Job(
                self.dataset, self._batched, self.collate_fn, self.drop_last, seed, self.num_workers,
                self.worker_init_fn,
            )  # fmt: skip
            pool = WorkerPool(job, self._context)
            if self.persistent_workers:
                self._pool = pool
        return ParallelIterator(pool, order, self.prefetch_factor, self.timeout, self.persistent_workers, self.__len__)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_pool": None}  # a copy starts workers of its own

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)


class SerialIterator:
    """One epoch over the batches, made in this process."""

    def __init__(self, loader: DataLoader, order: Iterator[Any]) -> None:
        self._loader, self._order = loader, order
        self._fetch = fetcher_of(loader.dataset, loader._batched, loader.collate_fn, loader.drop_last)

    def __iter__(self) -> SerialIterator:
        return self

    def __len__(self) -> int:
        return len(self._loader)

    def __next__(self) -> Any:
        indices = next(self._order)
        try:
            batch = self._fetch(indices)
        except StopIteration as error:  # would pass for the end of the data
            raise RuntimeError(
                "DataLoader: the dataset raised StopIteration; an index it lacks is an IndexError."
            ) from error
        if batch is END:
            raise StopIteration
        return batch


def _check_workers(num_workers: int, timeout: float, prefetch_factor: int | None, persistent: bool) -> None:
    if num_workers < 0:
        raise ValueError(
            "DataLoader: num_workers option should be non-negative; use num_workers=0 to load in this process."
        )
    if timeout < 0:
        raise ValueError("DataLoader: timeout option should be non-negative; 0 waits as long as it takes.")
    if num_workers == 0 and prefetch_factor is not None:
        raise ValueError(
            "DataLoader: prefetch_factor option could only be specified in multiprocessing: it is what each worker "
            "makes ahead. Let num_workers > 0, or leave it out."
        )
    if prefetch_factor is not None and prefetch_factor < 0:
        raise ValueError("DataLoader: prefetch_factor option should be non-negative.")
    if persistent and num_workers == 0:
        raise ValueError("DataLoader: persistent_workers option needs num_workers > 0.")


def _check_order(
    streams: bool, batch_size: Any, shuffle: Any, sampler: Any, batch_sampler: Any, drop_last: Any
) -> None:
    if streams:
        given = {"shuffle": shuffle or None, "sampler": sampler, "batch_sampler": batch_sampler}
        for name, value in given.items():
            if value is not None:
                raise ValueError(
                    f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={value}. "
                    "The dataset itself decides the order."
                )
    if sampler is not None and shuffle:
        raise ValueError("DataLoader: sampler option is mutually exclusive with shuffle; RandomSampler shuffles.")
    if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
        raise ValueError(
            "DataLoader: batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last."
        )
    if batch_sampler is None and batch_size is None and drop_last:
        raise ValueError(
            "DataLoader: batch_size=None option disables auto-batching and is mutually exclusive with drop_last."
        )


def _warn_of_many(num_workers: int) -> None:
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if num_workers > cpus:
        warnings.warn(
            f"This DataLoader will create {num_workers} worker processes in total. Our suggested max number of worker "
            f"in current system is {cpus}: more would wait for each other.",
            stacklevel=3,
        )
