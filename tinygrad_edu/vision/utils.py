"""Many pictures in one: `make_grid` puts them side by side, `save_image` writes them to a file."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.tensors import dtype as dtypes
from tinygrad_edu.tensors.functions import cat, stack
from tinygrad_edu.tensors.tensor import Tensor
from tinygrad_edu.utils.files import opened_for_writing
from tinygrad_edu.vision.pillow import pillow

__all__ = ["make_grid", "save_image"]


def make_grid(
    tensor: Tensor | Sequence[Tensor],
    nrow: int = 8,
    padding: int = 2,
    normalize: bool = False,
    value_range: tuple[float, float] | None = None,
    scale_each: bool = False,
    pad_value: float = 0.0,
) -> Tensor:
    """Pictures side by side, `nrow` in a row, with `padding` pixels of `pad_value` around each.

    Args:
        tensor: (N, C, H, W), a list of (C, H, W), one (C, H, W) or one (H, W). One channel becomes three.
        normalize: shift and stretch the values to [0, 1].
        value_range: (least, greatest) value for that, by default those found; `scale_each`: in each picture.

    Returns:
        (C, height, width); a single picture comes without a frame, as in torchvision.

    Raises:
        TypeError: no Tensor or list of Tensors, or a `value_range` that is no pair. ValueError: other dimensions.

    >>> from tinygrad_edu.tensors.creation import ones
    >>> make_grid(ones(5, 1, 4, 4), nrow=3).shape
    torch.Size([3, 14, 20])
    """
    pictures = _four_dimensions(tensor)
    if value_range is not None and not (isinstance(value_range, tuple) and len(value_range) == 2):
        raise TypeError("value_range has to be a tuple (min, max) if specified. min and max are numbers")
    if nrow < 1:
        raise ValueError(f"make_grid: nrow is the number of pictures in a row, at least 1, got {nrow}.")
    with no_grad():
        if normalize:
            parts = [each[None] for each in pictures] if scale_each else [pictures]
            pictures = cat([_stretched(part, value_range) for part in parts])
        count, channels, height, width = pictures.shape
        if count == 1:
            return pictures[0]
        columns = min(nrow, count)
        rows = math.ceil(count / columns) if count else 0
        height, width = height + padding, width + padding
        grid = pictures.new_full((channels, height * rows + padding, width * columns + padding), pad_value)
        for k in range(count):
            top, left = (k // columns) * height + padding, (k % columns) * width + padding
            grid[:, top : top + height - padding, left : left + width - padding] = pictures[k]
        return grid


def _four_dimensions(tensor: Any) -> Tensor:
    if isinstance(tensor, (list, tuple)) and tensor and all(isinstance(each, Tensor) for each in tensor):
        tensor = stack(list(tensor))
    if not isinstance(tensor, Tensor):
        raise TypeError(f"tensor or list of tensors expected, got {type(tensor)}")
    tensor = tensor.detach()
    if tensor.ndim == 2:
        tensor = tensor[None]
    if tensor.ndim == 3:
        tensor = tensor[None]
    if tensor.ndim != 4:
        raise ValueError(f"make_grid: expected (N, C, H, W), (C, H, W) or (H, W), got shape {tuple(tensor.shape)}.")
    return cat([tensor] * 3, 1) if tensor.shape[1] == 1 else tensor


def _stretched(pictures: Tensor, value_range: tuple[float, float] | None) -> Tensor:
    low, high = value_range or (float(pictures.min()), float(pictures.max()))
    return (pictures.clamp(low, high) - low) / max(high - low, 1e-5)


def save_image(
    tensor: Tensor | Sequence[Tensor], fp: str | os.PathLike[str] | Any, format: str | None = None, **kwargs: Any
) -> None:
    """Write pictures with values in [0, 1] to a file, arranged by `make_grid`, which takes the other options.

    A path is replaced in one step: an interrupted call leaves the old file.

    Args:
        fp: a path, whose suffix gives the format, or a file object, for which `format` says it ("png").

    Raises:
        ValueError: an unknown format. ModuleNotFoundError: Pillow is not installed.
    """
    grid = make_grid(tensor, **kwargs)
    values = grid.to(dtypes.float32).mul(255).add(0.5).clamp(0, 255).permute(1, 2, 0).numpy().astype(np.uint8)
    if values.shape[2] not in (3, 4):
        raise ValueError(f"save_image: pictures have 1, 3 or 4 channels, not {values.shape[2]}.")
    image = pillow().fromarray(np.ascontiguousarray(values))
    if format is None and isinstance(fp, (str, os.PathLike)):
        suffix = os.path.splitext(os.fspath(fp))[1].lower()
        format = pillow().registered_extensions().get(suffix)
        if format is None:
            raise ValueError(f"save_image: unknown file extension {suffix!r}: use .png, or pass format.")
    with opened_for_writing(fp, "save_image") as file:
        image.save(file, format=format)
