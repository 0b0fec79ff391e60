"""Adadelta: steps measured in units of the parameter itself, so that they need no learning rate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_edu.optim.optimizer import Array, FusedInputs, Optimizer, State, buffer, coming, count

__all__ = ["Adadelta"]


class Adadelta(Optimizer):
    r"""Adadelta: the ratio of two running averages, of steps and of gradients, sets the length of a step.

    With gradient g (plus ``weight_decay`` · θ)::

        v ← rho · v + (1 − rho) · g²
        Δ = √(u + eps) / √(v + eps) · g
        u ← rho · u + (1 − rho) · Δ²
        θ ← θ − lr · Δ

    The average u begins at 0, so the first steps have a length of about √eps, one thousandth by default, and
    grow from there: slow to start, and lr is not the length of a step.

    Source: M. Zeiler, "ADADELTA: an adaptive learning rate method", 2012. Defaults are PyTorch's. `foreach`
    is accepted and changes nothing.

    >>> import tinygrad_edu as tg
    >>> x = tg.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = tg.optim.Adadelta([x])
    >>> (x ** 2).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([ 0.9968, -1.9968], requires_grad=True)
    """

    checked = ("lr", "rho", "eps", "weight_decay")
    elementwise = True
    kernel = "adadelta_step"

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def update(self, param: Array, grad: Array, state: State, group: dict[str, Any]) -> None:
        rho, eps = group["rho"], group["eps"]
        count(state)  # the formula does not need the number, but PyTorch's state has it
        square, past_steps = buffer(state, "square_avg", param), buffer(state, "acc_delta", param)
        if group["weight_decay"]:
            grad = grad + group["weight_decay"] * param
        square *= rho
        square += (1 - rho) * grad * grad
        delta = np.sqrt(past_steps + eps) / np.sqrt(square + eps) * grad
        past_steps *= rho
        past_steps += (1 - rho) * delta * delta
        param -= group["lr"] * delta

    def fused_inputs(self, param: Array, state: State, group: dict[str, Any]) -> FusedInputs | None:
        coming(state)
        options = tuple([group[name] for name in ("rho", "lr", "eps", "weight_decay")])
        return (buffer(state, "square_avg", param), buffer(state, "acc_delta", param)), options
