"""What torch.cuda offers where there is a GPU: its name and size, waiting for it, events that measure time, streams."""

from __future__ import annotations

import time
from types import SimpleNamespace, TracebackType
from typing import Any

from tinygrad_edu.kernels.numba_cuda import memory, runtime, streams
from tinygrad_edu.kernels.presence import simulated
from tinygrad_edu.tensors import random
from tinygrad_edu.tensors.data import to_array
from tinygrad_edu.tensors.device import as_device
from tinygrad_edu.tensors.device import cuda as _place
from tinygrad_edu.tensors.tensor import Tensor

__all__ = [
    "Event", "Stream", "current_device", "current_stream", "default_stream", "device", "get_device_capability",
    "get_device_name", "get_device_properties", "get_rng_state", "get_rng_state_all", "init", "initial_seed",
    "ipc_collect", "launches", "mem_get_info", "memory_stats", "memory_summary", "seed", "seed_all", "set_device",
    "set_per_process_memory_fraction", "set_rng_state", "set_rng_state_all", "set_stream", "stream", "synchronize",
]  # fmt: skip


def _here(given: Any, name: str) -> None:
    """Refuse another GPU than the first."""
    if given is not None:
        as_device(f"cuda:{given}" if given.__class__ is int else given, f"cuda.{name}")


def init() -> None:
    """Start the driver, which the first Tensor on the GPU would do too."""
    if not simulated():
        runtime.cuda().get_current_device()


def ipc_collect() -> None:
    """Nothing: memory of the GPU is not shared with other processes."""


def current_device() -> int:
    """0: one GPU is used."""
    return 0


def set_device(device: Any) -> None:
    """Accepts the first GPU.

    Raises:
        CudaError: another one.
    """
    _here(device, "set_device")


class device:  # noqa: N801 - PyTorch's name
    """``with torch.cuda.device(0):`` accepts the first GPU."""

    def __init__(self, device: Any) -> None:
        _here(device, "device")
        self.idx = 0

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: Any) -> None:
        return None


def get_device_name(device: Any = None) -> str:
    """The GPU's name; that of the simulator says so."""
    _here(device, "get_device_name")
    if simulated():
        return "Numba CUDA simulator"
    name = runtime.cuda().get_current_device().name
    return name.decode() if isinstance(name, bytes) else str(name)


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """The GPU's compute capability, major and minor."""
    _here(device, "get_device_capability")
    major, minor = (0, 0) if simulated() else runtime.cuda().get_current_device().compute_capability
    return int(major), int(minor)


def get_device_properties(device: Any = None) -> SimpleNamespace:
    """Name, compute capability, memory in bytes and number of multiprocessors."""
    major, minor = get_device_capability(device)
    return SimpleNamespace(
        name=get_device_name(),
        major=major,
        minor=minor,
        total_memory=memory.free_and_total()[1],
        multi_processor_count=runtime.multiprocessors(),
        warp_size=32,
    )


def mem_get_info(device: Any = None) -> tuple[int, int]:
    """Bytes of the GPU's memory that are free, and that there are."""
    _here(device, "mem_get_info")
    return memory.free_and_total()


def memory_stats(device: Any = None) -> dict[str, int]:
    """What the allocator has counted, by PyTorch's names."""
    pool = memory.pool
    return {
        "allocated_bytes.all.current": pool.allocated,
        "allocated_bytes.all.peak": pool.peak,
        "reserved_bytes.all.current": pool.reserved,
        "reserved_bytes.all.peak": pool.peak_reserved,
        "num_device_alloc": pool.driver_calls,
    }


def memory_summary(device: Any = None, abbreviated: bool = False) -> str:
    """The same as text."""
    return "\n".join(f"{name:32} {value:>16,}" for name, value in memory_stats(device).items())


def synchronize(device: Any = None) -> None:
    """Wait until the GPU has done all that it was told."""
    _here(device, "synchronize")
    runtime.cuda().synchronize()


def launches() -> int:
    """How many kernels have been launched in this process (ours: PyTorch has no such count)."""
    return runtime.launches.count


class Stream:
    """An order in which the GPU works: what is put on two streams may run at the same time.

    A Tensor belongs to the stream it was made on. ``wait_stream`` before you use it on another.
    """

    def __init__(self, device: Any = None, priority: int = 0, *, _handle: Any = None) -> None:
        _here(device, "Stream")
        self.device = _place
        self._handle = streams.another(runtime.cuda().stream) if _handle is None else _handle

    def synchronize(self) -> None:
        """Wait until all that is on this stream is done."""
        if self._handle:
            self._handle.synchronize()
        else:
            runtime.cuda().synchronize()

    def record_event(self, event: Event | None = None) -> Event:
        """An event that happens when all that is on the stream now is done."""
        made = Event() if event is None else event
        made.record(self)
        return made

    def wait_event(self, event: Event) -> None:
        """What comes next on this stream waits for the event."""
        event.wait(self)

    def wait_stream(self, stream: Stream) -> None:
        """What comes next on this stream waits for all that is on the other now."""
        self.wait_event(stream.record_event())

    def query(self) -> bool:
        """Whether all that is on this stream is done. (Waits for it.)"""
        self.synchronize()
        return True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stream) and self._handle is other._handle

    def __hash__(self) -> int:
        return id(self._handle)


_default = Stream(_handle=0)
_wrapped: dict[Any, Stream] = {}


def default_stream(device: Any = None) -> Stream:
    """The stream on which all is put where no other was chosen."""
    return _default


def current_stream(device: Any = None) -> Stream:
    """The stream on which kernels and copies are put now."""
    handle = streams.current()
    return _default if not handle else Stream(_handle=handle)


def set_stream(stream: Stream) -> None:
    """Put what comes next on this stream."""
    streams.choose(stream._handle)


class stream:  # noqa: N801 - PyTorch's name
    """``with torch.cuda.stream(s):`` puts what is done inside on the stream `s`."""

    def __init__(self, stream: Stream | None) -> None:
        self.stream = stream
        self._before: list[Any] = []

    def __enter__(self) -> None:
        if self.stream is not None:
            self._before.append(streams.choose(self.stream._handle))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before:
            streams.choose(self._before.pop())


class Event:
    """A point in a stream: to wait for, and, with ``enable_timing``, to measure the time between two.

    >>> start, end = Event(enable_timing=True), Event(enable_timing=True)  # doctest: +SKIP
    >>> start.record(); y = x @ x; end.record()  # doctest: +SKIP
    >>> torch.cuda.synchronize(); start.elapsed_time(end)  # milliseconds  # doctest: +SKIP
    """

    def __init__(self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False) -> None:
        self._timed = enable_timing
        self._event = None if simulated() else runtime.cuda().event(timing=enable_timing)
        self._at: float | None = None  # when it was recorded, which is when it happened in the simulator

    def record(self, stream: Stream | None = None) -> None:
        """Happen when all that is on the stream (the current one) now is done."""
        self._at = time.perf_counter()
        if self._event is not None:
            self._event.record(streams.current() if stream is None else stream._handle)

    def wait(self, stream: Stream | None = None) -> None:
        """What comes next on the stream (the current one) waits for this event."""
        if self._event is not None:
            self._event.wait(streams.current() if stream is None else stream._handle)

    def synchronize(self) -> None:
        """Wait until it has happened."""
        if self._event is not None:
            self._event.synchronize()

    def query(self) -> bool:
        """Whether it has happened."""
        return self._at is None or self._event is None or bool(self._event.query())

    def elapsed_time(self, end_event: Event) -> float:
        """Milliseconds from this event to another.

        Raises:
            ValueError: one of them does not measure time. RuntimeError: one was not recorded.
        """
        if not (self._timed and end_event._timed):
            raise ValueError("Both events must be created with argument 'enable_timing=True'.")
        if self._at is None or end_event._at is None:
            raise RuntimeError("Both events must be recorded before calculating elapsed time.")
        if self._event is None or end_event._event is None:
            return (end_event._at - self._at) * 1e3
        return float(self._event.elapsed_time(end_event._event))


def initial_seed() -> int:
    """The seed that the stream of random numbers was started with."""
    return random.initial_seed()


def set_per_process_memory_fraction(fraction: float, device: Any = None) -> None:
    """Take at most this part of the GPU's memory; more is out of memory.

    Raises:
        TypeError, ValueError: no number from 0 to 1.
    """
    if not isinstance(fraction, float):
        raise TypeError("Invalid type for fraction argument, must be `float`")
    if not 0 <= fraction <= 1:
        raise ValueError(f"Invalid fraction value: {fraction}. Allowed range: 0~1")
    _here(device, "set_per_process_memory_fraction")
    memory.pool.limit = None if fraction == 1 else int(fraction * memory.free_and_total()[1])


def seed() -> None:
    """Seed from the operating system's entropy."""
    random.seed()


seed_all = seed


def get_rng_state(device: Any = "cuda") -> Any:
    """The state of the random numbers: GPU and CPU draw from one stream."""
    return Tensor._wrap(to_array(random.get_rng_state()))


def get_rng_state_all() -> list[Any]:
    """The same in a list."""
    return [get_rng_state()]


def set_rng_state(new_state: Any, device: Any = "cuda") -> None:
    """Go back to a state that get_rng_state gave."""
    random.set_rng_state(new_state)


def set_rng_state_all(new_states: Any) -> None:
    """The same from a list."""
    set_rng_state(new_states[0])
