"""The numbers of an optimizer's step that do not depend on the element, for every compiled version of it alike."""

from __future__ import annotations

import math

__all__ = ["adam_numbers", "decays"]


def adam_numbers(
    number: float, lr: float, betas: tuple[float, float], eps: float, decay: float, decoupled: bool
) -> tuple[float, ...]:
    """Of step `number` of Adam: 1 - beta1, beta2, 1 - beta2, the step size, what the root is multiplied by, eps, decay
    and shrinkage.

    The corrections for starting at zero join the step size and the root, as they do in `tinygrad_edu/optim/adam.py`.

    >>> adam_numbers(1.0, 0.1, (0.5, 0.75), 1e-8, 0.25, True)
    (0.5, 0.75, 0.25, 0.2, 2.0, 1e-08, 0.0, 0.975)
    """
    beta1, beta2 = betas
    decay, shrink = decays(lr, decay, decoupled)
    step, root = lr / (1 - beta1**number), 1 / math.sqrt(1 - beta2**number)
    return 1 - beta1, beta2, 1 - beta2, step, root, eps, decay, shrink


def decays(lr: float, decay: float, decoupled: bool) -> tuple[float, float]:
    """What of the parameter is added to the gradient, and what it is multiplied by before the step.

    Decoupled decay shrinks the parameter and leaves the gradient as it is.
    """
    return (0.0, 1 - lr * decay) if decoupled else (decay, 1.0)
