"""The steps of the optimizers beside Adam and SGD, each in one pass over memory, with the bits of NumPy's formulas.

The formulas, and the numbers in them that are the same for all elements, stand in `tinygrad_edu/optim`. A kernel gets a
table of arrays (tables.py): the parameters p, the gradients g, and then the state.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cpu.compiler import compiled_exactly
from tinygrad_edu.kernels.numba_cpu.tables import column, stepped

__all__ = ["adadelta_step", "adagrad_step", "adamax_step", "nadam_step", "radam_step", "rmsprop_step", "rprop_step"]

Array = Any
Arrays = list[Array]


@compiled_exactly
def _slope(g: Any, p: Any, decay: Any) -> Any:
    """The gradient with the decay in it; without any, p may be inf and change nothing."""
    return g + decay * p if decay != 0 else g


@compiled_exactly
def _rmsprop(table: Array, keep: Any, rate: Any, lr: Any, eps: Any, momentum: Any, decay: Any) -> None:
    for row in range(len(table)):
        p, g, s = column(table, row, 0, lr), column(table, row, 1, lr), column(table, row, 2, lr)
        if table.shape[1] == 4:  # without velocities
            for i in range(len(p)):
                slope = _slope(g[i], p[i], decay)
                square = s[i] * keep + rate * slope * slope
                s[i] = square
                p[i] = p[i] - lr * (slope / (np.sqrt(square) + eps))
        else:
            v = column(table, row, 3, lr)
            for i in range(len(p)):
                slope = _slope(g[i], p[i], decay)
                square = s[i] * keep + rate * slope * slope
                velocity = v[i] * momentum + slope / (np.sqrt(square) + eps)
                s[i] = square
                v[i] = velocity
                p[i] = p[i] - lr * velocity


@compiled_exactly
def _centered(table: Array, keep: Any, rate: Any, lr: Any, eps: Any, momentum: Any, decay: Any) -> None:
    for row in range(len(table)):
        p, g = column(table, row, 0, lr), column(table, row, 1, lr)
        s, m = column(table, row, 2, lr), column(table, row, 3, lr)
        if table.shape[1] == 5:  # without velocities
            for i in range(len(p)):
                slope = _slope(g[i], p[i], decay)
                square, mean = s[i] * keep + rate * slope * slope, m[i] + rate * (slope - m[i])
                s[i] = square
                m[i] = mean
                p[i] = p[i] - lr * (slope / (np.sqrt(square - mean * mean) + eps))
        else:
            v = column(table, row, 4, lr)
            for i in range(len(p)):
                slope = _slope(g[i], p[i], decay)
                square, mean = s[i] * keep + rate * slope * slope, m[i] + rate * (slope - m[i])
                velocity = v[i] * momentum + slope / (np.sqrt(square - mean * mean) + eps)
                s[i] = square
                m[i] = mean
                v[i] = velocity
                p[i] = p[i] - lr * velocity


def rmsprop_step(params: Arrays, grads: Arrays, squares: Arrays, *rest: Any) -> Any:
    """A step of RMSprop for each parameter, in place; None if done.

    `rest`: the means, if it is centered; the velocities, if there is momentum; then alpha, lr, eps, momentum, decay and
    whether it is centered.
    """
    *more, alpha, lr, eps, momentum, decay, centered = rest
    numbers = (alpha, 1 - alpha, lr, eps, momentum, decay)
    return stepped(_centered if centered else _rmsprop, (params, grads, squares, *more), numbers)


@compiled_exactly
def _adagrad(table: Array, lr: Any, eps: Any, decay: Any) -> None:
    for row in range(len(table)):
        p, g, s = column(table, row, 0, lr), column(table, row, 1, lr), column(table, row, 2, lr)
        for i in range(len(p)):
            slope = _slope(g[i], p[i], decay)
            total = s[i] + slope * slope
            s[i] = total
            p[i] = p[i] - lr * (slope / (np.sqrt(total) + eps))


def adagrad_step(params: Arrays, grads: Arrays, sums: Arrays, lr: float, eps: float, decay: float) -> Any:
    """A step of Adagrad for each parameter, in place, with the learning rate of this step; None if done."""
    return stepped(_adagrad, (params, grads, sums), (lr, eps, decay))


@compiled_exactly
def _adadelta(table: Array, keep: Any, rate: Any, lr: Any, eps: Any, decay: Any) -> None:
    for row in range(len(table)):
        p, g = column(table, row, 0, lr), column(table, row, 1, lr)
        s, u = column(table, row, 2, lr), column(table, row, 3, lr)
        for i in range(len(p)):
            slope = _slope(g[i], p[i], decay)
            square = s[i] * keep + rate * slope * slope
            delta = np.sqrt(u[i] + eps) / np.sqrt(square + eps) * slope
            s[i] = square
            u[i] = u[i] * keep + rate * delta * delta
            p[i] = p[i] - lr * delta


def adadelta_step(
    params: Arrays, grads: Arrays, squares: Arrays, past_steps: Arrays, rho: float, lr: float, eps: float, decay: float
) -> Any:
    """A step of Adadelta for each parameter, in place; None if done."""
    return stepped(_adadelta, (params, grads, squares, past_steps), (rho, 1 - rho, lr, eps, decay))


@compiled_exactly
def _adamax(table: Array, rate1: Any, keep2: Any, step: Any, eps: Any, decay: Any) -> None:
    for row in range(len(table)):
        p, g = column(table, row, 0, step), column(table, row, 1, step)
        m, u = column(table, row, 2, step), column(table, row, 3, step)
        for i in range(len(p)):
            slope = _slope(g[i], p[i], decay)
            mean = m[i] + rate1 * (slope - m[i])
            faded, here = u[i] * keep2, np.abs(slope) + eps
            largest = faded if faded >= here or faded != faded else here  # nan stays, as in np.maximum
            m[i] = mean
            u[i] = largest
            p[i] = p[i] - step * (mean / largest)


def adamax_step(
    params: Arrays, grads: Arrays, means: Arrays, largest: Arrays,
    betas: tuple[float, float], step_size: float, eps: float, decay: float,
) -> Any:  # fmt: skip
    """A step of Adamax for each parameter, in place, with the step size corrected for this step; None if done."""
    return stepped(_adamax, (params, grads, means, largest), (1 - betas[0], betas[1], step_size, eps, decay))


@compiled_exactly
def _nadam(
    table: Array, rate1: Any, keep2: Any, rate2: Any, correction: Any, now: Any, ahead: Any, eps: Any, decay: Any,
    shrink: Any,
) -> None:  # fmt: skip
    for row in range(len(table)):
        p, g = column(table, row, 0, now), column(table, row, 1, now)
        m, v = column(table, row, 2, now), column(table, row, 3, now)
        for i in range(len(p)):
            slope = _slope(g[i], p[i], decay)
            mean = m[i] + rate1 * (slope - m[i])
            square = v[i] * keep2 + rate2 * slope * slope
            root = np.sqrt(square / correction) + eps
            m[i] = mean
            v[i] = square
            p[i] = p[i] * shrink - now * (slope / root) - ahead * (mean / root)


def nadam_step(
    params: Arrays, grads: Arrays, means: Arrays, squares: Arrays, products: Arrays, betas: tuple[float, float],
    correction: float, rates: tuple[float, float], product: float, eps: float, decay: float, shrink: float,
) -> Any:  # fmt: skip
    """A step of NAdam for each parameter, in place; None if done.

    `rates`: of the gradient now, and of the momentum that comes; `product`: what `products`, a number for each
    parameter, become.
    """
    beta1, beta2 = betas
    numbers = (1 - beta1, beta2, 1 - beta2, correction, *rates, eps, decay, shrink)
    done = stepped(_nadam, (params, grads, means, squares), numbers)
    if done is None:
        for each in products:
            each[()] = product
    return done


@compiled_exactly
def _radam(
    table: Array, rate1: Any, keep2: Any, rate2: Any, step: Any, eps: Any, decay: Any, shrink: Any, rectified: bool
) -> None:
    for row in range(len(table)):
        p, g = column(table, row, 0, step), column(table, row, 1, step)
        m, v = column(table, row, 2, step), column(table, row, 3, step)
        for i in range(len(p)):
            slope = _slope(g[i], p[i], decay)
            mean = m[i] + rate1 * (slope - m[i])
            square = v[i] * keep2 + rate2 * slope * slope
            m[i] = mean
            v[i] = square
            p[i] = p[i] * shrink - step * (mean / (np.sqrt(square) + eps) if rectified else mean)


def radam_step(
    params: Arrays, grads: Arrays, means: Arrays, squares: Arrays,
    betas: tuple[float, float], step_size: float, rectified: bool, eps: float, decay: float, shrink: float,
) -> Any:  # fmt: skip
    """A step of RAdam for each parameter, in place, with the step size of this step; None if done."""
    beta1, beta2 = betas
    numbers = (1 - beta1, beta2, 1 - beta2, step_size, eps, decay, shrink)
    return stepped(_radam, (params, grads, means, squares), numbers, rectified)


@compiled_exactly
def _rprop(table: Array, less: Any, more: Any, shortest: Any, longest: Any) -> None:
    for row in range(len(table)):
        p, g = column(table, row, 0, less), column(table, row, 1, less)
        b, d = column(table, row, 2, less), column(table, row, 3, less)
        for i in range(len(p)):
            slope, size = g[i], d[i]
            lasted = slope * b[i]
            size = size * more if lasted > 0 else size * less if lasted < 0 else size
            size = shortest if size < shortest else size  # in this order, as np.clip; nan stays
            size = longest if size > longest else size
            slope = less - less if lasted < 0 else slope  # 0 of its type
            b[i] = slope
            d[i] = size
            p[i] = p[i] - np.sign(slope) * size


def rprop_step(
    params: Arrays, grads: Arrays, previous: Arrays, sizes: Arrays,
    etas: tuple[float, float], step_sizes: tuple[float, float],
) -> Any:  # fmt: skip
    """A step of Rprop for each parameter, in place; None if done."""
    return stepped(_rprop, (params, grads, previous, sizes), (*etas, *step_sizes))
