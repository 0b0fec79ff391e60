"""NumPy's functions for arrays of the device: choosing elements, reductions, order, and the rest.

Those that take an array come here through NumPy's own protocols (`protocol`); those that make one (``zeros``) are in
`making`, and are what the specification sees when it runs on the device (`specification`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda import indexing, layout, products, reductions, sorting
from tinygrad_edu.kernels.numba_cuda.array import DeviceArray
from tinygrad_edu.kernels.numba_cuda.elementwise import apply, mapped
from tinygrad_edu.kernels.numba_cuda.making import FUNCTIONS, arange, named
from tinygrad_edu.kernels.numba_cuda.shaping import diagonal, flip, moveaxis, stack

__all__ = ["FUNCTIONS", "where"]

_INT, _BOOL, _DOUBLE = np.dtype(np.int64), np.dtype(bool), np.dtype(np.float64)

# Choosing elements.


@named
def where(condition: Any, *choices: Any) -> Any:
    if not choices:
        return indexing.nonzero(condition)
    kinds = [x if x.__class__ in (int, float) else x.__class__ if isinstance(x, bool) else x.dtype for x in choices]
    weak = [k for k in kinds if not isinstance(k, np.dtype)]
    strong = [k for k in kinds if isinstance(k, np.dtype)]
    if strong:
        result = np.result_type(*strong)
        for number in weak:
            if isinstance(number, float) and result.kind != "f":
                result = _DOUBLE
            elif isinstance(number, int) and result.kind == "b":
                result = _INT
    else:
        result = np.result_type(*[np.asarray(x).dtype for x in choices])
    return mapped("b if a else c", (condition, *choices), (_BOOL, result, result), result)


@named
def take(a: DeviceArray, indices: Any, axis: Any = None, **_: Any) -> DeviceArray:
    if axis is None:
        a, axis = a.reshape(-1), 0
    at = layout.checked_axis(axis, a.ndim)
    places = indices if hasattr(indices, "dtype") else np.asarray(indices)
    return indexing.getitem(a, (slice(None),) * at + (places,))


def _along(a: DeviceArray, indices: DeviceArray, axis: int) -> tuple[Any, ...]:
    at = layout.checked_axis(axis, a.ndim)
    return tuple(
        [
            indices
            if d == at
            else arange(indices.shape[d]).reshape(tuple([-1 if e == d else 1 for e in range(a.ndim)]))
            for d in range(a.ndim)
        ]
    )


@named
def take_along_axis(a: DeviceArray, indices: DeviceArray, axis: int = -1) -> DeviceArray:
    return indexing.getitem(a, _along(a, indices, axis))


@named
def put_along_axis(a: DeviceArray, indices: DeviceArray, values: Any, axis: int) -> None:
    indexing.setitem(a, _along(a, indices, axis), values)


@named
def nonzero(a: DeviceArray) -> Any:
    return indexing.nonzero(a)


@named
def flatnonzero(a: DeviceArray) -> DeviceArray:
    return indexing.nonzero(a.reshape(-1))[0]


@named
def argwhere(a: DeviceArray) -> DeviceArray:
    return stack(indexing.nonzero(a), -1)


# Reductions and order.


def _reduction(name: str, ufunc: str) -> Callable[..., Any]:
    def reduction(
        a: DeviceArray,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = None,
        **_: Any,
    ) -> Any:
        if a.__class__ is not DeviceArray:  # a number, which may be anywhere
            return getattr(np, name)(a)
        return reductions.reduce(ufunc, a, axis, dtype, out, bool(keepdims) if keepdims is not np._NoValue else False,
                                 None if initial is np._NoValue else initial)  # fmt: skip

    return reduction


_SUMMARIES = {
    "sum": "add", "prod": "multiply", "max": "maximum", "min": "minimum", "amax": "maximum", "amin": "minimum",
    "all": "logical_and", "any": "logical_or",
}  # fmt: skip
for _name, _ufunc in _SUMMARIES.items():
    _made = _reduction(_name, _ufunc)
    if _ufunc in ("add", "multiply"):
        FUNCTIONS[_name] = _made
    else:

        def _without_dtype(
            a: Any,
            axis: Any = None,
            out: Any = None,
            keepdims: Any = False,
            initial: Any = None,
            _r: Any = _made,
            **_: Any,
        ) -> Any:
            return _r(a, axis, None, out, keepdims, initial)

        FUNCTIONS[_name] = _without_dtype


@named
def mean(a: DeviceArray, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, **_: Any) -> Any:
    axes = reductions.axes_of(axis, a.ndim)
    kind = np.dtype(dtype) if dtype is not None else a.dtype if a.dtype.kind == "f" else _DOUBLE
    total = reductions.reduce("add", a, axes, kind, None, bool(keepdims) if keepdims is not np._NoValue else False)
    return apply("divide", total, float(layout.size_of(tuple([a.shape[i] for i in axes]))), out=out)


@named
def var(
    a: DeviceArray, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = False, **_: Any
) -> Any:
    axes = reductions.axes_of(axis, a.ndim)
    apart = a - mean(a, axes, dtype, keepdims=True)
    total = reductions.reduce(
        "add", apart * apart, axes, None, None, bool(keepdims) if keepdims is not np._NoValue else False
    )
    return apply("divide", total, float(max(layout.size_of(tuple([a.shape[i] for i in axes])) - ddof, 0)), out=out)


@named
def std(*args: Any, **options: Any) -> Any:
    return apply("sqrt", var(*args, **options))


@named
def cumsum(a: DeviceArray, axis: Any = None, dtype: Any = None, out: Any = None) -> DeviceArray:
    return reductions.accumulate("add", a.reshape(-1) if axis is None else a, axis or 0, dtype, out)


@named
def cumprod(a: DeviceArray, axis: Any = None, dtype: Any = None, out: Any = None) -> DeviceArray:
    return reductions.accumulate("multiply", a.reshape(-1) if axis is None else a, axis or 0, dtype, out)


@named
def count_nonzero(a: DeviceArray, axis: Any = None, *, keepdims: bool = False) -> DeviceArray:
    return reductions.reduce("add", a != 0, axis, _INT, None, keepdims)


@named
def argmax(a: DeviceArray, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> DeviceArray:
    return reductions.arg_extreme(a, axis, True, keepdims is True)


@named
def argmin(a: DeviceArray, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> DeviceArray:
    return reductions.arg_extreme(a, axis, False, keepdims is True)


@named
def argsort(a: DeviceArray, axis: Any = -1, kind: Any = None, order: Any = None, **_: Any) -> DeviceArray:
    return sorting.argsort(a, axis)


@named
def sort(a: DeviceArray, axis: Any = -1, **_: Any) -> DeviceArray:
    if axis is None:
        a, axis = a.reshape(-1), 0
    return take_along_axis(a, sorting.argsort(a, axis), axis)


# The rest.


@named
def trace(a: DeviceArray, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> Any:
    return reductions.reduce("add", diagonal(a, offset, axis1, axis2), -1, dtype, out)


@named
def rot90(a: DeviceArray, k: int = 1, axes: Any = (0, 1)) -> DeviceArray:
    one, other = axes
    turned = flip(a, one) if k % 4 == 3 else flip(a, other) if k % 4 == 1 else flip(a, (one, other)) if k % 4 else a
    return turned.swapaxes(one, other) if k % 2 else turned


@named
def isclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    formula = "a == b or (a - a == 0 and abs(a - b) <= d + c * abs(b))" + (
        " or (a != a and b != b)" if equal_nan else ""
    )
    return mapped(formula, (a, b, rtol, atol), (_DOUBLE,) * 4, _BOOL)


@named
def allclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    return bool(isclose(a, b, rtol, atol, equal_nan).all())


@named
def cross(a: DeviceArray, b: DeviceArray, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: Any = None) -> Any:
    along = axisa if axis is None else axis
    a, b = moveaxis(a, along, -1), moveaxis(b, along if axis is not None else axisb, -1)
    parts = [a[..., i] * b[..., j] - a[..., j] * b[..., i] for i, j in ((1, 2), (2, 0), (0, 1))]
    return moveaxis(stack(parts, -1), -1, axisc if axis is None else axis)


@named
def einsum(subscripts: str, *operands: Any, **_: Any) -> DeviceArray:
    """Products summed over shared letters: laid side by side, multiplied, and added up; two operands by matmul."""
    left, _arrow, target = subscripts.replace(" ", "").partition("->")
    names = left.split(",")
    if "." in subscripts or "->" not in subscripts:
        raise NotImplementedError(f"einsum {subscripts!r} on cuda: letters and an explicit result only")
    letters = list(dict.fromkeys([*target, *"".join(names)]))
    spread = []
    for name, a in zip(names, operands, strict=True):
        seen: list[str] = []
        for letter in name:  # a letter twice is a diagonal, which becomes the last dimension
            if letter in seen:
                i = seen.index(letter)
                a = diagonal(a, 0, i, len(seen))
                a, seen = moveaxis(a, -1, i), seen
            else:
                seen.append(letter)
        a = a.transpose(sorted(range(len(seen)), key=lambda i: letters.index(seen[i])))
        spread.append(
            a.reshape(tuple([a.shape[sorted(seen, key=letters.index).index(x)] if x in seen else 1 for x in letters]))
        )
    product = spread[0]
    for a in spread[1:]:
        product = apply("multiply", product, a)
    summed = tuple(range(len(target), len(letters)))
    return reductions.reduce("add", product, summed, product.dtype) if summed else product


@named
def dot(a: Any, b: Any, out: Any = None) -> Any:
    if not np.ndim(a) or not np.ndim(b):
        return apply("multiply", a, b, out=out)
    if a.ndim > 2 and b.ndim > 1 or b.ndim > 2:
        raise NotImplementedError("dot of arrays of three dimensions and more on cuda: use matmul")
    return products.product(a, b, out)


@named
def outer(a: Any, b: Any, out: Any = None) -> Any:
    return apply("multiply", a.reshape(-1, 1), b.reshape(1, -1), out=out)


@named
def clip(a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, **_: Any) -> Any:
    if a_min is not None:
        a = apply("maximum", a, a_min)
    result = a if a_max is None else apply("minimum", a, a_max)
    return result if out is None else mapped("a", (result,), (out.dtype,), out.dtype, out)


@named
def round_(a: Any, decimals: int = 0, out: Any = None) -> Any:
    if decimals:
        raise NotImplementedError("round with decimals: there is no kernel for this on cuda. Move it with .cpu() first")
    return apply("rint", a, out=out) if a.dtype.kind == "f" else a


FUNCTIONS["around"] = round_


@named
def nan_to_num(a: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    limits = np.finfo(a.dtype)
    high = float(limits.max) if posinf is None else posinf
    low = float(limits.min) if neginf is None else neginf
    formula = "b if a != a else (c if a == inf else (d if a == -inf else a))"
    return mapped(formula, (a, nan, high, low), (a.dtype,) * 4, a.dtype)


@named
def isposinf(a: Any, out: Any = None) -> Any:
    return a == np.inf


@named
def isneginf(a: Any, out: Any = None) -> Any:
    return a == -np.inf


@named
def result_type(*args: Any) -> Any:
    return np.result_type(*[a.dtype if a.__class__ is DeviceArray else a for a in args])


@named
def can_cast(from_: Any, to: Any, casting: Any = "safe") -> bool:
    return bool(np.can_cast(from_.dtype, to, casting))


@named
def may_share_memory(a: Any, b: Any, max_work: Any = None) -> bool:
    return a.__class__ is DeviceArray and b.__class__ is DeviceArray and a.block is b.block


FUNCTIONS["shares_memory"] = may_share_memory


@named
def array_equal(a: Any, b: Any, equal_nan: bool = False) -> bool:
    return a.shape == b.shape and bool((a == b).all())
