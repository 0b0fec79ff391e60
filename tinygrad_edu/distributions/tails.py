"""Two distributions with tails of their own: Cauchy's, which has no mean, and that of the greatest of many numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tinygrad_edu.distributions.distribution import Located
from tinygrad_edu.tensors.draws import rand
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["Cauchy", "Gumbel"]


class _Drawn(Located):
    """One that draws by the inverse of its distribution function."""

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        share = rand(self._extended_shape(sample_shape), dtype=self.loc.dtype, device=self.loc.device)
        kind = np.finfo(share._data.dtype)
        return self.icdf(share.clamp(float(kind.tiny), 1 - float(kind.epsneg)))


class Cauchy(_Drawn):
    """``1 / (pi * scale * (1 + ((x - loc) / scale)²))``: its mean is nan, its variance inf."""

    @property
    def mean(self) -> Tensor:
        return self.loc.new_full(self.loc.shape, math.nan)

    @property
    def variance(self) -> Tensor:
        return self.loc.new_full(self.loc.shape, math.inf)

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        return -math.log(math.pi) - self.scale.log() - (((value - self.loc) / self.scale) ** 2).log1p()

    def cdf(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        return ((value - self.loc) / self.scale).atan() / math.pi + 0.5

    def icdf(self, value: Tensor) -> Tensor:
        return (math.pi * (value - 0.5)).tan() * self.scale + self.loc

    def entropy(self) -> Tensor:
        return math.log(4 * math.pi) + self.scale.log()


class Gumbel(_Drawn):
    """``exp(-(z + exp(-z))) / scale`` with ``z = (x - loc) / scale``: how the greatest of many numbers falls."""

    @property
    def mean(self) -> Tensor:
        return self.loc + self.scale * float(np.euler_gamma)

    @property
    def stddev(self) -> Tensor:
        return math.pi / math.sqrt(6) * self.scale

    @property
    def variance(self) -> Tensor:
        return self.stddev**2

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        z = (self.loc - value) / self.scale
        return z - z.exp() - self.scale.log()

    def cdf(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        return (-((self.loc - value) / self.scale).exp()).exp()

    def icdf(self, value: Tensor) -> Tensor:
        return self.loc - self.scale * (-value.log()).log()

    def entropy(self) -> Tensor:
        return self.scale.log() + (1 + float(np.euler_gamma))
