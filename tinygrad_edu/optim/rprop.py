"""Rprop: only the gradient's sign counts; each coordinate learns its own step from whether the sign lasts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_edu.errors import OptimizerError
from tinygrad_edu.optim.optimizer import Array, FusedInputs, Optimizer, State, buffer, coming, count

__all__ = ["Rprop"]


class Rprop(Optimizer):
    r"""Rprop: resilient backpropagation, for full batches.

    With gradient g, the one before it g', (η₋, η₊) = ``etas``, for each coordinate::

        g · g' > 0:  Δ ← η₊ · Δ                        the sign lasted: dare more
        g · g' < 0:  Δ ← η₋ · Δ,  g ← 0                it turned: less, and wait for one step
        θ ← θ − sign(g) · Δ

    Δ begins at lr, and stays within ``step_sizes``.

    Source: M. Riedmiller, H. Braun, "A direct adaptive method for faster backpropagation learning: the RPROP
    algorithm", 1993. Defaults are PyTorch's. `foreach` is accepted and changes nothing.

    >>> import tinygrad_edu as tg
    >>> x = tg.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = tg.optim.Rprop([x], lr=0.1)
    >>> (x ** 2).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([ 0.9000, -1.9000], requires_grad=True)
    """

    checked = ("lr",)
    elementwise = True
    kernel = "rprop_step"

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _check(self, options: dict[str, Any]) -> None:
        super()._check(options)
        less, more = options["etas"]
        if not 0 < less < 1 < more:
            raise OptimizerError(
                f"Invalid eta values: {less}, {more}. Rprop needs the first between 0 and 1 and the second "
                "above 1. (0.5, 1.2) is usual."
            )

    def update(self, param: Array, grad: Array, state: State, group: dict[str, Any]) -> None:
        (less, more), (shortest, longest) = group["etas"], group["step_sizes"]
        count(state)  # the formula does not need the number, but PyTorch's state has it
        previous = buffer(state, "prev", param)
        size = buffer(state, "step_size", param, fill=group["lr"])
        lasted = grad * previous
        turned = lasted < 0
        size[lasted > 0] *= more
        size[turned] *= less
        np.clip(size, shortest, longest, out=size)
        previous[...] = grad
        previous[turned] = 0
        param -= np.sign(previous) * size

    def fused_inputs(self, param: Array, state: State, group: dict[str, Any]) -> FusedInputs | None:
        coming(state)
        memory = buffer(state, "prev", param), buffer(state, "step_size", param, fill=group["lr"])
        return memory, (tuple(group["etas"]), tuple(group["step_sizes"]))
