"""How often each of several outcomes comes up in a number of draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.distributions import constraints
from tinygrad_edu.distributions.binomial import Binomial
from tinygrad_edu.distributions.categorical import Categorical
from tinygrad_edu.distributions.odds import Odds
from tinygrad_edu.tensors.functions import where
from tinygrad_edu.tensors.parts import broadcast_tensors
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["Multinomial"]


class Multinomial(Odds):
    """Counts (..., K) of `total_count` draws in proportion to weights (..., K).

    Raises:
        NotImplementedError: `total_count` is no integer; ValueError: as for :class:`Categorical`.
    """

    arg_constraints: Any = Categorical.arg_constraints

    def __init__(
        self, total_count: int = 1, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        if not isinstance(total_count, int):
            raise NotImplementedError("inhomogeneous total_count is not supported")
        self.total_count = total_count
        given = self._take(probs, logits)
        super().__init__(given.shape[:-1], given.shape[-1:], validate_args)

    def __repr__(self) -> str:
        return "Multinomial()"

    @property
    def support(self) -> Any:
        """Counts of at most `total_count` in sum."""
        return constraints.multinomial(self.total_count)

    @property
    def mean(self) -> Tensor:
        return self.probs * self.total_count

    @property
    def variance(self) -> Tensor:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        die = Categorical(probs=self.probs, validate_args=False)
        drawn = die.sample((self.total_count, *sample_shape))._data
        kinds = [np.count_nonzero(drawn == k, axis=0) for k in range(self._event_shape[0])]
        return Tensor._wrap(np.stack(kinds, -1).astype(self._param._data.dtype))

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        logits, value = broadcast_tensors(self.logits, value)
        impossible = value.eq(0).logical_and(logits.isinf())
        powers = (where(impossible, 0.0, logits) * value).sum(-1)
        return (value.sum(-1) + 1).lgamma() - (value + 1).lgamma().sum(-1) + powers

    def entropy(self) -> Tensor:
        n = float(self.total_count)
        counts = Binomial(self.total_count, self.probs, validate_args=False)
        values = counts.enumerate_support(expand=False)[1:]
        spread = (counts.log_prob(values).exp() * (values + 1).lgamma()).sum((0, -1))
        die = Categorical(probs=self.probs, validate_args=False)
        return n * die.entropy() - (values.new_tensor(n) + 1).lgamma() + spread
