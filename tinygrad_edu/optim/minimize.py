"""Minimize a function of one Tensor: the loop of backward, step and watching the value, written once.

Also the table of the optimizers that go by a name, with the learning rate each begins with.
"""

from __future__ import annotations

import difflib
import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.engine.modes import enable_grad
from tinygrad_edu.errors import GradError, OptimizerError
from tinygrad_edu.optim.adadelta import Adadelta
from tinygrad_edu.optim.adagrad import Adagrad
from tinygrad_edu.optim.adam import Adam, AdamW
from tinygrad_edu.optim.lbfgs import LBFGS
from tinygrad_edu.optim.nadam import NAdam
from tinygrad_edu.optim.optimizer import Array, Optimizer
from tinygrad_edu.optim.radam import RAdam
from tinygrad_edu.optim.rmsprop import RMSprop
from tinygrad_edu.optim.sgd import SGD
from tinygrad_edu.tensors.dtype import float32, float64
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["OPTIMIZERS", "MinimizeResult", "NamedOptimizer", "find_optimizer", "minimize"]


class NamedOptimizer(NamedTuple):
    """An entry of OPTIMIZERS: the class, the options that make it what its name says, and a learning rate."""

    cls: Callable[..., Optimizer]
    lr: float
    options: Mapping[str, Any] = {}

    def accepts(self, option: str) -> bool:
        """Whether the optimizer has an option of this name (``momentum`` is one of SGD and RMSprop only)."""
        return option in inspect.signature(self.cls).parameters


OPTIMIZERS: dict[str, NamedOptimizer] = {
    # With these rates each has f <= 1e-3 after 1000 steps on f = (1 - x1)² + 5 (x2 - x1²)² from (-1, 1).
    "sgd": NamedOptimizer(SGD, 0.01),
    "momentum": NamedOptimizer(SGD, 0.005, {"momentum": 0.9}),
    "nesterov": NamedOptimizer(SGD, 0.005, {"momentum": 0.9, "nesterov": True}),
    "adagrad": NamedOptimizer(Adagrad, 0.5),
    "rmsprop": NamedOptimizer(RMSprop, 0.003),  # more: it rattles around the minimum; less: it does not arrive
    "adadelta": NamedOptimizer(Adadelta, 0.52),  # its steps grow on their own: above 0.6 they overshoot
    "adam": NamedOptimizer(Adam, 0.05),
    "adamw": NamedOptimizer(AdamW, 0.05),  # its decay holds it a little short of the minimum at any rate
    "nadam": NamedOptimizer(NAdam, 0.02),
    "radam": NamedOptimizer(RAdam, 0.05),
    # One direction a step, so that its path can be watched, and a search for how far to go. When to stop is for
    # minimize to say: by its own tolerance LBFGS would rest a little short of the minimum.
    "lbfgs": NamedOptimizer(
        LBFGS, 1.0, {"max_iter": 1, "max_eval": 25, "tolerance_change": 0.0, "line_search_fn": "strong_wolfe"}
    ),
}
"""The optimizers by name, as the command line offers them."""


@dataclass(frozen=True)
class MinimizeResult:
    """What :func:`minimize` found and how it got there. With n updates done, and x of shape S:

    >>> from tinygrad_edu.optim import minimize
    >>> result = minimize(lambda x: (x ** 2).sum(), [3.0, 4.0], "sgd", lr=0.25, steps=3)
    >>> result.trajectory.tolist()
    [[3.0, 4.0], [1.5, 2.0], [0.75, 1.0], [0.375, 0.5]]
    >>> result.status, result.steps, result.value
    ('max_steps', 3, 0.390625)
    """

    x: Tensor
    """The last point, shape S."""
    value: float
    """The function's value there."""
    grad: Tensor
    """The gradient there, shape S."""
    trajectory: Array = field(repr=False)
    """The points before each update, and the last one: shape (n + 1, *S)."""
    values: Array = field(repr=False)
    """The function's values at these points: shape (n + 1,), float64."""
    status: str
    """"converged" (gradient norm at most `tol`), "max_steps", "stopped" (by the callback), or "diverged"."""
    steps: int
    """How many updates were done; if diverged, the last of them led to where numbers are not finite."""
    lr: float
    """The learning rate at the end."""


def find_optimizer(name: str) -> NamedOptimizer:
    """The entry of OPTIMIZERS; an unknown name raises OptimizerError, which gives the nearest.

    >>> find_optimizer("adm")
    Traceback (most recent call last):
    tinygrad_edu.errors.OptimizerError: unknown optimizer 'adm': did you mean 'adam'? There are sgd, \
momentum, nesterov, adagrad, rmsprop, adadelta, adam, adamw, nadam, radam, lbfgs.
    """
    key = name.lower()
    if key in OPTIMIZERS:
        return OPTIMIZERS[key]
    nearest = difflib.get_close_matches(key, OPTIMIZERS, n=1, cutoff=0.5)
    hint = f": did you mean {nearest[0]!r}?" if nearest else "."
    raise OptimizerError(f"unknown optimizer {name!r}{hint} There are {', '.join(OPTIMIZERS)}.")


def minimize(
    fn: Callable[[Tensor], Tensor],
    x0: Any,
    optim: str | type[Optimizer] = "adam",
    lr: float | None = None,
    steps: int = 1000,
    tol: float = 0.0,
    callback: Callable[[int, Array, float, Array, float], Any] | None = None,
    **options: Any,
) -> MinimizeResult:
    """Minimize a function of one Tensor by gradient descent of some kind.

    Args:
        fn: takes a Tensor of x0's shape, returns a Tensor with one element that was computed from it.
        x0: where to begin: numbers, nested lists, an ndarray or a Tensor. float64 arrays and Tensors stay
            float64, all else becomes float32. A Tensor's device is kept. It is copied, never changed.
        optim: a name from OPTIMIZERS, or a subclass of Optimizer.
        lr: the learning rate; None takes the one in OPTIMIZERS (for a class, its own default).
        steps: the most updates to do.
        tol: stop, as "converged", where the gradient's Euclidean norm is at most this; 0 stops where the
            gradient is exactly 0.
        callback: called before each update as ``callback(step, x, value, grad, lr)``: steps counted from 1,
            copies of x and its gradient as ndarrays, and the value at x. Returning True stops, and that
            update is not done.
        options: the optimizer's other options, such as ``momentum=0.9``.

    A value, gradient or point that is not finite ends the run with status "diverged"; it raises nothing.

    Raises:
        OptimizerError: an unknown name or option, or one out of range.
        TypeError: fn returns no Tensor.
        GradError: what fn returns was not computed from x, or has several elements.

    >>> from tinygrad_edu.optim import minimize
    >>> result = minimize(lambda x: ((x - 3) ** 2).sum(), [0.0], "sgd", lr=0.5)
    >>> result.x, result.status, result.steps
    (tensor([3.]), 'converged', 1)
    """
    if not callable(fn) or not (callback is None or callable(callback)):
        name, given = ("fn", fn) if not callable(fn) else ("callback", callback)
        raise TypeError(f"minimize: {name} must be a function, but it is {given!r} ({type(given).__name__}).")
    if isinstance(steps, bool) or not hasattr(steps, "__index__"):
        raise TypeError(f"minimize: steps must be a whole number, but it is {steps!r} ({type(steps).__name__}).")
    if steps < 0 or not tol >= 0:  # `not >=`: nan is refused as well
        raise OptimizerError(f"minimize: steps must be 0 or more and tol 0 or greater, but they are {steps} and {tol}.")
    x = _start(x0)
    optimizer = _build(x, optim, lr, options)
    points, values = [], []
    step = 0
    while True:
        value, gradient = _evaluate(fn, x)
        grad = _on_host(gradient)
        array = _on_host(x)
        points.append(array.copy())
        values.append(value)
        rate = optimizer.param_groups[0]["lr"]
        status = _status(array, value, grad, tol)
        if not status and step == steps:
            status = "max_steps"
        if not status and callback is not None and callback(step + 1, array.copy(), value, grad.copy(), rate):
            status = "stopped"
        if status:
            break
        optimizer.step((lambda: _evaluate(fn, x)[0]) if optimizer.needs_closure else None)
        step += 1
    return MinimizeResult(
        x=x.detach(),
        value=value,
        grad=gradient.detach().clone(),
        trajectory=np.stack(points),
        values=np.array(values),
        status=status,
        steps=step,
        lr=rate,
    )


def _start(x0: Any) -> Tensor:
    """A fresh leaf at x0."""
    if x0 is None:
        raise OptimizerError("minimize: x0 must be numbers, but it is None. Write for instance [-1.0, 1.0].")
    if isinstance(x0, Tensor):
        kept = x0.detach() if x0.dtype is float64 else x0.detach().to(float32)
        return kept.clone().requires_grad_()
    array = np.asarray(x0)
    keep = isinstance(x0, np.ndarray) and array.dtype == np.float64
    try:
        copied = np.array(array, dtype=np.float64 if keep else np.float32)
    except (TypeError, ValueError) as error:
        raise OptimizerError(
            f"minimize: x0 must be numbers, but it is {x0!r}. Write for instance [-1.0, 1.0]."
        ) from error
    return Tensor._wrap(copied).requires_grad_()


def _build(x: Tensor, optim: str | type[Optimizer], lr: float | None, options: dict[str, Any]) -> Optimizer:
    """The optimizer of that name or class for x."""
    if isinstance(optim, str):
        entry, name = find_optimizer(optim), optim
        options = {"lr": entry.lr, **entry.options, **options}
    elif isinstance(optim, type) and issubclass(optim, Optimizer):
        entry, name = NamedOptimizer(optim, 0.0), optim.__name__
    else:
        raise OptimizerError(
            f"minimize: optim must be a name or an optimizer class, but it is {optim!r}. "
            f"The names are {', '.join(OPTIMIZERS)}."
        )
    if lr is not None:
        options = {**options, "lr": lr}
    unknown = [option for option in options if not entry.accepts(option)]
    if unknown:
        known = [option for option in inspect.signature(entry.cls).parameters if option != "params"]
        raise OptimizerError(f"{name} has no option {unknown[0]!r}. Its options are {', '.join(known)}.")
    return entry.cls([x], **options)


def _on_host(x: Tensor) -> Array:
    """The numbers of x where NumPy can look at them: its own memory on the CPU, a copy elsewhere."""
    return x.detach().cpu().numpy()


def _evaluate(fn: Callable[[Tensor], Tensor], x: Tensor) -> tuple[float, Tensor]:
    """The value of fn at x, and its gradient."""
    x.grad = None
    with enable_grad():
        result = fn(x)
    if not isinstance(result, Tensor):
        raise TypeError(
            f"minimize: the function must return a Tensor, but it returned {type(result).__name__}. "
            "Compute with the Tensor it is given, without .item(), float() or NumPy."
        )
    if not result.requires_grad:
        raise GradError(
            "minimize: the function's result does not depend on x, so there is no gradient to follow. "
            "Compute it from the Tensor that the function is given, without detach() or no_grad()."
        )
    if result.numel() != 1:
        raise GradError(
            f"minimize: the function must return one number, but it returned shape {tuple(result.shape)}. "
            "Reduce it, for instance with .sum() or .mean()."
        )
    (result if result.ndim == 0 else result.reshape(())).backward()
    if x.grad is None:
        raise GradError(
            "minimize: backward() did not reach x: the function's result depends on other Tensors only. "
            "Compute it from the Tensor that the function is given."
        )
    return float(result.item()), x.grad


def _status(x: Array, value: float, grad: Array, tol: float) -> str:
    """Whether to stop here and why; "" means to go on."""
    norm = math.hypot(*grad.ravel().tolist())  # hypot scales: large finite entries do not overflow when squared
    if not (math.isfinite(value) and math.isfinite(norm) and np.isfinite(x).all()):
        return "diverged"
    return "converged" if norm <= tol else ""
