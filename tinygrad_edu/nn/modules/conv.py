"""Convolution layers and their transposes for one, two and three spatial dimensions: weights and how they are used."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.nn import init
from tinygrad_edu.nn.functional import convolution
from tinygrad_edu.nn.modules.lazy import LazyModuleMixin
from tinygrad_edu.nn.modules.module import Module
from tinygrad_edu.nn.parameter import Parameter
from tinygrad_edu.tensors.creation import empty
from tinygrad_edu.tensors.grids import pad
from tinygrad_edu.tensors.tensor import Tensor

__all__ = [
    "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d", "LazyConv1d", "LazyConv2d",
    "LazyConv3d", "LazyConvTranspose1d", "LazyConvTranspose2d", "LazyConvTranspose3d",
]  # fmt: skip

_MODES = ("zeros", "reflect", "replicate", "circular")


def numbers(value: Any, count: int) -> Any:
    """`count` times the same number, or the sequence as a tuple."""
    return (value,) * count if not isinstance(value, (tuple, list)) else tuple(value)


class _ConvNd(Module):
    """What all share: numbers, a weight and a bias, how these begin, and what is printed."""

    spatial: ClassVar[int]
    transposed: ClassVar[bool]

    def _build(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any,
        padding: Any,
        dilation: Any,
        output_padding: Any,
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any,
        dtype: Any,
    ) -> None:
        if groups <= 0:
            raise ValueError(f"groups must be a positive integer, got {groups}")
        for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            if channels % groups:
                raise ValueError(f"{name} must be divisible by groups, got {name}={channels} and groups={groups}")
        if padding_mode not in _MODES:
            raise ValueError(f"padding_mode must be one of {list(_MODES)}, but got padding_mode={padding_mode!r}")
        count = self.spatial
        stride, dilation = numbers(stride, count), numbers(dilation, count)
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(f"Invalid padding string {padding!r}, should be one of ['same', 'valid']")
            if padding == "same" and any(s != 1 for s in stride):
                raise ValueError(f"padding='same' is not supported for strided convolutions, got stride={stride}")
        else:
            padding = numbers(padding, count)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = numbers(kernel_size, count)
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.output_padding = numbers(output_padding, count)
        self.groups = groups
        self.padding_mode = padding_mode
        outer, inner = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        self.weight = Parameter(empty((outer, inner // groups, *self.kernel_size), device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weight and bias begin again: uniform draws from ±1 / sqrt(fan in)."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan = self.weight.shape[1] * math.prod(self.kernel_size)
            if fan:
                init.uniform_(self.bias, -1 / math.sqrt(fan), 1 / math.sqrt(fan))

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        for name, usual in (("padding", 0), ("dilation", 1), ("output_padding", 0)):
            value = getattr(self, name)
            if value != (usual,) * len(value):
                text += f", {name}={value}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        return text if self.padding_mode == "zeros" else f"{text}, padding_mode={self.padding_mode}"


class _Convolution(_ConvNd):
    """Windows times kernels."""

    transposed = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self._build(
            in_channels, out_channels, kernel_size, stride, padding, dilation, 0, groups, bias, padding_mode, device,
            dtype,
        )  # fmt: skip

    def _around(self) -> tuple[int, ...]:
        """What to add before and after each dimension, the last one first, as `pad` takes it."""
        if self.padding == "valid":
            return (0, 0) * self.spatial
        if self.padding == "same":
            both = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
            return tuple(w for n in reversed(both) for w in (n // 2, n - n // 2))
        return tuple(n for n in reversed(self.padding) for _ in range(2))

    def forward(self, input: Tensor) -> Tensor:
        """(N, in_channels, *size) or (in_channels, *size) gives (N, out_channels, *places)."""
        convolve = getattr(convolution, f"conv{self.spatial}d")
        padding = self.padding
        if self.padding_mode != "zeros":
            input, padding = pad(input, self._around(), self.padding_mode), 0
        out: Tensor = convolve(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)
        return out


class Conv1d(_Convolution):
    """A convolution over sequences: (N, in, L) gives (N, out, places), the batch dimension may be left out.

    Args:
        kernel_size, stride, padding, dilation: numbers. padding may be "same" or "valid".
        groups: channels are divided into so many groups that do not see each other.
        padding_mode: "zeros", "reflect", "replicate" or "circular".

    Weight (out, in / groups, kernel) and bias (out,) begin as uniform draws from ±1 / sqrt(fan in).

    Raises:
        ValueError: channels that groups do not divide, or an unknown padding.

    >>> import tinygrad_edu as tg
    >>> layer = tg.nn.Conv1d(3, 6, kernel_size=5); layer
    Conv1d(3, 6, kernel_size=(5,), stride=(1,))
    >>> layer(tg.ones(10, 3, 50)).shape
    torch.Size([10, 6, 46])
    """

    spatial = 1


class Conv2d(_Convolution):
    """A convolution over images: (N, in, H, W) gives (N, out, places down, places across); arguments as Conv1d's."""

    spatial = 2


class Conv3d(_Convolution):
    """A convolution over volumes: (N, in, D, H, W); arguments as Conv1d's."""

    spatial = 3


class _Transposed(_ConvNd):
    """Kernels spread out: what the gradient of a convolution does."""

    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}, got {padding_mode!r}')
        self._build(
            in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding, groups, bias,
            padding_mode, device, dtype,
        )  # fmt: skip

    def _extra(self, input: Tensor, output_size: Any) -> tuple[int, ...]:
        """The output padding with which the result has the wanted size."""
        if output_size is None:
            return tuple(self.output_padding)
        count = self.spatial
        wanted = tuple(output_size)[-count:]
        if len(output_size) not in (count, input.ndim):
            raise ValueError(
                f"{type(self).__name__}: for {input.ndim}D input, output_size must have {count} or {input.ndim} "
                f"elements (got {len(output_size)})"
            )
        least = [
            (n - 1) * s - 2 * p + d * (k - 1) + 1
            for n, s, p, d, k in zip(
                input.shape[-count:], self.stride, self.padding, self.dilation, self.kernel_size, strict=True
            )
        ]
        most = [low + s - 1 for low, s in zip(least, self.stride, strict=True)]
        if any(not low <= n <= high for low, n, high in zip(least, wanted, most, strict=True)):
            raise ValueError(
                f"requested an output size of {list(wanted)}, but valid sizes range from {least} to {most} (for an "
                f"input of {list(input.shape[-count:])})"
            )
        return tuple(n - low for n, low in zip(wanted, least, strict=True))

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        """(N, in_channels, *places) gives (N, out_channels, *size); output_size chooses among the possible ones."""
        convolve = getattr(convolution, f"conv_transpose{self.spatial}d")
        extra = self._extra(input, output_size)
        out: Tensor = convolve(
            input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation
        )
        return out


class ConvTranspose1d(_Transposed):
    """The transpose of Conv1d: (N, in, L) gives (N, out, size), where a stride makes sequences longer.

    Args:
        output_padding: more elements at the end, where several sizes have the same number of places.

    Weight (in, out / groups, kernel).

    Raises:
        ValueError: channels that groups do not divide, or another padding_mode than "zeros".

    >>> import tinygrad_edu as tg
    >>> tg.nn.ConvTranspose1d(3, 6, 4, stride=2, padding=1)(tg.ones(10, 3, 50)).shape
    torch.Size([10, 6, 100])
    """

    spatial = 1


class ConvTranspose2d(_Transposed):
    """The transpose of Conv2d: (N, in, H, W); arguments as ConvTranspose1d's."""

    spatial = 2


class ConvTranspose3d(_Transposed):
    """The transpose of Conv3d: (N, in, D, H, W); arguments as ConvTranspose1d's."""

    spatial = 3


class _Lazy(LazyModuleMixin):
    """What lazy convolutions share: `in_channels` is the first input's number of channels."""

    def _postpone(self, out_channels: int, bias: bool, device: Any, dtype: Any) -> None:
        self.out_channels = out_channels
        self._wait("weight", *(["bias"] if bias else []), device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Weight and bias begin again, if they have a shape."""
        if not self.has_uninitialized_params() and self.in_channels != 0:
            super().reset_parameters()  # type: ignore[misc]

    def initialize_parameters(self: Any, input: Tensor, *args: Any, **kwargs: Any) -> None:
        """(N, C, *size) or (C, *size): as many as there are channels."""
        if not self.has_uninitialized_params():
            if self.in_channels == 0:  # its parameters were loaded
                self.in_channels = self.weight.shape[0] if self.transposed else self.weight.shape[1] * self.groups
            return
        spatial, kind = self.spatial, type(self).__name__
        if input.ndim not in (spatial + 1, spatial + 2):
            raise RuntimeError(
                f"Expected {spatial + 1}D (unbatched) or {spatial + 2}D (batched) input to {kind}, but got input of "
                f"size: {input.shape}"
            )
        channels = input.shape[-spatial - 1]
        for name, count in (("in_channels", channels), ("out_channels", self.out_channels)):
            if count % self.groups:
                raise ValueError(f"{name} must be divisible by groups, got {name}={count} and groups={self.groups}")
        self.in_channels = channels
        outer, inner = (channels, self.out_channels) if self.transposed else (self.out_channels, channels)
        with no_grad():
            self.weight.materialize((outer, inner // self.groups, *self.kernel_size))
            if self.bias is not None:
                self.bias.materialize((self.out_channels,))
            self.reset_parameters()


class _LazyConvolution(_Lazy, _Convolution):
    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode)
        self._postpone(out_channels, bias, device, dtype)


class _LazyTransposed(_Lazy, _Transposed):
    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(0, 0, kernel_size, stride, padding, output_padding, groups, False, dilation, padding_mode)
        self._postpone(out_channels, bias, device, dtype)


def _lazy(base: type[Any], becomes: type[Any]) -> Any:
    text = f"A {becomes.__name__} that takes `in_channels` from its first input."
    body = {"cls_to_become": becomes, "spatial": becomes.spatial, "__doc__": text, "__module__": __name__}
    return type(f"Lazy{becomes.__name__}", (base, becomes), body)


LazyConv1d, LazyConv2d, LazyConv3d = (_lazy(_LazyConvolution, kind) for kind in (Conv1d, Conv2d, Conv3d))
LazyConvTranspose1d, LazyConvTranspose2d, LazyConvTranspose3d = (
    _lazy(_LazyTransposed, kind) for kind in (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)
)
