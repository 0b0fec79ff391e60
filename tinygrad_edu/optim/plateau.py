"""A schedule that watches: the rate falls where a measure no longer improves."""

from __future__ import annotations

import math
from typing import Any

from tinygrad_edu.errors import OptimizerError
from tinygrad_edu.optim.optimizer import Optimizer
from tinygrad_edu.optim.schedule import LRScheduler, check, rates

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau(LRScheduler):
    """Multiply the rate by `factor` after more than `patience` epochs without improvement.

    The measure improves where it is below (`mode` "min") or above ("max") the best so far by more than `threshold`,
    which is relative to the best ("rel") or a difference ("abs"). After each reduction, `cooldown` epochs are not
    counted. The rate does not fall below `min_lr` (one for all groups, or a list), nor by less than `eps`.

    >>> import tinygrad_edu as tg
    >>> optimizer = tg.optim.SGD([tg.zeros(2, requires_grad=True)], lr=1.0)
    >>> scheduler = tg.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=1)
    >>> seen = []
    >>> for loss in [0.5, 0.5, 0.5, 0.5]:
    ...     scheduler.step(loss)
    ...     seen += scheduler.get_last_lr()
    >>> seen
    [1.0, 1.0, 0.1, 0.1]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: list[float] | float = 0,
        eps: float = 1e-8,
    ) -> None:
        owner = "ReduceLROnPlateau"
        check(owner, factor < 1.0, "a factor below 1", factor)
        check(owner, mode in ("min", "max"), "the mode 'min' or 'max'", mode)
        check(owner, threshold_mode in ("rel", "abs"), "the threshold_mode 'rel' or 'abs'", threshold_mode)
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{owner}: {type(optimizer).__name__} is not an Optimizer. Pass the optimizer first.")
        self.optimizer = optimizer
        self.mode, self.threshold, self.threshold_mode = mode, threshold, threshold_mode
        self.factor, self.patience, self.cooldown, self.eps = factor, patience, cooldown, eps
        self.min_lr = min_lr
        self._minima()  # raises where a list does not fit
        self.last_epoch = 0
        self.best = math.inf if mode == "min" else -math.inf
        self.cooldown_counter = 0
        self.num_bad_epochs = 0
        self._last_lr = rates(optimizer)

    @property
    def in_cooldown(self) -> bool:
        """Whether epochs are not counted because the rate has just fallen."""
        return self.cooldown_counter > 0

    def step(self, metrics: Any, epoch: int | None = None) -> None:  # type: ignore[override]
        """Tell the measure of the epoch that has just ended: a number or a Tensor of one element."""
        current = float(metrics)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if self._improves(current):
            self.best = current
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            for group, lowest in zip(self.optimizer.param_groups, self._minima(), strict=True):
                lower = max(group["lr"] * self.factor, lowest)
                if group["lr"] - lower > self.eps:
                    group["lr"] = lower
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = rates(self.optimizer)

    def _improves(self, current: float) -> bool:
        margin = self.threshold if self.mode == "max" else -self.threshold
        limit = self.best * (1 + margin) if self.threshold_mode == "rel" else self.best + margin
        return current > limit if self.mode == "max" else current < limit

    def _minima(self) -> list[float]:
        """The lowest rate of every group."""
        groups = len(self.optimizer.param_groups)
        if not isinstance(self.min_lr, list | tuple):
            return [self.min_lr] * groups
        if len(self.min_lr) != groups:
            raise OptimizerError(
                f"ReduceLROnPlateau: expected {groups} min_lrs, one per parameter group, but got {len(self.min_lr)}."
            )
        return list(self.min_lr)
