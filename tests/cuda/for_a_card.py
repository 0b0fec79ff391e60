"""Every kernel of test_kernels.py compiled for a card that need not be here: Numba's CUDA compiler, NVVM and ptxas.

The simulator runs kernels as Python, where anything goes; `nopython.py` compiles for the CPU those whose threads work
alone. Here all are compiled to machine code of a card, barriers and shared memory included, and nothing is run. It
takes numba-cuda and a CUDA toolkit: without them the program says so and ends with status 77. It prints what ptxas
says of each kernel: registers, shared memory, and registers spilled to memory, of which there should be none.
Run by test_simulator.py, as a program of its own: it puts stand-ins in place of the device.
"""

from __future__ import annotations

import importlib
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import types
from pathlib import Path
from typing import Any

import numpy as np

MISSING = 77  # what test programs end with when they are skipped
CARD = (9, 0)


def cuda_compiler() -> Any:
    """numba.cuda, able to compile without a driver. Ends the program where it is not."""
    os.environ.setdefault("CUDA_HOME", "/usr/local/cuda")
    try:
        importlib.import_module("_numba_cuda_redirector")
        from numba import cuda
        from numba.cuda import cuda_paths, dispatcher
        from numba.cuda.cudadrv import nvrtc

        # Only NVVM is used; NVRTC, which compiles C++, is asked for what a card is called and may be missing.
        nvrtc.get_supported_ccs = lambda: [(7, 5), (8, 0), (9, 0)]
        cuda_paths._get_nvrtc_path = lambda: None
        card = types.SimpleNamespace(compute_capability=CARD)
        dispatcher.get_current_device = lambda: card  # what functions of the device are compiled for

        def probe(out: Any) -> None:
            out[0] = 1

        cuda.compile_ptx(probe, cuda.types.void(cuda.types.float32[::1]), cc=CARD)
    except Exception as error:
        print(f"numba-cuda cannot compile here: {type(error).__name__}: {error}"[:300])
        sys.exit(MISSING)
    return cuda


cuda = cuda_compiler()

sys.path.insert(0, str(Path(__file__).resolve().parent))

from tinygrad_edu.kernels import devices, kernels, presence  # noqa: E402

presence.possible = devices.possible = lambda: True  # type: ignore[assignment]
devices.why_not = lambda: ""
devices.available = lambda: True

from tinygrad_edu.kernels.numba_cuda import memory, runtime  # noqa: E402
from tinygrad_edu.kernels.numba_cuda.launching import Parameters  # noqa: E402


class Raw(np.ndarray):
    """An array with the methods of Numba's device arrays that are used. It stays empty: nothing runs."""

    device_ctypes_pointer = types.SimpleNamespace(value=0)  # as aligned as a driver's

    def copy_to_device(self, array: Any, stream: Any = 0) -> None:
        pass

    def copy_to_host(self, stream: Any = 0) -> Any:
        return np.zeros(self.shape, self.dtype)


class Memory:
    """What the allocator uses of numba.cuda."""

    @staticmethod
    def device_array(size: int, dtype: Any) -> Any:
        made = np.zeros(size, dtype).view(Raw)
        made.device_ctypes_pointer = types.SimpleNamespace(value=made.ctypes.data // 512 * 512)  # apart from others
        return made


done: dict[Any, str] = {}
failed: list[str] = []
texts: list[str] = []  # of PTX, in the order of compilation
in_fours: set[str] = set()  # the instructions of 128 bits that tiles were made of


def type_of(argument: Any) -> Any:
    """What Numba would compile for."""
    from numba.cuda.np.numpy_support import from_dtype

    if isinstance(argument, Parameters):
        return cuda.types.Array(from_dtype(argument.dtype), 1, "C")
    kind = {bool: np.bool_, int: np.int64, float: np.float64}.get(type(argument), type(argument))
    return from_dtype(np.dtype(kind))


bounds: dict[Any, dict[str, Any]] = {}  # how many threads a kernel is told that it has


def compiled(function: Any, launch_bounds: Any = None, **_: Any) -> Any:
    if launch_bounds is not None:
        bounds[function] = {"launch_bounds": launch_bounds}
    return function


def launch(kernel: Any, _blocks: Any, threads: Any, *arguments: Any) -> None:
    kinds = tuple(map(type_of, arguments))
    if (kernel, kinds) in done:
        return
    name = kernel.__code__.co_filename
    try:
        ptx, _ = cuda.compile_ptx(kernel, cuda.types.void(*kinds), cc=CARD, **bounds.get(kernel, {}))
        done[kernel, kinds] = ""
        texts.append(ptx)
        told = assembled(ptx)
        print(f"{name}: {told}")
        if re.search(r"[1-9]\d* bytes spill", told):
            failed.append(f"{name}: registers are spilled: {told}")
        registers = int((re.search(r"Used (\d+)", told) or [0, 0])[1])
        if math.prod(np.atleast_1d(threads).tolist()) * (-(-registers // 8) * 8) > 65536:
            failed.append(f"{name}: a block of {threads} threads takes more registers than there are: {told}")
        in_fours.update(re.findall(r"(?:ld|st)\.(?:shared|global)\.v4\.f32", ptx))
        if "step of" in name and not re.search(r"(?:ld|st)\.global\.v(?:4\.f32|2\.f64)", ptx):
            failed.append(f"{name}: reads memory one element at a time")
        if "tiles" in name:
            if re.search(r"ld\.shared\.[bf]", ptx):
                failed.append(f"{name}: reads shared memory one element at a time")
    except Exception as error:
        done[kernel, kinds] = ""
        failed.append(f"{name}: {type(error).__name__}: {str(error)[-700:]}")


def assembled(ptx: str) -> str:
    """What ptxas says of a kernel; nothing where it is not installed."""
    tool = shutil.which("ptxas") or shutil.which("ptxas", path=str(Path(os.environ["CUDA_HOME"]) / "bin"))
    if tool is None:
        return "no ptxas"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "kernel.ptx"
        source.write_text(ptx)
        command = [tool, "-v", f"-arch=sm_{CARD[0]}{CARD[1]}", "-o", os.devnull, str(source)]
        run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(run.stderr)
    found = re.findall(r"(\d+ bytes spill \w+|Used \d+ registers|\d+ bytes smem)", run.stderr)
    return ", ".join(found)


memory.cuda = lambda: Memory()  # type: ignore[attr-defined, assignment]
runtime.why_not = lambda: ""  # type: ignore[assignment]
runtime.multiprocessors = lambda: 132  # type: ignore[assignment]
for path in sorted(Path(runtime.__file__).parent.glob("*.py")):
    module = importlib.import_module(f"tinygrad_edu.kernels.numba_cuda.{path.stem}".removesuffix(".__init__"))
    for name, stand_in in {
        "launch": launch, "multiprocessors": runtime.multiprocessors,
        "compiled": compiled,
    }.items():  # fmt: skip
        if callable(getattr(module, name, None)):
            setattr(module, name, stand_in)

from tinygrad_edu.kernels.numba_cuda import along, tiles  # noqa: E402

# The cases have short lines, which a card leaves to the plain kernels.
along.worthwhile = lambda _a, _axis: True  # type: ignore[assignment]
along.parts_of = lambda _lines, length: min(length, 2)  # type: ignore[assignment]

import test_kernels as table  # noqa: E402

# Their cases are too small for the larger tiles, which are compiled for float32, the type that they are meant for.
OF_TILES = ("batched_product", "convolution", "convolution_input", "convolution_weight")
_fours = np.zeros((8, 8), np.float32)
FOURS = ((_fours, _fours), (_fours.T, _fours), (_fours, _fours.T), (_fours.T, _fours.T))


def single(x: Any) -> Any:
    return x.astype(np.float32) if isinstance(x, np.ndarray) else x


def compiled_case(name: str, arguments: Any) -> None:
    try:
        result = table.called(name, [table.moved(x) for x in arguments])
        if result is NotImplemented:
            failed.append(f"{name}: not done")
    except Exception as error:
        failed.append(f"{name}: {type(error).__name__}: {error}")


def zeros(*shape: int) -> Any:
    return table.moved(np.zeros(shape, np.float32))


# Lines of a warp, of blocks, and too long to be held: each of these has to read and write in fours.
LINES = [
    *(lambda length=length: kernels.softmax(zeros(64, length), 1) for length in (64, 1024, 4096, 16384, 50000)),
    lambda: kernels.layer_norm(zeros(64, 4096), zeros(4096), zeros(4096), 1e-5),
    *(
        lambda n=n: kernels.layer_norm_back(*[zeros(64, n)] * 2, *[zeros(64, 1)] * 2, zeros(n), 1e-5)
        for n in (64, 1024, 4096, 8192, 20000)
    ),
]


SUMS = [
    lambda: kernels.sum(zeros(1 << 20), (0,), False), lambda: kernels.amax(zeros(64, 4096), (1,), False),
    lambda: kernels.sum(zeros(4096, 64), (0,), False), lambda: kernels.sum(zeros(32, 8, 14, 14), (0, 2, 3), False),
]  # fmt: skip


def missing_fours() -> set[str]:
    """Of the instructions of 128 bits those that nothing was made of since this was asked last."""
    missing = {"ld.global.v4.f32", "st.global.v4.f32"} - in_fours
    in_fours.clear()
    return missing


def instructions(ptx: str) -> set[str]:
    """How a kernel comes to the card's memory."""
    return {f"{verb} {form}" for verb, form in re.findall(r"\b(ld|st)\.global\.((?:v\d\.)?\w+)", ptx)}


# What an elementwise kernel must be made of: (how it is called, its loads and stores).
ELEMENTWISE: dict[str, tuple[Any, set[str]]] = {
    "float32": (lambda a: a + a, {"ld v4.f32", "st v4.f32"}),
    "an odd count of float32": (lambda a: np.exp(a.reshape(-1)[:999]), {"ld v4.f32", "st v4.f32"}),
    "float64": (lambda a: a.astype(np.float64) * 2, {"ld v2.f64", "st v2.f64"}),
    "float16": (lambda a: np.negative(a.astype(np.float16)), {"ld v4.u32", "st v4.u32"}),
    "int64": (lambda a: a.astype(np.int64) + 1, {"ld v2.u64", "st v2.u64"}),
    "a comparison": (lambda a: a > 0, {"ld v4.f32", "st u32"}),
    "a bias": (lambda a: a + a[0], {"ld v4.f32", "st v4.f32"}),
    "less its lines' means": (lambda a: a - a[:, :1], {"ld v4.f32", "ld f32", "st v4.f32"}),
    "from an element of no four on": (lambda a: np.negative(a[:, 2:]), {"ld v2.f32", "st v2.f32"}),
}


def elementwise_kernels() -> None:
    square = table.moved(np.zeros((64, 64), np.float32))
    for name, (compute, wanted) in ELEMENTWISE.items():
        texts.clear()
        compute(square)
        found = instructions(texts[-1])
        if not wanted <= found:
            failed.append(f"elementwise, {name}: {sorted(wanted - found)} missing among {sorted(found)}")
    texts.clear()
    square.T.copy()
    if ".shared" not in texts[-1] or "64" in "".join(re.findall(r"(?:div|rem)\.[us](\d+)", texts[-1])):
        failed.append("elementwise, a transpose: no squares in shared memory, or divisions of 64 bits")


def main() -> int:
    chosen = sys.argv[1:] or list(table.CASES)
    elementwise_kernels()
    in_fours.clear()
    for n, kernel in enumerate(LINES):
        kernel()
        failed.extend(f"lines, {n}: no {name}" for name in sorted(missing_fours()))
    for n, kernel in enumerate(SUMS):
        kernel()
        failed.extend(f"sums, {n}: no {name}" for name in missing_fours() if name.startswith("ld"))
    for name in chosen:
        for arguments in table.CASES[name]():
            compiled_case(name, arguments)
    if not sys.argv[1:] or "dropout" in chosen:
        import more_cases

        kernels = "tinygrad_edu.kernels.numba_cuda"
        more_cases.drawn(*[importlib.import_module(f"{kernels}.{name}") for name in ("draws", "sequences")])
        more_cases.together(importlib.import_module(f"{kernels}.several"), table.moved)
    large = [name for name in chosen if name in OF_TILES]
    for tile in (tiles.TILES[:4] if chosen == large else tiles.TILES[:2]) if large else ():
        tiles.plan = lambda *_, tile=tile: (tile, 1)  # type: ignore[assignment, misc]
        for name in large:
            for arguments in table.CASES[name]():
                compiled_case(name, [single(x) for x in arguments])
    if large:
        for array, other in FOURS:  # the layouts whose loads come in fours
            compiled_case("batched_product", (array, other))
        wanted = {f"{verb}.{memory}.v4.f32" for verb in ("ld", "st") for memory in ("shared", "global")}
        failed.extend(f"tiles: no {instruction}" for instruction in sorted(wanted - in_fours))
    print(*failed, f"{len(done)} kernels, {len(failed)} failed", sep="\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
