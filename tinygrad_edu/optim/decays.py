"""Schedules that only depend on the number of the epoch: steps, powers, ramps, and functions of your own."""

from __future__ import annotations

import types
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from tinygrad_edu.errors import OptimizerError
from tinygrad_edu.optim.optimizer import Optimizer
from tinygrad_edu.optim.schedule import FactorScheduler, LRScheduler, check, rates

__all__ = ["ConstantLR", "ExponentialLR", "LambdaLR", "LinearLR", "MultiStepLR", "MultiplicativeLR", "PolynomialLR"]
__all__ += ["StepLR"]

Rule = Callable[[int], float]


class StepLR(FactorScheduler):
    """Multiply the rate by `gamma` every `step_size` epochs.

    >>> import tinygrad_edu as tg
    >>> optimizer = tg.optim.SGD([tg.zeros(2, requires_grad=True)], lr=1.0)
    >>> scheduler = tg.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    >>> seen = []
    >>> for _ in range(5):
    ...     seen += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> seen
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        check("StepLR", step_size > 0, "a step_size of 1 or more", step_size)
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def ratio(self, epoch: int) -> float:
        return self.gamma if epoch > 0 and epoch % self.step_size == 0 else 1.0


class MultiStepLR(FactorScheduler):
    """Multiply the rate by `gamma` at each epoch in `milestones` (twice at one that is listed twice)."""

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def ratio(self, epoch: int) -> float:
        return float(self.gamma ** self.milestones[epoch])


class ExponentialLR(FactorScheduler):
    """Multiply the rate by `gamma` every epoch."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def ratio(self, epoch: int) -> float:
        return 1.0 if self._initial or epoch == 0 else self.gamma


class ConstantLR(FactorScheduler):
    """Multiply the rate by `factor` until epoch `total_iters`, then give it back."""

    def __init__(
        self, optimizer: Optimizer, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1
    ) -> None:
        # PyTorch takes 0 as well, and then cannot divide by it at the end.
        check("ConstantLR", 0 < factor <= 1, "a factor above 0 and at most 1", factor)
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def ratio(self, epoch: int) -> float:
        if epoch == 0:
            return self.factor
        return 1.0 / self.factor if epoch == self.total_iters else 1.0


class LinearLR(FactorScheduler):
    """Let the share of the rate that is used go from `start_factor` to `end_factor` within `total_iters` epochs."""

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        check("LinearLR", 0 < start_factor <= 1, "a start_factor above 0 and at most 1", start_factor)
        check("LinearLR", 0 <= end_factor <= 1, "an end_factor between 0 and 1", end_factor)
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def ratio(self, epoch: int) -> float:
        if epoch == 0:
            return self.start_factor
        if self._initial or epoch > self.total_iters:
            return 1.0
        rise = self.end_factor - self.start_factor  # the share now over the share one epoch ago
        return 1.0 + rise / (self.total_iters * self.start_factor + (epoch - 1) * rise)


class PolynomialLR(FactorScheduler):
    """Let the rate fall to 0 within `total_iters` epochs, as (1 - epoch / total_iters) to the given `power`."""

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def ratio(self, epoch: int) -> float:
        if self._initial or epoch == 0 or epoch > self.total_iters:
            return 1.0
        left, left_before = 1.0 - epoch / self.total_iters, 1.0 - (epoch - 1) / self.total_iters
        return float((left / left_before) ** self.power)


class _FunctionLR(LRScheduler):
    """What the schedules with functions of one's own share: one function per group, and states without them."""

    def __init__(self, optimizer: Optimizer, lr_lambda: Rule | list[Rule], last_epoch: int = -1) -> None:
        groups = len(optimizer.param_groups)
        self.lr_lambdas = list(lr_lambda) if isinstance(lr_lambda, list | tuple) else [lr_lambda] * groups
        owner = type(self).__name__
        if len(self.lr_lambdas) != groups:
            raise OptimizerError(
                f"{owner}: Expected {groups} lr_lambdas, but got {len(self.lr_lambdas)}. "
                "Pass one function for all parameter groups, or a list with one for each."
            )
        for function in self.lr_lambdas:
            if not callable(function):
                raise TypeError(f"{owner}: lr_lambda should be a function of the epoch, but got {function!r}.")
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        """The state. Functions cannot be saved: give the same ones again. Callable objects save their attributes."""
        kept = [None if isinstance(f, types.FunctionType) else vars(f).copy() for f in self.lr_lambdas]
        return {**super().state_dict(), "lr_lambdas": kept}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        rest = dict(state_dict)
        for function, attributes in zip(self.lr_lambdas, rest.pop("lr_lambdas"), strict=True):
            if attributes is not None:
                vars(function).update(attributes)
        super().load_state_dict(rest)


class LambdaLR(_FunctionLR):
    """Multiply the first rate by a function of the epoch.

    >>> import tinygrad_edu as tg
    >>> optimizer = tg.optim.SGD([tg.zeros(2, requires_grad=True)], lr=1.0)
    >>> scheduler = tg.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 1 / (1 + epoch))
    >>> optimizer.step()
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def get_lr(self) -> list[float]:
        return [lr * rule(self.last_epoch) for lr, rule in zip(self.base_lrs, self.lr_lambdas, strict=True)]


class MultiplicativeLR(_FunctionLR):
    """Multiply the last rate by a function of the epoch, from epoch 1 on."""

    def get_lr(self) -> list[float]:
        now = rates(self.optimizer)
        if self._initial or self.last_epoch == 0:
            return now
        return [lr * rule(self.last_epoch) for lr, rule in zip(now, self.lr_lambdas, strict=True)]
