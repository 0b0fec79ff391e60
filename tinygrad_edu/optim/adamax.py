"""Adamax: Adam with the largest recent gradient in place of the root of the averaged square."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_edu.optim.optimizer import Array, FusedInputs, Optimizer, State, buffer, coming, count

__all__ = ["Adamax"]


class Adamax(Optimizer):
    r"""Adamax: Adam with the maximum norm.

    With gradient g (plus ``weight_decay`` · θ), (β₁, β₂) = ``betas``, at step t = 1, 2, ...::

        m ← β₁ · m + (1 − β₁) · g
        u ← max(β₂ · u, |g| + eps)                    a maximum that fades
        θ ← θ − lr / (1 − β₁ᵗ) · m / u

    Source: D. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 2. Defaults
    are PyTorch's. `foreach` is accepted and changes nothing.

    >>> import tinygrad_edu as tg
    >>> x = tg.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = tg.optim.Adamax([x], lr=0.1)
    >>> (x ** 2).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([ 0.9000, -1.9000], requires_grad=True)
    """

    checked = ("lr", "eps", "betas", "weight_decay")
    elementwise = True
    kernel = "adamax_step"

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def update(self, param: Array, grad: Array, state: State, group: dict[str, Any]) -> None:
        beta1, beta2 = group["betas"]
        step = count(state)
        mean, largest = buffer(state, "exp_avg", param), buffer(state, "exp_inf", param)
        if group["weight_decay"]:
            grad = grad + group["weight_decay"] * param
        mean += (1 - beta1) * (grad - mean)
        largest *= beta2
        np.maximum(largest, np.abs(grad) + group["eps"], out=largest)
        param -= group["lr"] / (1 - beta1**step) * (mean / largest)

    def fused_inputs(self, param: Array, state: State, group: dict[str, Any]) -> FusedInputs | None:
        betas = tuple(group["betas"])
        step_size = group["lr"] / (1 - betas[0] ** coming(state))
        memory = buffer(state, "exp_avg", param), buffer(state, "exp_inf", param)
        return memory, (betas, step_size, group["eps"], group["weight_decay"])
