"""Between kinds of pictures: Pillow's images, arrays (H, W, C), and Tensors (C, H, W) of integers or of floats.

Integers fill their range, 0 to 255 for uint8; floats lie between 0 and 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.tensors import dtype as dtypes
from tinygrad_edu.tensors.creation import from_numpy
from tinygrad_edu.tensors.tensor import Tensor
from tinygrad_edu.vision.transforms.images import from_array, is_pil

__all__ = ["convert_image_dtype", "largest", "pil_to_tensor", "to_pil_image", "to_tensor"]

_ARRAYS_OF_MODES = {"I": np.int32, "I;16": np.uint16, "I;16L": np.uint16, "I;16B": np.uint16, "F": np.float32}
_MODES = {2: ["LA"], 3: ["RGB", "YCbCr", "HSV"], 4: ["RGBA", "CMYK", "RGBX"]}


def to_tensor(pic: Any) -> Tensor:
    """An image of Pillow or an array (H, W), (H, W, C) as a Tensor (C, H, W); bytes 0..255 become floats 0..1.

    Raises:
        TypeError: something else, such as a Tensor. ValueError: an array of another number of dimensions.

    >>> to_tensor(np.array([[0, 51], [102, 255]], np.uint8))
    tensor([[[0.0000, 0.2000],
             [0.4000, 1.0000]]])
    """
    if isinstance(pic, np.ndarray):
        if pic.ndim not in (2, 3):
            raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
        array = pic if pic.ndim == 3 else pic[:, :, None]
    elif is_pil(pic):
        array = _array_of(pic)
        if pic.mode == "1":
            array = array * np.uint8(255)
    else:
        raise TypeError(f"pic should be PIL Image or ndarray. Got {type(pic)}")
    array = array.transpose(2, 0, 1)
    if array.dtype == np.uint8:
        kind = np.dtype(dtypes.get_default_dtype().name)
        return from_numpy(np.divide(array, kind.type(255), dtype=kind, order="C"))
    if array.dtype == np.uint16:
        array = array.astype(np.int32)  # there is no Tensor of uint16
    return from_numpy(np.array(array, order="C"))


def pil_to_tensor(pic: Any) -> Tensor:
    """An image of Pillow as a Tensor (C, H, W) of the same integers.

    Raises:
        TypeError: no image of Pillow.
    """
    if not is_pil(pic):
        raise TypeError(f"pic should be PIL Image. Got {type(pic)}")
    array = _array_of(pic)
    if array.dtype == np.uint16:
        array = array.astype(np.int32)
    return from_numpy(np.array(array.transpose(2, 0, 1), order="C"))


def _array_of(image: Any) -> np.ndarray[Any, Any]:
    """The pixels (H, W, C)."""
    array = np.asarray(image, _ARRAYS_OF_MODES.get(image.mode, np.uint8))
    return array.reshape(image.size[1], image.size[0], -1)


def to_pil_image(pic: Any, mode: str | None = None) -> Any:
    """A Tensor (C, H, W), (H, W) or an array (H, W, C), (H, W) as an image of Pillow, of 1 to 4 channels.

    Floats of a Tensor are taken to be between 0 and 1; floats of an array with one channel are kept ("F").

    Raises:
        TypeError: no Tensor or array, or of a dtype without a mode. ValueError: a mode that does not fit.
    """
    if isinstance(pic, Tensor):
        if pic.ndim not in (2, 3):
            raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
        if pic.ndim == 3 and pic.shape[0] > 4:
            raise ValueError(f"pic should not have > 4 channels. Got {pic.shape[0]} channels.")
        if pic.is_floating_point() and mode != "F":
            pic = pic.mul(255).byte()
        array = pic.detach().numpy()
        array = array[:, :, None] if array.ndim == 2 else array.transpose(1, 2, 0)
    elif isinstance(pic, np.ndarray):
        if pic.ndim not in (2, 3):
            raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
        array = pic if pic.ndim == 3 else pic[:, :, None]
        if array.shape[2] > 4:
            raise ValueError(f"pic should not have > 4 channels. Got {array.shape[2]} channels.")
    else:
        raise TypeError(f"pic should be Tensor or ndarray. Got {type(pic)}.")
    return from_array(np.ascontiguousarray(array), _mode_for(array, mode))


def _mode_for(array: np.ndarray[Any, Any], mode: str | None) -> str:
    channels = array.shape[2]
    if channels == 1:
        modes = {"uint8": "L", "int16": "I;16", "uint16": "I;16", "int32": "I", "float32": "F"}
        expected = modes.get(array.dtype.name)
        if mode is not None and mode != expected:
            raise ValueError(f"Incorrect mode ({mode}) supplied for input type {array.dtype}. Should be {expected}")
        mode = expected
    else:
        allowed = _MODES.get(channels, [])
        if mode is not None and mode not in allowed:
            raise ValueError(f"Only modes {allowed} are supported for {channels}D inputs")
        if mode is None and allowed and array.dtype == np.uint8:
            mode = allowed[0]
    if mode is None or (channels > 1 and array.dtype != np.uint8):
        raise TypeError(f"Input type {array.dtype} is not supported")
    return mode


def largest(dtype: Any) -> int:
    """The number that stands for full brightness: 1 for floats, the largest one for integers."""
    kind = np.dtype(dtype.name)
    return int(np.iinfo(kind).max) if kind.kind in "iu" else 1


def convert_image_dtype(image: Tensor, dtype: Any = dtypes.float32) -> Tensor:
    """A Tensor of another dtype, with its values scaled so that full brightness stays that.

    Raises:
        RuntimeError: from float32 to int32 or int64, or from float64 to int64: not every value could be met.

    >>> convert_image_dtype(from_numpy(np.array([0, 255], np.uint8)))
    tensor([0., 1.])
    """
    if not isinstance(image, Tensor):
        raise TypeError(f"Input img should be Tensor Image. Got {type(image)}")
    source, target = np.dtype(image.dtype.name), np.dtype(dtype.name)
    if source == target:
        return image
    if source.kind == "f":
        if target.kind == "f":
            return image.to(dtype)
        if (source.name, target.name) in (("float32", "int32"), ("float32", "int64"), ("float64", "int64")):
            raise RuntimeError(f"The cast from {image.dtype} to {dtype} cannot be performed safely.")
        return (image * (largest(dtype) + 1.0 - 1e-3)).to(dtype)  # each integer has an equal part of [0, 1]
    if target.kind == "f":
        return image.to(dtype) / largest(image.dtype)
    before, after = largest(image.dtype), largest(dtype)
    if before > after:
        return image.div((before + 1) // (after + 1), rounding_mode="floor").to(dtype)
    return image.to(dtype) * ((after + 1) // (before + 1))
