"""Numba's CUDA, loaded when it is first needed: whether there is a device, and how a kernel is launched on it.

In the simulator a kernel runs as plain Python, one operating-system thread for each CUDA thread. Kernels here walk
their elements with a stride of the whole grid, so any number of threads computes the same; the simulator gets few.
"""

from __future__ import annotations

import functools
import math
import warnings
from importlib import import_module
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda.launching import launch_by_driver, launch_prepared, prepared
from tinygrad_edu.kernels.numba_cuda.streams import current
from tinygrad_edu.kernels.numba_cuda.tape import noting
from tinygrad_edu.kernels.presence import possible, simulated

__all__ = [
    "Launches", "available", "compiled", "cuda", "functions", "grid_for", "launch", "launch_ready", "launches",
    "multiprocessors", "ready", "why_not",
]  # fmt: skip

_THREADS = 256  # in a block


@functools.cache
def cuda() -> Any:
    """The module ``numba.cuda``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what concerns those who build Numba
        from numba import cuda as module
    for name in ("numba.core.config", f"{module.__name__}.core.config"):  # numba-cuda has one of its own
        try:  # small arrays are launched as small grids, knowingly
            import_module(name).CUDA_LOW_OCCUPANCY_WARNINGS = 0  # type: ignore[attr-defined]
        except ImportError:
            continue
    return module


@functools.cache
def why_not() -> str:
    """Why no GPU can be used, in a sentence; empty where one can."""
    if not possible():
        return "there is no NVIDIA driver, or Numba is not installed"
    try:
        if not cuda().is_available():
            return "Numba finds no usable CUDA driver, device or toolkit"
        if not simulated():
            cuda().get_current_device()
    except Exception as error:  # drivers fail in many ways, each with a type of its own
        return f"CUDA cannot be used: {type(error).__name__}: {error}"
    return ""


def available() -> bool:
    """Whether kernels can run: on a device, or in the simulator."""
    return not why_not()


class Launches:
    """How many kernels have been launched, for those who count them."""

    def __init__(self) -> None:
        self.count = 0


launches = Launches()


@functools.cache
def multiprocessors() -> int:
    """How many there are; 1 in the simulator."""
    return 1 if simulated() else int(cuda().get_current_device().MULTIPROCESSOR_COUNT)


@functools.cache
def _most_blocks() -> int:
    return 32 * multiprocessors()


def grid_for(elements: int) -> tuple[int, int]:
    """Blocks and threads of a kernel that walks so many elements with a stride of the grid."""
    if simulated():
        return (2, 2) if elements > 2 else (1, 1)
    blocks = -(-elements // _THREADS)
    most = _most_blocks()
    return (blocks if blocks < most else most), _THREADS


def compiled(function: Any, **options: Any) -> Any:
    """The function as a kernel of the device; it is compiled for the types of its first call.

    Args:
        options: of Numba, such as `launch_bounds`; the simulator, which has no registers, takes none.
    """
    return cuda().jit(function, **({} if simulated() else options))


def launch(kernel: Any, blocks: Any, threads: Any, *args: Any) -> None:
    """Run a kernel on the current stream. Its results are there for whatever is launched later.

    Args:
        kernel: what `compiled` made.
        blocks, threads: how many, or up to three sizes.
        args: numbers, and arrays as ``block.typed(dtype)`` gives them.
    """
    launches.count += 1
    if noting.tape is not None and (tape := noting.mine()):
        tape.launched(kernel, blocks, threads, args)
    if simulated():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NumPy's, of overflow and nan
            kernel[blocks, threads](*args)
    else:
        launch_by_driver(kernel, blocks, threads, current(), args)


def ready(kernel: Any, blocks: Any, threads: Any, kinds: tuple[Any, ...]) -> Any:
    """What `launch_ready` takes, for a launch that has been made with arguments of these classes."""
    return (kernel, blocks, threads) if simulated() else prepared(kernel, blocks, threads, kinds)


def launch_ready(what: Any, args: list[Any]) -> None:
    """Make a launch again with other arguments."""
    if simulated():
        launch(*what, *args)
    else:
        launches.count += 1
        launch_prepared(what, current(), args)


def _guarded_erf(x: Any) -> Any:
    return math.erf(x) if x == x else x


def _guarded_lgamma(x: Any) -> Any:
    try:
        return math.lgamma(x)
    except ValueError:  # at a pole
        return math.inf


@functools.cache
def functions() -> dict[str, Any]:
    """The scalar functions of formulas. (Python's raise where a GPU gives inf or nan: the simulator has NumPy's.)"""
    names = (
        "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh",
        "floor", "ceil", "trunc", "fmod", "isnan", "isinf", "isfinite", "copysign", "hypot", "exp2",
    )  # fmt: skip
    inverse = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2", "asinh": "arcsinh",
               "acosh": "arccosh", "atanh": "arctanh"}  # fmt: skip
    table: dict[str, Any] = {"math": math, "np": np, "inf": math.inf, "nan": math.nan}
    for name in names:
        table[name] = getattr(np, name) if simulated() else getattr(math, name, None)
    for name, numpy_name in inverse.items():
        table[name] = getattr(np, numpy_name) if simulated() else getattr(math, name)
    table["erf"] = _guarded_erf if simulated() else math.erf
    table["frexp"] = math.frexp
    table["erfc"] = math.erfc
    table["lgamma"] = _guarded_lgamma if simulated() else math.lgamma
    for kind in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"):
        table[kind] = getattr(np, kind)
    table["float16"], table["bool_"] = np.float16, np.bool_
    table["cuda"] = cuda()
    return table
