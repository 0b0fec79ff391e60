"""Metrics: numbers about outputs and targets, summed up batch by batch in Python's floats."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from tinygrad_edu.errors import ShapeError
from tinygrad_edu.tensors.tensor import Tensor

__all__ = [
    "MAE", "MSE", "RMSE", "Accuracy", "BinaryAccuracy", "BinaryAccuracyWithLogits", "Mean", "Metric", "metrics_of",
]  # fmt: skip


class Metric:
    """A mean over elements. A subclass gives `name` and `measure`; one that is no mean overrides more.

    >>> import tinygrad_edu as tg
    >>> class WithinOne(Metric):
    ...     name, higher_is_better = "within_one", True
    ...     def measure(self, output, target):
    ...         return ((output - target).abs() <= 1).sum().item(), target.numel()
    >>> metric = WithinOne()
    >>> metric.update(tg.tensor([1.0, 2.0, 9.0]), tg.tensor([1.5, 0.0, 9.0]))
    >>> round(metric.compute(), 4)
    0.6667
    """

    name: str = "metric"
    higher_is_better: ClassVar[bool] = False

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything: an epoch begins."""
        self.total, self.count = 0.0, 0

    def measure(self, output: Tensor, target: Tensor) -> tuple[float, int]:
        """The sum over a batch, and over how many elements."""
        raise NotImplementedError(f"{type(self).__name__} does not define measure(output, target).")

    def update(self, output: Tensor, target: Tensor) -> None:
        """Take in a batch; neither tensor is recorded."""
        total, count = self.measure(output, target)
        self.total += total
        self.count += count

    def compute(self) -> float:
        """The metric over all batches since `reset`; nan if there were none."""
        return self.total / self.count if self.count else math.nan


class Accuracy(Metric):
    """The share of largest scores that stand at the target's class.

    output: scores (N, C) or (N, C, ...), as for `nn.CrossEntropyLoss`; target: classes (N) or (N, ...).

    >>> import tinygrad_edu as tg
    >>> metric = Accuracy()
    >>> metric.update(tg.tensor([[0.1, 0.9], [0.8, 0.2]]), tg.tensor([1, 1]))
    >>> metric.compute()
    0.5
    """

    name = "accuracy"
    higher_is_better = True

    def measure(self, output: Tensor, target: Tensor) -> tuple[float, int]:
        scores, classes = tuple(output.shape), tuple(target.shape)
        if len(scores) < 2 or scores[:1] + scores[2:] != classes:
            raise ShapeError(
                f"accuracy: expected scores (N, C, ...) and classes (N, ...), but got {scores} and {classes}. "
                "Use 'binary_accuracy' or 'binary_accuracy_with_logits' for one score each."
            )
        return (output.argmax(1) == target).sum().item(), target.numel()


class BinaryAccuracy(Metric):
    """The share of probabilities on the right side of `threshold`; output and target of one shape.

    >>> import tinygrad_edu as tg
    >>> metric = BinaryAccuracy()
    >>> metric.update(tg.tensor([0.9, 0.2, 0.4]), tg.tensor([1.0, 0.0, 1.0]))
    >>> round(metric.compute(), 4)
    0.6667
    """

    name = "binary_accuracy"
    higher_is_better = True
    threshold = 0.5

    def __init__(self, threshold: float | None = None) -> None:
        super().__init__()
        if threshold is not None:
            self.threshold = threshold

    def measure(self, output: Tensor, target: Tensor) -> tuple[float, int]:
        _same_shape(self.name, output, target)
        return (output > self.threshold).eq(target > 0.5).sum().item(), target.numel()


class BinaryAccuracyWithLogits(BinaryAccuracy):
    """The same for scores before the sigmoid: the threshold is 0."""

    name = "binary_accuracy_with_logits"
    threshold = 0.0


class MAE(Metric):
    """Mean absolute error; output and target of one shape."""

    name = "mae"

    def measure(self, output: Tensor, target: Tensor) -> tuple[float, int]:
        _same_shape(self.name, output, target)
        return (output - target).abs().sum().item(), target.numel()


class MSE(Metric):
    """Mean squared error; output and target of one shape."""

    name = "mse"

    def measure(self, output: Tensor, target: Tensor) -> tuple[float, int]:
        _same_shape(self.name, output, target)
        return (output - target).square().sum().item(), target.numel()


class RMSE(MSE):
    """The square root of the mean squared error over all batches (not the mean of the batches' roots).

    >>> import tinygrad_edu as tg
    >>> metric = RMSE()
    >>> for error in (3.0, 4.0):
    ...     metric.update(tg.tensor([error]), tg.tensor([0.0]))
    >>> round(metric.compute(), 4)
    3.5355
    """

    name = "rmse"

    def compute(self) -> float:
        return math.sqrt(super().compute())


class Mean(Metric):
    """The mean over samples of a function of (output, target) that gives a batch's own mean.

    >>> import tinygrad_edu as tg
    >>> metric = Mean(lambda output, target: (output - target).abs().max(), name="worst")
    >>> metric.update(tg.tensor([1.0, 4.0]), tg.tensor([1.0, 1.0]))
    >>> metric.compute()
    3.0
    """

    def __init__(self, function: Callable[[Tensor, Tensor], Any], name: str | None = None) -> None:
        super().__init__()
        self.function = function
        self.name = name or str(getattr(function, "__name__", type(function).__name__))

    def measure(self, output: Tensor, target: Tensor) -> tuple[float, int]:
        size = len(target)
        return float(self.function(output, target)) * size, size


NAMED: dict[str, type[Metric]] = {
    cls.name: cls for cls in (Accuracy, BinaryAccuracy, BinaryAccuracyWithLogits, MAE, MSE, RMSE)
}


def metrics_of(wanted: Iterable[Any]) -> list[Metric]:
    """Metrics from names, metrics, metric classes and plain functions.

    Raises ValueError for an unknown name, for one name twice, and for names that `fit` itself uses.

    >>> [metric.name for metric in metrics_of(["mae", Accuracy])]
    ['mae', 'accuracy']
    """
    if isinstance(wanted, str):
        wanted = [wanted]
    found = [_metric(each) for each in wanted]
    names = [metric.name for metric in found]
    for name in names:
        if names.count(name) > 1 or name in ("loss", "epoch", "lr", "seconds") or name.startswith("valid_"):
            raise ValueError(f"metrics: the name {name!r} is taken. Give the metric another `name`.")
    return found


def _metric(wanted: Any) -> Metric:
    if isinstance(wanted, str):
        if wanted not in NAMED:
            raise ValueError(
                f"metrics: there is no metric {wanted!r}. There are {', '.join(NAMED)}; "
                "a function of (output, target) or a Metric of your own will do as well."
            )
        return NAMED[wanted]()
    if isinstance(wanted, type) and issubclass(wanted, Metric):
        return wanted()
    if isinstance(wanted, Metric):
        return wanted
    if callable(wanted):
        return Mean(wanted)
    raise TypeError(f"metrics: expected names, Metrics or functions, but got {type(wanted).__name__}.")


def _same_shape(name: str, output: Tensor, target: Tensor) -> None:
    if output.shape != target.shape:
        raise ShapeError(
            f"{name}: output and target must have one shape, but got {tuple(output.shape)} and {tuple(target.shape)}. "
            "Reshape one of them: (N,) beside (N, 1) would compare every pair."
        )
