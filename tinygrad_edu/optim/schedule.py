"""A schedule changes an optimizer's learning rates from epoch to epoch; here is what all schedules share."""

from __future__ import annotations

import warnings
from typing import Any

from tinygrad_edu.errors import OptimizerError
from tinygrad_edu.optim.optimizer import Optimizer

__all__ = ["FactorScheduler", "LRScheduler", "check", "rates"]


def rates(optimizer: Optimizer, key: str = "lr") -> list[float]:
    """An option's value in every parameter group."""
    return [group[key] for group in optimizer.param_groups]


class LRScheduler:
    """Base class of all schedules, with PyTorch's interface.

    Make one after the optimizer, and call :meth:`step` once per epoch (or batch), after the optimizer's own step::

        for epoch in range(epochs):
            train(model, optimizer)
            scheduler.step()

    To write a schedule, derive from it and define :meth:`get_lr`: the rates for ``self.last_epoch``, one per group.
    `last_epoch` is the number of the epoch done last; -1 begins anew, anything else needs an optimizer whose groups
    have the key ``initial_lr``, as a loaded state has.

    >>> import tinygrad_edu as tg
    >>> class Halve(tg.optim.lr_scheduler.LRScheduler):
    ...     def get_lr(self):
    ...         return [lr * 0.5 ** self.last_epoch for lr in self.base_lrs]
    >>> optimizer = tg.optim.SGD([tg.zeros(2, requires_grad=True)], lr=1.0)
    >>> scheduler = Halve(optimizer)
    >>> for _ in range(3):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> scheduler.get_last_lr()
    [0.125]
    """

    _initial = False
    """True during the step that the constructor makes."""

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                f"{type(self).__name__}: {type(optimizer).__name__} is not an Optimizer. Pass the optimizer first."
            )
        self.optimizer = optimizer
        for number, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(
                    f"{type(self).__name__}: param 'initial_lr' is not specified in param_groups[{number}] when "
                    f"resuming with last_epoch {last_epoch}. Load the optimizer's state first."
                )
        self.base_lrs = rates(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        # A step() of the user's own does not report that it ran, so nothing is expected of it.
        vars(optimizer).setdefault("_idle", type(optimizer).step is Optimizer.step)
        self._initial_step()

    def get_lr(self) -> list[float]:
        """The rates for ``self.last_epoch``, one per group. The rates until now are the groups' ``lr``."""
        raise NotImplementedError(f"{type(self).__name__} does not define get_lr().")

    def get_last_lr(self) -> list[float]:
        """The rates that the last step set, one per group."""
        return self._last_lr

    def step(self, epoch: int | None = None) -> None:
        """Go to the next epoch and set its rates. (A given `epoch` is jumped to; PyTorch calls that outdated.)"""
        if self._step_count == 1 and self.optimizer._idle:
            warnings.warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`: the first learning rate of the "
                "schedule is then never used. Call optimizer.step() first.",
                stacklevel=2,
            )
        self._step_count += 1
        if epoch is None:
            self.last_epoch += 1
            self._apply(self.get_lr())
        else:
            self._jump(epoch)

    def _initial_step(self) -> None:
        """Set the rates to begin with."""
        self._step_count = 0
        self._initial = True
        try:
            self.step()
        finally:
            del self._initial

    def _apply(self, values: list[float]) -> None:
        for group, value in zip(self.optimizer.param_groups, values, strict=True):
            group["lr"] = value
        self._last_lr = rates(self.optimizer)

    def _jump(self, epoch: int) -> None:
        """Go to an epoch from the beginning, as if all before it had just passed."""
        self._apply(self.base_lrs)
        for passed in range(epoch + 1):
            self.last_epoch = passed
            self._apply(self.get_lr())

    def state_dict(self) -> dict[str, Any]:
        """All that the schedule knows, except the optimizer."""
        return {name: value for name, value in self.__dict__.items() if name != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned. The optimizer's rates are in the optimizer's own state."""
        self.__dict__.update(state_dict)


class FactorScheduler(LRScheduler):
    """Schedules that multiply the rate at hand by some ratio, so that changes made by others stay in force."""

    def ratio(self, epoch: int) -> float:
        """What the rates are multiplied by on entering the epoch."""
        raise NotImplementedError(f"{type(self).__name__} does not define ratio().")

    def get_lr(self) -> list[float]:
        ratio = self.ratio(self.last_epoch)
        return [lr * ratio for lr in rates(self.optimizer)]


def check(owner: str, holds: bool, rule: str, given: Any) -> None:
    """Raise OptimizerError where an argument of a schedule breaks its rule."""
    if not holds:
        raise OptimizerError(f"{owner}: expected {rule}, but got {given!r}.")
