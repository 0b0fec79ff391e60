"""Functions of images, sequences and volumes against PyTorch's: one table of values, indices, derivatives and errors.

A function of these families without a row fails the build.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.oracle import agree, numbers

from tinygrad_edu.nn.functional import convolution, images, pooling, sampling

N = numbers
FAMILIES = [name for family in (convolution, images, pooling, sampling) for name in family.__all__]


def call(name: str, *arrays: Any, **options: Any) -> tuple[Any, ...]:
    return (lambda t, *tensors: getattr(t.nn.functional, name)(*tensors, **options), *arrays)


NAN = np.array([[[1.0, np.nan, 3.0, np.nan, 0.0, 2.0]]])
TIES = np.array([[[1.0, 1.0, 0.0, 0.0, 0.0, -1.0]]])
NOTHING = np.full((1, 1, 4), -np.inf)
INTS = np.arange(12).reshape(1, 1, 3, 4) - 5
GRID = np.random.default_rng(1).uniform(-1.4, 1.4, (2, 4, 5, 2))
LINE, IMAGE, VOLUME = N(2, 3, 9), N(2, 3, 6, 7), N(1, 2, 4, 5, 4)
PLACES = np.array([[[[0, 5], [11, 8]]]])


def smooth(t: Any, x: Any) -> Any:
    return t.nn.functional.lp_pool2d(x.abs() + 1, 3, 2)


SAME: dict[str, list[tuple[Any, ...]]] = {
    "conv1d": [
        call("conv1d", LINE, N(2, 3, 4), N(2), stride=2, padding=3),
        call("conv1d", N(3, 9), N(2, 3, 3), padding="same"),
        call("conv1d", N(0, 3, 9), N(2, 3, 3)),
        (lambda t, x, w: t.conv1d(x, w, None, 1, "valid", 2), LINE, N(2, 3, 3)),
    ],
    "conv2d": [
        call("conv2d", IMAGE, N(4, 3, 2, 3), N(4), stride=(2, 1), padding=(1, 0), dilation=(1, 2)),
        call("conv2d", IMAGE, N(6, 1, 3, 3), N(6), groups=3, padding="same"),
        call("conv2d", N(3, 6, 7), N(2, 3, 2, 2), padding="same", dilation=3),
        call("conv2d", INTS, INTS[:, :, :2]),
        call("conv2d", IMAGE.astype(np.float32), N(2, 3, 6, 7).astype(np.float32)),
    ],
    "conv3d": [call("conv3d", VOLUME, N(2, 2, 2, 1, 3), N(2), stride=(1, 2, 1), padding=(0, 1, 2))],
    "conv_transpose1d": [
        call("conv_transpose1d", LINE, N(3, 2, 4), N(2), stride=3, padding=2, output_padding=2),
        call("conv_transpose1d", N(3, 4), N(3, 2, 2), dilation=3, output_padding=2, padding=1),
        call("conv_transpose1d", N(0, 3, 4), N(3, 2, 2)),
    ],
    "conv_transpose2d": [call("conv_transpose2d", IMAGE, N(3, 2, 2, 3), N(6), groups=3, stride=(2, 1))],
    "conv_transpose3d": [call("conv_transpose3d", VOLUME, N(2, 1, 2, 1, 3), stride=2, padding=(0, 0, 1))],
    "max_pool1d": [
        call("max_pool1d", LINE, kernel_size=3, stride=2, padding=1, dilation=2),
        call("max_pool1d", N(3, 9), kernel_size=4, stride=3, ceil_mode=True, return_indices=True),
        call("max_pool1d", NAN, kernel_size=3, stride=1, return_indices=True),
        call("max_pool1d", TIES, kernel_size=2, stride=1, return_indices=True),
        call("max_pool1d", NOTHING, kernel_size=2, padding=1, return_indices=True),
    ],
    "max_pool2d": [
        call("max_pool2d", IMAGE, kernel_size=2),
        call("max_pool2d", N(3, 6, 7), kernel_size=(3, 2), stride=(1, 2), padding=(1, 0), return_indices=True),
        call("max_pool2d", IMAGE, kernel_size=3, stride=2, padding=1, ceil_mode=True, dilation=(1, 2)),
        call("max_pool2d", N(0, 3, 6, 7), kernel_size=2),
        (lambda t, x: t.max_pool2d(x, 2, 1), IMAGE),
        call("max_pool2d", INTS, kernel_size=2),
    ],
    "max_pool3d": [call("max_pool3d", VOLUME, kernel_size=2, stride=1, padding=1, return_indices=True)],
    "avg_pool1d": [
        call("avg_pool1d", LINE, kernel_size=3, stride=2, padding=1),
        call("avg_pool1d", N(3, 9), kernel_size=4, stride=3, padding=2, ceil_mode=True, count_include_pad=False),
    ],
    "avg_pool2d": [
        call("avg_pool2d", IMAGE, kernel_size=2),
        call("avg_pool2d", IMAGE, kernel_size=(3, 2), stride=(2, 3), padding=1, ceil_mode=True),
        call("avg_pool2d", IMAGE, kernel_size=3, padding=1, count_include_pad=False, ceil_mode=True),
        call("avg_pool2d", N(3, 6, 7), kernel_size=3, stride=2, divisor_override=5),
        call("avg_pool2d", N(0, 3, 6, 7), kernel_size=2),
        call("avg_pool2d", INTS, kernel_size=2),
    ],
    "avg_pool3d": [call("avg_pool3d", VOLUME, kernel_size=(2, 3, 2), stride=(1, 2, 3), padding=(1, 1, 0))],
    "adaptive_avg_pool1d": [call("adaptive_avg_pool1d", LINE, output_size=4)],
    "adaptive_avg_pool2d": [
        call("adaptive_avg_pool2d", IMAGE, output_size=(4, 3)),
        call("adaptive_avg_pool2d", IMAGE, output_size=(None, 9)),
        call("adaptive_avg_pool2d", N(3, 6, 7), output_size=2),
    ],
    "adaptive_avg_pool3d": [call("adaptive_avg_pool3d", VOLUME, output_size=(3, 2, 4))],
    "adaptive_max_pool1d": [
        call("adaptive_max_pool1d", LINE, output_size=4, return_indices=True),
        call("adaptive_max_pool1d", NAN, output_size=2, return_indices=True),
        call("adaptive_max_pool1d", TIES, output_size=3, return_indices=True),
    ],
    "adaptive_max_pool2d": [
        call("adaptive_max_pool2d", IMAGE, output_size=(4, 3), return_indices=True),
        call("adaptive_max_pool2d", N(3, 6, 7), output_size=(None, 2)),
    ],
    "adaptive_max_pool3d": [call("adaptive_max_pool3d", VOLUME, output_size=(3, 2, 4), return_indices=True)],
    "max_pool1d_with_indices": [call("max_pool1d_with_indices", LINE, kernel_size=3, stride=2)],
    "max_pool2d_with_indices": [call("max_pool2d_with_indices", IMAGE, kernel_size=2, return_indices=False)],
    "max_pool3d_with_indices": [call("max_pool3d_with_indices", VOLUME, kernel_size=2)],
    "adaptive_max_pool1d_with_indices": [call("adaptive_max_pool1d_with_indices", LINE, output_size=2)],
    "adaptive_max_pool2d_with_indices": [call("adaptive_max_pool2d_with_indices", IMAGE, output_size=(2, 3))],
    "adaptive_max_pool3d_with_indices": [call("adaptive_max_pool3d_with_indices", VOLUME, output_size=2)],
    "lp_pool1d": [(lambda t, x: t.nn.functional.lp_pool1d(x.abs() + 1, 2, 3, 2, True), N(2, 3, 8))],
    "lp_pool2d": [(smooth, IMAGE)],
    "lp_pool3d": [(lambda t, x: t.nn.functional.lp_pool3d(x.abs() + 1, 1.5, 2), VOLUME)],
    "max_unpool1d": [
        (lambda t, x: t.nn.functional.max_unpool1d(x, t.tensor([[[0, 3]]]), 2, output_size=(1, 1, 5)), N(1, 1, 2)),
    ],
    "max_unpool2d": [
        (lambda t, x: t.nn.functional.max_unpool2d(x, t.tensor(PLACES), 2), N(1, 1, 2, 2)),
        (lambda t, x: t.nn.functional.max_unpool2d(x, t.tensor(PLACES[0]), 2, 2, output_size=(4, 5)), N(1, 2, 2)),
    ],
    "max_unpool3d": [
        (lambda t, x: t.nn.functional.max_unpool3d(x, t.tensor([[[[[7]]]]]), 2), N(1, 1, 1, 1, 1)),
    ],
    "unfold": [
        call("unfold", IMAGE, kernel_size=(2, 3), dilation=(1, 2), padding=(1, 0), stride=(2, 1)),
        call("unfold", N(3, 6, 7), kernel_size=2),
    ],
    "fold": [
        call("fold", N(2, 12, 20), output_size=(5, 6), kernel_size=2),
        call("fold", N(12, 6), output_size=(4, 5), kernel_size=(2, 3), padding=(0, 1), stride=(2, 2)),
    ],
    "interpolate": [
        call("interpolate", LINE, size=5),
        call("interpolate", LINE, size=13, mode="linear"),
        call("interpolate", LINE, scale_factor=0.6, mode="linear"),
        call("interpolate", LINE, scale_factor=1.7, mode="nearest-exact"),
        call("interpolate", LINE, size=1, mode="linear", align_corners=True),
        call("interpolate", IMAGE, scale_factor=(2, 1.5)),
        call("interpolate", IMAGE, scale_factor=(2.3, 0.7), mode="bilinear"),
        call("interpolate", IMAGE, scale_factor=(2.3, 0.7), mode="bilinear", recompute_scale_factor=True),
        call("interpolate", IMAGE, size=(9, 3), mode="bilinear", align_corners=True),
        call("interpolate", IMAGE, size=(9, 3), mode="bicubic"),
        call("interpolate", IMAGE, size=(4, 15), mode="bicubic", align_corners=True),
        call("interpolate", IMAGE, size=(4, 3), mode="area"),
        call("interpolate", VOLUME, size=(2, 9, 4), mode="trilinear"),
        call("interpolate", VOLUME, scale_factor=2),
        call("interpolate", np.arange(12, dtype=np.uint8).reshape(1, 1, 3, 4), scale_factor=2),
    ],
    "upsample": [call("upsample", IMAGE, scale_factor=2, mode="bilinear", align_corners=True)],
    "upsample_nearest": [call("upsample_nearest", IMAGE, scale_factor=2)],
    "upsample_bilinear": [call("upsample_bilinear", IMAGE, size=(9, 3))],
    "pixel_shuffle": [call("pixel_shuffle", N(2, 8, 3, 2), upscale_factor=2)],
    "pixel_unshuffle": [call("pixel_unshuffle", N(8, 4, 6), downscale_factor=2)],
    "channel_shuffle": [call("channel_shuffle", N(2, 6, 2, 2), groups=3)],
    "native_channel_shuffle": [(lambda t, x: t.nn.functional.native_channel_shuffle(x.detach(), 3), N(2, 6, 2, 2))],
    "affine_grid": [
        call("affine_grid", N(2, 2, 3), size=(2, 3, 4, 5)),
        call("affine_grid", N(2, 2, 3), size=(2, 3, 1, 5), align_corners=True),
        call("affine_grid", N(1, 3, 4), size=(1, 2, 3, 4, 2), align_corners=False),
    ],
    "grid_sample": [
        call("grid_sample", IMAGE, GRID),
        call("grid_sample", IMAGE, GRID, align_corners=True, padding_mode="border"),
        call("grid_sample", IMAGE, GRID, align_corners=False, padding_mode="reflection"),
        call("grid_sample", IMAGE, GRID, align_corners=True, padding_mode="reflection"),
        call("grid_sample", IMAGE, GRID, mode="nearest", padding_mode="border"),
        call("grid_sample", IMAGE, GRID, mode="nearest"),
        call("grid_sample", IMAGE, GRID, mode="bicubic"),
        call("grid_sample", IMAGE, GRID, mode="bicubic", padding_mode="border", align_corners=True),
        call("grid_sample", IMAGE, GRID, mode="bicubic", padding_mode="reflection", align_corners=False),
        call("grid_sample", IMAGE, GRID, mode="bicubic", padding_mode="reflection", align_corners=True),
        call("grid_sample", VOLUME, np.random.default_rng(2).uniform(-1.2, 1.2, (1, 2, 3, 2, 3)), mode="bilinear"),
    ],
}

REFUSED: dict[str, list[tuple[Any, ...]]] = {
    "conv1d": [
        call("conv1d", LINE, N(2, 4, 3)),
        call("conv1d", LINE, N(2, 3, 12)),
        call("conv1d", LINE, N(2, 3, 3), N(3)),
        call("conv1d", LINE, N(2, 3, 3), stride=0),
        call("conv1d", LINE, N(2, 3, 3), padding=-1),
        call("conv1d", LINE, N(2, 3, 3), dilation=0),
        call("conv1d", LINE, N(2, 3, 3), groups=0),
        call("conv1d", LINE, N(2, 3, 3), stride=(1, 2)),
        call("conv1d", LINE, N(2, 3, 3), padding="full"),
        call("conv1d", LINE, N(2, 3, 3), padding="same", stride=2),
        call("conv1d", LINE, N(2, 3, 3).astype(np.float32)),
        call("conv1d", N(3), N(2, 3, 3)),
    ],
    "conv2d": [
        call("conv2d", IMAGE, N(2, 3, 3)),
        call("conv2d", IMAGE, N(2, 3, 0, 1)),
        call("conv2d", IMAGE, N(2, 3, 3, 3), N(2).astype(np.float32)),
        (lambda t, x: t.nn.functional.conv2d(x, t.ones(2, 3, 3, 3, dtype=x.dtype), 1), IMAGE),
        (lambda t, x: t.nn.functional.conv2d(x, [[1.0]]), IMAGE),
        (lambda t, x: t.nn.Conv2d(3, 2, 3)(x), IMAGE),
        (lambda t, x: t.nn.Conv2d(3, 2, 3)(x), IMAGE.astype(np.uint8)),
        call("conv2d", IMAGE, N(5, 1, 3, 3), groups=3),
        call("conv2d", IMAGE > 0, N(2, 3, 2, 2) > 0),
    ],
    "conv_transpose1d": [
        call("conv_transpose1d", LINE, N(2, 3, 4)),
        call("conv_transpose1d", LINE, N(3, 2, 4), output_padding=1),
        call("conv_transpose1d", N(1, 3, 1), N(3, 2, 2), padding=2),
    ],
    "max_pool1d": [
        call("max_pool1d", LINE, kernel_size=12),
        call("max_pool1d", LINE, kernel_size=2, padding=2),
        call("max_pool1d", LINE, kernel_size=0),
    ],
    "max_pool2d": [
        call("max_pool2d", IMAGE, kernel_size=(1, 2, 3)),
        call("max_pool2d", N(6, 7), kernel_size=2),
        call("max_pool2d", IMAGE, kernel_size=2, dilation=0),
    ],
    "avg_pool2d": [
        call("avg_pool2d", IMAGE, kernel_size=8),
        call("avg_pool2d", IMAGE, kernel_size=2, divisor_override=0),
    ],
    "adaptive_avg_pool2d": [
        call("adaptive_avg_pool2d", N(6, 7), output_size=2),
        call("adaptive_avg_pool2d", INTS, output_size=2),
    ],
    "max_unpool2d": [
        (lambda t, x: t.nn.functional.max_unpool2d(x, t.tensor(PLACES + 9), 2), N(1, 1, 2, 2)),
        (lambda t, x: t.nn.functional.max_unpool2d(x, t.tensor(PLACES), 2, output_size=(9, 9)), N(1, 1, 2, 2)),
    ],
    "unfold": [call("unfold", IMAGE, kernel_size=9)],
    "fold": [
        call("fold", N(2, 12, 20), output_size=(5, 5), kernel_size=2),
        call("fold", N(2, 11, 20), output_size=(5, 6), kernel_size=2),
    ],
    "interpolate": [
        call("interpolate", IMAGE),
        call("interpolate", IMAGE, size=4, scale_factor=2),
        call("interpolate", IMAGE, size=(4, 5, 6)),
        call("interpolate", IMAGE, size=4, mode="linear"),
        call("interpolate", IMAGE, size=4, mode="mirror"),
        call("interpolate", IMAGE, size=4, align_corners=True),
        call("interpolate", IMAGE, scale_factor=0.01),
        call("interpolate", N(6, 7), size=4),
    ],
    "pixel_shuffle": [call("pixel_shuffle", N(2, 6, 3, 2), upscale_factor=2)],
    "pixel_unshuffle": [call("pixel_unshuffle", N(2, 6, 3, 2), downscale_factor=2)],
    "channel_shuffle": [call("channel_shuffle", N(2, 6, 2, 2), groups=4)],
    "affine_grid": [
        call("affine_grid", N(2, 2, 3), size=(1, 3, 4, 5)),
        call("affine_grid", N(2, 2, 3), size=(2, 3, 4)),
        call("affine_grid", N(2, 3, 3), size=(2, 3, 4, 5)),
    ],
    "grid_sample": [
        call("grid_sample", IMAGE, GRID[:1]),
        call("grid_sample", IMAGE, GRID[..., :1]),
        call("grid_sample", IMAGE, GRID, mode="linear"),
        call("grid_sample", VOLUME, np.zeros((1, 2, 3, 2, 3)), mode="bicubic"),
        call("grid_sample", IMAGE, GRID, padding_mode="circular"),
    ],
}


def rows(table: dict[str, list[tuple[Any, ...]]]) -> list[Any]:
    return [pytest.param(row, id=f"{name}-{i}") for name, found in table.items() for i, row in enumerate(found)]


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", rows(SAME))
def test_as_pytorch(row: Any) -> None:
    torch = pytest.importorskip("torch")
    make, *arrays = row
    agree(torch, make, *arrays, name=False)


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", rows(REFUSED))
def test_refused_as_pytorch(row: Any) -> None:
    torch = pytest.importorskip("torch")
    make, *arrays = row
    agree(torch, make, *arrays)


def test_every_function_has_a_row() -> None:
    assert sorted(SAME) == sorted(FAMILIES)
