"""Statistics and order as methods: the signatures that PyTorch gives to variance, norms, quantiles, sorting."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from tinygrad_edu.errors import DTypeError, ShapeError
from tinygrad_edu.ops import norms, ordering, scans, statistics
from tinygrad_edu.ops.index import take_along
from tinygrad_edu.ops.shape import cat, wrap_dim
from tinygrad_edu.tensors import return_types
from tinygrad_edu.tensors.composed import composed
from tinygrad_edu.tensors.device import device_of, moved
from tinygrad_edu.tensors.dtype import get_default_dtype
from tinygrad_edu.tensors.record import record
from tinygrad_edu.tensors.tensor import Tensor

__all__: list[str] = []
_given: Any = object()


def _spread(operation: Any, input: Tensor, dim: Any, unbiased: bool, keepdim: bool, correction: Any) -> Any:
    if isinstance(dim, bool):  # x.std(False)
        dim, unbiased = None, dim
    if correction is _given:
        correction = 1 if unbiased else 0
    correction = 1 if correction is None else correction
    out: Tensor = record(operation, (input,), (dim, correction, keepdim))
    if input._data.size <= correction * out._data.size:
        warnings.warn(
            f"{operation.name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction "
            "factor (input numel divided by output numel).",
            stacklevel=4,
        )
    return out


@composed()
def var(
    input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = _given
) -> Any:
    """The variance, over all elements or over the dimensions `dim`.

    Args:
        correction: the sum of squares is divided by the count less this: 1 (the default) estimates the variance of
            what was drawn from, 0 is that of the elements themselves. ``unbiased=False`` is the older way to say 0.
    """
    return _spread(statistics.var, input, dim, unbiased, keepdim, correction)


@composed()
def std(
    input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = _given
) -> Any:
    """The standard deviation, the square root of :func:`var`, with the same arguments."""
    return _spread(statistics.std, input, dim, unbiased, keepdim, correction)


def _mean_of(input: Tensor, dim: Any, keepdim: bool) -> Any:
    return input.mean(None if isinstance(dim, bool) else dim, keepdim)


@composed(method=False)
def var_mean(
    input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = _given
) -> Any:
    """The variance and the mean."""
    return _spread(statistics.var, input, dim, unbiased, keepdim, correction), _mean_of(input, dim, keepdim)


@composed(method=False)
def std_mean(
    input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = _given
) -> Any:
    """The standard deviation and the mean."""
    return _spread(statistics.std, input, dim, unbiased, keepdim, correction), _mean_of(input, dim, keepdim)


@composed()
def nanmean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The mean of the elements that are not nan."""
    x = input if dtype is None else input.to(dtype)
    if x._data.dtype.kind != "f":
        raise DTypeError(f"nanmean(): expected input to have floating point dtype but got {x.dtype}: use .float()")
    return x.nansum(dim, keepdim) / (~x.isnan()).sum(dim, keepdim)


@composed()
def norm(input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The p-norm ``sum(|x| ** p) ** (1 / p)`` of all elements, or over the dimensions `dim`.

    Args:
        p: a number, inf, -inf, "fro", which is 2, or "nuc": the sum of a matrix's singular values, which has no
            gradient here.
    """
    if p == "nuc":
        from tinygrad_edu.tensors.matrices import matrix_norm

        return matrix_norm(input, "nuc", (-2, -1) if dim is None and input.ndim == 2 else dim, keepdim, dtype=dtype)
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(f"norm: p is a number, inf, -inf, 'fro' or 'nuc', got {p!r}")
    x = input if dtype is None else input.to(dtype)
    return record(norms.vector_norm, (x,), (2 if p == "fro" or p is None else p, dim, keepdim))


@composed()
def dist(input: Tensor, other: Tensor, p: Any = 2) -> Any:
    """The p-norm of the difference."""
    return record(norms.vector_norm, (input - other,), (p, None, False))


@composed(method=False)
def cdist(input: Tensor, x2: Tensor, p: Any = 2.0, compute_mode: str | None = None) -> Any:
    """The p-norm distance of every row of one matrix to every row of the other: (..., P, M), (..., R, M) to
    (..., P, R). The way to compute it, `compute_mode`, makes no difference here."""
    if input.ndim < 2 or x2.ndim < 2 or input.shape[-1] != x2.shape[-1]:
        raise ShapeError(
            f"cdist: takes matrices with equally many columns, got shapes {tuple(input.shape)} and {tuple(x2.shape)}"
        )
    return record(norms.vector_norm, (input.unsqueeze(-2) - x2.unsqueeze(-3),), (p, -1, False))


@composed()
def diff(input: Tensor, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """The differences of neighbours along `dim`, taken `n` times."""
    if not input.ndim:
        raise ShapeError("diff expects input to be at least one-dimensional, got a number")
    if n < 0:
        raise RuntimeError(f"diff: order must be non-negative but got {n}")
    x = cat([part for part in (prepend, input, append) if part is not None], dim)
    for _ in range(n):
        size = x.shape[dim]
        if not size:
            break
        after, before = x.narrow(dim, 1, size - 1), x.narrow(dim, 0, size - 1)
        x = after.ne(before) if x._data.dtype.kind == "b" else after - before
    return x


@composed()
def cov(input: Tensor, *, correction: int = 1) -> Any:
    """The covariances of variables (rows) over observations (columns); for one variable a number."""
    if input.ndim > 2:
        raise ShapeError(f"cov(): expected input to have two or fewer dimensions but got {input.ndim}")
    if input._data.dtype.kind == "b":
        raise RuntimeError("cov(): bool dtype is not supported for input: convert with .int()")
    x = input.reshape(1, -1) if input.ndim < 2 else input
    x = x if x._data.dtype.kind == "f" else x.to(get_default_dtype())
    x = x - x.mean(1, keepdim=True)
    out = x @ x.mT / max(x.shape[1] - correction, 0)
    return out if input.ndim == 2 else out.reshape(())


@composed()
def corrcoef(input: Tensor) -> Any:
    """The correlations of variables (rows) over observations (columns), between -1 and 1."""
    c = cov(input)
    if not c.ndim:
        return c / c
    spread = c.diagonal().sqrt()
    return (c / spread.unsqueeze(1) / spread).clip(-1, 1)


@composed()
def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> Any:
    """The smallest and the largest elements."""
    return return_types.aminmax(input.amin(dim, keepdim), input.amax(dim, keepdim))


@composed()
def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """How many elements are not 0."""
    counted: Tensor = input.detach().ne(0).sum(dim)
    return counted


# Order.


@composed()
def sort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """The elements in order along `dim`, and where they stood: (values, indices). It is stable in any case."""
    return return_types.sort(*record(ordering.sort, (input,), (dim, descending)))


@composed()
def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """The indices that put the elements in order along `dim`."""
    indices: Tensor = record(ordering.sort, (input.detach(),), (dim, descending))[1]
    return indices


@composed()
def msort(input: Tensor) -> Any:
    """The elements in order along the first dimension."""
    return record(ordering.sort, (input,), (0, False))[0]


@composed()
def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """The `k` largest (smallest) elements along `dim` and where they stand: (values, indices), in order."""
    if input._data.dtype.kind == "b":
        raise DTypeError("topk does not support bool dtypes on CPU: convert with .int()")
    return return_types.topk(*record(ordering.topk, (input,), (k, dim, largest)))


@composed()
def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """The `k`-th smallest element along `dim`, counted from 1, and where it stands: (values, indices)."""
    if input._data.dtype.kind == "b":
        raise DTypeError("kthvalue: not implemented for bool: convert with .int()")
    return return_types.kthvalue(*record(ordering.kthvalue, (input,), (k, dim, keepdim)))


@composed()
def mode(input: Tensor, dim: int = -1, keepdim: bool = False) -> Any:
    """The most frequent element along `dim` and where it stands: (values, indices)."""
    return return_types.mode(*record(ordering.mode, (input,), (dim, keepdim)))


@composed()
def median(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The middle element, of two the smaller; with `dim` (values, indices)."""
    if dim is None:
        return record(ordering.median_of_all, (input,), ())
    return return_types.median(*record(ordering.median_along, (input,), (dim, keepdim)))


@composed()
def nanmedian(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The middle one of the elements that are not nan, of two the smaller; with `dim` (values, indices)."""
    if dim is None:
        return record(ordering.nanmedian_of_all, (input,), ())
    return return_types.nanmedian(*record(ordering.nanmedian_along, (input,), (dim, keepdim)))


@composed()
def cummax(input: Tensor, dim: int) -> Any:
    """The largest elements so far along `dim`, and their indices: (values, indices)."""
    return return_types.cummax(*record(scans.cummax, (input,), (dim,)))


@composed()
def cummin(input: Tensor, dim: int) -> Any:
    """The smallest elements so far along `dim`, and their indices: (values, indices)."""
    return return_types.cummin(*record(scans.cummin, (input,), (dim,)))


_ways = ("linear", "lower", "higher", "midpoint", "nearest")


@composed()
def quantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Any:
    """The elements below which a share `q` of all lies; between two of them interpolated. nan if there is one.

    Args:
        q: a number or a Tensor of numbers in [0, 1]; a Tensor of one dimension adds a dimension in front.
        interpolation: "linear", "lower", "higher", "midpoint" or "nearest".
    """
    return _quantile("quantile", input, q, dim, keepdim, interpolation)


@composed()
def nanquantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Any:
    """:func:`quantile` of the elements that are not nan."""
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation)


def _quantile(name: str, input: Tensor, q: Any, dim: int | None, keepdim: bool, interpolation: str) -> Any:
    shares = _shares(name, input, q, interpolation)
    ndim = input.ndim
    x = input.reshape(-1) if dim is None else input if ndim else input.reshape(1)
    axis = 0 if dim is None else wrap_dim(dim, ndim, name)
    x = x.permute(*(i for i in range(x.ndim) if i != axis), axis)
    values = record(ordering.sort, (x,), (-1, False))[0]
    # Where in the line each share lies: its rank. A nan, sorted to the end, makes the whole line nan.
    missing = np.isnan(values._data).sum(-1, keepdims=True)
    size = x.shape[-1]
    if name == "nanquantile":
        rank = np.maximum(size - 1 - missing, 0) * shares
    else:
        rank = np.where(missing, size - 1, shares * (size - 1))
    rank = rank.astype(values._data.dtype)
    if interpolation in ("lower", "higher", "nearest"):
        rank = getattr(np, {"lower": "floor", "higher": "ceil", "nearest": "round"}[interpolation])(rank)
    below = np.floor(rank)
    out = take_along(values, below.astype(np.int64), -1)
    if interpolation in ("linear", "midpoint"):
        above = np.ceil(rank)
        weight = rank - below if interpolation == "linear" else np.full_like(rank, 0.5)
        out = out.lerp(take_along(values, above.astype(np.int64), -1), Tensor._wrap(weight))
    out = out.permute(out.ndim - 1, *range(out.ndim - 1))
    if keepdim and ndim:
        out = out.reshape(len(shares), *(1,) * ndim) if dim is None else out.unsqueeze(axis + 1)
    elif dim is None or not ndim:
        out = out.reshape(len(shares))
    return out if isinstance(q, Tensor) and q.ndim else out[0]


def _shares(name: str, input: Tensor, q: Any, interpolation: str) -> Any:
    """The shares as an array of one dimension, after all that can be wrong has been checked."""
    if input._data.dtype not in (np.float32, np.float64):
        raise DTypeError(f"{name}() input tensor must be either float or double dtype, got {input.dtype}: use .float()")
    if not math.prod(input.shape):
        raise ShapeError(f"{name}() input tensor must be non-empty, got shape {tuple(input.shape)}")
    if interpolation not in _ways:
        raise RuntimeError(f"{name}() interpolation must be one of {', '.join(_ways)}, but got {interpolation}")
    if isinstance(q, Tensor):
        if q.ndim > 1:
            raise ShapeError(f"{name}() q must be a scalar or 1D tensor, got shape {tuple(q.shape)}")
        if q._data.dtype != input._data.dtype:
            raise DTypeError(f"{name}() q tensor must be same dtype as the input tensor: {q.dtype}, not {input.dtype}")
    shares = np.reshape(q._data if isinstance(q, Tensor) else np.asarray(q, input._data.dtype), -1)
    if not ((shares >= 0) & (shares <= 1)).all():
        raise RuntimeError(f"{name}() q values must be in the range [0, 1], got {shares.tolist()}")
    return moved(shares, device_of(input._data))
