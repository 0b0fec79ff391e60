"""One of several outcomes, as a vector that is 1 there and 0 elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygrad_edu.distributions import constraints
from tinygrad_edu.distributions.categorical import Categorical
from tinygrad_edu.distributions.odds import Odds
from tinygrad_edu.tensors.creation import eye
from tinygrad_edu.tensors.sequences import arange
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["OneHotCategorical", "OneHotCategoricalStraightThrough"]


class OneHotCategorical(Odds):
    """A :class:`Categorical` whose outcomes are rows of the identity matrix: events of shape (K,)."""

    arg_constraints: Any = Categorical.arg_constraints
    support: Any = constraints.one_hot
    has_enumerate_support = True

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        given = self._take(probs, logits)
        super().__init__(given.shape[:-1], given.shape[-1:], validate_args)

    @property
    def _categorical(self) -> Categorical:
        return Categorical(**{"probs" if "probs" in self.__dict__ else "logits": self._param}, validate_args=False)

    @property
    def mean(self) -> Tensor:
        return self.probs

    @property
    def mode(self) -> Tensor:
        return self._rows(self.probs.argmax(-1))

    @property
    def variance(self) -> Tensor:
        return self.probs * (1 - self.probs)

    def _rows(self, indices: Tensor) -> Tensor:
        places = arange(self._event_shape[0], device=indices.device)
        return indices.unsqueeze(-1).eq(places).to(self._param.dtype)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return self._rows(self._categorical.sample(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        return self._categorical.log_prob(value.argmax(-1))

    def entropy(self) -> Tensor:
        return self._categorical.entropy()

    def enumerate_support(self, expand: bool = True) -> Tensor:
        size = self._event_shape[0]
        values = eye(size, dtype=self._param.dtype, device=self._param.device).reshape(
            size, *(1,) * len(self._batch_shape), size
        )
        return values.expand((size, *self._batch_shape, size)) if expand else values


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """Samples whose gradient is that of the probabilities (Bengio et al., 2013)."""

    has_rsample = True

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return self.sample(sample_shape) + (self.probs - self.probs.detach())
