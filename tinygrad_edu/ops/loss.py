"""Losses that every training loop calls, in one step, and those whose formula breaks down where the loss does not."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tinygrad_edu.kernels import elementwise as on_arrays
from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.elementwise import clamp, log
from tinygrad_edu.ops.ieee import guarded
from tinygrad_edu.ops.index import put_along
from tinygrad_edu.ops.registry import cases, elementwise, structured
from tinygrad_edu.ops.shape import expand, unsqueeze
from tinygrad_edu.ops.statistics import softmax

_f32 = kernels.dtype("float32")
_log = guarded(math.log, at_pole=-math.inf)


def _on_arrays(input: Any, target: Any) -> Any:
    return -(target * kernels.clamp(on_arrays("log")(input), -100, None) + (1 - target) * _other(input))


def _other(input: Any) -> Any:
    return kernels.clamp(on_arrays("log1p")(-input), -100, None)


@elementwise(array=_on_arrays, method=False, promote="same", domain=(0.05, 0.95), oracle="")
def cross_entropy_of_two(input: Any, target: Any, /) -> Any:
    """``-t log(p) - (1 - t) log(1 - p)`` with logarithms of at least -100: what the event t costs that p foretold."""
    return -(target * max(_log(input), -100.0) + (1 - target) * max(_log(1 - input), -100.0))


@cross_entropy_of_two.partials(uses=("a b", "a"))
def _(_out: Any, a: Any, b: Any) -> Any:
    # PyTorch's: steep, but finite, at 0 and 1.
    return (
        lambda: (a - b) / clamp(a * (1 - a), 1e-12, None),
        lambda: clamp(log(1 - a), -100, None) - clamp(log(a), -100, None),
    )


def _reduced(values: Any, reduction: str) -> Any:
    if reduction == "none":
        return values
    dims = tuple(range(values.ndim))
    return kernels.sum(values, dims, False) if reduction == "sum" else kernels.mean(values, dims, False)


def _count(shape: Any, reduction: str) -> int:
    """What the reduction divides by."""
    return max(math.prod(shape), 1) if reduction == "mean" else 1


@structured(
    method=False,
    promote="same",
    grad_name="MseLossBackward0",
    oracle="",
    samples=cases(*(([(2, 3), (2, 3)], (reduction,)) for reduction in ("mean", "sum", "none"))),
)
def squared_error(input: Any, target: Any, /, reduction: str = "mean") -> Any:
    """``(input - target) ** 2`` for two tensors of one shape: their mean, their sum, or all of them."""
    apart = input - target
    return _reduced(apart * apart, reduction)


@squared_error.vjp
def _(g: Any, _out: Any, input: Any, target: Any, reduction: str) -> Any:
    share = (input - target) * (g * (2.0 / _count(input.shape, reduction)))
    return share, lambda: -share


def _bent(name: str, grad_name: str, formula: str, slope: Callable[[float], float]) -> Any:
    """A loss that is quadratic in differences below its knee, and straight beyond."""

    def bent(input: Any, target: Any, /, knee: float = 1.0, reduction: str = "mean") -> Any:
        apart = input - target
        near = kernels.clamp(apart, -knee, knee)
        return _reduced(near * (apart - near * 0.5) * (slope(knee) / knee), reduction)

    bent.__name__ = bent.__qualname__ = name
    bent.__doc__ = f"{formula} of the difference d of two tensors of one shape: mean, sum, or all of them."
    places = (((0.75, reduction)) for reduction in ("mean", "sum", "none"))
    op = structured(
        method=False, promote="same", grad_name=grad_name, oracle="",
        samples=cases(*(([(2, 3), (2, 3)], place) for place in places)),
    )(bent)  # fmt: skip

    @op.vjp
    def _(g: Any, _out: Any, input: Any, target: Any, knee: float, reduction: str) -> Any:
        share = clamp(input - target, -knee, knee) * (g * (slope(knee) / knee / _count(input.shape, reduction)))
        return share, lambda: -share

    return op


smooth_l1 = _bent(
    "smooth_l1", "SmoothL1LossBackward0", "``d² / (2 knee)`` below the knee, ``|d| - knee / 2`` beyond,", lambda _: 1.0
)
huber = _bent(
    "huber", "HuberLossBackward0", "``d² / 2`` below the knee, ``knee (|d| - knee / 2)`` beyond,", lambda knee: knee
)


def _classes(make: Any) -> Any:
    for reduction in ("mean", "sum", "none"):
        yield (make(3, 4),), (kernels.asarray([0, 3, 3]), reduction)


@structured(method=False, promote="floating", grad_name="NllLossBackward0", oracle="", samples=_classes)
def pick_negative(input: Any, /, target: Any, reduction: str = "mean") -> Any:
    """Minus the element of each row (N, C) that the target (N,) names: their mean, their sum, or all of them."""
    return _reduced(-kernels.take_along(input, target[:, None], 1)[:, 0], reduction)


@pick_negative.vjp
def _(g: Any, _out: Any, input_shape: Any, target: Any, reduction: str) -> Any:
    rows = tuple(input_shape)[:1]
    share = g * (-1.0 / _count(rows, reduction))
    return put_along(unsqueeze(expand(share, rows), 1), target[:, None], 1, input_shape)


def _weighted_classes(make: Any) -> Any:
    y, w = kernels.asarray([0, 3, 1]), kernels.asarray([1.0, 0.5, 2.0, 3.0])
    for reduction in ("mean", "sum", "none"):
        yield (make(3, 4),), (y, None, 3, 0.0, reduction)
        yield (make(3, 4),), (y, w, 1, 0.1, reduction)
        yield (make(3, 4),), (y, None, None, 0.0, reduction)
    yield (make(2, 4, 3),), (kernels.asarray([[0, 3, 1], [2, 2, 3]]), w, -100, 0.3, "mean")
    yield (make(4),), (kernels.asarray(2), w, None, 0.3, "mean")


def _counted(dtype: Any, target: Any, weight: Any, ignore_index: int | None, reduction: str) -> Any:
    """What the reduction divides by: what the classes that are not ignored count."""
    if reduction != "mean":
        return 1
    if ignore_index is None and weight is None:
        return target.size
    return kernels.counted(target, weight, ignore_index, dtype if dtype.itemsize > 2 else _f32)


def _loss_name(node: Any) -> str:
    """PyTorch has another name for pictures, and adds two losses where labels are smoothed."""
    if node.params[3] and node.params[4] != "none":
        return "AddBackward0"
    return "NllLoss2DBackward0" if node.params[0].ndim > 1 else "NllLossBackward0"


@structured(method=False, promote="floating", grad_name=_loss_name, oracle="", samples=_weighted_classes)
def softmax_cross_entropy(
    input: Any,
    /,
    target: Any,
    weight: Any = None,
    ignore_index: int | None = -100,
    smoothing: float = 0.0,
    reduction: str = "mean",
) -> Any:
    """Minus the logarithm of the softmax of scores (N, C, ...) at the classes (N, ...) in int64; see `cross_entropy`.

    Where no target is the ignored one, None says so, and nobody needs to look.

    Then the largest score of each place, and the logarithm of the sum of exponentials beside it.
    """
    cost, top, low = kernels.cross_entropy(input, target, weight, ignore_index, smoothing)
    if reduction != "none":
        cost = kernels.sum(cost, tuple(range(cost.ndim)), False)
    if reduction == "mean":
        cost = (cost / _counted(cost.dtype, target, weight, ignore_index, reduction)).astype(input.dtype, copy=False)
    return cost, top, low


@softmax_cross_entropy.vjp
def _(
    g: Any, out: Any, input: Any, target: Any, weight: Any, ignore_index: int | None, smoothing: float, reduction: str
) -> Any:
    count = _counted(_plain_dtype(input), target, weight, ignore_index, reduction)
    if hasattr(count, "block") and not hasattr(g, "_record"):  # on a GPU: not waited for
        share = g / count
    else:
        share = g * (1.0 / float(count) if count else math.nan)  # nothing counts: 0 / 0
    if not hasattr(g, "_record"):
        each = kernels.broadcast_to(share, target.shape)
        return kernels.cross_entropy_back(input, each, target, out[1], out[2], weight, ignore_index, smoothing)
    shape, axis = tuple(input.shape), min(1, len(input.shape) - 1)
    each = expand(share, target.shape)
    total, fixed = kernels.cross_entropy_parts(shape, _plain_dtype(input), target, weight, ignore_index, smoothing)
    return unsqueeze(each, axis) * (softmax(input, axis) * total - fixed)


def _plain_dtype(input: Any) -> Any:
    return getattr(input, "_data", input).dtype
