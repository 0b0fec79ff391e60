"""NumPy's functions that count and look up elements, for arrays of the device: compositions of the other kernels."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda import indexing, layout, reductions
from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, from_host, one_device
from tinygrad_edu.kernels.numba_cuda.elementwise import apply, mapped
from tinygrad_edu.kernels.numba_cuda.making import arange, astype, empty, full, named, ones, zeros
from tinygrad_edu.kernels.numba_cuda.searching import searched
from tinygrad_edu.kernels.numba_cuda.shaping import concatenate, moveaxis
from tinygrad_edu.kernels.numba_cuda.sorting import sorted_lines

__all__ = ["bincount", "diff", "isin", "searchsorted", "unique"]


@named
def bincount(x: DeviceArray, weights: Any = None, minlength: int = 0) -> DeviceArray:
    """Counts are added with atomics: of integers, so they are exact; the last bit of weighted ones may vary."""
    length = max(int(x.max()) + 1 if x.size else 0, minlength)
    if x.size and int(x.min()) < 0:
        raise ValueError("'list' argument must have no negative elements")
    counts = zeros((length,), np.int64 if weights is None else np.float64)
    indexing.combine_at("add", counts, (astype(x, np.int64),), 1 if weights is None else weights)
    return counts


@named
def searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> DeviceArray:
    """Of a line for all values; beyond NumPy also of many lines (..., n), each for its own line of values."""
    if sorter is not None:
        raise NotImplementedError("searchsorted with a sorter: there is no kernel for this on cuda. Sort before it")
    return searched(a, v, side)


@named
def isin(element: Any, test_elements: Any, assume_unique: bool = False, invert: bool = False, **_: Any) -> DeviceArray:
    """Each element is looked up among the sorted others."""
    one_device(element, test_elements)
    tested = test_elements if test_elements.__class__ is DeviceArray else from_host(np.asarray(test_elements))
    if element.__class__ is not DeviceArray:
        element = from_host(np.asarray(element))
    if not tested.size:
        return full(element.shape, invert, bool)
    line = sorted_lines(tested.reshape(-1), 0)[0]
    assert line is not None
    at = apply("minimum", searched(line, element, "left"), tested.size - 1)
    return apply("not_equal" if invert else "equal", indexing.getitem(line, (at,)), element)


@named
def diff(a: DeviceArray, n: int = 1, axis: int = -1, **_: Any) -> DeviceArray:
    """Differences of neighbours."""
    lead = (slice(None),) * (axis % a.ndim)
    for _i in range(n):
        later, earlier = a[(*lead, slice(1, None))], a[(*lead, slice(None, -1))]
        a = apply("not_equal" if a.dtype.kind == "b" else "subtract", later, earlier)
    return a


def _changes(a: DeviceArray, equal_nan: bool) -> DeviceArray:
    """Whether each element along the last dimension differs from the one before it; the first does."""
    kinds = (a.dtype, a.dtype)
    differs = "a != b and (a == a or b == b)" if equal_nan else "a != b"
    first = ones((*a.shape[:-1], min(a.shape[-1], 1)), bool)
    return concatenate([first, mapped(differs, (a[..., 1:], a[..., :-1]), kinds, np.dtype(bool))], -1)


def _ranks(a: DeviceArray, equal_nan: bool) -> DeviceArray:
    """How many different smaller elements each of a line (lines, length) has."""
    values, order = sorted_lines(a, 1)
    assert values is not None
    numbers = reductions.accumulate("add", _changes(values, equal_nan), 1) - 1
    out = empty(a.shape, np.int64)
    rows = arange(a.shape[0]).reshape(-1, 1)
    indexing.setitem(out, (rows, order), numbers)
    return out


def _row_ranks(rows: DeviceArray, equal_nan: bool) -> DeviceArray:
    """The ranks of rows (m, c) in the order of dictionaries: of columns, then of pairs of columns, of pairs of pairs.

    All columns are sorted by one launch (or few), so ranks take about log2(c) sorts.
    """
    many = rows.shape[0]
    if not rows.size:
        return zeros((many,), np.int64)
    ranks = _ranks(rows.T, equal_nan)
    while len(ranks) > 1:
        pairs = ranks[: len(ranks) // 2 * 2]
        merged = _ranks(pairs[0::2] * many + pairs[1::2], False)
        ranks = concatenate([merged, ranks[-1:]], 0) if len(ranks) % 2 else merged
    return ranks[0]


@named
def unique(
    ar: DeviceArray,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: Any = None,
    *,
    equal_nan: bool = True,
    **_: Any,
) -> Any:
    """The elements, or slices along an axis, in order, each once."""
    at = 0 if axis is None else layout.checked_axis(axis, ar.ndim)
    slices = ar.reshape(-1) if axis is None else moveaxis(ar, at, 0)
    count = slices.shape[0]
    rows = slices.reshape(count, -1) if slices.size else slices
    line = slices if axis is None else _row_ranks(rows, equal_nan)
    values, order = sorted_lines(line, 0)
    assert values is not None
    first = _changes(values, equal_nan)
    chosen = indexing.getitem(order, (first,))
    found: list[Any] = [moveaxis(indexing.getitem(slices, (chosen,)), 0, at)]
    if return_index:
        found.append(chosen)
    numbers = reductions.accumulate("add", first, 0) - 1 if count else empty((0,), np.int64)
    if return_inverse:
        inverse = empty((count,), np.int64)
        indexing.setitem(inverse, (order,), numbers)
        found.append(inverse.reshape(ar.shape) if axis is None else inverse)
    if return_counts:
        found.append(bincount(numbers))
    return tuple(found) if len(found) > 1 else found[0]
