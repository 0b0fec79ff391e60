"""Parameters made Tensors of one shape, and probabilities and their logarithms turned into each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import enable_grad
from tinygrad_edu.tensors.data import default_float
from tinygrad_edu.tensors.functions import functional
from tinygrad_edu.tensors.parts import broadcast_tensors
from tinygrad_edu.tensors.placing import beside
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["broadcast_all", "clamp_probs", "lazy_property", "logits_to_probs", "probs_to_logits", "softplus"]

logaddexp: Any = functional("logaddexp")


def broadcast_all(*values: Any) -> tuple[Tensor, ...]:
    """Numbers and Tensors as Tensors of one shape; numbers take the type of the Tensors, or the default one.

    Raises:
        ValueError: something is neither.
    """
    if not all(isinstance(value, (int, float, Tensor, np.number)) for value in values):
        raise ValueError(
            "Input arguments must all be instances of Number, torch.Tensor or objects implementing "
            f"__torch_function__, got {', '.join(type(value).__name__ for value in values)}"
        )
    kind = next((v._data.dtype for v in values if isinstance(v, Tensor) and v.is_floating_point()), default_float())
    like = next((v for v in values if isinstance(v, Tensor)), None)
    found = [v if isinstance(v, Tensor) else _number(v, kind, like) for v in values]
    if all(value.shape == found[0].shape for value in found):
        return tuple(found)
    return broadcast_tensors(*found)


def _number(value: Any, kind: Any, like: Tensor | None) -> Tensor:
    """A Tensor without dimensions, on the device of another."""
    made = np.asarray(value, kind)
    return Tensor._wrap(made) if like is None else beside(made, like)


def softplus(x: Tensor) -> Tensor:
    """``log(1 + exp(x))``."""
    found: Tensor = logaddexp(x, 0.0)
    return found


def clamp_probs(probs: Tensor) -> Tensor:
    """Probabilities moved off 0 and 1 by the smallest step at 1, so that their logarithms are finite."""
    eps = float(np.finfo(probs._data.dtype).eps)
    return probs.clamp(eps, 1 - eps)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    """Logarithms of probabilities; for one of two outcomes, of the odds."""
    kept = clamp_probs(probs)
    return kept.log() - (-kept).log1p() if is_binary else kept.log()


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Tensor:
    """The way back: the softmax along the last dimension; for one of two outcomes, the sigmoid."""
    return logits.sigmoid() if is_binary else logits.softmax(-1)


class lazy_property:  # noqa: N801 - a decorator, and PyTorch's name for it
    """An attribute that is computed when it is first read, and kept."""

    def __init__(self, compute: Callable[[Any], Tensor]) -> None:
        self.compute = compute
        self.__doc__ = compute.__doc__

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        with enable_grad():
            value = self.compute(instance)
        instance.__dict__[self.compute.__name__] = value
        return value
