"""The quick path of elementwise kernels: what was worked out for inputs that lie so is found again by how they lie.

A training loop computes the same formulas of arrays of the same shapes, strides and types in every step; only where
they are in memory changes, and the values of numbers. A recipe is kept under all that it depends on: the formula, the
types, and of each input the class of a number, or an array's layout. It says how the result lies, which kernel is
launched, and every argument but addresses and numbers.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray
from tinygrad_edu.kernels.numba_cuda.memory import pool
from tinygrad_edu.kernels.numba_cuda.runtime import launch

__all__ = ["again", "converted", "key_of", "remember"]

_MOST = 4096  # recipes; then all are forgotten
_NUMBERS = (float, int, bool)
_HALF = np.dtype(np.float16)
_SAFE = 6e4  # numbers up to here fit every type of floats


class _Recipe(NamedTuple):
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: np.dtype[Any]
    nbytes: int
    plan: Any  # a Plan of `mapping`
    described: tuple[tuple[np.dtype[Any], bool], ...]  # of each input its type, and whether it is an array


_recipes: dict[Any, _Recipe] = {}


def key_of(formula: str, inputs: tuple[Any, ...], kinds: Any, result: Any, computes: Any) -> Any:
    """What a recipe depends on; None where there can be none: for arrays of the CPU, and no array at all."""
    key = [formula, kinds, result, computes]
    arrays = False
    for x in inputs:
        kind = x.__class__
        if kind is DeviceArray:
            block = x.block
            key += (x.shape, x.strides, x.dtype, (x.offset + block.piece.address) & 15, block.nbytes)
            arrays = True
        elif kind in _NUMBERS:
            key.append(kind)
        else:
            return None
    return tuple(key) if arrays else None


def again(key: Any, inputs: tuple[Any, ...]) -> DeviceArray | None:
    """The result, by the recipe for the key; None if there is none yet."""
    recipe = _recipes.get(key)
    if recipe is None:
        return None
    shape, strides, dtype, nbytes, plan, described = recipe
    block = pool.take(nbytes)
    steps = plan.steps
    arguments = [*plan.first, block.typed(dtype), 0, *steps[0]]
    at = 1
    for x, (kind, is_array) in zip(inputs, described):  # noqa: B905 - strict is slow
        if is_array:
            arguments += (x.block.typed(x.dtype), x.offset // x.itemsize, *steps[at])
            at += 1
        else:
            arguments.append(converted(kind, x))
    launch(plan.kernel, plan.blocks, plan.threads, *arguments)
    return DeviceArray(block, 0, shape, strides, dtype)


def remember(key: Any, out: DeviceArray, plan: Any, described: Any) -> None:
    """Keep what was worked out for a new result, which begins where its block does."""
    if len(_recipes) >= _MOST:
        _recipes.clear()
    _recipes[key] = _Recipe(out.shape, out.strides, out.dtype, math.prod(out.shape) * out.itemsize, plan, described)


def converted(kind: np.dtype[Any], x: Any) -> Any:
    """A number as a kernel takes it, in a type; what does not fit is inf, without NumPy's warning."""
    number = np.float32 if kind == _HALF else kind.type
    if kind.kind == "f" and x.__class__ in _NUMBERS and -_SAFE < x < _SAFE:
        return number(x)
    with np.errstate(all="ignore"):
        return number(x)
