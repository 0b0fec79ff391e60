"""NumPy's functions that make arrays, making them on the device; and the table of all functions by NumPy's names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda import layout, sequences
from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, from_host
from tinygrad_edu.kernels.numba_cuda.array import empty as _uninitialised
from tinygrad_edu.kernels.numba_cuda.elementwise import mapped

__all__ = ["FUNCTIONS", "astype", "copied", "named", "sizes_of"]

FUNCTIONS: dict[str, Callable[..., Any]] = {}


def named(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: what NumPy's function of the same name does for arrays of the device."""
    FUNCTIONS[function.__name__.rstrip("_")] = function
    return function


def sizes_of(shape: Any) -> tuple[int, ...]:
    """A shape from a number or a sequence of them."""
    return (int(shape),) if hasattr(shape, "__index__") else tuple([int(n) for n in shape])


@named
def empty(shape: Any, dtype: Any = float, **_: Any) -> DeviceArray:
    return _uninitialised(sizes_of(shape), dtype)


@named
def full(shape: Any, fill_value: Any, dtype: Any = None, **_: Any) -> DeviceArray:
    kind = np.dtype(dtype) if dtype is not None else np.asarray(fill_value).dtype
    number = np.asarray(fill_value).astype(kind).item()
    return mapped("a", (number,), (kind,), kind, _uninitialised(sizes_of(shape), kind))


@named
def zeros(shape: Any, dtype: Any = float, **_: Any) -> DeviceArray:
    return full(shape, 0, dtype)


@named
def ones(shape: Any, dtype: Any = float, **_: Any) -> DeviceArray:
    return full(shape, 1, dtype)


def _like(make: Callable[..., Any]) -> Callable[..., Any]:
    def like(a: Any, *args: Any, dtype: Any = None, shape: Any = None, **_: Any) -> DeviceArray:
        if args and make is not full:
            dtype, args = args[0], args[1:]
        kind = np.dtype(dtype or a.dtype)
        made: DeviceArray = make(a.shape if shape is None else shape, *args, dtype=kind)
        if shape is None and a.__class__ is DeviceArray and layout.covers(a.shape, a.strides, a.itemsize):
            return made.on(a.shape, tuple([s // a.itemsize * kind.itemsize for s in a.strides]))  # in the same order
        return made

    return like


for _name, _make in (("empty_like", empty), ("zeros_like", zeros), ("ones_like", ones), ("full_like", full)):
    FUNCTIONS[_name] = _like(_make)


@named
def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None, **_: Any) -> DeviceArray:
    return sequences.arange(start, stop, step, dtype=dtype)


@named
def linspace(*args: Any, **options: Any) -> DeviceArray:
    return sequences.linspace(*args, **options)


@named
def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = float, **_: Any) -> DeviceArray:  # noqa: N803 - NumPy's
    columns = N if M is None else M
    out = zeros((N, columns), dtype)
    count = max(min(N + min(k, 0), columns - max(k, 0)), 0)
    begin = out.offset + (max(k, 0) + max(-k, 0) * columns) * out.itemsize
    mapped("a", (np.ones((), out.dtype),), (out.dtype,), out.dtype,
           out.on((count,), ((columns + 1) * out.itemsize,), begin))  # fmt: skip
    return out


@named
def array(a: Any, dtype: Any = None, *, copy: Any = True, order: Any = "K", **_: Any) -> Any:
    if a.__class__ is not DeviceArray:
        if isinstance(a, (list, tuple)) and any(x.__class__ is DeviceArray for x in a):
            return FUNCTIONS["stack"]([x if x.__class__ is DeviceArray else from_host(np.asarray(x)) for x in a], 0)
        return from_host(np.array(a, dtype))
    kind = a.dtype if dtype is None else np.dtype(dtype)
    if order == "C":
        return mapped("a", (a,), (kind,), kind, _uninitialised(a.shape, kind))
    return mapped("a", (a,), (kind,), kind)


@named
def asarray(a: Any, dtype: Any = None, **_: Any) -> Any:
    if a.__class__ is not DeviceArray:
        # numbers stay on the CPU: they may be used with arrays of any device, and nobody need wait for them
        return from_host(np.asarray(a, dtype)) if np.ndim(a) else np.asarray(a, dtype)
    return a if dtype is None or a.dtype == dtype else astype(a, dtype)


FUNCTIONS["asanyarray"] = asarray


@named
def ascontiguousarray(a: Any, dtype: Any = None) -> Any:
    a = asarray(a, dtype)
    return a if a.flags.c_contiguous else array(a, order="C")


@named
def copy(a: DeviceArray, order: Any = "K", **_: Any) -> DeviceArray:
    result: DeviceArray = array(a, order=order)
    return result


def astype(a: DeviceArray, dtype: Any, order: Any = "K", casting: Any = "unsafe", copy: bool = True) -> DeviceArray:
    """The elements converted to another type."""
    kind = np.dtype(dtype)
    return a if not copy and kind == a.dtype else mapped("a", (a,), (kind,), kind)


def copied(a: DeviceArray) -> DeviceArray:
    """A copy: in the same order in memory if the elements fill a block of it, else row by row."""
    return mapped("a", (a,), (a.dtype,), a.dtype)


@named
def copyto(dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    if where is not True:
        src = FUNCTIONS["where"](where, src, dst)
    dst[...] = src
