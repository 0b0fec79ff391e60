"""The steps of optimizers in one pass over memory: NumPy's formulas make ten, and memory is what they wait for.

The formulas stand in `tinygrad_edu/optim`. Each operation here rounds as theirs do, so both give the same bits.

One call steps many parameters: what the compiled code gets is a table of addresses, a row for each parameter, because
handing over an array takes as long as computing hundreds of its elements.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
from numba import types
from numba.extending import intrinsic

from tinygrad_edu.kernels.numba_cpu.compiler import compiled_exactly
from tinygrad_edu.kernels.numba_cpu.layout import suits
from tinygrad_edu.kernels.threads import on_pieces

__all__ = ["adam_step", "sgd_step"]

Array = Any
carray: Any = getattr(numba, "carray")  # noqa: B009 - Numba does not name it for type checkers


def _pointer_code(typing: Any, address: Any, kind: Any) -> Any:
    """The address of numbers like `kind` as a pointer to them."""

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    return types.CPointer(kind)(address, kind), emit


_pointer: Any = intrinsic(_pointer_code)


@compiled_exactly
def _enter(table: Array, row: int, *arrays: Array) -> None:
    """The row of these arrays, which have one dimension, in the table."""
    table[row, 0] = arrays[0].size
    for column in range(len(arrays)):
        table[row, column + 1] = arrays[column].ctypes.data


@compiled_exactly
def _adam(
    table: Array, rate1: Any, keep2: Any, rate2: Any, step: Any, root: Any, eps: Any, decay: Any, shrink: Any
) -> None:
    for row in range(len(table)):
        count = table[row, 0]
        p, g = carray(_pointer(table[row, 1], rate1), count), carray(_pointer(table[row, 2], rate1), count)
        m, v = carray(_pointer(table[row, 3], rate1), count), carray(_pointer(table[row, 4], rate1), count)
        if decay != 0:
            for i in range(count):
                slope = g[i] + decay * p[i]
                mean = m[i] + rate1 * (slope - m[i])
                square = v[i] * keep2 + rate2 * slope * slope
                m[i] = mean
                v[i] = square
                p[i] = p[i] * shrink - step * (mean / (np.sqrt(square) * root + eps))
        else:
            for i in range(count):
                slope = g[i]
                mean = m[i] + rate1 * (slope - m[i])
                square = v[i] * keep2 + rate2 * slope * slope
                m[i] = mean
                v[i] = square
                p[i] = p[i] * shrink - step * (mean / (np.sqrt(square) * root + eps))


def adam_step(
    params: list[Array], grads: list[Array], means: list[Array], squares: list[Array],
    number: float, lr: float, betas: tuple[float, float], eps: float, decay: float, decoupled: bool,
) -> Any:  # fmt: skip
    """Step `number` of Adam for each parameter, in place; None if done."""
    shrink, decay = (1 - lr * decay, 0.0) if decoupled else (1.0, decay)
    beta1, beta2 = betas
    numbers = (
        1 - beta1, beta2, 1 - beta2, lr / (1 - beta1**number), 1 / math.sqrt(1 - beta2**number), eps, decay, shrink
    )  # fmt: skip
    return _stepped(_adam, (params, grads, means, squares), numbers)


@compiled_exactly
def _sgd(table: Array, lr: Any, momentum: Any, rate: Any, decay: Any, nesterov: bool) -> None:
    for row in range(len(table)):
        count = table[row, 0]
        p, g = carray(_pointer(table[row, 1], lr), count), carray(_pointer(table[row, 2], lr), count)
        v = carray(_pointer(table[row, 3], lr), count)
        if decay == 0 and not nesterov:
            for i in range(count):
                v[i] = v[i] * momentum + rate * g[i]
                p[i] = p[i] - lr * v[i]
        elif decay == 0:
            for i in range(count):
                v[i] = v[i] * momentum + rate * g[i]
                p[i] = p[i] - lr * (g[i] + momentum * v[i])
        else:
            for i in range(count):
                slope = g[i] + decay * p[i]
                v[i] = v[i] * momentum + rate * slope
                p[i] = p[i] - lr * (slope + momentum * v[i] if nesterov else v[i])


@compiled_exactly
def _descent(table: Array, lr: Any, decay: Any) -> None:
    for row in range(len(table)):
        count = table[row, 0]
        p, g = carray(_pointer(table[row, 1], lr), count), carray(_pointer(table[row, 2], lr), count)
        if decay == 0:
            for i in range(count):
                p[i] = p[i] - lr * g[i]
        else:
            for i in range(count):
                p[i] = p[i] - lr * (g[i] + decay * p[i])


def sgd_step(params: list[Array], grads: list[Array], *rest: Any) -> Any:
    """A step of gradient descent for each parameter, in place; None if done.

    `rest`: the velocities, if there is momentum; then lr, momentum, dampening, decay and whether it is Nesterov's.
    """
    *velocities, lr, momentum, dampening, decay, nesterov = rest
    if not velocities:
        return _stepped(_descent, (params, grads), (lr, decay))
    return _stepped(_sgd, (params, grads, *velocities), (lr, momentum, 1 - dampening, decay), nesterov)


def _stepped(function: Any, columns: tuple[list[Array], ...], numbers: tuple[float, ...], *flags: bool) -> Any:
    """Run the compiled step on all parameters, shared among the threads; NotImplemented if one is not for it."""
    first = columns[0][0]
    if not suits(first):
        return NotImplemented
    kind, table = first.dtype, np.empty((len(columns[0]), 1 + len(columns)), np.int64)
    for row, arrays in enumerate(zip(*columns, strict=True)):
        shape = arrays[0].shape
        for a in arrays:
            # carray: contiguous, and may be written to
            if a.__class__ is not np.ndarray or a.dtype != kind or a.shape != shape or not a.flags.carray:
                return NotImplemented
        _enter(table, row, *[a.reshape(-1) for a in arrays])
    on_pieces(function, table, kind.itemsize, extra=[*map(kind.type, numbers), *flags])
    return None
