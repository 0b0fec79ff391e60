"""The operations with every kernel compiled by Numba's typed compiler for the CPU: what has no types shows.

The simulator runs kernels as Python, where anything goes. Here the same text is compiled with the types it is
launched with (one thread walks all elements), and the results are compared with the CPU's. Run by test_simulator.py,
as a program of its own: it puts stand-ins in place of the device.
"""

from __future__ import annotations

import builtins
import importlib
import re
import sys
from pathlib import Path
from typing import Any

import numba
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from tinygrad_edu.kernels import devices, presence

presence.possible = devices.possible = lambda: True  # type: ignore[assignment]
devices.why_not = lambda: ""
devices.available = lambda: True

from tinygrad_edu.kernels.numba_cuda import (  # noqa: E402
    array,
    chosen,
    counting,
    mapping,
    memory,
    products,
    reductions,
    replay,
    runtime,
    sorting,
    turning,
)

# Numba's CPU compiler lacks math.fmod, which CUDA's has; decompositions have blocks of threads only.
NOT_HERE = {"fmod", "remainder", "floor_divide", "div_floor"}
NOT_HERE |= {"cholesky", "cofactor", "det", "inverse", "logabsdet", "pinv", "sign_of_det", "singular_values", "solve"}


class Raw(np.ndarray):
    """An array with the methods of Numba's device arrays that are used."""

    def copy_to_device(self, array: Any, stream: Any = 0) -> None:
        self[...] = array

    def copy_to_host(self, stream: Any = 0) -> Any:
        return np.array(self)


class Device:
    """What is used of numba.cuda."""

    @staticmethod
    def device_array(size: int, dtype: Any) -> Any:
        return np.zeros(size, dtype).view(Raw)

    @staticmethod
    def jit(function: Any, **_: Any) -> Any:
        return numba.njit(function)


def compiled_text(text: str, *rest: Any) -> Any:
    """The text for one thread, with plain arithmetic for atomics."""
    if "cuda.gridsize" not in text and "cuda.blockIdx" in text:  # the grid has a thread for all: each gets a call
        text = text.replace("def kernel(", "def kernel(block, thread, threads, ")
        for name, here in (("blockIdx", "block"), ("threadIdx", "thread"), ("blockDim", "threads")):
            text = text.replace(f"cuda.{name}.x", here)
    text = text.replace("cuda.gridsize(1)", "1").replace("cuda.grid(1)", "0")
    text = re.sub(r"cuda\.atomic\.add\(A, p, (.*)\)$", r"A[p] += \1", text, flags=re.M)
    text = re.sub(r"cuda\.atomic\.(max|min)\(A, p, (.*)\)$", r"A[p] = \1(A[p], \2)", text, flags=re.M)
    return builtins.compile(text, *rest)


def compiled(function: Any, **_: Any) -> Any:
    function.__globals__.pop("cuda", None)
    made = numba.njit(function, error_model="numpy")
    if function.__code__.co_varnames[:3] != ("block", "thread", "threads"):
        return made

    def each(*args: Any) -> None:
        blocks, threads = grid
        for block in range(blocks):
            for thread in range(threads):
                made(block, thread, threads, *args)

    return each


def launch(kernel: Any, blocks: Any, threads: Any, *args: Any) -> None:
    grid[:] = blocks, threads
    kernel(*[np.asarray(a) if isinstance(a, Raw) else a for a in args])


grid: list[Any] = [1, 1]  # of the launch


runtime.why_not = lambda: ""  # type: ignore[assignment]
memory.address_of = lambda raw: int(raw.ctypes.data)
memory.argument = lambda piece, dtype: piece.raw[: piece.nbytes // dtype.itemsize * dtype.itemsize].view(dtype)
replay.enabled = False  # `launch` below tells no tape
instead: dict[str, Any] = {
    "cuda": lambda: Device(), "compiled": compiled, "launch": launch, "grid_for": lambda _elements: (1, 1),
    "multiprocessors": lambda: 1,
}  # fmt: skip
for path in sorted(Path(str(runtime.__file__)).parent.glob("[a-z]*.py")):
    module = importlib.import_module(f"tinygrad_edu.kernels.numba_cuda.{path.stem}")
    module.compile = compiled_text  # type: ignore[attr-defined]
    for name, stand_in in instead.items():
        if callable(getattr(module, name, None)):
            setattr(module, name, stand_in)

# Kernels whose threads work together cannot run as one thread: here the plain ones compute. A GPU compiles both.
chosen.FILES = ("spot", "pooling", "special")
products.batched_product = lambda *_: NotImplemented  # type: ignore[attr-defined]
reductions.plan = lambda *_: (False, 1)  # type: ignore[attr-defined]
mapping.widest = 1  # the CPU's compiler knows no reads of several elements
turning.suited = lambda *_: None  # type: ignore[attr-defined, assignment]
reductions.along.worthwhile = lambda *_: False  # type: ignore[attr-defined]


def sorted_lines(a: Any, axis: int, **_: Any) -> Any:
    """By NumPy."""
    order = np.argsort(array.to_host(a), axis, kind="stable")
    values = np.take_along_axis(array.to_host(a), order, axis)
    return array.from_host(values), array.from_host(order)


sorting.sorted_lines = counting.sorted_lines = sorted_lines  # type: ignore[assignment, attr-defined]

import test_operations as table  # noqa: E402


def main() -> int:
    failed = 0
    for name, operation in table.TABLE.items():
        for arrays, params in table.cases_of(operation) if name not in NOT_HERE else ():
            if name.startswith("bitwise"):
                arrays = tuple(a.astype(np.int64) + 3 for a in arrays)
            try:
                table.same(table.run(operation, arrays, params, "cuda"), table.run(operation, arrays, params, "cpu"))
            except Exception as error:
                failed += 1
                print(f"{name}: {type(error).__name__}: {str(error)[-600:]}")
    print(f"{failed} failed")
    return failed


if __name__ == "__main__":
    sys.exit(bool(main()))
