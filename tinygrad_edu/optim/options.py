"""What each option of an optimizer may be: one rule per name, and one error that states the rule."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any, NamedTuple

from tinygrad_edu.errors import OptimizerError

__all__ = ["RULES", "Rule", "check_options", "plain_numbers"]


class Rule(NamedTuple):
    """The range of an option, PyTorch's words for it, and advice for whoever left the range."""

    called: str
    advice: str
    high: float = math.inf
    below_high: bool = False  # True where the upper end itself is already outside
    values: int = 1  # 2 for a pair such as betas

    def allows(self, value: Any) -> bool:
        """Whether `value` is a finite number in the range, which always begins at 0; nan is in none."""
        if not isinstance(value, Real) or not math.isfinite(value):
            return False
        number = float(value)
        return 0 <= number < self.high or (number == self.high and not self.below_high)

    def range(self) -> str:
        if self.high == math.inf:
            return "a finite number, 0 or greater"
        end = "without" if self.below_high else "with"
        return f"a number from 0 to {self.high:g}, {end} {self.high:g} itself"


RULES = {
    "lr": Rule("learning rate", "It is the length of the steps; 0.001 to 0.1 are usual, maximize=True climbs"),
    "momentum": Rule("momentum value", "0.9 is usual, 0 switches it off"),
    "weight_decay": Rule("weight_decay value", "0.01 and less are usual, 0 switches it off"),
    "eps": Rule("epsilon value", "It only keeps a division by zero away: 1e-8 is usual"),
    "betas": Rule("beta parameter", "betas is a pair; (0.9, 0.999) is usual", high=1, below_high=True, values=2),
    "alpha": Rule("alpha value", "It is the share of the old average that is kept: 0.99 is usual"),
    "rho": Rule("rho value", "It is the share of the old average that is kept: 0.9 is usual", high=1),
    "lr_decay": Rule("lr_decay value", "0 keeps the learning rate as it is"),
    "initial_accumulator_value": Rule("initial_accumulator_value value", "0 is usual"),
    "momentum_decay": Rule("momentum_decay value", "0.004 is usual"),
}


def check_options(owner: str, names: Iterable[str], options: Mapping[str, Any]) -> None:
    """Raise OptimizerError, naming the optimizer `owner`, where one of the named options breaks its rule.

    >>> check_options("SGD", ["lr"], {"lr": -0.5})
    Traceback (most recent call last):
    tinygrad_edu.errors.OptimizerError: Invalid learning rate: -0.5. SGD needs lr to be a finite number, \
0 or greater. It is the length of the steps; 0.001 to 0.1 are usual, maximize=True climbs.
    """
    for name in names:
        rule, given = RULES[name], options[name]
        if rule.values == 1:
            if not rule.allows(given):
                raise OptimizerError(
                    f"Invalid {rule.called}: {given!r}. {owner} needs {name} to be {rule.range()}. {rule.advice}."
                )
        elif not isinstance(given, tuple | list) or len(given) != rule.values:
            raise OptimizerError(f"Invalid {name}: {given!r}. {owner} needs {rule.values} numbers. {rule.advice}.")
        else:
            for index, value in enumerate(given):
                if not rule.allows(value):
                    raise OptimizerError(
                        f"Invalid {rule.called} at index {index}: {value!r}. "
                        f"{owner} needs {name}[{index}] to be {rule.range()}. {rule.advice}."
                    )


def plain_numbers(group: dict[str, Any]) -> None:
    """Make Python's numbers, in place, of NumPy's and of Tensors among the options of a group.

    The formulas would compute in their type, and not in the parameter's.
    """
    for name, value in group.items():
        kind = value.__class__
        if kind is float or kind is bool or kind is int or value is None or name == "params":
            continue
        if kind is tuple or kind is list:
            if any(hasattr(number, "item") for number in value):
                group[name] = kind(number.item() if hasattr(number, "item") else number for number in value)
        elif hasattr(value, "item"):
            group[name] = value.item()
