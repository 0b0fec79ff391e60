"""What is counted: distinct elements, and elements by value or by interval. None of it has a derivative."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.errors import DTypeError, ShapeError
from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.matrices import values_only
from tinygrad_edu.ops.shape import wrap_dim
from tinygrad_edu.tensors import return_types
from tinygrad_edu.tensors.composed import apply, composed
from tinygrad_edu.tensors.placing import beside
from tinygrad_edu.tensors.tensor import Tensor

__all__: list[str] = []

_wrap = Tensor._wrap


def _one_or_all(input: Tensor, name: str, results: list[Any], wanted: tuple[bool, ...]) -> Any:
    """The values, which refuse to be differentiated, and what else is wanted."""
    kept = [_wrap(r) for r, want in zip(results[1:], wanted, strict=True) if want]
    kept.insert(0, apply(values_only, input, params=(kernels.asarray(results[0]), name)))
    return kept[0] if len(kept) == 1 else tuple(kept)


@composed()
def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The distinct elements, or slices along `dim`, in order.

    Args:
        sorted: they are in order in any case.
        return_inverse: also give, for each element (slice), the index of its like in the result.
        return_counts: also give how often each occurs.
    """
    a = input._array()
    axis = None if dim is None else wrap_dim(dim, a.ndim, "unique")
    values, inverse, counts = np.unique(a, return_inverse=True, return_counts=True, axis=axis, equal_nan=False)
    inverse = inverse.reshape(a.shape if axis is None else (a.shape[axis],))
    name = "unique" if dim is None else "unique_dim"
    return _one_or_all(input, name, [values, inverse, counts], (return_inverse, return_counts))


@composed()
def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The elements, or slices along `dim`, that differ from the one before them; arguments as for :func:`unique`."""
    a = input._array()
    axis = None if dim is None else wrap_dim(dim, a.ndim, "unique_consecutive")
    lines = a.reshape(-1) if axis is None else np.moveaxis(a, axis, 0)
    if axis is not None and 0 in lines.shape[1:]:
        raise RuntimeError(
            f"unique_consecutive: there are 0 sized dimensions in shape {tuple(a.shape)} beside dim {axis}: no two "
            "slices can be told apart"
        )
    changed = lines[1:] != lines[:-1]
    differs = changed.any(tuple(range(1, changed.ndim)))
    first = np.concatenate([np.ones_like(differs, shape=(min(len(lines), 1),)), differs])
    inverse = np.cumsum(first) - 1
    values = lines[first] if axis is None else np.moveaxis(lines[first], 0, axis)
    counts = np.bincount(inverse, minlength=0)
    inverse = inverse.reshape(a.shape if axis is None else -1)
    return _one_or_all(input, "unique_consecutive", [values, inverse, counts], (return_inverse, return_counts))


@composed()
def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each of 0, 1, 2, ... occurs among integers, or the sum of their weights.

    Raises:
        RuntimeError: negative numbers, more than one dimension, or weights of another size.
    """
    a = input._array()
    if a.dtype.kind not in "iu":
        raise DTypeError(f"bincount: counts integers, got {input.dtype}: convert with .long()")
    if a.ndim != 1 or (a.size and a.min() < 0):
        raise ShapeError("bincount only supports 1-d non-negative integral inputs: flatten the Tensor, or shift it")
    if minlength < 0:
        raise RuntimeError(f"minlength should be >= 0, got {minlength}")
    if weights is None:
        return _wrap(np.bincount(a, minlength=minlength))
    if weights.shape != input.shape:
        raise ShapeError(f"bincount: weights should be 1-d and have the same length as input, got {weights.shape}")
    kind = weights._data.dtype if weights._data.dtype == np.float32 else np.dtype(np.float64)
    return _wrap(np.bincount(a, weights._data, minlength).astype(kind))


def _limits(name: str, a: Any, low: Any, high: Any, around: float = 1) -> tuple[float, float]:
    """The interval to divide: as given, or that of the data; never empty."""
    if low == high and a.size:
        low, high = float(a.min()), float(a.max())
    if low == high:
        low, high = (0, 1) if around != 1 and not a.size else (low - around, high + around)
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"{name}: range of [{low}, {high}] is not finite: give one that is")
    if low > high:
        raise RuntimeError(f"{name}: max must be larger than min, got {low} and {high}")
    return float(low), float(high)


@composed()
def histc(input: Tensor, bins: int = 100, min: Any = 0, max: Any = 0) -> Tensor:
    """How many elements lie in each of `bins` equal intervals from `min` to `max` (by default those of the data).

    The last interval holds its upper end too; what lies outside is not counted.
    """
    a = input.detach()._array().reshape(-1)
    if a.dtype.kind != "f":
        raise DTypeError(f"histc: needs floats, got {input.dtype}: convert with .float()")
    if bins <= 0:
        raise RuntimeError(f"bins must be > 0, got {bins}")
    low, high = _limits("histc", a, min, max)
    inside = a[(a >= low) & (a <= high)]
    places = np.minimum(((inside - a.dtype.type(low)) * bins / a.dtype.type(high - low)).astype(np.int64), bins - 1)
    return _wrap(np.bincount(places, minlength=bins).astype(a.dtype))


@composed()
def histogram(
    input: Tensor, bins: Any = 100, *, range: Any = None, weight: Tensor | None = None, density: bool = False
) -> Any:
    """How many elements lie in each interval: (hist, bin_edges).

    Args:
        bins: how many equal intervals, or a Tensor of their edges in increasing order.
        range: (lowest, highest) edge; by default those of the data.
        weight: what each element counts.
        density: scale so that the area under the histogram is 1.
    """
    a = input.detach()._array().reshape(-1)
    if a.dtype.kind != "f":
        raise DTypeError(f"histogram: needs floats, got {input.dtype}: convert with .float()")
    if isinstance(bins, Tensor):
        edges = bins.detach()._array()
        if edges.ndim != 1 or edges.dtype != a.dtype:
            raise ShapeError(
                f"torch.histogram(): bins tensor should have one dimension and {input.dtype}, got {bins.ndim} and "
                f"{bins.dtype}"
            )
    else:
        if bins <= 0:
            raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins}")
        low, high = range or (0, 0)
        edges = np.linspace(*_limits("torch.histogram()", a, low, high, 0.5), bins + 1).astype(a.dtype)
        edges = beside(edges, input)._data
    if weight is not None and weight.shape != input.shape:
        raise ShapeError(f"torch.histogram(): weight has shape {tuple(weight.shape)}, the input {tuple(input.shape)}")
    inside = (a >= edges[0]) & (a <= edges[-1])
    places = np.minimum(np.searchsorted(edges, a[inside], "right") - 1, len(edges) - 2)
    counted = None if weight is None else weight._array().reshape(-1)[inside]
    hist = np.bincount(places, counted, len(edges) - 1).astype(a.dtype)
    if density:
        hist = hist / (hist.sum() * np.diff(edges))
    parts = [apply(values_only, input, params=(part, "histogram")) for part in (hist, edges)]
    return return_types.histogram(*parts)


def _searched(edges: Any, values: Any, right: bool, out_int32: bool) -> Tensor:
    values = values._data if isinstance(values, Tensor) else np.asarray(values)
    side: Any = "right" if right else "left"
    if edges.ndim > 1 and np.shape(values)[:-1] != edges.shape[:-1]:
        raise ShapeError(
            "searchsorted: the boundaries have one dimension, or all but their last are those of the values: got "
            f"shapes {edges.shape} and {np.shape(values)}"
        )
    if edges.ndim == 1 or hasattr(edges, "block"):  # a GPU takes many lines at once
        found = np.searchsorted(edges, values, side)
    else:
        found = np.empty(values.shape, np.int64)
        for line in np.ndindex(edges.shape[:-1]):
            found[line] = np.searchsorted(edges[line], values[line], side)
    return _wrap(kernels.asarray(found).astype(np.int32 if out_int32 else np.int64)[()])


@composed(method=False)
def searchsorted(
    input: Tensor, values: Any, *, out_int32: bool = False, right: bool = False, side: str | None = None
) -> Tensor:
    """Where values would have to be put into sorted lines to keep them sorted: before their equals, or behind them.

    Args:
        input: one sorted line, or one for each line of the values.
        right: behind the equals. ``side="right"`` says the same.
    """
    if not isinstance(values, (Tensor, bool, int, float)):
        raise TypeError(f"searchsorted(): argument 'values' must be Tensor or Number, not {type(values).__name__}")
    if side not in (None, "left", "right"):
        raise RuntimeError(f"searchsorted(): side can only be 'left' or 'right' but got {side}")
    return _searched(input._array(), values, right or side == "right", out_int32)


@composed(method=False)
def bucketize(input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """The number of the interval between sorted boundaries in which each element lies."""
    if boundaries.ndim != 1:
        raise ShapeError(f"bucketize: boundaries tensor must be 1 dimension, but got dim({boundaries.ndim})")
    return _searched(boundaries._array(), input, right, out_int32)


@composed(method=False)
def isin(elements: Tensor, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each element is among the `test_elements`."""
    tested = test_elements._data if isinstance(test_elements, Tensor) else test_elements
    return _wrap(kernels.asarray(np.isin(elements._data, tested, invert=invert)))
