"""How many times a coin fails before it succeeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.distributions import constraints
from tinygrad_edu.distributions.odds import BinaryOdds
from tinygrad_edu.distributions.utils import softplus
from tinygrad_edu.tensors import sampling
from tinygrad_edu.tensors.device import device_of
from tinygrad_edu.tensors.functions import where
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["Geometric"]


class Geometric(BinaryOdds):
    """``(1 - probs) ** k * probs`` for k = 0, 1, 2, ...

    Raises:
        ValueError: both or neither of `probs` and `logits` are given, or a probability is not in (0, 1].
    """

    arg_constraints: Any = {"probs": constraints.unit_interval, "logits": constraints.real}
    support: Any = constraints.nonnegative_integer

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        super().__init__(self._take(probs, logits).shape, (), validate_args)
        if self._validate_args and "probs" in self.__dict__ and not bool((self.probs > 0).all()):
            raise ValueError(
                f"Expected parameter probs (Tensor of shape {tuple(self.probs.shape)}) of distribution {self!r} to be "
                f"positive but found invalid values:\n{self.probs}"
            )

    @property
    def mean(self) -> Tensor:
        return 1.0 / self.probs - 1.0

    @property
    def mode(self) -> Tensor:
        return self.probs * 0

    @property
    def variance(self) -> Tensor:
        return (1.0 / self.probs - 1.0) / self.probs

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape, probs = self._extended_shape(sample_shape), self.probs._data
        share = 1 - sampling.uniform(None, shape, np.dtype(np.float64), place=device_of(probs))  # never 0
        with np.errstate(divide="ignore"):  # where success is certain
            found = np.floor(np.log(share) / np.log1p(-probs.astype(np.float64)))
        return Tensor._wrap(np.abs(found).astype(probs.dtype))

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        failed = value.ne(0)
        safe = where(failed, self.probs, 0.5)  # nothing failed: 0, also where success is certain
        return where(failed, value * (-safe).log1p(), 0.0) + self.probs.log()

    def entropy(self) -> Tensor:
        return (softplus(self.logits) - self.probs * self.logits) / self.probs
