"""Adagrad: each coordinate's steps shrink with the squares of all gradients it has seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_edu.optim.optimizer import Array, FusedInputs, Optimizer, State, buffer, coming, count

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    r"""Adagrad: a learning rate per coordinate, from the sum of its squared gradients.

    With gradient g (plus ``weight_decay`` · θ), at step t = 1, 2, ...::

        s ← s + g²                                    (s begins at ``initial_accumulator_value``)
        θ ← θ − lr / (1 + (t − 1) · lr_decay) · g / (√s + eps)

    The sum never falls, so the steps only get shorter: good for sparse gradients, soon too slow for others.

    Source: J. Duchi, E. Hazan, Y. Singer, "Adaptive subgradient methods for online learning and stochastic
    optimization", JMLR 12, 2011. Defaults are PyTorch's. `foreach` and `fused` are accepted and change
    nothing.

    >>> import tinygrad_edu as tg
    >>> x = tg.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = tg.optim.Adagrad([x], lr=0.1)
    >>> (x ** 2).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([ 0.9000, -1.9000], requires_grad=True)
    """

    checked = ("lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps")
    elementwise = True
    kernel = "adagrad_step"

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def update(self, param: Array, grad: Array, state: State, group: dict[str, Any]) -> None:
        step = count(state)
        total = buffer(state, "sum", param, fill=group["initial_accumulator_value"])
        if group["weight_decay"]:
            grad = grad + group["weight_decay"] * param
        total += grad * grad
        param -= _rate(step, group) * (grad / (np.sqrt(total) + group["eps"]))

    def fused_inputs(self, param: Array, state: State, group: dict[str, Any]) -> FusedInputs | None:
        rate = _rate(coming(state), group)
        total = buffer(state, "sum", param, fill=group["initial_accumulator_value"])
        return (total,), (rate, group["eps"], group["weight_decay"])


def _rate(step: float, group: dict[str, Any]) -> float:
    """The learning rate of this step."""
    rate: float = group["lr"] / (1 + (step - 1) * group["lr_decay"])
    return rate
