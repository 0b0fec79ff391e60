"""``out=``: a function's result written into a Tensor that the caller already has."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import no_grad, recording
from tinygrad_edu.errors import DeviceError, GradError, ShapeError
from tinygrad_edu.tensors.inplace import refuse_overlap
from tinygrad_edu.tensors.promotion import check_cast
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["with_out"]


def with_out(function: Callable[..., Any], name: str | None = None, *, creates: bool = False) -> Callable[..., Any]:
    """The function with an ``out`` argument: a Tensor, or a tuple of them where there are several results.

    `creates`: without a dtype or a device given, what is made has those of `out`.

    >>> import tinygrad_edu as tg
    >>> c = tg.empty(2); tg.add(tg.ones(2), 1, out=c) is c, c
    (True, tensor([2., 2.]))
    """
    called = str(name or getattr(function, "__name__", "function"))

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if "out" not in kwargs:
            return function(*args, **kwargs)
        out = kwargs.pop("out")
        if out is None:
            return function(*args, **kwargs)
        if creates and isinstance(out, Tensor):
            kwargs["dtype"] = out.dtype if kwargs.get("dtype") is None else kwargs["dtype"]
            if hasattr(out._data, "block") and kwargs.get("device") is None:
                kwargs["device"] = out.device
        return _into(out, called, function, args, kwargs)

    return call


def _into(out: Any, name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Compute, and write the results where they are wanted. Nothing has been changed if this raises."""
    targets = out if isinstance(out, (tuple, list)) else (out,)
    for target in targets:
        if not isinstance(target, Tensor):
            raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type(target).__name__}")
    if recording() and any(tensor.requires_grad for tensor in (*targets, *_tensors((args, tuple(kwargs.values()))))):
        raise GradError(
            f"{name}(): functions with out=... arguments don't support automatic differentiation, but one of the "
            "arguments requires grad: leave out= away, or do it under no_grad()"
        )
    for target in targets:
        refuse_overlap(target, tuple(_tensors((args, tuple(kwargs.values())))), name)
    with no_grad():
        result = function(*args, **kwargs)
    results = result if isinstance(result, tuple) else (result,)
    if len(results) != len(targets):
        raise TypeError(f"{name}(): out= needs {len(results)} Tensors, one for each result, not {len(targets)}")
    for target, new in zip(targets, results, strict=True):
        _check(target, new._data, name)
    for target, new in zip(targets, results, strict=True):
        _write(target, new._data)
    if not isinstance(result, tuple):
        return targets[0]
    return type(result)(*targets) if hasattr(result, "_fields") else tuple(targets)


def _check(target: Tensor, data: Any, name: str) -> None:
    check_cast(name, data.dtype, target._data.dtype)
    if hasattr(data, "block") != hasattr(target._data, "block"):
        raise DeviceError(
            f"{name}(): Expected all tensors to be on the same device, but out= is on {target.device} and the result "
            "is not: make out= where the arguments are"
        )
    array = target._array()
    if array.shape != data.shape:
        if target._base is not None and array.size:
            raise ShapeError(
                f"{name}(): out= has shape {tuple(array.shape)} and the result {tuple(data.shape)}; a view cannot be "
                "resized: give a Tensor of that shape, or an empty one"
            )
    elif array.size and any(stride == 0 and n > 1 for stride, n in zip(array.strides, array.shape, strict=True)):
        raise RuntimeError(
            f"{name}(): unsupported operation: more than one element of the written-to tensor refers to a single "
            "memory location (it was expanded): clone() the tensor first"
        )
    elif not array.flags.writeable:
        raise RuntimeError(f"{name}(): the memory of out= is read-only: clone() it")


def _write(target: Tensor, data: Any) -> None:
    if target._data.shape != data.shape:
        if target._data.size:
            warnings.warn(
                f"An output with one or more elements was resized since it had shape {list(target._data.shape)}, which "
                f"does not match the required output shape {list(data.shape)}. Give out= a Tensor of that shape, or an "
                "empty one.",
                stacklevel=4,
            )
            target.resize_(tuple(data.shape))
        else:
            target._data = np.empty(data.shape, target._data.dtype)
    target._array()[...] = data
    target._counter[0] += 1


def _tensors(arguments: Any) -> Iterator[Tensor]:
    """The Tensors among arguments, also in lists of them."""
    for argument in arguments:
        if isinstance(argument, Tensor):
            yield argument
        elif isinstance(argument, (tuple, list)):
            yield from _tensors(argument)
