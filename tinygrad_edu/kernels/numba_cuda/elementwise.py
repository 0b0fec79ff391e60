"""Elementwise kernels: each is made from one formula, for the types, the strides and the rank it is needed for.

The grid walks the elements of the result; where all arrays lie alike their elements are simply counted, else each
array's place is worked out from its strides (0 where it is broadcast). Dimensions that can be walked as one are
merged first, so that few kernels serve all shapes. Many elements of float32 that lie alike and begin aligned are read
and written four at a time (see `vectors`). One writer per cell: element i, or four from 4 i on, is written by the one
thread that counts i, and results never overlap.
"""

from __future__ import annotations

import functools
import warnings
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda import layout
from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty, one_device
from tinygrad_edu.kernels.numba_cuda.formulas import FLOAT_FORMULAS, FORMULAS, INTEGER_FORMULAS
from tinygrad_edu.kernels.numba_cuda.runtime import compiled, functions, grid_for, launch
from tinygrad_edu.kernels.numba_cuda.scalars import helpers
from tinygrad_edu.kernels.numba_cuda.vectors import vectors
from tinygrad_edu.kernels.presence import simulated

__all__ = ["apply", "computed", "formula_of", "mapped"]

_LETTERS = "abcdefghijk"
_BOOL = np.dtype(bool)
_HALF = np.dtype(np.float16)
_SINGLE = np.dtype(np.float32)
FOURS_FROM = 16 if simulated() else 1 << 20  # elements: for fewer a second kernel is not worth its compilation


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


def _name_of(kind: np.dtype[Any]) -> str:
    return "bool_" if kind == _BOOL else kind.name


def _in_fours(formula: str, kinds: tuple[Any, ...]) -> str:
    """The text of a kernel for elements of float32 that are counted four at a time."""
    arguments, lines = ["count", "OUT", "at_out"], []
    for letter, (kind, is_array) in zip(_LETTERS, kinds, strict=False):
        if is_array:
            arguments += [letter.upper(), f"at_{letter}"]
            four = ", ".join(f"{letter}_{w}" for w in range(4))
            lines.append(f"{four} = four({letter.upper()}, at_{letter} + 4 * k)")
        else:
            arguments.append(f"{letter}_")
            lines.append(f"{letter} = {'float32' if kind == _HALF else _name_of(kind)}({letter}_)")
    for w in range(4):
        lines += [f"{letter} = {letter}_{w}" for letter, (_, of) in zip(_LETTERS, kinds, strict=False) if of]
        lines.append(f"v{w} = float32({formula})")
    lines.append("put_four(OUT, at_out + 4 * k, v0, v1, v2, v3)")
    head = [f"def kernel({', '.join(arguments)}):", "    for k in range(cuda.grid(1), count, cuda.gridsize(1)):"]
    return "\n".join([*head, *(f"        {line}" for line in lines)])


def _suits_fours(out: DeviceArray, arrays: list[DeviceArray], kinds: tuple[Any, ...]) -> bool:
    """Whether arrays that lie alike can be read in fours."""
    return (
        out.size >= FOURS_FROM
        and out.size % 4 == 0
        and bool(arrays)
        and all(x.dtype == _SINGLE for x in (out, *arrays))
        and all(kind == _SINGLE for kind, is_array in kinds if is_array)
        and all(x.offset % 16 == 0 and x.block.address() % 16 == 0 for x in (out, *arrays))
    )


def _source(formula: str, kinds: tuple[Any, ...], result: np.dtype[Any], rank: int) -> str:
    """The text of a kernel. `kinds` says of each input its type and whether it is an array; rank 0: counted only."""
    sizes = [f"n{d}" for d in range(rank)]
    arguments = ["count", *sizes, "OUT", "at_out", *(f"out{d}" for d in range(rank))]
    loads = []
    places = ["k" for _ in kinds]
    for i, (kind, is_array) in enumerate(kinds):
        letter = _LETTERS[i]
        computed_in = "float32" if kind == _HALF else _name_of(kind)
        if is_array:
            arguments += [letter.upper(), f"at_{letter}", *(f"{letter}{d}" for d in range(rank))]
            places[i] = f"at_{letter} + k" if not rank else f"p_{letter}"
            loads.append(f"        {letter} = {computed_in}({letter.upper()}[{places[i]}])")
        else:
            arguments.append(f"{letter}_")
            loads.append(f"        {letter} = {computed_in}({letter}_)")
    lines = [f"def kernel({', '.join(arguments)}):", "    for k in range(cuda.grid(1), count, cuda.gridsize(1)):"]
    array_letters = [_LETTERS[i] for i, (_, is_array) in enumerate(kinds) if is_array]
    if rank:
        lines.append("        rest = k")
        for d in reversed(range(rank)):
            if d:
                lines.append(f"        i{d} = rest % n{d}")
                lines.append(f"        rest = rest // n{d}")
            else:
                lines.append("        i0 = rest")
        for letter in array_letters:
            terms = " + ".join([f"at_{letter}", *(f"i{d} * {letter}{d}" for d in range(rank))])
            lines.append(f"        p_{letter} = {terms}")
        target = " + ".join(["at_out", *(f"i{d} * out{d}" for d in range(rank))])
    else:
        target = "at_out + k"
    lines += loads
    lines.append(f"        OUT[{target}] = {_name_of(result)}({formula})")
    return "\n".join(lines)


@functools.cache
def _kernel(
    formula: str, kinds: tuple[Any, ...], computes: np.dtype[Any], result: np.dtype[Any], rank: int, fours: bool
) -> Any:
    names: dict[str, Any] = {**functions(), **helpers(), **(vectors() if fours else {})}
    number = np.float32 if computes == _HALF else computes.type
    names["TYPE"] = number
    names["ZERO"], names["ONE"], names["TWO"] = number(0), number(1), number(2)
    text = _in_fours(formula, kinds) if fours else _source(formula, kinds, result, rank)
    exec(compile(text, f"<cuda kernel: {formula}>", "exec"), names)
    return compiled(names["kernel"])


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
    one_device(*inputs)
    inputs = tuple([x.item() if isinstance(x, (np.ndarray, np.generic)) else x for x in inputs])
    arrays = [x for x in inputs if x.__class__ is DeviceArray]
    shape = layout.broadcast([x.shape for x in arrays]) if arrays else out.shape if out is not None else ()
    if out is None:
        out = _like(arrays, shape, np.dtype(result))
    elif out.shape != shape:
        if layout.broadcast((out.shape, shape)) != out.shape:
            raise ValueError(f"non-broadcastable output operand with shape {out.shape} doesn't match {shape}")
        shape = out.shape
    if not out.size:
        return out
    steps = [out.strides] + [layout.spread_strides(x.shape, x.strides, shape) for x in arrays]
    items = [out.itemsize] + [x.itemsize for x in arrays]
    steps = [tuple([s // item for s in step]) for step, item in zip(steps, items, strict=True)]
    if all(step == steps[0] for step in steps) and layout.covers(shape, steps[0], 1):
        sizes: tuple[int, ...] = ()
        steps = [()] * len(steps)
    else:
        sizes, steps = layout.collapsed(shape, steps)
        if not sizes:  # one element
            steps = [()] * len(steps)
    described = tuple([(np.dtype(kind), x.__class__ is DeviceArray) for kind, x in zip(kinds, inputs, strict=True)])
    computes = np.dtype(computes or (kinds[-1] if kinds else out.dtype))
    fours = not sizes and _suits_fours(out, arrays, described)
    kernel = _kernel(formula, described, computes, out.dtype, len(sizes), fours)
    count = out.size // 4 if fours else out.size
    arguments: list[Any] = [count, *sizes, out.block.typed(out.dtype), out.offset // out.itemsize, *steps[0]]
    at = 1
    for x, (kind, is_array) in zip(inputs, described, strict=True):
        if is_array:
            arguments += [x.block.typed(x.dtype), x.offset // x.itemsize, *steps[at]]
            at += 1
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                arguments.append((np.float32 if kind == _HALF else kind.type)(x))
    launch(kernel, *grid_for(count), *arguments)
    return out


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
