"""NumPy's functions that count and look up elements, for arrays of the device: compositions of the other kernels."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda import indexing, ordering, reductions
from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, from_host, one_device
from tinygrad_edu.kernels.numba_cuda.elementwise import apply
from tinygrad_edu.kernels.numba_cuda.making import astype, empty, named, ones, zeros
from tinygrad_edu.kernels.numba_cuda.shaping import concatenate

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
    """Every element of `v` is compared with all of `a`."""
    one_device(a, v)
    if a.ndim != 1 or sorter is not None:
        raise NotImplementedError("searchsorted of more dimensions: there is no kernel for this on cuda")
    before = apply("less_equal" if side == "right" else "less", a, v.reshape((*v.shape, 1)))
    return reductions.reduce("add", before, -1, np.int64)


@named
def isin(element: Any, test_elements: Any, assume_unique: bool = False, invert: bool = False, **_: Any) -> DeviceArray:
    """Every element is compared with all of the others."""
    tested = test_elements if test_elements.__class__ is DeviceArray else from_host(np.asarray(test_elements))
    found = reductions.reduce(
        "logical_or", apply("equal", element.reshape((*element.shape, 1)), tested.reshape(-1)), -1
    )
    return apply("logical_not", found) if invert else found


@named
def diff(a: DeviceArray, n: int = 1, axis: int = -1, **_: Any) -> DeviceArray:
    """Differences of neighbours."""
    lead = (slice(None),) * (axis % a.ndim)
    for _i in range(n):
        later, earlier = a[(*lead, slice(1, None))], a[(*lead, slice(None, -1))]
        a = apply("not_equal" if a.dtype.kind == "b" else "subtract", later, earlier)
    return a


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
    """The elements in order, each once; over all dimensions."""
    if axis is not None or return_index:
        raise NotImplementedError("unique along an axis: there is no kernel for this on cuda")
    flat = ar.reshape(-1)
    order = ordering.argsort(flat)
    line = indexing.getitem(flat, (order,))
    first = concatenate([ones((min(flat.size, 1),), bool), apply("not_equal", line[1:], line[:-1])])
    found: list[Any] = [indexing.getitem(line, (first,))]
    numbers = reductions.accumulate("add", first, 0) - 1 if flat.size else empty((0,), np.int64)
    if return_inverse:
        inverse = empty((flat.size,), np.int64)
        indexing.setitem(inverse, (order,), numbers)
        found.append(inverse.reshape(ar.shape))
    if return_counts:
        found.append(bincount(numbers))
    return tuple(found) if len(found) > 1 else found[0]
