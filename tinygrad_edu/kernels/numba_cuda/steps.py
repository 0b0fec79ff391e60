"""The steps of optimizers, each in one pass over memory.

The formulas stand in `tinygrad_edu/optim`; this one computes in the parameters' type, as they do. One writer per cell:
element i of the parameter and of its averages is read and written by the one thread that counts i.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray
from tinygrad_edu.kernels.numba_cuda.runtime import compiled, functions, grid_for, launch

__all__ = ["adam_step", "sgd_step"]

_ADAM = """
def kernel(count, P, at_p, G, at_g, M, at_m, S, at_s, rate1, keep2, rate2, step, root, eps, decay, shrink):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        p = P[at_p + i] * shrink
        g = G[at_g + i]
        if decay != ZERO:
            g = g + decay * p
        m = M[at_m + i]
        m = m + rate1 * (g - m)
        s = S[at_s + i] * keep2 + rate2 * g * g
        M[at_m + i] = m
        S[at_s + i] = s
        P[at_p + i] = p - step * (m / (sqrt(s) * root + eps))
"""
_SGD = """
def kernel(count, P, at_p, G, at_g, V, at_v, lr, momentum, rate, decay, nesterov):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        p = P[at_p + i]
        g = G[at_g + i]
        if decay != ZERO:
            g = g + decay * p
        v = V[at_v + i] * momentum + rate * g
        V[at_v + i] = v
        if nesterov:
            v = g + momentum * v
        P[at_p + i] = p - lr * v
"""


@functools.cache
def _kernel(text: str, kind: Any) -> Any:
    names = {**functions(), "ZERO": kind(0)}
    exec(compile(text, "<cuda kernel: step>", "exec"), names)
    return compiled(names["kernel"])


def _step(text: str, rows: list[tuple[Any, ...]], *numbers: Any) -> Any:
    kind = rows[0][0].dtype
    alike = all(
        a.__class__ is DeviceArray and a.dtype == kind and a.shape == arrays[0].shape and a.flags.c_contiguous
        for arrays in rows
        for a in arrays
    )
    if not alike or kind not in (np.float32, np.float64):
        return NotImplemented
    for arrays in rows:
        count = arrays[0].size
        if count:
            places: list[Any] = [part for a in arrays for part in (a.block.typed(a.dtype), a.offset // a.itemsize)]
            launch(_kernel(text, kind.type), *grid_for(count), count, *places, *numbers)
    return None


def adam_step(
    params: list[Any], grads: list[Any], means: list[Any], squares: list[Any],
    number: float, lr: float, betas: tuple[float, float], eps: float, decay: float, decoupled: bool,
) -> Any:  # fmt: skip
    """Step `number` of Adam for each parameter, in place; None if done."""
    shrink, decay = (1 - lr * decay, 0.0) if decoupled else (1.0, decay)
    beta1, beta2 = betas
    numbers = (
        1 - beta1, beta2, 1 - beta2, lr / (1 - beta1**number), 1 / math.sqrt(1 - beta2**number), eps, decay, shrink
    )  # fmt: skip
    rows = list(zip(params, grads, means, squares, strict=True))
    return _step(_ADAM, rows, *map(params[0].dtype.type, numbers))


def sgd_step(
    params: list[Any], grads: list[Any], velocities: list[Any],
    lr: float, momentum: float, dampening: float, decay: float, nesterov: bool,
) -> Any:  # fmt: skip
    """A step of gradient descent with momentum for each parameter, in place; None if done."""
    numbers = map(params[0].dtype.type, (lr, momentum, 1 - dampening, decay))
    return _step(_SGD, list(zip(params, grads, velocities, strict=True)), *numbers, bool(nesterov))
