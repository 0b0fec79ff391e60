"""A GPU that is not there: kernels compiled for a card run on the CPU, from the PTX that NVVM made of them.

    python -m tests.cuda.emulator program.py arguments
    python -m tests.cuda.emulator -m pytest -m gpu tests/cuda
    python -m tests.cuda.emulator --launches none "$(command -v tinyedu)" bench --device cuda

Numba's simulator runs the Python text of a kernel; here runs what a card would be given. ``driver.c`` stands in for the
driver's library, so that Numba, the package and its tests go the way they go on a card. With ``--launches none``
nothing is translated and launches return at once: what is left is the time that the host takes (results are whatever
lies in memory). It takes numba-cuda, a CUDA toolkit (for NVVM) and a C compiler; it is a tool of the tests.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

__all__ = ["CARD", "Unable", "start"]

HERE = Path(__file__).resolve().parent
CARD = (9, 0)  # compute capability


class Unable(Exception):
    """There is no compiler, no toolkit or no numba-cuda here."""


@functools.cache
def folder() -> Path:
    """Where libraries are built: kept for the process, deleted at its end; or EMULATED_FOLDER, which stays."""
    if kept := os.environ.get("EMULATED_FOLDER"):
        Path(kept).mkdir(parents=True, exist_ok=True)
        return Path(kept)
    whole = tempfile.TemporaryDirectory(prefix="emulator")
    folder.whole = whole  # type: ignore[attr-defined]
    return Path(whole.name)


def build(output: Path, *sources: Path, options: tuple[str, ...] = ()) -> None:
    """Compile a library from C."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise Unable("no C compiler")
    command = [compiler, "-shared", "-fPIC", "-fwrapv", "-ffp-contract=off", "-fno-strict-aliasing", "-w", f"-I{HERE}"]
    made = output.with_name(f"{os.getpid()}.{output.name}")  # other processes may be making the same
    done = subprocess.run([*command, *options, "-o", made, *sources, "-lm", "-ldl"], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"the C compiler says of {[source.name for source in sources]}: {done.stderr[:2000]}")
    made.replace(output)


@functools.cache
def driver() -> ctypes.CDLL:
    """The stand-in, loaded under the driver's name: whoever asks for ``libcuda.so.1`` from now on gets it."""
    path = folder() / "libcuda.so.1"
    build(path, HERE / "driver.c", HERE / "checks.c", HERE / "runs.c", options=("-O2", "-Wl,-soname,libcuda.so.1"))
    return ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)


@functools.cache
def start(launches: str = "all") -> None:
    """Make the emulated card this process's GPU; to be called before numba.cuda is imported.

    Raises:
        Unable: what it takes is not here.
    """
    os.environ["EMULATED_LAUNCHES"] = launches
    os.environ.pop("NUMBA_ENABLE_CUDASIM", None)
    os.environ.setdefault("CUDA_HOME", "/usr/local/cuda")
    driver()
    try:
        importlib.import_module("_numba_cuda_redirector")
        from numba.cuda import cuda_paths
        from numba.cuda.cudadrv import driver as numba_driver
        from numba.cuda.cudadrv import nvrtc, nvvm

        nvvm.NVVM()
    except Exception as error:
        raise Unable(f"numba-cuda cannot compile here: {type(error).__name__}: {error}"[:300]) from error
    # NVRTC, which compiles C++, is only asked for what a card is called, and may be missing.
    nvrtc.get_supported_ccs = lambda: [(7, 5), (8, 0), CARD]
    cuda_paths._get_nvrtc_path = lambda: None
    numba_driver._Linker.complete = _link
    from tinygrad_edu.kernels import presence

    presence._DRIVERS = ("/dev/null",)  # there is one, whatever /dev says
    if launches != "none" and not os.environ.get("EMULATED_LOOSE"):
        _watch_blocks()


def _watch_blocks() -> None:
    """Of a block that the allocator hands out, what was asked for can be used, with nothing written in it yet; the rest
    of it, and blocks that were given back, belong to nobody.
    """
    from tinygrad_edu.kernels.numba_cuda import memory

    lent, take, give_back = driver().emu_lent, memory.Pool.take, memory.Pool.give_back
    lent.argtypes = [ctypes.c_uint64, ctypes.c_size_t, ctypes.c_size_t]

    def watched_take(pool: Any, nbytes: int) -> Any:
        block = take(pool, nbytes)
        lent(block.address(), nbytes, block.nbytes)
        return block

    def watched_give_back(pool: Any, block: Any) -> None:
        lent(block.address(), 0, block.nbytes)
        give_back(pool, block)

    memory.Pool.take, memory.Pool.give_back = watched_take, watched_give_back  # type: ignore[method-assign]


def _link(linker: Any) -> Any:
    """In place of machine code: a line that names the library made from the PTX."""
    from cuda.core import ObjectCode

    linker._info_log, linker._error_log, linker._complete, linker.linker = "", "", True, linker
    path = "nothing"
    if os.environ["EMULATED_LAUNCHES"] != "none":
        from tests.cuda.emulator.translate import translated

        path = str(translated("\n".join(code.code.decode() for code in linker._object_codes)))
    return ObjectCode.from_ptx(f"EMULATED {path}\n".encode())
