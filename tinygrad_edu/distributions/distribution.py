"""What all distributions are: parameters, the shapes of a batch of them and of one outcome, and checks of both.

A sample has the shape ``sample_shape + batch_shape + event_shape``; a log probability has one number for each event.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from tinygrad_edu.distributions import constraints
from tinygrad_edu.distributions.utils import broadcast_all
from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.tensors.size import Size
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["Distribution", "Elementwise", "Located"]


class Distribution:
    """The base of all distributions. A subclass says its parameters, `log_prob`, and `sample` or `rsample`.

    Attributes:
        arg_constraints: what each parameter must satisfy. support: what an outcome satisfies.
        has_rsample: whether samples can be differentiated with respect to the parameters.
    """

    has_rsample = False
    has_enumerate_support = False
    arg_constraints: Any = {}
    support: Any = constraints.dependent
    _validate_args = __debug__

    def __init__(
        self, batch_shape: Sequence[int] = (), event_shape: Sequence[int] = (), validate_args: bool | None = None
    ) -> None:
        self._batch_shape, self._event_shape = Size(batch_shape), Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            for name, constraint in self.arg_constraints.items():
                if name in self.__dict__ and not constraints.is_dependent(constraint):
                    self._check(name, self.__dict__[name], constraint)

    def _check(self, name: str, value: Tensor, constraint: constraints.Constraint) -> None:
        if not bool(constraint.check(value.detach()).all()):
            raise ValueError(
                f"Expected parameter {name} ({type(value).__name__} of shape {tuple(value.shape)}) of distribution "
                f"{self!r} to satisfy the constraint {constraint!r}, but found invalid values:\n{value}"
            )

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Whether parameters and outcomes are checked where nothing else is said."""
        if value not in (True, False):
            raise ValueError(f"expected True or False, got {value!r}")
        Distribution._validate_args = value

    @property
    def batch_shape(self) -> Size:
        """The shape of the parameters: so many distributions at once."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one outcome."""
        return self._event_shape

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Self:
        """The same distribution, repeated to another batch shape without copying the parameters."""
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__)
        new._batch_shape = Size(batch_shape)
        for name in self.arg_constraints:
            value = self.__dict__.get(name)
            if isinstance(value, Tensor):
                new.__dict__[name] = value.expand((*new._batch_shape, *value.shape[len(self._batch_shape) :]))
        return new

    def _extended_shape(self, sample_shape: Sequence[int] = ()) -> Size:
        return Size((*sample_shape, *self._batch_shape, *self._event_shape))

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draw: a Tensor of ``sample_shape + batch_shape + event_shape`` without a gradient."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draw in a way that gradients flow to the parameters (the reparametrisation trick).

        Raises:
            NotImplementedError: the distribution has none: use `log_prob` of a `sample` instead.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has no rsample: its samples cannot be differentiated; multiply log_prob(sample) by "
            "what is to be maximised instead"
        )

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the probability (or its density) of an outcome.

        Raises:
            ValueError: the outcome is no Tensor, does not fit the shapes, or is not in the support.
        """
        raise NotImplementedError(f"{type(self).__name__} has no log_prob")

    def _missing(self, what: str) -> NotImplementedError:
        return NotImplementedError(
            f"{type(self).__name__} has no {what}: there is no closed form, or it is not written"
        )

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of outcomes up to this one."""
        raise self._missing("cdf")

    def icdf(self, value: Tensor) -> Tensor:
        """The outcome up to which the probability is `value`."""
        raise self._missing("icdf")

    def entropy(self) -> Tensor:
        """The mean of ``-log_prob``, in nats."""
        raise self._missing("entropy")

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All outcomes, along a new first dimension."""
        raise self._missing("enumerate_support")

    @property
    def mean(self) -> Tensor:
        """The mean."""
        raise self._missing("mean")

    @property
    def mode(self) -> Tensor:
        """The likeliest outcome."""
        raise self._missing("mode")

    @property
    def variance(self) -> Tensor:
        """The variance."""
        raise self._missing("variance")

    @property
    def stddev(self) -> Tensor:
        """The standard deviation."""
        return self.variance.sqrt()

    def perplexity(self) -> Tensor:
        """exp of the entropy: as uncertain as this many outcomes that are equally likely."""
        return self.entropy().exp()

    def _validate_sample(self, value: Any) -> None:
        """Refuse what cannot be an outcome."""
        if not self._validate_args:
            return
        if not isinstance(value, Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")
        events = len(self._event_shape)
        if tuple(value.shape[len(value.shape) - events :]) != tuple(self._event_shape):
            raise ValueError(
                f"The right-most size of value must match event_shape: {value.shape} vs {self._event_shape}."
            )
        try:
            np.broadcast_shapes(tuple(value.shape), tuple(self._extended_shape()))
        except ValueError:
            raise ValueError(
                f"Value is not broadcastable with batch_shape+event_shape: {value.shape} vs {self._extended_shape()}."
            ) from None
        if constraints.is_dependent(self.support):
            return
        if not bool(self.support.check(value.detach()).all()):
            raise ValueError(
                f"Expected value argument ({type(value).__name__} of shape {tuple(value.shape)}) to be within the "
                f"support ({self.support!r}) of the distribution {self!r}, but found invalid values:\n{value}"
            )

    def __repr__(self) -> str:
        held = {name: self.__dict__[name] for name in self.arg_constraints if name in self.__dict__}
        shown = (f"{name}: {value if value.numel() == 1 else value.shape}" for name, value in held.items())
        return f"{type(self).__name__}({', '.join(shown)})"


class Elementwise(Distribution):
    """A distribution of numbers, one for each element of its parameters, which are broadcast."""

    def __init__(self, validate_args: bool | None, **parameters: Any) -> None:
        found = broadcast_all(*parameters.values())
        self.__dict__.update(zip(parameters, found, strict=True))
        super().__init__(found[0].shape, (), validate_args)

    def _one(self) -> Tensor:
        """The first parameter."""
        first: Tensor = self.__dict__[next(name for name in self.arg_constraints if name in self.__dict__)]
        return first


class Located(Elementwise):
    """A distribution of all real numbers with a place `loc`, its mode, and a positive width `scale`."""

    arg_constraints: Any = {"loc": constraints.real, "scale": constraints.positive}
    support: Any = constraints.real
    has_rsample = True
    loc: Tensor
    scale: Tensor

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, loc=loc, scale=scale)

    @property
    def mode(self) -> Tensor:
        return self.loc
