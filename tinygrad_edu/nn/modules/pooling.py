"""Pooling layers: a family has one definition, and a class for each number of spatial dimensions."""

from __future__ import annotations

from typing import Any, ClassVar

from tinygrad_edu.nn.functional import pooling
from tinygrad_edu.nn.modules.conv import numbers
from tinygrad_edu.nn.modules.module import Module
from tinygrad_edu.tensors.tensor import Tensor

__all__ = [
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d", "LPPool1d", "LPPool2d", "LPPool3d", "MaxPool1d",
    "MaxPool2d", "MaxPool3d", "MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d",
]  # fmt: skip


class _Pool(Module):
    """What the families share: a function, and which of their options are printed."""

    function: ClassVar[str]
    shown: ClassVar[tuple[str, ...]]

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={getattr(self, name)}" for name in self.shown)


class _MaxPool(_Pool):
    shown = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Any:
        """(N, C, *size) gives (N, C, *places); with return_indices also where the elements stood."""
        return getattr(pooling, self.function)(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            ceil_mode=self.ceil_mode,
            return_indices=self.return_indices,
        )


class MaxPool1d(_MaxPool):
    """The largest element of each window of sequences: (N, C, L) gives (N, C, places).

    Args:
        stride: the step from window to window, by default the kernel size.
        padding: elements at both ends that never win, at most half a window.
        ceil_mode: the last window may reach over the end.

    >>> import tinygrad_edu as tg
    >>> tg.nn.MaxPool1d(2)(tg.tensor([[[1.0, 3.0, 2.0, 0.0]]]))
    tensor([[[3., 2.]]])
    """

    function = "max_pool1d"


class MaxPool2d(_MaxPool):
    """The largest element of each window of images: (N, C, H, W); arguments as MaxPool1d's.

    >>> import tinygrad_edu as tg
    >>> tg.nn.MaxPool2d(2)(tg.ones(64, 32, 28, 28)).shape
    torch.Size([64, 32, 14, 14])
    """

    function = "max_pool2d"


class MaxPool3d(_MaxPool):
    """The largest element of each window of volumes: (N, C, D, H, W); arguments as MaxPool1d's."""

    function = "max_pool3d"


class AvgPool1d(_Pool):
    """The mean of each window of sequences: (N, C, L) gives (N, C, places).

    Args:
        stride: by default the kernel size. padding: zeros at both ends, at most half a window.
        ceil_mode: the last window may reach over the end.
        count_include_pad: whether the padding counts as elements.
    """

    function = "avg_pool1d"
    shown = ("kernel_size", "stride", "padding")

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = numbers(kernel_size, 1)
        self.stride = numbers(kernel_size if stride is None else stride, 1)
        self.padding = numbers(padding, 1)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, L) gives (N, C, places)."""
        out: Tensor = pooling.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )
        return out


class _AvgPool(_Pool):
    shown = ("kernel_size", "stride", "padding")

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Any:
        """(N, C, *size) gives (N, C, *places)."""
        return getattr(pooling, self.function)(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )


class AvgPool2d(_AvgPool):
    """The mean of each window of images: (N, C, H, W); as AvgPool1d, and `divisor_override` divides the sums."""

    function = "avg_pool2d"


class AvgPool3d(_AvgPool):
    """The mean of each window of volumes: (N, C, D, H, W); as AvgPool2d."""

    function = "avg_pool3d"


class _LPPool(_Pool):
    shown = ("norm_type", "kernel_size", "stride", "ceil_mode")

    def __init__(self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Any:
        """(N, C, *size) gives (N, C, *places)."""
        function = getattr(pooling, self.function)
        return function(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)


class LPPool1d(_LPPool):
    """``(sum of x**p)**(1/p)`` of each window of sequences; p is `norm_type`."""

    function = "lp_pool1d"


class LPPool2d(_LPPool):
    """``(sum of x**p)**(1/p)`` of each window of images."""

    function = "lp_pool2d"


class LPPool3d(_LPPool):
    """``(sum of x**p)**(1/p)`` of each window of volumes."""

    function = "lp_pool3d"


class _AdaptiveMax(_Pool):
    shown = ("output_size",)

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size = output_size
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Any:
        """(N, C, *size) gives (N, C, *output_size)."""
        return getattr(pooling, self.function)(input, self.output_size, self.return_indices)


class AdaptiveMaxPool1d(_AdaptiveMax):
    """The largest element of each of `output_size` windows that share a sequence out."""

    function = "adaptive_max_pool1d"


class AdaptiveMaxPool2d(_AdaptiveMax):
    """The largest element of each window; `output_size` is a number or (H, W), None for as many as there are."""

    function = "adaptive_max_pool2d"


class AdaptiveMaxPool3d(_AdaptiveMax):
    """The largest element of each window of volumes."""

    function = "adaptive_max_pool3d"


class _AdaptiveAvg(_Pool):
    shown = ("output_size",)

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Any:
        """(N, C, *size) gives (N, C, *output_size)."""
        return getattr(pooling, self.function)(input, self.output_size)


class AdaptiveAvgPool1d(_AdaptiveAvg):
    """The mean of each of `output_size` windows that share a sequence out."""

    function = "adaptive_avg_pool1d"


class AdaptiveAvgPool2d(_AdaptiveAvg):
    """The mean of each window; `output_size` is a number or (H, W), None for as many as there are."""

    function = "adaptive_avg_pool2d"


class AdaptiveAvgPool3d(_AdaptiveAvg):
    """The mean of each window of volumes."""

    function = "adaptive_avg_pool3d"


class _MaxUnpool(_Pool):
    shown = ("kernel_size", "stride", "padding")
    spatial: ClassVar[int]

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self.kernel_size = numbers(kernel_size, self.spatial)
        self.stride = numbers(kernel_size if stride is None else stride, self.spatial)
        self.padding = numbers(padding, self.spatial)

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Any:
        """The elements put back where the pooling found them, zeros elsewhere."""
        function = getattr(pooling, self.function)
        return function(input, indices, self.kernel_size, self.stride, self.padding, output_size)


class MaxUnpool1d(_MaxUnpool):
    """What MaxPool1d(return_indices=True) took, put back in its place."""

    function, spatial = "max_unpool1d", 1


class MaxUnpool2d(_MaxUnpool):
    """What MaxPool2d(return_indices=True) took, put back in its place."""

    function, spatial = "max_unpool2d", 2


class MaxUnpool3d(_MaxUnpool):
    """What MaxPool3d(return_indices=True) took, put back in its place."""

    function, spatial = "max_unpool3d", 3
