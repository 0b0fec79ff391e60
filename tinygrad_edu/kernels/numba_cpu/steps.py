"""The steps of optimizers in one pass over memory: NumPy's formulas make ten, and memory is what they wait for.

The formulas stand in `tinygrad_edu/optim`. Each operation here rounds as theirs do, so both give the same bits.

A vector that is stored across the border of two cache lines costs twice, and arrays begin anywhere: so a chunk that
stays in the first cache is gone over once for each array that is written, each from a border to a border of its own.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cpu.compiler import compiled_exactly
from tinygrad_edu.kernels.numba_cpu.layout import suits
from tinygrad_edu.kernels.threads import on_blocks

__all__ = ["adam_step", "sgd_step"]

Array = Any


CHUNK = 1024  # elements: four arrays of them fit the first cache
LINE = 64  # bytes of a line of the cache


@compiled_exactly
def _border(a: Array, at: int) -> int:
    """The first element from `at` on that begins a line of the cache, or the end."""
    address = a.ctypes.data + at * a.itemsize
    return min(at + (-address % LINE) // a.itemsize, a.size)


@compiled_exactly
def _adam(
    param: Array, grad: Array, mean: Array, square: Array,
    rate1: Any, keep2: Any, rate2: Any, step: Any, root: Any, eps: Any, decay: Any, shrink: Any,
) -> None:  # fmt: skip
    done = done1 = done2 = 0
    while done < param.size:
        # The moments never fall behind the parameter, and read its elements before they are changed.
        end = _border(param, done + CHUNK if done else 1)  # the first few lead to a border
        end1, end2 = _border(mean, end), _border(square, end)
        m, g, p = mean[done1:end1], grad[done1:end1], param[done1:end1]
        if decay != 0:
            for i in range(m.size):
                m[i] = m[i] + rate1 * (g[i] + decay * p[i] - m[i])
        else:
            for i in range(m.size):
                m[i] = m[i] + rate1 * (g[i] - m[i])
        v, g, p = square[done2:end2], grad[done2:end2], param[done2:end2]
        if decay != 0:
            for i in range(v.size):
                one = g[i] + decay * p[i]
                v[i] = v[i] * keep2 + rate2 * one * one
        else:
            for i in range(v.size):
                v[i] = v[i] * keep2 + rate2 * g[i] * g[i]
        m, v, p = mean[done:end], square[done:end], param[done:end]
        for i in range(p.size):
            p[i] = p[i] * shrink - step * (m[i] / (np.sqrt(v[i]) / root + eps))
        done, done1, done2 = end, end1, end2


def adam_step(
    param: Array, grad: Array, mean: Array, square: Array,
    number: float, lr: float, betas: tuple[float, float], eps: float, decay: float, decoupled: bool,
) -> Any:  # fmt: skip
    """Step `number` of Adam, in place; None if done."""
    arrays = (param, grad, mean, square)
    if not _in_rows(arrays):
        return NotImplemented
    shrink, decay = (1 - lr * decay, 0.0) if decoupled else (1.0, decay)
    beta1, beta2 = betas
    numbers = (
        1 - beta1, beta2, 1 - beta2, lr / (1 - beta1**number), math.sqrt(1 - beta2**number), eps, decay, shrink
    )  # fmt: skip
    kind = param.dtype.type
    on_blocks(_adam, param.size, *(a.reshape(-1) for a in arrays), extra=[kind(x) for x in numbers])
    return None


@compiled_exactly
def _sgd(
    param: Array, grad: Array, velocity: Array, lr: Any, momentum: Any, rate: Any, decay: Any, nesterov: bool
) -> None:
    done = done1 = 0
    while done < param.size:
        end = _border(param, done + CHUNK if done else 1)  # the first few lead to a border
        end1 = _border(velocity, end)
        v, g, p = velocity[done1:end1], grad[done1:end1], param[done1:end1]
        if decay != 0:
            for i in range(v.size):
                v[i] = v[i] * momentum + rate * (g[i] + decay * p[i])
        else:
            for i in range(v.size):
                v[i] = v[i] * momentum + rate * g[i]
        v, g, p = velocity[done:end], grad[done:end], param[done:end]
        if not nesterov:
            for i in range(p.size):
                p[i] = p[i] - lr * v[i]
        elif decay != 0:
            for i in range(p.size):
                p[i] = p[i] - lr * (g[i] + decay * p[i] + momentum * v[i])
        else:
            for i in range(p.size):
                p[i] = p[i] - lr * (g[i] + momentum * v[i])
        done, done1 = end, end1


def sgd_step(
    param: Array, grad: Array, velocity: Array,
    lr: float, momentum: float, dampening: float, decay: float, nesterov: bool,
) -> Any:  # fmt: skip
    """A step of gradient descent with momentum, in place; None if done."""
    arrays = (param, grad, velocity)
    if not _in_rows(arrays):
        return NotImplemented
    kind = param.dtype.type
    numbers = [kind(x) for x in (lr, momentum, 1 - dampening, decay)]
    on_blocks(_sgd, param.size, *(a.reshape(-1) for a in arrays), extra=[*numbers, nesterov])
    return None


def _in_rows(arrays: tuple[Array, ...]) -> bool:
    """Whether the arrays are alike, contiguous and apart from each other."""
    shape = arrays[0].shape
    return suits(*arrays) and all(a.shape == shape and a.flags.c_contiguous and a.flags.writeable for a in arrays)
