"""Reductions over any axes, running totals, and where the extremes are: one thread for each result, or more (`sums`).

The axes that stay and those that go are each merged into as few as possible. A thread reads its elements in order, so
the result is the same every time; floats are added up in float64. One writer per cell: result k is written by the one
thread that counts k.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda import along, layout
from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty
from tinygrad_edu.kernels.numba_cuda.elementwise import mapped
from tinygrad_edu.kernels.numba_cuda.runtime import compiled, functions, grid_for, launch
from tinygrad_edu.kernels.numba_cuda.scalars import helpers
from tinygrad_edu.kernels.numba_cuda.sums import plan, reduce_in_parts
from tinygrad_edu.kernels.numba_cuda.walking import walk
from tinygrad_edu.kernels.numba_cuda.wide import reduce_by_fours
from tinygrad_edu.kernels.presence import simulated

__all__ = ["accumulate", "arg_extreme", "reduce"]

# How the next element x joins what has been gathered; and what there is before the first one.
_COMBINE = {
    "add": ("s + x", 0),
    "multiply": ("s * x", 1),
    "maximum": ("s if s != s or s >= x else x", None),
    "minimum": ("s if s != s or s <= x else x", None),
    "fmax": ("s if x != x or s >= x else x", None),
    "fmin": ("s if x != x or s <= x else x", None),
    "logical_and": ("s and x", True),
    "logical_or": ("s or x", False),
    "bitwise_or": ("s | x", 0),
    "bitwise_and": ("s & x", -1),
    "bitwise_xor": ("s ^ x", 0),
    "logaddexp": ("log_add_exp(s, x)", None),
}
_BOOL = np.dtype(bool)


def _second(letter: str, sizes: int, name: str, indent: str) -> str:
    terms = [f"i{d} * {letter}{name}{d}" for d in range(sizes)]
    return f"{indent}p_{letter}{name} = {' + '.join(terms) or '0'}"


@functools.cache
def _kernel(kind: str, name: str, source: Any, gathered: Any, result: Any, outer: int, inner: int) -> Any:
    """The kernel of a reduction ("reduce"), of running totals ("accumulate") or of an argmax ("arg")."""
    combine, first = _COMBINE[name]
    steps = [f"o{x}{d}" for x in ("n", "a", "r") for d in range(outer)]
    steps += [f"q{x}{d}" for x in (("n", "a", "r") if kind == "accumulate" else ("n", "a")) for d in range(inner)]
    lines = [f"def kernel(count, length, A, at_a, OUT, at_out, {', '.join(steps)}):".replace(", )", ")")]
    lines.append("    for k in range(cuda.grid(1), count, cuda.gridsize(1)):")
    lines += walk("o", "k", outer, "a", " " * 8)
    lines.append(_second("o", outer, "r", " " * 8))
    lines.append(f"        s = CAST({first if first is not None and kind == 'reduce' else 'A[at_a + p_oa]'})")
    begin = 0 if first is not None and kind == "reduce" else 1
    if kind == "arg":
        lines.append("        best = int64(0)")
    if kind == "accumulate":
        lines.append("        OUT[at_out + p_or] = STORE(s)")
    lines.append(f"        for j in range({begin}, length):")
    lines += walk("q", "j", inner, "a", " " * 12)
    if kind == "accumulate":
        lines.append(_second("q", inner, "r", " " * 12))
    lines.append("            x = CAST(A[at_a + p_oa + p_qa])")
    if kind == "arg":
        comparison = ">" if name == "maximum" else "<"
        lines += [
            f"            if s == s and (x != x or x {comparison} s):",
            "                s = x",
            "                best = j",
        ]
    else:
        lines.append(f"            s = CAST({combine})")
    if kind == "accumulate":
        lines.append("            OUT[at_out + p_or + p_qr] = STORE(s)")
    elif kind == "reduce":
        lines.append("        OUT[at_out + p_or] = STORE(s)")
    else:
        lines.append("        OUT[at_out + p_or] = best")
    names: dict[str, Any] = {**functions(), **helpers(), "CAST": gathered.type, "STORE": result.type}
    exec(compile("\n".join(lines), f"<cuda kernel: {kind} {name}>", "exec"), names)
    return compiled(names["kernel"])


def _gathered(kind: np.dtype[Any], name: str) -> np.dtype[Any]:
    """The type in which elements are gathered."""
    if kind.kind == "f" and name in ("add", "multiply", "logaddexp"):
        return np.dtype(np.float64)
    return np.dtype(np.float32) if kind == np.float16 else kind


@functools.lru_cache(maxsize=4096)
def _walked(
    totals: bool, shape: tuple[int, ...], steps_a: tuple[int, ...], steps_out: tuple[int, ...], axes: tuple[int, ...]
) -> tuple[int, int, int, int, tuple[int, ...]]:
    """How many results, of how many elements each, over how many dimensions; and the sizes and steps of these."""
    stay = [i for i in range(len(shape)) if i not in axes]
    outer = layout.collapsed(
        tuple([shape[i] for i in stay]),
        [tuple([steps_a[i] for i in stay]), tuple([steps_out[i] for i in stay]) if totals else steps_out],
    )
    inner = layout.collapsed(
        tuple([shape[i] for i in axes]),
        [tuple([steps_a[i] for i in axes])] + ([tuple([steps_out[i] for i in axes])] if totals else []),
    )
    count = layout.size_of(tuple([shape[i] for i in stay]))
    length = layout.size_of(tuple([shape[i] for i in axes]))
    numbers = (*outer[0], *outer[1][0], *outer[1][1], *inner[0], *inner[1][0], *(inner[1][1] if totals else ()))
    return count, length, len(outer[0]), len(inner[0]), numbers


def _run(kind: str, name: str, a: DeviceArray, axes: tuple[int, ...], out: DeviceArray, gathered: Any) -> None:
    """`out` has the shape of `a` with the axes left out; for running totals that of `a`."""
    steps_a = tuple([s // a.itemsize for s in a.strides])
    steps_out = tuple([s // out.itemsize for s in out.strides])
    count, length, outer, inner, numbers = _walked(kind == "accumulate", a.shape, steps_a, steps_out, tuple(axes))
    kernel = _kernel(kind, name, a.dtype, gathered, out.dtype, outer, inner)
    launch(
        kernel, *grid_for(count), count, length, a.block.typed(a.dtype), a.offset // a.itemsize,
        out.block.typed(out.dtype), out.offset // out.itemsize, *numbers,
    )  # fmt: skip


def _reduced(name: str, a: DeviceArray, axes: tuple[int, ...], made: DeviceArray, gathered: Any) -> DeviceArray:
    """The results, in `made` or in an array like it, by as many threads as there is work for."""
    length = layout.size_of(tuple([a.shape[i] for i in axes]))
    side_by_side = any(a.strides[i] == a.itemsize and a.shape[i] > 1 for i in axes)
    block, parts = plan(name, made.size, length, side_by_side)
    if not block and parts == 1:
        _run("reduce", name, a, axes, made, gathered)
        return made
    steps = [s // a.itemsize for s in a.strides]
    stay = [i for i in range(a.ndim) if i not in axes]
    outer, inner = (
        layout.collapsed(tuple([a.shape[i] for i in some]), [tuple([steps[i] for i in some])]) for some in (stay, axes)
    )
    combine, first = _COMBINE[name]
    sizes = (made.size, length)
    found = reduce_by_fours(name, combine, first, a, sizes, outer, inner, gathered, made.dtype)
    if found is NotImplemented:
        found = reduce_in_parts(name, combine, first, a, sizes, outer, inner, gathered, made.dtype, block, parts)
    parts = found.shape[0]
    if parts > 1 and parts >= (4 if simulated() else 64):  # a block for each result: few are left
        outer = ((made.size,), [(1,)]) if made.size > 1 else ((), [()])
        inner, sizes = ((parts,), [(made.size,)]), (made.size, parts)
        found = reduce_in_parts(name, combine, first, found, sizes, outer, inner, gathered, made.dtype, True, 1)
    elif parts > 1:
        _run("reduce", name, found, (0,), made.reshape(-1), gathered)
        return made
    return found.reshape(made.shape)


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes counted from 0; all of them for None."""
    if axis is None:
        return tuple(range(ndim))
    many = (axis,) if hasattr(axis, "__index__") else axis
    return tuple(sorted({layout.checked_axis(i, ndim) for i in many}))


def reduce(
    name: str,
    a: DeviceArray,
    axis: Any = 0,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
) -> DeviceArray:
    """What the ``reduce`` of NumPy's ufunc does.

    Raises:
        NotImplementedError: there is no such reduction on the device; ValueError: a maximum of no elements.
    """
    if name not in _COMBINE:
        raise NotImplementedError(
            f"{name}.reduce: there is no kernel for this on cuda. Move the tensor with .cpu() first"
        )
    axes = axes_of(axis, a.ndim)
    if dtype is not None:
        result = np.dtype(dtype)
    elif name in ("logical_and", "logical_or"):
        result = _BOOL
    elif name in ("add", "multiply") and a.dtype.kind in "biu" and a.dtype.itemsize < 8:
        result = np.dtype(np.int64) if a.dtype.kind != "u" else np.dtype(np.uint64)
    else:
        result = a.dtype
    shape = tuple([a.shape[i] for i in range(a.ndim) if i not in axes])
    kept = tuple([1 if i in axes else a.shape[i] for i in range(a.ndim)])
    length = layout.size_of(tuple([a.shape[i] for i in axes]))
    if not length and _COMBINE[name][1] is None and initial is None and layout.size_of(shape):
        raise ValueError(f"zero-size array to reduction operation {name} which has no identity")
    made = empty(shape, result)
    if made.size:
        if length or _COMBINE[name][1] is not None:
            gathered = _BOOL if result == _BOOL and name.startswith("logical") else _gathered(result, name)
            made = _reduced(name, a, axes, made, gathered)
            if initial is not None:
                from tinygrad_edu.kernels.numba_cuda.elementwise import apply

                made = apply(name, made, initial)
        else:
            mapped("a", (initial,), (result,), result, made)
    made = made.reshape(kept) if keepdims else made
    if out is not None:
        target = out[0] if isinstance(out, tuple) else out
        return mapped("a", (made,), (target.dtype,), target.dtype, target)
    return made


def accumulate(name: str, a: DeviceArray, axis: Any = 0, dtype: Any = None, out: Any = None) -> DeviceArray:
    """What the ``accumulate`` of NumPy's ufunc does: running totals along an axis."""
    if name not in _COMBINE:
        raise NotImplementedError(
            f"{name}.accumulate: there is no kernel for this on cuda. Move the tensor with .cpu() first"
        )
    result = np.dtype(dtype) if dtype is not None else a.dtype
    if dtype is None and name in ("add", "multiply") and a.dtype.kind in "biu" and a.dtype.itemsize < 8:
        result = np.dtype(np.int64)
    made = empty(a.shape, result)
    at = layout.checked_axis(axis, a.ndim)
    if name in ALONG and a.dtype.kind in "biuf" and made.size and along.worthwhile(a, at):
        made = _accumulated(name, a, at, result)
    elif made.size:
        _run("accumulate", name, a, axes_of(int(axis), a.ndim), made, _gathered(result, name))
    if out is not None:
        target = out[0] if isinstance(out, tuple) else out
        return mapped("a", (made,), (target.dtype,), target.dtype, target)
    return made


ALONG = ("add", "multiply", "maximum", "minimum")


def _lines(a: DeviceArray, axis: int) -> DeviceArray:
    """(lines, length): the axis last."""
    return a.transpose([*(i for i in range(a.ndim) if i != axis), axis]).reshape(-1, a.shape[axis])


def _accumulated(name: str, a: DeviceArray, axis: int, result: np.dtype[Any]) -> DeviceArray:
    """Running totals by blocks: the totals of parts first, where there are several."""
    lines, gathered = _lines(a, axis), _gathered(result, name)
    count, length = lines.shape
    parts, before = along.parts_of(count, length), None
    if parts > 1:
        steps = [s // a.itemsize for s in lines.strides]
        outer, inner = (layout.collapsed((lines.shape[i],), [(steps[i],)]) for i in (0, 1))
        before = reduce_in_parts(
            name, *_COMBINE[name], lines, (count, length), outer, inner, gathered, gathered, True, parts
        )  # fmt: skip
    made = along.totals(_COMBINE[name][0], lines, before, gathered, result)
    order = [*(i for i in range(a.ndim) if i != axis), axis]
    made = made.reshape([a.shape[i] for i in order])
    return made.transpose(sorted(range(a.ndim), key=order.__getitem__))


def arg_extreme(a: DeviceArray, axis: Any, largest: bool, keepdims: bool = False) -> DeviceArray:
    """The first index of the largest (smallest) element along an axis, or of all; a nan wins over all numbers."""
    source = a.reshape(-1) if axis is None else a
    at = 0 if axis is None else layout.checked_axis(axis, a.ndim)
    if not source.shape[at]:
        raise ValueError(f"attempt to get arg{'max' if largest else 'min'} of an empty sequence")
    shape = tuple([size for i, size in enumerate(source.shape) if i != at])
    made = empty(shape, np.int64)
    if made.size and source.dtype.kind in "biuf" and along.worthwhile(source, at):
        made = along.extremes(_lines(source, at), largest).reshape(shape)
    elif made.size:
        name = "maximum" if largest else "minimum"
        _run("arg", name, source, (at,), made, _gathered(a.dtype, name))
    if keepdims:
        kept = (1,) * a.ndim if axis is None else tuple([1 if i == at else n for i, n in enumerate(source.shape)])
        return made.reshape(kept)
    return made
