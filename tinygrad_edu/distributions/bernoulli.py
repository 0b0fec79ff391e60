"""One of two outcomes: a coin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tinygrad_edu.distributions import constraints
from tinygrad_edu.distributions.odds import BinaryOdds
from tinygrad_edu.distributions.utils import softplus
from tinygrad_edu.tensors import sampling
from tinygrad_edu.tensors.device import device_of
from tinygrad_edu.tensors.functions import where
from tinygrad_edu.tensors.sequences import arange
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["Bernoulli"]


class Bernoulli(BinaryOdds):
    """1 with probability `probs`, else 0; `logits` is the logarithm of the odds, of which one is given.

    Raises:
        ValueError: both or neither are given, or a probability is not in [0, 1].

    >>> import tinygrad_edu as tg
    >>> d = Bernoulli(tg.tensor([0.25, 0.5])); d.entropy(), d.log_prob(tg.tensor([1.0, 0.0]))
    (tensor([0.5623, 0.6931]), tensor([-1.3863, -0.6931]))
    """

    arg_constraints: Any = {"probs": constraints.unit_interval, "logits": constraints.real}
    support: Any = constraints.boolean
    has_enumerate_support = True

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        super().__init__(self._take(probs, logits).shape, (), validate_args)

    @property
    def mean(self) -> Tensor:
        return self.probs

    @property
    def mode(self) -> Tensor:
        likelier = (self.probs >= 0.5).to(self.probs.dtype)
        return where(self.probs.eq(0.5), math.nan, likelier).to(self.probs.dtype)

    @property
    def variance(self) -> Tensor:
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape, probs = self._extended_shape(sample_shape), self.probs._data
        return Tensor._wrap(sampling.bernoulli(None, probs, shape, probs.dtype, device_of(probs)))

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        return value * self.logits - softplus(self.logits)

    def entropy(self) -> Tensor:
        return softplus(self.logits) - self.probs * self.logits

    def enumerate_support(self, expand: bool = True) -> Tensor:
        values = arange(2, dtype=self._param.dtype, device=self._param.device).reshape(
            -1, *(1,) * len(self._batch_shape)
        )
        return values.expand((-1, *self._batch_shape)) if expand else values
