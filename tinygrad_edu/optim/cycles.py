"""A learning rate that goes up and down between two bounds, again and again."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tinygrad_edu.errors import OptimizerError
from tinygrad_edu.optim.annealing import one_of
from tinygrad_edu.optim.optimizer import Optimizer
from tinygrad_edu.optim.schedule import LRScheduler, check

__all__ = ["CyclicLR"]

_MODES = ("triangular", "triangular2", "exp_range")


class CyclicLR(LRScheduler):
    """Let the rate rise from `base_lr` to `max_lr` in `step_size_up` steps, and fall back in `step_size_down`.

    The height of a cycle is that of the first ("triangular"), half of the one before it ("triangular2"), or
    ``gamma`` to the number of steps ("exp_range"); or what ``scale_fn`` says of the number of the cycle, or of the
    step with ``scale_mode="iterations"``. With `cycle_momentum`, momentum (for Adam and its kin β₁) goes the other
    way. Call :meth:`step` after every batch.

    Source: L. Smith, "Cyclical learning rates for training neural networks", 2017.

    >>> import tinygrad_edu as tg
    >>> optimizer = tg.optim.SGD([tg.zeros(2, requires_grad=True)], lr=1.0, momentum=0.9)
    >>> scheduler = CyclicLR(optimizer, base_lr=0.1, max_lr=0.5, step_size_up=2)
    >>> seen = []
    >>> for _ in range(6):
    ...     seen += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> [round(lr, 2) for lr in seen]
    [0.1, 0.3, 0.5, 0.3, 0.1, 0.3]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float = 0.8,
        max_momentum: float = 0.9,
        last_epoch: int = -1,
    ) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"CyclicLR: {type(optimizer).__name__} is not an Optimizer. Pass the optimizer first.")
        check("CyclicLR", mode in _MODES or scale_fn is not None, f"one of {_MODES} or a scale_fn", mode)
        every = range(len(optimizer.param_groups))
        lows = [one_of("CyclicLR", "base_lr", base_lr, i, optimizer) for i in every]
        self.max_lrs = [one_of("CyclicLR", "max_lr", max_lr, i, optimizer) for i in every]
        down = step_size_up if step_size_down is None else step_size_down
        self.total_size = float(step_size_up + down)
        self.step_ratio = step_size_up / self.total_size
        self.mode, self.gamma, self.cycle_momentum = mode, gamma, cycle_momentum
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode
        if scale_fn is None:
            self.scale_mode = "iterations" if mode == "exp_range" else "cycle"
        if cycle_momentum:
            self.use_beta1 = "betas" in optimizer.defaults
            if not self.use_beta1 and "momentum" not in optimizer.defaults:
                raise OptimizerError(
                    f"CyclicLR: optimizer must support momentum or beta1 with `cycle_momentum` option enabled, and "
                    f"{type(optimizer).__name__} has neither. Say cycle_momentum=False."
                )
            self.base_momentums = [one_of("CyclicLR", "base_momentum", base_momentum, i, optimizer) for i in every]
            self.max_momentums = [one_of("CyclicLR", "max_momentum", max_momentum, i, optimizer) for i in every]
        if last_epoch == -1:
            for i, group in enumerate(optimizer.param_groups):
                group["lr"] = lows[i]
                if cycle_momentum:
                    self._set_momentum(group, self.max_momentums[i])
                    group["max_momentum"], group["base_momentum"] = self.max_momentums[i], self.base_momentums[i]
        super().__init__(optimizer, last_epoch)
        self.base_lrs = lows

    def scale_fn(self, x: float) -> float:
        """The height of cycle (or step) x, as a share of that of the first."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "exp_range":
            return float(self.gamma**x)
        return 1.0 if self.mode == "triangular" else float(1 / (2.0 ** (x - 1)))

    def _set_momentum(self, group: dict[str, Any], value: float) -> None:
        if self.use_beta1:
            group["betas"] = (value, *group["betas"][1:])
        else:
            group["momentum"] = value

    def get_lr(self) -> list[float]:
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        within = 1.0 + self.last_epoch / self.total_size - cycle
        rising = within <= self.step_ratio
        share = within / self.step_ratio if rising else (within - 1) / (self.step_ratio - 1)
        height = self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            bounds = zip(self.optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True)
            for group, low, high in bounds:
                self._set_momentum(group, high - (high - low) * share * height)
        return [low + (high - low) * share * height for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]
