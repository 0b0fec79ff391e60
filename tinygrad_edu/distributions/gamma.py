"""The sum of exponentials, continued to any number of them; and what is made of it: chi-squared, beta, Dirichlet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.distributions import constraints
from tinygrad_edu.distributions.distribution import Distribution, Elementwise
from tinygrad_edu.distributions.draws import gamma
from tinygrad_edu.tensors.functions import stack
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["Beta", "Chi2", "Dirichlet", "Gamma"]


def _drawn(concentration: Tensor, shape: tuple[int, ...]) -> Any:
    """Gamma numbers, which are never 0."""
    kind = concentration._data.dtype
    return np.maximum(gamma(concentration._data, shape).astype(kind), np.finfo(kind).tiny)


class Gamma(Elementwise):
    """``rate ** a * x ** (a - 1) * exp(-rate * x) / gamma(a)`` with the concentration a.

    Samples have no gradient: `rsample` is an error that says so.
    """

    arg_constraints: Any = {"concentration": constraints.positive, "rate": constraints.positive}
    support: Any = constraints.nonnegative
    concentration: Tensor
    rate: Tensor

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, concentration=concentration, rate=rate)

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.rate

    @property
    def mode(self) -> Tensor:
        return ((self.concentration - 1) / self.rate).clamp(min=0)

    @property
    def variance(self) -> Tensor:
        return self.concentration / self.rate**2

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        drawn = _drawn(self.concentration, tuple(self._extended_shape(sample_shape)))
        return Tensor._wrap(drawn) / self.rate.detach()

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        a, rate = self.concentration, self.rate
        return a.xlogy(rate) + (a - 1).xlogy(value) - rate * value - a.lgamma()

    def entropy(self) -> Tensor:
        a = self.concentration
        return a - self.rate.log() + a.lgamma() + (1 - a) * a.digamma()


class Chi2(Gamma):
    """The sum of `df` squares of normal numbers."""

    arg_constraints: Any = {"df": constraints.positive}

    def __init__(self, df: Any, validate_args: bool | None = None) -> None:
        super().__init__(0.5 * df, 0.5, validate_args)
        self.df = self.concentration * 2

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Chi2:
        return Chi2(self.df.expand((*batch_shape,)), validate_args=False)


class Dirichlet(Distribution):
    """Probabilities: ``product of x_k ** (a_k - 1)``, normalised, for concentrations (..., K); events (K,)."""

    arg_constraints: Any = {"concentration": constraints.independent(constraints.positive, 1)}
    support: Any = constraints.simplex

    def __init__(self, concentration: Tensor, validate_args: bool | None = None) -> None:
        if concentration.ndim < 1:
            raise ValueError("`concentration` parameter must be at least one-dimensional.")
        self.concentration = concentration
        super().__init__(concentration.shape[:-1], concentration.shape[-1:], validate_args)

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.concentration.sum(-1, keepdim=True)

    @property
    def variance(self) -> Tensor:
        total, mean = self.concentration.sum(-1, keepdim=True), self.mean
        return mean * (1 - mean) / (total + 1)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        drawn = _drawn(self.concentration, tuple(self._extended_shape(sample_shape)))
        return Tensor._wrap(drawn / drawn.sum(-1, keepdims=True))

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        a = self.concentration
        return (a - 1).xlogy(value).sum(-1) + a.sum(-1).lgamma() - a.lgamma().sum(-1)

    def entropy(self) -> Tensor:
        a = self.concentration
        total, kinds = a.sum(-1), a.shape[-1]
        beta = a.lgamma().sum(-1) - total.lgamma()
        return beta - (kinds - total) * total.digamma() - ((a - 1.0) * a.digamma()).sum(-1)


class Beta(Elementwise):
    """A probability: ``x ** (a - 1) * (1 - x) ** (b - 1)``, normalised."""

    arg_constraints: Any = {"concentration1": constraints.positive, "concentration0": constraints.positive}
    support: Any = constraints.unit_interval
    concentration1: Tensor
    concentration0: Tensor

    def __init__(self, concentration1: Any, concentration0: Any, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, concentration1=concentration1, concentration0=concentration0)

    @property
    def _dirichlet(self) -> Dirichlet:
        return Dirichlet(stack([self.concentration1, self.concentration0], -1), validate_args=False)

    @property
    def mean(self) -> Tensor:
        return self.concentration1 / (self.concentration1 + self.concentration0)

    @property
    def variance(self) -> Tensor:
        total = self.concentration1 + self.concentration0
        return self.concentration1 * self.concentration0 / (total**2 * (total + 1))

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return self._dirichlet.sample(sample_shape)[..., 0]

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        return self._dirichlet.log_prob(stack([value, 1.0 - value], -1))

    def entropy(self) -> Tensor:
        return self._dirichlet.entropy()
