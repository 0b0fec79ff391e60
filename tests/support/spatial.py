"""Rows for the layers of images, sequences and volumes: a class, its arguments, and the shapes of its inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

Row = tuple[Any, Any, Any]


def case(*args: Any, x: Any, more: Any = (), **options: Any) -> Row:
    return args, options, (x, *more)


def positive(*shape: int) -> np.ndarray:
    return np.random.default_rng(7).random(shape) + 0.1


LINE, LINES, IMAGE, IMAGES = (2, 7), (3, 2, 7), (2, 6, 5), (3, 2, 6, 5)
VOLUME, VOLUMES = (2, 4, 3, 5), (2, 2, 4, 3, 5)

SPATIAL: dict[str, list[Row]] = {
    "Conv1d": [
        case(2, 3, 3, x=LINES),
        case(2, 3, 3, x=LINE),
        case(2, 4, 2, stride=2, padding=1, dilation=2, groups=2, bias=False, x=LINES),
        case(2, 3, 4, padding="same", x=LINES),
        case(2, 3, 3, padding="valid", dilation=2, x=LINES),
        case(2, 3, (3,), padding=2, padding_mode="circular", x=LINES),
        case(2, 3, 3, x=(0, 2, 7)),
    ],
    "Conv2d": [
        case(2, 3, 3, x=IMAGES),
        case(2, 3, (2, 3), x=IMAGE),
        case(2, 4, 3, stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2, x=IMAGES),
        case(2, 2, 1, stride=3, bias=False, x=IMAGES),
        case(2, 3, (3, 2), padding="same", x=IMAGES),
        case(2, 3, (3, 2), padding="same", padding_mode="reflect", x=IMAGES),
        case(2, 3, 3, padding=(2, 1), padding_mode="replicate", stride=2, x=IMAGES),
        case(2, 3, (3, 4), padding="same", dilation=(2, 1), padding_mode="circular", x=IMAGES),
        case(2, 3, 3, padding="valid", padding_mode="reflect", x=IMAGE),
    ],
    "Conv3d": [
        case(2, 3, 2, x=VOLUMES),
        case(2, 2, (1, 2, 3), stride=(1, 2, 1), padding=(0, 1, 1), groups=2, x=VOLUME),
        case(2, 3, 3, padding=1, padding_mode="replicate", x=VOLUMES),
    ],
    "ConvTranspose1d": [
        case(2, 3, 3, x=LINES),
        case(2, 4, 4, stride=3, padding=1, output_padding=2, groups=2, bias=False, x=LINE),
        case(2, 3, 2, dilation=3, output_padding=1, x=LINES),
    ],
    "ConvTranspose2d": [
        case(2, 3, 3, stride=2, padding=1, output_padding=1, x=IMAGES),
        case(2, 4, (2, 3), (1, 2), (0, 1), groups=2, dilation=(2, 1), x=IMAGE),
    ],
    "ConvTranspose3d": [case(2, 3, 2, stride=2, x=VOLUMES), case(2, 2, (1, 2, 3), groups=2, bias=False, x=VOLUME)],
    # pools
    "MaxPool1d": [case(2, x=LINES), case((3,), stride=2, padding=1, dilation=2, ceil_mode=True, x=LINE)],
    "MaxPool2d": [
        case(2, x=IMAGES),
        case(kernel_size=(3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2), x=IMAGE),
        case(3, 2, 1, ceil_mode=True, x=IMAGES),
    ],
    "MaxPool3d": [case(2, x=VOLUMES), case((1, 2, 3), 1, x=VOLUME)],
    "AvgPool1d": [case(2, x=LINES), case(3, 2, 1, count_include_pad=False, ceil_mode=True, x=LINE)],
    "AvgPool2d": [
        case(2, x=IMAGES),
        case((3, 2), stride=(2, 1), padding=(1, 0), ceil_mode=True, x=IMAGE),
        case(3, 2, 1, count_include_pad=False, x=IMAGES),
        case(2, divisor_override=3, x=IMAGES),
    ],
    "AvgPool3d": [case(2, x=VOLUMES), case((1, 2, 3), 1, padding=(0, 1, 1), x=VOLUME)],
    "AdaptiveMaxPool1d": [case(3, x=LINES)],
    "AdaptiveMaxPool2d": [case(3, x=IMAGES), case((None, 2), x=IMAGE)],
    "AdaptiveMaxPool3d": [case((3, 1, None), x=VOLUMES)],
    "AdaptiveAvgPool1d": [case(3, x=LINES), case(9, x=LINE)],
    "AdaptiveAvgPool2d": [case(1, x=IMAGES), case((None, 2), x=IMAGE), case((7, 4), x=IMAGES)],
    "AdaptiveAvgPool3d": [case(2, x=VOLUMES)],
    "LPPool1d": [case(2, 3, x=positive(3, 2, 7)), case(3.0, 2, 1, True, x=positive(2, 7))],
    "LPPool2d": [case(2, (2, 3), stride=(1, 2), x=positive(3, 2, 6, 5))],
    "LPPool3d": [case(1.5, 2, x=positive(2, 4, 3, 5))],
    "MaxUnpool1d": [case(2, x=(1, 2, 2), more=(np.array([[[0, 3], [1, 2]]]),))],
    "MaxUnpool2d": [
        case(2, x=(1, 2, 2), more=(np.array([[[0, 6], [12, 10]]]),)),
        case((1, 2), 2, x=(1, 1, 1, 1), more=(np.array([[[[1]]]]),)),
    ],
    "MaxUnpool3d": [case(2, x=(1, 1, 1, 1, 1), more=(np.array([[[[[7]]]]]),))],
    # borders
    "ZeroPad1d": [case(2, x=LINES), case((1, -1), x=LINE)],
    "ZeroPad2d": [case(2, x=IMAGES), case((1, 0, -1, 2), x=IMAGE)],
    "ZeroPad3d": [case(1, x=VOLUMES)],
    "ConstantPad1d": [case(2, 3.5, x=LINES)],
    "ConstantPad2d": [case((1, 0, 0, 2), 1.0, x=IMAGES)],
    "ConstantPad3d": [case(1, 2.5, x=VOLUMES)],
    "ReflectionPad1d": [case(2, x=LINES), case((3, 0), x=LINE)],
    "ReflectionPad2d": [case((1, 2, 3, 0), x=IMAGES), case(1, x=IMAGE)],
    "ReflectionPad3d": [case(1, x=VOLUMES)],
    "ReplicationPad1d": [case(2, x=LINES), case((9, 0), x=LINE)],
    "ReplicationPad2d": [case((1, 2, 3, 0), x=IMAGES), case(1, x=IMAGE)],
    "ReplicationPad3d": [case((1, 2, 0, 1, 3, 0), x=VOLUMES)],
    "CircularPad1d": [case(2, x=LINES), case((3, 0), x=LINE)],
    "CircularPad2d": [case((1, 2, 3, 0), x=IMAGES), case(1, x=IMAGE)],
    "CircularPad3d": [case(1, x=VOLUMES)],
    # windows, pixels, sizes
    "Unfold": [case(2, x=IMAGES), case((2, 3), dilation=2, padding=1, stride=(1, 2), x=IMAGE)],
    "Fold": [case((4, 5), 2, x=(2, 8, 12)), case((4, 5), (2, 3), padding=(0, 1), stride=2, x=(6, 6))],
    "PixelShuffle": [case(2, x=(2, 8, 2, 3))],
    "PixelUnshuffle": [case(2, x=(3, 4, 6))],
    "ChannelShuffle": [case(2, x=(2, 6, 3))],
    "Upsample": [
        case(scale_factor=2, x=IMAGES),
        case((3, 9), mode="bilinear", x=IMAGES),
        case(scale_factor=(1.5, 2), mode="bicubic", align_corners=True, x=IMAGES),
        case(5, mode="linear", x=LINES),
        case(scale_factor=2, mode="trilinear", recompute_scale_factor=True, x=VOLUMES),
    ],
    "UpsamplingNearest2d": [case(scale_factor=2, x=IMAGES), case((3, 4), x=IMAGES)],
    "UpsamplingBilinear2d": [case(scale_factor=2, x=IMAGES)],
    # each sample by itself
    "InstanceNorm1d": [case(2, x=LINES), case(2, affine=True, track_running_stats=True, x=LINE)],
    "InstanceNorm2d": [
        case(2, affine=True, momentum=0.3, track_running_stats=True, x=IMAGES),
        case(2, bias=False, affine=True, x=IMAGE),
    ],
    "InstanceNorm3d": [case(2, eps=1e-3, x=VOLUMES)],
    "LocalResponseNorm": [case(2, x=LINES), case(3, 0.5, beta=0.3, k=2.0, x=(2, 5, 3, 2))],
}

# What these record is called as in PyTorch.
NAMED_ALIKE = [
    "Conv1d", "Conv2d", "Conv3d", "ConvTranspose2d", "MaxPool2d", "MaxPool3d", "AvgPool2d", "AvgPool3d",
    "AdaptiveMaxPool2d", "Unfold", "Fold", "Upsample", "UpsamplingBilinear2d", "ReflectionPad2d", "ReplicationPad1d",
    "ConstantPad3d", "MaxUnpool3d",
]  # fmt: skip
