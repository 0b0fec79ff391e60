"""How many of a number of coins succeed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.distributions import constraints
from tinygrad_edu.distributions.draws import binomial
from tinygrad_edu.distributions.odds import BinaryOdds, one_of
from tinygrad_edu.distributions.utils import broadcast_all, softplus
from tinygrad_edu.tensors.sequences import arange
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["Binomial"]


class Binomial(BinaryOdds):
    """``n! / (k! (n - k)!) * p ** k * (1 - p) ** (n - k)`` for k = 0 to n = `total_count`.

    Raises:
        ValueError: both or neither of `probs` and `logits` are given, or one is out of its range.
    """

    arg_constraints: Any = {
        "total_count": constraints.nonnegative_integer,
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    has_enumerate_support = True

    def __init__(
        self, total_count: Any = 1, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        one_of(probs, logits)
        self.total_count, given = broadcast_all(total_count, logits if probs is None else probs)
        self.total_count = self.total_count.to(given.dtype)
        self._take(given if logits is None else None, given if probs is None else None)
        super().__init__(given.shape, (), validate_args)

    @property
    def support(self) -> Any:
        """0 to `total_count`."""
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self) -> Tensor:
        return self.total_count * self.probs

    @property
    def mode(self) -> Tensor:
        return ((self.total_count + 1) * self.probs).floor().minimum(self.total_count)

    @property
    def variance(self) -> Tensor:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape, probs = self._extended_shape(sample_shape), self.probs._data
        return Tensor._wrap(binomial(self.total_count._data, probs, tuple(shape)).astype(probs.dtype))

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        n = self.total_count
        ways = (n + 1).lgamma() - (value + 1).lgamma() - (n - value + 1).lgamma()
        return ways + value * self.logits - n * softplus(self.logits)

    def _count(self) -> int:
        counts = np.unique(self.total_count._data)
        if counts.size != 1:
            raise NotImplementedError("Inhomogeneous total count not supported by `entropy` and `enumerate_support`.")
        return int(counts[0])

    def entropy(self) -> Tensor:
        self._count()
        log_prob = self.log_prob(self.enumerate_support(expand=False))
        return -(log_prob.exp() * log_prob).sum(0)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        values = arange(1 + self._count(), dtype=self._param.dtype, device=self._param.device).reshape(
            -1, *(1,) * len(self._batch_shape)
        )
        return values.expand((-1, *self._batch_shape)) if expand else values
