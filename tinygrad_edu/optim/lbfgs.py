"""L-BFGS: Newton's direction from a short memory of how the gradient changed along the last steps."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import enable_grad
from tinygrad_edu.errors import LineSearchError, OptimizerError
from tinygrad_edu.optim.line_search import Probe, strong_wolfe
from tinygrad_edu.optim.optimizer import Array, Optimizer
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["LBFGS"]


class LBFGS(Optimizer):
    r"""Limited-memory BFGS, for smooth functions without noise.

    It remembers up to ``history_size`` pairs of a step s and the change y of the gradient over it. They
    define an approximation H of the inverse second derivative, and the direction is −H · g, computed by going
    through the pairs backwards and forwards without ever forming H. With ``line_search_fn="strong_wolfe"``
    the length of the step is searched for, with None it is lr (the first time, lr / ‖g‖₁ if that is shorter).

    One call of :meth:`step` does up to ``max_iter`` such iterations and evaluates the function up to
    ``max_eval`` times (by default 1.25 · max_iter). It ends early where the largest entry of the gradient is
    at most ``tolerance_grad``, or the step's largest entry or the change of the value is below
    ``tolerance_change``. All parameters form one group.

    Source: J. Nocedal, "Updating quasi-Newton matrices with limited storage", 1980; J. Nocedal, S. Wright,
    "Numerical optimization", 2006, algorithms 7.4 and 7.5. Defaults are PyTorch's.

    >>> import tinygrad_edu as tg
    >>> x = tg.tensor([-1.0, 1.0], requires_grad=True)
    >>> optimizer = tg.optim.LBFGS([x], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (1 - x[0]) ** 2 + 5 * (x[1] - x[0] ** 2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(closure).item()
    4.0
    >>> x
    tensor([1.0000, 1.0000], requires_grad=True)
    """

    checked = ("lr",)
    needs_closure = True

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Accepts the first group only."""
        if self.param_groups:
            raise OptimizerError(
                "LBFGS doesn't support per-parameter options (parameter groups): it treats all parameters as "
                "one vector. Pass them in one list."
            )
        super().add_param_group(param_group)

    def _check(self, options: dict[str, Any]) -> None:
        super()._check(options)
        if options["line_search_fn"] not in (None, "strong_wolfe"):
            raise LineSearchError(
                "LBFGS: only 'strong_wolfe' is supported, but line_search_fn is "
                f"{options['line_search_fn']!r}. Take 'strong_wolfe', or None for steps of length lr."
            )

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Iterate. `closure` clears the gradients, computes the loss and its gradients, and returns the loss.

        Returns the loss before the step.
        """
        if closure is None:
            raise TypeError(
                "LBFGS.step() needs a closure, because it evaluates the function several times: a function "
                "that calls zero_grad(), computes the loss, calls its backward() and returns it."
            )
        with np.errstate(all="ignore"):
            return self._iterate(closure)

    def _iterate(self, closure: Callable[[], Any]) -> Any:
        group = self.param_groups[0]
        tolerance_change = group["tolerance_change"]
        # One state for all parameters, kept with the first of them as in PyTorch.
        state = self.state[group["params"][0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)

        with enable_grad():
            first_loss = closure()
        value, grad, calls = float(first_loss), self._gradient(), 1
        state["func_evals"] += 1
        if _largest(grad) <= group["tolerance_grad"]:
            return first_loss

        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            direction = _direction(state, grad, group["history_size"])
            before = value
            length = group["lr"]
            if state["n_iter"] == 1:  # nothing is known about the scale yet
                length *= min(1.0, 1.0 / float(np.abs(grad).sum()))
            state.update(d=Tensor._wrap(direction), t=length, prev_flat_grad=Tensor._wrap(grad), prev_loss=before)
            slope = float(grad @ direction)
            if slope > -tolerance_change:
                break
            origin, used = self._point(), 0
            phi = functools.partial(self._probe, closure, origin, direction)
            if group["line_search_fn"]:
                found, used = strong_wolfe(
                    phi,
                    Probe(0.0, value, slope, grad),
                    length,
                    largest=_largest(direction),
                    max_probes=group["max_eval"] - calls,
                    tolerance_change=tolerance_change,
                )
                length, value, grad = found.t, found.value, found.grad
                self._place(origin + length * direction)
            else:
                self._place(origin + length * direction)
                if iteration < group["max_iter"]:  # the last point is evaluated by the next step's first call
                    probe = phi(length)
                    value, grad, used = probe.value, probe.grad, 1
            state["t"] = length
            calls += used
            state["func_evals"] += used
            if (
                calls >= group["max_eval"]
                or _largest(grad) <= group["tolerance_grad"]
                or length * _largest(direction) <= tolerance_change
                or abs(value - before) < tolerance_change
            ):
                break
        return first_loss

    def _probe(self, closure: Callable[[], Any], origin: Array, direction: Array, t: float) -> Probe:
        """The function at origin + t · direction, where the parameters are left."""
        self._place(origin + t * direction)
        with enable_grad():
            value = float(closure())
        grad = self._gradient()
        return Probe(t, value, float(grad @ direction), grad)

    def _gradient(self) -> Array:
        """All gradients as one new vector; zeros where a parameter has none."""
        parts = [
            np.zeros(param.numel(), param._array().dtype) if param.grad is None else param.grad._array().ravel()
            for param in self.param_groups[0]["params"]
        ]
        return np.concatenate(parts)

    def _point(self) -> Array:
        """All parameters as one new vector."""
        return np.concatenate([param._array().ravel() for param in self.param_groups[0]["params"]])

    def _place(self, point: Array) -> None:
        """Write a vector into the parameters."""
        begin = 0
        for param in self.param_groups[0]["params"]:
            array = param._array()
            array[...] = point[begin : begin + array.size].reshape(array.shape)
            begin += array.size
            param._counter[0] += 1

    def _load_entries(self, param: Tensor, entries: dict[str, Any]) -> dict[str, Any]:
        return copy.deepcopy(entries)  # vectors over all parameters, lists and numbers


def _largest(vector: Array) -> float:
    return float(np.abs(vector).max(initial=0.0))


def _direction(state: dict[str, Any], grad: Array, history_size: int) -> Array:
    """−H · grad, after adding the last step to the memory (Nocedal and Wright, algorithm 7.4)."""
    if state["n_iter"] == 1:
        state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1.0)
        return -grad
    change = grad - state["prev_flat_grad"]._array()
    step = state["d"]._array() * state["t"]
    curvature = float(change @ step)
    if curvature > 1e-10:  # else H would lose its positive definiteness: forget this pair
        if len(state["old_dirs"]) == history_size:
            for memory in ("old_dirs", "old_stps", "ro"):
                state[memory].pop(0)
        state["old_dirs"].append(Tensor._wrap(change))
        state["old_stps"].append(Tensor._wrap(step))
        state["ro"].append(1.0 / curvature)
        state["H_diag"] = curvature / float(change @ change)
    changes = [tensor._array() for tensor in state["old_dirs"]]
    steps = [tensor._array() for tensor in state["old_stps"]]
    direction = -grad
    weights = []
    for y, s, inverse in zip(changes[::-1], steps[::-1], state["ro"][::-1], strict=True):
        weights.append(float(s @ direction) * inverse)
        direction -= weights[-1] * y
    direction *= state["H_diag"]
    for y, s, inverse, weight in zip(changes, steps, state["ro"], weights[::-1], strict=True):
        direction += (weight - float(y @ direction) * inverse) * s
    return direction
