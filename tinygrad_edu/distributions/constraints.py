"""What values are allowed: of a parameter, or as an outcome. A constraint checks a Tensor, an event at a time."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.tensors.functions import functional
from tinygrad_edu.tensors.tensor import Tensor

__all__ = [
    "Constraint", "boolean", "dependent", "greater_than", "greater_than_eq", "half_open_interval", "independent",
    "integer_interval", "interval", "is_dependent", "less_than", "lower_cholesky", "multinomial",
    "nonnegative", "nonnegative_integer", "one_hot", "positive", "positive_definite", "positive_integer", "real",
    "real_vector", "simplex", "symmetric", "unit_interval",
]  # fmt: skip

_ = functional  # importing it gives Tensor its methods


class Constraint:
    """A rule for values; `check` says for each event whether it holds.

    Attributes:
        is_discrete: whether the values are countable. event_dim: how many dimensions at the right make one event.
    """

    is_discrete = False
    event_dim = 0

    def __init__(self, **bounds: Any) -> None:
        self.__dict__.update(bounds)

    def check(self, value: Tensor) -> Tensor:
        """True where the rule holds: the value's shape without the `event_dim` last dimensions."""
        raise NotImplementedError(f"{type(self).__name__}: a constraint defines check(value)")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value}' for name, value in self.__dict__.items())})"


class Dependent(Constraint):
    """Depends on the parameters: the distribution's own `support` says it."""

    def check(self, value: Tensor) -> Tensor:
        raise ValueError("Cannot determine validity of dependent constraint: ask the distribution's own support")


class Real(Constraint):
    def check(self, value: Tensor) -> Tensor:
        return value.eq(value)  # not nan


class Boolean(Constraint):
    is_discrete = True

    def check(self, value: Tensor) -> Tensor:
        return value.eq(0).logical_or(value.eq(1))


class GreaterThan(Constraint):
    lower_bound: Any

    def check(self, value: Tensor) -> Tensor:
        return value > self.lower_bound


class GreaterThanEq(Constraint):
    lower_bound: Any

    def check(self, value: Tensor) -> Tensor:
        return value >= self.lower_bound


class LessThan(Constraint):
    upper_bound: Any

    def check(self, value: Tensor) -> Tensor:
        return value < self.upper_bound


class Interval(Constraint):
    lower_bound: Any
    upper_bound: Any

    def check(self, value: Tensor) -> Tensor:
        return (value >= self.lower_bound).logical_and(value <= self.upper_bound)


class HalfOpenInterval(Interval):
    def check(self, value: Tensor) -> Tensor:
        return (value >= self.lower_bound).logical_and(value < self.upper_bound)


def _whole(value: Tensor) -> Tensor:
    return value.remainder(1).eq(0) if value.is_floating_point() else value.eq(value)


class IntegerInterval(Interval):
    is_discrete = True

    def check(self, value: Tensor) -> Tensor:
        return _whole(value).logical_and(super().check(value))


class IntegerGreaterThan(GreaterThan):
    """At least the bound (as in PyTorch, in spite of the name)."""

    is_discrete = True

    def check(self, value: Tensor) -> Tensor:
        return _whole(value).logical_and(value >= self.lower_bound)


class Simplex(Constraint):
    """Not negative, and 1 in sum."""

    event_dim = 1

    def check(self, value: Tensor) -> Tensor:
        return (value >= 0).all(-1).logical_and((value.sum(-1) - 1).abs() < 1e-6)


class OneHot(Constraint):
    is_discrete = True
    event_dim = 1

    def check(self, value: Tensor) -> Tensor:
        return value.eq(0).logical_or(value.eq(1)).all(-1).logical_and(value.sum(-1).eq(1))


class Multinomial(Constraint):
    """Counts of at most `upper_bound` in sum."""

    is_discrete = True
    event_dim = 1

    def __init__(self, upper_bound: int) -> None:
        self._most = upper_bound

    def check(self, value: Tensor) -> Tensor:
        return (value >= 0).all(-1).logical_and(value.sum(-1) <= self._most)

    def __repr__(self) -> str:
        return "Multinomial()"


class Symmetric(Constraint):
    event_dim = 2

    def check(self, value: Tensor) -> Tensor:
        return ((value - value.transpose(-1, -2)).abs() <= 1e-6).all((-2, -1))


class PositiveDefinite(Symmetric):
    def check(self, value: Tensor) -> Tensor:
        from tinygrad_edu.tensors.matrices import eigvalsh

        return super().check(value).logical_and((eigvalsh(value) > 0).all(-1))


class LowerCholesky(Constraint):
    """Lower triangular with a positive diagonal."""

    event_dim = 2

    def check(self, value: Tensor) -> Tensor:
        return value.eq(value.tril()).all((-2, -1)).logical_and((value.diagonal(dim1=-2, dim2=-1) > 0).all(-1))


class IndependentConstraint(Constraint):
    """Another constraint for each element of an event of more dimensions."""

    def __init__(self, base_constraint: Constraint, reinterpreted_batch_ndims: int) -> None:
        self._base, self._more = base_constraint, reinterpreted_batch_ndims
        self.is_discrete = base_constraint.is_discrete
        self.event_dim = base_constraint.event_dim + reinterpreted_batch_ndims

    def check(self, value: Tensor) -> Tensor:
        found = self._base.check(value)
        return found.all(tuple(range(-self._more, 0))) if self._more else found

    def __repr__(self) -> str:
        return f"IndependentConstraint({self._base}, {self._more})"


def is_dependent(constraint: Constraint) -> bool:
    """Whether a constraint is known from the parameters only."""
    return isinstance(constraint, Dependent)


def greater_than(lower_bound: Any) -> Constraint:
    """Above a bound."""
    return GreaterThan(lower_bound=lower_bound)


def greater_than_eq(lower_bound: Any) -> Constraint:
    """At least a bound."""
    return GreaterThanEq(lower_bound=lower_bound)


def less_than(upper_bound: Any) -> Constraint:
    """Below a bound."""
    return LessThan(upper_bound=upper_bound)


def interval(lower_bound: Any, upper_bound: Any) -> Constraint:
    """Between two bounds, both included."""
    return Interval(lower_bound=lower_bound, upper_bound=upper_bound)


def half_open_interval(lower_bound: Any, upper_bound: Any) -> Constraint:
    """Between two bounds, the upper one excluded."""
    return HalfOpenInterval(lower_bound=lower_bound, upper_bound=upper_bound)


def integer_interval(lower_bound: Any, upper_bound: Any) -> Constraint:
    """A whole number between two bounds, both included."""
    return IntegerInterval(lower_bound=lower_bound, upper_bound=upper_bound)


dependent = Dependent()
real, boolean, simplex, one_hot, symmetric = Real(), Boolean(), Simplex(), OneHot(), Symmetric()
positive, nonnegative = greater_than(0.0), greater_than_eq(0.0)
unit_interval = interval(0.0, 1.0)
nonnegative_integer, positive_integer = IntegerGreaterThan(lower_bound=0), IntegerGreaterThan(lower_bound=1)
positive_definite, lower_cholesky = PositiveDefinite(), LowerCholesky()
independent, multinomial = IndependentConstraint, Multinomial
real_vector = independent(real, 1)
