"""Adam and AdamW: momentum over the root of the averaged square, both corrected for starting at zero."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_edu.optim.optimizer import Array, FusedInputs, Optimizer, State, buffer, coming, count

__all__ = ["Adam", "AdamW"]


class Adam(Optimizer):
    r"""Adam: adaptive moment estimation.

    With gradient g, (β₁, β₂) = ``betas``, at step t = 1, 2, ...::

        m ← β₁ · m + (1 − β₁) · g                     first moment: where to
        v ← β₂ · v + (1 − β₂) · g²                    second moment: how large the gradients are
        θ ← θ − lr · m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + eps)

    The divisions by 1 − βᵗ undo the pull towards the zeros that m and v began with, so the very first step
    already has the length lr. ``amsgrad`` uses the largest v so far, so that steps cannot grow again.
    ``weight_decay`` is added to the gradient as weight_decay · θ (L2 regularisation), or, with
    ``decoupled_weight_decay``, shrinks the parameter directly (see :class:`AdamW`).

    Sources: D. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1; S. Reddi,
    S. Kale, S. Kumar, "On the convergence of Adam and beyond", ICLR 2018 (amsgrad). Defaults are PyTorch's.
    `foreach` and `fused` are accepted and change nothing.

    >>> import tinygrad_edu as tg
    >>> x = tg.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = tg.optim.Adam([x], lr=0.1)
    >>> (x ** 2).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([ 0.9000, -1.9000], requires_grad=True)
    """

    checked = ("lr", "eps", "betas", "weight_decay")
    elementwise = True
    kernel = "adam_step"

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
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
        if group["amsgrad"]:
            largest = buffer(state, "max_exp_avg_sq", param)
            np.maximum(largest, square, out=largest)
            square = largest
        # The two corrections are numbers: they join the step size and the root instead of new arrays.
        root = np.sqrt(square)
        root *= 1 / math.sqrt(1 - beta2**step)
        root += group["eps"]
        param -= lr / (1 - beta1**step) * (mean / root)

    def fused_inputs(self, param: Array, state: State, group: dict[str, Any]) -> FusedInputs | None:
        names = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq") if group["amsgrad"] else ("exp_avg", "exp_avg_sq")
        number, betas = coming(state), tuple(group["betas"])
        options = (group["lr"], betas, group["eps"], group["weight_decay"], group["decoupled_weight_decay"])
        return tuple([buffer(state, name, param) for name in names]), (number, *options)


class AdamW(Adam):
    r"""AdamW: Adam whose weight decay acts on the parameter, not through the gradient's averages.

    Before Adam's step (with the plain gradient) every parameter is pulled towards 0::

        θ ← θ − lr · weight_decay · θ

    The pull does not end at the minimum of the loss: with the default ``weight_decay`` of 0.01 the result
    stays a little closer to 0 than that minimum.

    Source: I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", ICLR 2019. Defaults are
    PyTorch's.

    >>> import tinygrad_edu as tg
    >>> x = tg.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = tg.optim.AdamW([x], lr=0.1, weight_decay=0.5)
    >>> (x ** 2).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([ 0.8500, -1.8000], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )
