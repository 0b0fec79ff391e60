"""Real digits without a network: 1797 of 8 x 8 pixels, which lie beside this file (see optdigits.md)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_edu.tensors.creation import from_numpy
from tinygrad_edu.vision.datasets.vision import Transform, VisionDataset
from tinygrad_edu.vision.pillow import pillow

__all__ = ["Digits", "optdigits"]


def optdigits() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The pictures, (1797, 8, 8) of uint8 from 0 to 16, and their classes, (1797,) of int64.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, https://doi.org/10.24432/C50P49.
    """
    with np.load(Path(__file__).with_name("optdigits.npz"), allow_pickle=False) as file:
        return file["images"], file["labels"].astype(np.int64)


class Digits(VisionDataset):
    """Handwritten digits (Alpaydin and Kaynak, 1998): the first 1437 for training, the last 360 for testing.

    Takes the arguments of MNIST, so that one can stand for the other; `root` and `download` have no effect.

    Attributes:
        data: Tensor (N, 8, 8) of uint8, 0 for background, 255 where the original has 16. targets: Tensor (N,) of int64.
        classes: "0" to "9"; class_to_idx: their numbers.
    They come with the package (CC BY 4.0); scikit-learn's `load_digits` has the same ones in the same order.

    >>> from tinygrad_edu.vision.datasets import Digits
    >>> digits = Digits(train=False)
    >>> len(digits), digits.data.shape, digits.targets[:5].tolist()
    (360, torch.Size([360, 8, 8]), [2, 3, 4, 5, 6])
    """

    classes = [str(digit) for digit in range(10)]
    class_to_idx = {str(digit): digit for digit in range(10)}

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        train: bool = True,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(None, transform=transform, target_transform=target_transform)
        self.train = train
        images, classes = optdigits()
        part = slice(None, 1437) if train else slice(1437, None)
        self.data = from_numpy(np.rint(images[part] * (255 / 16)).astype(np.uint8))
        self.targets = from_numpy(classes[part])

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        """The picture as an image of Pillow, and its class as an int; both transformed."""
        image = pillow().fromarray(self.data[index].numpy())
        return self._transformed(image, int(self.targets[index]))

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        """Which of the two sets it is."""
        return f"Split: {'Train' if self.train is True else 'Test'}"
