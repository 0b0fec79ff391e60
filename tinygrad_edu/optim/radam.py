"""RAdam: Adam that waits with dividing by the second moment until enough gradients have been seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_edu.kernels.step_numbers import decays
from tinygrad_edu.optim.optimizer import Array, FusedInputs, Optimizer, State, buffer, coming, count

__all__ = ["RAdam"]


class RAdam(Optimizer):
    r"""RAdam: Adam with a rectified adaptive learning rate.

    With gradient g, (β₁, β₂) = ``betas``, at step t = 1, 2, ...::

        m ← β₁ · m + (1 − β₁) · g
        v ← β₂ · v + (1 − β₂) · g²
        ρ∞ = 2 / (1 − β₂) − 1
        ρₜ = ρ∞ − 2 · t · β₂ᵗ / (1 − β₂ᵗ)             how many gradients v rests on
        θ ← θ − lr · m / (1 − β₁ᵗ)                    while ρₜ ≤ 5: momentum only; after that times
            √( (ρₜ−4)(ρₜ−2)ρ∞ / ((ρ∞−4)(ρ∞−2)ρₜ) ) · √(1 − β₂ᵗ) / (√v + eps)

    The first steps thus have the gradient's size, not the length lr: a warm-up of its own making.
    ``weight_decay`` is added to the gradient as weight_decay · θ, or, with ``decoupled_weight_decay``,
    shrinks the parameter directly as AdamW does.

    Source: L. Liu et al., "On the variance of the adaptive learning rate and beyond", ICLR 2020, algorithm 2.
    Defaults are PyTorch's. `foreach` is accepted and changes nothing.

    >>> import tinygrad_edu as tg
    >>> x = tg.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = tg.optim.RAdam([x], lr=0.1)
    >>> (x ** 2).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([ 0.8000, -1.6000], requires_grad=True)
    """

    checked = ("lr", "eps", "betas", "weight_decay")
    elementwise = True
    kernel = "radam_step"

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def update(self, param: Array, grad: Array, state: State, group: dict[str, Any]) -> None:
        lr, (beta1, beta2), decay = group["lr"], group["betas"], group["weight_decay"]
        step = count(state)
        mean, square = buffer(state, "exp_avg", param), buffer(state, "exp_avg_sq", param)
        if decay:
            if group["decoupled_weight_decay"]:
                param *= 1 - lr * decay
            else:
                grad = grad + decay * param
        mean += (1 - beta1) * (grad - mean)
        square *= beta2
        square += (1 - beta2) * grad * grad
        step_size, rectified = _step_size(step, group)
        if rectified:
            param -= step_size * (mean / (np.sqrt(square) + group["eps"]))
        else:
            param -= step_size * mean

    def fused_inputs(self, param: Array, state: State, group: dict[str, Any]) -> FusedInputs | None:
        decay, shrink = decays(group["lr"], group["weight_decay"], group["decoupled_weight_decay"])
        numbers = (*_step_size(coming(state), group), group["eps"], decay, shrink)
        memory = buffer(state, "exp_avg", param), buffer(state, "exp_avg_sq", param)
        return memory, (tuple(group["betas"]), *numbers)


def _step_size(step: float, group: dict[str, Any]) -> tuple[float, bool]:
    """What the direction is multiplied by, and whether that is m / (√v + eps) already, or still m alone."""
    beta1, beta2 = group["betas"]
    correction2 = 1 - beta2**step
    longest = 2 / (1 - beta2) - 1
    length = longest - 2 * step * beta2**step / correction2
    step_size = group["lr"] / (1 - beta1**step)
    if length <= 5:
        return step_size, False
    rectified = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
    return step_size * (rectified * correction2) ** 0.5, True
