"""Moving pixels without making new values: cropping, padding, mirroring, erasing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.tensors.tensor import Tensor
from tinygrad_edu.vision.pillow import pillow
from tinygrad_edu.vision.transforms.images import fill_of, from_array, get_dimensions, require_image

__all__ = ["center_crop", "crop", "erase", "five_crop", "hflip", "pad", "ten_crop", "two_sizes", "vflip"]

_MODES = {"edge": "edge", "reflect": "reflect", "symmetric": "symmetric"}  # NumPy's names for them


def two_sizes(size: Any, told: str) -> tuple[int, int]:
    """(height, width) of a number, a sequence of one, or of two."""
    if isinstance(size, (int, np.integer)):
        return int(size), int(size)
    if isinstance(size, Sequence) and len(size) in (1, 2):
        return int(size[0]), int(size[-1])
    raise ValueError(told)


def hflip(img: Any) -> Any:
    """The picture mirrored left to right.

    >>> from tinygrad_edu.tensors.creation import tensor
    >>> hflip(tensor([[[1, 2, 3]]]))
    tensor([[[3, 2, 1]]])
    """
    require_image(img)
    return img.flip(-1) if isinstance(img, Tensor) else img.transpose(0)


def vflip(img: Any) -> Any:
    """The picture mirrored top to bottom."""
    require_image(img)
    return img.flip(-2) if isinstance(img, Tensor) else img.transpose(1)


def crop(img: Any, top: int, left: int, height: int, width: int) -> Any:
    """The part of the picture from row `top` and column `left` on; what lies outside of it is 0."""
    require_image(img)
    if not isinstance(img, Tensor):
        return img.crop((left, top, left + width, top + height))
    _, h, w = get_dimensions(img)
    right, bottom = left + width, top + height
    if left < 0 or top < 0 or right > w or bottom > h:
        img = _framed(img, (-left, -top, right - w, bottom - h), 0, "constant")
        return img
    return img[..., top:bottom, left:right]


def center_crop(img: Any, output_size: Any) -> Any:
    """The middle of the picture, of size (height, width); a smaller picture gets a black frame."""
    height, width = two_sizes(output_size, "Please provide only two dimensions (h, w) for size.")
    _, h, w = get_dimensions(img)
    if width > w or height > h:
        wide, high = max(width - w, 0), max(height - h, 0)
        img = pad(img, [wide // 2, high // 2, (wide + 1) // 2, (high + 1) // 2], fill=0)
        _, h, w = get_dimensions(img)
        if (width, height) == (w, h):
            return img
    return crop(img, int(round((h - height) / 2.0)), int(round((w - width) / 2.0)), height, width)


def five_crop(img: Any, size: Any) -> tuple[Any, ...]:
    """The four corners (top left, top right, bottom left, bottom right) and the middle."""
    height, width = two_sizes(size, "Please provide only two dimensions (h, w) for size.")
    _, h, w = get_dimensions(img)
    if width > w or height > h:
        raise ValueError(f"Requested crop size {(height, width)} is bigger than input size {(h, w)}")
    corners = [(top, left) for top in (0, h - height) for left in (0, w - width)]
    return (*(crop(img, top, left, height, width) for top, left in corners), center_crop(img, (height, width)))


def ten_crop(img: Any, size: Any, vertical_flip: bool = False) -> tuple[Any, ...]:
    """`five_crop` of the picture and of its mirror image."""
    return five_crop(img, size) + five_crop(vflip(img) if vertical_flip else hflip(img), size)


def pad(img: Any, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> Any:
    """A frame around the picture; a negative width takes away.

    Args:
        padding: one width for all sides, (left and right, top and bottom), or (left, top, right, bottom).
        fill: the colour of a constant frame; for images of Pillow also one number for each channel.
        padding_mode: "constant", "edge" (the last pixel again), "reflect" (mirrored without the last pixel) or
            "symmetric" (mirrored with it).

    >>> from tinygrad_edu.tensors.creation import tensor
    >>> pad(tensor([[[1, 2, 3]]]), (2, 0), padding_mode="reflect")
    tensor([[[3, 2, 1, 2, 3, 2, 1]]])
    """
    require_image(img)
    if not isinstance(padding, (int, tuple, list)):
        raise TypeError("Got inappropriate padding arg: expected a number, or a tuple or list of numbers")
    if fill is not None and not isinstance(fill, (int, float, str, tuple, list)):
        raise TypeError("Got inappropriate fill arg: expected a number, str or tuple")
    if not isinstance(padding_mode, str):
        raise TypeError("Got inappropriate padding_mode arg: expected text")
    widths = [padding] if isinstance(padding, int) else list(padding)
    if len(widths) not in (1, 2, 4):
        raise ValueError(f"Padding must be an int or a 1, 2, or 4 element tuple, not a {len(widths)} element tuple")
    if padding_mode not in ("constant", *_MODES):
        raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
    left, top, right, bottom = widths * (4 // len(widths))
    if isinstance(img, Tensor):
        if isinstance(fill, (tuple, list)) and len(fill) == 1:
            fill = fill[0]
        if padding_mode == "constant" and not (fill is None or isinstance(fill, (int, float))):
            raise ValueError(f"pad: fill of a Tensor is one number for all channels, got {fill!r}.")
        return _framed(img, (left, top, right, bottom), fill or 0, padding_mode)
    if padding_mode == "constant":
        colour = fill if isinstance(fill, str) else fill_of(fill, img)
        out = pillow("ImageOps").expand(img, border=(left, top, right, bottom), fill=colour)
        if img.mode == "P":
            out.putpalette(img.getpalette())
        return out
    rows, columns = _sides(img, (left, top, right, bottom), padding_mode)
    out = from_array(np.ascontiguousarray(np.asarray(img)[rows[:, None], columns]), img.mode)
    if img.mode == "P":
        out.putpalette(img.getpalette())
    return out


def _framed(img: Tensor, widths: tuple[int, int, int, int], fill: Any, mode: str) -> Tensor:
    if mode == "constant":
        from tinygrad_edu.nn.functional import pad as pad_tensor

        left, top, right, bottom = widths
        return pad_tensor(img, [left, right, top, bottom], value=fill)
    rows, columns = _sides(img, widths, mode)
    return img[..., rows[:, None], columns]


def _sides(img: Any, widths: tuple[int, int, int, int], mode: str) -> tuple[Any, Any]:
    """Which row and which column of the picture each one of the padded picture is."""
    left, top, right, bottom = widths
    _, height, width = get_dimensions(img)
    return _line(height, top, bottom, mode), _line(width, left, right, mode)


def _line(size: int, before: int, after: int, mode: str) -> np.ndarray[Any, Any]:
    inside = np.arange(max(0, -before), size - max(0, -after))
    if not inside.size:
        raise ValueError(f"pad: widths {before} and {after} leave nothing of {size} pixels to repeat.")
    padded: np.ndarray[Any, Any] = np.pad(inside, (max(before, 0), max(after, 0)), mode=_MODES[mode])  # type: ignore[call-overload]
    return padded


def erase(img: Tensor, i: int, j: int, h: int, w: int, v: Any, inplace: bool = False) -> Tensor:
    """The Tensor with the rectangle from row `i` and column `j` on, `h` high and `w` wide, set to `v`.

    Raises:
        TypeError: no Tensor.
    """
    if not isinstance(img, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(img)}. Erase after transforms.ToTensor().")
    out = img if inplace else img.clone()
    out[..., i : i + h, j : j + w] = v
    return out
