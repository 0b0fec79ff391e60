"""What a picture is: an image of Pillow, or a Tensor (..., C, H, W). Its size, its channels, and how to resample it.

Pillow is loaded where a picture of its kind is made, not before: who only has Tensors needs none.
"""

from __future__ import annotations

import sys
from enum import Enum
from typing import Any

from tinygrad_edu.tensors.tensor import Tensor
from tinygrad_edu.vision.pillow import pillow

__all__ = [
    "InterpolationMode", "as_mode", "fill_of", "from_array", "get_dimensions", "get_image_num_channels",
    "get_image_size", "is_pil", "pil_filter", "require_image",
]  # fmt: skip


class InterpolationMode(Enum):
    """How values between pixels are found."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"  # the last three for images of Pillow only
    HAMMING = "hamming"
    LANCZOS = "lanczos"


_PILLOWS_NUMBERS = {
    InterpolationMode.NEAREST: 0, InterpolationMode.NEAREST_EXACT: 0, InterpolationMode.LANCZOS: 1,
    InterpolationMode.BILINEAR: 2, InterpolationMode.BICUBIC: 3, InterpolationMode.BOX: 4, InterpolationMode.HAMMING: 5,
}  # fmt: skip


def as_mode(interpolation: Any) -> InterpolationMode:
    """The mode itself, or the mode of one of Pillow's numbers.

    >>> as_mode(2)
    <InterpolationMode.BILINEAR: 'bilinear'>
    """
    if isinstance(interpolation, InterpolationMode):
        return interpolation
    for mode, number in _PILLOWS_NUMBERS.items():
        if isinstance(interpolation, int) and interpolation == number:
            return mode
    raise TypeError(
        "Argument interpolation should be a InterpolationMode or a corresponding Pillow integer constant, "
        f"but got {interpolation!r}"
    )


def pil_filter(interpolation: Any) -> int:
    """Pillow's number of a mode."""
    return _PILLOWS_NUMBERS[as_mode(interpolation)]


def is_pil(image: Any) -> bool:
    """Whether this is an image of Pillow."""
    module = sys.modules.get("PIL.Image")  # not loaded: then there is none
    return module is not None and isinstance(image, module.Image)


def require_image(image: Any) -> None:
    """Raise TypeError if this is no picture."""
    if isinstance(image, Tensor):
        if image.ndim < 2:
            raise TypeError(f"Tensor is not a torch image: its shape is {tuple(image.shape)}, expected (..., H, W).")
    elif not is_pil(image):
        raise TypeError(f"img should be PIL Image or Tensor. Got {type(image)}. See transforms.ToTensor, ToPILImage.")


def get_dimensions(img: Any) -> list[int]:
    """Channels, height and width.

    >>> from tinygrad_edu.tensors.creation import zeros
    >>> get_dimensions(zeros(3, 4, 5))
    [3, 4, 5]
    """
    require_image(img)
    if isinstance(img, Tensor):
        return [img.shape[-3] if img.ndim > 2 else 1, img.shape[-2], img.shape[-1]]
    width, height = img.size
    return [len(img.getbands()), height, width]


def get_image_size(img: Any) -> list[int]:
    """Width and height, in this order."""
    _, height, width = get_dimensions(img)
    return [width, height]


def get_image_num_channels(img: Any) -> int:
    """How many numbers a pixel has."""
    return get_dimensions(img)[0]


def fill_of(fill: Any, image: Any) -> Any:
    """What Pillow wants as the colour `fill`: a number, or one for each channel."""
    channels = get_image_num_channels(image)
    if fill is None:
        fill = 0
    if isinstance(fill, (int, float)) and channels > 1:
        fill = (fill,) * channels
    if isinstance(fill, (list, tuple)):
        if len(fill) not in (1, channels):
            raise ValueError(
                "The number of elements in 'fill' does not match the number of channels of the image "
                f"({len(fill)} != {channels})"
            )
        fill = tuple(fill) if len(fill) == channels else tuple(fill) * channels
        if channels == 1:
            fill = fill[0]
    if image.mode == "F":
        return fill
    return tuple(int(part) for part in fill) if isinstance(fill, tuple) else int(fill)


def from_array(array: Any, mode: str) -> Any:
    """An image of Pillow over the bytes of a contiguous array (H, W) or (H, W, C)."""
    if array.dtype == bool:  # packed in an image
        return pillow().fromarray(array)
    return pillow().frombytes(mode, (array.shape[1], array.shape[0]), array.tobytes())
