"""What runs in a worker process: it takes indices from a connection, fetches, and sends the batches back.

A batch travels as a pickle of protocol 5: a small head, and the memory of each array beside it, not inside it. A
thread sends, so that the next batch is made while the last one waits to be read. A worker ends when the connection
does: when the parent closes it, or dies.
"""

from __future__ import annotations

import pickle
import random
import signal
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any, NoReturn

import numpy as np

from tinygrad_edu.tensors.random import manual_seed
from tinygrad_edu.utils.data.fetch import END, Fetcher, fetcher_of

__all__ = ["Failure", "Job", "WorkerInfo", "get_worker_info", "receive", "work"]


@dataclass(frozen=True)
class WorkerInfo:
    """Which worker this is: its number, how many there are, the seed of its random numbers, its copy of the dataset."""

    id: int
    num_workers: int
    seed: int
    dataset: Any = field(repr=False)


_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """In a worker process what is known about it, in the main process None.

    >>> print(get_worker_info())
    None
    """
    return _info


@dataclass(frozen=True)
class Job:
    """What a worker has to know to fetch batches; it goes with the worker when it starts."""

    dataset: Any
    batched: bool
    collate_fn: Callable[[Any], Any]
    drop_last: bool
    base_seed: int
    num_workers: int
    worker_init_fn: Callable[[int], Any] | None


class _Message(str):
    """The text of a KeyError, which would be printed as a quoted string."""

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Failure:
    """An exception on its way from a worker: its type and its traceback as text."""

    kind: type[Exception] | None  # None: a type that cannot travel
    text: str

    @classmethod
    def of(cls, error: Exception, worker: int) -> Failure:
        kind: type[Exception] | None = type(error)
        try:
            pickle.dumps(kind)
        except Exception:
            kind = None  # a class made inside a function
        told = "".join(traceback.format_exception(error))
        return cls(kind, f"Caught {type(error).__name__} in DataLoader worker process {worker}.\nOriginal {told}")

    def reraise(self) -> NoReturn:
        """Raise an exception of the same type whose text is the worker's traceback; RuntimeError if none can be."""
        kind = self.kind
        if kind is None or issubclass(kind, (StopIteration, StopAsyncIteration)):
            raise RuntimeError(self.text)  # StopIteration would pass for the end of the data
        try:
            error = kind(_Message(self.text) if issubclass(kind, KeyError) else self.text)
        except Exception:  # it wants other arguments
            error = RuntimeError(self.text)
        raise error


def work(connection: Connection, others: Sequence[Connection], job: Job, number: int) -> None:
    """A worker's life; `others` are the parent's ends of connections, inherited by a fork and not for us."""
    global _info
    for other in others:
        other.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends the workers
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    outbox: SimpleQueue[list[Any]] = SimpleQueue()
    threading.Thread(target=_send, args=(connection, outbox), daemon=True).start()
    seed = job.base_seed + number
    _info = WorkerInfo(number, job.num_workers, seed, job.dataset)
    broken = _prepare(job, number, seed)
    epoch, fetch = None, None
    while True:
        try:
            wanted, indices = connection.recv()
        except (EOFError, OSError):
            return
        if wanted != epoch:
            epoch, fetch = wanted, None
        try:
            if broken is not None:
                answer: Any = broken
            else:
                if fetch is None:  # a new epoch, in which an IterableDataset starts anew
                    fetch = fetcher_of(job.dataset, job.batched, job.collate_fn, job.drop_last)
                answer = _answer(fetch, indices)
            parcel = _pack((epoch, answer))
        except Exception as error:
            parcel = _pack((epoch, Failure.of(error, number)))
        outbox.put(parcel)


def _prepare(job: Job, number: int, seed: int) -> Failure | None:
    """Seed every generator, then run the user's worker_init_fn."""
    manual_seed(seed)
    random.seed(seed)
    np.random.seed(np.random.SeedSequence([job.base_seed, number]).generate_state(4))
    try:
        if job.worker_init_fn is not None:
            job.worker_init_fn(number)
    except Exception as error:
        return Failure.of(error, number)
    return None


def _answer(fetch: Fetcher, indices: Any) -> Any:
    batch = fetch(indices)
    return None if batch is END else (batch,)


def _pack(thing: Any) -> list[Any]:
    """The messages that carry an object: sizes of the arrays, the pickle without them, and each array's memory.

    The memory is copied here: it may be the dataset's own, which may change before the thread has sent it.
    """
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(thing, protocol=5, buffer_callback=buffers.append)
    memories = [bytes(buffer.raw()) for buffer in buffers]
    return [pickle.dumps([len(memory) for memory in memories]), head, *memories]


def _send(connection: Connection, outbox: SimpleQueue[list[Any]]) -> None:
    while True:
        for message in outbox.get():
            try:
                connection.send_bytes(message)
            except OSError:
                return  # nobody reads any more


def receive(connection: Connection) -> Any:
    """Read what `_pack` packed: arrays in memory of their own, which can be written to.

    Raises:
        EOFError, OSError: the worker is gone.
    """
    sizes = connection.recv()
    head = connection.recv_bytes()
    memories = [np.empty(size, np.uint8) for size in sizes]
    for memory in memories:
        connection.recv_bytes_into(memory)
    return pickle.loads(head, buffers=memories)
