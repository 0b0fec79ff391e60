"""Pooling, unpooling, and windows as columns: each linear one beside its transpose, so any order of derivative works.

They act on the last dimensions; what stands before these is left alone. Where windows lie is told by `how`:
``("strided", kernel, stride, padding, dilation)``, a number for each dimension, or ``("adaptive",)``.
"""

from __future__ import annotations

from typing import Any

from tinygrad_edu.errors import DTypeError, ShapeError
from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.registry import cases, structured
from tinygrad_edu.ops.views import beside

__all__ = [
    "avg_pool", "avg_pool_back", "col2im", "im2col", "max_pool", "max_pool_back", "max_pool_picked", "max_unpool",
]  # fmt: skip

Sizes = tuple[int, ...]


def _strided(kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes | None = None) -> tuple[Any, ...]:
    return ("strided", kernel, stride, padding, dilation or (1,) * len(kernel))


def _windows(size: Sizes, places: Sizes, how: Any) -> Any:
    if how[0] == "adaptive":
        return kernels.adaptive_windows(size, places)
    return kernels.strided_windows(size, places, *how[1:])


def _last(x: Any, places: Any) -> Sizes:
    return tuple(x.shape[-len(places) :])


def _name(word: str) -> Any:
    def grad_name(node: Any) -> str:
        places, how = node.params[:2]
        with_indices = "WithIndices" if word == "Max" and how[0] == "strided" else ""
        return f"{'Adaptive' if how[0] == 'adaptive' else ''}{word}Pool{len(places)}D{with_indices}Backward0"

    return grad_name


# The largest of each window.

_MAX_CASES = cases(
    ([(2, 1, 6)], ((3,), _strided((2,), (2,), (0,)))),
    ([(1, 2, 4, 5)], ((3, 3), _strided((3, 2), (1, 2), (1, 1)))),
    ([(1, 4, 5)], ((2, 2), _strided((2, 3), (2, 1), (0, 0), (2, 2)))),
    ([(1, 3, 3, 2)], ((2, 2, 1), _strided((2, 2, 2), (1, 1, 1), (0, 0, 0)))),
    ([(1, 5, 3)], ((3, 2), ("adaptive",))),
    ([(0, 2, 4)], ((2,), _strided((2,), (2,), (0,)))),
)


@structured(method=False, oracle="", label="max pool", grad_name=_name("Max"), samples=_MAX_CASES)
def max_pool(input: Any, /, places: Any, how: Any) -> Any:
    """The largest element of each window, and its index in its image, counted row by row.

    Of equal elements the first counts; a nan is larger than all numbers.
    """
    if input.dtype.kind == "b":
        raise DTypeError("max_pool: not implemented for bool: convert with .float()")
    return kernels.max_pool(input, _windows(_last(input, places), places, how), places)


@max_pool.vjp
def _(g: Any, out: Any, input_shape: Any, places: Any, how: Any) -> Any:
    apart = how[0] == "strided" and all(s > d * (k - 1) for k, s, d in zip(how[1], how[2], how[4], strict=True))
    return max_pool_back(g, out[1], tuple(input_shape[-len(places) :]), apart, how)


def _at_places(shape: Sizes, indices: Any, *more: Any) -> Any:
    def samples(make: Any) -> Any:
        yield (make(*shape),), (kernels.asarray(indices), *more)

    return samples


@structured(method=False, oracle="", samples=_at_places((1, 2, 3), [[[0, 1, 1], [3, 2, 0]]], (4,), False))
def max_pool_back(input: Any, /, indices: Any, size: Any, apart: bool = False, how: Any = None) -> Any:
    """Zeros of `size` with each element added at its index: repeated places add up. `apart`: there are none.

    `how`, where known: each index is in its own window of these.
    """
    windows = None if how is None else _windows(size, _last(input, size), how)
    return kernels.max_pool_back(input, indices, size, apart, windows)


@max_pool_back.vjp
def _(g: Any, _out: Any, _input: Any, indices: Any, size: Any, *_: Any) -> Any:
    return max_pool_picked(g, indices, len(size))


@structured(method=False, oracle="", samples=_at_places((1, 2, 4), [[[0, 1, 1], [3, 2, 0]]], 1))
def max_pool_picked(input: Any, /, indices: Any, spatial: int) -> Any:
    """The elements of each image, its last `spatial` dimensions, at its indices, counted row by row."""
    return kernels.max_pool_picked(input, indices, spatial)


@max_pool_picked.vjp
def _(g: Any, _out: Any, input_shape: Any, indices: Any, spatial: int) -> Any:
    return max_pool_back(g, indices, tuple(input_shape[-spatial:]))


@structured(
    method=False,
    oracle="",
    grad_name=lambda node: f"MaxUnpool{max(len(node.params[1]), 2)}DBackward0",
    samples=_at_places((1, 2, 2, 1), [[[[0], [5]], [[3], [2]]]], (3, 2)),
)
def max_unpool(input: Any, /, indices: Any, size: Any) -> Any:
    """Zeros of `size` with each element put at its index: what max pooling left of an image, in its place."""
    count = kernels.prod(kernels.asarray(size), (0,), False)
    if tuple(indices.shape) != tuple(input.shape):
        raise ShapeError(
            f"max_unpool: Expected shape of indices to be same as that of the input tensor ({list(input.shape)}) but "
            f"got indices tensor with shape: {list(indices.shape)}"
        )
    if indices.size and (indices.min() < 0 or indices.max() >= count):
        bad = int(indices.min() if indices.min() < 0 else indices.max())
        raise ShapeError(f"max_unpool: Found an invalid max index: {bad} (output volumes are of size {list(size)})")
    return kernels.max_unpool(input, indices, size)


@max_unpool.vjp
def _(g: Any, _out: Any, _input: Any, indices: Any, size: Any) -> Any:
    return max_pool_picked(g, indices, len(size))


# The mean of each window.


def _counts(size: Sizes, places: Sizes, how: Any, include: bool, divisor: int | None, kind: Any) -> Any:
    """By what each window's sum is divided."""
    if divisor is not None:
        return kernels.asarray(divisor).astype(kind)
    if include and how[0] == "strided" and any(how[3]):  # the border counts, what lies beyond it does not
        size = tuple(n + 2 * p for n, p in zip(size, how[3], strict=True))
        how = ("strided", how[1], how[2], (0,) * len(size), how[4])
    return kernels.window_counts(_windows(size, places, how), places, kind)


@structured(
    method=False,
    oracle="",
    label="avg pool",
    grad_name=_name("Avg"),
    samples=cases(
        ([(2, 1, 6)], ((3,), _strided((2,), (2,), (0,)))),
        ([(1, 4, 5)], ((3, 3), _strided((3, 2), (1, 2), (1, 1)), False)),
        ([(1, 4, 5)], ((3, 3), _strided((3, 2), (1, 2), (1, 1)), True)),
        ([(1, 3, 3, 2)], ((2, 2, 1), _strided((2, 2, 2), (1, 1, 1), (0, 0, 0)), True, 3)),
        ([(1, 5, 3)], ((3, 7), ("adaptive",))),
        ([(2, 2, 3)], ((1, 1), ("adaptive",))),
        ([(0, 2, 4)], ((2,), _strided((2,), (2,), (0,)))),
    ),
)
def avg_pool(input: Any, /, places: Any, how: Any, include_pad: bool = True, divisor: int | None = None) -> Any:
    """The mean of each window: its sum divided by its number of elements, the padding among them, or by `divisor`."""
    if input.dtype.kind == "b" or (input.dtype.kind != "f" and how[0] == "adaptive"):
        raise DTypeError(f"avg_pool: not implemented for {input.dtype}: convert with .float()")
    size = _last(input, places)
    if how[0] == "adaptive" and set(places) == {1}:  # one window: the whole image
        return kernels.mean(input, tuple(range(input.ndim - len(places), input.ndim)), True)
    total = kernels.window_sum(input, _windows(size, places, how), places)
    count = beside(_counts(size, places, how, include_pad, divisor, input.dtype), input)
    return total / count if input.dtype.kind == "f" else kernels.trunc_divide(total, count)


@avg_pool.vjp
def _(g: Any, _out: Any, input_shape: Any, places: Any, *rest: Any) -> Any:
    return avg_pool_back(g, tuple(input_shape[-len(places) :]), *rest)


@structured(
    promote="floating",
    method=False,
    oracle="",
    samples=cases(
        ([(1, 3, 3)], ((4, 5), _strided((3, 2), (1, 2), (1, 1)), False)),
        ([(1, 3, 2)], ((5, 3), ("adaptive",))),
        ([(2, 1, 1)], ((3, 2), ("adaptive",))),
    ),
)
def avg_pool_back(input: Any, /, size: Any, how: Any, include_pad: bool = True, divisor: int | None = None) -> Any:
    """Each window's value, divided as for the mean, added to all of its elements."""
    places = _last(input, size)
    shares = input / beside(_counts(size, places, how, include_pad, divisor, input.dtype), input)
    if how[0] == "adaptive" and set(places) == {1}:
        return kernels.array(kernels.broadcast_to(shares, (*input.shape[: -len(size)], *size)))
    return kernels.window_spread(shares, _windows(size, places, how), size)


@avg_pool_back.vjp
def _(g: Any, _out: Any, input_shape: Any, size: Any, *rest: Any) -> Any:
    return avg_pool(g, tuple(input_shape[-len(size) :]), *rest)


# Windows as columns.


@structured(
    method=False,
    oracle="",
    grad_name="Im2ColBackward0",
    samples=cases(
        ([(1, 2, 3, 4)], ((2, 3), _strided((2, 2), (1, 1), (0, 0)))),
        ([(2, 1, 3, 4)], ((2, 2), _strided((2, 1), (2, 3), (1, 1), (2, 1)))),
    ),
)
def im2col(input: Any, /, places: Any, how: Any) -> Any:
    """All windows as columns: (N, C, *size) gives (N, C * elements of the kernel, number of places)."""
    return kernels.im2col(input, _windows(_last(input, places), places, how), places)


@im2col.vjp
def _(g: Any, _out: Any, input_shape: Any, places: Any, how: Any) -> Any:
    return col2im(g, tuple(input_shape[-len(places) :]), places, how)


@structured(
    method=False,
    oracle="",
    grad_name="Col2ImBackward0",
    samples=cases(([(1, 8, 6)], ((3, 4), (2, 3), _strided((2, 2), (1, 1), (0, 0))))),
)
def col2im(input: Any, /, size: Any, places: Any, how: Any) -> Any:
    """Columns added up where their windows lie: the transpose of :func:`im2col`."""
    return kernels.col2im(input, _windows(size, places, how), places, size)


@col2im.vjp
def _(g: Any, _out: Any, _input: Any, _size: Any, places: Any, how: Any) -> Any:
    return im2col(g, places, how)
