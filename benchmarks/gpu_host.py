"""What Python takes for the GPU: the time of the host alone, measured without a card.

    python -m benchmarks.gpu_host               microseconds a training step, and a launch
    python -m benchmarks.gpu_host --profile     in which functions they go
    python -m benchmarks.gpu_host --list        the launches of a step, by the name of their kernel
    python -m benchmarks.gpu_host --compiled    through Numba and the driver's interface, see tests/cuda/emulator

All up to the driver's door runs as it is; behind it nothing does. Memory is never touched, kernels are
not compiled, and in place of the driver a function of C is called that takes as many arguments and gives back 0. So
these figures say nothing of a card: there a training step takes the longer of this and of what its kernels take.
Of training steps the least time counts as well: other work on the machine lengthens the median.
"""

from __future__ import annotations

import argparse
import cProfile
import ctypes
import importlib
import pstats
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np


class Kernel:
    """What `compiled` gives: its name is that of the text it was made from."""

    def __init__(self, function: Any) -> None:
        code = function.__code__
        made = code.co_filename.startswith("<")
        self.name = code.co_filename.strip("<>").removeprefix("cuda kernel: ") if made else code.co_name

    def compile(self, _signature: Any) -> Any:
        function = SimpleNamespace(handle=1)
        return SimpleNamespace(_codelibrary=SimpleNamespace(get_cufunc=lambda: function))

    def typeof_pyval(self, _value: Any) -> Any:
        return None


class Array:
    """What the allocator uses of Numba's arrays; what is read from it is 0."""

    def __init__(self, size: int, address: int) -> None:
        self.size = size
        self.device_ctypes_pointer = SimpleNamespace(value=address)

    def __getitem__(self, part: slice) -> Array:
        return Array(len(range(*part.indices(self.size))), 0)

    def copy_to_device(self, array: Any, stream: Any = 0) -> None:
        """Nothing is copied."""

    def copy_to_host(self, stream: Any = 0) -> Any:
        return np.zeros(self.size, np.uint8)


class Cuda:
    """What is used of numba.cuda."""

    types = SimpleNamespace(Array=lambda *_: None)

    def __init__(self) -> None:
        self._at = 1 << 32

    def device_array(self, size: int, _dtype: Any) -> Array:
        begin, self._at = self._at, self._at + size
        return Array(size, begin)

    def jit(self, function: Any = None, **_: Any) -> Any:
        return function if function is not None else lambda f: f

    def synchronize(self) -> None:
        """There is nothing to wait for."""


def stand_ins() -> Any:
    """Put them in place of a card. Gives the library, ready to be used."""
    from tinygrad_edu.kernels import devices, presence

    if presence.simulated():
        sys.exit("This measures without the simulator: unset NUMBA_ENABLE_CUDASIM.")
    presence.possible = devices.possible = lambda: True  # type: ignore[assignment]
    devices.available = lambda: True
    from tinygrad_edu.kernels.numba_cuda import launching, runtime

    here, none = Cuda(), {"four": None, "put_four": None}
    # pthread_equal of two addresses that differ: C that is called as the driver is, and gives 0
    launching._driver = lambda: SimpleNamespace(cuLaunchKernelEx=ctypes.CDLL(None).pthread_equal)  # type: ignore[assignment]
    launching.import_module = lambda _: here  # type: ignore[assignment]
    instead: dict[str, Any] = {
        "cuda": lambda: here, "why_not": lambda: "", "compiled": lambda function, **_: Kernel(function),
        "multiprocessors": lambda: 132, "vectors": lambda: none, "pointers": lambda: none, "_product": lambda _: None,
    }  # fmt: skip
    for path in sorted(Path(str(runtime.__file__)).parent.glob("*.py")):
        module = importlib.import_module(f"tinygrad_edu.kernels.numba_cuda.{path.stem}".removesuffix(".__init__"))
        for name, stand_in in instead.items():
            if callable(getattr(module, name, None)):
                setattr(module, name, stand_in)
    import tinygrad_edu as lib

    importlib.import_module("tinygrad_edu.nn")
    importlib.import_module("tinygrad_edu.optim")
    return lib


def microseconds(call: Callable[[], Any], repeat: int = 200) -> tuple[float, float]:
    """The median and the least time of a call, warm: of this thread, so that it matters less what else is running."""
    times = []
    for i in range(repeat + 10):
        start = time.thread_time()
        call()
        if i >= 10:
            times.append(time.thread_time() - start)
    return statistics.median(times) * 1e6, min(times) * 1e6


def launched(call: Callable[[], Any]) -> list[str]:
    """The names of the kernels that a call launches."""
    from tinygrad_edu.kernels.numba_cuda import replay, runtime

    names: list[str] = []
    plain = runtime.launch_by_driver

    def noting(kernel: Any, *rest: Any) -> None:
        names.append(kernel.name if kernel.__class__ is Kernel else kernel.py_func.__code__.co_filename)
        plain(kernel, *rest)

    runtime.launch_by_driver = noting
    replay.enabled = False  # what is done again has no names
    try:
        call()
    finally:
        runtime.launch_by_driver, replay.enabled = plain, True
    return names


def single(lib: Any) -> dict[str, Callable[[], Any]]:
    """Operations on small Tensors, a launch each."""
    a = lib.randn(8, 8).to("cuda")
    leaf = lib.randn(8, 8).to("cuda").requires_grad_()
    data = a._data
    return {
        "array + array": lambda: data + data,
        "a + a": lambda: a + a,
        "a * 2.0": lambda: a * 2.0,
        "a.exp()": lambda: a.exp(),
        "leaf.relu(), recorded": lambda: leaf.relu(),
        "a @ a": lambda: a @ a,
        "a.sum(1)": lambda: a.sum(1),
        "a.softmax(1)": lambda: a.softmax(1),
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Measure what Python takes for the GPU, without one.")
    parser.add_argument("--profile", action="store_true", help="the functions that take longest")
    parser.add_argument("--list", action="store_true", help="the launches of a step, in order")
    parser.add_argument("--compiled", action="store_true", help="compile kernels, and call a driver that runs none")
    parser.add_argument("--repeat", type=int, default=200, help="steps that are timed")
    options = parser.parse_args(arguments)
    if options.compiled:
        from tests.cuda.emulator import start

        start("none")
        import tinygrad_edu as lib
        import tinygrad_edu.nn
        import tinygrad_edu.optim  # noqa: F401 - both are used by name
    else:
        lib = stand_ins()
    from tinygrad_edu.cli.bench import NETWORKS, training_step

    calls = single(lib) | {
        f"{name}, batch {NETWORKS[name][2]}, {optimizer} step": training_step(lib, name, "cuda", optimizer=optimizer)
        for name in NETWORKS
        for optimizer in ("Adam", "SGD")
    }
    print("Python alone, no card: nothing is computed.\n")
    print("| | launches | µs | least | least, a launch |\n|---|---|---|---|---|")
    for name, call in calls.items():
        took, least = microseconds(call, options.repeat)
        names = launched(call)
        print(f"| {name} | {len(names)} | {took:.1f} | {least:.1f} | {least / max(len(names), 1):.1f} |", flush=True)
        if options.list and len(names) > 1:
            print(*(f"    {i + 1:>2} {one}" for i, one in enumerate(names)), sep="\n")
        if options.profile and len(names) > 1:
            profile = cProfile.Profile()
            profile.runcall(lambda call=call: [call() for _ in range(100)])
            pstats.Stats(profile).sort_stats("tottime").print_stats(40)
    return 0


if __name__ == "__main__":
    sys.exit(main())
