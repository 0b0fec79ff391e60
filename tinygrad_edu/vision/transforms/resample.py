"""Pictures of another size, and blurred ones. For Tensors both are one matrix for the rows and one for the columns.

Every new row is a weighted sum of old rows, with the same weights in each column: so resizing is ``R @ picture @ C.T``
with a matrix R of shape (new height, height), and is differentiable like any product. Images of Pillow are left to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.tensors import dtype as dtypes
from tinygrad_edu.tensors.creation import from_numpy
from tinygrad_edu.tensors.tensor import Tensor
from tinygrad_edu.vision.transforms.conversion import pil_to_tensor, to_pil_image
from tinygrad_edu.vision.transforms.images import (
    InterpolationMode,
    as_mode,
    get_dimensions,
    is_pil,
    pil_filter,
    require_image,
)
from tinygrad_edu.vision.transforms.layout import crop

__all__ = ["as_float", "gaussian_blur", "resize", "resized_crop", "restored"]

Array = np.ndarray[Any, Any]
_NEAREST = (InterpolationMode.NEAREST, InterpolationMode.NEAREST_EXACT)
_SMOOTH = (InterpolationMode.BILINEAR, InterpolationMode.BICUBIC)


def resize(
    img: Any,
    size: Any,
    interpolation: Any = InterpolationMode.BILINEAR,
    max_size: int | None = None,
    antialias: bool | None = True,
) -> Any:
    """The picture in another size.

    Args:
        size: (height, width); a number is the length of the shorter side, and the longer one keeps its proportion.
        max_size: with a number as size, the most that the longer side may become.
        antialias: average over all pixels that fall together when the picture gets smaller. Pillow always does.

    Raises:
        ValueError: `size` or `max_size` make no sense together; a mode that Tensors do not have.

    >>> from tinygrad_edu.tensors.creation import tensor
    >>> resize(tensor([[[0.0, 4.0]]]), (1, 4), antialias=False)
    tensor([[[0., 1., 3., 4.]]])
    """
    mode = as_mode(interpolation)
    _, height, width = get_dimensions(img)
    sides = size if isinstance(size, (list, tuple)) else (size,)
    if any(isinstance(side, int) and side < 1 for side in sides):
        raise ValueError(f"resize: height and width must be > 0, got size {size}.")
    new_height, new_width = _output_size((height, width), size, max_size)
    if (new_height, new_width) == (height, width):
        return img
    if not isinstance(img, Tensor):
        return img.resize((new_width, new_height), pil_filter(mode))
    if mode in _NEAREST:
        rows = _nearest(height, new_height, mode)
        return img[..., rows[:, None], _nearest(width, new_width, mode)]
    if mode not in _SMOOTH:
        raise ValueError(f"resize: Tensors have nearest, nearest-exact, bilinear and bicubic, not {mode.value}.")
    matrix = _antialiased if antialias else _interpolated
    image = as_float(img)
    out = _two_sided(image, matrix(height, new_height, mode), matrix(width, new_width, mode))
    if mode is InterpolationMode.BICUBIC and img.dtype == dtypes.uint8:
        out = out.clamp(0, 255)
    return restored(out, img.dtype)


def resized_crop(
    img: Any, top: int, left: int, height: int, width: int, size: Any,
    interpolation: Any = InterpolationMode.BILINEAR, antialias: bool | None = True,
) -> Any:  # fmt: skip
    """A part of the picture (see `crop`) in another size."""
    return resize(crop(img, top, left, height, width), size, interpolation, antialias=antialias)


def as_float(image: Tensor) -> Tensor:
    """The picture in a type that can be averaged."""
    return image if image.dtype in (dtypes.float32, dtypes.float64) else image.to(dtypes.float32)


def restored(image: Tensor, dtype: Any) -> Tensor:
    """The picture in the type it had: integers are rounded."""
    if image.dtype == dtype:
        return image
    return (image.round() if np.dtype(dtype.name).kind in "iub" else image).to(dtype)


def _output_size(before: tuple[int, int], size: Any, max_size: int | None) -> tuple[int, int]:
    if not isinstance(size, int):
        if not isinstance(size, Sequence):
            raise TypeError(f"Size should be int or sequence. Got {type(size)}")
        if len(size) not in (1, 2):
            raise ValueError(
                f"Size must be an int or a 1 or 2 element tuple/list, not a {len(size)} element tuple/list"
            )
        if len(size) == 2:
            if max_size is not None:
                raise ValueError(
                    "max_size should only be passed if size specifies the length of the smaller edge, "
                    "i.e. size should be an int or a sequence of length 1."
                )
            return int(size[0]), int(size[1])
        size = int(size[0])
    height, width = before
    short, long = min(before), max(before)
    new_short, new_long = size, int(size * long / short)
    if max_size is not None:
        if max_size <= size:
            raise ValueError(
                f"max_size = {max_size} must be strictly greater than the requested size for the smaller edge "
                f"size = {size}"
            )
        if new_long > max_size:
            new_short, new_long = int(max_size * new_short / new_long), max_size
    return (new_long, new_short) if width <= height else (new_short, new_long)


def _two_sided(image: Tensor, rows: Array, columns: Array) -> Tensor:
    left, right = (from_numpy(m.astype(image.dtype.name)) for m in (rows, columns))
    return left @ image @ right.t()


def _nearest(size: int, new: int, mode: InterpolationMode) -> Array:
    """The old pixel that each new one shows."""
    shift = 0.5 if mode is InterpolationMode.NEAREST_EXACT else 0.0
    at = np.floor((np.arange(new, dtype=np.float32) + np.float32(shift)) * np.float32(size / new)).astype(np.int64)
    return np.minimum(at, size - 1)


def _triangle(x: Array) -> Array:
    return np.maximum(1 - np.abs(x), 0)


def _cubic(a: float) -> Callable[[Array], Array]:
    """The piecewise cubic kernel with slope `a` at 1 (Keys, 1981)."""

    def kernel(x: Array) -> Array:
        x = np.abs(x)
        near = ((a + 2) * x - (a + 3)) * x * x + 1
        far = (((x - 5) * x + 8) * x - 4) * a
        return np.where(x <= 1, near, np.where(x < 2, far, 0.0))

    return kernel


def _interpolated(size: int, new: int, mode: InterpolationMode) -> Array:
    """Weights (new, size) between the nearest two pixels, or four (bicubic, a = -0.75); the border repeats."""
    at = (np.arange(new) + 0.5) * (size / new) - 0.5
    kernel, reach = (_triangle, 1) if mode is InterpolationMode.BILINEAR else (_cubic(-0.75), 2)
    out = np.zeros((new, size))
    base = np.floor(at).astype(np.int64)
    for offset in range(1 - reach, 1 + reach):
        np.add.at(out, (np.arange(new), np.clip(base + offset, 0, size - 1)), kernel(at - (base + offset)))
    return out


def _antialiased(size: int, new: int, mode: InterpolationMode) -> Array:
    """Weights (new, size) over all pixels under a kernel as wide as a new pixel; a = -0.5, as in Pillow."""
    scale = size / new
    stretch = max(scale, 1.0)
    kernel, reach = (_triangle, 1) if mode is InterpolationMode.BILINEAR else (_cubic(-0.5), 2)
    center = (np.arange(new)[:, None] + 0.5) * scale
    pixel = np.arange(size)[None, :]
    first = np.maximum((center - reach * stretch + 0.5).astype(np.int64), 0)
    last = np.minimum((center + reach * stretch + 0.5).astype(np.int64), size)
    weights = np.where((pixel >= first) & (pixel < last), kernel((pixel - center + 0.5) / stretch), 0.0)
    return np.asarray(weights / weights.sum(1, keepdims=True))


def gaussian_blur(img: Any, kernel_size: Any, sigma: Any = None) -> Any:
    """The picture averaged with the weights of a normal distribution; at the border it is mirrored.

    Args:
        kernel_size: how many columns and rows are averaged: one odd number, or (width, height).
        sigma: standard deviation in pixels, one or (x, y); by default 0.15 kernel_size + 0.35.

    Raises:
        ValueError: an even kernel size, or a size or sigma that is not positive. TypeError: of another type.
    """
    sizes = _pair(kernel_size, int, "kernel_size")
    sigmas = _pair([0.15 * k + 0.35 for k in sizes] if sigma is None else sigma, (int, float), "sigma")
    for size in sizes:
        if size % 2 == 0 or size < 0:
            raise ValueError(f"kernel_size should have odd and positive integers. Got {kernel_size}")
    for each in sigmas:
        if each <= 0.0:
            raise ValueError(f"sigma should have positive values. Got {sigma}")
    require_image(img)
    image = pil_to_tensor(img) if is_pil(img) else img
    rows = _blurred(image.shape[-2], sizes[1], sigmas[1])
    out = restored(_two_sided(as_float(image), rows, _blurred(image.shape[-1], sizes[0], sigmas[0])), image.dtype)
    return to_pil_image(out, mode=img.mode) if is_pil(img) else out


def _pair(value: Any, kind: Any, name: str) -> list[Any]:
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    if len(values) not in (1, 2):
        raise ValueError(f"If {name} is a sequence its length should be 2. Got {len(values)}")
    if not all(isinstance(each, kind) for each in values):
        raise TypeError(f"{name} should be a number or a sequence of two numbers. Got {value!r}")
    return [values[0], values[-1]]


def _blurred(size: int, kernel_size: int, sigma: float) -> Array:
    half = kernel_size // 2
    if half >= size:
        raise ValueError(f"gaussian_blur: kernel_size {kernel_size} reaches over a picture with a side of {size}.")
    weights = np.array([math.exp(-0.5 * (i / sigma) ** 2) for i in range(-half, half + 1)])
    weights /= weights.sum()
    out = np.zeros((size, size))
    around = np.pad(np.arange(size), half, mode="reflect")
    for i, weight in enumerate(weights):
        np.add.at(out, (np.arange(size), around[i : i + size]), weight)
    return out
