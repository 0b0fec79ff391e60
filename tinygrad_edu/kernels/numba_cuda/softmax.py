"""Softmax, its logarithm and their ways back: lines along memory by `held`, a thread each where they lie across it.

Across memory one reading finds the largest and the sum of exponentials beside it together (M. Milakov and N.
Gimelshein, "Online normalizer calculation for softmax", 2018); a second writes: neighbouring threads read neighbouring
lines. float32 is added up in float32. One writer per cell: an element of a line is written by the line's thread.
"""

from __future__ import annotations

import functools
from typing import Any

from tinygrad_edu.kernels.numba_cuda import held, layout
from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty
from tinygrad_edu.kernels.numba_cuda.blocks import from_text, gathered_in, lines_of, places
from tinygrad_edu.kernels.numba_cuda.recipes import Recipe
from tinygrad_edu.kernels.numba_cuda.runtime import grid_for, launch

__all__ = ["log_softmax", "log_softmax_back", "softmax", "softmax_back"]

_WHOLE = """
def kernel(lines, length, step, A, at_a, OUT):
    for k in range(cuda.grid(1), lines, cuda.gridsize(1)):
        start = k // step * (length * step) + k % step
        m = LEAST
        s = ZERO
        for j in range(length):
            x = TYPE(A[at_a + start + j * step])
            if x > m or x != x:
                s = s * exp(m - x) + exp(x - x)
                m = x
            elif x > LEAST:
                s += exp(x - m)
        for j in range(length):
            p = start + j * step
            x = TYPE(A[at_a + p])
            OUT[p] = STORE({formula})
"""
_BACK = """
def kernel(lines, length, step, G, at_g, A, at_a, OUT):
    for k in range(cuda.grid(1), lines, cuda.gridsize(1)):
        start = k // step * (length * step) + k % step
        s = ZERO
        for j in range(length):
            p = start + j * step
            s += TYPE(G[at_g + p]) * {weight}
        for j in range(length):
            p = start + j * step
            g = TYPE(G[at_g + p])
            y = TYPE(A[at_a + p])
            OUT[p] = STORE({formula})
"""
_FORMULAS = {
    "softmax": {"formula": "exp(x - m) / s"},
    "log_softmax": {"formula": "(x - m) - TYPE(log(s))"},
    "softmax_back": {"weight": "TYPE(A[at_a + p])", "formula": "(g - s) * y"},
    "log_softmax_back": {"weight": "ONE", "formula": "g - TYPE(exp(y)) * s"},
}
_RECIPES = {
    "softmax": Recipe("softmax", "top m: a\nbecome a: exp(a - m)\nadd s: a\ns = ONE / s\nout: a * s", "a"),
    "log_softmax": Recipe("log_softmax", "top m: a\nbecome a: a - m\nadd s: exp(a)\ns = TYPE(log(s))\nout: a - s", "a"),
    "softmax_back": Recipe("softmax_back", "add s: g * a\nout: (g - s) * a", "ga"),
    "log_softmax_back": Recipe("log_softmax_back", "add s: g\nout: g - exp(a) * s", "ga"),
}


@functools.cache
def _across(name: str, gathered: Any, stored: Any) -> Any:
    text = (_BACK if name.endswith("back") else _WHOLE).format(**_FORMULAS[name])
    return from_text(text, name, gathered, 2, STORE=stored.type)


def _run(name: str, axis: int, *arrays: DeviceArray) -> Any:
    """The result; NotImplemented where the specification has to say what there is to say."""
    a = arrays[-1]
    if not a.ndim or not a.size or a.dtype.kind != "f" or any(x.dtype != a.dtype for x in arrays):
        return NotImplemented
    lines, length, step = lines_of(a.shape, layout.checked_axis(axis, a.ndim))
    gathered, out = gathered_in(a.dtype), empty(a.shape, a.dtype)
    if step == 1:
        held.run(_RECIPES[name], (lines, length), (gathered, a.dtype), (), list(arrays), out)
    else:
        kernel = _across(name, gathered, a.dtype)
        launch(kernel, *grid_for(lines), lines, length, step, *places(*arrays), out.block.typed(out.dtype))
    return out


def softmax(a: DeviceArray, axis: int) -> Any:
    return _run("softmax", axis, a)


def log_softmax(a: DeviceArray, axis: int) -> Any:
    return _run("log_softmax", axis, a)


def softmax_back(g: DeviceArray, out: DeviceArray, axis: int) -> Any:
    return _run("softmax_back", axis, g, out)


def log_softmax_back(g: DeviceArray, out: DeviceArray, axis: int) -> Any:
    return _run("log_softmax_back", axis, g, out)
