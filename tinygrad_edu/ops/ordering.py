"""Order along one dimension: sorting, the k largest, the k-th smallest, the median and the most frequent.

All give values and the indices of the places they stood at; the gradient goes back to these places. A nan counts as
larger than every number.
"""

from __future__ import annotations

from typing import Any

from tinygrad_edu.errors import DimError
from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.index import put_along
from tinygrad_edu.ops.reduce import share_of_all
from tinygrad_edu.ops.registry import cases, structured
from tinygrad_edu.ops.shape import reshape, wrap_dim


def back(g: Any, out: Any, shape: tuple[int, ...], dim: int, keepdim: bool = True) -> Any:
    """Zeros with the gradient in the places that were chosen."""
    indices = getattr(out[1], "_data", out[1])
    if not shape:
        return g
    dim = dim % len(shape)
    if not keepdim:
        at = (*indices.shape[:dim], 1, *indices.shape[dim:])
        g, indices = reshape(g, at), indices.reshape(at)
    return put_along(g, indices, dim, shape)


@structured(samples=cases(([(2, 3)], (0, False)), ([(2, 4)], (-1, True)), ([()], (0, False))), method=False)
def sort(input: Any, /, dim: int = -1, descending: bool = False) -> Any:
    """The elements in order along `dim`, and where they stood. Equal ones stay in the order they had."""
    return kernels.in_order(input, wrap_dim(dim, input.ndim, "sort"), descending)


@sort.vjp
def _(g: Any, out: Any, input_shape: Any, dim: int, _descending: bool) -> Any:
    return back(g, out, input_shape, dim)


def _size(input: Any, dim: int) -> int:
    return input.shape[dim] if input.shape else 1


@structured(
    samples=cases(([(2, 3)], (2, 0, True)), ([(2, 4)], (3, -1, False)), ([()], (1, 0, True))), method=False, oracle=""
)
def topk(input: Any, /, k: int, dim: int = -1, largest: bool = True) -> Any:
    """The `k` largest (smallest) elements along `dim`, in order, and where they stood."""
    dim = wrap_dim(dim, input.ndim, "topk")
    if not 0 <= k <= _size(input, dim):
        raise RuntimeError(
            f"topk: selected index k out of range: k is {k}, but dimension {dim} of shape {tuple(input.shape)} has "
            f"{_size(input, dim)} elements"
        )
    values, indices = kernels.in_order(input, dim, largest)
    if not input.shape:
        return values, indices
    first = kernels.narrow(values, dim, 0, k), kernels.narrow(indices, dim, 0, k)
    return tuple([kernels.ascontiguousarray(part) for part in first])  # the rest of the memory can go


@topk.vjp
def _(g: Any, out: Any, input_shape: Any, _k: int, dim: int, _largest: bool) -> Any:
    return back(g, out, input_shape, dim)


@structured(
    samples=cases(([(2, 3)], (2, 0, False)), ([(2, 4)], (1, -1, True)), ([()], (1, 0, False))), method=False, oracle=""
)
def kthvalue(input: Any, /, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """The `k`-th smallest element along `dim`, counted from 1, and where it stands."""
    dim = wrap_dim(dim, input.ndim, "kthvalue")
    size = _size(input, dim)
    if not size:
        raise DimError(f"kthvalue(): Expected reduction dim {dim} to have non-zero size, got shape {input.shape}")
    if not 1 <= k <= size:
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {dim}: {k} is not 1 to {size}")
    return kernels.ranked(input, dim, k - 1, keepdim)


@kthvalue.vjp
def _(g: Any, out: Any, input_shape: Any, _k: int, dim: int, keepdim: bool) -> Any:
    return back(g, out, input_shape, dim, keepdim)


_lines = cases(([(2, 3)], (0, False)), ([(2, 4)], (-1, True)), ([()], (0, False)))


def _middle(name: str, skip: bool, input: Any, dim: int, keepdim: bool) -> Any:
    dim = wrap_dim(dim, input.ndim, name)
    if not _size(input, dim):
        raise DimError(f"{name}(): Expected reduction dim {dim} to have non-zero size, got shape {tuple(input.shape)}")
    return kernels.median(input, dim, keepdim, skip)


@structured(samples=_lines, promote="numeric", method=False, oracle="", grad_name="MedianBackward1")
def median_along(input: Any, /, dim: int = -1, keepdim: bool = False) -> Any:
    """The middle element along `dim` (of two the smaller one) and where it stands; nan if there is one."""
    return _middle("median", False, input, dim, keepdim)


@structured(samples=_lines, promote="numeric", method=False, oracle="", grad_name="NanmedianBackward1")
def nanmedian_along(input: Any, /, dim: int = -1, keepdim: bool = False) -> Any:
    """The middle one of the elements that are not nan, along `dim`, and where it stands."""
    return _middle("nanmedian", True, input, dim, keepdim)


@median_along.vjp
def _(g: Any, out: Any, input_shape: Any, dim: int, keepdim: bool) -> Any:
    return back(g, out, input_shape, dim, keepdim)


@nanmedian_along.vjp
def _(g: Any, out: Any, input_shape: Any, dim: int, keepdim: bool) -> Any:
    return back(g, out, input_shape, dim, keepdim)


@structured(samples=_lines, method=False, oracle="")
def mode(input: Any, /, dim: int = -1, keepdim: bool = False) -> Any:
    """The most frequent element along `dim` (of several the smallest) and the last place where it stands."""
    dim = wrap_dim(dim, input.ndim, "mode")
    if not _size(input, dim):
        raise DimError(f"mode(): Expected reduction dim {dim} to have non-zero size, got shape {tuple(input.shape)}")
    return kernels.mode(input, dim, keepdim)


@mode.vjp
def _(g: Any, out: Any, input_shape: Any, dim: int, keepdim: bool) -> Any:
    return back(g, out, input_shape, dim, keepdim)


_whole = cases(([(2, 3)], ()), ([(4,)], ()), ([()], ()))


@structured(samples=_whole, promote="numeric", method=False, oracle="median", grad_name="MedianBackward0")
def median_of_all(input: Any, /) -> Any:
    """The middle element, of two the smaller one; nan if there is one. Equal ones share the gradient."""
    return kernels.median_of_all(input, False)


@structured(samples=_whole, promote="numeric", method=False, oracle="nanmedian", grad_name="NanmedianBackward0")
def nanmedian_of_all(input: Any, /) -> Any:
    """The middle one of the elements that are not nan, of two the smaller one. Equal ones share the gradient."""
    return kernels.median_of_all(input, True)


@median_of_all.vjp
def _(g: Any, out: Any, input: Any) -> Any:
    return share_of_all(g, out, input)


@nanmedian_of_all.vjp
def _(g: Any, out: Any, input: Any) -> Any:
    return share_of_all(g, out, input)
