"""The steps of Adam and SGD in one pass over memory: NumPy's formulas make ten, and memory is what they wait for.

The formulas stand in `tinygrad_edu/optim`. Each operation here rounds as theirs do, so both give the same bits. One
call steps many parameters, which it finds in a table (tables.py). Those of the other optimizers: more_steps.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cpu.compiler import compiled_exactly
from tinygrad_edu.kernels.numba_cpu.tables import column, stepped
from tinygrad_edu.kernels.step_numbers import adam_numbers

__all__ = ["adam_step", "sgd_step"]

Array = Any


@compiled_exactly
def _adam(
    table: Array, rate1: Any, keep2: Any, rate2: Any, step: Any, root: Any, eps: Any, decay: Any, shrink: Any
) -> None:
    for row in range(len(table)):
        p, g = column(table, row, 0, rate1), column(table, row, 1, rate1)
        m, v = column(table, row, 2, rate1), column(table, row, 3, rate1)
        if decay != 0:
            for i in range(len(p)):
                slope = g[i] + decay * p[i]
                mean = m[i] + rate1 * (slope - m[i])
                square = v[i] * keep2 + rate2 * slope * slope
                m[i] = mean
                v[i] = square
                p[i] = p[i] * shrink - step * (mean / (np.sqrt(square) * root + eps))
        else:
            for i in range(len(p)):
                slope = g[i]
                mean = m[i] + rate1 * (slope - m[i])
                square = v[i] * keep2 + rate2 * slope * slope
                m[i] = mean
                v[i] = square
                p[i] = p[i] * shrink - step * (mean / (np.sqrt(square) * root + eps))


@compiled_exactly
def _amsgrad(
    table: Array, rate1: Any, keep2: Any, rate2: Any, step: Any, root: Any, eps: Any, decay: Any, shrink: Any
) -> None:
    for row in range(len(table)):
        p, g = column(table, row, 0, rate1), column(table, row, 1, rate1)
        m, v, top = column(table, row, 2, rate1), column(table, row, 3, rate1), column(table, row, 4, rate1)
        for i in range(len(p)):
            slope = g[i] + decay * p[i] if decay != 0 else g[i]
            mean = m[i] + rate1 * (slope - m[i])
            square = v[i] * keep2 + rate2 * slope * slope
            largest = top[i] if top[i] >= square or top[i] != top[i] else square  # nan stays, as in np.maximum
            m[i] = mean
            v[i] = square
            top[i] = largest
            p[i] = p[i] * shrink - step * (mean / (np.sqrt(largest) * root + eps))


def adam_step(params: list[Array], grads: list[Array], means: list[Array], squares: list[Array], *rest: Any) -> Any:
    """A step of Adam for each parameter, in place; None if done.

    `rest`: the largest squares so far, for amsgrad; then the step's number, lr, betas, eps, decay and whether that is
    decoupled.
    """
    *largest, number, lr, betas, eps, decay, decoupled = rest
    numbers = adam_numbers(number, lr, betas, eps, decay, decoupled)
    return stepped(_amsgrad if largest else _adam, (params, grads, means, squares, *largest), numbers)


@compiled_exactly
def _sgd(table: Array, lr: Any, momentum: Any, rate: Any, decay: Any, nesterov: bool) -> None:
    for row in range(len(table)):
        p, g, v = column(table, row, 0, lr), column(table, row, 1, lr), column(table, row, 2, lr)
        if decay == 0 and not nesterov:
            for i in range(len(p)):
                v[i] = v[i] * momentum + rate * g[i]
                p[i] = p[i] - lr * v[i]
        elif decay == 0:
            for i in range(len(p)):
                v[i] = v[i] * momentum + rate * g[i]
                p[i] = p[i] - lr * (g[i] + momentum * v[i])
        else:
            for i in range(len(p)):
                slope = g[i] + decay * p[i]
                v[i] = v[i] * momentum + rate * slope
                p[i] = p[i] - lr * (slope + momentum * v[i] if nesterov else v[i])


@compiled_exactly
def _descent(table: Array, lr: Any, decay: Any) -> None:
    for row in range(len(table)):
        p, g = column(table, row, 0, lr), column(table, row, 1, lr)
        if decay == 0:
            for i in range(len(p)):
                p[i] = p[i] - lr * g[i]
        else:
            for i in range(len(p)):
                p[i] = p[i] - lr * (g[i] + decay * p[i])


def sgd_step(params: list[Array], grads: list[Array], *rest: Any) -> Any:
    """A step of gradient descent for each parameter, in place; None if done.

    `rest`: the velocities, if there is momentum; then lr, momentum, dampening, decay and whether it is Nesterov's.
    """
    *velocities, lr, momentum, dampening, decay, nesterov = rest
    if not velocities:
        return stepped(_descent, (params, grads), (lr, decay))
    return stepped(_sgd, (params, grads, *velocities), (lr, momentum, 1 - dampening, decay), nesterov)
