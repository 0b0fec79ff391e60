"""Pooling in one, two and three dimensions: the largest, the mean or the norm of windows, one definition each."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from tinygrad_edu.errors import ShapeError
from tinygrad_edu.ops import pooling as ops
from tinygrad_edu.tensors.functions import functional
from tinygrad_edu.tensors.record import record
from tinygrad_edu.tensors.tensor import Tensor

__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d",
    "adaptive_max_pool1d_with_indices", "adaptive_max_pool2d", "adaptive_max_pool2d_with_indices",
    "adaptive_max_pool3d", "adaptive_max_pool3d_with_indices", "avg_pool1d", "avg_pool2d", "avg_pool3d",
    "lp_pool1d", "lp_pool2d", "lp_pool3d", "max_pool1d", "max_pool1d_with_indices", "max_pool2d",
    "max_pool2d_with_indices", "max_pool3d", "max_pool3d_with_indices", "max_unpool1d", "max_unpool2d",
    "max_unpool3d",
]  # fmt: skip

_ = functional  # importing it gives Tensor its methods
Sizes = tuple[int, ...]
_AXES = ("L", "H, W", "D, H, W")


def sizes(value: Any, spatial: int, name: str, what: str) -> Sizes:
    """A number for each spatial dimension: one stands for all of them."""
    numbers = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
    if not all(hasattr(n, "__index__") for n in numbers):
        raise TypeError(f"{name}(): argument {what!r} must be an int or a tuple of {spatial} ints, not {value!r}")
    if len(numbers) not in (1, spatial):
        raise ShapeError(f"{name}: {what} must either be a single int, or a tuple of {spatial} ints, got {numbers}")
    return tuple(int(n) for n in numbers) * (spatial if len(numbers) == 1 else 1)


def check_input(input: Any, spatial: int, name: str) -> None:
    """Refuse what is no Tensor of (C, ...) or (N, C, ...)."""
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): argument 'input' must be Tensor, not {type(input).__name__}")
    if input.ndim not in (spatial + 1, spatial + 2):
        raise ShapeError(
            f"{name}: Expected {spatial + 1}D or {spatial + 2}D (batch mode) tensor for input, but got: "
            f"{list(input.shape)}"
        )
    if any(n == 0 for n in input.shape[1 - (spatial + 2 - input.ndim) :]):
        raise ShapeError(
            f"{name}: Expected {spatial + 1}D or {spatial + 2}D (batch mode) tensor with optional 0 dim batch size for "
            f"input, but got: {list(input.shape)}"
        )


def _places(
    name: str, input: Tensor, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil_mode: bool
) -> Sizes:
    """How many windows there are along each dimension."""
    for what, numbers, least in (
        ("kernel_size", kernel, 1),
        ("stride", stride, 1),
        ("padding", padding, 0),
        ("dilation", dilation, 1),
    ):
        if min(numbers) < least:
            rule = "must be non-negative" if least == 0 else "should be greater than zero"
            raise ShapeError(f"{name}: {what} {rule}, but got {what}={list(numbers)}")
    for k, p, d in zip(kernel, padding, dilation, strict=True):
        if p > (d * (k - 1) + 1) // 2:
            raise ShapeError(
                f"{name}: pad should be at most half of effective kernel size, but got pad={p}, kernel_size={k} and "
                f"dilation={d}"
            )
    size = tuple(input.shape[-len(kernel) :])
    found = []
    for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True):
        places = (n + 2 * p - d * (k - 1) - 1 + (s - 1 if ceil_mode else 0)) // s + 1
        if ceil_mode and (places - 1) * s >= n + p:  # the last window must begin inside, or in the padding before
            places -= 1
        found.append(places)
    if min(found) < 1:
        reach = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
        raise ShapeError(
            f"{name}: Given input size {list(size)} and a kernel that reaches over {list(reach)}, the calculated "
            f"output size is {found}. Output size is too small: use a smaller kernel, or more padding"
        )
    return tuple(found)


def _max_pool(spatial: int) -> Callable[..., Any]:
    name = f"max_pool{spatial}d"

    def pool(
        input: Tensor,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Any:
        check_input(input, spatial, name)
        kernel = sizes(kernel_size, spatial, name, "kernel_size")
        steps = kernel if stride is None or stride == [] else sizes(stride, spatial, name, "stride")
        around, apart = sizes(padding, spatial, name, "padding"), sizes(dilation, spatial, name, "dilation")
        places = _places(name, input, kernel, steps, around, apart, ceil_mode)
        out = record(ops.max_pool, (input,), (places, ("strided", kernel, steps, around, apart)))
        return out if return_indices else out[0]

    return _named(pool, name, _AXES[spatial - 1], "the largest element", ", and its index with return_indices")


def _avg_pool(spatial: int) -> Callable[..., Any]:
    name = f"avg_pool{spatial}d"

    def mean(
        input: Tensor, kernel: Any, stride: Any, padding: Any, ceil_mode: bool, include: bool, divisor: int | None
    ) -> Any:
        check_input(input, spatial, name)
        if divisor == 0:
            raise RuntimeError(f"{name}: divisor must be not zero")
        size = sizes(kernel, spatial, name, "kernel_size")
        steps = size if stride is None or stride == [] else sizes(stride, spatial, name, "stride")
        around, ones = sizes(padding, spatial, name, "padding"), (1,) * spatial
        places = _places(name, input, size, steps, around, ones, ceil_mode)
        return record(ops.avg_pool, (input,), (places, ("strided", size, steps, around, ones), include, divisor))

    def pool(
        input: Tensor,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> Any:
        return mean(input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)

    def line(
        input: Tensor,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> Any:
        return mean(input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)

    return _named(line if spatial == 1 else pool, name, _AXES[spatial - 1], "the mean")


def _adaptive(spatial: int, largest: bool) -> Callable[..., Any]:
    name = f"adaptive_{'max' if largest else 'avg'}_pool{spatial}d"

    def places_of(input: Tensor, output_size: Any) -> Sizes:
        check_input(input, spatial, name)
        listed = tuple(output_size) if isinstance(output_size, Sequence) else (output_size,) * spatial
        if len(listed) != spatial:
            raise ShapeError(f"{name}: output_size must have {spatial} elements, got {listed}")
        places = tuple(int(n) if o is None else int(o) for o, n in zip(listed, input.shape[-spatial:], strict=True))
        if min(places) < 1:
            raise ShapeError(f"{name}: elements of output_size must be greater than or equal to 1, got {listed}")
        return places

    def largest_of(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
        out = record(ops.max_pool, (input,), (places_of(input, output_size), ("adaptive",)))
        return out if return_indices else out[0]

    def mean_of(input: Tensor, output_size: Any) -> Any:
        return record(ops.avg_pool, (input,), (places_of(input, output_size), ("adaptive",), True, None))

    what = "the largest element" if largest else "the mean"
    found = _named(largest_of if largest else mean_of, name, _AXES[spatial - 1], what)
    more = "There are `output_size` windows along each dimension; None: one for each element."
    found.__doc__ = f"{found.__doc__}\n    {more}\n"
    return found


def _named(function: Callable[..., Any], name: str, axes: str, what: str, more: str = "") -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""Of each window {what}{more}: (N, C, {axes}) gives (N, C, places); N may be left out.

    Raises:
        ShapeError: another number of dimensions, or windows larger than the padded input.
    """
    return function


max_pool1d, max_pool2d, max_pool3d = map(_max_pool, (1, 2, 3))
avg_pool1d, avg_pool2d, avg_pool3d = map(_avg_pool, (1, 2, 3))
adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d = (_adaptive(n, False) for n in (1, 2, 3))
adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d = (_adaptive(n, True) for n in (1, 2, 3))


def _with_indices(pool: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, which gives the indices whether they are asked for or not."""

    def both(*args: Any, **kwargs: Any) -> Any:
        bound = arguments.bind(*args, **kwargs)
        bound.arguments["return_indices"] = True
        return pool(*bound.args, **bound.kwargs)

    arguments = inspect.signature(pool)
    both.__signature__ = arguments  # type: ignore[attr-defined]
    both.__name__ = both.__qualname__ = f"{pool.__name__}_with_indices"
    both.__doc__ = f"{pool.__name__} with return_indices=True: the elements, and where they stood."
    return both


max_pool1d_with_indices, max_pool2d_with_indices, max_pool3d_with_indices = map(
    _with_indices, (max_pool1d, max_pool2d, max_pool3d)
)
adaptive_max_pool1d_with_indices, adaptive_max_pool2d_with_indices, adaptive_max_pool3d_with_indices = map(
    _with_indices, (adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d)
)


def _lp_pool(spatial: int, average: Callable[..., Any]) -> Callable[..., Any]:
    name = f"lp_pool{spatial}d"

    def pool(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Any:
        kernel = sizes(kernel_size, spatial, name, "kernel_size")
        count = 1
        for k in kernel:
            count *= k
        mean = average(input.pow(norm_type), kernel, stride, 0, ceil_mode)
        return (mean.sign() * mean.abs().relu() * count).pow(1.0 / norm_type)

    return _named(pool, name, _AXES[spatial - 1], "the p-norm, (sum of x**p)**(1/p)")


lp_pool1d, lp_pool2d, lp_pool3d = map(_lp_pool, (1, 2, 3), (avg_pool1d, avg_pool2d, avg_pool3d))


def _max_unpool(spatial: int) -> Callable[..., Any]:
    name = f"max_unpool{spatial}d"

    def unpool(
        input: Tensor,
        indices: Tensor,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        output_size: Any = None,
    ) -> Any:
        check_input(input, spatial, name)
        kernel = sizes(kernel_size, spatial, name, "kernel_size")
        steps = kernel if stride is None else sizes(stride, spatial, name, "stride")
        around = sizes(padding, spatial, name, "padding")
        usual = tuple(
            (n - 1) * s + k - 2 * p for n, k, s, p in zip(input.shape[-spatial:], kernel, steps, around, strict=True)
        )
        size = usual if output_size is None else tuple(output_size)[-spatial:]
        least, most = ([u + sign * s for u, s in zip(usual, steps, strict=True)] for sign in (-1, 1))
        if any(not low < n < high for low, n, high in zip(least, size, most, strict=True)):
            raise ValueError(f"{name}: invalid output_size {list(size)}: it must lie between {least} and {most}")
        return record(ops.max_unpool, (input,), (indices, size))

    unpool.__name__ = unpool.__qualname__ = name
    unpool.__doc__ = f"""Zeros with the elements put where max_pool{spatial}d(return_indices=True) found them.

    Args:
        output_size: the input size of the pooling, where several have the same number of places.

    Raises:
        ValueError: an output_size that is not possible; ShapeError: an index outside of it.
    """
    return unpool


max_unpool1d, max_unpool2d, max_unpool3d = map(_max_unpool, (1, 2, 3))
