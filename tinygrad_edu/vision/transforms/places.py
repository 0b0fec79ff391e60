"""Random places: mirrored, cropped, turned pictures, for training sets that are larger than they are."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

from tinygrad_edu.nn.modules.module import Module
from tinygrad_edu.tensors.tensor import Tensor
from tinygrad_edu.vision.transforms import functional as F
from tinygrad_edu.vision.transforms.compose import chance, uniform, whole
from tinygrad_edu.vision.transforms.images import InterpolationMode, as_mode, get_dimensions
from tinygrad_edu.vision.transforms.steps import check_frame, two_only

__all__ = [
    "RandomAffine", "RandomCrop", "RandomHorizontalFlip", "RandomResizedCrop", "RandomRotation", "RandomVerticalFlip",
    "area_and_shape",
]  # fmt: skip

Place = tuple[int, int, int, int]  # top, left, height, width


class RandomHorizontalFlip(Module):
    """The picture mirrored left to right with probability `p`.

    >>> RandomHorizontalFlip()
    RandomHorizontalFlip(p=0.5)
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        """The picture or its mirror image."""
        return F.hflip(img) if chance(self.p) else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomVerticalFlip(RandomHorizontalFlip):
    """The picture mirrored top to bottom with probability `p`."""

    def forward(self, img: Any) -> Any:
        """The picture or its mirror image."""
        return F.vflip(img) if chance(self.p) else img


class RandomCrop(Module):
    """A part of size (height, width) from a random place.

    Args:
        size: a number for both sides, or (height, width).
        padding: the width of a frame that is put around the picture first (see `functional.pad`).
        pad_if_needed: put a frame around pictures that are too small.
        fill, padding_mode: of the frames.

    Raises:
        ValueError (when called): the picture is smaller than `size`.

    >>> RandomCrop(32, padding=4)
    RandomCrop(size=(32, 32), padding=4)
    """

    def __init__(
        self,
        size: Any,
        padding: Any = None,
        pad_if_needed: bool = False,
        fill: Any = 0,
        padding_mode: str = "constant",
    ) -> None:
        super().__init__()
        check_frame(0 if padding is None else padding, fill, padding_mode)
        self.size, self.padding, self.pad_if_needed = two_only(size), padding, pad_if_needed
        self.fill, self.padding_mode = fill, padding_mode

    @staticmethod
    def get_params(img: Any, output_size: tuple[int, int]) -> Place:
        """A random place of a crop of this size."""
        _, h, w = get_dimensions(img)
        height, width = output_size
        if h < height or w < width:
            raise ValueError(f"Required crop size {(height, width)} is larger than input image size {(h, w)}")
        if (w, h) == (width, height):
            return 0, 0, h, w
        return whole(0, h - height + 1), whole(0, w - width + 1), height, width

    def forward(self, img: Any) -> Any:
        """The part."""
        if self.padding is not None:
            img = F.pad(img, self.padding, self.fill, self.padding_mode)
        _, h, w = get_dimensions(img)
        missing = [max(self.size[1] - w, 0), max(self.size[0] - h, 0)]
        if self.pad_if_needed and any(missing):
            img = F.pad(img, missing, self.fill, self.padding_mode)
        return F.crop(img, *self.get_params(img, self.size))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size}, padding={self.padding})"


def area_and_shape(area: float, scale: Sequence[float], ratio: Sequence[float]) -> tuple[int, int]:
    """Two sides whose product is a random share of `area`, and the first of which is a random ratio of the second.

    The logarithm of the ratio is uniform: 1/2 is as likely as 2.
    """
    share = area * uniform(*scale)
    proportion = math.exp(uniform(math.log(ratio[0]), math.log(ratio[1])))
    return int(round(math.sqrt(share * proportion))), int(round(math.sqrt(share / proportion)))


class RandomResizedCrop(Module):
    """A random part of the picture, in the wanted size (Szegedy et al., 2015).

    Args:
        size: of the result.
        scale: the least and the greatest share of the area that is kept.
        ratio: the least and the greatest width / height of the part, before it is resized.

    >>> RandomResizedCrop(224)  # doctest: +ELLIPSIS
    RandomResizedCrop(size=(224, 224), scale=(0.08, 1.0), ratio=(0.75, 1.3333), interpolation=bilinear, ...)
    """

    def __init__(
        self,
        size: Any,
        scale: Sequence[float] = (0.08, 1.0),
        ratio: Sequence[float] = (3.0 / 4.0, 4.0 / 3.0),
        interpolation: Any = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        for name, value in (("Scale", scale), ("Ratio", ratio)):
            if not isinstance(value, Sequence):
                raise TypeError(f"{name} should be a sequence")
            if value[0] > value[1]:
                warnings.warn("Scale and ratio should be of kind (min, max)", stacklevel=2)
        self.size, self.scale, self.ratio = two_only(size), scale, ratio
        self.interpolation, self.antialias = as_mode(interpolation), antialias

    @staticmethod
    def get_params(img: Any, scale: Sequence[float], ratio: Sequence[float]) -> Place:
        """A random place; after ten that do not fit, the largest one in the middle that has a lawful ratio."""
        _, h, w = get_dimensions(img)
        for _ in range(10):
            width, height = area_and_shape(h * w, scale, ratio)
            if 0 < width <= w and 0 < height <= h:
                return whole(0, h - height + 1), whole(0, w - width + 1), height, width
        width, height = w, h
        if w / h < min(ratio):
            height = int(round(w / min(ratio)))
        elif w / h > max(ratio):
            width = int(round(h * max(ratio)))
        return (h - height) // 2, (w - width) // 2, height, width

    def forward(self, img: Any) -> Any:
        """The part in its new size."""
        place = self.get_params(img, self.scale, self.ratio)
        return F.resized_crop(img, *place, self.size, self.interpolation, antialias=self.antialias)

    def __repr__(self) -> str:
        scale, ratio = (tuple(round(each, 4) for each in pair) for pair in (self.scale, self.ratio))
        return (
            f"{type(self).__name__}(size={self.size}, scale={scale}, ratio={ratio}, "
            f"interpolation={self.interpolation.value}, antialias={self.antialias})"
        )


def _range(value: Any, name: str, length: Sequence[int] = (2,)) -> list[float]:
    """[-value, value] of a number, or the given numbers."""
    if isinstance(value, (int, float)):
        if value < 0:
            raise ValueError(f"If {name} is a single number, it must be positive.")
        return [-float(value), float(value)]
    if not isinstance(value, Sequence):
        raise TypeError(f"{name} should be a number or a sequence of length {' or '.join(map(str, length))}.")
    if len(value) not in length:
        raise ValueError(f"{name} should be a sequence of length {' or '.join(map(str, length))}.")
    return [float(each) for each in value]


def _check_center(center: Any) -> None:
    if center is not None and not isinstance(center, Sequence):
        raise TypeError("center should be a sequence of length 2.")
    if center is not None and len(center) != 2:
        raise ValueError("center should be a sequence of length 2.")


def _colour(fill: Any, img: Any) -> Any:
    """A number for each channel, as Tensors need."""
    channels = get_dimensions(img)[0]
    if isinstance(img, Tensor):
        return [float(fill)] * channels if isinstance(fill, (int, float)) else [float(each) for each in fill]
    return fill


class RandomRotation(Module):
    """The picture turned by a random angle; see `functional.rotate`.

    Args:
        degrees: the least and the greatest angle, or d for (-d, d).

    >>> RandomRotation(15)
    RandomRotation(degrees=[-15.0, 15.0], interpolation=nearest, expand=False, fill=0)
    """

    def __init__(
        self,
        degrees: Any,
        interpolation: Any = InterpolationMode.NEAREST,
        expand: bool = False,
        center: Sequence[float] | None = None,
        fill: Any = 0,
    ) -> None:
        super().__init__()
        self.degrees = _range(degrees, "degrees")
        _check_center(center)
        if fill is not None and not isinstance(fill, (Sequence, int, float)):
            raise TypeError("Fill should be either a sequence or a number.")
        self.interpolation, self.expand, self.center = as_mode(interpolation), expand, center
        self.fill = 0 if fill is None else fill

    @staticmethod
    def get_params(degrees: Sequence[float]) -> float:
        """A random angle."""
        return uniform(float(degrees[0]), float(degrees[1]))

    def forward(self, img: Any) -> Any:
        """The turned picture."""
        fill = _colour(self.fill, img)
        return F.rotate(img, self.get_params(self.degrees), self.interpolation, self.expand, self.center, fill)

    def __repr__(self) -> str:
        more = "" if self.center is None else f", center={self.center}"
        more += "" if self.fill is None else f", fill={self.fill}"
        return (
            f"{type(self).__name__}(degrees={self.degrees}, interpolation={self.interpolation.value}, "
            f"expand={self.expand}{more})"
        )


class RandomAffine(Module):
    """The picture turned, moved, scaled and sheared at random; see `functional.affine`.

    Args:
        degrees: the least and the greatest angle, or d for (-d, d).
        translate: the greatest moves along x and y, as shares of width and height.
        scale: the least and the greatest scale.
        shear: the least and the greatest angle along x, or s for (-s, s); four numbers for x and y.
    """

    def __init__(
        self,
        degrees: Any,
        translate: Sequence[float] | None = None,
        scale: Sequence[float] | None = None,
        shear: Any = None,
        interpolation: Any = InterpolationMode.NEAREST,
        fill: Any = 0,
        center: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        self.degrees = _range(degrees, "degrees")
        if translate is not None and (not isinstance(translate, Sequence) or len(translate) != 2):
            raise TypeError("translate should be a sequence of length 2.")
        if translate is not None and not all(0.0 <= each <= 1.0 for each in translate):
            raise ValueError("translation values should be between 0 and 1")
        if scale is not None and (not isinstance(scale, Sequence) or len(scale) != 2):
            raise TypeError("scale should be a sequence of length 2.")
        if scale is not None and not all(each > 0 for each in scale):
            raise ValueError("scale values should be positive")
        self.translate, self.scale = translate, scale
        self.shear = None if shear is None else _range(shear, "shear", (2, 4))
        _check_center(center)
        if fill is not None and not isinstance(fill, (Sequence, int, float)):
            raise TypeError("Fill should be either a sequence or a number.")
        self.interpolation, self.center, self.fill = as_mode(interpolation), center, 0 if fill is None else fill

    @staticmethod
    def get_params(
        degrees: Sequence[float],
        translate: Sequence[float] | None,
        scale_ranges: Sequence[float] | None,
        shears: Sequence[float] | None,
        img_size: Sequence[int],
    ) -> tuple[float, tuple[int, int], float, tuple[float, float]]:
        """Angle, move in pixels, scale and shear; `img_size` is (width, height)."""
        angle = uniform(degrees[0], degrees[1])
        most = (
            (0.0, 0.0) if translate is None else [share * side for share, side in zip(translate, img_size, strict=True)]
        )
        move = (
            (0, 0)
            if translate is None
            else (int(round(uniform(-most[0], most[0]))), int(round(uniform(-most[1], most[1]))))
        )
        scale = 1.0 if scale_ranges is None else uniform(scale_ranges[0], scale_ranges[1])
        along_x = 0.0 if shears is None else uniform(shears[0], shears[1])
        along_y = 0.0 if shears is None or len(shears) < 4 else uniform(shears[2], shears[3])
        return angle, move, scale, (along_x, along_y)

    def forward(self, img: Any) -> Any:
        """The transformed picture."""
        _, height, width = get_dimensions(img)
        found = self.get_params(self.degrees, self.translate, self.scale, self.shear, [width, height])
        fill = _colour(self.fill, img)
        return F.affine(img, *found, interpolation=self.interpolation, fill=fill, center=self.center)

    def __repr__(self) -> str:
        parts = [f"degrees={self.degrees}"]
        for name in ("translate", "scale", "shear"):
            if getattr(self, name) is not None:
                parts.append(f"{name}={getattr(self, name)}")
        if self.interpolation is not InterpolationMode.NEAREST:
            parts.append(f"interpolation={self.interpolation.value}")
        if self.fill != 0:
            parts.append(f"fill={self.fill}")
        if self.center is not None:
            parts.append(f"center={self.center}")
        return f"{type(self).__name__}({', '.join(parts)})"
