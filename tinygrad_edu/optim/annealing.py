"""Schedules along a cosine: falling and rising, falling and restarting, or one cycle with a warm-up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tinygrad_edu.errors import OptimizerError
from tinygrad_edu.optim.optimizer import Optimizer
from tinygrad_edu.optim.schedule import LRScheduler, check, rates

__all__ = ["CosineAnnealingLR", "CosineAnnealingWarmRestarts", "OneCycleLR", "one_of"]


class CosineAnnealingLR(LRScheduler):
    """Let the rate follow half a cosine down to `eta_min` within `T_max` epochs, and up again after that.

    Source: I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017, formula (5)
    (without its restarts). Each rate is computed from the one before it, so that changes by others stay in force.

    >>> import tinygrad_edu as tg
    >>> optimizer = tg.optim.SGD([tg.zeros(2, requires_grad=True)], lr=1.0)
    >>> scheduler = tg.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=4)
    >>> seen = []
    >>> for _ in range(5):
    ...     seen += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> [round(lr, 3) for lr in seen]
    [1.0, 0.854, 0.5, 0.146, 0.0]
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:  # noqa: N803
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        now = rates(self.optimizer)
        if self._initial or self.last_epoch == 0:
            return now
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:  # at the bottom there is nothing to multiply
            first = (1 - math.cos(math.pi / self.T_max)) / 2
            return [lr + (base - self.eta_min) * first for lr, base in zip(now, self.base_lrs, strict=True)]
        ratio = (1 + math.cos(math.pi * self.last_epoch / self.T_max)) / (
            1 + math.cos(math.pi * (self.last_epoch - 1) / self.T_max)
        )
        return [ratio * (lr - self.eta_min) + self.eta_min for lr in now]


class CosineAnnealingWarmRestarts(LRScheduler):
    """Let the rate follow half a cosine down to `eta_min`, then start again at the top.

    The first fall takes `T_0` epochs, each later one `T_mult` times as many as the one before it. :meth:`step` may be
    given fractions of an epoch, ``scheduler.step(epoch + i / batches)``.

    Source: I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,  # noqa: N803
        T_mult: int = 1,  # noqa: N803
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        owner = "CosineAnnealingWarmRestarts"
        check(owner, isinstance(T_0, int) and T_0 > 0, "a positive integer T_0", T_0)
        check(owner, isinstance(T_mult, int) and T_mult >= 1, "an integer T_mult of 1 or more", T_mult)
        check(owner, isinstance(eta_min, int | float), "a number as eta_min", eta_min)
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        height = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (base - self.eta_min) * height for base in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Go to the next epoch, or to a given one, which may be a fraction."""
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        else:
            check("CosineAnnealingWarmRestarts", epoch >= 0, "an epoch of 0 or more", epoch)
            self.T_cur, self.T_i = epoch, self.T_0
            if self.T_mult == 1:
                self.T_cur = epoch % self.T_0
            while self.T_cur >= self.T_i:
                self.T_cur -= self.T_i
                self.T_i *= self.T_mult
        self.last_epoch = math.floor(epoch)
        self._apply(self.get_lr())


class OneCycleLR(LRScheduler):
    """Warm up from a small rate to `max_lr`, then fall to nearly nothing; the momentum goes the other way.

    The first ``pct_start`` of `total_steps` (or `epochs` times `steps_per_epoch`) steps lead from max_lr / div_factor
    to max_lr, the others to max_lr / div_factor / final_div_factor, along half a cosine ("cos") or a line ("linear").
    With `three_phase` the second phase mirrors the first and a third one does the rest. With `cycle_momentum`,
    momentum (for Adam and its kin β₁) goes from `max_momentum` to `base_momentum` and back. Call :meth:`step` after
    every batch.

    Source: L. Smith, N. Topin, "Super-convergence: very fast training of neural networks using large learning
    rates", 2017.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise OptimizerError("OneCycleLR: give either total_steps or both epochs and steps_per_epoch.")
            total_steps = epochs * steps_per_epoch
        check("OneCycleLR", total_steps > 0, "a positive number of steps", total_steps)
        check("OneCycleLR", 0 <= pct_start <= 1, "a pct_start between 0 and 1", pct_start)
        check("OneCycleLR", anneal_strategy in ("cos", "linear"), "'cos' or 'linear'", anneal_strategy)
        self.total_steps = total_steps
        self.anneal_strategy = anneal_strategy
        self.cycle_momentum = cycle_momentum
        self.use_beta1 = "betas" in optimizer.defaults
        if cycle_momentum and not self.use_beta1 and "momentum" not in optimizer.defaults:
            raise OptimizerError(
                f"OneCycleLR: {type(optimizer).__name__} has neither momentum nor betas. Say cycle_momentum=False."
            )
        top, valley, bottom = ("max_lr", "base_momentum"), ("initial_lr", "max_momentum"), ("min_lr", "max_momentum")
        turn = pct_start * total_steps - 1
        # The step at which each phase ends, and which values of the group it leads from and to.
        self._phases = [(turn, valley, top), (total_steps - 1, top, bottom)]
        if three_phase:
            back = 2 * pct_start * total_steps - 2
            self._phases = [(turn, valley, top), (back, top, valley), (total_steps - 1, valley, bottom)]
        if last_epoch == -1:
            self._mark_groups(optimizer, max_lr, base_momentum, max_momentum, div_factor, final_div_factor)
        super().__init__(optimizer, last_epoch)

    def _mark_groups(
        self, optimizer: Optimizer, max_lr: Any, base_momentum: Any, max_momentum: Any, first: float, last: float
    ) -> None:
        """Write the ends of the phases into the groups, under PyTorch's names, so that they are saved with them."""
        for number, group in enumerate(optimizer.param_groups):
            group["initial_lr"] = one_of("OneCycleLR", "max_lr", max_lr, number, optimizer) / first
            group["max_lr"] = one_of("OneCycleLR", "max_lr", max_lr, number, optimizer)
            group["min_lr"] = group["initial_lr"] / last
            if self.cycle_momentum:
                group["max_momentum"] = one_of("OneCycleLR", "max_momentum", max_momentum, number, optimizer)
                group["base_momentum"] = one_of("OneCycleLR", "base_momentum", base_momentum, number, optimizer)
                self._set_momentum(group, group["max_momentum"])

    def _set_momentum(self, group: dict[str, Any], value: float) -> None:
        if self.use_beta1:
            group["betas"] = (value, *group["betas"][1:])
        else:
            group["momentum"] = value

    def get_lr(self) -> list[float]:
        if self.last_epoch > self.total_steps:
            raise OptimizerError(
                f"OneCycleLR: Tried to step {self.last_epoch} times. The specified number of total steps is "
                f"{self.total_steps}. It counts batches, not epochs."
            )
        running = next(
            (i for i, phase in enumerate(self._phases) if self.last_epoch <= phase[0]), len(self._phases) - 1
        )
        begin = self._phases[running - 1][0] if running else 0.0
        end, source, target = self._phases[running]
        share = (self.last_epoch - begin) / (end - begin)
        values = []
        for group in self.optimizer.param_groups:
            values.append(self._between(group[source[0]], group[target[0]], share))
            if self.cycle_momentum:
                self._set_momentum(group, self._between(group[source[1]], group[target[1]], share))
        return values

    def _between(self, start: float, end: float, share: float) -> float:
        if self.anneal_strategy == "linear":
            return (end - start) * share + start
        return end + (start - end) / 2.0 * (math.cos(math.pi * share) + 1)


def one_of(owner: str, name: str, value: float | Sequence[float], number: int, optimizer: Optimizer) -> float:
    """The value for one group: of a list with one for each, or the same for all."""
    if not isinstance(value, list | tuple):
        return value  # type: ignore[return-value]
    if len(value) != len(optimizer.param_groups):
        raise OptimizerError(
            f"{owner}: expected {len(optimizer.param_groups)} values for {name}, one a group, but got {len(value)}."
        )
    return float(value[number])
