"""All numbers of an interval equally likely."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygrad_edu.distributions import constraints
from tinygrad_edu.distributions.distribution import Elementwise
from tinygrad_edu.tensors.draws import rand
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["Uniform"]


class Uniform(Elementwise):
    """``1 / (high - low)`` from `low` to `high`, else 0.

    Raises:
        ValueError: `low` is not less than `high`.

    >>> Uniform(0.0, 4.0).mean, Uniform(0.0, 4.0).entropy()
    (tensor(2.), tensor(1.3863))
    """

    has_rsample = True
    low: Tensor
    high: Tensor

    def __init__(self, low: Any, high: Any, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, low=low, high=high)

    @property
    def arg_constraints(self) -> Any:
        """`low` is below `high`."""
        return {"low": constraints.less_than(self.high), "high": constraints.greater_than(self.low)}

    @property
    def support(self) -> Any:
        """From low to high."""
        return constraints.interval(self.low, self.high)

    @property
    def mean(self) -> Tensor:
        return (self.high + self.low) / 2

    @property
    def stddev(self) -> Tensor:
        return (self.high - self.low) / 12**0.5

    @property
    def variance(self) -> Tensor:
        return (self.high - self.low) ** 2 / 12

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        share = rand(self._extended_shape(sample_shape), dtype=self.low.dtype, device=self.low.device)
        return self.low + share * (self.high - self.low)

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        inside = (self.low <= value).logical_and(self.high > value).to(self.low.dtype)
        return inside.log() - (self.high - self.low).log()

    def cdf(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        return ((value - self.low) / (self.high - self.low)).clamp(0, 1)

    def icdf(self, value: Tensor) -> Tensor:
        return value * (self.high - self.low) + self.low

    def entropy(self) -> Tensor:
        return (self.high - self.low).log()
