"""fit, evaluate, predict: the lecture's loop, with what every project adds to it."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable, Sequence
from typing import Any

from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.errors import DivergenceError
from tinygrad_edu.tensors.functions import cat
from tinygrad_edu.tensors.tensor import Tensor
from tinygrad_edu.train.callbacks import Callback, Run, Schedule
from tinygrad_edu.train.history import History, Row, check_file
from tinygrad_edu.train.metrics import Metric, metrics_of
from tinygrad_edu.train.progress import Progress
from tinygrad_edu.train.state import check_loader, read_state, write_state
from tinygrad_edu.utils.files import sweep

__all__ = ["evaluate", "fit", "predict"]


def fit(
    model: Any,
    data: Iterable[Any],
    loss: Any,
    optimizer: Any,
    *,
    epochs: int,
    valid: Iterable[Any] | None = None,
    metrics: Iterable[Any] = (),
    scheduler: Any = None,
    callbacks: Sequence[Callback] = (),
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    progress: bool = True,
) -> History:
    """Train a model, and say how it went.

    Args:
        model: an nn.Module.
        data: batches ``(inputs, target)``, as a DataLoader gives them; of a longer batch all but the last element are
            inputs. For training on everything at once: ``[(x, y)]``.
        loss: called with the model's output and the target; gives a batch's mean.
        optimizer: any of ours; those that need a closure, as LBFGS, get one.
        epochs: how often to go through the data, counted from the very beginning where a run is resumed.
        valid: batches to look at after each epoch, in eval mode and without gradients.
        metrics: names ("accuracy", "mae", "rmse", ...), Metrics, or functions of (output, target).
        scheduler: stepped after each epoch; for each batch use the callback `Schedule`.
        callbacks: called in their order.
        checkpoint: a file that holds the whole run after each epoch.
        resume: go on from that file where it is there. The numbers are those of a run that was never interrupted.
        progress: show a bar on a terminal, a line for each epoch elsewhere, on standard error.

    Returns:
        The history: one row for each epoch. The model is in train mode.

    Raises:
        DivergenceError: the loss is nan or inf. ValueError: options that do not go together. OSError: the checkpoint
            cannot be written there.

    >>> import tinygrad_edu as tg
    >>> _ = tg.manual_seed(0)
    >>> x = tg.randn(64, 3)
    >>> y = x @ tg.tensor([[0.2], [-1.3], [-0.5]])
    >>> model = tg.nn.Linear(3, 1)
    >>> optimizer = tg.optim.SGD(model.parameters(), lr=0.5)
    >>> history = fit(model, [(x, y)], tg.nn.MSELoss(), optimizer, epochs=50, metrics=["mae"], progress=False)
    >>> history["loss"][-1] < 1e-6
    True
    """
    _check(data, "data")
    if valid is not None:
        _check(valid, "valid")
    if not isinstance(epochs, int) or isinstance(epochs, bool) or epochs < 0:
        raise ValueError(f"fit: epochs must be a whole number, 0 or more, but got {epochs!r}.")
    for given in callbacks:
        if not isinstance(given, Callback):
            raise TypeError(f"fit: callbacks must be Callbacks, not {type(given).__name__}.")
    if not hasattr(optimizer, "param_groups"):
        raise TypeError(f"fit: optimizer must be an Optimizer, not {type(optimizer).__name__}.")
    if resume and checkpoint is None:
        raise ValueError("fit: resume=True needs the file to go on from: give checkpoint=.")
    if checkpoint is not None:
        check_file(checkpoint, "fit")
        check_loader(data)
        check_loader(valid)
    kept = [*([] if scheduler is None else [Schedule(scheduler)]), *callbacks]
    run = Run(model, loss, optimizer, data, valid, metrics_of(metrics), epochs, History(), batches=_length(data))
    shown = Progress() if progress else None
    called = kept if shown is None else [*kept, shown]
    for callback in called:
        callback.on_fit_begin(run)
    if resume and checkpoint is not None and os.path.exists(checkpoint):
        read_state(checkpoint, run, kept)
    if checkpoint is not None:
        sweep(checkpoint)  # a run that was killed while it wrote

    try:
        while run.epoch < run.epochs and not run.stop:
            run.epoch += 1
            _epoch(run, called)
            if checkpoint is not None:
                write_state(checkpoint, run, kept)
        for callback in called:
            callback.on_fit_end(run)
    finally:
        if shown is not None:
            shown.bar.clear()
    return run.history


def _epoch(run: Run, callbacks: Sequence[Callback]) -> None:
    began = time.perf_counter()
    run.batch, run.logs = 0, {"epoch": run.epoch}
    run.model.train()
    loss_sum, seen = 0.0, 0
    for metric in run.metrics:
        metric.reset()
    for callback in callbacks:
        callback.on_epoch_begin(run)
    for batch in run.data:
        inputs, target = _split(batch, run.model)
        output, value = _step(run, inputs, target, callbacks)
        run.batch += 1
        loss_sum += value * len(target)
        seen += len(target)
        run.logs["loss"] = loss_sum / seen
        for metric in run.metrics:
            metric.update(output, target)
            run.logs[metric.name] = metric.compute()
        for callback in callbacks:
            callback.on_batch_end(run)
    if not seen:
        raise ValueError("fit: the data has no batches. Is the dataset empty, or smaller than a batch with drop_last?")
    if run.valid is not None:
        found = evaluate(run.model, run.valid, run.loss, run.metrics)
        run.logs.update({f"valid_{name}": value for name, value in found.items()})
    run.logs["lr"] = run.optimizer.param_groups[0]["lr"]
    run.logs["seconds"] = time.perf_counter() - began
    run.history.rows.append(run.logs)
    for callback in callbacks:
        callback.on_epoch_end(run)


def _step(run: Run, inputs: Sequence[Any], target: Any, callbacks: Sequence[Callback]) -> tuple[Tensor, float]:
    """The lecture's five lines; the output and the loss before the step."""
    first: list[tuple[Tensor, float]] = []

    def closure() -> Tensor:
        run.optimizer.zero_grad()
        output = run.model(*inputs)
        value: Tensor = run.loss(output, target)
        if not first:
            if value.numel() != 1:
                raise ValueError(
                    f"fit: loss must give one number for a batch, but gave shape {tuple(value.shape)}: "
                    "use reduction='mean', or take the mean."
                )
            first.append((output.detach(), value.item()))
            if not math.isfinite(first[0][1]):
                raise DivergenceError(
                    f"fit: the loss is {first[0][1]} at epoch {run.epoch}, batch {run.batch + 1}, with learning rate "
                    f"{run.optimizer.param_groups[0]['lr']:g}. Try a smaller one, or look for nan in the data."
                )
        value.backward()
        for callback in callbacks:
            callback.on_backward_end(run)
        return value

    run.optimizer.step(closure)
    return first[0]


def evaluate(model: Any, data: Iterable[Any], loss: Any = None, metrics: Iterable[Any] = ()) -> dict[str, float]:
    """The loss and the metrics of a model over all batches, in eval mode and without gradients.

    >>> import tinygrad_edu as tg
    >>> x = tg.tensor([[1.0], [2.0]])
    >>> evaluate(tg.nn.Identity(), [(x, x + 1)], tg.nn.MSELoss(), metrics=["mae"])
    {'loss': 1.0, 'mae': 1.0}
    """
    wanted: list[Metric] = metrics_of(metrics)
    for metric in wanted:
        metric.reset()
    loss_sum, seen = 0.0, 0
    with _evaluating(model), no_grad():
        for batch in data:
            inputs, target = _split(batch, model)
            output = model(*inputs)
            seen += len(target)
            if loss is not None:
                loss_sum += loss(output, target).item() * len(target)
            for metric in wanted:
                metric.update(output, target)
    if not seen:
        raise ValueError("evaluate: the data has no batches.")
    found: Row = {} if loss is None else {"loss": loss_sum / seen}
    return {**found, **{metric.name: metric.compute() for metric in wanted}}


def predict(model: Any, data: Iterable[Any]) -> Tensor:
    """The model's outputs for all batches, one below the other, in eval mode and without gradients.

    data: batches as for `fit`, whose targets are left aside; or of inputs alone; or one Tensor of inputs.

    >>> import tinygrad_edu as tg
    >>> predict(tg.nn.Identity(), tg.ones(2, 1))
    tensor([[1.],
            [1.]])
    """
    batches = [data] if isinstance(data, Tensor) else data
    outputs = []
    with _evaluating(model), no_grad():
        for batch in batches:
            alone = isinstance(batch, Tensor) or len(batch) == 1
            inputs = _split((*([batch] if isinstance(batch, Tensor) else batch), None) if alone else batch, model)[0]
            outputs.append(model(*inputs))
    if not outputs:
        raise ValueError("predict: the data has no batches.")
    return cat(outputs)


class _evaluating:
    """The model is in eval mode inside, and as it was afterwards, module by module."""

    def __init__(self, model: Any) -> None:
        self.modes = [(module, module.training) for module in model.modules()]
        self.model = model

    def __enter__(self) -> None:
        self.model.eval()

    def __exit__(self, *error: object) -> None:
        for module, mode in self.modes:
            module.training = mode


def _split(batch: Any, model: Any) -> tuple[tuple[Any, ...], Any]:
    """The inputs and the target of a batch, on the model's device."""
    if not isinstance(batch, (tuple, list)) or len(batch) < 2:
        shape = f" of shape {tuple(batch.shape)}" if isinstance(batch, Tensor) else ""
        raise TypeError(
            f"a batch must be (inputs, target), but got a {type(batch).__name__}{shape}. "
            "For everything in one batch pass [(x, y)]."
        )
    device = next((parameter.device for parameter in model.parameters()), None)
    moved = [
        part.to(device) if device is not None and isinstance(part, Tensor) and part.device != device else part
        for part in batch
    ]
    return tuple(moved[:-1]), moved[-1]


def _check(data: Any, name: str) -> None:
    if isinstance(data, Tensor) or not hasattr(data, "__iter__"):
        raise TypeError(f"fit: {name} must give batches (inputs, target), as a DataLoader, not {type(data).__name__}.")
    if hasattr(data, "__next__"):
        raise TypeError(
            f"fit: {name} is a {type(data).__name__}, which is used up after one epoch. Pass a DataLoader or a list."
        )


def _length(data: Any) -> int | None:
    try:
        return len(data)
    except TypeError:
        return None
