"""Elementwise operations: NumPy's rules of shapes and types, and kernels made from one formula each (see `mapping`).

A kernel is made for the types, the rank and the ways in which arrays lie that it is needed for. Dimensions that can be
walked as one are merged first, so that few kernels serve all shapes.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda import layout
from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty, one_device
from tinygrad_edu.kernels.numba_cuda.formulas import FLOAT_FORMULAS, FORMULAS, INTEGER_FORMULAS
from tinygrad_edu.kernels.numba_cuda.mapping import plan
from tinygrad_edu.kernels.numba_cuda.quick import again, converted, key_of, remember
from tinygrad_edu.kernels.numba_cuda.replay import replayed
from tinygrad_edu.kernels.numba_cuda.runtime import launch

__all__ = ["apply", "computed", "formula_of", "mapped"]

_BOOL = np.dtype(bool)
NARROW = 1 << 31  # counts and places from here on take 64 bits; tests lower it


def formula_of(name: str, kind: np.dtype[Any]) -> str:
    """The formula of an operation that computes in a type.

    Raises:
        NotImplementedError: there is none on the device.
    """
    table = FLOAT_FORMULAS if kind.kind == "f" else INTEGER_FORMULAS if kind.kind in "iu" else {}
    found = table.get(name) or FORMULAS.get(name)
    if found is None:
        raise NotImplementedError(f"{name}: there is no kernel for {kind} on cuda. Move the tensor with .cpu() first")
    return found


def mapped(
    formula: str,
    inputs: tuple[Any, ...],
    kinds: tuple[Any, ...],
    result: Any,
    out: DeviceArray | None = None,
    computes: Any = None,
) -> DeviceArray:
    """The formula for every element of the broadcast inputs.

    Args:
        inputs: arrays of the device, and numbers.
        kinds: the type into which each input is converted before the formula sees it.
        result: the type of the result.
        out: where to write to; made if not given.
        computes: the type of the formula's constants ONE, ZERO and TWO; that of the last input if not given.
    """
    if out is not None:
        into: DeviceArray = replayed(_mapped, (formula, inputs, kinds, result, out, computes, None), {})
        return into
    key = key_of(formula, inputs, kinds, result, computes)
    found = None if key is None else again(key, inputs)
    return _mapped(formula, inputs, kinds, result, None, computes, key) if found is None else found


def _mapped(
    formula: str, inputs: tuple[Any, ...], kinds: tuple[Any, ...], result: Any, out: Any, computes: Any, key: Any
) -> DeviceArray:
    """The same, where nothing is known of such inputs; with a `key`, it is from now on."""
    one_device(*inputs)
    inputs = tuple([x.item() if isinstance(x, (np.ndarray, np.generic)) else x for x in inputs])
    arrays = [x for x in inputs if x.__class__ is DeviceArray]
    shape = layout.broadcast([x.shape for x in arrays]) if arrays else out.shape if out is not None else ()
    given = out is not None
    if out is None:
        out = _like(arrays, shape, np.dtype(result))
    elif out.shape != shape:
        if layout.broadcast((out.shape, shape)) != out.shape:
            raise ValueError(f"non-broadcastable output operand with shape {out.shape} doesn't match {shape}")
        shape = out.shape
    if given and arrays:  # what reads elements that are written to, as it lies otherwise, reads a copy
        inputs = tuple([_apart(x, out) if x.__class__ is DeviceArray else x for x in inputs])
        arrays = [x for x in inputs if x.__class__ is DeviceArray]
    if not out.size:
        return out
    steps = [out.strides] + [layout.spread_strides(x.shape, x.strides, shape) for x in arrays]
    described = tuple([(np.dtype(kind), x.__class__ is DeviceArray) for kind, x in zip(kinds, inputs, strict=True)])
    computes = np.dtype(computes or (kinds[-1] if kinds else out.dtype))
    every = (out, *arrays)
    in_elements = tuple([tuple([s // x.itemsize for s in step]) for step, x in zip(steps, every, strict=True)])
    chosen = plan(
        formula,
        described,
        computes,
        tuple([x.dtype for x in every]),
        shape,
        in_elements,
        tuple([(x.offset + x.block.address()) % 16 for x in every]),
        max([out.size, *(x.block.nbytes // x.itemsize for x in every)]) < NARROW,
    )
    arguments: list[Any] = [*chosen.first, out.block.typed(out.dtype), out.offset // out.itemsize, *chosen.steps[0]]
    at = 1
    for x, (kind, is_array) in zip(inputs, described, strict=True):
        if is_array:
            arguments += [x.block.typed(x.dtype), x.offset // x.itemsize, *chosen.steps[at]]
            at += 1
        else:
            arguments.append(converted(kind, x))
    if key is not None:
        remember(key, out, chosen, described)
    launch(chosen.kernel, chosen.blocks, chosen.threads, *arguments)
    return out


def _apart(x: DeviceArray, out: DeviceArray) -> DeviceArray:
    """The array, or a copy where it shares memory with the result and does not lie as it does."""
    if x.block is not out.block or (x.offset == out.offset and x.strides == out.strides and x.shape == out.shape):
        return x
    (low, high), (first, last) = layout.extent(x), layout.extent(out)
    return x if high <= first or last <= low else mapped("a", (x,), (x.dtype,), x.dtype)


def _like(arrays: list[DeviceArray], shape: tuple[int, ...], dtype: np.dtype[Any]) -> DeviceArray:
    """Memory for a result: in the order of the inputs where they all lie alike, else row by row."""
    out = empty(shape, dtype)
    if arrays and len(shape) > 1:
        first = arrays[0]
        if (
            first.shape == shape
            and not first.flags.c_contiguous
            and all(
                x.shape == shape
                and tuple(s * first.itemsize for s in x.strides) == tuple(s * x.itemsize for s in first.strides)
                for x in arrays
            )
            and layout.covers(shape, first.strides, first.itemsize)
        ):
            return out.on(shape, tuple([s // first.itemsize * out.itemsize for s in first.strides]))
    return out


@functools.lru_cache(maxsize=4096)
def _types(name: str, kinds: tuple[Any, ...], dtype: Any) -> tuple[tuple[Any, ...], Any]:
    """The types into which a ufunc converts its inputs, and that of its result: NumPy's own rule."""
    ufunc = getattr(np, name)
    if dtype is not None:
        found = ufunc.resolve_dtypes((*kinds, dtype), casting="unsafe")
        return (dtype,) * len(kinds), found[-1]
    if all(kind in (int, float, bool) for kind in kinds):
        kinds = tuple([np.dtype(kind) for kind in kinds])
    found = ufunc.resolve_dtypes((*kinds, None))
    return tuple(found[:-1]), found[-1]


_COMPARISONS = {"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"}


def _comparable(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """A whole number that the other operand's type cannot hold is one of int64."""
    kinds = [x.dtype for x in inputs if hasattr(x, "dtype")]
    if len(kinds) == 2 or not kinds or kinds[0].kind not in "iu":
        return inputs
    limits = np.iinfo(kinds[0])
    return tuple([np.int64(x) if x.__class__ is int and not limits.min <= x <= limits.max else x for x in inputs])


def _kind(x: Any) -> Any:
    if x.__class__ is bool:
        return _BOOL
    if x.__class__ is int or x.__class__ is float:
        return x.__class__
    return x.dtype


def apply(name: str, *inputs: Any, out: DeviceArray | None = None, dtype: Any = None) -> DeviceArray:
    """What NumPy's ufunc of that name does, on the device.

    Raises:
        NotImplementedError: there is no formula for it; TypeError: NumPy does not define it for these types;
        ValueError: the shapes do not broadcast.
    """
    if name in _COMPARISONS:
        inputs = _comparable(inputs)
    try:
        kinds, result = _types(name, tuple([_kind(x) for x in inputs]), None if dtype is None else np.dtype(dtype))
    except AttributeError:
        raise TypeError(f"ufunc {name!r} not supported for {[type(x).__name__ for x in inputs]}") from None
    computes = kinds[-1]
    return mapped(formula_of(name, computes), inputs, kinds, result if out is None else out.dtype, out)


def computed(name: str, *inputs: Any, dtype: Any = None, out: DeviceArray | None = None) -> DeviceArray:
    """One of the formulas that NumPy has no ufunc for; all inputs are computed in one type, `dtype` or the first's."""
    kind = np.dtype(dtype) if dtype is not None else next(x.dtype for x in inputs if x.__class__ is DeviceArray)
    return mapped(formula_of(name, kind), inputs, (kind,) * len(inputs), kind, out)
