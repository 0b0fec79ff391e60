"""Convolutions and transposed convolutions of one, two and three dimensions, all made by one function."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from tinygrad_edu.errors import DTypeError, ShapeError
from tinygrad_edu.ops import convolution as ops
from tinygrad_edu.ops.rearrange import constant_pad_nd
from tinygrad_edu.tensors.functions import functional
from tinygrad_edu.tensors.record import record
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]

_ = functional  # importing it gives Tensor its methods


def spread(value: Any, spatial: int, name: str, what: str) -> tuple[int, ...]:
    """A number for each spatial dimension: one stands for all of them.

    Raises:
        ShapeError: a list of another length. TypeError: no integers.
    """
    if isinstance(value, Sequence) and not isinstance(value, str):
        numbers = tuple(value)
    else:
        numbers = (value,)
    if not all(hasattr(n, "__index__") for n in numbers):
        raise TypeError(f"{name}(): argument {what!r} must be an int or a tuple of {spatial} ints, not {value!r}")
    if len(numbers) == 1:
        numbers *= spatial
    if len(numbers) != spatial:
        raise ShapeError(
            f"{name}: expected {what} to be a single integer value or a list of {spatial} values to match the "
            f"convolution dimensions, but got {what}={list(numbers)}"
        )
    return tuple(int(n) for n in numbers)


def batched(input: Tensor, spatial: int, name: str) -> tuple[Tensor, bool]:
    """The input with a dimension for the batch, and whether it had one."""
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): argument 'input' must be Tensor, not {type(input).__name__}")
    if input.ndim not in (spatial + 1, spatial + 2):
        raise ShapeError(
            f"Expected {spatial + 1}D (unbatched) or {spatial + 2}D (batched) input to {name}, but got input of size: "
            f"{list(input.shape)}"
        )
    return (input, True) if input.ndim == spatial + 2 else (input.unsqueeze(0), False)


def _check_operands(name: str, input: Tensor, weight: Any, bias: Any) -> None:
    """Refuse what is no Tensor, or of another type than the input, under the name that the user has called."""
    for what, operand in (("weight", weight), ("bias", bias)):
        if operand is None and what == "bias":
            continue
        if not isinstance(operand, Tensor):
            raise TypeError(f"{name}(): argument {what!r} must be Tensor, not {type(operand).__name__}")
        if operand.dtype is not input.dtype:
            raise DTypeError(
                f"{name}: Input type ({input.dtype}) and {what} type ({operand.dtype}) should be the same: convert the "
                f"input with .to({operand.dtype}), or the layer with .to({input.dtype})"
            )


def _same(
    input: Tensor, kernel: Sequence[int], stride: tuple[int, ...], dilation: tuple[int, ...], name: str
) -> tuple[Tensor, tuple[int, ...]]:
    """Padding that makes as many places as the input has; one more at the end where the sides cannot be equal."""
    if any(s != 1 for s in stride):
        raise RuntimeError(f"{name}: padding='same' is not supported for strided convolutions, got stride={stride}")
    both = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    if any(n % 2 for n in both):
        warnings.warn(
            "Using padding='same' with even kernel lengths and odd dilation may require a zero-padded copy of the "
            "input be created",
            stacklevel=4,
        )
        widths = tuple(w for n in reversed(both) for w in (0, n % 2))
        input = record(constant_pad_nd, (input,), (widths, 0))
    return input, tuple(n // 2 for n in both)


def _convolve(
    input: Tensor, weight: Tensor, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int, spatial: int
) -> Tensor:
    name = f"conv{spatial}d"
    x, had_batch = batched(input, spatial, name)
    _check_operands(name, input, weight, bias)
    stride, dilation = spread(stride, spatial, name, "stride"), spread(dilation, spatial, name, "dilation")
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise RuntimeError(f"{name}: Invalid padding string: {padding!r}: use 'same' or 'valid'")
        if padding == "same":
            x, padding = _same(x, weight.shape[2:], stride, dilation, name)
        else:
            padding = 0
    how = (stride, spread(padding, spatial, name, "padding"), dilation, groups)
    if bias is None:
        out = record(ops.convolution, (x, weight), how)
    else:
        out = record(ops.convolution_biased, (x, weight, bias), how)
    found: Tensor = out if had_batch else out.squeeze(0)
    return found


def _transpose(
    input: Tensor,
    weight: Tensor,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
    spatial: int,
) -> Tensor:
    name = f"conv_transpose{spatial}d"
    x, had_batch = batched(input, spatial, name)
    _check_operands(name, input, weight, bias)
    stride, padding, extra, dilation = (
        spread(value, spatial, name, what)
        for value, what in (
            (stride, "stride"),
            (padding, "padding"),
            (output_padding, "output_padding"),
            (dilation, "dilation"),
        )
    )
    if min(extra) < 0:
        raise ShapeError(f"{name}: negative output_padding is not supported, got output_padding={list(extra)}")
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        raise ShapeError(
            f"{name}: output padding must be smaller than either stride or dilation, but got output_padding="
            f"{list(extra)}, stride={list(stride)}, dilation={list(dilation)}"
        )
    size = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + e + 1
        for n, k, s, p, d, e in zip(x.shape[2:], weight.shape[2:], stride, padding, dilation, extra, strict=False)
    )
    how = (size, stride, padding, dilation, groups)
    if bias is None:
        out = record(ops.convolution_input, (x, weight), how)
    else:
        out = record(ops.convolution_input_biased, (x, weight, bias), how)
    found: Tensor = out if had_batch else out.squeeze(0)
    return found


def _convolution(spatial: int, title: str, shape: str) -> Callable[..., Tensor]:
    def conv(
        input: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> Tensor:
        return _convolve(input, weight, bias, stride, padding, dilation, groups, spatial)

    conv.__name__ = conv.__qualname__ = title
    conv.__doc__ = f"""The weighted sum of each window, for each kernel: (N, in, {shape}) gives (N, out, places).

    The batch dimension may be left out. Along each dimension there are
    ``(size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1`` places.

    Args:
        weight: (out, in / groups, kernel). bias: (out,).
        stride, padding, dilation: a number, or one for each spatial dimension. padding="same" gives as many places
            as there are elements, "valid" pads nothing.
        groups: the channels are divided into so many groups, and the kernels too; each sees its own.

    Raises:
        ShapeError: channels, dimensions or bias that do not fit, or a kernel that is larger than the padded input.
        DTypeError: operands of different types.

    >>> import tinygrad_edu as tg
    >>> {title}(tg.ones(1, 2, {", ".join(["5"] * spatial)}), tg.ones(3, 2, {", ".join(["3"] * spatial)})).shape
    torch.Size([1, 3, {", ".join(["3"] * spatial)}])
    """
    return conv


def _transposed(spatial: int, title: str, shape: str) -> Callable[..., Tensor]:
    def conv(
        input: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        dilation: Any = 1,
    ) -> Tensor:
        return _transpose(input, weight, bias, stride, padding, output_padding, groups, dilation, spatial)

    conv.__name__ = conv.__qualname__ = title
    conv.__doc__ = f"""Each element adds a kernel times its value to a window of the result, for each channel.

    (N, in, {shape}) gives (N, out, size), along each dimension
    ``(places - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1`` elements: this is the
    gradient of the convolution with these numbers. The batch dimension may be left out.

    Args:
        weight: (in, out / groups, kernel). bias: (out,).
        output_padding: more elements at the end; below stride or dilation.

    Raises:
        ShapeError: channels, dimensions or bias that do not fit.

    >>> import tinygrad_edu as tg
    >>> kernels = tg.ones(2, 4, {", ".join(["2"] * spatial)})
    >>> {title}(tg.ones(1, 2, {", ".join(["3"] * spatial)}), kernels, stride=2).shape
    torch.Size([1, 4, {", ".join(["6"] * spatial)}])
    """
    return conv


conv1d, conv2d, conv3d = (_convolution(n, f"conv{n}d", s) for n, s in ((1, "L"), (2, "H, W"), (3, "D, H, W")))
conv_transpose1d, conv_transpose2d, conv_transpose3d = (
    _transposed(n, f"conv_transpose{n}d", s) for n, s in ((1, "L"), (2, "H, W"), (3, "D, H, W"))
)
