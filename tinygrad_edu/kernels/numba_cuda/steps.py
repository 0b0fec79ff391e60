"""The steps of optimizers, each in one pass over memory, many parameters in one launch.

The formulas stand in `tinygrad_edu/optim`; these compute in the parameters' type, as they do. A launch costs as much
as a step over a hundred thousand elements, so its kernel has room for several parameters: their arrays are its
arguments, as many as a launch can take (4096 bytes). The second dimension of the grid counts parameters.

One writer per cell: element i of parameter k and of its averages is read and written by the one thread that counts i in
the blocks of row k.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray
from tinygrad_edu.kernels.numba_cuda.blocks import by_rows
from tinygrad_edu.kernels.numba_cuda.runtime import compiled, functions, grid_for, launch
from tinygrad_edu.kernels.step_numbers import adam_numbers

__all__ = ["adam_step", "sgd_step"]

SLOTS = (1, 2, 4, 8, 14)  # parameters that one launch has room for; fewer are filled up with empty ones

# The letters of a formula's arrays, its numbers, and its lines.
_ADAM = (
    "PGMS",
    "rate1, keep2, rate2, step, root, eps, decay, shrink",
    """
p = P[at_P + i] * shrink
g = G[at_G + i]
if decay != ZERO:
    g = g + decay * p
m = M[at_M + i]
m = m + rate1 * (g - m)
s = S[at_S + i] * keep2 + rate2 * g * g
M[at_M + i] = m
S[at_S + i] = s
P[at_P + i] = p - step * (m / (sqrt(s) * root + eps))
""",
)
_MOMENTUM = (
    "PGV",
    "lr, momentum, rate, decay, nesterov",
    """
p = P[at_P + i]
g = G[at_G + i]
if decay != ZERO:
    g = g + decay * p
v = V[at_V + i] * momentum + rate * g
V[at_V + i] = v
if nesterov:
    v = g + momentum * v
P[at_P + i] = p - lr * v
""",
)
_PLAIN = (
    "PG",
    "lr, decay",
    """
p = P[at_P + i]
g = G[at_G + i]
if decay != ZERO:
    g = g + decay * p
P[at_P + i] = p - lr * g
""",
)


def _source(formula: tuple[str, str, str], slots: int) -> str:
    letters, numbers, lines = formula
    arguments = []
    for k in range(slots):
        arguments += [f"count{k}", *(f"{letter}{k}, at_{letter}{k}" for letter in letters)]
    text = [f"def kernel({', '.join(arguments)}, {numbers}):"]
    text += ["    first = cuda.grid(1)", "    size = cuda.gridsize(1)"]
    for k in range(slots):
        own = lines
        for letter in letters:
            own = own.replace(f"at_{letter} ", f"at_{letter}{k} ").replace(f"{letter}[", f"{letter}{k}[")
        text += [f"    if cuda.blockIdx.y == {k}:", f"        for i in range(first, count{k}, size):"]
        text += [f"            {line}" for line in own.strip().splitlines()]
    return "\n".join(text)


@functools.cache
def _kernel(formula: tuple[str, str, str], slots: int, kind: Any) -> Any:
    names = {**functions(), "ZERO": kind(0)}
    exec(compile(_source(formula, slots), "<cuda kernel: step>", "exec"), names)
    return compiled(names["kernel"])


def _step(formula: tuple[str, str, str], columns: tuple[list[Any], ...], *numbers: Any) -> Any:
    params, grads, *memories = columns
    grads = [by_rows(g) if g.__class__ is DeviceArray else g for g in grads]  # a gradient may lie in any order
    rows = list(zip(params, grads, *memories, strict=True))
    kind = rows[0][0].dtype
    alike = all(
        a.__class__ is DeviceArray and a.dtype == kind and a.shape == arrays[0].shape and a.flags.c_contiguous
        for arrays in rows
        for a in arrays
    )
    if not alike or kind not in (np.float32, np.float64):
        return NotImplemented
    rows = [arrays for arrays in rows if arrays[0].size]
    for at in range(0, len(rows), SLOTS[-1]):
        several = rows[at : at + SLOTS[-1]]
        slots = next(n for n in SLOTS if n >= len(several))
        places: list[Any] = []
        for k in range(slots):
            arrays = several[min(k, len(several) - 1)]
            places.append(arrays[0].size if k < len(several) else 0)
            for a in arrays:
                places += [a.block.typed(kind), a.offset // a.itemsize]
        blocks, threads = grid_for(max(arrays[0].size for arrays in several))
        launch(_kernel(formula, slots, kind.type), (blocks, len(several)), threads, *places, *numbers)
    return None


def adam_step(params: list[Any], grads: list[Any], means: list[Any], squares: list[Any], *rest: Any) -> Any:
    """A step of Adam for each parameter, in place; None if done, which that of amsgrad is not.

    `rest`: the largest squares so far, for amsgrad; then the step's number, lr, betas, eps, decay and whether that is
    decoupled.
    """
    *largest, number, lr, betas, eps, decay, decoupled = rest
    if largest:
        return NotImplemented
    numbers = adam_numbers(number, lr, betas, eps, decay, decoupled)
    return _step(_ADAM, (params, grads, means, squares), *map(params[0].dtype.type, numbers))


def sgd_step(params: list[Any], grads: list[Any], *rest: Any) -> Any:
    """A step of gradient descent for each parameter, in place; None if done.

    `rest`: the velocities, if there is momentum; then lr, momentum, dampening, decay and whether it is Nesterov's.
    """
    *velocities, lr, momentum, dampening, decay, nesterov = rest
    kind = params[0].dtype.type
    if not velocities:
        return _step(_PLAIN, (params, grads), kind(lr), kind(decay))
    numbers = map(kind, (lr, momentum, 1 - dampening, decay))
    return _step(_MOMENTUM, (params, grads, *velocities), *numbers, bool(nesterov))
