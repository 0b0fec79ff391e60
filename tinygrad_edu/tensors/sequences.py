"""New Tensors of numbers at equal distances, or of powers with such exponents."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.errors import DTypeError, ShapeError
from tinygrad_edu.tensors.creation import creating, finish, made, numpy_type
from tinygrad_edu.tensors.data import default_float
from tinygrad_edu.tensors.dtype import as_dtype
from tinygrad_edu.tensors.promotion import result_type
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["arange", "linspace", "logspace"]


@creating
def arange(
    start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Numbers from `start` (0 if only `end` is given) up to but not including `end`.

    int64 if all three are integers, else the default float type.

    Raises:
        RuntimeError: a step of 0, or bounds that it leads away from.

    >>> arange(1, 10, 2)
    tensor([1, 3, 5, 7, 9])
    """
    start, end = (0, start) if end is None else (start, end)
    start, end, step = (v.item() if isinstance(v, Tensor) else v for v in (start, end, step))
    for number in (start, end, step):
        if not isinstance(number, (int, float, np.number)):
            raise TypeError(f"arange(): start, end and step must be Numbers, not {type(number).__name__}")
        if isinstance(number, int) and not -(2**63) <= number < 2**64:
            raise OverflowError(f"arange: int too big to convert: {number} does not fit in 64 bits")
        if not math.isfinite(number):
            raise RuntimeError(f"arange: unsupported range: {start} -> {end}, in steps of {step}")
    if step == 0:
        raise RuntimeError("arange: step must be nonzero")
    if dtype is not None and as_dtype(dtype, "arange").numpy.kind == "b":
        raise DTypeError("arange: not implemented for bool: compare an arange of integers")
    if (end - start) * step < 0:
        raise RuntimeError(f"arange: upper bound and lower bound inconsistent with step sign: {start}, {end}, {step}")
    kind = numpy_type(dtype, "arange") or result_type((), (), [type(v) for v in (start, end, step)])
    count = max(math.ceil((end - start) / step), 0)
    if count >= 2**60 or (kind.kind in "iu" and not -(2**63) <= end < 2**63):
        raise RuntimeError(f"arange: {count} numbers from {start} to {end}: invalid size, possible overflow")
    exact = all(isinstance(v, int) for v in (start, step))
    values = made("arange", 0, device, "arange", count, 1, np.int64 if exact else np.float64)
    values = values if exact and (start, step) == (0, 1) else start + values * step
    return finish(values.astype(kind, copy=False), device, requires_grad, "arange")


def _ends(start: Any, end: Any, steps: Any, operation: str) -> tuple[Any, Any]:
    """The two ends of a row of numbers, as Python's numbers, if they and the number of steps can be that."""
    start, end = (v.item() if isinstance(v, Tensor) and v._data.size == 1 else v for v in (start, end))
    for name, value in (("start", start), ("end", end)):
        if isinstance(value, Tensor):
            raise ShapeError(
                f"{operation}: only 0-dimensional start and end are supported, but {name} has shape {value.shape}"
            )
        if not isinstance(value, (int, float, np.number)):
            raise TypeError(f"{operation}(): argument {name!r} must be Number, not {type(value).__name__}")
    if not isinstance(steps, (int, np.integer)):
        raise TypeError(f"{operation}(): argument 'steps' must be int, not {type(steps).__name__}")
    if steps < 0:
        raise RuntimeError(f"{operation}: number of steps must be non-negative, got {steps}")
    if steps >= 2**60:
        raise ValueError(f"{operation}: Overflow when unpacking long long: {steps} steps do not fit in memory")
    return start, end


@creating
def linspace(
    start: Any, end: Any, steps: int, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """`steps` numbers at equal distances from `start` to `end`, both included.

    >>> linspace(1, 10, 3)
    tensor([ 1.0000,  5.5000, 10.0000])
    """
    start, end = _ends(start, end, steps, "linspace")
    kind = numpy_type(dtype, "linspace", default_float())
    values = made("linspace", start, device, "linspace", end, steps, True, False, kind)
    return finish(values, device, requires_grad, "linspace")


@creating
def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """`steps` powers of `base`, whose exponents lie at equal distances from `start` to `end`.

    >>> logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    start, end = _ends(start, end, steps, "logspace")
    kind = numpy_type(dtype, "logspace", default_float())
    values = np.power(float(base), made("linspace", start, device, "logspace", end, steps)).astype(kind)
    return finish(values, device, requires_grad, "logspace")
