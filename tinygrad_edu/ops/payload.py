"""What a Value holds: a Python float, or an array where somebody gave it one.

Programs of numbers never come here, and never load NumPy.
"""

from __future__ import annotations

from typing import Any

from tinygrad_edu.errors import broadcast_error
from tinygrad_edu.kernels import kernels


def payload(data: Any) -> Any:
    """What a Value keeps: a float, or an array of floats."""
    if isinstance(data, (int, float)):
        try:
            return float(data)
        except OverflowError:  # an integer beyond all floats
            return float("inf") if data > 0 else float("-inf")
    if isinstance(data, str) or data is None:
        raise TypeError(f"Value takes a number or an array (nested lists or an ndarray), got {type(data).__name__}")
    if isinstance(data, (list, tuple)) and any(hasattr(x, "_by") for x in data):
        raise TypeError("Value takes numbers, not a list of Values: keep the list, or make one Value of their data")
    try:
        return number(kernels.to_floating(data))
    except ValueError:
        raise ValueError("Value: the nested lists differ in length: all rows of an array are equally long") from None


def number(data: Any) -> Any:
    """A float where an array has no dimensions."""
    return float(data) if data.__class__ is float or not data.shape else data


def array(data: Any) -> Any:
    """An array, without dimensions for a number."""
    return kernels.asarray(data) if data.__class__ is float else data


def listed(data: Any) -> Any:
    """A number, or nested lists of them."""
    return data.tolist() if hasattr(data, "tolist") else data


def computed(operation: Any, payloads: tuple[Any, ...], params: tuple[Any, ...]) -> Any:
    """An operation's result on numbers or arrays, without NumPy's warnings about inf and nan."""
    if all(p.__class__ is float for p in payloads):
        return operation.compute(payloads, params)
    return kernels.quietly(operation.compute, payloads, params)


def on_arrays(operation: Any, payloads: tuple[Any, ...], params: tuple[Any, ...]) -> tuple[Any, Any]:
    """An operation's result on arrays, and its local derivatives where it is elementwise."""
    arrays = tuple(array(p) for p in payloads)
    run = kernels.quietly
    try:
        data = run(operation.compute, arrays, params)
        local = (None, None)
        if operation.elementwise:
            local = run(operation.local, data, *arrays, *params) + (None,)
    except ValueError as error:
        if operation.elementwise:
            raise broadcast_error(operation.name, *(a.shape for a in arrays)) from error
        raise
    if data.__class__ is tuple:
        raise TypeError(f"{operation.name}: gives {len(data)} results, and a Value holds one: use a Tensor")
    return number(data), local
