"""The sum of exponentials, continued to any number of them; and what is made of it: chi-squared, beta, Dirichlet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.distributions import constraints
from tinygrad_edu.distributions.distribution import Distribution, Elementwise
from tinygrad_edu.distributions.draws import gamma
from tinygrad_edu.distributions.pathwise import gamma_slope
from tinygrad_edu.engine.modes import recording
from tinygrad_edu.ops.paths import standard_gamma
from tinygrad_edu.tensors.composed import apply
from tinygrad_edu.tensors.functions import stack
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["Beta", "Chi2", "Dirichlet", "Gamma"]


def _drawn(concentration: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Gamma numbers of rate 1, which are never 0 and move with their concentrations."""
    a = concentration.expand(shape)
    kind = a._data.dtype
    drawn = np.maximum(gamma(a._data, shape).astype(kind), np.finfo(kind).tiny)
    if not (recording() and a.requires_grad):
        return Tensor._wrap(drawn)
    slope = gamma_slope(a._data, drawn).astype(kind).reshape(shape)
    return apply(standard_gamma, a, params=(drawn, slope))


class Gamma(Elementwise):
    """``rate ** a * x ** (a - 1) * exp(-rate * x) / gamma(a)`` with the concentration a.

    Samples move with both parameters (Figurnov et al., Implicit Reparameterization Gradients, 2018).

    >>> import tinygrad_edu as torch
    >>> a = torch.tensor(2.0, requires_grad=True)
    >>> Gamma(a, 1.0).rsample().backward()
    >>> bool(a.grad > 0)
    True
    """

    has_rsample = True

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

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return _drawn(self.concentration, tuple(self._extended_shape(sample_shape))) / self.rate

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
    """Probabilities: ``product of x_k ** (a_k - 1)``, normalised, for concentrations (..., K); events (K,).

    A sample is K gamma numbers divided by their sum, and its gradient is theirs. PyTorch's `rsample` has another one
    with the same mean.
    """

    has_rsample = True
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

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        drawn = _drawn(self.concentration, tuple(self._extended_shape(sample_shape)))
        return drawn / drawn.sum(-1, keepdim=True)

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
    """A probability: ``x ** (a - 1) * (1 - x) ** (b - 1)``, normalised; the first of the two shares of a Dirichlet."""

    has_rsample = True
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

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return self._dirichlet.rsample(sample_shape)[..., 0]

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        return self._dirichlet.log_prob(stack([value, 1.0 - value], -1))

    def entropy(self) -> Tensor:
        return self._dirichlet.entropy()
