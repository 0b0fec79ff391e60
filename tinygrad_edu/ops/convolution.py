"""Convolution and its two transposes, each the derivative of the others: so derivatives of any order exist.

Written as y = conv(x, w), the three are linear in both of their inputs:

* ``convolution(x, w)`` gives y;
* ``convolution_input(y, w)`` gives an x: the gradient with respect to the input, and the transposed convolution;
* ``convolution_weight(y, x)`` gives a w: the gradient with respect to the weight.

There is one definition for any number of spatial dimensions: x is (N, in, *size), w (out, in / groups, *kernel),
y (N, out, *places). Of each dimension, ``places = (size + 2 padding - dilation (kernel - 1) - 1) // stride + 1``
(Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016, relationship 14).
"""

from __future__ import annotations

from typing import Any

from tinygrad_edu.errors import ShapeError
from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.reduce import sum as total
from tinygrad_edu.ops.registry import structured

__all__ = [
    "convolution", "convolution_biased", "convolution_input", "convolution_input_biased", "convolution_weight",
]  # fmt: skip

Sizes = tuple[int, ...]

# (stride, padding, dilation, groups), with shapes of x and w: one, two and three dimensions.
_TRIED: list[tuple[Sizes, Sizes, tuple[Any, ...]]] = [
    ((2, 2, 4), (2, 2, 3), ((1,), (0,), (1,), 1)),
    ((1, 4, 6), (2, 2, 2), ((2,), (2,), (2,), 2)),
    ((1, 2, 3, 3), (1, 2, 2, 2), ((1, 1), (1, 0), (1, 1), 1)),
    ((1, 2, 5, 4), (2, 1, 3, 2), ((3, 2), (1, 1), (1, 2), 2)),
    ((1, 1, 2, 2, 2), (1, 1, 2, 2, 1), ((1, 2, 1), (0, 1, 0), (1, 1, 1), 1)),
    ((0, 1, 3), (1, 1, 2), ((1,), (0,), (1,), 1)),
]


def _convolved(make: Any) -> Any:
    for x, w, params in _TRIED:
        yield (make(*x), make(*w)), params


def _with_bias(make: Any) -> Any:
    for x, w, params in _TRIED[1:4]:
        yield (make(*x), make(*w), make(w[0])), params


def _y(x: Sizes, w: Sizes, params: tuple[Any, ...]) -> Sizes:
    return (x[0], w[0], *places_of(x[2:], w[2:], *params[:3]))


def _transposed(make: Any) -> Any:
    yield (make(1, 1, 2), make(1, 1, 2)), ((7,), (1,), (0,), (3,), 1)
    for x, w, params in _TRIED:
        yield (make(*_y(x, w, params)), make(*w)), (x[2:], *params)


def _transposed_with_bias(make: Any) -> Any:
    for x, w, params in _TRIED[1:4]:
        yield (make(*_y(x, w, params)), make(*w), make(x[1])), (x[2:], *params)


def _weights(make: Any) -> Any:
    yield (make(1, 1, 2), make(1, 1, 7)), ((2,), (1,), (0,), (3,), 1)
    for x, w, params in _TRIED:
        yield (make(*_y(x, w, params)), make(*x)), (w[2:], *params)


def places_of(size: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes) -> Sizes:
    """How many places a kernel has in an input, along each dimension.

    >>> places_of((50,), (5,), (1,), (0,), (1,))
    (46,)
    """
    return tuple(
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True)
    )


def _check(x: Any, w: Any, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int, name: str) -> None:
    """Refuse what does not fit together, with PyTorch's words and the numbers."""
    if len(w.shape) != len(x.shape):
        raise ShapeError(
            f"{name}: expected an input and a weight of as many dimensions, got shapes {tuple(x.shape)} and "
            f"{tuple(w.shape)}"
        )
    if groups < 1:
        raise ShapeError(f"{name}: groups must be positive, got {groups}: non-positive groups is not supported")
    if w.shape[0] % groups or w.shape[0] < groups:
        raise ShapeError(
            f"{name}: Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got "
            f"weight of size {list(w.shape)} instead"
        )
    if min(w.shape[2:]) < 1:
        raise ShapeError(f"{name}: kernel size should be greater than zero, but got {list(w.shape[2:])}")
    for word, numbers, least in (("stride", stride, 1), ("padding", padding, 0), ("dilation", dilation, 1)):
        if min(numbers) < least:
            kind = "negative" if least == 0 else "non-positive"
            raise ShapeError(f"{name}: {kind} {word} is not supported, got {word}={list(numbers)}")


def _check_forward(x: Any, w: Any, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int) -> None:
    name = f"conv{len(x.shape) - 2}d"
    _check(x, w, stride, padding, dilation, groups, name)
    channels = w.shape[1] * groups
    if x.shape[1] != channels:
        raise ShapeError(
            f"{name}: Given groups={groups}, weight of size {list(w.shape)}, expected input{list(x.shape)} to have "
            f"{channels} channels, but got {x.shape[1]} channels instead: dimension 1 of (N, C, ...) counts the "
            "channels; change in_channels or the input"
        )
    if any(n < 1 for n in places_of(x.shape[2:], w.shape[2:], stride, padding, dilation)):
        inside = " x ".join(str(n + 2 * p) for n, p in zip(x.shape[2:], padding, strict=True))
        reach = " x ".join(str(d * (k - 1) + 1) for k, d in zip(w.shape[2:], dilation, strict=True))
        raise ShapeError(
            f"{name}: Calculated padded input size per channel: ({inside}). Kernel size: ({reach}). Kernel size can't "
            "be greater than actual input size: use a smaller kernel or dilation, or more padding"
        )


def _check_bias(bias: Any, weight: Any, out: int, name: str) -> None:
    if tuple(bias.shape) != (out,):
        raise ShapeError(
            f"{name}: Given weight of size {list(weight.shape)}, expected bias to be 1-dimensional with {out} "
            f"elements, but got bias of size {list(bias.shape)} instead"
        )


@structured(promote="same", label="conv", grad_name="ConvolutionBackward0", method=False, oracle="", samples=_convolved)
def convolution(input: Any, weight: Any, /, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    """The weighted sum of each window of the input, for each kernel: (N, in, *size) gives (N, out, *places)."""
    _check_forward(input, weight, stride, padding, dilation, groups)
    return kernels.convolution(input, weight, None, stride, padding, dilation, groups)


@convolution.vjp(uses=("w", "x"))
def _(g: Any, _out: Any, x: Any, w: Any, *how: Any) -> Any:
    return _shares(g, x, w, how)


def _shares(g: Any, x: Any, w: Any, how: tuple[Any, ...]) -> tuple[Any, ...]:
    return (
        lambda: convolution_input(g, w, tuple(x.shape[2:]), *how),
        lambda: convolution_weight(g, x, tuple(w.shape[2:]), *how),
    )


@structured(promote="same", label="conv", grad_name="ConvolutionBackward0", method=False, oracle="", samples=_with_bias)
def convolution_biased(
    input: Any, weight: Any, bias: Any, /, stride: Any, padding: Any, dilation: Any, groups: int
) -> Any:
    """The convolution, and a number added for each kernel: bias is (out,)."""
    _check_forward(input, weight, stride, padding, dilation, groups)
    _check_bias(bias, weight, weight.shape[0], f"conv{len(input.shape) - 2}d")
    return kernels.convolution(input, weight, bias, stride, padding, dilation, groups)


@convolution_biased.vjp(uses=("w", "x", ""))
def _(g: Any, _out: Any, x: Any, w: Any, _bias: Any, *how: Any) -> Any:
    return *_shares(g, x, w, how), lambda: _per_channel(g)


def _per_channel(g: Any) -> Any:
    return total(g, (0, *range(2, len(g.shape))), False)


def _check_transposed(y: Any, w: Any, size: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int) -> None:
    name = f"conv_transpose{len(y.shape) - 2}d"
    _check(y, w, stride, padding, dilation, groups, name)
    if y.shape[1] != w.shape[0]:
        raise ShapeError(
            f"{name}: Given transposed=1, weight of size {list(w.shape)}, expected input{list(y.shape)} to have "
            f"{w.shape[0]} channels, but got {y.shape[1]} channels instead: dimension 1 of (N, C, ...) counts the "
            "channels; change in_channels or the input"
        )
    found = places_of(size, w.shape[2:], stride, padding, dilation)
    if any(n < 0 or have > most for n, have, most in zip(size, y.shape[2:], found, strict=True)):
        raise ShapeError(
            f"{name}: Given input size per channel: {list(y.shape[2:])}, an output of size {list(size)} is not "
            f"possible with kernel {list(w.shape[2:])}, stride {list(stride)}, padding {list(padding)} and dilation "
            f"{list(dilation)}"
        )


@structured(
    promote="same", label="convᵀ", grad_name="ConvolutionBackward0", method=False, oracle="", samples=_transposed
)
def convolution_input(
    input: Any, weight: Any, /, size: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Any:
    """The transposed convolution to an output of `size`: (N, out, *places) gives (N, in, *size).

    The weight is that of the convolution that it transposes: (out, in / groups, *kernel).
    """
    _check_transposed(input, weight, size, stride, padding, dilation, groups)
    return kernels.convolution_input(input, weight, size, stride, padding, dilation, groups)


@convolution_input.vjp(uses=("w", "y"))
def _(g: Any, _out: Any, y: Any, w: Any, _size: Any, *how: Any) -> Any:
    return _transposed_shares(g, y, w, how)


def _transposed_shares(g: Any, y: Any, w: Any, how: tuple[Any, ...]) -> tuple[Any, ...]:
    return (
        lambda: _cut(convolution(g, w, *how), y.shape),
        lambda: convolution_weight(y, g, tuple(w.shape[2:]), *how),
    )


def _cut(y: Any, shape: Any) -> Any:
    """The first places only: an output padding above the stride makes room for more than there were."""
    return y if tuple(y.shape) == tuple(shape) else y[tuple(slice(0, n) for n in shape)]


@structured(
    promote="same",
    label="convᵀ",
    grad_name="ConvolutionBackward0",
    method=False,
    oracle="",
    samples=_transposed_with_bias,
)
def convolution_input_biased(
    input: Any, weight: Any, bias: Any, /, size: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Any:
    """The transposed convolution, and a number added for each channel: bias is (in,)."""
    _check_transposed(input, weight, size, stride, padding, dilation, groups)
    _check_bias(bias, weight, weight.shape[1] * groups, f"conv_transpose{len(input.shape) - 2}d")
    out = kernels.convolution_input(input, weight, size, stride, padding, dilation, groups)
    return kernels.add(out, bias.reshape(-1, *(1,) * len(size)), out=out)


@convolution_input_biased.vjp(uses=("w", "y", ""))
def _(g: Any, _out: Any, y: Any, w: Any, _bias: Any, _size: Any, *how: Any) -> Any:
    return *_transposed_shares(g, y, w, how), lambda: _per_channel(g)


@structured(promote="same", label="conv weight", method=False, oracle="", samples=_weights)
def convolution_weight(
    input: Any, other: Any, /, kernel: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Any:
    """The weight's gradient: (N, out, *places) and (N, in, *size) give (out, in / groups, *kernel)."""
    return kernels.convolution_weight(input, other, kernel, stride, padding, dilation, groups)


@convolution_weight.vjp(uses=("x", "y"))
def _(g: Any, _out: Any, y: Any, x: Any, _kernel: Any, *how: Any) -> Any:
    return (
        lambda: _cut(convolution(x, g, *how), y.shape),
        lambda: convolution_input(y, g, tuple(x.shape[2:]), *how),
    )
