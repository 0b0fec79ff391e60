"""A gradient check of our own: the rules of an operation against finite differences, for first and second derivatives.

Both classes are checked by the same code; `Kind` says how each makes a leaf and where its gradient is found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.tensors.tensor import Tensor
from tinygrad_edu.value import Value


class Kind(NamedTuple):
    """How one of the two classes is used by the check."""

    name: str
    leaf: Callable[[Any], Any]  # an array -> a leaf that gathers a gradient
    plain: Callable[[Any], Any]  # a result or a gradient -> an array
    forget: Callable[[Any], None]  # empty a leaf's gradient


def _tensor_leaf(array: Any) -> Tensor:
    return Tensor._wrap(array).requires_grad_()  # no copy: the strides under test stay as they are


def _forget_tensor(leaf: Tensor) -> None:
    leaf.grad = None


def _forget_value(leaf: Value) -> None:
    leaf.grad = 0.0


def _plain(result: Any) -> Any:
    while isinstance(result, (Tensor, Value)):
        result = result.detach()._data if isinstance(result, Tensor) else result.data
    return np.asarray(0.0 if result is None else result)


TENSOR = Kind("Tensor", _tensor_leaf, _plain, _forget_tensor)
VALUE = Kind("Value", Value, _plain, _forget_value)


def numbers(low: float, high: float, seed: int = 0) -> Callable[..., Any]:
    """``make(*shape)``: arrays whose elements all differ clearly, so that no kink or tie lies within a difference."""
    rng = np.random.default_rng(seed)
    grid = cycle(rng.permutation(211))

    def make(*shape: int) -> Any:
        places = np.array([next(grid) for _ in range(int(np.prod(shape)))], np.float64).reshape(shape)
        return np.asarray(low + (high - low) * (places + 0.3) / 211)

    return make


def layouts(array: Any) -> Iterator[tuple[str, Any]]:
    """The same elements, laid out in memory in different ways."""
    yield "contiguous", array
    if array.ndim > 1:
        yield "transposed", np.ascontiguousarray(array.T).T
    if array.ndim:
        flip = (slice(None, None, -1),) * array.ndim
        yield "negative strides", np.ascontiguousarray(array[flip])[flip]


def check(kind: Kind, function: Callable[..., Any], arrays: Sequence[Any]) -> None:
    """Compare first and second derivatives of ``function(*leaves)`` with central differences, in float64."""
    weights: list[Any] = []
    expected_shapes = [a.shape for a in arrays]

    def total(leaves: Sequence[Any]) -> Any:
        """A number that depends on all elements of the result, with a different weight for each."""
        out = function(*leaves)
        if not weights:
            rng = np.random.default_rng(1)
            shape = tuple(out.shape)
            weights.append(rng.uniform(0.5, 1.5, shape) if shape else float(rng.uniform(0.5, 1.5)))
        return (out * weights[0]).sum()

    def gradients(arrays: Sequence[Any], create_graph: bool = False) -> tuple[list[Any], list[Any]]:
        leaves = [kind.leaf(a) for a in arrays]
        result = total(leaves)
        if getattr(result, "requires_grad", True):
            result.backward(create_graph=create_graph)
        return leaves, [leaf.grad for leaf in leaves]

    def first(arrays: Sequence[Any]) -> Any:
        return np.concatenate([_whole(kind.plain(g), a) for g, a in zip(gradients(arrays)[1], arrays, strict=True)])

    def value(arrays: Sequence[Any]) -> Any:
        return kind.plain(total([kind.leaf(a) for a in arrays])).reshape(1)

    _, found = gradients(arrays)
    for gradient, array, shape in zip(found, arrays, expected_shapes, strict=True):
        if gradient is not None and array.size:
            assert kind.plain(gradient).shape in (shape, ()), "a gradient has its input's shape; () where nothing came"
    _close(first(arrays), _differences(value, arrays)[0], "first")

    leaves, found = gradients(arrays, create_graph=True)
    rng = np.random.default_rng(2)
    directions = [rng.uniform(0.5, 1.5, a.shape) for a in arrays]
    recorded = np.concatenate([_whole(kind.plain(g), a) for g, a in zip(found, arrays, strict=True)])
    np.testing.assert_allclose(recorded, first(arrays), rtol=1e-12, atol=1e-12)
    summed: Any = 0.0
    for gradient, direction in zip(found, directions, strict=True):
        if gradient is not None:
            summed = summed + (gradient * (direction if direction.shape else float(direction))).sum()
    for leaf in leaves:
        kind.forget(leaf)
    if getattr(summed, "requires_grad", isinstance(summed, Value)):
        summed.backward()
    second = np.concatenate([_whole(kind.plain(leaf.grad), a) for leaf, a in zip(leaves, arrays, strict=True)])
    flat = np.concatenate([d.reshape(-1) for d in directions])
    _close(second, _differences(first, arrays).T @ flat if flat.size else second, "second")


def _whole(gradient: Any, array: Any) -> Any:
    return np.broadcast_to(gradient, array.shape).reshape(-1)


def _differences(function: Callable[[Sequence[Any]], Any], arrays: Sequence[Any], step: float = 1e-5) -> Any:
    """The Jacobian of a function that gives a vector, one column for each element of the arrays."""
    columns = []
    for i, array in enumerate(arrays):
        for place in np.ndindex(array.shape):
            ends = []
            for sign in (step, -step):
                moved = array.copy(order="K")  # the strides too stay as they are
                moved[place] += sign
                ends.append(function([*arrays[:i], moved, *arrays[i + 1 :]]))
            columns.append((ends[0] - ends[1]) / (2 * step))
    if not columns:
        return np.zeros((1, 0))
    return np.stack(columns, axis=1)


def _close(found: Any, expected: Any, order: str) -> None:
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=2e-7, err_msg=f"{order} derivatives")
