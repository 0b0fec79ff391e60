"""Turned, moved, scaled and sheared pictures. Each new pixel asks which place of the old picture it shows.

The transformation goes backwards, from the new picture to the old one: a matrix of two rows times (x, y, 1), in pixels
from the picture's middle. Images of Pillow are left to it; Tensors are read by index, so gradients pass through.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.tensors.creation import from_numpy, tensor
from tinygrad_edu.tensors.functions import where
from tinygrad_edu.tensors.tensor import Tensor
from tinygrad_edu.vision.transforms.images import (
    InterpolationMode,
    as_mode,
    fill_of,
    get_dimensions,
    pil_filter,
)
from tinygrad_edu.vision.transforms.resample import as_float, restored

__all__ = ["affine", "rotate"]

Array = np.ndarray[Any, Any]


def rotate(
    img: Any,
    angle: float,
    interpolation: Any = InterpolationMode.NEAREST,
    expand: bool = False,
    center: Sequence[float] | None = None,
    fill: Any = None,
) -> Any:
    """The picture turned by `angle` degrees, counter-clockwise, around its middle.

    Args:
        expand: make the result as large as the turned picture.
        center: another point (x, y) to turn around, in pixels from the upper left corner.
        fill: the colour where there was no picture, 0 by default; a number or one for each channel.

    >>> from tinygrad_edu.tensors.creation import tensor
    >>> rotate(tensor([[[1, 2], [3, 4]]]), 90)
    tensor([[[2, 4],
             [1, 3]]])
    """
    if not isinstance(angle, (int, float)):
        raise TypeError(f"Argument angle should be int or float, got {angle!r}")
    if center is not None and not isinstance(center, (list, tuple)):
        raise TypeError(f"Argument center should be a sequence, got {center!r}")
    mode = as_mode(interpolation)
    _, height, width = get_dimensions(img)
    if not isinstance(img, Tensor):
        return img.rotate(angle, pil_filter(mode), expand, center, fillcolor=fill_of(fill, img))
    middle = (0.0, 0.0) if center is None else (center[0] - width * 0.5, center[1] - height * 0.5)
    matrix = _inverse_matrix(middle, -angle, (0.0, 0.0), 1.0, (0.0, 0.0))
    size = (width, height)
    if expand and center is None and angle % 90 == 0:  # whole pixels, though the middle may lie between them
        size = (width, height) if angle % 180 == 0 else (height, width)
    elif expand:
        size = _expanded(matrix, width, height)
    return _read(img, matrix, size, mode, fill)


def affine(
    img: Any,
    angle: float,
    translate: Sequence[float],
    scale: float,
    shear: Any,
    interpolation: Any = InterpolationMode.NEAREST,
    fill: Any = None,
    center: Sequence[float] | None = None,
) -> Any:
    """The picture turned (degrees, clockwise), moved (pixels), scaled and sheared (degrees along x and y).

    Raises:
        TypeError, ValueError: an argument of another type or length; a scale that is not positive.
    """
    if not isinstance(angle, (int, float)):
        raise TypeError("Argument angle should be int or float")
    if not isinstance(translate, (list, tuple)):
        raise TypeError("Argument translate should be a sequence")
    if len(translate) != 2:
        raise ValueError("Argument translate should be a sequence of length 2")
    if scale <= 0.0:
        raise ValueError("Argument scale should be positive")
    if not isinstance(shear, (int, float, list, tuple)):
        raise TypeError("Shear should be either a single value or a sequence of two values")
    shears = [float(shear), 0.0] if isinstance(shear, (int, float)) else [float(each) for each in shear]
    shears = shears * 2 if len(shears) == 1 else shears
    if len(shears) != 2:
        raise ValueError(f"Shear should be a sequence containing two values. Got {shear}")
    if center is not None and not isinstance(center, (list, tuple)):
        raise TypeError("Argument center should be a sequence")
    mode = as_mode(interpolation)
    _, height, width = get_dimensions(img)
    if not isinstance(img, Tensor):  # Pillow counts from the corner
        around = (width * 0.5, height * 0.5) if center is None else center
        matrix = _inverse_matrix(around, angle, translate, scale, shears)
        return img.transform((width, height), 0, matrix, pil_filter(mode), fillcolor=fill_of(fill, img))
    around = (0.0, 0.0) if center is None else (center[0] - width * 0.5, center[1] - height * 0.5)
    matrix = _inverse_matrix(around, angle, translate, scale, shears)
    return _read(img, matrix, (width, height), mode, fill)


def _inverse_matrix(
    center: Sequence[float], angle: float, translate: Sequence[float], scale: float, shear: Sequence[float]
) -> list[float]:
    """[a, b, c, d, e, f]: the new pixel (x, y) shows the old place (a x + b y + c, d x + e y + f).

    The inverse of: move `center` to 0, shear along y, along x, turn, scale, move back, move by `translate`.
    """
    turn, sx, sy = (math.radians(each) for each in (angle, *shear))
    a = math.cos(turn - sy) / math.cos(sy)
    b = -math.cos(turn - sy) * math.tan(sx) / math.cos(sy) - math.sin(turn)
    c = math.sin(turn - sy) / math.cos(sy)
    d = -math.sin(turn - sy) * math.tan(sx) / math.cos(sy) + math.cos(turn)
    inverse = np.array([[d, -b], [-c, a]]) / scale  # the determinant of turning and shearing is 1
    middle = np.array(center, np.float64)
    shift = middle - inverse @ (middle + np.array(translate, np.float64))
    return [*inverse[0].tolist(), float(shift[0]), *inverse[1].tolist(), float(shift[1])]


def _expanded(matrix: list[float], width: int, height: int) -> tuple[int, int]:
    """The size of a frame around the turned picture, as Pillow rounds it."""
    corners = np.array([[x * width, y * height, 1.0] for x in (-0.5, 0.5) for y in (-0.5, 0.5)])
    places = corners @ np.array(matrix).reshape(2, 3).T + np.array([width * 0.5, height * 0.5])
    tolerance = 1e-4  # what is this near to a whole number is one
    most, least = (np.trunc(each / tolerance) * tolerance for each in (places.max(0), places.min(0)))
    size = np.ceil(most) - np.floor(least)
    return int(size[0]), int(size[1])


def _read(img: Tensor, matrix: list[float], size: tuple[int, int], mode: InterpolationMode, fill: Any) -> Tensor:
    if mode not in (InterpolationMode.NEAREST, InterpolationMode.BILINEAR):
        raise ValueError(f"Tensors are turned with nearest or bilinear, not {mode.value}. Images of Pillow have more.")
    channels, height, width = get_dimensions(img)
    colour = _colour(fill, channels)
    new_width, new_height = size
    x = np.arange(new_width) - (new_width - 1) * 0.5
    y = (np.arange(new_height) - (new_height - 1) * 0.5)[:, None]
    a, b, c, d, e, f = matrix
    column = a * x + b * y + c + (width - 1) * 0.5
    row = d * x + e * y + f + (height - 1) * 0.5
    # Places that are a whole number but for rounding: the sums above have errors of about 1e-14.
    column, row = (np.round(each, 9) for each in (column, row))
    image = as_float(img)
    if mode is InterpolationMode.NEAREST:
        out, inside = _pixel(image, np.rint(row), np.rint(column))
        weight = from_numpy(inside.astype(image.dtype.name))
    else:
        out, weight = 0.0, 0.0  # type: ignore[assignment]
        top, left = np.floor(row), np.floor(column)
        for i, along_y in ((top, 1 - (row - top)), (top + 1, row - top)):
            for j, along_x in ((left, 1 - (column - left)), (left + 1, column - left)):
                value, inside = _pixel(image, i, j)
                share = from_numpy((along_y * along_x * inside).astype(image.dtype.name))
                out, weight = out + value * share, weight + share
    if colour is not None:
        shape = (-1, 1, 1) if img.ndim > 2 else (1, 1)
        out = out + tensor(colour, dtype=image.dtype).reshape(shape) * (1 - weight)
    return restored(out, img.dtype)


def _pixel(image: Tensor, row: Array, column: Array) -> tuple[Tensor, Array]:
    """The pixels at whole places, 0 outside; and which of them are inside."""
    height, width = image.shape[-2:]
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    rows, columns = (np.where(inside, each, 0).astype(np.int64) for each in (row, column))
    value = image[..., rows, columns]
    return where(from_numpy(inside), value, tensor(0.0, dtype=image.dtype)), inside


def _colour(fill: Any, channels: int) -> list[float] | None:
    if fill is None:
        return None
    colour = [float(fill)] if isinstance(fill, (int, float)) else [float(each) for each in fill]
    if len(colour) not in (1, channels):
        raise ValueError(
            "The number of elements in 'fill' cannot broadcast to match the number of channels of the image "
            f"({len(colour)} != {channels})"
        )
    return colour
