"""Python functions on every element, in place: `apply_`, `map_`, `map2_`. Slow, and not recorded, as in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.tensors.composed import composed
from tinygrad_edu.tensors.inplace import write
from tinygrad_edu.tensors.tensor import Tensor

__all__: list[str] = []


def _each(self: Tensor, function: Callable[..., Any], others: tuple[Tensor, ...], name: str) -> Tensor:
    """Write ``function(x, *others)`` of all elements into the Tensor."""
    if any(x.requires_grad for x in (self, *others)):
        raise RuntimeError(f"Can't call {name}() on Variable that requires grad. Use var.detach().{name}() instead.")
    for x in others:
        if x.dtype is not self.dtype:
            raise TypeError(f"{name}: expected {self.dtype} for 'other' (got {x.dtype}): convert with .to()")
    if not callable(function):
        raise TypeError(f"{name}: {type(function).__name__!r} object is not callable")
    arrays = np.broadcast_arrays(self._data, *(np.broadcast_to(x._data, self.shape) for x in others))
    numbers = [function(*(v.item() for v in values)) for values in zip(*(a.flat for a in arrays), strict=True)]
    result = np.array(numbers).astype(self._data.dtype).reshape(self.shape)
    return write(self, Tensor._wrap(result), name)


@composed(function=False)
def apply_(input: Tensor, callable: Callable[[Any], Any]) -> Tensor:  # noqa: A002 - PyTorch's name
    """Replace each element x by ``callable(x)``, a Python number each way.

    Raises:
        RuntimeError: the Tensor requires a gradient.

    >>> import tinygrad_edu as tg; tg.arange(3).apply_(lambda n: n * n)
    tensor([0, 1, 4])
    """
    return _each(input, callable, (), "apply_")


@composed(function=False)
def map_(input: Tensor, tensor: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:  # noqa: A002
    """Replace each element x by ``callable(x, y)``, with y the element of `tensor` at its place; shapes broadcast.

    >>> import tinygrad_edu as tg; tg.ones(2).map_(tg.tensor([1.0, 2.0]), lambda x, y: x + y)
    tensor([2., 3.])
    """
    return _each(input, callable, (tensor,), "map_")


@composed(function=False)
def map2_(input: Tensor, x: Tensor, y: Tensor, callable: Callable[[Any, Any, Any], Any]) -> Tensor:  # noqa: A002
    """The same with two further Tensors: ``callable(element, a, b)``."""
    return _each(input, callable, (x, y), "map2_")
