"""Rows of numbers that follow a rule, counted out on the device: nothing is copied to it.

The numbers are NumPy's, to the last bit: computed in its types and in its order, every operation rounded. One writer
per cell: the thread that counts k writes element k.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty, from_host
from tinygrad_edu.kernels.numba_cuda.pieces import product, rounded
from tinygrad_edu.kernels.numba_cuda.runtime import compiled, functions, grid_for, launch

__all__ = ["arange", "linspace"]

_TEXT = """
def kernel(count, OUT, {numbers}):
    for k in range(cuda.grid(1), count, cuda.gridsize(1)):
        OUT[k] = TYPE({formula})
"""


@functools.cache
def _kernel(formula: str, numbers: str, computes: Any, kind: Any) -> Any:
    names = {**functions(), "TYPE": kind, "COMPUTES": computes}
    if computes in (np.float32, np.float64):
        names["product"], formula = product(computes), rounded(formula)
    exec(compile(_TEXT.format(numbers=numbers, formula=formula), f"<cuda kernel: {formula}>", "exec"), names)
    return compiled(names["kernel"])


def _counted(formula: str, count: int, computes: Any, kind: np.dtype[Any], **numbers: Any) -> DeviceArray:
    """The formula of k = 0, 1, ..., count - 1, with numbers of the type that it computes in."""
    out = empty((count,), kind)
    if count:
        kernel = _kernel(formula, ", ".join(numbers), computes, kind.type)  # type: ignore[arg-type, unused-ignore]
        launch(kernel, *grid_for(count), count, out.block.typed(kind), *numbers.values())
    return out


def arange(*bounds: Any, dtype: Any = None) -> DeviceArray:
    """``np.arange``. The distance is that between the first two numbers as the type has them."""
    bounds = tuple([b.item() if hasattr(b, "item") else b for b in bounds if b is not None])
    start, stop, step = {1: (0, *bounds, 1), 2: (*bounds, 1)}.get(len(bounds), bounds)
    kind = np.array([start, stop, step]).dtype if dtype is None else np.dtype(dtype)
    count = max(math.ceil((stop - start) / step), 0)
    if kind.kind in "iu":
        whole = [np.int64(n % 2**64 - 2**64 if n % 2**64 >= 2**63 else n % 2**64) for n in map(int, (start, step))]
        return _counted("start + k * step", count, np.int64, kind, start=whole[0], step=whole[1])
    if kind.kind != "f":  # two bools at most
        return from_host(np.arange(start, stop, step, dtype=kind))
    computes = np.float64 if kind == np.float64 else np.float32
    first = kind.type(start)
    apart = computes(computes(kind.type(start + step)) - computes(first))
    if kind == np.float16:
        apart = computes(kind.type(apart))
    return _counted("start + COMPUTES(k) * step", count, computes, kind, start=computes(first), step=apart)


def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None
) -> DeviceArray:
    """``np.linspace`` between numbers."""
    if retstep:
        raise NotImplementedError("linspace with retstep: there is no kernel for this on cuda")
    first, last = float(start), float(stop)
    kind, divisions = np.dtype(dtype or np.float64), num - 1 if endpoint else num
    with np.errstate(all="ignore"):
        delta = np.float64(last) - np.float64(first)
        step = delta / np.float64(divisions) if divisions > 0 else delta
    numbers: dict[str, Any] = {"start": np.float64(first), "stop": np.float64(last), "step": step}
    formula = "float64(k) * step + start"
    if step == 0 and divisions > 0:
        numbers |= {"step": delta, "divisions": np.float64(divisions)}
        formula = "float64(k) / divisions * step + start"
    if endpoint and num > 1:
        numbers["last"] = np.int64(num - 1)
        formula = f"({formula}) if k < last else stop"
    if kind.kind in "iu":
        formula = f"floor({formula})"
    return _counted(formula, num, np.float64, kind, **numbers)
