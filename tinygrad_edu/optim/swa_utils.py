"""Averages of a model's weights along its training: equal ones (SWA) or exponentially fading ones (EMA).

Sources: P. Izmailov et al., "Averaging weights leads to wider optima and better generalization", UAI 2018 (SWA);
B. Polyak, A. Juditsky, "Acceleration of stochastic approximation by averaging", 1992.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.errors import OptimizerError
from tinygrad_edu.nn import Module
from tinygrad_edu.nn.modules.batchnorm import _BatchNorm
from tinygrad_edu.optim.optimizer import Optimizer
from tinygrad_edu.optim.schedule import LRScheduler, check, rates
from tinygrad_edu.tensors.creation import tensor
from tinygrad_edu.tensors.several import changed_at_once
from tinygrad_edu.tensors.tensor import Tensor

__all__ = [
    "SWALR", "AveragedModel", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn", "get_swa_multi_avg_fn",
    "update_bn",
]  # fmt: skip

Average = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(average so far, new value, how many are in the average) -> the new average."""
Averages = Callable[[Sequence[Tensor], Sequence[Tensor], Tensor], None]
"""The same for lists of Tensors; the averages are changed in place."""


def get_swa_avg_fn() -> Average:
    """The rule of equal weights: ``average + (value - average) / (n + 1)``."""
    return lambda average, value, n: average + (value - average) / (n + 1)


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """The rule of fading weights: ``decay * average + (1 - decay) * value``. Raises ValueError outside 0 to 1.

    >>> import tinygrad_edu as tg
    >>> get_ema_avg_fn(0.75)(tg.tensor([4.0]), tg.tensor([8.0]), tg.tensor(1))
    tensor([5.])
    """
    if not 0.0 <= decay <= 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")
    return lambda average, value, n: decay * average + (1 - decay) * value


def _for_lists(rule: Average) -> Averages:
    def average(averages: Sequence[Tensor], values: Sequence[Tensor], n: Tensor) -> None:
        with no_grad():
            for mean, value in zip(averages, values, strict=True):
                mean.copy_(rule(mean, value, n))

    return average


def get_swa_multi_avg_fn() -> Averages:
    """:func:`get_swa_avg_fn` for lists of Tensors, in place."""
    loop = _for_lists(get_swa_avg_fn())

    def average(averages: Sequence[Tensor], values: Sequence[Tensor], n: Tensor) -> None:
        if not averages or not changed_at_once("all_averaged", averages, values, numbers=(float(n) + 1,)):
            loop(averages, values, n)

    return average


def get_ema_multi_avg_fn(decay: float = 0.999) -> Averages:
    """:func:`get_ema_avg_fn` for lists of Tensors, in place."""
    loop = _for_lists(get_ema_avg_fn(decay))

    def average(averages: Sequence[Tensor], values: Sequence[Tensor], n: Tensor) -> None:
        if not averages or not changed_at_once("all_faded", averages, values, numbers=(decay,)):
            loop(averages, values, n)

    return average


class AveragedModel(Module):
    """A copy of a model (``.module``) that keeps the average of its weights; calling it calls the copy.

    Args:
        model: the model that is trained. The copy is independent of it.
        device: where the copy is put; by default where the model is.
        avg_fn: how an average takes in a value (:data:`Average`); by default with equal weights.
        multi_avg_fn: the same for lists of Tensors; not both.
        use_buffers: average the buffers too (running means of BatchNorm); else they are copied.

    >>> import tinygrad_edu as tg
    >>> model = tg.nn.Linear(1, 1)
    >>> averaged = AveragedModel(model)
    >>> for weight in (2.0, 4.0, 9.0):
    ...     _ = tg.nn.init.constant_(model.weight, weight)
    ...     averaged.update_parameters(model)
    >>> averaged.module.weight.item(), averaged.n_averaged
    (5.0, tensor(3))
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: Averages | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = copy.deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", tensor(0))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the model's present weights into the average; the first ones are copied.

        Raises OptimizerError, and changes nothing, where the model's Tensors have other shapes.
        """
        mine, theirs = ([*m.parameters(), *(m.buffers() if self.use_buffers else ())] for m in (self.module, model))
        copied = [] if self.use_buffers else list(zip(self.module.buffers(), model.buffers(), strict=True))
        shapes, others = ([tuple(x.shape) for x in xs] for xs in (mine, theirs))
        if shapes != others:
            raise OptimizerError(
                f"AveragedModel.update_parameters: the average has Tensors of shapes {shapes}, the model {others}: "
                "pass the model that the average was made from."
            )
        averages, values = [x.detach() for x in mine], [x.detach() for x in theirs]
        with no_grad():
            if self.n_averaged.item() == 0:
                copied = [*copied, *zip(averages, values, strict=True)]
            elif self.multi_avg_fn is None and self.avg_fn is not None:
                for mean, value in zip(averages, values, strict=True):
                    mean.copy_(self.avg_fn(mean, value, self.n_averaged))
            else:
                (self.multi_avg_fn or get_swa_multi_avg_fn())(averages, values, self.n_averaged)
            for mine_, value in copied:
                mine_.copy_(value)
            self.n_averaged += 1


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running means and variances of BatchNorm layers anew: those of averaged weights are other ones.

    Args:
        loader: batches, each a Tensor or a tuple or list that begins with it.
        model: every batch is given to it once, in training mode.
        device: where the batches are moved first.
    """
    layers = [module for module in model.modules() if isinstance(module, _BatchNorm)]
    if not layers:
        return
    momenta, training = [layer.momentum for layer in layers], model.training
    try:
        model.train()
        for layer in layers:
            layer.reset_running_stats()
            layer.momentum = None  # the mean over all batches
        with no_grad():
            for batch in loader:
                x = batch[0] if isinstance(batch, (list, tuple)) else batch
                model(x if device is None else x.to(device))
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
        model.train(training)


class SWALR(LRScheduler):
    """Let each group's rate go to `swa_lr` within `anneal_epochs`, along half a cosine or a line, and stay there.

    >>> import tinygrad_edu as tg
    >>> optimizer = tg.optim.SGD([tg.zeros(2, requires_grad=True)], lr=1.0)
    >>> scheduler = SWALR(optimizer, swa_lr=0.5, anneal_epochs=2, anneal_strategy="linear")
    >>> seen = []
    >>> for _ in range(4):
    ...     optimizer.step()
    ...     scheduler.step()
    ...     seen += scheduler.get_last_lr()
    >>> seen
    [0.75, 0.5, 0.5, 0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | Sequence[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        groups = optimizer.param_groups
        targets = list(swa_lr) if isinstance(swa_lr, (list, tuple)) else [swa_lr] * len(groups)
        check("SWALR", len(targets) == len(groups), f"one swa_lr, or {len(groups)}, one for each group", swa_lr)
        check("SWALR", anneal_strategy in ("cos", "linear"), "anneal_strategy 'cos' or 'linear'", anneal_strategy)
        whole = isinstance(anneal_epochs, int) and anneal_epochs >= 0
        check("SWALR", whole, "anneal_epochs as a whole number of 0 or more", anneal_epochs)
        for group, target in zip(groups, targets, strict=True):
            group["swa_lr"] = target
        self.anneal_epochs = anneal_epochs
        self._anneal_strategy = anneal_strategy
        super().__init__(optimizer, last_epoch)

    def _share(self, step: int) -> float:
        """How much of the way is behind after so many steps: 0 to 1."""
        passed = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return passed if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * passed)) / 2

    def get_lr(self) -> list[float]:
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, after = self._share(step - 1), self._share(step)
        targets = rates(self.optimizer, "swa_lr")
        # The rate to begin with is what leads to the rate at hand, so that changes by others stay in force.
        began = [
            target if before == 1 else (lr - before * target) / (1 - before)
            for lr, target in zip(rates(self.optimizer), targets, strict=True)
        ]
        return [target * after + lr * (1 - after) for target, lr in zip(targets, began, strict=True)]
