"""An exponential to both sides."""

from __future__ import annotations

from collections.abc import Sequence

from tinygrad_edu.distributions.distribution import Located
from tinygrad_edu.tensors.draws import rand
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["Laplace"]


class Laplace(Located):
    """``exp(-|x - loc| / scale) / (2 * scale)``."""

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def stddev(self) -> Tensor:
        return 2**0.5 * self.scale

    @property
    def variance(self) -> Tensor:
        return 2 * self.scale**2

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return self.icdf(
            1 - rand(self._extended_shape(sample_shape), dtype=self.loc.dtype, device=self.loc.device)
        )  # never 0

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        return -(2 * self.scale).log() - (value - self.loc).abs() / self.scale

    def cdf(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        apart = value - self.loc
        return 0.5 - 0.5 * apart.sign() * (-apart.abs() / self.scale).expm1()

    def icdf(self, value: Tensor) -> Tensor:
        term = value - 0.5
        return self.loc - self.scale * term.sign() * (-2 * term.abs()).clamp(min=-1 + 1e-16).log1p()

    def entropy(self) -> Tensor:
        return 1 + (2 * self.scale).log()
