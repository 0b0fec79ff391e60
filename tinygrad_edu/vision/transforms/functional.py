"""The transforms as functions, for use with parameters of one's own: the names of torchvision.transforms.functional."""

from tinygrad_edu.vision.transforms.color import (
    adjust_brightness,
    adjust_contrast,
    adjust_gamma,
    adjust_hue,
    adjust_saturation,
    invert,
    normalize,
    rgb_to_grayscale,
    to_grayscale,
)
from tinygrad_edu.vision.transforms.conversion import convert_image_dtype, pil_to_tensor, to_pil_image, to_tensor
from tinygrad_edu.vision.transforms.images import (
    InterpolationMode,
    get_dimensions,
    get_image_num_channels,
    get_image_size,
)
from tinygrad_edu.vision.transforms.layout import center_crop, crop, erase, five_crop, hflip, pad, ten_crop, vflip
from tinygrad_edu.vision.transforms.resample import gaussian_blur, resize, resized_crop
from tinygrad_edu.vision.transforms.warp import affine, rotate

__all__ = [
    "InterpolationMode",
    "adjust_brightness",
    "adjust_contrast",
    "adjust_gamma",
    "adjust_hue",
    "adjust_saturation",
    "affine",
    "center_crop",
    "convert_image_dtype",
    "crop",
    "erase",
    "five_crop",
    "gaussian_blur",
    "get_dimensions",
    "get_image_num_channels",
    "get_image_size",
    "hflip",
    "invert",
    "normalize",
    "pad",
    "pil_to_tensor",
    "resize",
    "resized_crop",
    "rgb_to_grayscale",
    "rotate",
    "ten_crop",
    "to_grayscale",
    "to_pil_image",
    "to_tensor",
    "vflip",
]
