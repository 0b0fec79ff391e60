"""The normal distribution, and two that are made of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tinygrad_edu.distributions import constraints
from tinygrad_edu.distributions.distribution import Elementwise, Located
from tinygrad_edu.tensors.draws import randn
from tinygrad_edu.tensors.functions import where
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["HalfNormal", "LogNormal", "Normal"]

_HALF_LOG_TURN = 0.5 * math.log(2 * math.pi)


class Normal(Located):
    """``exp(-((x - loc) / scale)² / 2) / (scale * sqrt(2 pi))``.

    Raises:
        ValueError: `scale` is not positive.

    >>> import tinygrad_edu as tg
    >>> d = Normal(0.0, 2.0); d, d.variance, d.log_prob(tg.tensor(0.0))
    (Normal(loc: 0.0, scale: 2.0), tensor(4.), tensor(-1.6121))
    """

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def stddev(self) -> Tensor:
        return self.scale

    @property
    def variance(self) -> Tensor:
        return self.scale**2

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        noise = randn(self._extended_shape(sample_shape), dtype=self.loc.dtype, device=self.loc.device)
        return self.loc + noise * self.scale

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        return -((value - self.loc) ** 2) / (2 * self.scale**2) - self.scale.log() - _HALF_LOG_TURN

    def cdf(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        return 0.5 * (1 + ((value - self.loc) * self.scale.reciprocal() / math.sqrt(2)).erf())

    def icdf(self, value: Tensor) -> Tensor:
        return self.loc + self.scale * (2 * value - 1).erfinv() * math.sqrt(2)

    def entropy(self) -> Tensor:
        return 0.5 + _HALF_LOG_TURN + self.scale.log() + self.loc * 0


class LogNormal(Located):
    """exp of a normal number."""

    support: Any = constraints.positive

    @property
    def _base(self) -> Normal:
        return Normal(self.loc, self.scale, validate_args=False)

    @property
    def mean(self) -> Tensor:
        return (self.loc + self.scale**2 / 2).exp()

    @property
    def mode(self) -> Tensor:
        return (self.loc - self.scale**2).exp()

    @property
    def variance(self) -> Tensor:
        square = self.scale**2
        return square.expm1() * (2 * self.loc + square).exp()

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return self._base.rsample(sample_shape).exp()

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        grown = value.log()
        return self._base.log_prob(grown) - grown

    def cdf(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        return self._base.cdf(value.log())

    def icdf(self, value: Tensor) -> Tensor:
        return self._base.icdf(value).exp()

    def entropy(self) -> Tensor:
        return self._base.entropy() + self.loc


class HalfNormal(Elementwise):
    """The absolute value of a normal number with mean 0."""

    arg_constraints: Any = {"scale": constraints.positive}
    support: Any = constraints.nonnegative
    has_rsample = True
    scale: Tensor

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, scale=scale)

    @property
    def _base(self) -> Normal:
        return Normal(self.scale * 0, self.scale, validate_args=False)

    @property
    def mean(self) -> Tensor:
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def mode(self) -> Tensor:
        return self.scale * 0

    @property
    def variance(self) -> Tensor:
        return self.scale**2 * (1 - 2 / math.pi)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return self._base.rsample(sample_shape).abs()

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        return where(value >= 0, self._base.log_prob(value) + math.log(2), -math.inf)

    def cdf(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        return 2 * self._base.cdf(value) - 1

    def icdf(self, value: Tensor) -> Tensor:
        return self._base.icdf((value + 1) / 2)

    def entropy(self) -> Tensor:
        return self._base.entropy() - math.log(2)
