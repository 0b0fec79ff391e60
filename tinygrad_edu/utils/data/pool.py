"""The parent's side of the workers: start them, hand out indices in turn, take the batches back in order.

Each worker has a connection of its own, and batch i is made by worker i modulo their number, so reading the workers in
turn gives the order that there is without workers. A worker that dies closes its connection: the parent sees it at
once.
"""

from __future__ import annotations

import _thread
import math
import multiprocessing
import os
import signal
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from typing import Any

from tinygrad_edu.utils.data.worker import Failure, Job, receive, work

__all__ = ["ParallelIterator", "WorkerPool"]

GRACE = 1.0  # seconds a worker gets to finish its sample before it is ended by force
GLANCE = 0.5  # seconds that the parent waits at a stretch; see `_wait`
_pools: weakref.WeakSet[WorkerPool] = weakref.WeakSet()


class WorkerPool:
    """Worker processes and their connections; ends them when it is closed, dropped, or the program ends."""

    def __init__(self, job: Job, context: Any = None) -> None:
        context = context or multiprocessing.get_context()
        self.connections: list[Connection] = []
        self.processes: list[Any] = []
        self.epoch = 0
        _pools.add(self)
        self.close = weakref.finalize(self, _stop, self.connections, self.processes, os.getpid())
        for number in range(job.num_workers):
            ours, theirs = context.Pipe()
            self.connections.append(ours)
            # A forked worker has copies of all our ends; while it keeps one open, closing ours tells nobody.
            forked = context.get_start_method() == "fork"
            inherited = [end for pool in _pools for end in pool.connections] if forked else []
            process = context.Process(target=work, args=(theirs, inherited, job, number), daemon=True)
            try:
                with _no_interrupt(forked):
                    process.start()
            except Exception as error:
                self.close()
                error.add_note(
                    "DataLoader: a worker could not be started. Where processes are spawned, not forked, the dataset, "
                    "collate_fn and worker_init_fn are pickled: define them at the top level of a module."
                )
                raise
            finally:
                theirs.close()  # before the next worker starts, which would inherit it and keep it open
            self.processes.append(process)

    def send(self, number: int, epoch: int, indices: Any) -> None:
        """Give a worker the indices of a batch to make."""
        try:
            self.connections[number].send((epoch, indices))
        except OSError:
            self._lost(number)

    def receive(self, number: int, epoch: int, timeout: float) -> Any:
        """The next answer of a worker for this epoch; what it still made for an abandoned one is dropped.

        Raises:
            RuntimeError: nothing came in `timeout` seconds (0: wait as long as it takes), or the worker died.
        """
        connection, process = self.connections[number], self.processes[number]
        while True:
            if not _wait([connection, process.sentinel], timeout):
                raise RuntimeError(
                    f"DataLoader timed out after {timeout} seconds: worker {number} (pid {process.pid}) gave no batch. "
                    "Raise timeout, or find out what dataset[i] waits for."
                )
            try:
                if not connection.poll():
                    raise EOFError
                made_for, answer = receive(connection)
            except (EOFError, OSError):
                self._lost(number)
            if made_for == epoch:
                return answer

    def _lost(self, number: int) -> None:
        process = self.processes[number]
        process.join(GRACE)  # its connection is closed: it is ending
        code, pid = process.exitcode, process.pid
        self.close()
        if code is not None and code < 0:
            how = f"was killed by signal {_signal_name(-code)}"
            hint = "A crash in compiled code ends a process so."
            if -code == getattr(signal, "SIGKILL", 9):
                hint = "The system kills a process when memory runs out: try fewer workers or smaller batches."
        else:
            how = "closed its connection" if code is None else f"ended with exit code {code}"
            hint = "See what it printed. A script that starts workers needs its main part under `if __name__ == ...`."
        raise RuntimeError(
            f"DataLoader worker (pid(s) {pid}) exited unexpectedly: worker {number} {how}. {hint} "
            "num_workers=0 runs the dataset in this process."
        )


def _wait(things: list[Any], timeout: float) -> bool:
    """Whether one of the things is ready within `timeout` seconds (0: wait as long as it takes).

    A Ctrl-C that comes after Python has last looked for one and before the system waits is only noted down: nothing
    would look at the note until the wait is over. So no wait is long, and Python looks in between.
    """
    deadline = time.monotonic() + timeout if timeout else math.inf
    while True:
        left = deadline - time.monotonic()
        if wait(things, max(0.0, min(left, GLANCE))):
            return True
        if left <= GLANCE:
            return False


class ParallelIterator:
    """One epoch over the batches that the workers make."""

    def __init__(
        self,
        pool: WorkerPool,
        indices: Iterator[Any],
        prefetch: int,
        timeout: float,
        keep: bool,
        length: Callable[[], int],
    ) -> None:
        pool.epoch += 1
        self._length = length
        self._pool, self._epoch = pool, pool.epoch
        self._indices, self._timeout, self._keep = indices, timeout, keep
        self._turns = deque(range(len(pool.processes)))  # the workers that still have something to give
        self._tasks: deque[int] = deque()  # the workers that owe a batch, in the order of the batches
        with self._whole():
            for _ in range(prefetch * len(self._turns)):
                self._assign()

    def __iter__(self) -> ParallelIterator:
        return self

    def __len__(self) -> int:
        return self._length()

    def __next__(self) -> Any:
        with self._whole():
            while self._tasks:
                if not self._pool.close.alive:
                    raise RuntimeError("DataLoader: the workers of this iterator have ended after an error.")
                if self._epoch != self._pool.epoch:
                    raise RuntimeError(
                        "DataLoader with persistent_workers: a newer iterator has taken over the workers. Finish one "
                        "before you start the next, or use a DataLoader for each."
                    )
                answer = self._pool.receive(self._tasks[0], self._epoch, self._timeout)
                number = self._tasks.popleft()
                if answer is None and number in self._turns:  # its copy of an IterableDataset is at its end
                    self._turns.remove(number)
                self._assign()
                if isinstance(answer, Failure):
                    answer.reraise()
                if answer is not None:
                    return answer[0]
            if not self._keep:
                self._pool.close()
        raise StopIteration

    def _assign(self) -> None:
        if not self._turns:
            return
        try:
            indices = next(self._indices)
        except StopIteration:
            return
        self._pool.send(self._turns[0], self._epoch, indices)
        self._tasks.append(self._turns[0])
        self._turns.rotate(-1)

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Ctrl-C may come in the middle of a message: the connections are of no use then."""
        try:
            yield
        except Exception:
            raise
        except BaseException:
            self._pool.close()
            raise


def _stop(connections: list[Connection], processes: list[Any], owner: int) -> None:
    """End the workers: closed connections tell them to; those in a long sample are terminated, then killed."""
    if os.getpid() != owner:
        return  # a fork of the parent: they are not its children
    with _interrupt_afterwards():
        for connection in connections:
            connection.close()
        for end in (None, "terminate", "kill"):
            deadline = time.monotonic() + GRACE
            for process in processes:
                if end is not None and process.is_alive():
                    getattr(process, end)()
            for process in processes:
                process.join(max(0.0, deadline - time.monotonic()))
            if not any(process.is_alive() for process in processes):
                break


@contextmanager
def _interrupt_afterwards() -> Iterator[None]:
    """Let Ctrl-C wait until the workers have ended: an interrupt in the middle would leave some of them.

    It is delivered a moment later: what is raised here is lost where Python calls this because a pool was dropped.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is None:
        yield  # no other thread is interrupted; and a handler that is not Python's cannot be put back
        return
    came: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            later = threading.Timer(0.05, _interrupt)
            later.daemon = True
            with suppress(RuntimeError):  # the program is ending anyway
                later.start()


def _interrupt() -> None:
    """Ctrl-C, from another thread."""
    if hasattr(signal, "pthread_kill"):
        main = threading.main_thread().ident
        assert main is not None
        signal.pthread_kill(main, signal.SIGINT)  # wakes the main thread if it waits, which the other way does not
    else:
        _thread.interrupt_main()


@contextmanager
def _no_interrupt(forked: bool) -> Iterator[None]:
    """Hold Ctrl-C back while a process starts: the new one inherits that, until it has chosen to ignore it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    if not forked:
        from multiprocessing import resource_tracker

        resource_tracker.ensure_running()  # spawning starts it, which would let Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # raises, with the mask set, if Ctrl-C came just now
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
