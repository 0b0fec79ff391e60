"""Stochastic gradient descent: a step against the gradient, with or without momentum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_edu.errors import OptimizerError
from tinygrad_edu.optim.optimizer import Array, FusedInputs, Optimizer, State, buffer

__all__ = ["SGD"]


class SGD(Optimizer):
    r"""Stochastic gradient descent, optionally with momentum.

    With gradient g (plus ``weight_decay`` · θ), velocity v and learning rate lr::

        v ← momentum · v + (1 − dampening) · g        (v ← g at the first step)
        θ ← θ − lr · v                                 or, with ``nesterov``, θ − lr · (g + momentum · v)

    Without momentum, v is g. The velocity is in units of the gradient: the learning rate multiplies it at the
    moment of the step (Sutskever et al. put it into v; the two differ where lr changes on the way).

    Sources: H. Robbins, S. Monro, "A stochastic approximation method", 1951; B. Polyak, "Some methods of
    speeding up the convergence of iteration methods", 1964; I. Sutskever, J. Martens, G. Dahl, G. Hinton, "On
    the importance of initialization and momentum in deep learning", 2013 (Nesterov's form). Defaults are
    PyTorch's. `foreach` and `fused` are accepted and change nothing.

    >>> import tinygrad_edu as tg
    >>> x = tg.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = tg.optim.SGD([x], lr=0.1)
    >>> (x ** 2).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([ 0.8000, -1.6000], requires_grad=True)
    """

    checked = ("lr", "momentum", "weight_decay")
    elementwise = True
    kernel = "sgd_step"

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def _check(self, options: dict[str, Any]) -> None:
        super()._check(options)
        if options["nesterov"] and (options["momentum"] <= 0 or options["dampening"] != 0):
            raise OptimizerError(
                "SGD: Nesterov momentum requires a momentum and zero dampening, but momentum is "
                f"{options['momentum']} and dampening {options['dampening']}. momentum=0.9 is usual."
            )

    def update(self, param: Array, grad: Array, state: State, group: dict[str, Any]) -> None:
        momentum = group["momentum"]
        if group["weight_decay"]:
            grad = grad + group["weight_decay"] * param
        if momentum:
            velocity = state.get("momentum_buffer")
            if velocity is None:
                velocity = state["momentum_buffer"] = np.copy(grad)  # a copy: the gradient will be overwritten
            else:
                velocity *= momentum
                velocity += (1 - group["dampening"]) * grad
            grad = grad + momentum * velocity if group["nesterov"] else velocity
        # Two roundings. A fused multiply-add, rounding once, would give other last digits in float32.
        param -= group["lr"] * grad

    def fused_inputs(self, param: Array, state: State, group: dict[str, Any]) -> FusedInputs | None:
        # The first step takes the gradient as the velocity, whole.
        dampening = group["dampening"] if "momentum_buffer" in state else 0.0
        options = (group["lr"], group["momentum"], dampening, group["weight_decay"], group["nesterov"])
        return ((buffer(state, "momentum_buffer", param),) if group["momentum"] else ()), options
