"""The specification: what every kernel computes, in the plainest NumPy.

The fast kernels are compared against these. Payloads are arrays, or NumPy scalars where a result has no dimensions:
arithmetic on a NumPy scalar costs a seventh of the same on a 0-d array.
"""

# mypy: disable-error-code="call-overload"
from __future__ import annotations

import contextvars
import functools
import math
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.kernels.matmul_choice import chosen as chosen_matmul
from tinygrad_edu.kernels.matmul_choice import own_product
from tinygrad_edu.kernels.threads import get_threads, on_blocks

Array = Any  # an ndarray, or a NumPy scalar for a result without dimensions
Out = Any  # None, or the array to write to: C-contiguous, of the result's shape and type


class _Quiet(threading.local):
    """``quiet.run(f, *args)`` calls f with NumPy's floating-point warnings off (PyTorch gives none either).

    NumPy keeps its error state in a context variable. A private context per thread costs 20 ns a call, ``errstate``
    850 ns; and the user's own error state stays as it is. A context cannot be entered twice: f must not call run.
    """

    def __init__(self) -> None:
        self.context = contextvars.Context()
        self.context.run(np.seterr, all="ignore")
        self.run = self.context.run


quiet = _Quiet()


def quietly(function: Callable[..., Any], *args: Any) -> Any:
    """``quiet.run`` that may be nested: by a rule that computes with Tensors, or a finalizer that runs meanwhile."""
    try:
        return quiet.run(function, *args)
    except RuntimeError as error:
        if not str(error).startswith("cannot enter context"):
            raise
        return function(*args)  # we are inside already, so it is quiet


def lookup(name: str) -> Callable[..., Array]:
    """The function of this module called `name`, else NumPy's."""
    return globals().get(name) or getattr(np, name)


def _into(out: Out, result: Array) -> Array:
    if out is None:
        return result
    out[...] = result
    return out


def rsub(a: Array, b: Array, out: Out = None) -> Array:
    return b - a if out is None else np.subtract(b, a, out=out)


def power(a: Array, b: Array, out: Out = None) -> Array:
    # operator ** takes the short way for squares, square roots and reciprocals
    if b.__class__ is not float and b.__class__ is not int and _negative_integers(a, b):
        return _into(out, _integer_power(a, b))
    return a**b if out is None else np.power(a, b, out=out)


def _negative_integers(a: Array, b: Array) -> bool:
    """Whether integers are to be taken to negative powers, which NumPy refuses."""
    kinds = getattr(a, "dtype", _float).kind, getattr(b, "dtype", _float).kind
    return kinds[0] in "iu" and kinds[1] == "i" and bool(np.min(b, initial=0) < 0)


_float = np.dtype(float)


def _integer_power(a: Array, b: Array) -> Array:
    """Integers to powers some of which are negative: 1 over the power, cut to an integer. (0 of 0, as in PyTorch.)"""
    result = a ** np.maximum(b, 0)
    one_over = np.where(a == 1, 1, np.where(a == -1, np.where(b % 2 == 0, 1, -1), 0))
    return np.where(b < 0, one_over, result).astype(result.dtype)


def choose(a: Array, b: Array, condition: Array, out: Out = None) -> Array:
    return _into(out, np.where(condition, a, b))


def kept_where(g: Array, condition: Array) -> Array:
    """A float gradient where the condition holds, else 0, even where it is infinite or nan.

    Its bits are multiplied: as quick as a product, and many times quicker than where() on a random condition.
    """
    return (g.view(f"i{g.dtype.itemsize}") * condition).view(g.dtype)


def sign(a: Array) -> Array:
    return a if a.dtype.kind == "b" else np.subtract(a > 0, a < 0, dtype=a.dtype)  # np.sign(nan) would be nan


def relu(a: Array, out: Out = None) -> Array:
    return np.maximum(a, _number(0, a.dtype), out=out)


def sigmoid(a: Array, out: Out = None) -> Array:
    # exp of a number that is never positive cannot overflow
    grown = np.exp(-np.abs(a))
    return np.divide(np.where(a >= 0, 1, grown).astype(grown.dtype, copy=False), 1 + grown, out=out)


def reciprocal(a: Array, out: Out = None) -> Array:
    return np.divide(1, a, out=out)


def rsqrt(a: Array, out: Out = None) -> Array:
    return np.divide(1, np.sqrt(a), out=out)


def clamp(a: Array, low: Any, high: Any, out: Out = None) -> Array:
    if low is not None:
        a = np.maximum(a, low)
    return _into(out, a if high is None else np.minimum(a, high))


@functools.lru_cache(maxsize=256)
def _number(value: float, dtype: Any) -> Array:
    return np.array(value, dtype)  # for a ufunc half as dear as a Python number, which it first has to find a type for


# Reductions. `axes` is a tuple of dimensions counted from 0; all of them where it names them all.


def sum(a: Array, axes: tuple[int, ...], keepdim: bool, out: Out = None) -> Array:
    return np.add.reduce(a, axes, None, out, keepdim)


def mean(a: Array, axes: tuple[int, ...], keepdim: bool, out: Out = None) -> Array:
    count = 1
    for axis in axes:
        count *= a.shape[axis]
    total = np.add.reduce(a, axes, None, out, keepdim)
    if total.__class__ is not np.ndarray:
        return total / count
    return np.divide(total, _number(count, a.dtype), out=total)


def prod(a: Array, axes: tuple[int, ...], keepdim: bool, out: Out = None) -> Array:
    return np.multiply.reduce(a, axis=axes, keepdims=keepdim, out=out)


def every(a: Array, axes: tuple[int, ...], keepdim: bool) -> Array:
    return _bool_or_byte(np.logical_and.reduce(a, axis=axes, keepdims=keepdim), a)


def some(a: Array, axes: tuple[int, ...], keepdim: bool) -> Array:
    return _bool_or_byte(np.logical_or.reduce(a, axis=axes, keepdims=keepdim), a)


def _bool_or_byte(truth: Array, a: Array) -> Array:
    return truth.astype(np.uint8) if a.dtype == np.uint8 else truth  # PyTorch once had bytes for bools


def amax(a: Array, axes: tuple[int, ...], keepdim: bool, out: Out = None) -> Array:
    return np.maximum.reduce(a, axis=axes, keepdims=keepdim, out=out)


def amin(a: Array, axes: tuple[int, ...], keepdim: bool, out: Out = None) -> Array:
    return np.minimum.reduce(a, axis=axes, keepdims=keepdim, out=out)


def extreme_along(a: Array, axis: int, keepdim: bool, largest: bool) -> tuple[Array, Array]:
    """The largest (smallest) value along an axis and the first index that has it; a nan wins over all numbers."""
    if not np.ndim(a):
        return a, np.int64(0)
    where = np.expand_dims(a.argmax(axis) if largest else a.argmin(axis), axis)
    values = np.take_along_axis(a, where, axis)
    return (values, where) if keepdim else (values.squeeze(axis), where.squeeze(axis))


def share(hit: Array, count: Array) -> Array:
    """What each of the places that tie gets: an equal part of one."""
    return np.divide(hit, count, dtype=np.float64)


def exclusive_prod(a: Array, axis: int) -> Array:
    """For each element the product of the others: what stands before it times what stands after it."""
    a = np.moveaxis(np.asarray(a), axis, 0)
    before, after = np.ones_like(a), np.ones_like(a)
    if len(a) > 1:
        np.multiply.accumulate(a[:-1], out=before[1:])
        np.multiply.accumulate(a[:0:-1], out=after[-2::-1])
    return np.moveaxis(before * after, 0, axis)


def one_hot_along(shape: tuple[int, ...], axis: int, position: int) -> Array:
    """A bool array that is True at one position along an axis, broadcastable to `shape`."""
    at = [1] * len(shape)
    at[axis] = shape[axis]
    hot: Array = np.arange(shape[axis]).reshape(at) == position
    return hot


# Moving elements.


def sum_to(a: Array, shape: tuple[int, ...]) -> Array:
    new = a.ndim - len(shape)
    if new == 1 and shape and 1 not in shape:  # a bias
        return np.add.reduce(a, 0)
    axes = tuple(range(new)) + tuple(i + new for i, size in enumerate(shape) if size == 1 and a.shape[i + new] != 1)
    total = np.add.reduce(a, axis=axes, keepdims=True) if axes else a
    return total.reshape(shape) if new else total


def broadcast_to(a: Array, shape: tuple[int, ...]) -> Array:
    """A read-only view of `shape`. ValueError where the shapes do not fit."""
    new = len(shape) - a.ndim
    if new < 0 or not all(size in (1, wanted) for size, wanted in zip(a.shape, shape[new:], strict=True)):
        return np.broadcast_to(a, shape)  # raises
    return _repeated(a, shape, (0,) * new + _steps(a))


def spread(a: Array, shape: tuple[int, ...], axes: tuple[int, ...], keepdim: bool) -> Array:
    """A reduced array repeated over the axes that it was reduced over: a read-only view."""
    if not a.ndim:
        return _repeated(a, shape, (0,) * len(shape))
    if not keepdim:
        a = a.reshape([1 if i in axes else size for i, size in enumerate(shape)])
    return _repeated(a, shape, _steps(a))


def _steps(a: Array) -> tuple[int, ...]:
    return tuple([0 if size == 1 else step for size, step in zip(a.shape, a.strides, strict=True)])


def _repeated(a: Array, shape: tuple[int, ...], steps: tuple[int, ...]) -> Array:
    """A read-only view with these strides. np.broadcast_to makes the same, in ten times the time for a small array."""
    if a.ndim and not a.flags.c_contiguous:
        return np.broadcast_to(a, shape)
    view: Array = np.ndarray(shape, a.dtype, a, 0, steps)
    view.setflags(write=False)
    return view


def reshape(a: Array, shape: tuple[int, ...]) -> Array:
    return a.reshape(shape)


def permute(a: Array, order: tuple[int, ...]) -> Array:
    return a.transpose(order)


def cat(arrays: Sequence[Array], axis: int) -> Array:
    return np.ascontiguousarray(np.concatenate(arrays, axis))  # NumPy would keep the order of transposed arrays


def stack(arrays: Sequence[Array], axis: int) -> Array:
    return np.ascontiguousarray(np.stack(arrays, axis))


def narrow(a: Array, axis: int, start: int, length: int) -> Array:
    return a[(slice(None),) * axis + (slice(start, start + length),)]


def narrow_back(a: Array, shape: tuple[int, ...], axis: int, start: int) -> Array:
    axis %= len(shape)
    start %= max(shape[axis], 1)
    whole = np.zeros(shape, a.dtype)
    whole[(slice(None),) * axis + (slice(start, start + a.shape[axis]),)] = a
    return whole


# Indexing.


def copied(a: Array) -> Array:
    """A copy: in the same order in memory if the elements fill a block of it, else row by row (as PyTorch's clone)."""
    a = np.asarray(a)
    steps = sorted((abs(stride), size) for stride, size in zip(a.strides, a.shape, strict=True) if size > 1)
    expected = a.itemsize
    for stride, size in steps:
        if stride != expected:
            return np.array(a, order="C")
        expected *= size
    return np.array(a)


def beside(constant: Any, like: Any) -> Any:
    """A constant made on the CPU, where `like` is: on the GPU if that is there."""
    return constant


def asarray(a: Any) -> Array:
    return np.asarray(a)


def getitem(a: Array, index: tuple[Any, ...]) -> Array:
    part = a[index]
    if part.ndim > 1 and not part.flags.c_contiguous and any(isinstance(i, (list, np.ndarray)) for i in index):
        part = np.ascontiguousarray(part)  # NumPy may lay a copy out in another order
    return part


def matmul(a: Array, b: Array, out: Out = None) -> Array:
    if chosen_matmul.own:
        product = own_product(a, b)
        if product is not NotImplemented:
            return _into(out, product)
    if a.ndim == 2 and b.ndim == 2:
        return a.dot(b, out)  # the same product by the same BLAS, and ready to begin in a third of the time
    if b.ndim == 2 and a.ndim > 2 and out is None and a.flags.c_contiguous and a.size:
        # The rows of all matrices as those of one: a product that BLAS divides as it likes.
        return a.reshape(-1, a.shape[-1]).dot(b).reshape(*a.shape[:-1], b.shape[1])
    if out is None and a.ndim == b.ndim and a.shape[:-2] == b.shape[:-2] and a.dtype == b.dtype:
        work = math.prod(a.shape) * b.shape[-1]
        # BLAS computes a product of at most 64 x 64 x 64 in one thread, so the batch is shared out among them
        if work >= 1 << 21 and work <= math.prod(a.shape[:-2]) << 18 and get_threads() > 1:
            out = np.empty((*a.shape[:-1], b.shape[-1]), a.dtype)
            on_blocks(_products, work >> 4, a, b, out)
            return out
    return np.matmul(a, b, out=out)


def _products(a: Array, b: Array, out: Array) -> None:
    quietly(np.matmul, a, b, out)


def to_floating(a: Any) -> Array:
    """An array of floats: float arrays keep their precision (and are not copied), all others become float64.

    Raises:
        TypeError: the elements are not numbers.
    """
    array = np.asarray(a)
    if array.dtype.kind == "f":
        return array
    if array.dtype.kind not in "biu":
        raise TypeError(f"expected numbers, got an array of {array.dtype}")
    return array.astype(np.float64)
