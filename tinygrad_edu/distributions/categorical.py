"""One of several outcomes: a die; and how often each comes up when it is thrown many times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.distributions import constraints
from tinygrad_edu.distributions.odds import Odds
from tinygrad_edu.tensors import sampling
from tinygrad_edu.tensors.parts import broadcast_tensors
from tinygrad_edu.tensors.sequences import arange
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["Categorical"]


class Categorical(Odds):
    """The indices 0 to K - 1, in proportion to weights (..., K), or with given logarithms of them.

    Raises:
        ValueError: both or neither of `probs` and `logits` are given, one without dimensions, or a negative weight.

    >>> import tinygrad_edu as tg
    >>> d = Categorical(tg.tensor([1.0, 1.0, 2.0])); d.probs, d.entropy(), d.log_prob(tg.tensor(2))
    (tensor([0.2500, 0.2500, 0.5000]), tensor(1.0397), tensor(-0.6931))
    """

    arg_constraints: Any = {"probs": constraints.simplex, "logits": constraints.real_vector}
    has_enumerate_support = True

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        given = self._take(probs, logits)
        self._num_events = given.shape[-1]
        super().__init__(given.shape[:-1], (), validate_args)

    @property
    def support(self) -> Any:
        """The indices."""
        return constraints.integer_interval(0, self._num_events - 1)

    @property
    def mean(self) -> Tensor:
        return self.probs.sum(-1) * math.nan  # categories are no numbers

    @property
    def mode(self) -> Tensor:
        return self.probs.argmax(-1)

    @property
    def variance(self) -> Tensor:
        return self.mean

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        rows = self.probs._data.reshape(-1, self._num_events)
        count = math.prod(sample_shape)
        shape = tuple(self._extended_shape(sample_shape))
        if not count or not rows.shape[0]:
            return Tensor._wrap(np.zeros(shape, np.int64))
        return Tensor._wrap(sampling.multinomial(None, rows, count, True).T.reshape(shape))

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        chosen, logits = broadcast_tensors(value.long().unsqueeze(-1), self.logits)
        return logits.gather(-1, chosen[..., :1]).squeeze(-1)

    def entropy(self) -> Tensor:
        least = float(np.finfo(self.logits._data.dtype).min)
        return -(self.logits.clamp(min=least) * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        values = arange(self._num_events, device=self._param.device).reshape(-1, *(1,) * len(self._batch_shape))
        return values.expand((-1, *self._batch_shape)) if expand else values
