"""A GPU that is not there: programs go the way they go on a card, up to the launch of a kernel.

    python -m tests.cuda.emulator --launches none "$(command -v tinyedu)" bench --device cuda

``driver.c`` stands in for the driver's library. With ``--launches none`` launches return at once: what is left is the
time that the host takes (results are whatever lies in memory). It takes numba-cuda, a CUDA toolkit (for NVVM) and a C
compiler; it is a tool of the tests.
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
    """Where libraries are built: kept for the process, deleted at its end."""
    whole = tempfile.TemporaryDirectory(prefix="emulator")
    folder.whole = whole  # type: ignore[attr-defined]
    return Path(whole.name)


def build(output: Path, *sources: Path, options: tuple[str, ...] = ()) -> None:
    """Compile a library from C."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise Unable("no C compiler")
    command = [compiler, "-shared", "-fPIC", "-fwrapv", "-ffp-contract=off", "-fno-strict-aliasing", "-w", f"-I{HERE}"]
    done = subprocess.run([*command, *options, "-o", output, *sources, "-lm", "-ldl"], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"the C compiler says of {[source.name for source in sources]}: {done.stderr[:2000]}")


@functools.cache
def driver() -> ctypes.CDLL:
    """The stand-in, loaded under the driver's name: whoever asks for ``libcuda.so.1`` from now on gets it."""
    path = folder() / "libcuda.so.1"
    build(path, HERE / "driver.c", HERE / "checks.c", options=("-O2", "-Wl,-soname,libcuda.so.1"))
    return ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)


@functools.cache
def start(launches: str = "none") -> None:
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


def _link(linker: Any) -> Any:
    """In place of machine code: a line that says that there is none."""
    from cuda.core import ObjectCode

    linker._info_log, linker._error_log, linker._complete, linker.linker = "", "", True, linker
    return ObjectCode.from_ptx(b"EMULATED nothing\n")
