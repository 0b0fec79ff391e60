"""The steps of optimizers, each in one pass over memory, all parameters in one launch.

The formulas, and the numbers in them that are the same for all elements, stand in `tinygrad_edu/optim`; those below
compute in the same order, each operation rounded as NumPy rounds it, so that a GPU's bits are the CPU's. p is the
parameter, g the gradient; the other letters are the optimizer's memory. The kernel around them: pieces.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda.pieces import Formula, lying_as, run
from tinygrad_edu.kernels.step_numbers import adam_numbers

__all__ = [
    "adadelta_step", "adagrad_step", "adam_step", "adamax_step", "nadam_step", "radam_step", "rmsprop_step",
    "rprop_step", "sgd_step",
]  # fmt: skip

Arrays = list[Any]

_DECAYED = "if decay != ZERO:\n    g = g + decay * p\n"  # without any, p may be inf and change nothing
_MEAN = "m = m + rate1 * (g - m)\n"
_SQUARE = "s = s * keep2 + rate2 * g * g\n"
_MOMENTS = _DECAYED + _MEAN + _SQUARE

_PLAIN = Formula("pg", "p", "lr decay", _DECAYED + "p = p - lr * g")
_MOMENTUM = Formula(
    "pgv", "pv", "lr momentum rate decay nesterov",
    _DECAYED + "v = v * momentum + rate * g\np = p - lr * (g + momentum * v if nesterov else v)",
)  # fmt: skip
_ADAM = Formula(
    "pgms", "pms", "rate1 keep2 rate2 step root eps decay shrink",
    _MOMENTS + "p = p * shrink - step * (m / (sqrt(s) * root + eps))",
)  # fmt: skip
_AMSGRAD = Formula(
    "pgmst", "pmst", _ADAM.numbers,  # nan stays, as in np.maximum
    _MOMENTS + "t = t if t >= s or t != t else s\np = p * shrink - step * (m / (sqrt(t) * root + eps))",
)  # fmt: skip
_ADAGRAD = Formula("pgs", "ps", "lr eps decay", _DECAYED + "s = s + g * g\np = p - lr * (g / (sqrt(s) + eps))")
_ADADELTA = Formula(
    "pgsu", "psu", "keep2 rate2 lr eps decay",
    _DECAYED + _SQUARE + "d = sqrt(u + eps) / sqrt(s + eps) * g\nu = u * keep2 + rate2 * d * d\np = p - lr * d",
)  # fmt: skip
_ADAMAX = Formula(
    "pgmu", "pmu", "rate1 keep2 step eps decay",
    _DECAYED + _MEAN + "u = u * keep2\nh = abs(g) + eps\nu = u if u >= h or u != u else h\np = p - step * (m / u)",
)  # fmt: skip
_NADAM = Formula(
    "pgms", "pms", "rate1 keep2 rate2 correction now ahead eps decay shrink",
    _MOMENTS + "r = sqrt(s / correction) + eps\np = p * shrink - now * (g / r) - ahead * (m / r)",
)  # fmt: skip
_RADAM = Formula(
    "pgms", "pms", "rate1 keep2 rate2 step eps decay shrink rectified",
    _MOMENTS + "p = p * shrink - step * (m / (sqrt(s) + eps) if rectified else m)",
)  # fmt: skip
_RPROP = Formula(
    "pgbd", "pbd", "less more shortest longest",
    """
l = g * b
d = d * more if l > ZERO else d * less if l < ZERO else d
d = shortest if d < shortest else d  # in this order, as np.clip; nan stays
d = longest if d > longest else d
b = ZERO if l < ZERO else g
p = p - (ONE if b > ZERO else -ONE if b < ZERO else b) * d
""",
)  # fmt: skip


def _rmsprop(centered: bool, momentum: bool) -> Formula:
    middle, spread = ("m = m + rate2 * (g - m)\n", "s - m * m") if centered else ("", "s")
    last = "v = v * momentum + d\np = p - lr * v" if momentum else "p = p - lr * d"
    memory = "s" + "m" * centered + "v" * momentum
    lines = _DECAYED + _SQUARE + middle + f"d = g / (sqrt({spread}) + eps)\n" + last
    return Formula("pg" + memory, "p" + memory, "keep2 rate2 lr eps momentum decay", lines)


_RMSPROP = {(c, m): _rmsprop(c, m) for c in (False, True) for m in (False, True)}


def _stepped(formula: Formula, columns: tuple[Arrays, ...], *numbers: float, flags: tuple[bool, ...] = ()) -> Any:
    params, grads, *memories = columns
    if any(p.dtype != np.float32 and p.dtype != np.float64 for p in params[:1]):
        return NotImplemented
    grads = [lying_as(g, p) for g, p in zip(grads, params, strict=True)]  # a gradient may lie in any order
    return run(formula, (params, grads, *memories), *numbers, flags=flags)


def sgd_step(params: Arrays, grads: Arrays, *rest: Any) -> Any:
    """A step of gradient descent for each parameter, in place; None if done.

    `rest`: the velocities, if there is momentum; then lr, momentum, dampening, decay and whether it is Nesterov's.
    """
    *velocities, lr, momentum, dampening, decay, nesterov = rest
    if not velocities:
        return _stepped(_PLAIN, (params, grads), lr, decay)
    numbers = (lr, momentum, 1 - dampening, decay)
    return _stepped(_MOMENTUM, (params, grads, *velocities), *numbers, flags=(bool(nesterov),))


def adam_step(params: Arrays, grads: Arrays, means: Arrays, squares: Arrays, *rest: Any) -> Any:
    """A step of Adam for each parameter, in place; None if done.

    `rest`: the largest squares so far, for amsgrad; then the step's number, lr, betas, eps, decay and whether that is
    decoupled.
    """
    *largest, number, lr, betas, eps, decay, decoupled = rest
    numbers = adam_numbers(number, lr, betas, eps, decay, decoupled)
    return _stepped(_AMSGRAD if largest else _ADAM, (params, grads, means, squares, *largest), *numbers)


def rmsprop_step(params: Arrays, grads: Arrays, squares: Arrays, *rest: Any) -> Any:
    """A step of RMSprop for each parameter, in place; None if done.

    `rest`: the means, if it is centered; the velocities, if there is momentum; then alpha, lr, eps, momentum, decay and
    whether it is centered.
    """
    *more, alpha, lr, eps, momentum, decay, centered = rest
    formula = _RMSPROP[bool(centered), len(more) > bool(centered)]
    return _stepped(formula, (params, grads, squares, *more), alpha, 1 - alpha, lr, eps, momentum, decay)


def adagrad_step(params: Arrays, grads: Arrays, sums: Arrays, lr: float, eps: float, decay: float) -> Any:
    """A step of Adagrad for each parameter, in place, with the learning rate of this step; None if done."""
    return _stepped(_ADAGRAD, (params, grads, sums), lr, eps, decay)


def adadelta_step(
    params: Arrays, grads: Arrays, squares: Arrays, past_steps: Arrays, rho: float, lr: float, eps: float, decay: float
) -> Any:
    """A step of Adadelta for each parameter, in place; None if done."""
    return _stepped(_ADADELTA, (params, grads, squares, past_steps), rho, 1 - rho, lr, eps, decay)


def adamax_step(
    params: Arrays, grads: Arrays, means: Arrays, largest: Arrays,
    betas: tuple[float, float], step_size: float, eps: float, decay: float,
) -> Any:  # fmt: skip
    """A step of Adamax for each parameter, in place, with the step size corrected for this step; None if done."""
    return _stepped(_ADAMAX, (params, grads, means, largest), 1 - betas[0], betas[1], step_size, eps, decay)


def nadam_step(
    params: Arrays, grads: Arrays, means: Arrays, squares: Arrays, products: Arrays, betas: tuple[float, float],
    correction: float, rates: tuple[float, float], product: float, eps: float, decay: float, shrink: float,
) -> Any:  # fmt: skip
    """A step of NAdam for each parameter, in place; None if done.

    `rates`: of the gradient now, and of the momentum that comes; `product`: what `products`, a number of the CPU for
    each parameter, become.
    """
    beta1, beta2 = betas
    numbers = (1 - beta1, beta2, 1 - beta2, correction, *rates, eps, decay, shrink)
    done = _stepped(_NADAM, (params, grads, means, squares), *numbers)
    if done is None:
        for each in products:
            each[()] = product
    return done


def radam_step(
    params: Arrays, grads: Arrays, means: Arrays, squares: Arrays,
    betas: tuple[float, float], step_size: float, rectified: bool, eps: float, decay: float, shrink: float,
) -> Any:  # fmt: skip
    """A step of RAdam for each parameter, in place, with the step size of this step; None if done."""
    beta1, beta2 = betas
    numbers = (1 - beta1, beta2, 1 - beta2, step_size, eps, decay, shrink)
    return _stepped(_RADAM, (params, grads, means, squares), *numbers, flags=(bool(rectified),))


def rprop_step(
    params: Arrays, grads: Arrays, previous: Arrays, sizes: Arrays,
    etas: tuple[float, float], step_sizes: tuple[float, float],
) -> Any:  # fmt: skip
    """A step of Rprop for each parameter, in place; None if done."""
    return _stepped(_RPROP, (params, grads, previous, sizes), *etas, *step_sizes)
