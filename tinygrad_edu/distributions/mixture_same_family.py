"""A mixture: one of several distributions of a kind, chosen by a die."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygrad_edu.distributions import constraints
from tinygrad_edu.distributions.categorical import Categorical
from tinygrad_edu.distributions.distribution import Distribution
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["MixtureSameFamily"]


class MixtureSameFamilyConstraint(constraints.Constraint):
    """A constraint of the components, for values of the mixture."""

    def __init__(self, base_constraint: constraints.Constraint) -> None:
        self._base = base_constraint
        self.event_dim, self.is_discrete = base_constraint.event_dim, base_constraint.is_discrete

    def check(self, value: Tensor) -> Tensor:
        return self._base.check(value.unsqueeze(-1 - self.event_dim)).all(-1)

    def __repr__(self) -> str:
        return f"MixtureSameFamilyConstraint({self._base!r})"


class MixtureSameFamily(Distribution):
    """The last batch dimension of the components is what the die chooses among.

    Raises:
        ValueError: the die is no Categorical, or has not as many sides as there are components.

    >>> import tinygrad_edu as tg
    >>> from tinygrad_edu.distributions import Normal
    >>> two = MixtureSameFamily(Categorical(tg.ones(2)), Normal(tg.tensor([-1.0, 1.0]), 0.5))
    >>> two.mean, two.log_prob(tg.tensor(0.0))
    (tensor(0.), tensor(-2.2258))
    """

    arg_constraints: Any = {}

    def __init__(
        self,
        mixture_distribution: Categorical,
        component_distribution: Distribution,
        validate_args: bool | None = None,
    ) -> None:
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(" The Mixture distribution needs to be an  instance of torch.distributions.Categorical")
        if not isinstance(component_distribution, Distribution):
            raise ValueError(
                "The Component distribution need to be an instance of torch.distributions.Distribution, got "
                f"{type(component_distribution).__name__}"
            )
        batch = component_distribution.batch_shape
        sides = mixture_distribution.param_shape[-1]
        if not batch or batch[-1] != sides:
            raise ValueError(
                f"`mixture_distribution component` ({sides}) does not equal `component_distribution.batch_shape[-1]` "
                f"({batch[-1] if batch else 'none'})"
            )
        self.mixture_distribution = mixture_distribution
        self.component_distribution = component_distribution
        super().__init__(batch[:-1], component_distribution.event_shape, validate_args)

    def __repr__(self) -> str:
        return f"MixtureSameFamily(\n  {self.mixture_distribution},\n  {self.component_distribution})"

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> MixtureSameFamily:
        parts = self.component_distribution.expand((*batch_shape, self.component_distribution.batch_shape[-1]))
        return MixtureSameFamily(self.mixture_distribution.expand(batch_shape), parts, False)

    @property
    def support(self) -> Any:
        """What is in the support of all components."""
        return MixtureSameFamilyConstraint(self.component_distribution.support)

    def _spread(self, values: Tensor) -> Tensor:
        """Values of the die with dimensions for the event."""
        return values.reshape((*values.shape, *(1,) * len(self._event_shape)))

    def _weighed(self, values: Tensor) -> Tensor:
        return (self._spread(self.mixture_distribution.probs) * values).sum(-1 - len(self._event_shape))

    @property
    def mean(self) -> Tensor:
        return self._weighed(self.component_distribution.mean)

    @property
    def variance(self) -> Tensor:
        parts = self.component_distribution
        apart = parts.mean - self.mean.unsqueeze(-1 - len(self._event_shape))
        return self._weighed(parts.variance) + self._weighed(apart**2)

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        parts = self.component_distribution.log_prob(value.unsqueeze(-1 - len(self._event_shape)))
        return (parts + self.mixture_distribution.logits.log_softmax(-1)).logsumexp(-1)

    def cdf(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        parts = self.component_distribution.cdf(value.unsqueeze(-1 - len(self._event_shape)))
        return (parts * self.mixture_distribution.probs).sum(-1)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        events = len(self._event_shape)
        chosen = self.mixture_distribution.expand(self._batch_shape).sample(sample_shape)
        drawn = self.component_distribution.sample(sample_shape)
        place = self._spread(chosen.unsqueeze(-1))
        place = place.expand((*place.shape[: place.ndim - events], *self._event_shape))
        return drawn.gather(-1 - events, place).squeeze(-1 - events)
