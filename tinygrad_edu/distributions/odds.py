"""Parameters that are given as probabilities or as their logarithms, one of the two; the other follows when read."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.distributions.distribution import Distribution
from tinygrad_edu.distributions.utils import broadcast_all, lazy_property, logits_to_probs, probs_to_logits
from tinygrad_edu.tensors.size import Size
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["BinaryOdds", "Odds", "one_of"]


def one_of(probs: Any, logits: Any) -> None:
    """Refuse both and neither."""
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")


class BinaryOdds(Distribution):
    """One number for each of a batch: the probability of success, or the logarithm of its odds."""

    def _take(self, probs: Any, logits: Any) -> Tensor:
        one_of(probs, logits)
        (given,) = broadcast_all(logits if probs is None else probs)
        if probs is None:
            self.logits = given
        else:
            self.probs = given
        return given

    @property
    def _param(self) -> Tensor:
        """What was given."""
        return self.probs if "probs" in self.__dict__ else self.logits

    @property
    def param_shape(self) -> Size:
        """The shape of the parameter."""
        return self._param.shape

    @lazy_property
    def probs(self) -> Tensor:
        """The probability of success."""
        return logits_to_probs(self.logits, is_binary=True)

    @lazy_property
    def logits(self) -> Tensor:
        """The logarithm of the odds."""
        return probs_to_logits(self.probs, is_binary=True)


class Odds(Distribution):
    """A row of numbers: weights of the outcomes (made probabilities here), or their logarithms."""

    def _take(self, probs: Any, logits: Any) -> Tensor:
        one_of(probs, logits)
        given = logits if probs is None else probs
        if given.ndim < 1:
            raise ValueError(f"`{'logits' if probs is None else 'probs'}` parameter must be at least one-dimensional.")
        if probs is None:
            self.logits = given - given.logsumexp(-1, keepdim=True)
        else:
            self.probs = given / given.sum(-1, keepdim=True)
        return given

    @property
    def _param(self) -> Tensor:
        """What was given, normalised."""
        return self.probs if "probs" in self.__dict__ else self.logits

    @property
    def param_shape(self) -> Size:
        """The shape of the parameter."""
        return self._param.shape

    @lazy_property
    def probs(self) -> Tensor:
        """The probabilities of the outcomes: they add up to 1."""
        return logits_to_probs(self.logits)

    @lazy_property
    def logits(self) -> Tensor:
        """The logarithms of the probabilities."""
        return probs_to_logits(self.probs)
