"""The steps of optimizers in one pass over memory: NumPy's formulas make ten, and memory is what they wait for.

The formulas stand in `tinygrad_edu/optim`. Each operation here rounds as theirs do, so both give the same bits.
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


@compiled_exactly
def _adam(
    param: Array, grad: Array, mean: Array, square: Array,
    rate1: Any, keep2: Any, rate2: Any, step: Any, root: Any, eps: Any, decay: Any, shrink: Any,
) -> None:  # fmt: skip
    for i in range(param.size):
        p, g = param[i], grad[i]
        if shrink != 1:
            p = p * shrink
        if decay != 0:
            g = g + decay * p
        mean[i] = mean[i] + rate1 * (g - mean[i])
        square[i] = square[i] * keep2 + rate2 * g * g
        param[i] = p - step * (mean[i] / (np.sqrt(square[i]) / root + eps))


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
    for i in range(param.size):
        g = grad[i]
        if decay != 0:
            g = g + decay * param[i]
        velocity[i] = velocity[i] * momentum + rate * g
        g = g + momentum * velocity[i] if nesterov else velocity[i]
        param[i] = param[i] - lr * g


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
