"""NAdam: Adam that looks one momentum step ahead, as Nesterov's method does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_edu.kernels.step_numbers import decays
from tinygrad_edu.optim.optimizer import Array, FusedInputs, Optimizer, State, buffer, coming, count

__all__ = ["NAdam"]


class NAdam(Optimizer):
    r"""NAdam: Adam with Nesterov momentum.

    With gradient g, (β₁, β₂) = ``betas``, ψ = ``momentum_decay``, at step t = 1, 2, ...::

        μₜ = β₁ · (1 − 0.96^(t · ψ) / 2)              momentum that warms up; Πₜ = μ₁ · μ₂ ··· μₜ
        m ← β₁ · m + (1 − β₁) · g
        v ← β₂ · v + (1 − β₂) · g²
        θ ← θ − lr · ((1 − μₜ) / (1 − Πₜ) · g + μₜ₊₁ / (1 − Πₜ₊₁) · m) / (√(v / (1 − β₂ᵗ)) + eps)

    ``weight_decay`` is added to the gradient as weight_decay · θ, or, with ``decoupled_weight_decay``,
    shrinks the parameter directly as AdamW does.

    Source: T. Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016. Defaults are PyTorch's.
    `foreach` is accepted and changes nothing.

    >>> import tinygrad_edu as tg
    >>> x = tg.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = tg.optim.NAdam([x], lr=0.1)
    >>> (x ** 2).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([ 0.8944, -1.8944], requires_grad=True)
    """

    checked = ("lr", "eps", "betas", "weight_decay", "momentum_decay")
    elementwise = True
    kernel = "nadam_step"

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
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
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def update(self, param: Array, grad: Array, state: State, group: dict[str, Any]) -> None:
        lr, (beta1, beta2), decay = group["lr"], group["betas"], group["weight_decay"]
        step = count(state)
        products = _products(state)
        mean, square = buffer(state, "exp_avg", param), buffer(state, "exp_avg_sq", param)
        if decay:
            if group["decoupled_weight_decay"]:
                param *= 1 - lr * decay
            else:
                grad = grad + decay * param
        product, now, ahead = _rates(step, products, group)
        products[()] = product
        mean += (1 - beta1) * (grad - mean)
        square *= beta2
        square += (1 - beta2) * grad * grad
        root = np.sqrt(square / (1 - beta2**step))
        root += group["eps"]
        param -= now * (grad / root)
        param -= ahead * (mean / root)

    def fused_inputs(self, param: Array, state: State, group: dict[str, Any]) -> FusedInputs | None:
        decay, shrink = decays(group["lr"], group["weight_decay"], group["decoupled_weight_decay"])
        step, betas, products = coming(state), tuple(group["betas"]), _products(state)
        product, *rates = _rates(step, products, group)
        options = (betas, 1 - betas[1] ** step, tuple(rates), product, group["eps"], decay, shrink)
        return (buffer(state, "exp_avg", param), buffer(state, "exp_avg_sq", param), products), options


def _products(state: State) -> Array:
    """Πₜ, in float32 for any parameter, as in PyTorch; made if this is the first step."""
    if "mu_product" not in state:
        state["mu_product"] = np.ones((), np.float32)
    return state["mu_product"]


def _rates(step: float, product: Array, group: dict[str, Any]) -> tuple[float, float, float]:
    """Πₜ, from the one before it; what the gradient now, and the momentum that comes, are multiplied by."""
    lr, beta1, fading = group["lr"], group["betas"][0], group["momentum_decay"]
    mu = beta1 * (1 - 0.5 * 0.96 ** (step * fading))
    mu_next = beta1 * (1 - 0.5 * 0.96 ** ((step + 1) * fading))
    following: float = (product[()] * mu).item()  # rounded to float32, as it is kept
    return following, lr * (1 - mu) / (1 - following), lr * mu_next / (1 - following * mu_next)
