"""Worker processes: the same batches in the same order, errors with their own traceback, and no child left behind.

Nothing here waits for a clock: what blocks waits for an event that never comes, and every wait has a bound.
"""

import gc
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset, get_worker_info, pool

BOUND = 60  # seconds, after which a test that hangs fails
fork = pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs fork")
pytestmark = [fork, pytest.mark.filterwarnings("ignore:This DataLoader will create")]  # more workers than processors


@pytest.fixture(autouse=True)
def no_child_is_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(pool, "GRACE", 0.2)
    yield
    gc.collect()  # the traceback of an expected error holds the test's iterator
    left = multiprocessing.active_children()
    for process in left:
        process.kill()
        process.join()
    assert left == []


def loader(dataset: Any, **options: Any) -> Any:
    return DataLoader(dataset, **{"num_workers": 2, "timeout": BOUND, "multiprocessing_context": "fork", **options})


class Each(Dataset):
    """Calls a function for each index, in the worker."""

    def __init__(self, function: Any, length: int = 8) -> None:
        self.function, self.length = function, length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Any:
        return self.function(index)


class Stream(IterableDataset):
    """Worker i gives the i-th of the lists."""

    def __init__(self, *lists: list[int]) -> None:
        self.lists = lists

    def __iter__(self) -> Iterator[int]:
        info = get_worker_info()
        return iter(self.lists[info.id if info else 0])


def block(index: int) -> int:
    threading.Event().wait()
    return index


# --- the same batches --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{"num_workers": 1}, {"prefetch_factor": 1}, {"persistent_workers": True}])
def test_the_order_is_the_same_as_without_workers(options: Any) -> None:
    def epochs(**options: Any) -> list[Any]:
        tg.manual_seed(0)
        batches = DataLoader(TensorDataset(tg.arange(21), tg.ones(21, 2)), batch_size=4, shuffle=True, **options)
        return [[x.tolist() for x, _ in batches] for _ in range(3)]

    assert epochs(multiprocessing_context="fork", **{"num_workers": 2, **options}) == epochs()


def test_an_abandoned_epoch_does_not_leak_into_the_next() -> None:
    batches = loader(Each(int), persistent_workers=True)
    first = iter(batches)
    assert next(first).tolist() == [0]
    assert [b.item() for b in batches] == list(range(8))
    with pytest.raises(RuntimeError, match="newer iterator has taken over"):
        next(first)


def test_streams_take_turns_until_each_is_at_its_end() -> None:
    parts = [1, 2, 3], [10], [20, 21]
    tg.manual_seed(0)
    assert [b.tolist() for b in loader(Stream(*parts), num_workers=3, batch_size=2)] == [[1, 2], [10], [20, 21], [3]]
    batches = loader(Stream([1, 2], [3]), batch_size=None, persistent_workers=True)
    assert list(batches) == list(batches) == [1, 3, 2]


@pytest.mark.oracle
def test_streams_take_turns_as_in_pytorch() -> None:
    torch = pytest.importorskip("torch")
    parts = [1, 2, 3, 4, 5], [10], [20, 21, 22]

    class Theirs(torch.utils.data.IterableDataset):
        def __iter__(self) -> Iterator[int]:
            return iter(parts[torch.utils.data.get_worker_info().id])

    theirs = torch.utils.data.DataLoader(Theirs(), num_workers=3, timeout=BOUND, multiprocessing_context="fork")
    expected = [b.item() for b in theirs]
    del theirs
    assert [b.item() for b in loader(Stream(*parts), num_workers=3)] == expected


def test_arrays_arrive_whole_and_writable() -> None:
    def sample(index: int) -> Any:
        return {"a": np.full((300, 300), index), "empty": np.zeros((0, 2)), "t": tg.full((5,), index), "s": "text"}

    for i, batch in enumerate(loader(Each(sample, 4), batch_size=None)):
        assert batch["a"].sum() == 90000 * i and batch["empty"].shape == (0, 2) and batch["s"] == "text"
        batch["a"][0] = 7
        batch["t"] += 1
        assert batch["t"].tolist() == [i + 1] * 5


def test_memory_that_the_dataset_uses_again_is_not_sent_changed() -> None:
    buffer = np.zeros(1000)

    def sample(index: int) -> Any:
        buffer[:] = index
        return buffer

    batches = loader(Each(sample, 40), batch_size=None, num_workers=1, prefetch_factor=20)
    assert [batch[999].item() for batch in batches] == list(range(40))


def test_a_worker_knows_itself_and_has_random_numbers_of_its_own() -> None:
    def sample(index: int) -> Any:
        info = get_worker_info()
        assert info is not None and info.num_workers == 2 and info.dataset.length == 4
        return info.id, info.seed, tg.rand(1).item(), random.random(), np.random.rand(), os.environ["STARTED"]

    def start(number: int) -> None:
        os.environ["STARTED"] = str(number)

    def run() -> list[Any]:
        tg.manual_seed(4)
        return list(loader(Each(sample, 4), batch_size=None, worker_init_fn=start))

    rows = run()
    assert [row[0] for row in rows] == [0, 1, 0, 1] and [row[-1] for row in rows] == ["0", "1", "0", "1"]
    assert rows[1][1] == rows[0][1] + 1
    for column in (2, 3, 4):
        assert len({row[column] for row in rows}) == 4
    assert run() == rows
    assert get_worker_info() is None


# --- errors ------------------------------------------------------------------------------------------------------


class Odd(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__(one, two)


@pytest.mark.parametrize(
    ("raised", "type_seen"), [(ValueError("no"), ValueError), (KeyError("no"), KeyError), (Odd(1, 2), RuntimeError)]
)
def test_an_exception_arrives_with_its_traceback_and_the_index(raised: Exception, type_seen: Any) -> None:
    def fails_at_5(index: int) -> int:
        if index == 5:
            raise raised
        return index

    batches = iter(loader(Each(fails_at_5), batch_size=2))
    assert [next(batches).tolist() for _ in range(2)] == [[0, 1], [2, 3]]
    with pytest.raises(type_seen) as caught:
        next(batches)
    told = str(caught.value)
    assert f"Caught {type(raised).__name__} in DataLoader worker process 0." in told
    assert "in fails_at_5" in told and "sample 5 of the batch with indices [4, 5]" in told
    assert next(batches).tolist() == [6, 7]  # the worker goes on
    assert list(batches) == []


def test_exceptions_that_cannot_travel() -> None:
    class Local(ValueError):
        pass

    def fails(index: int) -> Any:
        if index == 0:
            raise Local("here")
        if index == 1:
            raise StopIteration
        return lambda: index  # no pickle

    batches = iter(loader(Each(fails, 3), batch_size=None))
    for told in ("Caught Local", "Caught StopIteration", "process 0"):
        with pytest.raises((RuntimeError, AttributeError, TypeError), match=told) as caught:
            next(batches)
        assert caught.type is not StopIteration


def test_a_failing_start_is_told() -> None:
    def start(number: int) -> None:
        raise OSError(f"no disk for {number}")

    with pytest.raises(OSError, match="no disk for 0"):
        next(iter(loader(Each(int), worker_init_fn=start)))


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "worker 0 was killed by signal SIGKILL"),
        (lambda: os._exit(3), "worker 0 ended with exit code 3"),
    ],
)
@pytest.mark.parametrize("persistent", [False, True])
def test_a_dead_worker_is_an_error_not_a_hang(end: Any, told: str, persistent: bool) -> None:
    def dies_at_4(index: int) -> int:
        if index == 4:
            end()
        return index

    batches = loader(Each(dies_at_4), timeout=0, persistent_workers=persistent)
    epoch = iter(batches)
    with pytest.raises(RuntimeError, match=rf"DataLoader worker \(pid\(s\) \d+\) exited unexpectedly: {told}"):
        for _ in range(8):
            next(epoch)
    assert multiprocessing.active_children() == []
    with pytest.raises(RuntimeError, match="have ended"):
        next(epoch)
    assert next(iter(batches)).item() == 0  # a new epoch starts new workers


def test_a_slow_worker_runs_into_the_timeout() -> None:
    with pytest.raises(RuntimeError, match="DataLoader timed out after 0.05 seconds: worker 0"):
        next(iter(loader(Each(block), timeout=0.05)))


def test_no_prefetching_is_no_loading() -> None:
    with pytest.raises(AssertionError, match="prefetch_factor must be greater than 0"):
        iter(loader(Each(int), prefetch_factor=0))


# --- nothing is left behind --------------------------------------------------------------------------------------


def test_dropping_the_iterator_ends_its_workers() -> None:
    batches = iter(loader(Each(int)))
    next(batches)
    assert len(multiprocessing.active_children()) == 2
    del batches
    assert multiprocessing.active_children() == []


def test_dropping_the_loader_ends_persistent_workers_even_if_they_are_busy() -> None:
    batches = loader(Each(lambda i: i if i < 2 else block(i)), persistent_workers=True)
    assert [b.item() for _, b in zip(range(2), batches, strict=False)] == [0, 1]
    assert len(multiprocessing.active_children()) == 2
    del batches
    assert multiprocessing.active_children() == []


def test_loaders_side_by_side_end_one_by_one() -> None:
    one, two = iter(loader(Each(int))), iter(loader(Each(int)))
    assert [(a.item(), b.item()) for a, b in zip(one, two, strict=True)] == [(i, i) for i in range(8)]


PROGRAM = """
import multiprocessing, threading
from tinygrad_edu.utils.data import DataLoader, Dataset, pool

pool.GRACE = 0.2

class Numbers(Dataset):
    def __len__(self):
        return 6
    def __getitem__(self, index):
        if {blocks}:
            threading.Event().wait()
        return index

if __name__ == "__main__":
    batches = iter(DataLoader(Numbers(), num_workers=2, timeout=60, multiprocessing_context="{context}"))
    {body}
"""


def program(folder: Path, context: str, body: str, blocks: bool = False) -> subprocess.Popen[str]:
    script = folder / "program.py"
    script.write_text(PROGRAM.format(context=context, body=body, blocks=blocks))
    return subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def rest(process: subprocess.Popen[str]) -> tuple[str, str]:
    """What was printed; the pipes reach their end when the last process that holds them is gone."""
    try:
        return process.communicate(timeout=BOUND)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise


def test_spawned_workers_give_the_same(tmp_path: Path) -> None:
    process = program(tmp_path, "spawn", "print([b.item() for b in batches], multiprocessing.active_children())")
    assert rest(process) == ("[0, 1, 2, 3, 4, 5] []\n", "")


@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_ctrl_c_leaves_no_child_behind(tmp_path: Path, context: str) -> None:
    process = program(tmp_path, context, "print('ready', flush=True); next(batches)", blocks=True)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the parent and to the workers
    _, errors = rest(process)
    assert process.returncode in (-signal.SIGINT, 128 + signal.SIGINT)
    assert errors.count("Traceback") == 1 and errors.rstrip().endswith("KeyboardInterrupt")


def test_a_ctrl_c_that_comes_just_before_the_wait_is_not_slept_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a signal is noted down, and Python sees the note when the wait returns: so none may be long or endless."""
    asked: list[Any] = []
    real = pool.wait

    def wait(things: Any, timeout: float | None) -> Any:
        asked.append(timeout)
        return real(things, timeout) if len(asked) % 3 == 0 else []  # two waits for nothing, then a real one

    monkeypatch.setattr(pool, "wait", wait)
    assert [b.item() for b in loader(Each(int), timeout=0)] == list(range(8))
    assert len(asked) >= 24 and all(timeout is not None and timeout <= 1 for timeout in asked)


def test_a_ctrl_c_at_the_start_of_a_worker_leaves_ctrl_c_working(monkeypatch: pytest.MonkeyPatch) -> None:
    real = signal.pthread_sigmask

    def mask(how: int, signals: Any) -> Any:
        before = real(how, signals)
        if how == signal.SIG_BLOCK and signals:
            raise KeyboardInterrupt  # as Python does with one that came a moment before
        return before

    monkeypatch.setattr(signal, "pthread_sigmask", mask)
    with pytest.raises(KeyboardInterrupt):
        iter(loader(Each(int)))
    assert signal.SIGINT not in real(signal.SIG_BLOCK, ())


class Interrupting:
    """A connection during whose closing Ctrl-C is pressed."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def close(self) -> None:
        signal.raise_signal(signal.SIGINT)
        self.connection.close()


@pytest.mark.parametrize("dropped", [True, False])
def test_ctrl_c_while_the_workers_end_comes_when_they_have_ended(dropped: bool) -> None:
    batches = iter(loader(Each(int)))
    next(batches)
    ends = batches._pool.connections
    ends[0] = Interrupting(ends[0])
    with pytest.raises(KeyboardInterrupt):
        if dropped:
            del batches
        else:
            batches._pool.close()
        assert multiprocessing.active_children() == []
        threading.Event().wait(BOUND)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    process = program(tmp_path, "fork", "next(batches); print('ready', flush=True); threading.Event().wait()")
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    process.kill()
    assert rest(process) == ("", "")


def test_a_dataset_that_cannot_be_spawned_says_why() -> None:
    with pytest.raises(Exception, match="pickle|local") as caught:
        iter(loader(Each(lambda i: i), multiprocessing_context="spawn"))
    assert "top level of a module" in caught.value.__notes__[0]
