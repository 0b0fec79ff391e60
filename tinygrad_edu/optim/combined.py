"""Schedules made of schedules: one after the other, or all at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from tinygrad_edu.errors import OptimizerError
from tinygrad_edu.optim.optimizer import Optimizer
from tinygrad_edu.optim.plateau import ReduceLROnPlateau
from tinygrad_edu.optim.schedule import LRScheduler, check, rates

__all__ = ["ChainedScheduler", "SequentialLR"]


class _Combined(LRScheduler):
    """What both share: schedules of one optimizer, and a state that holds theirs."""

    _schedulers: Sequence[LRScheduler]

    def _take(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None) -> None:
        owner = type(self).__name__
        check(owner, len(schedulers) > 0, "at least one scheduler", schedulers)
        self.optimizer = optimizer or schedulers[0].optimizer
        self._schedulers = schedulers
        for number, scheduler in enumerate(schedulers):
            if isinstance(scheduler, ReduceLROnPlateau):
                raise OptimizerError(
                    f"{owner} does not support ReduceLROnPlateau, whose step() needs a measure, but got one at index "
                    f"{number}. Step it on its own."
                )
            if scheduler.optimizer is not self.optimizer:
                raise OptimizerError(
                    f"{owner} expects all schedulers to belong to the same optimizer, but the one at index {number} "
                    "has another. Make them all with the same optimizer."
                )

    def state_dict(self) -> dict[str, Any]:
        """The state, with the states of the schedules under ``_schedulers``."""
        return {**super().state_dict(), "_schedulers": [scheduler.state_dict() for scheduler in self._schedulers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        rest = dict(state_dict)
        for scheduler, state in zip(self._schedulers, rest.pop("_schedulers"), strict=True):
            scheduler.load_state_dict(state)
        super().load_state_dict(rest)


class SequentialLR(_Combined):
    """One schedule after the other: `milestones` are the epochs at which the next one begins, at its epoch 0.

    >>> import tinygrad_edu as tg
    >>> from tinygrad_edu.optim.lr_scheduler import ExponentialLR, LinearLR, SequentialLR
    >>> optimizer = tg.optim.SGD([tg.zeros(2, requires_grad=True)], lr=1.0)
    >>> parts = [LinearLR(optimizer, start_factor=0.5, total_iters=2), ExponentialLR(optimizer, gamma=0.5)]
    >>> scheduler = SequentialLR(optimizer, parts, milestones=[2])
    >>> seen = []
    >>> for _ in range(5):
    ...     seen += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> seen
    [0.5, 0.75, 1.0, 0.5, 0.25]
    """

    def __init__(
        self, optimizer: Optimizer, schedulers: list[LRScheduler], milestones: list[int], last_epoch: int = -1
    ) -> None:
        self._take(schedulers, optimizer)
        if any(isinstance(scheduler, _Combined) for scheduler in schedulers):
            raise OptimizerError(
                "SequentialLR cannot hold a SequentialLR or a ChainedScheduler. List all parts in one."
            )
        if len(milestones) != len(schedulers) - 1:
            raise OptimizerError(
                f"SequentialLR: {len(schedulers)} schedulers need {len(schedulers) - 1} milestones between them, "
                f"but got {len(milestones)}."
            )
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        for group in optimizer.param_groups:  # every part has already made its first step: take them back
            group["lr"] = group["initial_lr"]
        for scheduler in schedulers:
            scheduler.last_epoch -= 1
        first = schedulers[bisect_right(milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def step(self, epoch: int | None = None) -> None:
        """Go to the next epoch."""
        self.last_epoch += 1
        part = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[part]
        if part > 0 and self._milestones[part - 1] == self.last_epoch:
            scheduler._jump(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


class ChainedScheduler(_Combined):
    """All schedules at every step, each acting on the rates that the one before it has left."""

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        self._take(schedulers, optimizer)
        self._last_lr = rates(self.optimizer)

    def step(self, epoch: int | None = None) -> None:
        """Let each schedule go to its next epoch."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = rates(self.optimizer)
