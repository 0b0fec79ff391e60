"""Images taken apart, put together and resized: unfold and fold, interpolate, and channels that become pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygrad_edu.errors import ShapeError
from tinygrad_edu.nn.functional.convolution import batched
from tinygrad_edu.nn.functional.pooling import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d, sizes
from tinygrad_edu.ops import pooling, resampling
from tinygrad_edu.ops.convolution import places_of
from tinygrad_edu.tensors.record import record
from tinygrad_edu.tensors.tensor import Tensor

__all__ = [
    "channel_shuffle", "fold", "interpolate", "native_channel_shuffle", "pixel_shuffle", "pixel_unshuffle", "unfold",
    "upsample", "upsample_bilinear", "upsample_nearest",
]  # fmt: skip


def _windows(
    name: str, size: tuple[int, ...], kernel_size: Any, dilation: Any, padding: Any, stride: Any
) -> tuple[tuple[int, ...], Any]:
    """How many windows there are along each dimension, and where they lie."""
    kernel, apart, around, steps = (
        sizes(value, 2, name, what)
        for value, what in (
            (kernel_size, "kernel_size"),
            (dilation, "dilation"),
            (padding, "padding"),
            (stride, "stride"),
        )
    )
    for what, numbers, least in (("kernel_size", kernel, 1), ("dilation", apart, 1), ("stride", steps, 1)):
        if min(numbers) < least:
            raise ShapeError(f"{name}: {what} should be greater than zero, but got {what}={list(numbers)}")
    if min(around) < 0:
        raise ShapeError(f"{name}: padding should be non-negative, but got padding={list(around)}")
    places = places_of(size, kernel, steps, around, apart)
    if min(places) < 1:
        raise ShapeError(
            f"{name}: Given an image of spatial size {list(size)}, kernel_size={list(kernel)}, dilation={list(apart)}, "
            f"padding={list(around)}, stride={list(steps)}, calculated shape of the array of sliding blocks as "
            f"{list(places)}, but its components must be at least one"
        )
    return places, ("strided", kernel, steps, around, apart)


def unfold(input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """All windows of images as columns: (N, C, H, W) gives (N, C * kernel elements, windows); N may be left out.

    Raises:
        ShapeError: windows larger than the padded image.

    >>> import tinygrad_edu as tg
    >>> tg.nn.functional.unfold(tg.ones(1, 3, 4, 4), 2).shape
    torch.Size([1, 12, 9])
    """
    x, had_batch = batched(input, 2, "unfold")
    places, how = _windows("unfold", tuple(x.shape[2:]), kernel_size, dilation, padding, stride)
    out: Tensor = record(pooling.im2col, (x,), (places, how))
    return out if had_batch else out.squeeze(0)


def fold(
    input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """Columns added up where their windows lie: (N, C * kernel elements, windows) gives (N, C, *output_size).

    It is the transpose of :func:`unfold`: where windows overlap, elements are added.

    Raises:
        ShapeError: the columns are not as many, or not as long, as such windows are.
    """
    x, had_batch = batched(input, 1, "fold")
    size = sizes(output_size, 2, "fold", "output_size")
    places, how = _windows("fold", size, kernel_size, dilation, padding, stride)
    elements, count = how[1][0] * how[1][1], places[0] * places[1]
    if x.shape[1] % elements:
        raise ShapeError(
            "fold: Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got "
            f"input.size(1)={x.shape[1]} and kernel_size={list(how[1])}"
        )
    if x.shape[2] != count:
        raise ShapeError(
            f"fold: Given output_size={list(size)}, kernel_size={list(how[1])}, dilation={list(how[4])}, padding="
            f"{list(how[3])}, stride={list(how[2])}, expected size of input's dimension 2 to match the calculated "
            f"number of sliding blocks {places[0]} * {places[1]} = {count}, but got input.size(2)={x.shape[2]}"
        )
    out: Tensor = record(pooling.col2im, (x,), (size, places, how))
    return out if had_batch else out.squeeze(0)


_MODES = {"linear": 1, "bilinear": 2, "trilinear": 3, "bicubic": 2}


def interpolate(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """The same picture with more or fewer elements: (N, C, *size), one to three spatial dimensions.

    Args:
        size, scale_factor: one of them: the new size, or by how much to multiply the old; one number, or one for each
            dimension.
        mode: "nearest", "nearest-exact", "linear" (3D input), "bilinear" and "bicubic" (4D), "trilinear" (5D), "area".
        align_corners: the centres of the corners, not their outer edges, coincide.
        recompute_scale_factor: use the ratio of the sizes in place of the given factor.

    Raises:
        ValueError: both or none of size and scale_factor, or of the wrong length. NotImplementedError: a mode that is
            not for this number of dimensions, or antialias.

    >>> import tinygrad_edu as tg
    >>> interpolate(tg.tensor([[[1.0, 2.0]]]), scale_factor=2)
    tensor([[[1., 1., 2., 2.]]])
    """
    spatial = input.ndim - 2
    if mode not in ("nearest", "nearest-exact", "area", *_MODES) or not 1 <= spatial <= 3:
        raise NotImplementedError(
            "Input Error: Only 3D, 4D and 5D input Tensors supported (got "
            f"{input.ndim}D) for the modes: nearest | linear | bilinear | bicubic | trilinear | area | nearest-exact "
            f"(got {mode})"
        )
    if antialias:
        raise NotImplementedError("interpolate: antialias=True is not supported: blur before you make an image smaller")
    if mode not in _MODES:
        if align_corners is not None:
            raise ValueError(
                "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | "
                "trilinear"
            )
    elif _MODES[mode] != spatial:
        raise NotImplementedError(f"Got {input.ndim}D input, but {mode} mode needs {_MODES[mode] + 2}D input")
    places, factors = _new_size(tuple(input.shape[2:]), size, scale_factor, recompute_scale_factor)
    if min(places) < 1:
        raise ShapeError(
            f"interpolate: Input and output sizes should be greater than 0, but got input of size "
            f"{list(input.shape[2:])} and output of size {list(places)}"
        )
    if mode == "area":
        pool = (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)[spatial - 1]
        averaged: Tensor = pool(input, places)
        return averaged
    kind = "linear" if mode.endswith("linear") else "cubic" if mode == "bicubic" else mode
    if align_corners:
        factors = (None,) * spatial
    out: Tensor = record(resampling.resample, (input,), (places, (kind, bool(align_corners), factors)))
    return out


def _new_size(old: tuple[int, ...], size: Any, scale_factor: Any, recompute: bool | None) -> tuple[Any, Any]:
    """The new size, and the factors to compute positions with (None: those of the sizes)."""
    count = len(old)
    if (size is None) == (scale_factor is None):
        raise ValueError(
            "either size or scale_factor should be defined"
            if size is None
            else "only one of size or scale_factor should be defined"
        )
    given = size if scale_factor is None else scale_factor
    listed = tuple(given) if isinstance(given, Sequence) else (given,) * count
    if len(listed) != count:
        what = "output_size" if scale_factor is None else "scale_factor"
        raise ValueError(
            f"Input and {what} must have the same number of spatial dimensions, but got input with spatial dimensions "
            f"of {list(old)} and {what} of {listed}"
        )
    if scale_factor is None:
        if recompute:
            raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
        return tuple(int(n) for n in listed), (None,) * count
    factors = tuple(float(f) for f in listed)
    return tuple(int(n * f) for n, f in zip(old, factors, strict=True)), (None,) * count if recompute else factors


def upsample(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None
) -> Tensor:
    """The old name of :func:`interpolate`."""
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """:func:`interpolate` with mode "nearest"."""
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """:func:`interpolate` with mode "bilinear", corners aligned."""
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)


def _blocks(input: Tensor, factor: int, name: str, up: bool) -> tuple[Any, ...]:
    word = "upscale_factor" if up else "downscale_factor"
    if input.ndim < 3:
        raise ShapeError(f"{name} expects input to have at least 3 dimensions, but got input with {input.ndim}")
    if factor < 1:
        raise ShapeError(f"{name} expects a positive {word}, but got {factor}")
    *lead, channels, height, width = input.shape
    if up and channels % factor**2:
        raise ShapeError(
            f"{name} expects its input's 'channel' dimension to be divisible by the square of {word}, but "
            f"input.size(-3)={channels} is not divisible by {factor**2}"
        )
    if not up and (height % factor or width % factor):
        raise ShapeError(
            f"{name} expects height and width to be divisible by {word}, but got {height} and {width} with {factor}"
        )
    return lead, channels, height, width


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Channels become pixels: (..., C * r**2, H, W) gives (..., C, H * r, W * r) (Shi et al., 2016)."""
    r = upscale_factor
    lead, channels, height, width = _blocks(input, r, "pixel_shuffle", True)
    n = len(lead)
    parts = input.reshape(*lead, channels // r**2, r, r, height, width)
    turned = parts.permute(*range(n), n, n + 3, n + 1, n + 4, n + 2)
    return turned.reshape(*lead, channels // r**2, height * r, width * r)


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """Pixels become channels: (..., C, H * r, W * r) gives (..., C * r**2, H, W)."""
    r = downscale_factor
    lead, channels, height, width = _blocks(input, r, "pixel_unshuffle", False)
    n = len(lead)
    parts = input.reshape(*lead, channels, height // r, r, width // r, r)
    turned = parts.permute(*range(n), n, n + 2, n + 4, n + 1, n + 3)
    return turned.reshape(*lead, channels * r**2, height // r, width // r)


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """The channels of groups taken in turn: (N, C, ...) in the same shape (Zhang et al., ShuffleNet, 2018)."""
    if input.ndim < 3:
        raise ShapeError(f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(input.shape)}")
    if groups < 1 or input.shape[1] % groups:
        raise ShapeError(
            f"channel_shuffle: Number of channels must be divisible by groups. Got {input.shape[1]} channels and "
            f"{groups} groups."
        )
    samples, channels, *rest = input.shape
    return input.reshape(samples, groups, channels // groups, *rest).transpose(1, 2).reshape(input.shape)


native_channel_shuffle = channel_shuffle
