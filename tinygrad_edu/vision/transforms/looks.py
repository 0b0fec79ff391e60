"""Random looks: other colours, no colours, blur, and rectangles that are wiped out."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.nn.modules.module import Module
from tinygrad_edu.tensors import sampling
from tinygrad_edu.tensors.creation import from_numpy, tensor
from tinygrad_edu.tensors.tensor import Tensor
from tinygrad_edu.vision.transforms import functional as F
from tinygrad_edu.vision.transforms.compose import chance, uniform, whole
from tinygrad_edu.vision.transforms.images import get_image_num_channels
from tinygrad_edu.vision.transforms.places import area_and_shape
from tinygrad_edu.vision.transforms.steps import two_only

__all__ = ["ColorJitter", "GaussianBlur", "RandomErasing", "RandomGrayscale", "RandomInvert"]


class RandomGrayscale(Module):
    """The picture in grey with probability `p`, of as many channels as before."""

    def __init__(self, p: float = 0.1) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        """The picture or its grey version."""
        channels = get_image_num_channels(img)
        return F.rgb_to_grayscale(img, channels) if chance(self.p) else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomInvert(Module):
    """The negative of the picture with probability `p`."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        """The picture or its negative."""
        return F.invert(img) if chance(self.p) else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class ColorJitter(Module):
    """Brightness, contrast, saturation and hue changed at random, in random order.

    Args:
        brightness, contrast, saturation: b for factors in [max(0, 1 - b), 1 + b], or the range itself.
        hue: h for moves in [-h, h], at most 0.5, or the range itself.

    >>> ColorJitter(brightness=0.5)
    ColorJitter(brightness=(0.5, 1.5), contrast=None, saturation=None, hue=None)
    """

    def __init__(self, brightness: Any = 0, contrast: Any = 0, saturation: Any = 0, hue: Any = 0) -> None:
        super().__init__()
        self.brightness = _factors(brightness, "brightness")
        self.contrast = _factors(contrast, "contrast")
        self.saturation = _factors(saturation, "saturation")
        self.hue = _factors(hue, "hue", 0.0, (-0.5, 0.5))

    @staticmethod
    def get_params(brightness: Any, contrast: Any, saturation: Any, hue: Any) -> tuple[Any, ...]:
        """The order of the four changes, and a factor for each, None where it is not wanted."""
        order = sampling.permutation(None, 4).tolist()
        ranges = (brightness, contrast, saturation, hue)
        return (order, *(None if each is None else uniform(*each) for each in ranges))

    def forward(self, img: Any) -> Any:
        """The picture in other colours."""
        order, *factors = self.get_params(self.brightness, self.contrast, self.saturation, self.hue)
        changes = (F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue)
        for i in order:
            if factors[i] is not None:
                img = changes[i](img, factors[i])
        return img

    def __repr__(self) -> str:
        parts = ", ".join(f"{name}={getattr(self, name)}" for name in ("brightness", "contrast", "saturation", "hue"))
        return f"{type(self).__name__}({parts})"


def _factors(
    value: Any, name: str, center: float = 1.0, bound: tuple[float, float] = (0.0, float("inf"))
) -> tuple[float, float] | None:
    if isinstance(value, (int, float)):
        if value < 0:
            raise ValueError(f"If {name} is a single number, it must be non negative.")
        low, high = center - float(value), center + float(value)
        low = low if bound[0] < 0 else max(low, 0.0)
    elif isinstance(value, (tuple, list)) and len(value) == 2:
        low, high = float(value[0]), float(value[1])
    else:
        raise TypeError(f"{name} should be a single number or a list/tuple with length 2.")
    if not bound[0] <= low <= high <= bound[1]:
        raise ValueError(f"{name} values should be between {bound}, but got {[low, high]}.")
    return None if low == high == center else (low, high)


class GaussianBlur(Module):
    """The picture blurred by a random standard deviation; see `functional.gaussian_blur`."""

    def __init__(self, kernel_size: Any, sigma: Any = (0.1, 2.0)) -> None:
        super().__init__()
        self.kernel_size = two_only(kernel_size)
        if any(size <= 0 or size % 2 == 0 for size in self.kernel_size):
            raise ValueError("Kernel size value should be an odd and positive number.")
        if isinstance(sigma, (int, float)):
            if sigma <= 0:
                raise ValueError("If sigma is a single number, it must be positive.")
            sigma = (float(sigma), float(sigma))
        elif isinstance(sigma, Sequence) and len(sigma) == 2:
            if not 0.0 < sigma[0] <= sigma[1]:
                raise ValueError(f"sigma values should be positive and of the form (min, max). Got {sigma}")
        else:
            raise TypeError(f"sigma should be a single number or a sequence of length 2. Got {sigma}")
        self.sigma = sigma

    def forward(self, img: Any) -> Any:
        """The blurred picture."""
        return F.gaussian_blur(img, self.kernel_size, uniform(self.sigma[0], self.sigma[1]))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(kernel_size={self.kernel_size}, sigma={self.sigma})"


class RandomErasing(Module):
    """With probability `p` a random rectangle of a Tensor is wiped out (Zhong et al., 2017).

    Args:
        scale: the least and the greatest share of the area.
        ratio: the least and the greatest height / width.
        value: what is put there: a number, one for each channel, or "random" for normal noise.
    """

    def __init__(
        self,
        p: float = 0.5,
        scale: Sequence[float] = (0.02, 0.33),
        ratio: Sequence[float] = (0.3, 3.3),
        value: Any = 0,
        inplace: bool = False,
    ) -> None:
        super().__init__()
        if not isinstance(value, (int, float, str, tuple, list)):
            raise TypeError("Argument value should be either a number or str or a sequence")
        if isinstance(value, str) and value != "random":
            raise ValueError("If value is str, it should be 'random'")
        for name, pair in (("Scale", scale), ("Ratio", ratio)):
            if not isinstance(pair, (tuple, list)):
                raise TypeError(f"{name} should be a sequence")
            if pair[0] > pair[1]:
                warnings.warn("Scale and ratio should be of kind (min, max)", stacklevel=2)
        if scale[0] < 0 or scale[1] > 1:
            raise ValueError("Scale should be between 0 and 1")
        if p < 0 or p > 1:
            raise ValueError("Random erasing probability should be between 0 and 1")
        self.p, self.scale, self.ratio, self.value, self.inplace = p, scale, ratio, value, inplace

    @staticmethod
    def get_params(
        img: Tensor, scale: Sequence[float], ratio: Sequence[float], value: list[float] | None = None
    ) -> tuple[int, int, int, int, Tensor]:
        """Top, left, height, width and what is put there; after ten that do not fit, the picture itself."""
        channels, height, width = img.shape[-3:]
        for _ in range(10):
            h, w = area_and_shape(height * width, scale, ratio)
            if not (h < height and w < width):
                continue
            if value is None:
                v = from_numpy(sampling.normal(None, (channels, h, w), np.float32))
            else:
                v = tensor([float(each) for each in value]).reshape(-1, 1, 1)
            return whole(0, height - h + 1), whole(0, width - w + 1), h, w, v
        return 0, 0, height, width, img

    def forward(self, img: Tensor) -> Tensor:
        """The Tensor (..., C, H, W), with a rectangle wiped out or not."""
        if not chance(self.p):
            return img
        if not isinstance(img, Tensor):
            raise TypeError(f"img should be Tensor Image. Got {type(img)}. Erase after transforms.ToTensor().")
        value = self.value
        wanted = None if isinstance(value, str) else [value] if isinstance(value, (int, float)) else list(value)
        if wanted is not None and len(wanted) not in (1, img.shape[-3]):
            raise ValueError(
                "If value is a sequence, it should have either a single value or "
                f"{img.shape[-3]} (number of input channels)"
            )
        return F.erase(img, *self.get_params(img, self.scale, self.ratio, wanted), self.inplace)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(p={self.p}, scale={self.scale}, ratio={self.ratio}, value={self.value}, "
            f"inplace={self.inplace})"
        )
