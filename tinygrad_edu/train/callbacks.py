"""Callbacks: what may happen between the steps of `fit`, each in a class of a few lines."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from typing import Any

from tinygrad_edu.serialization import save
from tinygrad_edu.train.history import History, Row, check_file
from tinygrad_edu.train.metrics import Metric

__all__ = ["CSVLog", "Callback", "EarlyStopping", "JSONLog", "Run", "SaveBest", "Schedule"]


@dataclass
class Run:
    """A call of `fit`, as callbacks see it; all of it may be read, `stop` may be set."""

    model: Any
    loss: Any
    optimizer: Any
    data: Any
    valid: Any
    metrics: list[Metric]
    epochs: int
    history: History
    epoch: int = 0
    """The number of the epoch, from 1 on."""
    batch: int = 0
    """How many batches of this epoch are done."""
    batches: int | None = None
    """How many there are in an epoch, where the data has a length."""
    logs: Row = field(default_factory=dict)
    """The numbers of this epoch so far; at its end the row of the history."""
    stop: bool = False
    """Set it to True to end the training after this epoch."""


class Callback:
    """Methods that `fit` calls; a subclass overrides those it needs.

    What must survive a kill, as the best loss so far, goes through `state_dict` and `load_state_dict`.

    >>> class StopAt(Callback):
    ...     def __init__(self, loss):
    ...         self.loss = loss
    ...     def on_epoch_end(self, run):
    ...         run.stop = run.logs["loss"] < self.loss
    """

    def on_fit_begin(self, run: Run) -> None:
        """Before anything else: the place to refuse what does not fit. A resumed run's state is read after it."""

    def on_epoch_begin(self, run: Run) -> None:
        """Before the first batch of an epoch."""

    def on_backward_end(self, run: Run) -> None:
        """Gradients are there, the optimizer has not stepped: the place to clip them."""

    def on_batch_end(self, run: Run) -> None:
        """After the optimizer's step; `run.logs` holds the epoch's means so far."""

    def on_epoch_end(self, run: Run) -> None:
        """After validation; `run.logs` is the row that went into the history."""

    def on_fit_end(self, run: Run) -> None:
        """After the last epoch. Not called where an exception or Ctrl-C ended the training."""

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run must know, as data."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""


class _Watching(Callback):
    """Remembers the best value of one column."""

    def __init__(self, monitor: str | None = None, mode: str | None = None, min_delta: float = 0.0) -> None:
        if mode not in (None, "min", "max"):
            raise ValueError(f"{type(self).__name__}: mode must be 'min', 'max' or None, but got {mode!r}.")
        if not min_delta >= 0:
            raise ValueError(f"{type(self).__name__}: min_delta must be 0 or more, but got {min_delta}.")
        self.monitor, self.mode, self.min_delta = monitor, mode, min_delta
        self.best: float | None = None
        self.best_epoch = 0

    def on_fit_begin(self, run: Run) -> None:
        if self.monitor is None:
            self.monitor = "loss" if run.valid is None else "valid_loss"
        names = ["loss", *(metric.name for metric in run.metrics)]
        names += [] if run.valid is None else [f"valid_{name}" for name in names]
        if self.monitor not in names:
            raise ValueError(f"{type(self).__name__}: there is no {self.monitor!r} here; there are {', '.join(names)}.")
        if self.mode is None:
            plain = self.monitor.removeprefix("valid_")
            rising = any(metric.name == plain and metric.higher_is_better for metric in run.metrics)
            self.mode = "max" if rising else "min"

    def improved(self, run: Run) -> bool:
        """Whether this epoch is the best so far; remembers it if so."""
        value = run.logs[self.monitor or "loss"]
        gain = math.inf if self.best is None else (value - self.best) * (1 if self.mode == "max" else -1)
        if math.isnan(value) or not gain > self.min_delta:
            return False
        self.best, self.best_epoch = value, run.epoch
        return True

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "best_epoch": self.best_epoch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.best, self.best_epoch = state["best"], state["best_epoch"]


class EarlyStopping(_Watching):
    """Stop when a column has not improved for `patience` epochs, and go back to the best epoch's weights.

    Args:
        monitor: a column, as ``"valid_accuracy"``; by default ``"valid_loss"``, or ``"loss"`` without validation.
        patience: how many epochs without improvement are borne; the next one without ends the training.
        min_delta: an improvement is more than this.
        mode: "min" or "max"; by default what the metric says of itself.
        restore: put the best weights back at the end, also where the epochs ran out.
    """

    def __init__(
        self,
        monitor: str | None = None,
        patience: int = 5,
        min_delta: float = 0.0,
        mode: str | None = None,
        restore: bool = True,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        if patience < 0:
            raise ValueError(f"EarlyStopping: patience must be 0 or more, but got {patience}.")
        self.patience, self.restore = patience, restore
        self.waited = 0
        self.weights: dict[str, Any] | None = None

    def on_epoch_end(self, run: Run) -> None:
        if self.improved(run):
            self.waited = 0
            if self.restore:
                self.weights = {name: tensor.clone() for name, tensor in run.model.state_dict().items()}
        else:
            self.waited += 1
            run.stop = run.stop or self.waited > self.patience

    def on_fit_end(self, run: Run) -> None:
        if self.restore and self.weights is not None:
            run.model.load_state_dict(self.weights)

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "waited": self.waited, "weights": self.weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state)
        self.waited, self.weights = state["waited"], state["weights"]


class SaveBest(_Watching):
    """Write the model's state_dict whenever a column improves: ``SaveBest("best.safetensors", "valid_accuracy")``."""

    def __init__(self, path: str | os.PathLike[str], monitor: str | None = None, mode: str | None = None) -> None:
        super().__init__(monitor, mode)
        self.path = path

    def on_fit_begin(self, run: Run) -> None:
        super().on_fit_begin(run)
        check_file(self.path, type(self).__name__)

    def on_epoch_end(self, run: Run) -> None:
        if self.improved(run):
            save(dict(run.model.state_dict()), self.path)


class Schedule(Callback):
    """Step a learning-rate schedule after each epoch, or after each batch as OneCycleLR wants it.

    A schedule that watches a number (ReduceLROnPlateau) gets `monitor`: by default the validation loss, or the loss.
    """

    def __init__(self, scheduler: Any, every: str = "epoch", monitor: str | None = None) -> None:
        if every not in ("epoch", "batch"):
            raise ValueError(f"Schedule: every must be 'epoch' or 'batch', but got {every!r}.")
        self.scheduler, self.every, self.monitor = scheduler, every, monitor

    def on_fit_begin(self, run: Run) -> None:
        if self.scheduler.optimizer is not run.optimizer:
            raise ValueError("Schedule: the scheduler belongs to another optimizer than the one fit was given.")

    def on_batch_end(self, run: Run) -> None:
        if self.every == "batch":
            self.scheduler.step()

    def on_epoch_end(self, run: Run) -> None:
        if self.every == "epoch":
            if hasattr(self.scheduler, "patience"):
                self.scheduler.step(run.logs[self.monitor or ("valid_loss" if "valid_loss" in run.logs else "loss")])
            else:
                self.scheduler.step()

    def state_dict(self) -> dict[str, Any]:
        return {"scheduler": self.scheduler.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.scheduler.load_state_dict(state["scheduler"])


class CSVLog(Callback):
    """Write the history to a file of comma-separated values after each epoch."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = path

    def on_fit_begin(self, run: Run) -> None:
        check_file(self.path, type(self).__name__)

    def on_epoch_end(self, run: Run) -> None:
        run.history.to_csv(self.path)


class JSONLog(CSVLog):
    """Write the history as JSON lines after each epoch, one object for each."""

    def on_epoch_end(self, run: Run) -> None:
        run.history.to_json(self.path)
