"""RMSprop: the gradient divided by the root of a running average of its square."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_edu.optim.optimizer import Array, FusedInputs, Optimizer, State, buffer, coming, count

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    r"""RMSprop: Adagrad with a memory that fades, so that the steps do not die out.

    With gradient g (plus ``weight_decay`` · θ)::

        v ← alpha · v + (1 − alpha) · g²
        m ← alpha · m + (1 − alpha) · g               if ``centered``; then v − m² replaces v below
        b ← momentum · b + g / (√v + eps)
        θ ← θ − lr · b                                 (without momentum, b is the quotient itself)

    Near a minimum the quotient keeps a size of about 1, so the steps keep a length of about lr: it rattles
    there unless lr falls.

    Sources: G. Hinton, "Neural networks for machine learning", lecture 6e, 2012; A. Graves, "Generating
    sequences with recurrent neural networks", 2013 (the centered form). Defaults are PyTorch's. `foreach` is
    accepted and changes nothing.

    >>> import tinygrad_edu as tg
    >>> x = tg.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = tg.optim.RMSprop([x], lr=0.01)
    >>> (x ** 2).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([ 0.9000, -1.9000], requires_grad=True)
    """

    checked = ("lr", "eps", "momentum", "weight_decay", "alpha")
    elementwise = True
    kernel = "rmsprop_step"

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def update(self, param: Array, grad: Array, state: State, group: dict[str, Any]) -> None:
        alpha, momentum = group["alpha"], group["momentum"]
        count(state)  # the formula does not need the number, but PyTorch's state has it
        square = buffer(state, "square_avg", param)
        if group["weight_decay"]:
            grad = grad + group["weight_decay"] * param
        square *= alpha
        square += (1 - alpha) * grad * grad
        variance: Array = square
        if group["centered"]:
            mean = buffer(state, "grad_avg", param)
            mean += (1 - alpha) * (grad - mean)
            variance = square - mean * mean
        direction = grad / (np.sqrt(variance) + group["eps"])
        if momentum:
            velocity = buffer(state, "momentum_buffer", param)
            velocity *= momentum
            velocity += direction
            direction = velocity
        param -= group["lr"] * direction

    def fused_inputs(self, param: Array, state: State, group: dict[str, Any]) -> FusedInputs | None:
        names = ["square_avg", *["grad_avg"] * bool(group["centered"]), *["momentum_buffer"] * bool(group["momentum"])]
        coming(state)
        options = tuple([group[name] for name in ("alpha", "lr", "eps", "momentum", "weight_decay", "centered")])
        return tuple([buffer(state, name, param) for name in names]), options
