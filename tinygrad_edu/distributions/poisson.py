"""How often something happens in a time in which it is always equally likely."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygrad_edu.distributions import constraints
from tinygrad_edu.distributions.distribution import Elementwise
from tinygrad_edu.distributions.draws import poisson
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["Poisson"]


class Poisson(Elementwise):
    """``rate ** k * exp(-rate) / k!`` for k = 0, 1, 2, ..."""

    arg_constraints: Any = {"rate": constraints.nonnegative}
    support: Any = constraints.nonnegative_integer
    rate: Tensor

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, rate=rate)

    @property
    def mean(self) -> Tensor:
        return self.rate

    @property
    def mode(self) -> Tensor:
        return self.rate.floor()

    @property
    def variance(self) -> Tensor:
        return self.rate

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        rate = self.rate._data
        return Tensor._wrap(poisson(rate, tuple(self._extended_shape(sample_shape))).astype(rate.dtype))

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        return value.xlogy(self.rate) - self.rate - (value + 1).lgamma()
