"""Calls that are done again by rote: they compute with what stands in their arrays now, and do what the call did."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygrad_edu.kernels import devices, kernels
from tinygrad_edu.kernels.devices import to_device, to_host
from tinygrad_edu.kernels.presence import simulated

sys.path.append(str(Path(__file__).parent))

from test_kernels import CASES, _plain, called, check, compared, moved

# Of each kind of kernel one or two; the slow test has all.
SOME = (
    "softmax_back", "convolution", "convolution_weight", "batched_product", "layer_norm_back", "batch_norm", "max_pool",
    "max_pool_back", "cross_entropy", "cross_entropy_back", "argmax", "sum_to", "class_kinds",
)  # fmt: skip


def _kept() -> dict[Any, Any]:
    from tinygrad_edu.kernels.numba_cuda import replay

    return replay._known


def _calls(call: Any, *each: Any) -> list[Any]:
    """The results for three arguments, on the CPU; the third call is the first that may be done again."""
    return [to_host(call(to_device(np.asarray(x)))) for x in each]
# Their arguments belong together: what the forward pass computed, and what it computed that of.
TOGETHER = ("attention_back", "log_softmax_back")


def _again(name: str, arguments: tuple[Any, ...]) -> None:
    """Three calls, with floats that change between them."""
    for _ in range(3):
        check(name, arguments)
        for x in arguments:
            owner = getattr(x, "base", None)
            owner = owner if isinstance(owner, np.ndarray) else x
            changes = isinstance(owner, np.ndarray) and owner.dtype.kind == "f" and owner.flags.writeable
            if changes and name not in TOGETHER:
                owner *= 0.75


@pytest.mark.parametrize("name", [name for name in SOME if name in CASES])
def test_a_third_call(name: str) -> None:
    _again(name, next(iter(CASES[name]())))


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_any_third_call(name: str) -> None:
    for arguments in CASES[name]():
        if not any(isinstance(x, list) for x in arguments):
            _again(name, arguments)


def test_it_is_done_again_with_other_numbers() -> None:
    one, two, three = np.arange(6.0).reshape(2, 3), np.ones((2, 3)), np.full((2, 3), 7.0)
    found = _calls(lambda a: kernels.sum(a, (1,), False), one, two, three)
    np.testing.assert_array_equal(found, [one.sum(1), two.sum(1), three.sum(1)])
    assert [replay for replay in _kept().values() if replay is not None]


@pytest.mark.skipif(not simulated(), reason="what is launched again by the driver is not noted down")
def test_launches_are_those_of_the_call() -> None:
    """The same kernels with the same grids and numbers, on memory of the same sizes."""
    from tinygrad_edu.kernels.numba_cuda.tape import Tape, noting

    for name in ("softmax", "convolution_weight", "layer_norm_back", "batch_norm_back"):
        arguments = next(iter(CASES[name]()))
        there = [moved(x) for x in arguments]
        blocks = [x.block for x in there if hasattr(x, "block")]
        notes = []
        for turn in range(3):
            tape = Tape(blocks)
            if turn != 1:  # the second call has a tape of its own
                noting.tape = tape
            try:
                if turn == 2:
                    (found,) = (replay for replay in _kept().values() if replay is not None)
                    found.run([x for x in there if hasattr(x, "block")])
                else:
                    called(name, there)
                    called(name, there) if turn else None
            finally:
                noting.tape = None
            if turn != 1:
                assert not tape.spoilt
                notes.append(tape.finished())
        assert notes[0] and [step[:4] for step in notes[0]] == [step[:4] for step in notes[1]]
        _kept().clear()


def test_arrays_that_share_memory_are_another_call() -> None:
    a, b = np.arange(4.0).reshape(2, 2), np.ones((2, 2))
    for _ in range(3):  # the same array twice
        here = to_device(a)
        np.testing.assert_array_equal(to_host(kernels.matmul(here, here)), a @ a)
    np.testing.assert_array_equal(to_host(kernels.matmul(to_device(a), to_device(b))), a @ b)
    for _ in range(3):
        np.testing.assert_array_equal(to_host(kernels.matmul(to_device(b), to_device(a))), b @ a)
    np.testing.assert_array_equal(to_host(kernels.matmul(here, here)), a @ a)


def test_views_lie_elsewhere() -> None:
    a = np.arange(12.0).reshape(4, 3)
    whole = to_device(a)
    for _ in range(3):
        for i in range(4):
            np.testing.assert_array_equal(to_host(kernels.sum(whole[i], (0,), False)), a[i].sum())


@pytest.mark.parametrize(
    ("one", "other"), [(0.0, -0.0), (1, True), (1, 1.0), ((1,), (True,)), (slice(0, 2, 1), (0, 2, 1)), ((), [])]
)
def test_equal_numbers_that_differ(one: Any, other: Any) -> None:
    from tinygrad_edu.kernels.numba_cuda.replay import _described

    keys: list[list[Any]] = [[], []]
    assert all(_described(x, key, []) for x, key in zip((one, other), keys, strict=True))
    assert {tuple(keys[0]): 1}.get(tuple(keys[1])) is None


@pytest.mark.parametrize(
    "thing", [float("nan"), len, np.ones(3), np.float32(1), object(), {1: 2}, [1, np.ones(2)], [0] * 3000]
)
def test_what_cannot_be_described(thing: Any) -> None:
    from tinygrad_edu.kernels.numba_cuda.replay import _described

    assert not _described(thing, [], [])


def test_what_reads_on_the_cpu_is_not_done_again() -> None:
    right, wrong, ignored = np.array([0, 2, 1]), np.array([0, 3, 1]), np.array([-1, 2, 1])
    for classes, expected in [(right, 0), (right, 0), (right, 0), (wrong, 2), (ignored, 1), (right, 0)]:
        assert kernels.class_kinds(to_device(classes), 3, -1) == expected
    assert None in _kept().values()


def test_memory_comes_back() -> None:
    from tinygrad_edu.kernels.numba_cuda.memory import pool

    a = to_device(np.random.default_rng(0).standard_normal((4, 3, 5)))
    counts = []
    for _ in range(5):
        before, pool.peak = pool.allocated, pool.allocated
        kernels.layer_norm_back(*[moved(x) for x in next(iter(CASES["layer_norm_back"]()))])
        counts.append((pool.allocated - before, pool.peak - before))
    assert {now for now, _ in counts} == {0}
    assert counts[-1][1] <= counts[0][1]  # as much as the call itself needed, and no more
    assert a.size


def test_memory_that_is_taken_and_let_go_of() -> None:
    """In the order of the call: a replay needs no more at a time."""
    from tinygrad_edu.kernels.numba_cuda.array import empty
    from tinygrad_edu.kernels.numba_cuda.memory import pool
    from tinygrad_edu.kernels.numba_cuda.replay import replayed

    def wasteful(a: Any) -> Any:
        for _ in range(5):
            empty((1000,), np.float64)
        b = a + 1.0
        for _ in range(5):
            empty((1000,), np.float64)
        return b * 2.0

    a, peaks = to_device(np.arange(3.0)), []
    for _ in range(5):
        pool.reset_peak()
        before = pool.allocated
        compared(replayed(wasteful, (a,), {}), np.array([2.0, 4.0, 6.0]))
        peaks.append(pool.peak - before)
    assert max(peaks) == peaks[0] and [replay for replay in _kept().values() if replay is not None]


def test_one_array_twice_is_not_done_again() -> None:
    from tinygrad_edu.kernels.numba_cuda.replay import replayed

    def twice(a: Any) -> Any:
        b = a + 1.0
        return b, b

    for _ in range(4):
        one, other = replayed(twice, (to_device(np.ones(2)),), {})
        assert one is other


def test_a_slice_is_no_tuple() -> None:
    a = np.arange(60.0).reshape(3, 4, 5)
    here = to_device(a)
    for index in (*[slice(0, 2, 1)] * 4, (0, 2, 1), slice(0, 2, 1)):
        compared(kernels.getitem(here, index), a[index])


def test_another_thread_forgets_all() -> None:
    from tinygrad_edu.kernels.numba_cuda import replay

    class Forgetting(dict[Any, Any]):
        def __contains__(self, key: Any) -> bool:
            found = super().__contains__(key)
            self.clear()
            return found

    known, replay._known = replay._known, Forgetting()
    try:
        for i in range(5):
            compared(kernels.sum(to_device(np.full((2, 3), float(i))), (1,), False), np.full(2, 3.0 * i))
    finally:
        replay._known = known


def test_what_fails_is_not_kept() -> None:
    from tinygrad_edu.kernels.numba_cuda.tape import noting

    a, b = to_device(np.ones((2, 3))), to_device(np.ones((2, 3)))
    for _ in range(3):
        with pytest.raises(ValueError, match="mismatch"):
            kernels.matmul(a, b)
        assert noting.tape is None
    np.testing.assert_array_equal(to_host(kernels.matmul(a, to_device(np.ones((3, 2))))), np.full((2, 2), 3.0))


def test_another_thread_is_not_noted_down() -> None:
    from tinygrad_edu.kernels.numba_cuda.replay import replayed

    other = np.arange(6.0).reshape(2, 3)
    found: list[Any] = []

    def with_a_thread(a: Any) -> Any:
        doubled = a + a
        thread = threading.Thread(target=lambda: found.append(to_host(kernels.softmax(to_device(other), 1))))
        thread.start()
        thread.join()
        return doubled * a

    for i in range(3):
        compared(replayed(with_a_thread, (to_device(np.full(3, float(i))),), {}), np.full(3, 2.0 * i * i))
    (replay,) = (replay for replay in _kept().values() if replay is not None)
    assert len(replay.steps) == 2 and len(found) == 2
    for each in found:
        np.testing.assert_allclose(each, _plain("softmax")(other, 1), rtol=1e-12)


def test_a_tape_of_memory_of_its_own_is_spoilt() -> None:
    from tinygrad_edu.kernels.numba_cuda.replay import replayed

    kept = to_device(np.ones(3))
    total = [1.0, 2.0, 3.0]

    def with_kept(a: Any) -> Any:
        return a + kept

    for value in total:
        compared(replayed(with_kept, (to_device(np.full(3, value)),), {}), np.full(3, value + 1))
    assert list(_kept().values()) == [None]


def test_in_place() -> None:
    a, b = np.arange(6.0).reshape(2, 3), np.array([1.0, 2.0, 3.0])
    here, there = to_device(a), to_device(b)
    for i in range(4):
        before = here
        here += there
        here *= 2.0 + i
        a = (a + b) * (2.0 + i)
        assert here is before
        compared(here, a)
    whole = to_device(np.arange(5.0))
    for _ in range(3):  # what is read lies where is written, otherwise
        compared(whole, np.arange(5.0))
        whole[1:] = whole[:-1]
        compared(whole, np.array([0.0, 0.0, 1.0, 2.0, 3.0]))
        whole = to_device(np.arange(5.0))


def test_results_of_every_form() -> None:
    from tinygrad_edu.kernels.numba_cuda.replay import replayed

    def forms(a: Any, b: Any) -> Any:
        return a, None, [b.T, (a + b,)], b[1:]

    for i in range(3):
        a, b = np.full((2, 2), float(i)), np.arange(4.0).reshape(2, 2) * i
        here, there = to_device(a), to_device(b)
        same, none, (turned, (added,)), cut = replayed(forms, (here, there), {})
        assert same is here and none is None
        for found, expected in ((turned, b.T), (added, a + b), (cut, b[1:])):
            compared(found, expected)
        assert cut.block is there.block and turned.strides == there.T.strides


def test_a_foreign_array_is_refused_in_any_turn() -> None:
    from tinygrad_edu.errors import DeviceError

    if not devices.available():
        pytest.skip("no device")
    for _ in range(3):
        with pytest.raises(DeviceError, match="same device"):
            kernels.matmul(to_device(np.ones((2, 2))), np.ones((2, 2)))
        kernels.matmul(to_device(np.ones((2, 2))), to_device(np.ones((2, 2))))
