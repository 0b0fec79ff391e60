"""Other colours at the same places: scaling to mean 0, grey, brightness, contrast, saturation, hue, gamma.

For Tensors a change of strength f is a mixture: f times the picture plus (1 - f) times its plain version (black for
brightness, its mean grey for contrast, its own grey for saturation). Images of Pillow are left to ImageEnhance, which
does the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.tensors import dtype as dtypes
from tinygrad_edu.tensors.creation import from_numpy, zeros_like
from tinygrad_edu.tensors.functions import cat, stack, where
from tinygrad_edu.tensors.tensor import Tensor
from tinygrad_edu.vision.pillow import pillow
from tinygrad_edu.vision.transforms.conversion import convert_image_dtype, largest
from tinygrad_edu.vision.transforms.images import from_array, get_image_num_channels, is_pil, require_image

__all__ = [
    "adjust_brightness", "adjust_contrast", "adjust_gamma", "adjust_hue", "adjust_saturation", "invert", "normalize",
    "rgb_to_grayscale", "to_grayscale",
]  # fmt: skip


def normalize(tensor: Tensor, mean: Any, std: Any, inplace: bool = False) -> Tensor:
    """``(picture - mean) / std``, channel by channel, of a Tensor (..., C, H, W).

    Raises:
        TypeError: no Tensor of floats. ValueError: fewer than three dimensions, or a standard deviation of 0.

    >>> normalize(from_numpy(np.zeros((1, 1, 1))), mean=[0.5], std=[0.25])
    tensor([[[-2.]]], dtype=torch.float64)
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(tensor)}. Normalize after transforms.ToTensor().")
    if not tensor.is_floating_point():
        raise TypeError(f"Input tensor should be a float tensor. Got {tensor.dtype}.")
    if tensor.ndim < 3:
        raise ValueError(
            f"Expected tensor to be a tensor image of size (..., C, H, W). Got tensor.size() = {tuple(tensor.shape)}"
        )
    # As arrays: this runs once for each picture, and an operation on Tensors costs more than one on a few numbers.
    center, spread = (np.array(each, tensor.dtype.name, ndmin=1) for each in (mean, std))
    if not spread.all():
        raise ValueError(f"std evaluated to zero after conversion to {tensor.dtype}, leading to division by zero.")
    shift, scale = (from_numpy(each.reshape(-1, 1, 1) if each.ndim == 1 else each) for each in (center, spread))
    return tensor.sub_(shift).div_(scale) if inplace else (tensor - shift).div_(scale)


def to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """An image of Pillow in grey, of 1 channel or of 3 equal ones."""
    if not is_pil(img):
        raise TypeError(f"Input should be PIL Image, got {type(img)}. For Tensors there is rgb_to_grayscale.")
    grey = img.convert("L")
    if num_output_channels == 3:
        return pillow().merge("RGB", (grey, grey, grey))
    if num_output_channels != 1:
        raise ValueError("num_output_channels should be either 1 or 3")
    return grey


def rgb_to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """The picture in grey, 0.2989 R + 0.587 G + 0.114 B, of 1 channel or of 3 equal ones."""
    require_image(img)
    if num_output_channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")
    if not isinstance(img, Tensor):
        return to_grayscale(img, num_output_channels)
    _need_channels(img)
    grey = img[..., :1, :, :]
    if img.shape[-3] == 3:
        red, green, blue = (img[..., i : i + 1, :, :] for i in range(3))
        grey = (red * 0.2989 + green * 0.587 + blue * 0.114).to(img.dtype)
    return cat([grey] * 3, -3) if num_output_channels == 3 else grey


def _need_channels(img: Tensor) -> None:
    if img.ndim < 3 or img.shape[-3] not in (1, 3):
        channels = get_image_num_channels(img)
        raise TypeError(f"Input image tensor permitted channel values are 1 or 3, but found {channels}")


def _mixed(img: Tensor, plain: Tensor, factor: float) -> Tensor:
    """`factor` of the one, and what is left to 1 of the other."""
    return (img * float(factor) + plain * (1.0 - float(factor))).clamp(0, largest(img.dtype)).to(img.dtype)


def _enhanced(img: Any, name: str, factor: float) -> Any:
    if factor < 0:
        raise ValueError(f"{name.lower()}_factor ({factor}) is not non-negative.")
    require_image(img)
    if not isinstance(img, Tensor):
        return getattr(pillow("ImageEnhance"), {"Saturation": "Color"}.get(name, name))(img).enhance(factor)
    _need_channels(img)
    if name == "Brightness":
        return _mixed(img, zeros_like(img), factor)
    if name == "Saturation":
        return img if img.shape[-3] == 1 else _mixed(img, rgb_to_grayscale(img), factor)
    grey = rgb_to_grayscale(img)
    return _mixed(img, (grey if grey.is_floating_point() else grey.float()).mean((-3, -2, -1), keepdim=True), factor)


def adjust_brightness(img: Any, brightness_factor: float) -> Any:
    """0 gives black, 1 the picture itself, 2 one twice as bright."""
    return _enhanced(img, "Brightness", brightness_factor)


def adjust_contrast(img: Any, contrast_factor: float) -> Any:
    """0 gives one grey, 1 the picture itself."""
    return _enhanced(img, "Contrast", contrast_factor)


def adjust_saturation(img: Any, saturation_factor: float) -> Any:
    """0 gives a grey picture, 1 the picture itself."""
    return _enhanced(img, "Saturation", saturation_factor)


def adjust_gamma(img: Any, gamma: float, gain: float = 1) -> Any:
    """``gain * picture ** gamma``, where full brightness is 1: gamma above 1 makes shadows darker."""
    if gamma < 0:
        raise ValueError("Gamma should be a non-negative real number")
    require_image(img)
    if isinstance(img, Tensor):
        bright = img if img.is_floating_point() else convert_image_dtype(img, dtypes.float32)
        return convert_image_dtype((bright**gamma * gain).clamp(0, 1), img.dtype)
    curve = [int((255 + 1 - 1e-3) * gain * pow(level / 255.0, gamma)) for level in range(256)] * 3
    return img.convert("RGB").point(curve).convert(img.mode)


def invert(img: Any) -> Any:
    """The negative: dark is bright."""
    require_image(img)
    return largest(img.dtype) - img if isinstance(img, Tensor) else pillow("ImageOps").invert(img)


def adjust_hue(img: Any, hue_factor: float) -> Any:
    """All colours moved along the circle of colours by `hue_factor` of a turn, in [-0.5, 0.5]. Grey stays as it is."""
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"hue_factor ({hue_factor}) is not in [-0.5, 0.5].")
    require_image(img)
    if not isinstance(img, Tensor):
        if img.mode in {"L", "1", "I", "F"}:
            return img
        hue, saturation, value = img.convert("HSV").split()
        moved = np.asarray(hue, np.uint8) + np.array(hue_factor * 255).astype(np.int32).astype(np.uint8)
        parts = (from_array(moved, "L"), saturation, value)
        return pillow().merge("HSV", parts).convert(img.mode)
    _need_channels(img)
    if img.shape[-3] == 1:
        return img
    bright = img if img.is_floating_point() else convert_image_dtype(img, dtypes.float32)
    hue, saturation, value = _hsv(bright)
    return convert_image_dtype(_rgb((hue + hue_factor).remainder(1.0), saturation, value), img.dtype)


def _hsv(img: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Hue in [0, 1), saturation and value of a picture of floats (A. R. Smith, 1978)."""
    red, green, blue = (img[..., i, :, :] for i in range(3))
    most, least = img.amax(-3), img.amin(-3)
    plain = most == least
    span = where(plain, 1.0, most - least)
    to_red, to_green, to_blue = ((most - each) / span for each in (red, green, blue))
    sector = where(most == red, to_blue - to_green, 0.0)
    sector = where((most == green) & (most != red), 2.0 + to_red - to_blue, sector)
    sector = where((most != green) & (most != red), 4.0 + to_green - to_red, sector)
    saturation = where(plain, 0.0, (most - least) / where(plain, 1.0, most))
    return (sector / 6.0 + 1.0) % 1.0, saturation, most


def _rgb(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    sector = (hue * 6.0).floor()
    rest = hue * 6.0 - sector
    low = (value * (1.0 - saturation)).clamp(0.0, 1.0)
    falling = (value * (1.0 - saturation * rest)).clamp(0.0, 1.0)
    rising = (value * (1.0 - saturation * (1.0 - rest))).clamp(0.0, 1.0)
    parts = [
        (value, falling, low, low, rising, value),
        (rising, value, value, falling, low, low),
        (low, low, rising, value, value, falling),
    ]
    which = sector % 6.0
    out = []
    for choices in parts:
        chosen = choices[0]
        for i in range(1, 6):
            chosen = where(which == float(i), choices[i], chosen)
        out.append(chosen)
    return stack(out, -3)
